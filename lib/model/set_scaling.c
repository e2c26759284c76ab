/* The scaling of a model: measured, kept beside its parameters, and shared with whoever shares those. */
#include "core/fpu.h"
#include "core/memory.h"
#include "data/dataset.h"
#include "model/model.h"

#include <math.h>

enum { BATCH = 256, BATCH_VALUES = 1 << 20 }; /* the most samples, and values, that are read at once */

/* ---- What a model has ------------------------------------------------------------------------------ */

bool dae_model_is_input_scaled(const dae_model *model) {
    return model->block != NULL && model->block->scaling != NULL && model->begins;
}

bool dae_model_is_output_scaled(const dae_model *model) {
    return model->block != NULL && model->block->scaling != NULL && model->ends;
}

bool dae_model_has_scaling(const dae_model *model) {
    return dae_model_is_input_scaled(model) || dae_model_is_output_scaled(model);
}

/* Values of a channel: the first of several dimensions counts channels. */
static size_t channel_values(const struct dae_shape *shape) {
    return shape->rank > 1 ? shape->size / shape->dims[0] : shape->size;
}

struct dae_scaler dae_model_input_scaler(const dae_model *model) {
    if (!dae_model_is_input_scaled(model))
        return (struct dae_scaler){.scaling = NULL};
    const struct dae_scaling *scaling = model->block->scaling;
    bool alike = scaling->count == 1 && scaling->channels == 0;
    return (struct dae_scaler){
        .scaling = scaling,
        .values = alike ? model->input.size : channel_values(&model->input),
        .channels = scaling->channels > 0 ? scaling->channels : SIZE_MAX,
    };
}

struct dae_scaler dae_model_output_scaler(const dae_model *model) {
    if (!dae_model_is_output_scaled(model))
        return (struct dae_scaler){.scaling = NULL};
    const struct dae_scaling *scaling = model->block->scaling;
    const struct dae_shape *output = dae_model_output(model);
    return (struct dae_scaler){
        .scaling = scaling,
        .values = scaling->count == 1 ? output->size : channel_values(output),
        .channels = SIZE_MAX,
    };
}

double dae_model_peak(const dae_model *model) {
    return dae_model_is_output_scaled(model) ? model->block->scaling->peak : 1;
}

void dae_model_set_block_scaling(dae_model *model, struct dae_scaling *scaling) {
    dae_scaling_keep(scaling);
    dae_scaling_drop(model->block->scaling);
    model->block->scaling = scaling;
}

void dae_model_take_scaling(dae_model *model, const dae_model *from) {
    bool shared = model->block == from->block, any = dae_model_has_scaling(from);
    if (!shared && (!model->begins || !model->ends))
        return;                                          /* of a part, others have it too */
    model->begins = shared || any ? from->begins : true; /* what has no scaling is a network of its own */
    model->ends = shared || any ? from->ends : true;
    if (!shared)
        dae_model_set_block_scaling(model, any ? from->block->scaling : NULL);
}

/* ---- Measuring -------------------------------------------------------------------------------------- */

/* A sum with what its last places have lost (Neumaier). */
struct sum {
    double sum, lost;
};

static void add(struct sum *s, double value) {
    double sum = s->sum + value;
    s->lost += fabs(s->sum) >= fabs(value) ? (s->sum - sum) + value : (value - sum) + s->sum;
    s->sum = sum;
}

/* Values of a channel less the first, so that no sum of squares is a difference of large numbers. */
struct tally {
    size_t count;
    double first, low, high;
    struct sum values, squares;
};

static void count_value(struct tally *t, double x) {
    if (t->count++ == 0)
        t->first = t->low = t->high = x;
    t->low = fmin(t->low, x);
    t->high = fmax(t->high, x);
    add(&t->values, x - t->first);
    add(&t->squares, (x - t->first) * (x - t->first));
}

static struct dae_measured conclude(const struct tally *t) {
    double n = (double)t->count, mean = (t->values.sum + t->values.lost) / n;
    double variance = (t->squares.sum + t->squares.lost) / n - mean * mean;
    return (struct dae_measured){t->first + mean, sqrt(fmax(0, variance)), t->low, t->high};
}

