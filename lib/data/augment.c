/* Samples as they could also have been: flipped, turned, louder, of the other sign; inputs and targets alike.
 */
#include "data/boxes.h"

#include <string.h>

enum { FLIPS, TURNS, GAIN, POLARITY };

struct augment {
    dae_dataset base;
    size_t sides; /* 1: signals, 2: pictures */
    bool flips, turns, polarity;
    float gain;
    bool changes_targets; /* or they stay as they are */
    uint64_t seed;
};

/* What is done to a sample: transposed first, then flipped. */
struct change {
    bool transposed, top_down, mirrored;
    float factor;
};

static struct change draw(const struct augment *a, uint64_t epoch, size_t sample) {
    struct change c = {false, false, false, 1};
    uint32_t words[4];
    dae_kernels()->draw_bits(words, 1, dae_view_draw(a->base.source, a->seed, epoch, sample));
    if (a->turns) { /* by none, one, two or three quarters */
        c.transposed = words[0] & 1;
        c.top_down = words[0] >> 1 & 1;
        c.mirrored = c.top_down != c.transposed;
    }
    if (a->flips) {
        c.top_down ^= a->sides == 2 && words[0] >> 2 & 1;
        c.mirrored ^= words[0] >> 3 & 1;
    }
    c.factor += a->gain * ((float)(int32_t)(words[1] >> 8) * 0x1p-23f - 1);
    if (a->polarity && words[0] >> 4 & 1)
        c.factor = -c.factor;
    return c;
}

/* ---- Changes in place ----------------------------------------------------------------------------- */

static void swap(float *a, float *b) {
    float kept = *a;
    *a = *b;
    *b = kept;
}

static void transpose(float *x, size_t side) {
    for (size_t y = 0; y < side; y++)
        for (size_t k = 0; k < y; k++)
            swap(&x[y * side + k], &x[k * side + y]);
}

static void flip(float *x, size_t height, size_t width) {
    for (size_t y = 0; y < height / 2; y++)
        for (size_t k = 0; k < width; k++)
            swap(&x[y * width + k], &x[(height - 1 - y) * width + k]);
}

static void mirror(float *x, size_t height, size_t width) {
    for (size_t y = 0; y < height; y++)
        for (size_t k = 0; k < width / 2; k++)
            swap(&x[y * width + k], &x[(y + 1) * width - 1 - k]);
}

static void apply(const struct change *c, float *x, const struct dae_frame *frame) {
    size_t size = frame->height * frame->width;
    for (size_t channel = 0; channel < frame->channels; channel++) {
        float *plane = x + channel * size;
        if (c->transposed)
            transpose(plane, frame->width);
        if (c->top_down)
            flip(plane, frame->height, frame->width);
        if (c->mirrored)
            mirror(plane, frame->height, frame->width);
    }
    for (size_t i = 0; c->factor != 1 && i < frame->channels * size; i++)
        x[i] *= c->factor;
}

/* ---- Reading: whole samples ----------------------------------------------------------------------- */

static dae_status read_sample(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t sample,
                              struct dae_part part, float *out) {
    const struct augment *a = (const struct augment *)dataset;
    struct dae_frame frame = dae_frame_of(dataset->source, half, sample, a->sides);
    DAE_TRY(dae_dataset_pass_read(dataset, half, epoch, sample, 1, part, out));
    struct change c = draw(a, epoch, sample);
    apply(&c, out, &frame);
    return DAE_OK;
}

static dae_status read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                       size_t count, struct dae_part part, float *out) {
    if (half == DAE_TARGET_HALF && !((const struct augment *)dataset)->changes_targets)
        return dae_dataset_pass_read(dataset, half, epoch, first, count, part, out);
    for (size_t i = 0; i < count; i++)
        DAE_TRY(read_sample(dataset, half, epoch, first + i, part, out + i * part.count));
    return DAE_OK;
}

static const struct dae_dataset_operations operations = {
    .read = read,
    .locate = dae_dataset_pass_locate,
    .measure = dae_dataset_pass_measure,
};

/* ---- The kind ------------------------------------------------------------------------------------- */

/* Quarter turns keep the shape of squares only. */
static dae_status check_square(const dae_dataset *source, const char *context) {
    char found[DAE_SHAPE_TEXT_SIZE], name[DAE_SAMPLE_NAME_SIZE];
    for (size_t i = 0; i < dae_dataset_count_different(source); i++) {
        struct dae_shape shape = dae_dataset_measure(source, DAE_INPUT_HALF, i);
        if (shape.rank < 3 || shape.dims[1] != shape.dims[2])
            return dae_fail(DAE_ERROR_SHAPE,
                            "%s: %s has shape %s, expected squares for turns: [channels, side, side]",
                            context, dae_dataset_name_sample(source, i, name), dae_shape_text(&shape, found));
    }
    return DAE_OK;
}

static dae_status make(dae_dataset **out, const struct dae_viewing *v) {
    void *created = NULL;
    size_t sides = v->source->shape.rank > 2 ? 2 : 1;
    bool turns = v->values[TURNS].number == 1, changes_targets;
    DAE_TRY(dae_frame_check(v->source, sides, v->context));
    DAE_TRY(dae_frame_check_targets(v->source, sides, v->context, &changes_targets));
    if (turns)
        DAE_TRY(check_square(v->source, v->context));
    DAE_TRY(dae_dataset_create_view(&created, sizeof(struct augment), &operations, v->source, v->context));
    struct augment *augment = created;
    augment->sides = sides;
    augment->flips = v->values[FLIPS].number == 1;
    augment->turns = turns;
    augment->gain = (float)v->values[GAIN].number;
    augment->polarity = v->values[POLARITY].number == 1;
    augment->changes_targets = changes_targets;
    augment->seed = v->seed;
    augment->base.whole_inputs = true;
    augment->base.whole_targets = changes_targets || v->source->whole_targets;
    *out = &augment->base;
    return DAE_OK;
}

#define FLAG(NAME, WHAT) \
    { .name = (NAME), .what = (WHAT), .type = DAE_TYPE_FLAG, .fallback = "no" }

const struct dae_view_kind dae_view_augment = {
    .kind = {.name = "augment",
             .what = "samples as they could have been, inputs and targets alike, drawn anew in every epoch",
             .example = "augment(flips=yes)",
             .parameters = {[FLIPS] = FLAG("flips",
                                           "half of them mirrored; half of pictures top to bottom, too"),
                            [TURNS] = FLAG("turns", "turned by 0 to 3 quarters; squares only"),
                            [GAIN] = {.name = "gain",
                                      .what = "multiplied by a number from 1 - gain to 1 + gain",
                                      .type = DAE_TYPE_NUMBER,
                                      .flags = DAE_FLOAT | DAE_OPEN_HIGH,
                                      .low = 0,
                                      .high = 1,
                                      .fallback = "0"},
                            [POLARITY] = FLAG("polarity", "half of them with the other sign")}},
    .draws = true,
    .make = make,
};
