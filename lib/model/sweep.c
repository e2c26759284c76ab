#include "model/sweep.h"
#include "core/memory.h"

struct sweep {
    dae_session *session;
    float *inputs, *outputs, *targets;
    size_t *order;
};

static void close_sweep(struct sweep *sweep) {
    dae_session_free(sweep->session);
    dae_release(sweep->inputs);
    dae_release(sweep->outputs);
    dae_release(sweep->targets);
    dae_release(sweep->order);
}

static dae_status open_sweep(struct sweep *sweep, dae_model *model, size_t batch) {
    DAE_TRY(dae_session_create(&sweep->session, model, batch));
    sweep->inputs = dae_allocate(batch * model->input.size, sizeof(float));
    sweep->outputs = dae_allocate(batch * dae_model_output(model)->size, sizeof(float));
    sweep->targets = dae_allocate(batch * dae_model_output(model)->size, sizeof(float));
    sweep->order = dae_allocate(batch, sizeof *sweep->order);
    if (sweep->inputs == NULL || sweep->outputs == NULL || sweep->targets == NULL || sweep->order == NULL)
        return DAE_ERROR_MEMORY;
    return DAE_OK;
}

dae_status dae_model_sweep(dae_model *model, const dae_dataset *dataset, struct dae_pool *pool, bool logits,
                           dae_sweep_fn visit, void *context) {
    struct sweep sweep = {0};
    size_t batch = dae_size_min(DAE_SWEEP_BATCH, dataset->count);
    dae_status status = open_sweep(&sweep, model, batch);
    for (size_t first = 0; status == DAE_OK && first < dataset->count; first += batch) {
        size_t count = dae_size_min(batch, dataset->count - first);
        for (size_t i = 0; i < count; i++)
            sweep.order[i] = first + i;
        status = dae_dataset_gather(dataset, pool, 0, sweep.order, count, sweep.inputs, sweep.targets);
        if (status != DAE_OK)
            break;
        dae_session_forward(sweep.session, pool, sweep.inputs, count, sweep.outputs, logits);
        struct dae_sweep_batch view = {first, count, sweep.inputs, sweep.outputs, sweep.targets};
        visit(context, pool, &view);
    }
    close_sweep(&sweep);
    return status;
}
