/* Running a plan: forward, and back to the gradient of all parameters. */
#ifndef DAE_RUN_PASS_H
#define DAE_RUN_PASS_H

#include "run/plan.h"

/* What a run works on. */
struct dae_batch_run {
    struct dae_pool *pool;
    size_t count;                     /* samples */
    const float *inputs;              /* [count, input]; NULL where inputs16 alone is read */
    const uint16_t *inputs16;         /* rounded; or NULL */
    float *outputs;                   /* [count, output]; NULL in training: in the plan's own memory */
    const uint16_t *parameters16;     /* of the model, rounded; NULL in float32 */
    struct dae_thread_memory *memory; /* for products */
    bool logits;                      /* the last layer leaves its activation out */
    bool scaled;                      /* outputs stay in the network's unit */
    uint64_t seed, step;              /* what dropout draws from */
    const bool *frozen;               /* layers, by place; NULL for none */
    float *gradient;                  /* like the model's parameters */
    /* Called when rows of the output are complete; NULL for none. See dae_pass. */
    dae_status (*take_loss)(void *context, const struct dae_pass *pass, struct dae_tile tile);
    /* Called with every value but the output, when it is complete; NULL for none. */
    void (*watch)(void *context, size_t node, const float *y, size_t count);
    /* Called for every value that is tapped, when the layers that read it have gone back: adds to D, and
     * counts down what is left, for each tap. NULL without such values. */
    dae_status (*go_back)(void *context, size_t value, struct dae_rows *rows);
    void *context; /* of all */
};

dae_status dae_plan_forward(struct dae_plan *plan, const struct dae_batch_run *run);

/* Runs one node, with those that have joined it, on what their rows point to. */
dae_status dae_plan_forward_stage(struct dae_plan *plan, const struct dae_batch_run *run, size_t node);

/* After a forward run whose take_loss has replaced the output by its D. */
dae_status dae_plan_backward(struct dae_plan *plan, const struct dae_batch_run *run);

/* After a good step: statistics among the parameters take over what the last forward run has found. */
void dae_plan_take_over(const struct dae_plan *plan);

/* Whether inputs of `count` samples are read rounded only. */
bool dae_plan_reads_rounded(const struct dae_plan *plan, size_t count);

#endif
