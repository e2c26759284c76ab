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
};

/* Runs up to max_batch samples. With `logits`, the last layer leaves its activation out. */
void dae_session_forward(struct dae_session *session, struct dae_pool *pool, const float *inputs,
                         size_t count, float *outputs, bool logits);

#endif
