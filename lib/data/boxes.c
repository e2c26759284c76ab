#include "data/boxes.h"
#include "core/memory.h"

#include <string.h>

bool dae_frame_set(struct dae_frame *frame, const struct dae_shape *shape, size_t sides) {
    *frame = (struct dae_frame){0};
    if (shape->rank != sides && shape->rank != sides + 1)
        return false;
    frame->channels = shape->rank > sides ? shape->dims[0] : 1;
    frame->height = sides == 2 ? shape->dims[shape->rank - 2] : 1;
    frame->width = shape->dims[shape->rank - 1];
    return true;
}

struct dae_frame dae_frame_of(const dae_dataset *dataset, enum dae_half half, size_t sample, size_t sides) {
    struct dae_shape shape = dae_dataset_measure(dataset, half, sample);
    struct dae_frame frame;
    dae_frame_set(&frame, &shape, sides);
    return frame;
}

dae_status dae_frame_check(const dae_dataset *dataset, size_t sides, const char *context) {
    struct dae_frame frame;
    char found[DAE_SHAPE_TEXT_SIZE];
    if (dae_frame_set(&frame, &dataset->shape, sides))
        return DAE_OK;
    return dae_fail(DAE_ERROR_SHAPE, "%s: samples have shape %s, expected %s", context,
                    dae_shape_text(&dataset->shape, found),
                    sides == 2 ? "pictures: [channels, height, width] or [height, width]"
                               : "signals: [channels, length] or [length]");
}

dae_status dae_frame_check_targets(const dae_dataset *dataset, size_t sides, const char *context,
                                   bool *are_framed) {
    char texts[2][DAE_SHAPE_TEXT_SIZE];
    *are_framed = true;
    for (size_t i = 0; i < dae_dataset_count_different(dataset) && !dataset->alike; i++) {
        struct dae_shape input = dae_dataset_measure(dataset, DAE_INPUT_HALF, i),
                         target = dae_dataset_measure(dataset, DAE_TARGET_HALF, i);
        struct dae_frame frame, of_target;
        dae_frame_set(&frame, &input, sides);
        if (dae_frame_set(&of_target, &target, sides) && of_target.height == frame.height &&
            of_target.width == frame.width)
            continue;
        if (target.rank != 1)
            return dae_fail(DAE_ERROR_SHAPE,
                            "%s: sample %zu is %s and its target is %s, expected the same height and width",
                            context, i, dae_shape_text(&input, texts[0]), dae_shape_text(&target, texts[1]));
        *are_framed = false;
    }
    return DAE_OK;
}

/* ---- Which sample --------------------------------------------------------------------------------- */

/* The sample that a box is cut out of, and which of its boxes it is. */
static size_t sample_of(const struct dae_boxes *boxes, size_t box, size_t *within) {
    if (boxes->each > 0) {
        *within = box % boxes->each;
        return box / boxes->each;
    }
    size_t sample = dae_size_bisect(boxes->starts, boxes->base.source->count, box);
    *within = box - boxes->starts[sample];
    return sample;
}

/* ---- Reading -------------------------------------------------------------------------------------- */

/* What one call reads. Of a source that must be read whole, the sample that was read last is kept. */
struct reading {
    const struct dae_boxes *boxes;
    enum dae_half half;
    uint64_t epoch;
    size_t sample;
    float *whole; /* or NULL */
};

/* Values that lie together in the frame: the first ones of those of a box that are left. */
static struct dae_part next_run(const struct dae_boxes *b, const struct dae_frame *frame,
                                struct dae_place place, struct dae_part left) {
    size_t line = b->width == frame->width ? b->height * b->width : b->width;
    size_t lines = b->height * b->width / line; /* of a channel */
    size_t row = left.first / line, column = left.first % line;
    size_t y = row / lines * frame->height + place.y + row % lines;
    return (struct dae_part){y * frame->width + place.x + column, dae_size_min(left.count, line - column)};
}