static dae_status check_tally(const struct tally *t, size_t channel, size_t channels) {
    char of[32] = "";
    struct dae_text text = {of, sizeof of, 0};
    if (channels > 1)
        dae_text_add(&text, " of channel %zu", channel);
    if (t->count == 0)
        return dae_fail(DAE_ERROR_ARGUMENT, "all targets%s are NaN, expected some to measure", of);
    if (!(t->low < t->high))
        return dae_fail(DAE_ERROR_ARGUMENT, "all targets%s are %g, expected different ones to measure", of,
                        t->low);
    return DAE_OK;
}

/* What is measured, and with what. */
struct measuring {
    const dae_dataset *data;
    size_t channels;
    struct tally *tallies; /* [channels] */
    size_t batch, largest; /* samples; values of the largest */
    float *targets;
    size_t *order;
    struct dae_measured *measured; /* [channels] */
};

static dae_status count_sample(const struct measuring *m, size_t sample, const float *targets) {
    size_t size = dae_dataset_measure(m->data, DAE_TARGET_HALF, sample).size, values = size / m->channels;
    for (size_t i = 0; i < size; i++) {
        if (isinf(targets[i]))
            return dae_fail(DAE_ERROR_NOT_FINITE,
                            "target value %zu of sample %zu is %g, expected a finite number", i, sample,
                            (double)targets[i]);
        if (!isnan(targets[i]))
            count_value(&m->tallies[i / values], (double)targets[i]);
    }
    return DAE_OK;
}

/* All targets once, as they are in epoch 0, in their order. */
static dae_status count_all(const struct measuring *m, uint64_t fpu) {
    size_t samples = m->data->count;
    for (size_t first = 0; first < samples; first += m->batch) {
        size_t count = dae_size_min(m->batch, samples - first);
        for (size_t i = 0; i < count; i++)
            m->order[i] = first + i;
        struct dae_gathering to = {.targets = m->targets, .fpu = fpu};
        DAE_TRY(dae_dataset_gather(m->data, NULL, 0, m->order, count, &to));
        for (size_t i = 0; i < count; i++)
            DAE_TRY(count_sample(m, first + i, m->targets + i * m->largest));
    }
    for (size_t i = 0; i < m->channels; i++) {
        DAE_TRY(check_tally(&m->tallies[i], i, m->channels));
        m->measured[i] = conclude(&m->tallies[i]);
    }
    return DAE_OK;
}

static dae_status measure(struct measuring *m) {
    m->largest = 1;
    for (size_t i = 0; i < dae_dataset_count_different(m->data); i++)
        m->largest = dae_size_max(m->largest, dae_dataset_measure(m->data, DAE_TARGET_HALF, i).size);
    size_t fit = BATCH_VALUES / m->largest, most = dae_shape_is_open(&m->data->target_shape) ? 1 : BATCH;
    m->batch = dae_size_min(dae_size_min(most, fit > 0 ? fit : 1), m->data->count);
    m->tallies = dae_allocate(m->channels, sizeof *m->tallies);
    m->targets = dae_allocate(m->batch, m->largest * sizeof *m->targets);
    m->order = dae_allocate(m->batch, sizeof *m->order);
    m->measured = dae_allocate(m->channels, sizeof *m->measured);
    if (m->tallies == NULL || m->targets == NULL || m->order == NULL || m->measured == NULL)
        return DAE_ERROR_MEMORY;
    uint64_t fpu = dae_fpu_prepare();
    dae_status status = count_all(m, fpu);
    dae_fpu_restore(fpu);
    return status;
}

static void release(struct measuring *m) {
    dae_release(m->tallies);
    dae_release(m->targets);
    dae_release(m->order);
    dae_release(m->measured);
}

/* ---- Setting ---------------------------------------------------------------------------------------- */

/* Channels of inputs and targets are the same kind of thing where both have as many dimensions. */
static bool has_channels(const dae_model *model) {
    const struct dae_shape *output = dae_model_output(model);
    return output->rank > 1 && output->dims[0] > 0 && model->input.rank == output->rank;
}

dae_status dae_model_check_scaling(const dae_model *model, const struct dae_scaling *scaling) {
    const struct dae_shape *shape = model->ends ? dae_model_output(model) : &model->input;
    char found[DAE_SHAPE_TEXT_SIZE];
    bool fits = shape->rank > 1 &&
                (model->ends ? shape->dims[0] == scaling->count : shape->dims[0] >= scaling->count);
    return scaling->count == 1 || fits
               ? DAE_OK
               : dae_fail(DAE_ERROR_SHAPE, "a scaling of %zu channels, the model %s %s", scaling->count,
                          model->ends ? "gives" : "takes", dae_shape_text(shape, found));
}

