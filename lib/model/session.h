/* Running a model forward, for sessions and for everything that evaluates. */
#ifndef DAE_MODEL_SESSION_H
#define DAE_MODEL_SESSION_H

#include "model/model.h"

#include <dae/session.h>

struct dae_session {
    dae_references references;
    dae_model *model; /* kept */
    size_t max_batch;
    float *rows[2]; /* [max_batch, widest]: what goes between layers, in turn */
    struct dae_multipliers *multipliers;
    struct dae_active **active;   /* [layers]; NULL for a layer that leaves nothing out */
    uint16_t *parameters16;       /* rounded; NULL in float32 */
    struct dae_active **active16; /* for bfloat16; NULL in float32 */
    /* Called with Y of every layer but the last; or NULL. */
    void (*watch)(void *context, size_t place, const float *y, size_t count);
    void *watch_context;
};

/* A session that is not warmed up: dae_session_create() without its checks and its first runs. */
dae_status dae_session_open(dae_session **out, dae_model *model, size_t max_batch);

/* Takes what a backend needs for `count` samples, up to max_batch, by running that many: what is in `inputs` does not
 * matter. */
dae_status dae_session_prepare(struct dae_session *session, struct dae_pool *pool, const float *inputs,
                               size_t count, float *outputs);

/* Runs up to max_batch samples; a number of samples that has not been prepared may need memory. With `logits`, the last
 * layer leaves its activation out. */
dae_status dae_session_forward(struct dae_session *session, struct dae_pool *pool, const float *inputs,
                               size_t count, float *outputs, bool logits);

#endif
