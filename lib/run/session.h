/* Running a model forward, for sessions and for everything that evaluates. */
#ifndef DAE_RUN_SESSION_H
#define DAE_RUN_SESSION_H

#include "run/pass.h"

#include <dae/session.h>

struct dae_session {
    dae_references references;
    dae_turn turn;    /* of a thread that runs or changes it */
    dae_model *model; /* kept */
    size_t max_batch;
    size_t least_product; /* the least batch that products are made of */
    struct dae_plan *plan;
    struct dae_thread_memory memory; /* for products */
    uint16_t *parameters16;          /* rounded; NULL in float32 */
    struct dae_plan *plan16;         /* for bfloat16; NULL in float32 */
    /* Called with Y of every layer but the last; or NULL, and in one that cannot be watched. */
    void (*watch)(void *context, size_t place, const float *y, size_t count);
    void *watch_context;
};

/* dae_session_create() without its checks; one that may be `watched`. */
dae_status dae_session_open(dae_session **out, dae_model *model, size_t max_batch, bool watched);

/* What outputs are to be: what the model gives, the same in the network's unit, or that before the last
 * activation. */
enum dae_outputs { DAE_OUTPUTS, DAE_OUTPUTS_SCALED, DAE_OUTPUTS_LOGITS };

/* Runs up to max_batch samples. */
dae_status dae_session_forward(struct dae_session *session, struct dae_pool *pool, const float *inputs,
                               size_t count, float *outputs, enum dae_outputs kind);

#endif