static dae_status check_data(const dae_model *model, const dae_dataset *data, bool per_channel) {
    char found[DAE_SHAPE_TEXT_SIZE], expected[DAE_SHAPE_TEXT_SIZE];
    const struct dae_shape *output = dae_model_output(model);
    if (!dae_model_gives(model, &data->target_shape))
        return dae_fail(DAE_ERROR_SHAPE, "the dataset's targets have shape %s, the model gives %s",
                        dae_shape_text(&data->target_shape, found), dae_shape_text(output, expected));
    if (per_channel && !has_channels(model))
        return dae_fail(
            DAE_ERROR_SHAPE,
            "per=channel: the model takes %s and gives %s, expected inputs and outputs of at least "
            "two dimensions, of which the first counts channels",
            dae_shape_text(&model->input, found), dae_shape_text(output, expected));
    return DAE_OK;
}

/* The scaling of a step, of which some kinds measure. */
static dae_status make(struct dae_scaling **out, const dae_model *model, const struct dae_step *step,
                       const dae_dataset *data) {
    bool per_channel = dae_scaling_is_per_channel(step);
    struct measuring m = {.data = data, .channels = per_channel ? dae_model_output(model)->dims[0] : 1};
    if (!((const struct dae_scaling_kind *)step->kind)->measures)
        return dae_scaling_make(out, step, NULL, 1);
    if (data == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "data is NULL, expected a dataset for %s to measure",
                        step->kind->name);
    DAE_TRY(check_data(model, data, per_channel));
    dae_status status = measure(&m);
    if (status == DAE_OK)
        status = dae_scaling_make(out, step, m.measured, m.channels);
    release(&m);
    return status;
}

static dae_status set(dae_model *model, const struct dae_step *step, const dae_dataset *data) {
    struct dae_scaling *scaling = NULL;
    DAE_TRY(make(&scaling, model, step, data));
    const struct dae_shape *output = dae_model_output(model);
    dae_status status = scaling != NULL ? dae_model_check_scaling(model, scaling) : DAE_OK;
    if (scaling != NULL && scaling->channels == 0 && has_channels(model) &&
        model->input.dims[0] > output->dims[0])
        scaling->channels = output->dims[0];
    if (status == DAE_OK)
        dae_model_set_block_scaling(model, scaling);
    dae_scaling_drop(scaling);
    return status;
}

static dae_status check_settable(const dae_model *model) {
    if (!model->begins || !model->ends)
        return dae_fail(DAE_ERROR_STATE,
                        "dae_model_set_scaling: the model is part of a network, whose input or output is not "
                        "its own, expected the whole one");
    if (atomic_load(&model->block->users) > 0)
        return dae_fail(DAE_ERROR_STATE, "dae_model_set_scaling: the model is in use: it is being trained");
    return DAE_OK;
}

dae_status dae_model_set_scaling(dae_model *model, const char *text, dae_dataset *data) {
    struct dae_recipe *recipe = NULL;
    DAE_TRY(dae_model_check_ready(model, __func__));
    DAE_REQUIRE(text);
    DAE_TRY(check_settable(model));
    DAE_TRY(dae_recipe_bind_one(&recipe, &dae_scaling_category, text));
    if (data != NULL)
        dae_dataset_keep(data); /* a callback that gives samples may drop the caller's reference */
    dae_status status = set(model, recipe->steps, data);
    dae_dataset_free(data);
    dae_release(recipe);
    return status == DAE_OK || status == DAE_ERROR_MEMORY ? status : dae_fail_in(status, __func__);
}

/* ---- Text ------------------------------------------------------------------------------------------- */

void dae_model_write_scaling(struct dae_text *text, const void *object) {
    const dae_model *model = object;
    bool input = dae_model_is_input_scaled(model), output = dae_model_is_output_scaled(model);
    if (input || output)
        dae_scaling_write(text, model->block->scaling,
                          input && output ? DAE_END_BOTH
                          : input         ? DAE_END_INPUT
                                          : DAE_END_OUTPUT);
    else
        dae_text_add(text, "none");
}

dae_status dae_model_format_scaling(const dae_model *model, char *buffer, size_t capacity, size_t *length) {
    DAE_REQUIRE(model);
    return dae_text_deliver(dae_model_write_scaling, model, buffer, capacity, length, __func__);
}
