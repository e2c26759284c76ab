#include "run/over_dataset.h"
#include "core/memory.h"

#include <stdio.h>

struct dae_sweep {
    const dae_dataset *dataset;
    dae_session *session;             /* of a model that is the sweep's alone, where samples differ in size */
    struct dae_shape largest, target; /* what there is memory for; of the targets of a batch */
    size_t batch;
    bool classes; /* targets are numbers of them */
    float *inputs, *outputs, *targets;
    size_t *order;
};

static bool has_sizes(const struct dae_sweep *sweep) {
    return dae_shape_is_open(&sweep->dataset->shape);
}

static dae_status turn(struct dae_sweep *sweep, const struct dae_shape *input) {
    dae_model *model = sweep->session->model;
    return dae_shape_equals(input, &model->input) ? DAE_OK
                                                  : dae_plan_reshape(sweep->session->plan, model, input);
}

void dae_sweep_close(struct dae_sweep *sweep) {
    if (sweep == NULL)
        return;
    if (sweep->session != NULL)
        (void)turn(sweep, &sweep->largest); /* it has had this size before */
    dae_session_free(sweep->session);
    dae_release(sweep->inputs);
    dae_release(sweep->outputs);
    dae_release(sweep->targets);
    dae_release(sweep->order);
    dae_release(sweep);
}

/* ---- The model for all samples --------------------------------------------------------------------- */

/* A shape as large along each side as the inputs that are largest there. */
static dae_status cover_inputs(struct dae_shape *out, const dae_dataset *dataset, const char *context) {
    struct dae_shape all = dae_dataset_measure(dataset, DAE_INPUT_HALF, 0);
    for (size_t i = 1; i < dae_dataset_count_different(dataset); i++) {
        struct dae_shape shape = dae_dataset_measure(dataset, DAE_INPUT_HALF, i);
        for (size_t k = 0; k < all.rank; k++)
            all.dims[k] = dae_size_max(all.dims[k], shape.dims[k]);
    }
    return dae_shape_set(out, all.rank, all.dims, context);
}

/* Refuses a sample that the model does not take, or whose target it does not give, by its name. */
static dae_status check_sample(dae_model *model, const dae_dataset *dataset, size_t sample, bool classes,
                               const char *context) {
    struct dae_shape input = dae_dataset_measure(dataset, DAE_INPUT_HALF, sample),
                     target = dae_dataset_measure(dataset, DAE_TARGET_HALF, sample);
    char name[DAE_SAMPLE_NAME_SIZE], place[DAE_SAMPLE_NAME_SIZE + 100];
    dae_model *at = NULL;
    snprintf(place, sizeof place, "%s: %s", context, dae_dataset_name_sample(dataset, sample, name));
    dae_status status = dae_model_for(&at, model, &input, classes ? NULL : &target, place);
    dae_model_free(at);
    return status;
}

dae_status dae_model_for_samples(dae_model **out, dae_model *model, const dae_dataset *dataset, bool classes,
                                 const char *context) {
    struct dae_shape largest;
    if (!dae_shape_is_open(&dataset->shape) || !dae_shape_is_open(&model->input))
        return dae_model_for(out, model, &dataset->shape, classes ? NULL : &dataset->target_shape, context);
    for (size_t i = 0; i < dataset->count; i++)
        DAE_TRY(check_sample(model, dataset, i, classes, context));
    DAE_TRY(cover_inputs(&largest, dataset, context));
    return dae_model_at(out, model, &largest, context);
}

bool dae_targets_are_classes(const dae_model *model, const struct dae_shape *target) {
    const struct dae_shape *output = dae_model_output(model);
    return target->size == 1 && output->size > 1 && output->dims[0] == output->size;
}

dae_status dae_model_for_dataset(dae_model **out, dae_model *model, const dae_dataset *dataset,
                                 const char *context) {
    bool classes = dae_targets_are_classes(model, &dataset->target_shape);
    if (classes)
        DAE_TRY(dae_model_check_classes(model, context));
    return dae_model_for_samples(out, model, dataset, classes, context);
}

dae_status dae_model_check_classes(const dae_model *model, const char *context) {
    return dae_model_is_output_scaled(model)
               ? dae_fail(DAE_ERROR_STATE,
                          "%s: the targets are numbers of classes, which have no unit, and the model has a "
                          "scaling; \"none\", by " DAE_SCALING_CALLS ", removes it",
                          context)
               : DAE_OK;
}

/* ---- Sizes ----------------------------------------------------------------------------------------- */

/* A sample's shape with as many dimensions as the model's: leading ones are left out, or added. */
static struct dae_shape with_rank(const struct dae_shape *sample, size_t rank) {
    struct dae_shape shape = {.rank = rank, .size = sample->size};
    for (size_t i = 1; i <= rank; i++)
        shape.dims[rank - i] = i <= sample->rank ? sample->dims[sample->rank - i] : 1;
    return shape;
}

