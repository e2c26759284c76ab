/* One step: forward, loss, backward, update. The whole gradient is made, shown to the hook and checked before
 * anything changes. */
#include "core/fpu.h"
#include "core/memory.h"
#include "train/step.h"

#include <math.h>
#include <string.h>

/* Gradients beyond this are refused: their square, which Adam keeps, must stay finite. */
#define GRADIENT_LIMIT 1e18

/* ---- Ranges --------------------------------------------------------------------------------------- */

static void widen(struct dae_range *range, const float *values, size_t count) {
    dae_kernels()->range(values, count, &range->low, &range->high);
}

/* A row of inputs that has just been read: its range, and its rounded copy. */
static void after_gather(void *context, size_t slot, size_t row, const float *values) {
    struct dae_train_step *step = context;
    uint16_t *inputs16 = step->trainer->workspace.inputs16;
    size_t width = step->trainer->workspace.model->input.size;
    widen(&step->input_ranges[slot], values, width);
    if (inputs16 != NULL)
        dae_kernels()->round_bfloat16(inputs16 + row * width, values, width);
}

/* The same for inputs that a caller gave. */
static dae_status look_at_rows(void *context, size_t task) {
    struct dae_train_step *step = context;
    size_t width = step->trainer->workspace.model->input.size;
    size_t end = step->batch->count * (task + 1) / DAE_GATHER_SLOTS;
    for (size_t row = step->batch->count * task / DAE_GATHER_SLOTS; row < end; row++)
        after_gather(step, task, row, step->inputs + row * width);
    return DAE_OK;
}

/* Whether targets are read where the loss is taken, part by part, so that only their stored bytes go through
 * memory. */
static bool reads_parts(const struct dae_batch *batch, const struct dae_objective *objective) {
    return batch->dataset->concurrent && !batch->dataset->whole_targets && !objective->skips &&
           !batch->classes;
}

/* Inputs into reach, and targets that are not read later. */
static dae_status gather(struct dae_train_step *step) {
    const struct dae_batch *batch = step->batch;
    const struct dae_objective *objective = step->trainer->objective;
    struct dae_workspace *w = &step->trainer->workspace;
    for (size_t i = 0; i < DAE_MAX_TILES; i++)
        step->input_ranges[i] = DAE_NO_RANGE;
    if (batch->dataset == NULL) {
        step->inputs = batch->inputs;
        step->targets = batch->targets;
        return dae_pool_run(step->pool, look_at_rows, step, DAE_GATHER_SLOTS);
    }
    size_t outputs = dae_model_output(w->model)->size;
    struct dae_gathering to = {
        .inputs = w->inputs,
        .targets = reads_parts(batch, objective) ? NULL : w->targets,
        .passing = dae_plan_reads_rounded(w->plan, batch->count) && !objective->emphasizes,
        .after = after_gather,
        .context = step,
        .fpu = step->fpu,
    };
    step->inputs = to.passing ? NULL : to.inputs;
    step->targets = to.targets;
    struct dae_stored target = dae_dataset_locate(batch->dataset, DAE_TARGET_HALF, batch->order[0]);
    step->target_size = dae_stored_ahead(target, outputs) / outputs;
    return dae_dataset_gather(batch->dataset, step->pool, batch->epoch, batch->order, batch->count, &to);
}

/* ---- Update ---------------------------------------------------------------------------------------- */

/* Parameters [*first, *first + count) of a task. */
static size_t chunk_of(const struct dae_train_step *step, size_t task, size_t *first) {
    *first = task * DAE_UPDATE_CHUNK;
    return dae_size_min(DAE_UPDATE_CHUNK, step->trainer->model->parameter_count - *first);
}

static void update(struct dae_train_step *step, size_t offset, size_t count) {
    dae_trainer *trainer = step->trainer;
    struct dae_parameters parameters = {
        .values = step->values + offset,
        .gradient = trainer->gradient + offset,
        .count = count,
    };
    for (size_t i = 0; i < DAE_OPTIMIZER_MAX_SLOTS && trainer->slots[i] != NULL; i++)
        parameters.slots[i] = trainer->slots[i] + offset;
    dae_update_apply(&step->update, step->norm, &parameters);
    if (trainer->parameters16 != NULL)
        dae_kernels()->round_bfloat16(trainer->parameters16 + offset, parameters.values, count);
}

