/* Some channels of samples, which are their first dimension. */
#include "data/view.h"

struct channels {
    dae_dataset base;
    size_t first;
    bool cuts_targets; /* or they are those of the source */
};

static bool is_cut(const dae_dataset *dataset, enum dae_half half) {
    return half == DAE_INPUT_HALF || ((const struct channels *)dataset)->cuts_targets;
}

static dae_status read_sample(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t sample,
                              struct dae_part part, float *out) {
    struct dae_shape shape = dae_dataset_measure(dataset->source, half, sample);
    part.first += ((const struct channels *)dataset)->first * (shape.size / shape.dims[0]);
    return dae_dataset_read_run(dataset->source, half, epoch, sample, part, out);
}

static dae_status read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                       size_t count, struct dae_part part, float *out) {
    if (!is_cut(dataset, half))
        return dae_dataset_pass_read(dataset, half, epoch, first, count, part, out);
    for (size_t i = 0; i < count; i++)
        DAE_TRY(read_sample(dataset, half, epoch, first + i, part, out + i * part.count));
    return DAE_OK;
}

/* A shape with another number of channels. */
static struct dae_shape with_channels(struct dae_shape shape, size_t channels) {
    shape.size = shape.size / shape.dims[0] * channels;
    shape.dims[0] = channels;
    return shape;
}

static struct dae_shape measure(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    struct dae_shape shape = dae_dataset_pass_measure(dataset, half, sample);
    return is_cut(dataset, half) ? with_channels(shape, dataset->shape.dims[0]) : shape;
}

static const struct dae_dataset_operations operations = {
    .read = read,
    .locate = dae_dataset_pass_locate,
    .measure = measure,
};

enum { FIRST, COUNT };

static dae_status make(dae_dataset **out, const struct dae_viewing *v) {
    void *created = NULL;
    const struct dae_shape *shape = &v->source->shape, *target = &v->source->target_shape;
    double first = v->values[FIRST].number, count = v->values[COUNT].number;
    if (shape->dims[0] == 0)
        return dae_fail(DAE_ERROR_SHAPE, "%s: samples have different numbers of channels", v->context);
    if (first + count > (double)shape->dims[0])
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "%s: channels %.0f to %.0f are not in the samples, expected 0 to %zu", v->context,
                        first, first + count - 1, shape->dims[0] - 1);
    DAE_TRY(dae_dataset_create_view(&created, sizeof(struct channels), &operations, v->source, v->context));
    struct channels *channels = created;
    channels->first = (size_t)first;
    channels->cuts_targets = target->rank == shape->rank && target->dims[0] == shape->dims[0];
    channels->base.shape = with_channels(*shape, (size_t)count);
    if (channels->cuts_targets)
        channels->base.target_shape = with_channels(*target, (size_t)count);
    *out = &channels->base;
    return DAE_OK;
}

const struct dae_view_kind dae_view_channels = {
    .kind = {.name = "channels",
             .what = "some of the first dimension; of targets too, where they have as many",
             .example = "channels(0, 1)",
             .parameters = {[FIRST] = {.name = "first",
                                       .what = "the first that is taken, from 0",
                                       .type = DAE_TYPE_COUNT,
                                       .flags = DAE_BY_PLACE,
                                       .low = 0,
                                       .high = DAE_MOST_SIZE},
                            [COUNT] = {.name = "count",
                                       .what = "how many",
                                       .type = DAE_TYPE_COUNT,
                                       .flags = DAE_BY_PLACE,
                                       .low = 1,
                                       .high = DAE_MOST_SIZE}}},
    .make = make,
};
