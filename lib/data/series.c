/* Samples that are the values of one moment each become one recording. */
#include "data/view.h"

struct series {
    dae_dataset base;
    bool is_single; /* the source is one sample already, without a channel */
};

enum { MOST_CHANNELS = 1024 };

/* Values [first, first + count) of channel `channel`, out of the `channels` of each moment. */
static dae_status read_channel(const dae_dataset *source, enum dae_half half, uint64_t epoch, size_t channels,
                               size_t channel, struct dae_part run, float *out) {
    float moments[MOST_CHANNELS];
    size_t most = MOST_CHANNELS / channels;
    for (size_t done = 0, now; done < run.count; done += now) {
        now = dae_size_min(most, run.count - done);
        DAE_TRY(dae_dataset_read_part(source, half, epoch, run.first + done, now,
                                      (struct dae_part){0, channels}, moments));
        for (size_t i = 0; i < now; i++)
            out[done + i] = moments[i * channels + channel];
    }
    return DAE_OK;
}

/* A part of the recording [channels, moments]. */
static dae_status read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                       size_t count, struct dae_part part, float *out) {
    const dae_dataset *source = dataset->source;
    size_t channels = half == DAE_INPUT_HALF ? dataset->shape.dims[0] : dataset->target_shape.dims[0];
    (void)first, (void)count;
    if (((const struct series *)dataset)->is_single)
        return dae_dataset_read_part(source, half, epoch, 0, 1, part, out);
    if (channels == 1)
        return dae_dataset_read_part(source, half, epoch, part.first, part.count, (struct dae_part){0, 1},
                                     out);
    for (size_t done = 0, now; done < part.count; done += now) {
        size_t at = part.first + done, moment = at % source->count;
        now = dae_size_min(source->count - moment, part.count - done);
        DAE_TRY(read_channel(source, half, epoch, channels, at / source->count,
                             (struct dae_part){moment, now}, out + done));
    }
    return DAE_OK;
}

/* All moments, where they lie one after the other. */
static struct dae_stored locate(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    size_t count = dataset->source->count;
    struct dae_stored first = dae_dataset_pass_locate(dataset, half, 0),
                      last = dae_dataset_pass_locate(dataset, half, count - 1);
    (void)sample;
    bool together = first.bytes != NULL && (const char *)last.bytes - (const char *)first.bytes ==
                                               (ptrdiff_t)((count - 1) * first.size);
    return together ? (struct dae_stored){first.bytes, count * first.size} : (struct dae_stored){NULL, 0};
}

static const struct dae_dataset_operations operations = {
    .read = read,
    .locate = locate,
    .level = dae_dataset_no_level,
};

/* Of a recording of `count` moments. */
static dae_status set_shape(struct dae_shape *out, const struct dae_shape *moment, size_t count,
                            const struct dae_viewing *v) {
    char found[DAE_SHAPE_TEXT_SIZE];
    size_t dims[] = {moment->dims[0], count};
    if (moment->rank != 1 || dae_shape_is_open(moment))
        return dae_fail(DAE_ERROR_SHAPE,
                        "%s: samples have shape %s, expected one dimension: values of one moment", v->context,
                        dae_shape_text(moment, found));
    if (count > 1 && dims[0] > MOST_CHANNELS)
        return dae_fail(DAE_ERROR_SHAPE,
                        "%s: samples have %zu values, expected at most %d: values of one moment", v->context,
                        dims[0], MOST_CHANNELS);
    if (count == 1) {
        dims[1] = dims[0];
        dims[0] = 1;
    }
    return dae_shape_set(out, 2, dims, v->context);
}

static dae_status make(dae_dataset **out, const struct dae_viewing *v) {
    void *created = NULL;
    struct dae_shape shape, target_shape;
    DAE_TRY(set_shape(&shape, &v->source->shape, v->source->count, v));
    DAE_TRY(set_shape(&target_shape, &v->source->target_shape, v->source->count, v));
    DAE_TRY(dae_dataset_create_view(&created, sizeof(struct series), &operations, v->source, v->context));
    struct series *series = created;
    series->is_single = v->source->count == 1;
    series->base.count = 1;
    series->base.shape = shape;
    series->base.target_shape = target_shape;
    series->base.whole_inputs = series->is_single && v->source->whole_inputs;
    series->base.whole_targets = series->is_single && v->source->whole_targets;
    *out = &series->base;
    return DAE_OK;
}

const struct dae_view_kind dae_view_series = {
    .kind = {.name = "series",
             .what = "all samples, each the values of one moment, as one recording [channels, length]",
             .example = "series"},
    .make = make,
};
