/* Taking the loss of a batch, strip by strip, while the outputs are in the cache. */
#include "train/step.h"

#include <math.h>
#include <string.h>

enum { STRIP = DAE_OBJECTIVE_STRIP };

/* ---- Targets --------------------------------------------------------------------------------------- */

/* Values of a target as it lies: one for a class. */
static size_t stored_width(const struct dae_train_step *step) {
    return step->batch->classes ? 1 : dae_model_output(step->trainer->workspace.model)->size;
}

dae_status dae_step_targets(const struct dae_train_step *step, struct dae_span span, float *strip,
                            const float **targets) {
    const struct dae_batch *batch = step->batch;
    *targets = strip;
    if (step->targets == NULL)
        return dae_dataset_read_part(batch->dataset, DAE_TARGET_HALF, batch->epoch, batch->order[span.row], 1,
                                     (struct dae_part){span.column, span.count}, strip);
    const float *stored = step->targets + span.row * stored_width(step);
    if (batch->classes)
        dae_class_to_targets(stored[0], span.column, span.count, strip);
    else
        *targets = stored + span.column;
    return DAE_OK;
}

/* Shuffled targets lie anywhere in memory: fetches those of a row soon to come. */
static void prefetch_targets(const struct dae_train_step *step, struct dae_span span) {
    const struct dae_batch *batch = step->batch;
    if (step->targets != NULL || span.row >= batch->count || step->target_size == 0)
        return;
    const char *stored = dae_dataset_locate(batch->dataset, DAE_TARGET_HALF, batch->order[span.row]).bytes;
    for (size_t i = span.column * step->target_size; i < (span.column + span.count) * step->target_size;
         i += 64)
        __builtin_prefetch(stored + i);
}

/* ---- What means are over ----------------------------------------------------------------------------- */

/* How many values have targets that are known. */
static double count_known(const struct dae_train_step *step) {
    size_t width = stored_width(step), known = 0;
    for (size_t i = 0; i < step->batch->count * width; i++)
        known += !isnan(step->targets[i]);
    size_t values = dae_model_output(step->trainer->workspace.model)->size / width; /* of a stored one */
    return (double)(known * values);
}

void dae_step_weigh(struct dae_train_step *step) {
    const struct dae_objective *objective = step->trainer->objective;
    double values = (double)step->batch->count *
                    (double)dae_model_output(step->trainer->workspace.model)->size;
    if (objective->skips)
        values = count_known(step);
    for (size_t i = 0; i < objective->term_count; i++) {
        step->divisors[i] = dae_term_divisor(&objective->terms[i], values);
        step->scales[i] = (float)(objective->terms[i].weight / step->divisors[i]);
    }
}

/* ---- The epilogue -------------------------------------------------------------------------------------- */

/* Whether targets are such as the objective takes; NaN is for others to find. */
static bool takes_targets(const struct dae_train_step *step, const struct dae_pass *pass,
                          const float *targets, size_t row, size_t count) {
    const struct dae_objective *objective = step->trainer->objective;
    if (step->batch->classes)
        return dae_target_is_class(step->targets[row], pass->output->shape->size);
    return !objective->unit_targets || dae_targets_are_unit(targets, count);
}

static dae_status add_loss(struct dae_train_step *step, const struct dae_pass *pass, struct dae_span span,
                           double *sums) {
    const struct dae_objective *objective = step->trainer->objective;
    const struct dae_rows *rows = pass->output;
    size_t at = span.row * rows->shape->size + span.column;
    const struct dae_plan *plan = step->trainer->workspace.plan;
    float strip[STRIP], scaled[STRIP];
    const float *targets;
    DAE_TRY(dae_step_targets(step, span, strip, &targets));
    if (plan->output.scaling != NULL) {
        dae_scaler_apply(&plan->output, span.column, span.count, targets, scaled);
        targets = scaled;
    }
    prefetch_targets(step, (struct dae_span){span.row + 2, span.column, span.count});
    if (!takes_targets(step, pass, targets, span.row, span.count))
        atomic_store(&step->bad_target, true);
    dae_objective_compare(objective,
                          &(struct dae_strip){
                              .values = rows->y + at,
                              .targets = targets,
                              .inputs = objective->emphasizes ? plan->rows[0].y + at : NULL,
                              .count = span.count,
                              .scales = step->scales,
                              .activation = rows->activation,
                              .z = rows->z != NULL ? rows->z + at : NULL,
                          },
                          sums);
    return DAE_OK;
}

dae_status dae_step_take_loss(void *context, const struct dae_pass *pass, struct dae_tile tile) {
    struct dae_train_step *step = context;
    double sums[DAE_OBJECTIVE_MAX_TERMS] = {0};
    for (size_t row = tile.row; row < tile.row + tile.rows; row++)
        for (size_t done = 0; done < tile.columns; done += STRIP) {
            size_t count = dae_size_min(tile.columns - done, STRIP);
            DAE_TRY(add_loss(step, pass, (struct dae_span){row, tile.column + done, count}, sums));
        }
    for (size_t i = 0; i < step->trainer->objective->term_count; i++)
        step->losses[tile.index].sums[i] += sums[i];
    return DAE_OK;
}
