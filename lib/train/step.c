/* One step: forward, loss, backward, update. The whole gradient is made, shown to the hook and checked before
 * anything changes. */
#include "core/fpu.h"
#include "core/memory.h"
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    STRIP = 1024, /* values of a row that the loss is taken of at once */
    CHUNK = 16384 /* parameters that a task checks or updates */
};

/* Gradients beyond this are refused: their square, which Adam keeps, must stay finite. */
#define GRADIENT_LIMIT 1e18

/* The loss of a tile; see struct dae_range. */
struct tile_loss {
    _Alignas(DAE_MEMORY_ALIGNMENT) double sum;
};

struct step {
    struct tile_loss losses[DAE_MAX_TILES];
    struct dae_range input_ranges[DAE_MAX_TILES];
    dae_trainer *trainer;
    struct dae_pool *pool;
    uint64_t fpu; /* the caller's setting */
    const struct dae_batch *batch;
    const float *inputs, *targets; /* inputs NULL: only rounded; targets NULL: to be read */
    size_t target_size;            /* bytes of a stored target value; 0 when they are not stored */
    float scale;                   /* 1 / values in the batch */
    atomic_bool bad_target;
    union dae_update update;
};

/* ---- Ranges --------------------------------------------------------------------------------------- */

static const struct dae_range no_range = {INFINITY, -INFINITY};

static void widen(struct dae_range *range, const float *values, size_t count) {
    dae_kernels()->range(values, count, &range->low, &range->high);
}

static struct dae_range join(const struct dae_range ranges[DAE_MAX_TILES]) {
    struct dae_range all = no_range;
    for (size_t i = 0; i < DAE_MAX_TILES; i++) {
        all.low = fminf(all.low, ranges[i].low);
        all.high = fmaxf(all.high, ranges[i].high);
    }
    return all;
}

static double magnitude(const struct dae_range *range) {
    return fmax(fabs((double)range->low), fabs((double)range->high));
}

/* A row of inputs that has just been read: its range, and its rounded copy. */
static void after_gather(void *context, size_t slot, size_t row, const float *values) {
    struct step *step = context;
    uint16_t *inputs16 = step->trainer->workspace.inputs16;
    size_t width = step->trainer->model->input.size;
    widen(&step->input_ranges[slot], values, width);
    if (inputs16 != NULL)
        dae_kernels()->round_bfloat16(inputs16 + row * width, values, width);
}

/* The same for inputs that a caller gave. */
static dae_status look_at_rows(void *context, size_t task) {
    struct step *step = context;
    size_t width = step->trainer->model->input.size;
    size_t end = step->batch->count * (task + 1) / DAE_GATHER_SLOTS;
    for (size_t row = step->batch->count * task / DAE_GATHER_SLOTS; row < end; row++)
        after_gather(step, task, row, step->inputs + row * width);
    return DAE_OK;
}

/* Inputs into reach. Targets of a concurrent dataset are read where the loss is taken, so that only their
 * stored bytes go through memory. */
static dae_status gather(struct step *step) {
    const struct dae_batch *batch = step->batch;
    struct dae_workspace *w = &step->trainer->workspace;
    for (size_t i = 0; i < DAE_MAX_TILES; i++)
        step->input_ranges[i] = no_range;
    if (batch->dataset == NULL) {
        step->inputs = batch->inputs;
        step->targets = batch->targets;
        return dae_pool_run(step->pool, look_at_rows, step, DAE_GATHER_SLOTS);
    }
    struct dae_gathering to = {
        .inputs = w->inputs,
        .targets = batch->dataset->concurrent ? NULL : w->targets,
        .passing = dae_plan_reads_rounded(w->plan, batch->count),
        .after = after_gather,
        .context = step,
        .fpu = step->fpu,
    };
    step->inputs = to.passing ? NULL : to.inputs;
    step->targets = to.targets;
    step->target_size = dae_dataset_locate_targets(batch->dataset, batch->order[0]).size /
                        dae_model_output(step->trainer->model)->size;
    return dae_dataset_gather(batch->dataset, step->pool, batch->epoch, batch->order, batch->count, &to);
}