/* Gives the model the size of a sample; what is said of targets goes with it. */
static dae_status turn_to(struct dae_sweep *sweep, size_t sample) {
    const dae_model *model = sweep->session->model;
    const struct dae_shape *output = dae_model_output(model);
    if (has_sizes(sweep)) {
        struct dae_shape input = dae_dataset_measure(sweep->dataset, DAE_INPUT_HALF, sample);
        input = with_rank(&input, model->input.rank);
        DAE_TRY(turn(sweep, &input));
    }
    sweep->target = dae_dataset_measure(sweep->dataset, DAE_TARGET_HALF, sample);
    if (sweep->classes || (sweep->target.rank == 1 && sweep->target.size == output->size))
        sweep->target = *output;
    return DAE_OK;
}

/* ---- Running --------------------------------------------------------------------------------------- */

/* Targets of a batch that are numbers of classes, the last first: they lie where the values will. */
static dae_status expand(const struct dae_sweep *sweep, size_t first, size_t count) {
    size_t classes = dae_model_output(sweep->session->model)->size;
    for (size_t i = 0; i < count; i++)
        if (!dae_target_is_class(sweep->targets[i], classes))
            return dae_fail(DAE_ERROR_ARGUMENT,
                            "the target of sample %zu of the dataset is %g, expected a class from 0 to %zu",
                            first + i, (double)sweep->targets[i], classes - 1);
    for (size_t i = count; i-- > 0;)
        dae_class_to_targets(sweep->targets[i], 0, classes, sweep->targets + i * classes);
    return DAE_OK;
}

static dae_status fill(struct dae_sweep *sweep, dae_model *model) {
    sweep->largest = model->input;
    DAE_TRY(dae_session_open(&sweep->session, model, sweep->batch, true));
    sweep->classes = dae_targets_are_classes(model, &sweep->dataset->target_shape);
    size_t output = dae_model_output(model)->size;
    sweep->inputs = dae_allocate(sweep->batch, model->input.size * sizeof(float));
    sweep->outputs = dae_allocate(sweep->batch, output * sizeof(float));
    sweep->targets = dae_allocate(sweep->batch, output * sizeof(float));
    sweep->order = dae_allocate(sweep->batch, sizeof *sweep->order);
    if (sweep->inputs == NULL || sweep->outputs == NULL || sweep->targets == NULL || sweep->order == NULL)
        return DAE_ERROR_MEMORY;
    return DAE_OK;
}

dae_status dae_sweep_open(struct dae_sweep **out, dae_model *model, const dae_dataset *dataset) {
    struct dae_sweep *sweep = dae_allocate(1, sizeof *sweep);
    if (sweep == NULL)
        return DAE_ERROR_MEMORY;
    sweep->dataset = dataset;
    sweep->batch = has_sizes(sweep) ? 1 : dae_size_min(DAE_SWEEP_BATCH, dataset->count);
    dae_status status = fill(sweep, model);
    if (status != DAE_OK)
        dae_sweep_close(sweep);
    else
        *out = sweep;
    return status;
}

dae_status dae_sweep_prepare(struct dae_sweep *sweep, const struct dae_pool *pool) {
    return dae_product_reserve(&sweep->session->memory, dae_pool_threads(pool));
}

void dae_sweep_watch(struct dae_sweep *sweep,
                     void (*watch)(void *context, size_t place, const float *y, size_t count),
                     void *context) {
    sweep->session->watch = watch;
    sweep->session->watch_context = context;
}

dae_status dae_sweep_run(struct dae_sweep *sweep, struct dae_pool *pool, uint64_t fpu, enum dae_outputs kind,
                         dae_sweep_fn visit, void *context) {
    size_t samples = sweep->dataset->count;
    for (size_t first = 0; first < samples; first += sweep->batch) {
        size_t count = dae_size_min(sweep->batch, samples - first);
        for (size_t i = 0; i < count; i++)
            sweep->order[i] = first + i;
        DAE_TRY(turn_to(sweep, first));
        struct dae_gathering to = {.inputs = sweep->inputs, .targets = sweep->targets, .fpu = fpu};
        DAE_TRY(dae_dataset_gather(sweep->dataset, pool, 0, sweep->order, count, &to));
        if (sweep->classes)
            DAE_TRY(expand(sweep, first, count));
        DAE_TRY(dae_session_forward(sweep->session, pool, sweep->inputs, count, sweep->outputs, kind));
        struct dae_sweep_batch batch = {
            .first = first,
            .count = count,
            .input = &sweep->session->model->input,
            .output = dae_model_output(sweep->session->model),
            .target = &sweep->target,
            .inputs = sweep->inputs,
            .outputs = sweep->outputs,
            .targets = sweep->targets,
        };
        DAE_TRY(visit(context, pool, &batch));
    }
    return DAE_OK;
}

dae_status dae_sweep_over(dae_model *model, const dae_dataset *dataset, uint64_t fpu,
                          void (*watch)(void *context, size_t place, const float *y, size_t count),
                          dae_sweep_fn visit, void *context) {
    struct dae_pool *pool;
    struct dae_sweep *sweep = NULL;
    DAE_TRY(dae_pool_open(&pool));
    dae_status status = dae_sweep_open(&sweep, model, dataset);
    if (status == DAE_OK) {
        dae_sweep_watch(sweep, watch, context);
        dae_matmul_enter();
        status = dae_sweep_run(sweep, pool, fpu, DAE_OUTPUTS, visit, context);
        dae_matmul_leave();
    }
    dae_sweep_close(sweep);
    dae_pool_close(pool);
    return status;
}
