/* Parts of signals and pictures at random places, others in every epoch. */
#include "data/boxes.h"

enum { SIZE, COUNT, SKIP };

static struct dae_place place(const struct dae_boxes *boxes, const struct dae_frame *frame, uint64_t epoch,
                              size_t sample, size_t within) {
    uint32_t words[4];
    (void)within;
    dae_kernels()->draw_bits(words, 1, dae_view_draw(boxes->base.source, boxes->seed, epoch, sample));
    return (struct dae_place){dae_view_pick(words, frame->height - boxes->height + 1),
                              dae_view_pick(words + 2, frame->width - boxes->width + 1)};
}

static size_t side(const struct dae_value *size, size_t i) {
    return (size_t)(size->items != NULL ? size->items[i].number : size->number);
}

static dae_status make(dae_dataset **out, const struct dae_viewing *v) {
    size_t sides = v->values[SIZE].count;
    struct dae_boxes pattern = {.sides = sides,
                                .height = sides == 2 ? side(&v->values[SIZE], 0) : 1,
                                .width = side(&v->values[SIZE], sides - 1),
                                .place = place,
                                .each = (size_t)v->values[COUNT].number,
                                .seed = v->seed,
                                .skips = v->values[SKIP].number == 1};
    return dae_boxes_create(out, v, &pattern);
}

static const char *check(const struct dae_value *values) {
    return values[SIZE].count <= 2 ? NULL : "one length, or a height and a width";
}

const struct dae_view_kind dae_view_crops = {
    .kind = {.name = "crops",
             .what = "parts at random places, drawn anew in every epoch",
             .example = "crops(24, 24, count=2)",
             .check = check,
             .parameters = {[SIZE] = {.name = "size",
                                      .what = "length of a part of signals, or height and width in pictures",
                                      .type = DAE_TYPE_COUNT,
                                      .flags = DAE_BY_PLACE | DAE_MANY,
                                      .low = 1,
                                      .high = DAE_MOST_SIZE},
                            [COUNT] = {.name = "count",
                                       .what = "parts of each sample",
                                       .type = DAE_TYPE_COUNT,
                                       .low = 1,
                                       .high = DAE_MOST_SIZE,
                                       .fallback = "1"},
                            [SKIP] = DAE_BOXES_SKIP}},
    .draws = true,
    .make = make,
};