/* What is trained of a chunk; then the average of all. */
static dae_status update_chunk(void *context, size_t task) {
    struct dae_train_step *step = context;
    size_t first, end = chunk_of(step, task, &first);
    end += first;
    for (size_t i = 0; i < step->trainer->trained_count; i++) {
        const struct dae_stretch *trained = &step->trainer->trained[i];
        size_t from = trained->first > first ? trained->first : first, to = dae_size_min(trained->end, end);
        if (from < to)
            update(step, from, to - from);
    }
    if (step->average != NULL)
        dae_governors_move_average(&step->trainer->optimizer->governors, step->average + first,
                                   step->values + first, end - first);
    return DAE_OK;
}

/* ---- Objective -------------------------------------------------------------------------------------- */

static dae_status forward(struct dae_train_step *step, const struct dae_batch_run *run,
                          struct dae_losses *losses) {
    const dae_trainer *trainer = step->trainer;
    const struct dae_objective *objective = trainer->objective;
    struct dae_plan *plan = trainer->workspace.plan;
    *losses = (struct dae_losses){0};
    DAE_TRY(dae_plan_forward(plan, run));
    for (size_t k = 0; k < objective->term_count; k++) {
        const struct dae_term *term = &objective->terms[k];
        double sum = 0;
        for (size_t i = 0; i < DAE_MAX_TILES; i++)
            sum += step->losses[i].sums[k];
        if (term->value > 0)
            sum = dae_tap_measure(&trainer->workspace.taps[k], step->pool, plan->rows[term->value].y,
                                  run->count);
        losses->terms[k] = sum / (term->value > 0 ? (double)run->count : step->divisors[k]);
    }
    losses->loss = dae_objective_sum(objective, losses->terms);
    return dae_step_check_loss(step, losses->loss);
}

/* What penalties add to D of a value that they look at. */
static dae_status go_back(void *context, size_t value, struct dae_rows *rows) {
    const struct dae_train_step *step = context;
    const dae_trainer *trainer = step->trainer;
    for (size_t k = 0; k < trainer->objective->term_count; k++)
        if (trainer->objective->terms[k].value == value) {
            DAE_TRY(dae_tap_go_back(&trainer->workspace.taps[k], step->pool, rows, step->batch->count));
            rows->left--;
        }
    return DAE_OK;
}

/* In how many parts the parameters are looked at for penalties. */
static size_t penalty_parts(const dae_trainer *trainer) {
    return dae_size_min(DAE_MAX_TILES, dae_size_divide_up(trainer->model->parameter_count, DAE_UPDATE_CHUNK));
}

/* Part of the parameters, which a task looks at for penalties: a sum for each tile and term. */
static dae_status penalize_part(void *context, size_t task) {
    struct dae_train_step *step = context;
    const dae_trainer *trainer = step->trainer;
    size_t parts = penalty_parts(trainer);
    size_t first = trainer->model->parameter_count * task / parts;
    size_t end = trainer->model->parameter_count * (task + 1) / parts;
    for (size_t k = 0; k < trainer->objective->term_count; k++)
        step->losses[task].sums[k] = dae_term_of_parameters(&trainer->objective->terms[k],
                                                            &trainer->workspace.taps[k], trainer->model,
                                                            first, end - first, trainer->gradient + first);
    return DAE_OK;
}

/* Penalties on parameters, after the gradient of all else. */
static dae_status penalize(struct dae_train_step *step, struct dae_losses *losses) {
    const dae_trainer *trainer = step->trainer;
    const struct dae_objective *objective = trainer->objective;
    size_t parts = penalty_parts(trainer);
    if (!objective->penalizes)
        return DAE_OK;
    DAE_TRY(dae_pool_run(step->pool, penalize_part, step, parts));
    for (size_t k = 0; k < objective->term_count; k++)
        for (size_t i = 0; i < parts; i++)
            losses->terms[k] += step->losses[i].sums[k];
    losses->loss = dae_objective_sum(objective, losses->terms);
    return DAE_OK;
}

/* ---- Gradient --------------------------------------------------------------------------------------- */

static dae_status call_hook(struct dae_train_step *step) {
    dae_trainer *trainer = step->trainer;
    if (trainer->hook == NULL)
        return DAE_OK;
    dae_fpu_restore(step->fpu);
    int32_t result = trainer->hook(trainer->gradient, trainer->model->parameter_count, trainer->hook_user);
    dae_fpu_prepare();
    return result == 0 ? DAE_OK
                       : dae_fail(DAE_ERROR_CALLBACK, "step %llu: the gradient hook returned %d",
                                  (unsigned long long)trainer->steps + 1, (int)result);
}

