#include "train/trainer.h"
#include "core/memory.h"

#include <dae/checkpoint.h>

#include <math.h>
#include <string.h>

static void release_workspace(struct dae_workspace *w) {
    dae_plan_free(w->plan);
    dae_release(w->inputs);
    dae_release(w->inputs16);
    dae_release(w->targets);
    dae_taps_free(w->taps);
    dae_model_free(w->model);
    *w = (struct dae_workspace){0};
}

static dae_status fill_workspace(struct dae_workspace *w, const dae_trainer *trainer, size_t batch,
                                 dae_model *model) {
    w->model = dae_model_keep(model);
    DAE_TRY(dae_taps_create(&w->taps, trainer->objective, model));
    bool bfloat16 = trainer->parameters16 != NULL;
    bool rounded = bfloat16 && !dae_model_is_input_scaled(model); /* a plan rounds what it has scaled */
    size_t output = dae_model_output(model)->size;
    w->batch = batch;
    w->inputs = dae_allocate(batch, model->input.size * sizeof *w->inputs);
    w->targets = dae_allocate(batch, output * sizeof *w->targets);
    if (rounded)
        w->inputs16 = dae_allocate(batch, model->input.size * sizeof *w->inputs16);
    if (w->inputs == NULL || w->targets == NULL || (w->inputs16 != NULL) != rounded)
        return DAE_ERROR_MEMORY;
    return dae_plan_create(&w->plan, model,
                           &(struct dae_use){
                               .batch = batch,
                               .training = true,
                               .bfloat16 = bfloat16,
                               .tapped = trainer->objective->tapped,
                               .tapped_count = trainer->objective->tapped_count,
                           });
}

dae_status dae_trainer_reserve(dae_trainer *trainer, size_t batch, dae_model *model) {
    const struct dae_workspace *w = &trainer->workspace;
    if (batch <= w->batch && dae_shape_equals(&model->input, &w->model->input) &&
        dae_plan_is_current(w->plan))
        return DAE_OK;
    struct dae_workspace larger = {0};
    dae_status status = fill_workspace(&larger, trainer, batch, model);
    release_workspace(status == DAE_OK ? &trainer->workspace : &larger);
    if (status == DAE_OK)
        trainer->workspace = larger;
    return status;
}

static dae_status fill_trainer(dae_trainer *trainer, const char *objective) {
    DAE_TRY(dae_objective_create(&trainer->objective, trainer->model, objective));
    DAE_TRY(dae_trainer_make_columns(trainer, NULL));
    DAE_TRY(dae_trainer_make_stretches(trainer));
    size_t count = trainer->model->parameter_count;
    trainer->gradient = dae_allocate(count, sizeof *trainer->gradient);
    trainer->findings = dae_allocate(1, sizeof *trainer->findings);
    if (trainer->gradient == NULL || trainer->findings == NULL)
        return DAE_ERROR_MEMORY;
    trainer->squares = dae_allocate(dae_size_divide_up(count, DAE_UPDATE_CHUNK), sizeof *trainer->squares);
    if (trainer->squares == NULL)
        return DAE_ERROR_MEMORY;
    if (dae_governors_keep_average(&trainer->optimizer->governors))
        DAE_TRY(dae_model_copy(&trainer->average, trainer->model));
    size_t slots = dae_optimizer_count_slots(trainer->optimizer->kind, trainer->optimizer->options);
    for (size_t i = 0; i < slots; i++)
        if ((trainer->slots[i] = dae_allocate(count, sizeof(float))) == NULL)
            return DAE_ERROR_MEMORY;
    return DAE_OK;
}

dae_status dae_trainer_create(dae_trainer **out, dae_model *model, dae_optimizer *optimizer,
                              const char *objective) {
    DAE_REQUIRE(out);
    DAE_TRY(dae_model_check_ready(model, __func__));
    DAE_REQUIRE(optimizer);
    if (!dae_model_is_whole(model))
        return dae_fail(
            DAE_ERROR_STATE,
            "dae_trainer_create: the model uses a weight of a layer outside of itself, expected a model with "
            "all of its weights, such as a copy of it");
    dae_trainer *trainer = dae_allocate(1, sizeof *trainer);
    if (trainer == NULL)
        return DAE_ERROR_MEMORY;
    dae_references_start(&trainer->references);
    trainer->model = dae_model_keep(model);
    trainer->optimizer = dae_optimizer_keep(optimizer);
    trainer->gradient_norm = NAN;
    trainer->batch_size = 32;
    trainer->shuffle = true;
    trainer->checkpoint = (struct dae_checkpoint_plan){.unit = DAE_INTERVAL_EPOCHS, .interval = 1, .keep = 1};
    dae_status status = fill_trainer(trainer, objective);
    if (status != DAE_OK)
        dae_trainer_free(trainer);
    else
        *out = trainer;
    return status;
}

