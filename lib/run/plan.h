/* What running a network on batches needs: its values, their memory, and a pass for each layer. */
#ifndef DAE_RUN_PLAN_H
#define DAE_RUN_PLAN_H

#include "model/model.h"

/* Memory that values take in turn. */
struct dae_buffer {
    float *values;
    size_t size;   /* values of a row */
    size_t in_use; /* the last moment of whoever has it */
};

struct dae_plan {
    const dae_model *model;
    struct dae_use use;
    struct dae_rows *rows;      /* [values] of the network; see dae_node */
    struct dae_pass *passes;    /* [nodes] */
    bool *live;                 /* [nodes]: the output depends on it */
    bool *joined;               /* [nodes]: the node before does its work */
    struct dae_buffer *buffers; /* [buffer_count] */
    size_t buffer_count;
    float *scratch, *addend;     /* for gradients, and for D that are added */
    struct dae_scaling *scaling; /* kept: the model's when the plan was made; or NULL */
    struct dae_scaler input, output;
    float *scaled; /* [batch, input], in the network's unit; NULL where that is the data's */
    bool measured; /* without memory */
};

dae_status dae_plan_create(struct dae_plan **out, const dae_model *model, const struct dae_use *use);

/* How many floats its values would take. */
dae_status dae_plan_measure(size_t *floats, const dae_model *model, const struct dae_use *use);

/* NULL is allowed. */
void dae_plan_free(struct dae_plan *plan);

/* Gives its model, which is nobody else's, another shape that takes no more memory (dae_model_reshape()). */
dae_status dae_plan_reshape(struct dae_plan *plan, dae_model *model, const struct dae_shape *input);

/* Whether the model has still the scaling that the plan was made with. */
bool dae_plan_is_current(const struct dae_plan *plan);

/* The least batch that the network makes products of; SIZE_MAX for none. */
size_t dae_plan_least_product(const dae_model *model);

#endif