/* Nothing of a gradient is used before all of it has been looked at. */
static dae_status check_chunk(void *context, size_t task) {
    const struct dae_train_step *step = context;
    struct dae_range range = DAE_NO_RANGE;
    size_t first, count = chunk_of(step, task, &first);
    dae_trainer_clear_untrained(step->trainer, first, count);
    widen(&range, step->trainer->gradient + first, count);
    if (dae_range_magnitude(&range) > GRADIENT_LIMIT)
        return dae_fail(DAE_ERROR_NOT_FINITE, "step %llu: the gradient is not finite or beyond %g: %s",
                        (unsigned long long)step->trainer->steps + 1, GRADIENT_LIMIT, dae_step_remedy(step));
    step->trainer->squares[task] = dae_governors_look(&step->trainer->optimizer->governors,
                                                      step->trainer->gradient + first, count);
    return DAE_OK;
}

/* Chunks are added up in their order, whichever thread has made them. */
static void take_norm(struct dae_train_step *step, size_t chunks) {
    double sum = 0;
    for (size_t i = 0; i < chunks; i++)
        sum += step->trainer->squares[i];
    step->norm = dae_governors_take_norm(&step->trainer->optimizer->governors) ? sqrt(sum) : (double)NAN;
    step->trainer->gradient_norm = step->norm;
}

/* Takes what steps need, so that memory running out is found before anything has changed. */
dae_status dae_trainer_prepare(dae_trainer *trainer, struct dae_pool *pool) {
    if (trainer->average != NULL && trainer->steps == 0) /* that of one point */
        memcpy(dae_model_change(trainer->average), dae_model_values(trainer->model),
               trainer->model->parameter_count * sizeof(float));
    if (trainer->parameters16 != NULL) /* the caller may have set parameters */
        dae_kernels()->round_bfloat16(trainer->parameters16, dae_model_values(trainer->model),
                                      trainer->model->parameter_count);
    return dae_product_reserve(&trainer->memory, dae_pool_threads(pool));
}

dae_status dae_trainer_run_step(dae_trainer *trainer, struct dae_pool *pool, uint64_t fpu,
                                const struct dae_batch *batch, struct dae_losses *losses) {
    struct dae_train_step step = {.trainer = trainer, .pool = pool, .fpu = fpu, .batch = batch};
    size_t chunks = dae_size_divide_up(trainer->model->parameter_count, DAE_UPDATE_CHUNK);
    struct dae_moment now = {trainer->steps, batch->steps_per_epoch, trainer->plateau.reductions};
    dae_update_begin(&step.update, trainer->optimizer, &now);
    DAE_TRY(gather(&step));
    dae_step_weigh(&step);
    struct dae_batch_run run = {
        .pool = pool,
        .count = batch->count,
        .inputs = step.inputs,
        .inputs16 = trainer->workspace.inputs16,
        .parameters16 = trainer->parameters16,
        .memory = &trainer->memory,
        .logits = trainer->objective->logits,
        .seed = trainer->seed,
        .step = trainer->steps,
        .frozen = trainer->frozen,
        .gradient = trainer->gradient,
        .take_loss = dae_step_take_loss,
        .go_back = go_back,
        .context = &step,
    };
    DAE_TRY(forward(&step, &run, losses));
    DAE_TRY(dae_plan_backward(trainer->workspace.plan, &run));
    DAE_TRY(penalize(&step, losses));
    DAE_TRY(call_hook(&step));
    DAE_TRY(dae_pool_run(pool, check_chunk, &step, chunks));
    take_norm(&step, chunks);
    dae_plan_take_over(trainer->workspace.plan);
    step.values = dae_model_change(trainer->model);
    step.average = trainer->average != NULL ? dae_model_change(trainer->average) : NULL;
    DAE_TRY(dae_pool_run(pool, update_chunk, &step, chunks));
    trainer->steps++;
    struct dae_range seen = dae_range_join(step.input_ranges);
    dae_model *model = trainer->model;
    bool first = model->low > model->high;
    model->low = first ? seen.low : fminf(model->low, seen.low);
    model->high = first ? seen.high : fmaxf(model->high, seen.high);
    return DAE_OK;
}