dae_status dae_trainer_format_objective(const dae_trainer *trainer, char *buffer, size_t capacity,
                                        size_t *length) {
    DAE_REQUIRE(trainer);
    return dae_text_deliver(dae_objective_write, trainer->objective, buffer, capacity, length, __func__);
}

static void release_validation(dae_trainer *trainer) {
    dae_dataset_free(trainer->validation);
    dae_model_free(trainer->validation_model);
    dae_taps_free(trainer->validation_taps);
    trainer->validation = NULL;
    trainer->validation_model = NULL;
    trainer->validation_taps = NULL;
}

void dae_trainer_free(dae_trainer *trainer) {
    if (trainer == NULL || !dae_references_drop(&trainer->references))
        return;
    release_workspace(&trainer->workspace);
    for (size_t i = 0; i < DAE_OPTIMIZER_MAX_SLOTS; i++)
        dae_release(trainer->slots[i]);
    dae_model_free(trainer->average);
    dae_release(trainer->gradient);
    dae_release(trainer->squares);
    dae_release(trainer->parameters16);
    dae_release(trainer->memory.values);
    dae_release(trainer->history);
    dae_release(trainer->column_names);
    dae_release(trainer->figures);
    dae_release(trainer->frozen);
    dae_release(trainer->trained);
    dae_objective_free(trainer->objective);
    dae_release(trainer->findings);
    dae_release(trainer->early.best);
    dae_release(trainer->checkpoint.path);
    release_validation(trainer);
    dae_optimizer_free(trainer->optimizer);
    dae_model_free(trainer->model);
    dae_release(trainer);
}

/* ---- Options ------------------------------------------------------------------------------------ */

static dae_status fail_in_use(const char *context) {
    return dae_fail(DAE_ERROR_STATE,
                    "%s: the trainer is in use: another thread has it, or this is one of its own callbacks",
                    context);
}

dae_status dae_trainer_check_idle(const dae_trainer *trainer, const char *context) {
    if (trainer == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: trainer is NULL, expected a pointer", context);
    return dae_turn_is_taken(&trainer->turn) ? fail_in_use(context) : DAE_OK;
}

dae_status dae_trainer_take(dae_trainer *trainer, const char *context) {
    DAE_TRY(dae_trainer_check_idle(trainer, context));
    if (!dae_turn_take(&trainer->turn))
        return fail_in_use(context);
    dae_references_keep(&trainer->references);
    atomic_fetch_add(&trainer->model->block->users, 1);
    if (trainer->average != NULL)
        dae_model_take_scaling(trainer->average, trainer->model);
    return DAE_OK;
}

void dae_trainer_give_back(dae_trainer *trainer) {
    atomic_fetch_sub(&trainer->model->block->users, 1);
    dae_turn_give_back(&trainer->turn);
    dae_trainer_free(trainer);
}

dae_status dae_trainer_set_batch_size(dae_trainer *trainer, size_t batch_size) {
    DAE_TRY(dae_trainer_check_idle(trainer, __func__));
    if (batch_size == 0 || batch_size > DAE_MAX_BATCH)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_trainer_set_batch_size: batch_size is %zu, expected 1 to %d",
                        batch_size, DAE_MAX_BATCH);
    trainer->batch_size = batch_size;
    return DAE_OK;
}

dae_status dae_trainer_set_seed(dae_trainer *trainer, uint64_t seed) {
    DAE_TRY(dae_trainer_check_idle(trainer, __func__));
    trainer->seed = seed;
    return DAE_OK;
}

dae_status dae_trainer_set_shuffle(dae_trainer *trainer, int32_t shuffle) {
    DAE_TRY(dae_trainer_check_idle(trainer, __func__));
    if (shuffle != 0 && shuffle != 1)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_trainer_set_shuffle: shuffle is %d, expected 0 or 1",
                        (int)shuffle);
    trainer->shuffle = shuffle;
    return DAE_OK;
}

