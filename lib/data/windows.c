/* Windows of signals and patches of pictures, at equal distances from the first value on. What is left at the
 * end, less than a box, is in none. */
#include "data/boxes.h"

/* ---- Places --------------------------------------------------------------------------------------- */

static size_t count_along(size_t size, size_t box, size_t stride) {
    return (size - box) / stride + 1;
}

static size_t count(const struct dae_boxes *boxes, const struct dae_frame *frame) {
    return count_along(frame->height, boxes->height, boxes->stride.y) *
           count_along(frame->width, boxes->width, boxes->stride.x);
}

/* Line by line. */
static struct dae_place place(const struct dae_boxes *boxes, const struct dae_frame *frame, uint64_t epoch,
                              size_t sample, size_t within) {
    size_t across = count_along(frame->width, boxes->width, boxes->stride.x);
    (void)epoch, (void)sample;
    return (struct dae_place){within / across * boxes->stride.y, within % across * boxes->stride.x};
}

/* ---- The kinds ------------------------------------------------------------------------------------ */

/* A count, or what stands for one that is not given. */
static size_t count_or(const struct dae_value *value, size_t otherwise) {
    return value->count > 0 ? (size_t)value->number : otherwise;
}

static dae_status make_windows(dae_dataset **out, const struct dae_viewing *v) {
    size_t length = (size_t)v->values[0].number;
    struct dae_boxes pattern = {.sides = 1,
                                .height = 1,
                                .width = length,
                                .count = count,
                                .place = place,
                                .stride = {1, count_or(&v->values[1], length)},
                                .skips = v->values[2].number == 1};
    return dae_boxes_create(out, v, &pattern);
}

static dae_status make_patches(dae_dataset **out, const struct dae_viewing *v) {
    size_t height = (size_t)v->values[0].number, width = (size_t)v->values[1].number;
    struct dae_boxes pattern = {.sides = 2,
                                .height = height,
                                .width = width,
                                .count = count,
                                .place = place,
                                .stride = {count_or(&v->values[2], height), count_or(&v->values[2], width)},
                                .skips = v->values[3].number == 1};
    return dae_boxes_create(out, v, &pattern);
}

#define SIZE(NAME, WHAT, FLAGS)                                                             \
    {                                                                                       \
        .name = (NAME), .what = (WHAT), .type = DAE_TYPE_COUNT, .flags = (FLAGS), .low = 1, \
        .high = DAE_MOST_SIZE                                                               \
    }

const struct dae_view_kind dae_view_windows = {
    .kind = {.name = "windows",
             .what = "all windows of signals, one after the other",
             .example = "windows(256, hop=64)",
             .parameters = {SIZE("length", "values of a window", DAE_BY_PLACE),
                            SIZE("hop", "values from one window to the next; the length, if it is not given",
                                 DAE_OPTIONAL),
                            DAE_BOXES_SKIP}},
    .make = make_windows,
};

const struct dae_view_kind dae_view_patches = {
    .kind = {.name = "patches",
             .what = "all patches of pictures, line by line",
             .example = "patches(28, 28, stride=14)",
             .parameters = {SIZE("height", "lines of a patch", DAE_BY_PLACE),
                            SIZE("width", "values of a line", DAE_BY_PLACE),
                            SIZE("stride",
                                 "values from one patch to the next; their size, if it is not given",
                                 DAE_OPTIONAL),
                            DAE_BOXES_SKIP}},
    .make = make_patches,
};
