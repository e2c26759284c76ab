/* Learning from noisy data alone (Noise2Void, Krull et al. 2019): at some places inputs are replaced by a
 * neighbour, and the targets there are what they were. All other targets are NaN, for losses that skip those.
 */
#include "core/memory.h"
#include "data/boxes.h"

#include <math.h>
#include <string.h>

enum { RATE, RADIUS };

/* Blocks of a sample's draw: words for all places, and further on a block for each that is chosen. */
enum { MOST_PLACES = DAE_VIEW_MOST_BLOCKS / 2 };

struct blind_spots {
    dae_dataset base;
    size_t sides; /* 1: signals, 2: pictures */
    float rate;
    size_t radius;
    uint64_t seed;
};

/* ---- Places --------------------------------------------------------------------------------------- */

/* A word for each place in turn. */
struct words {
    struct dae_draw from;
    uint32_t strip[256];
};

static bool is_chosen(struct words *words, const struct blind_spots *b, size_t place) {
    const size_t count = sizeof words->strip / sizeof *words->strip;
    if (place % count == 0) {
        dae_kernels()->draw_bits(words->strip, count / 4, words->from);
        words->from.block += count / 4;
    }
    return (float)(int32_t)(words->strip[place % count] >> 8) * 0x1p-24f < b->rate;
}

/* The places of a side that are at most `radius` from one: the first of them, and how many there are. */
static struct dae_part around(size_t at, size_t radius, size_t side) {
    size_t first = at > radius ? at - radius : 0, last = side - 1 - at > radius ? at + radius : side - 1;
    return (struct dae_part){first, last - first + 1};
}

/* A place next to one, each as likely; itself where it is the only one. */
static size_t pick_neighbour(const struct blind_spots *b, const struct dae_frame *frame, size_t place,
                             struct dae_draw from) {
    struct dae_part rows = around(place / frame->width, b->radius, frame->height),
                    columns = around(place % frame->width, b->radius, frame->width);
    size_t others = rows.count * columns.count - 1;
    size_t own = (place / frame->width - rows.first) * columns.count + place % frame->width - columns.first;
    uint32_t words[4];
    if (others == 0)
        return place;
    from.block += MOST_PLACES + place;
    dae_kernels()->draw_bits(words, 1, from);
    size_t picked = dae_view_pick(words, others);
    picked += picked >= own;
    return (rows.first + picked / columns.count) * frame->width + columns.first + picked % columns.count;
}

/* ---- Reading: whole samples ----------------------------------------------------------------------- */

static void blind(const struct blind_spots *b, const struct dae_frame *frame, struct dae_draw from,
                  const float *x, float *out) {
    size_t places = frame->height * frame->width;
    struct words words = {.from = from};
    memcpy(out, x, frame->channels * places * sizeof *out);
    for (size_t place = 0; place < places; place++) {
        if (!is_chosen(&words, b, place))
            continue;
        size_t other = pick_neighbour(b, frame, place, from);
        for (size_t c = 0; c < frame->channels; c++)
            out[c * places + place] = x[c * places + other];
    }
}

static void forget(const struct blind_spots *b, const struct dae_frame *frame, struct dae_draw from,
                   float *x) {
    size_t places = frame->height * frame->width;
    struct words words = {.from = from};
    for (size_t place = 0; place < places; place++) {
        if (is_chosen(&words, b, place))
            continue;
        for (size_t c = 0; c < frame->channels; c++)
            x[c * places + place] = NAN;
    }
}

static dae_status read_input(const dae_dataset *dataset, uint64_t epoch, size_t sample, float *out) {
    const struct blind_spots *b = (const struct blind_spots *)dataset;
    const dae_dataset *source = dataset->source;
    struct dae_frame frame = dae_frame_of(source, DAE_INPUT_HALF, sample, b->sides);
    size_t size = frame.channels * frame.height * frame.width;
    float *x = dae_allocate_raw(size, sizeof *x);
    if (x == NULL)
        return DAE_ERROR_MEMORY;
    dae_status status = dae_dataset_read_part(source, DAE_INPUT_HALF, epoch, sample, 1,
                                              (struct dae_part){0, size}, x);
    if (status == DAE_OK)
        blind(b, &frame, dae_view_draw(source, b->seed, epoch, sample), x, out);
    dae_release(x);
    return status;
}