dae_status dae_trainer_set_skip_not_finite(dae_trainer *trainer, int32_t skip) {
    DAE_TRY(dae_trainer_check_idle(trainer, __func__));
    if (skip != 0 && skip != 1)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_trainer_set_skip_not_finite: skip is %d, expected 0 or 1",
                        (int)skip);
    trainer->skip_not_finite = skip;
    return DAE_OK;
}

dae_status dae_trainer_set_precision(dae_trainer *trainer, int32_t precision) {
    DAE_TRY(dae_trainer_check_idle(trainer, __func__));
    DAE_TRY(dae_matmul_choose_precision(precision, __func__));
    if ((precision == DAE_PRECISION_BFLOAT16) == (trainer->parameters16 != NULL))
        return DAE_OK;
    uint16_t *parameters16 = NULL;
    if (precision == DAE_PRECISION_BFLOAT16) {
        parameters16 = dae_allocate(trainer->model->parameter_count, sizeof *parameters16);
        if (parameters16 == NULL)
            return DAE_ERROR_MEMORY;
    }
    dae_release(trainer->parameters16);
    trainer->parameters16 = parameters16;
    release_workspace(&trainer->workspace);
    return DAE_OK;
}

bool dae_trainer_takes_classes(const dae_trainer *trainer, const dae_dataset *dataset) {
    return trainer->objective->classes && dae_targets_are_classes(trainer->model, &dataset->target_shape);
}

static bool are_as_large(const dae_dataset *dataset, size_t sample) {
    return dae_dataset_measure(dataset, DAE_INPUT_HALF, sample).size ==
           dae_dataset_measure(dataset, DAE_TARGET_HALF, sample).size;
}

/* Refuses a dataset that the objective does not take, or the model with such targets. */
static dae_status check_targets(const dae_trainer *trainer, const dae_model *model,
                                const dae_dataset *dataset, const char *context) {
    if (dae_trainer_takes_classes(trainer, dataset))
        DAE_TRY(dae_model_check_classes(model, context));
    for (size_t i = 0; trainer->objective->emphasizes && i < dae_dataset_count_different(dataset); i++)
        if (!are_as_large(dataset, i))
            return dae_fail(DAE_ERROR_SHAPE,
                            "%s: the objective compares inputs with targets, which differ in size", context);
    return DAE_OK;
}

dae_status dae_trainer_model_for(dae_model **out, const dae_trainer *trainer, dae_model *model,
                                 const dae_dataset *dataset, const char *context) {
    DAE_TRY(check_targets(trainer, model, dataset, context));
    return dae_model_for(out, model, &dataset->shape,
                         dae_trainer_takes_classes(trainer, dataset) ? NULL : &dataset->target_shape,
                         context);
}

/* Penalties on values take means over a batch, of samples of one size. */
static dae_status model_for_validation(dae_model **out, const dae_trainer *trainer,
                                       const dae_dataset *dataset, const char *context) {
    dae_model *model = dae_trainer_validated(trainer);
    if (dae_shape_is_open(&dataset->shape) && trainer->objective->tapped_count > 0)
        return dae_fail(DAE_ERROR_SHAPE,
                        "%s: the dataset's inputs have different sizes, and the objective has a penalty on "
                        "values, which needs one: the views crops, patches and windows make such",
                        context);
    DAE_TRY(check_targets(trainer, model, dataset, context));
    return dae_model_for_samples(out, model, dataset, dae_trainer_takes_classes(trainer, dataset), context);
}

dae_status dae_trainer_set_validation(dae_trainer *trainer, dae_dataset *validation) {
    dae_model *model = NULL;
    struct dae_tap *taps = NULL;
    DAE_TRY(dae_trainer_check_idle(trainer, __func__));
    if (validation != NULL) {
        DAE_TRY(model_for_validation(&model, trainer, validation, __func__));
        dae_status status = dae_taps_create(&taps, trainer->objective, model);
        if (status != DAE_OK) {
            dae_model_free(model);
            return status;
        }
        dae_dataset_keep(validation);
    }
    release_validation(trainer);
    trainer->validation = validation;
    trainer->validation_model = model;
    trainer->validation_taps = taps;
    return DAE_OK;
}

dae_status dae_trainer_set_progress(dae_trainer *trainer, dae_progress_fn progress, void *user) {
    DAE_TRY(dae_trainer_check_idle(trainer, __func__));
    trainer->progress = progress;
    trainer->progress_user = user;
    return DAE_OK;
}