static dae_status take_whole(struct reading *r, size_t sample, size_t size) {
    if (r->whole != NULL && r->sample == sample)
        return DAE_OK;
    dae_release(r->whole);
    r->sample = sample;
    r->whole = dae_allocate_raw(size, sizeof *r->whole);
    if (r->whole == NULL)
        return DAE_ERROR_MEMORY;
    return dae_dataset_read_part(r->boxes->base.source, r->half, r->epoch, sample, 1,
                                 (struct dae_part){0, size}, r->whole);
}

static dae_status read_box(struct reading *r, size_t box, struct dae_part left, float *out) {
    const struct dae_boxes *b = r->boxes;
    const dae_dataset *source = b->base.source;
    size_t within, sample = sample_of(b, box, &within);
    struct dae_frame frame = dae_frame_of(source, r->half, sample, b->sides);
    struct dae_place place = b->place(b, &frame, r->epoch, box, within);
    size_t size = frame.channels * frame.height * frame.width;
    if (dae_dataset_is_whole(source, r->half))
        DAE_TRY(take_whole(r, sample, size));
    while (left.count > 0) {
        struct dae_part run = next_run(b, &frame, place, left);
        if (r->whole != NULL)
            memcpy(out, r->whole + run.first, run.count * sizeof *out);
        else
            DAE_TRY(dae_dataset_read_run(source, r->half, r->epoch, sample, run, out));
        out += run.count;
        left.first += run.count;
        left.count -= run.count;
    }
    return DAE_OK;
}

static dae_status read_boxes(struct reading r, size_t first, size_t count, struct dae_part part, float *out) {
    dae_status status = DAE_OK;
    for (size_t i = 0; i < count && status == DAE_OK; i++)
        status = read_box(&r, first + i, part, out + i * part.count);
    dae_release(r.whole);
    return status;
}

static bool is_cut(const struct dae_boxes *boxes, enum dae_half half) {
    return half == DAE_INPUT_HALF || boxes->cuts_targets;
}

static dae_status read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                       size_t count, struct dae_part part, float *out) {
    struct reading r = {(const struct dae_boxes *)dataset, half, epoch, 0, NULL};
    size_t within;
    if (is_cut(r.boxes, half))
        return read_boxes(r, first, count, part, out);
    for (size_t i = 0; i < count; i++)
        DAE_TRY(dae_dataset_pass_read(dataset, half, epoch, sample_of(r.boxes, first + i, &within), 1, part,
                                      out + i * part.count));
    return DAE_OK;
}

static const dae_dataset *origin(const dae_dataset *dataset, size_t *sample) {
    size_t within;
    *sample = sample_of((const struct dae_boxes *)dataset, *sample, &within);
    return dataset->source;
}

static struct dae_stored locate(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    size_t within;
    return dae_dataset_pass_locate(dataset, half,
                                   sample_of((const struct dae_boxes *)dataset, sample, &within));
}

/* ---- Shapes --------------------------------------------------------------------------------------- */

/* Of a box with so many channels. */
static struct dae_shape shape_of(const struct dae_boxes *boxes, size_t channels) {
    struct dae_shape shape = {.rank = boxes->sides + 1, .dims = {channels}};
    shape.dims[1] = boxes->sides == 2 ? boxes->height : boxes->width;
    if (boxes->sides == 2)
        shape.dims[2] = boxes->width;
    shape.size = channels * boxes->height * boxes->width;
    return shape;
}

static struct dae_shape measure(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    const struct dae_boxes *boxes = (const struct dae_boxes *)dataset;
    size_t within;
    sample = sample_of(boxes, sample, &within);
    if (!is_cut(boxes, half))
        return dae_dataset_pass_measure(dataset, half, sample);
    return shape_of(boxes, dae_frame_of(boxes->base.source, half, sample, boxes->sides).channels);
}

static void destroy(dae_dataset *dataset) {
    dae_release(((struct dae_boxes *)dataset)->starts);
}

static const struct dae_dataset_operations operations = {
    .read = read,
    .locate = locate,
    .destroy = destroy,
    .origin = origin,
    .measure = measure,
};

/* ---- Making --------------------------------------------------------------------------------------- */

static bool fits(const struct dae_boxes *boxes, const struct dae_frame *frame) {
    return frame->height >= boxes->height && frame->width >= boxes->width;
}

