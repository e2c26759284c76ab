#include "run/session.h"
#include "core/fpu.h"
#include "core/memory.h"

#include <string.h>

enum {
    LOCK_FREE_BATCH = 8, /* as said in session.h: dense layers make no product up to here */
    LEAST_PRODUCT = 16,  /* samples run at once are max_batch, a power of two from here on, or at most 8 */
};

/* The samples that are run at once when `left` are left. */
static size_t batch_of(const dae_session *session, size_t left) {
    if (left >= session->max_batch)
        return session->max_batch;
    if (left < LEAST_PRODUCT)
        return dae_size_min(left, LOCK_FREE_BATCH);
    size_t batch = LEAST_PRODUCT;
    while (2 * batch <= left)
        batch *= 2;
    return batch;
}

dae_status dae_session_open(dae_session **out, dae_model *model, size_t max_batch, bool watched) {
    size_t values;
    if (max_batch == 0 || max_batch > INT32_MAX || !dae_size_multiply(max_batch, model->input.size, &values))
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_session_create: max_batch is %zu, expected 1 to %d that fit into memory",
                        max_batch, INT32_MAX);
    dae_session *session = dae_allocate(1, sizeof *session);
    if (session == NULL)
        return DAE_ERROR_MEMORY;
    dae_references_start(&session->references);
    session->model = dae_model_keep(model);
    session->max_batch = max_batch;
    session->least_product = dae_plan_least_product(model);
    dae_status status = dae_plan_create(&session->plan, model,
                                        &(struct dae_use){.batch = max_batch, .watched = watched});
    if (status == DAE_OK && max_batch >= session->least_product)
        status = dae_product_reserve(&session->memory, 1);
    if (status != DAE_OK)
        dae_session_free(session);
    else
        *out = session;
    return status;
}

dae_status dae_session_create(dae_session **out, dae_model *model, size_t max_batch) {
    DAE_REQUIRE(out);
    DAE_TRY(dae_model_check_ready(model, __func__));
    DAE_TRY(dae_model_check_closed(model, "dae_session_create_shaped() with one of them", __func__));
    return dae_session_open(out, model, max_batch, false);
}

dae_status dae_session_create_shaped(dae_session **out, dae_model *model, size_t max_batch, size_t rank,
                                     const size_t *shape) {
    struct dae_shape input;
    dae_model *at = NULL;
    DAE_REQUIRE(out);
    DAE_TRY(dae_model_check_ready(model, __func__));
    DAE_TRY(dae_shape_set(&input, rank, shape, __func__));
    DAE_TRY(dae_model_at(&at, model, &input, __func__));
    dae_status status = dae_session_open(out, at, max_batch, false);
    dae_model_free(at);
    return status;
}

dae_status dae_session_get_input_shape(const dae_session *session, size_t *rank, size_t *shape) {
    DAE_REQUIRE(session);
    return dae_shape_get(&session->model->input, rank, shape, __func__);
}

dae_status dae_session_get_output_shape(const dae_session *session, size_t *rank, size_t *shape) {
    DAE_REQUIRE(session);
    return dae_shape_get(dae_model_output(session->model), rank, shape, __func__);
}

static void release16(dae_session *session) {
    dae_release(session->parameters16);
    dae_plan_free(session->plan16);
    session->parameters16 = NULL;
    session->plan16 = NULL;
}

static dae_status fill16(dae_session *session) {
    const dae_model *model = session->model;
    DAE_TRY(dae_plan_create(&session->plan16, model,
                            &(struct dae_use){.batch = session->max_batch, .bfloat16 = true}));
    session->parameters16 = dae_allocate(model->parameter_count, sizeof(uint16_t));
    return session->parameters16 != NULL ? DAE_OK : DAE_ERROR_MEMORY;
}