dae_status dae_trainer_set_gradient_hook(dae_trainer *trainer, dae_gradient_fn hook, void *user) {
    DAE_TRY(dae_trainer_check_idle(trainer, __func__));
    trainer->hook = hook;
    trainer->hook_user = user;
    return DAE_OK;
}

void dae_trainer_stop(dae_trainer *trainer) {
    if (trainer != NULL)
        atomic_store(&trainer->stop, true);
}

/* ---- When checkpoints are written ------------------------------------------------------------------ */

enum { MAX_INTERVAL = 1000 * 1000 * 1000, MAX_KEEP = 1000 };

dae_status dae_trainer_set_checkpoint(dae_trainer *trainer, const char *path) {
    DAE_TRY(dae_trainer_check_idle(trainer, __func__));
    char *copy = NULL;
    if (path != NULL && path[0] == '\0')
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_trainer_set_checkpoint: path is empty, expected a file's name");
    if (path != NULL && (copy = dae_copy_text(path)) == NULL)
        return DAE_ERROR_MEMORY;
    dae_release(trainer->checkpoint.path);
    trainer->checkpoint.path = copy;
    return DAE_OK;
}

dae_status dae_trainer_set_checkpoint_interval(dae_trainer *trainer, int32_t unit, uint64_t count) {
    DAE_TRY(dae_trainer_check_idle(trainer, __func__));
    if (unit < DAE_INTERVAL_EPOCHS || unit > DAE_INTERVAL_SECONDS)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_trainer_set_checkpoint_interval: unit is %d, expected one of DAE_INTERVAL_*",
                        (int)unit);
    if (count == 0 || count > MAX_INTERVAL)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_trainer_set_checkpoint_interval: count is %llu, expected 1 to %d",
                        (unsigned long long)count, MAX_INTERVAL);
    trainer->checkpoint.unit = unit;
    trainer->checkpoint.interval = count;
    return DAE_OK;
}

dae_status dae_trainer_set_checkpoint_keep(dae_trainer *trainer, size_t count) {
    DAE_TRY(dae_trainer_check_idle(trainer, __func__));
    if (count == 0 || count > MAX_KEEP)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_trainer_set_checkpoint_keep: count is %zu, expected 1 to %d",
                        count, MAX_KEEP);
    trainer->checkpoint.keep = count;
    return DAE_OK;
}

dae_status dae_trainer_set_checkpoint_failure(dae_trainer *trainer, int32_t policy) {
    DAE_TRY(dae_trainer_check_idle(trainer, __func__));
    if (policy != DAE_CHECKPOINT_STOP && policy != DAE_CHECKPOINT_GO_ON)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_trainer_set_checkpoint_failure: policy is %d, expected one of DAE_CHECKPOINT_*",
                        (int)policy);
    trainer->checkpoint.go_on = policy == DAE_CHECKPOINT_GO_ON;
    return DAE_OK;
}

/* ---- Averages ---------------------------------------------------------------------------------------- */

dae_model *dae_trainer_validated(const dae_trainer *trainer) {
    return trainer->average != NULL ? trainer->average : trainer->model;
}

dae_status dae_trainer_copy_average(dae_model **out, const dae_trainer *trainer) {
    dae_model *copy = NULL;
    DAE_REQUIRE(out);
    DAE_REQUIRE(trainer);
    if (trainer->average == NULL)
        return dae_fail(DAE_ERROR_STATE,
                        "dae_trainer_copy_average: the optimizer keeps no average, expected one "
                        "such as \"adam(0.001) | average(decay=0.999)\"");
    if (trainer->steps == 0)
        return dae_fail(DAE_ERROR_STATE,
                        "dae_trainer_copy_average: no step has been made, expected at least one");
    DAE_TRY(dae_model_copy(&copy, trainer->model));
    memcpy(dae_model_change(copy), dae_model_values(trainer->average), copy->parameter_count * sizeof(float));
    *out = copy;
    return DAE_OK;
}

/* ---- What has been --------------------------------------------------------------------------------- */

dae_status dae_trainer_get_step_count(const dae_trainer *trainer, uint64_t *steps) {
    DAE_REQUIRE(trainer);
    DAE_REQUIRE(steps);
    *steps = trainer->steps;
    return DAE_OK;
}

dae_status dae_trainer_get_skipped_count(const dae_trainer *trainer, uint64_t *batches) {
    DAE_REQUIRE(trainer);
    DAE_REQUIRE(batches);
    *batches = trainer->skipped;
    return DAE_OK;
}