static dae_status too_small(const struct dae_boxes *boxes, const struct dae_frame *frame, size_t i,
                            const char *context) {
    const char *none = boxes->skips ? "no sample is left: " : "";
    char name[DAE_SAMPLE_NAME_SIZE];
    dae_dataset_name_sample(boxes->base.source, i, name);
    if (boxes->sides == 1)
        return dae_fail(DAE_ERROR_SHAPE, "%s: %s%s has length %zu, expected at least %zu", context, none,
                        name, frame->width, boxes->width);
    return dae_fail(DAE_ERROR_SHAPE, "%s: %s%s is %zu x %zu, expected at least %zu x %zu", context, none,
                    name, frame->height, frame->width, boxes->height, boxes->width);
}

static size_t count_of(const struct dae_boxes *boxes, const struct dae_frame *frame) {
    return boxes->count != NULL ? boxes->count(boxes, frame) : boxes->each;
}

static dae_status too_many(const char *context) {
    return dae_fail(DAE_ERROR_ARGUMENT, "%s: the samples are more than can be counted", context);
}

/* Samples that are left out have no boxes: the next one starts where they do. */
static dae_status count_each(struct dae_boxes *boxes, const char *context) {
    size_t count = boxes->base.source->count, all = 0;
    struct dae_frame frame = {0};
    boxes->starts = dae_allocate_raw(count, sizeof *boxes->starts);
    if (boxes->starts == NULL)
        return DAE_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        frame = dae_frame_of(boxes->base.source, DAE_INPUT_HALF, i, boxes->sides);
        boxes->starts[i] = all;
        if (!fits(boxes, &frame) && !boxes->skips)
            return too_small(boxes, &frame, i, context);
        if (!fits(boxes, &frame))
            boxes->skipped++;
        else if (!dae_size_add(all, count_of(boxes, &frame), &all))
            return too_many(context);
    }
    if (boxes->skipped == count)
        return too_small(boxes, &frame, count - 1, context);
    boxes->base.count = all;
    boxes->each = 0;
    return DAE_OK;
}

static dae_status count_all(struct dae_boxes *boxes, const char *context) {
    struct dae_frame common;
    dae_frame_set(&common, &boxes->base.source->shape, boxes->sides);
    if (common.height == 0 || common.width == 0)
        return count_each(boxes, context);
    if (!fits(boxes, &common))
        return too_small(boxes, &common, 0, context);
    boxes->each = count_of(boxes, &common);
    return dae_size_multiply(boxes->base.source->count, boxes->each, &boxes->base.count) ? DAE_OK
                                                                                         : too_many(context);
}

static dae_status fill(struct dae_boxes *boxes, const char *context) {
    dae_dataset *base = &boxes->base;
    struct dae_frame frame;
    DAE_TRY(dae_frame_check(base->source, boxes->sides, context));
    DAE_TRY(dae_frame_check_targets(base->source, boxes->sides, context, &boxes->cuts_targets));
    DAE_TRY(count_all(boxes, context));
    if (boxes->skips)
        DAE_TRY(dae_facts_add(&base->facts, "skipped", "%zu", boxes->skipped));
    dae_frame_set(&frame, &base->source->shape, boxes->sides);
    base->shape = shape_of(boxes, frame.channels);
    if (boxes->cuts_targets) {
        dae_frame_set(&frame, &base->source->target_shape, boxes->sides);
        base->target_shape = shape_of(boxes, frame.channels);
    }
    dae_dataset_agree(base);
    return DAE_OK;
}

dae_status dae_boxes_create(dae_dataset **out, const struct dae_viewing *v, const struct dae_boxes *pattern) {
    void *created = NULL;
    DAE_TRY(dae_dataset_create_view(&created, sizeof(struct dae_boxes), &operations, v->source, v->context));
    struct dae_boxes *boxes = created;
    dae_dataset base = boxes->base;
    *boxes = *pattern;
    boxes->base = base;
    dae_status status = fill(boxes, v->context);
    if (status != DAE_OK)
        dae_dataset_free(&boxes->base);
    else
        *out = &boxes->base;
    return status;
}
