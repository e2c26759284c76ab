#include "model/session.h"
#include "core/fpu.h"
#include "core/memory.h"

enum { LOCK_FREE_BATCH = 8 }; /* as said in session.h: dense layers make no BLAS call up to here */

dae_status dae_session_create(dae_session **out, dae_model *model, size_t max_batch) {
    DAE_REQUIRE(out);
    DAE_TRY(dae_model_check_ready(model, __func__));
    size_t values;
    if (max_batch == 0 || max_batch > INT32_MAX ||
        !dae_size_multiply(max_batch, dae_model_widest(model), &values))
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_session_create: max_batch is %zu, expected 1 to %d that fit into "
                        "memory",
                        max_batch, INT32_MAX);
    dae_session *session = dae_allocate(1, sizeof *session);
    if (session == NULL)
        return DAE_ERROR_MEMORY;
    dae_references_start(&session->references);
    session->model = dae_model_keep(model);
    session->max_batch = max_batch;
    for (int i = 0; i < 2; i++)
        if ((session->rows[i] = dae_allocate(values, sizeof(float))) == NULL) {
            dae_session_free(session);
            return DAE_ERROR_MEMORY;
        }
    *out = session;
    return DAE_OK;
}

void dae_session_free(dae_session *session) {
    if (session == NULL || !dae_references_drop(&session->references))
        return;
    dae_release(session->rows[0]);
    dae_release(session->rows[1]);
    dae_model_free(session->model);
    dae_release(session);
}

void dae_session_forward(struct dae_session *session, struct dae_pool *pool, const float *inputs,
                         size_t count, float *outputs, bool logits) {
    const dae_model *model = session->model;
    const float *x = inputs;
    for (size_t i = 0; i < model->layer_count; i++) {
        bool last = i + 1 == model->layer_count;
        struct dae_pass pass = {
            .layer = model->layers[i].layer,
            .pool = pool,
            .batch = count,
            .parameters = dae_model_values(model) + model->layers[i].offset,
            .x = x,
            .y = last ? outputs : session->rows[i % 2],
            .logits = last && logits,
        };
        pass.layer->operations->forward(&pass);
        x = pass.y;
    }
}

dae_status dae_session_run(dae_session *session, const float *inputs, size_t count, float *outputs) {
    DAE_REQUIRE(session);
    if (count == 0)
        return DAE_OK;
    DAE_REQUIRE(inputs);
    DAE_REQUIRE(outputs);
    size_t input = session->model->input.size, output = dae_model_output(session->model)->size;
    bool small = dae_size_min(count, session->max_batch) <= LOCK_FREE_BATCH;
    uint64_t fpu = dae_fpu_flush_denormals();
    if (!small)
        dae_matmul_enter();
    for (size_t done = 0, now; done < count; done += now) {
        now = dae_size_min(count - done, session->max_batch);
        dae_session_forward(session, NULL, inputs + done * input, now, outputs + done * output, false);
    }
    if (!small)
        dae_matmul_leave();
    dae_fpu_restore(fpu);
    return DAE_OK;
}