/* ---- Forward and loss ------------------------------------------------------------------------------ */

/* The targets of a strip: where they lie, or read into strip[STRIP]. */
static dae_status targets_of(const struct step *step, size_t width, struct dae_span span, float *strip,
                             const float **targets) {
    const struct dae_batch *batch = step->batch;
    *targets = step->targets != NULL ? step->targets + span.row * width + span.column : strip;
    if (step->targets != NULL)
        return DAE_OK;
    return batch->dataset->operations->read_targets(batch->dataset, batch->epoch, batch->order[span.row], 1,
                                                    (struct dae_part){span.column, span.count}, strip);
}

/* Shuffled targets lie anywhere in memory: fetches those of a row soon to come. */
static void prefetch_targets(const struct step *step, struct dae_span span) {
    const struct dae_batch *batch = step->batch;
    if (step->targets != NULL || span.row >= batch->count || step->target_size == 0)
        return;
    const char *stored = dae_dataset_locate_targets(batch->dataset, batch->order[span.row]).bytes;
    for (size_t i = span.column * step->target_size; i < (span.column + span.count) * step->target_size;
         i += 64)
        __builtin_prefetch(stored + i);
}

/* Adds the loss of a strip, whose outputs D replaces. */
static dae_status add_loss(struct step *step, const struct dae_pass *pass, struct dae_span span,
                           double *sum) {
    const struct dae_loss *loss = step->trainer->loss;
    const struct dae_rows *rows = pass->output;
    const struct dae_activation *activation = rows->activation;
    size_t width = rows->shape->size, at = span.row * width + span.column;
    float *values = rows->y + at;
    float outputs[STRIP], strip[STRIP];
    const float *targets;
    DAE_TRY(targets_of(step, width, span, strip, &targets));
    prefetch_targets(step, (struct dae_span){span.row + 2, span.column, span.count});
    if (loss->unit_targets && !dae_targets_are_unit(targets, span.count))
        atomic_store(&step->bad_target, true);
    if (step->trainer->logits) {
        *sum += loss->row_logits(values, targets, span.count, step->scale);
    } else if (activation->kind->is_rectifier) {
        *sum += loss->row(values, targets, span.count, step->scale, activation->slope);
    } else {
        memcpy(outputs, values, span.count * sizeof *outputs);
        *sum += loss->row(values, targets, span.count, step->scale, 1.0f);
        dae_activation_derive(activation, values, rows->z != NULL ? rows->z + at : outputs, span.count);
    }
    return DAE_OK;
}

/* The last layer's epilogue. */
static dae_status take_loss(void *context, const struct dae_pass *pass, struct dae_tile tile) {
    struct step *step = context;
    double sum = 0;
    for (size_t row = tile.row; row < tile.row + tile.rows; row++)
        for (size_t done = 0; done < tile.columns; done += STRIP) {
            size_t count = dae_size_min(tile.columns - done, STRIP);
            DAE_TRY(add_loss(step, pass, (struct dae_span){row, tile.column + done, count}, &sum));
        }
    step->losses[tile.index].sum += sum;
    return DAE_OK;
}

/* ---- Update ---------------------------------------------------------------------------------------- */

/* Parameters [*first, *first + count) of a task. */
static size_t chunk_of(const struct step *step, size_t task, size_t *first) {
    *first = task * CHUNK;
    return dae_size_min(CHUNK, step->trainer->model->parameter_count - *first);
}

static dae_status update_chunk(void *context, size_t task) {
    struct step *step = context;
    dae_trainer *trainer = step->trainer;
    size_t offset, count = chunk_of(step, task, &offset);
    struct dae_parameters parameters = {
        .values = dae_model_values(trainer->model) + offset,
        .gradient = trainer->gradient + offset,
        .count = count,
    };
    for (size_t i = 0; i < trainer->optimizer->operations->slot_count; i++)
        parameters.slots[i] = trainer->slots[i] + offset;
    trainer->optimizer->operations->apply(&step->update, &parameters);
    if (trainer->parameters16 != NULL)
        dae_kernels()->round_bfloat16(trainer->parameters16 + offset, parameters.values, count);
    return DAE_OK;
}

