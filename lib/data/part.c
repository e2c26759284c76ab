/* A part of the samples, or of a single recording. */
#include "data/boxes.h"

#include <math.h>

enum { FROM, TO };

/* The nearest whole number of a share, halves up: parts that end where others begin leave nothing out. */
static size_t boundary(const struct dae_value *share, size_t count) {
    return dae_size_min((size_t)floor(share->number * (double)count + 0.5), count);
}

static struct dae_place place(const struct dae_boxes *boxes, const struct dae_frame *frame, uint64_t epoch,
                              size_t sample, size_t within) {
    (void)frame, (void)epoch, (void)sample, (void)within;
    return boxes->stride;
}

static dae_status make(dae_dataset **out, const struct dae_viewing *v) {
    const struct dae_shape *shape = &v->source->shape;
    bool single = v->source->count == 1;
    size_t length = single ? shape->dims[shape->rank - 1] : v->source->count;
    size_t from = boundary(&v->values[FROM], length), to = boundary(&v->values[TO], length);
    if (from == to)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: there is nothing from %g to %g of %zu %s", v->context,
                        v->values[FROM].number, v->values[TO].number, length, single ? "values" : "samples");
    if (!single)
        return dae_dataset_create_slice(out, v->source, from, to - from, v->context);
    struct dae_boxes pattern = {
        .sides = 1, .height = 1, .width = to - from, .place = place, .stride = {0, from}, .each = 1};
    return dae_boxes_create(out, v, &pattern);
}

static const char *check(const struct dae_value *values) {
    return values[FROM].number < values[TO].number ? NULL : "from < to";
}

const struct dae_view_kind dae_view_part = {
    .kind = {.name = "part",
             .what = "a part of the samples, or of the length of the only one",
             .example = "part(0, 0.8)",
             .check = check,
             .parameters = {[FROM] = {.name = "from",
                                      .what = "where it begins, as a share of all",
                                      .type = DAE_TYPE_NUMBER,
                                      .flags = DAE_BY_PLACE,
                                      .low = 0,
                                      .high = 1},
                            [TO] = {.name = "to",
                                    .what = "where it ends, as a share of all",
                                    .type = DAE_TYPE_NUMBER,
                                    .flags = DAE_BY_PLACE,
                                    .low = 0,
                                    .high = 1}}},
    .make = make,
};