static dae_status read_target(const dae_dataset *dataset, uint64_t epoch, size_t sample, struct dae_part part,
                              float *out) {
    const struct blind_spots *b = (const struct blind_spots *)dataset;
    struct dae_frame frame = dae_frame_of(dataset->source, DAE_INPUT_HALF, sample, b->sides);
    DAE_TRY(dae_dataset_pass_read(dataset, DAE_INPUT_HALF, epoch, sample, 1, part, out));
    forget(b, &frame, dae_view_draw(dataset->source, b->seed, epoch, sample), out);
    return DAE_OK;
}

static dae_status read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                       size_t count, struct dae_part part, float *out) {
    for (size_t i = 0; i < count; i++)
        DAE_TRY(half == DAE_INPUT_HALF ? read_input(dataset, epoch, first + i, out + i * part.count)
                                       : read_target(dataset, epoch, first + i, part, out + i * part.count));
    return DAE_OK;
}

/* Targets come from the inputs, too. */
static struct dae_stored locate(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    (void)half;
    return dae_dataset_pass_locate(dataset, DAE_INPUT_HALF, sample);
}

static struct dae_shape measure(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    (void)half;
    return dae_dataset_pass_measure(dataset, DAE_INPUT_HALF, sample);
}

static const struct dae_dataset_operations operations = {
    .read = read,
    .locate = locate,
    .measure = measure,
};

/* ---- The kind ------------------------------------------------------------------------------------- */

static dae_status check_places(const dae_dataset *source, size_t sides, const char *context) {
    char name[DAE_SAMPLE_NAME_SIZE];
    for (size_t i = 0; i < dae_dataset_count_different(source); i++) {
        struct dae_frame frame = dae_frame_of(source, DAE_INPUT_HALF, i, sides);
        if (frame.height * frame.width > MOST_PLACES)
            return dae_fail(DAE_ERROR_ARGUMENT, "%s: %s has %zu places, expected at most 2^23", context,
                            dae_dataset_name_sample(source, i, name), frame.height * frame.width);
    }
    return DAE_OK;
}

static dae_status make(dae_dataset **out, const struct dae_viewing *v) {
    void *created = NULL;
    size_t sides = v->source->shape.rank > 2 ? 2 : 1;
    DAE_TRY(dae_frame_check(v->source, sides, v->context));
    DAE_TRY(check_places(v->source, sides, v->context));
    DAE_TRY(
        dae_dataset_create_view(&created, sizeof(struct blind_spots), &operations, v->source, v->context));
    struct blind_spots *spots = created;
    spots->sides = sides;
    spots->rate = (float)v->values[RATE].number;
    spots->radius = (size_t)v->values[RADIUS].number;
    spots->seed = v->seed;
    spots->base.whole_inputs = spots->base.whole_targets = true;
    spots->base.alike = false;
    spots->base.target_shape = spots->base.shape;
    *out = &spots->base;
    return DAE_OK;
}

const struct dae_view_kind dae_view_blind_spots = {
    .kind = {.name = "blind_spots",
             .what =
                 "some inputs replaced by a neighbour; targets are what they were, and NaN everywhere else",
             .example = "blind_spots(rate=0.02, radius=2)",
             .parameters = {[RATE] = {.name = "rate",
                                      .what = "share of the places, drawn anew in every epoch",
                                      .type = DAE_TYPE_NUMBER,
                                      .flags = DAE_BY_PLACE | DAE_FLOAT | DAE_OPEN_LOW,
                                      .low = 0,
                                      .high = 1},
                            [RADIUS] = {.name = "radius",
                                        .what = "how far a neighbour is at most, along each side",
                                        .type = DAE_TYPE_COUNT,
                                        .flags = DAE_BY_PLACE,
                                        .low = 1,
                                        .high = DAE_MOST_SIZE}}},
    .draws = true,
    .make = make,
};