/* ---- What is wrong with a batch -------------------------------------------------------------------- */

static bool is_finite_value(float value) {
    return isfinite(value);
}

static bool is_unit(float value) {
    return dae_targets_are_unit(&value, 1);
}

/* Inputs of a sample; those that were only rounded are read again. */
static dae_status inputs_of(const struct step *step, size_t row, const float **inputs) {
    const struct dae_batch *batch = step->batch;
    size_t width = step->trainer->model->input.size;
    *inputs = step->inputs != NULL ? step->inputs + row * width : step->trainer->workspace.inputs;
    if (step->inputs != NULL)
        return DAE_OK;
    dae_fpu_restore(step->fpu);
    dae_status status = batch->dataset->operations->read_inputs(
        batch->dataset, batch->epoch, batch->order[row], 1, (struct dae_part){0, width},
        step->trainer->workspace.inputs);
    dae_fpu_prepare();
    return status;
}

/* `status`, with the place of a value in batch and dataset. */
static dae_status fail_value(const struct step *step, dae_status status, const char *what, size_t row,
                             size_t i, float value, const char *expected) {
    char where[64] = "";
    if (step->batch->order != NULL)
        snprintf(where, sizeof where, " (sample %zu of the dataset)", step->batch->order[row]);
    return dae_fail(status, "step %llu: %s value %zu of sample %zu in the batch%s is %g, expected %s",
                    (unsigned long long)step->trainer->steps + 1, what, i, row, where, (double)value,
                    expected);
}

/* Names the first of the values of a span that is not good, if there is one. */
static dae_status check_values(const struct step *step, const float *values, struct dae_span span,
                               bool (*is_good)(float value), dae_status status, const char *what,
                               const char *expected) {
    for (size_t i = 0; i < span.count; i++)
        if (!is_good(values[i]))
            return fail_value(step, status, what, span.row, span.column + i, values[i], expected);
    return DAE_OK;
}

static dae_status check_targets(const struct step *step, bool (*is_good)(float value), dae_status status,
                                const char *expected) {
    size_t width = dae_model_output(step->trainer->model)->size;
    float strip[STRIP];
    for (size_t row = 0; row < step->batch->count; row++)
        for (size_t done = 0; done < width; done += STRIP) {
            struct dae_span span = {row, done, dae_size_min(width - done, STRIP)};
            const float *targets;
            DAE_TRY(targets_of(step, width, span, strip, &targets));
            DAE_TRY(check_values(step, targets, span, is_good, status, "target", expected));
        }
    return DAE_OK;
}

/* Names the first of the data that is NaN or infinite, if there is one. */
static dae_status find_bad_value(const struct step *step) {
    const char *expected = "a finite number";
    for (size_t row = 0; row < step->batch->count; row++) {
        struct dae_span span = {row, 0, step->trainer->model->input.size};
        const float *inputs;
        DAE_TRY(inputs_of(step, row, &inputs));
        DAE_TRY(check_values(step, inputs, span, is_finite_value, DAE_ERROR_NOT_FINITE, "input", expected));
    }
    return check_targets(step, is_finite_value, DAE_ERROR_NOT_FINITE, expected);
}

static bool is_moderate(float value) {
    return fabsf(value) < 1e4f;
}

/* What to try when data are finite and what was made of them is not: no learning rate helps where they are
 * huge. */
static const char *remedy(const struct step *step) {
    struct dae_range inputs = join(step->input_ranges);
    bool moderate = magnitude(&inputs) < 1e4 &&
                    check_targets(step, is_moderate, DAE_ERROR_NOT_FINITE, "moderate values") == DAE_OK;
    return moderate ? "use a smaller learning rate"
                    : "scale the data, to values around 0 with a stddev about 1";
}