/* One thread at a time: the workspace is the session's, and wrong outputs would be the least of it. */
static dae_status enter(dae_session *session, const char *context) {
    if (!dae_turn_take(&session->turn))
        return dae_fail(DAE_ERROR_STATE,
                        "%s: the session is in use, expected a session of its own for each thread", context);
    if (dae_plan_is_current(session->plan))
        return DAE_OK;
    dae_turn_give_back(&session->turn);
    return dae_fail(
        DAE_ERROR_STATE,
        "%s: the model has another scaling than when the session was made, expected a new session", context);
}

static void leave(dae_session *session) {
    dae_turn_give_back(&session->turn);
}

static dae_status set_precision(dae_session *session, int32_t precision) {
    if (precision == DAE_PRECISION_FLOAT32) {
        release16(session);
        return DAE_OK;
    }
    if (!dae_model_is_whole(session->model))
        return dae_fail(DAE_ERROR_UNSUPPORTED, "dae_session_set_precision: the model uses a weight of a "
                                               "layer outside of itself, expected a copy "
                                               "of it");
    if (session->parameters16 == NULL) {
        dae_status status = fill16(session);
        if (status != DAE_OK) {
            release16(session);
            return status;
        }
    }
    dae_kernels()->round_bfloat16(session->parameters16, dae_model_values(session->model),
                                  session->model->parameter_count);
    return DAE_OK;
}

dae_status dae_session_set_precision(dae_session *session, int32_t precision) {
    DAE_REQUIRE(session);
    DAE_TRY(dae_matmul_choose_precision(precision, __func__));
    DAE_TRY(enter(session, __func__));
    dae_status status = set_precision(session, precision);
    leave(session);
    return status;
}

void dae_session_free(dae_session *session) {
    if (session == NULL || !dae_references_drop(&session->references))
        return;
    dae_plan_free(session->plan);
    dae_release(session->memory.values);
    release16(session);
    dae_model_free(session->model);
    dae_release(session);
}

dae_status dae_session_forward(struct dae_session *session, struct dae_pool *pool, const float *inputs,
                               size_t count, float *outputs, enum dae_outputs kind) {
    bool rounded = session->parameters16 != NULL && count > LOCK_FREE_BATCH;
    struct dae_batch_run run = {
        .pool = pool,
        .count = count,
        .inputs = inputs,
        .outputs = outputs,
        .parameters16 = rounded ? session->parameters16 : NULL,
        .memory = &session->memory,
        .logits = kind == DAE_OUTPUTS_LOGITS,
        .scaled = kind != DAE_OUTPUTS,
        .watch = session->watch,
        .context = session->watch_context,
    };
    return dae_plan_forward(rounded ? session->plan16 : session->plan, &run);
}

static dae_status run(dae_session *session, const float *inputs, size_t count, float *outputs) {
    size_t input = session->model->input.size, output = dae_model_output(session->model)->size;
    bool small = dae_size_min(count, session->max_batch) < session->least_product;
    uint64_t fpu = dae_fpu_prepare();
    if (!small)
        dae_matmul_enter();
    dae_status status = DAE_OK;
    for (size_t done = 0, now; status == DAE_OK && done < count; done += now) {
        now = batch_of(session, count - done);
        status = dae_session_forward(session, NULL, inputs + done * input, now, outputs + done * output,
                                     DAE_OUTPUTS);
    }
    if (!small)
        dae_matmul_leave();
    dae_fpu_restore(fpu);
    return status;
}

dae_status dae_session_run(dae_session *session, const float *inputs, size_t count, float *outputs) {
    DAE_REQUIRE(session);
    if (count == 0)
        return DAE_OK;
    DAE_REQUIRE(inputs);
    DAE_REQUIRE(outputs);
    size_t input = session->model->input.size, output = dae_model_output(session->model)->size;
    DAE_TRY(dae_array_check(count, input > output ? input : output, "count", __func__));
    DAE_TRY(dae_arrays_check_apart((struct dae_array){"inputs", inputs, count * input * sizeof *inputs},
                                   (struct dae_array){"outputs", outputs, count * output * sizeof *outputs},
                                   __func__));
    DAE_TRY(enter(session, __func__));
    dae_status status = run(session, inputs, count, outputs);
    leave(session);
    return status;
}