/* Names what is wrong with a batch whose inputs, targets or loss are not what they should be. */
static dae_status check_loss(const struct step *step, double loss) {
    struct dae_range inputs = join(step->input_ranges);
    if (atomic_load(&step->bad_target)) {
        DAE_TRY(find_bad_value(step));
        return check_targets(step, is_unit, DAE_ERROR_ARGUMENT,
                             "0 to 1: binary cross-entropy takes no other");
    }
    if (isfinite(loss) && isfinite(magnitude(&inputs)))
        return DAE_OK;
    DAE_TRY(find_bad_value(step));
    return dae_fail(DAE_ERROR_NOT_FINITE, "step %llu: the loss is %g, the data are finite: %s",
                    (unsigned long long)step->trainer->steps + 1, loss, remedy(step));
}

static dae_status forward(struct step *step, const struct dae_batch_run *run, double *loss) {
    const dae_trainer *trainer = step->trainer;
    DAE_TRY(dae_plan_forward(trainer->workspace.plan, run));
    double sum = 0;
    for (size_t i = 0; i < DAE_MAX_TILES; i++)
        sum += step->losses[i].sum;
    *loss = sum / ((double)step->batch->count * (double)dae_model_output(trainer->model)->size);
    return check_loss(step, *loss);
}

static dae_status call_hook(struct step *step) {
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
    const struct step *step = context;
    struct dae_range range = no_range;
    size_t first, count = chunk_of(step, task, &first);
    widen(&range, step->trainer->gradient + first, count);
    if (magnitude(&range) > GRADIENT_LIMIT)
        return dae_fail(DAE_ERROR_NOT_FINITE, "step %llu: the gradient is not finite or beyond %g: %s",
                        (unsigned long long)step->trainer->steps + 1, GRADIENT_LIMIT, remedy(step));
    return DAE_OK;
}

/* Takes what steps need, so that memory running out is found before anything has changed. */
dae_status dae_trainer_prepare(dae_trainer *trainer, struct dae_pool *pool) {
    if (trainer->parameters16 != NULL) /* the caller may have set parameters */
        dae_kernels()->round_bfloat16(trainer->parameters16, dae_model_values(trainer->model),
                                      trainer->model->parameter_count);
    return dae_product_reserve(&trainer->memory, dae_pool_threads(pool));
}

dae_status dae_trainer_run_step(dae_trainer *trainer, struct dae_pool *pool, uint64_t fpu,
                                const struct dae_batch *batch, double *loss) {
    struct step step = {.trainer = trainer, .pool = pool, .fpu = fpu, .batch = batch};
    size_t chunks = dae_size_divide_up(trainer->model->parameter_count, CHUNK);
    step.scale = (float)(1 / ((double)batch->count * (double)dae_model_output(trainer->model)->size));
    trainer->optimizer->operations->prepare(trainer->optimizer, trainer->steps + 1, &step.update);
    DAE_TRY(gather(&step));
    struct dae_batch_run run = {
        .pool = pool,
        .count = batch->count,
        .inputs = step.inputs,
        .inputs16 = trainer->workspace.inputs16,
        .parameters16 = trainer->parameters16,
        .memory = &trainer->memory,
        .logits = trainer->logits,
        .seed = trainer->seed,
        .step = trainer->steps,
        .gradient = trainer->gradient,
        .take_loss = take_loss,
        .context = &step,
    };
    DAE_TRY(forward(&step, &run, loss));
    DAE_TRY(dae_plan_backward(trainer->workspace.plan, &run));
    DAE_TRY(call_hook(&step));
    DAE_TRY(dae_pool_run(pool, check_chunk, &step, chunks));
    DAE_TRY(dae_pool_run(pool, update_chunk, &step, chunks));
    trainer->steps++;
    struct dae_range seen = join(step.input_ranges);
    dae_model *model = trainer->model;
    bool first = model->low > model->high;
    model->low = first ? seen.low : fminf(model->low, seen.low);
    model->high = first ? seen.high : fmaxf(model->high, seen.high);
    return DAE_OK;
}
