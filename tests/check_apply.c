/* Models on samples of any size: tiles against one run, to the bit; windows that overlap against a plain sum; what is
 * filled up, refused, cancelled. */
#include "network.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Networks ------------------------------------------------------------------------------------- */

/* Of pictures, with parameters that are not 0. */
static const char *const pictures[] = {
    "input(1, any, any) | conv2d(24, 3, activation=relu) | conv2d(24, 3, activation=relu) | conv2d(1, 3) as "
    "noise"
    " | from(input) | subtract(noise)",
    "input(2, any, any) | conv2d(16, 3, activation=relu) as e1 | max_pool(2) | conv2d(24, 3, "
    "activation=relu) as e2"
    " | average_pool(2) | conv2d(32, 3, activation=tanh) | upsample(2) | concatenate(e2)"
    " | conv2d(16, 3, activation=relu) | upsample(2, method=bilinear) | concatenate(e1) | conv2d(1, 3)",
    "input(1, any, any) | conv2d(16, 5, stride=2, activation=elu) | conv2d(24, [3, 5], dilation=[2, 1])"
    " | conv2d_transpose(16, 4, stride=2, activation=relu) | conv2d(1, 3)",
    "input(1, any, any) | pad(2, mode=reflect) | conv2d(16, 5, padding=valid, activation=relu)"
    " | conv2d(16, 3, mode=replicate) | space_to_depth(2) | conv2d(48, 3, mode=reflect, activation=silu)"
    " | depth_to_space(2) | gain | prelu | conv2d(3, 3) | softmax",
    "input(3, 95, 95) | pad(1) | max_pool(3, stride=2) | conv2d(24, 3, groups=3, activation=relu)"
    " | conv2d_transpose(24, 3, stride=2, padding=0, groups=depthwise) | crop(1) | channels(3, 5)",
    "input(1, any, any) | dncnn(depth=5, channels=24, batch_norm=yes)",
    "input(1, 32, 32) | unet(channels=8, depth=2)",
    "input(1, any, any) | conv_autoencoder(24, 2)",
};
enum { PICTURES = sizeof pictures / sizeof *pictures, MOST_CHANNELS = 5 };

/* Of signals. */
static const char *const signals[] = {
    "input(1, any) | conv1d(8, 9, activation=relu) | conv1d(8, 9, activation=relu) | conv1d(1, 9)",
    "input(2, any) | conv1d(8, 9, activation=relu) as e1 | max_pool(2) | conv1d(12, 9, activation=relu) as e2"
    " | max_pool(4) | conv1d(16, 5, activation=tanh) | upsample(4, method=bilinear) | concatenate(e2)"
    " | conv1d(8, 9, activation=relu) | upsample(2) | concatenate(e1) | conv1d(1, 9)",
    "input(1, 64) | conv1d(8, 4, stride=2, activation=relu) | conv1d(8, 3, dilation=4, activation=relu)"
    " | conv1d_transpose(3, 4, stride=2)",
    "input(1, any) | conv1d(6, 7, mode=reflect, activation=relu) | pad(3, mode=reflect) | conv1d(2, 7, "
    "padding=valid)",
    "input(1, any) | gain",
    "input(1, 256) | signal_unet(channels=8, depth=3)",
};
enum { SIGNALS = sizeof signals / sizeof *signals };

/* ---- Helpers -------------------------------------------------------------------------------------- */

/* Shape of a sample with `down` and `across` places, and of what the model gives. */
struct sample {
    size_t rank, shape[3], in, out;
};

static struct sample sample_for(const dae_model *model, size_t down, size_t across) {
    struct sample s = {0};
    size_t rank, shape[DAE_MAX_RANK];
    ok(dae_model_get_input_shape(model, &rank, shape));
    s.rank = rank;
    s.shape[0] = shape[0];
    if (s.rank == 1)
        s.rank = 2, s.shape[0] = 1;
    s.shape[1] = s.rank == 3 ? down : across;
    s.shape[2] = across;
    s.in = s.shape[0] * s.shape[1] * (s.rank == 3 ? across : 1);
    size_t places = 1;
    for (size_t i = 1; i < rank; i++)
        places *= shape[i];
    places = rank > 1 ? places : shape[0];
    ok(dae_model_get_output_shape(model, &rank, shape));
    s.out = s.in / s.shape[0] * (rank > 1 ? shape[0] : shape[0] / places);
    return s;
}

static float *applied(dae_model *model, const char *cover, const struct sample *s, const float *x) {
    float *y = must_have(s->out * sizeof *y);
    for (size_t i = 0; i < s->out; i++)
        y[i] = NAN;
    ok(dae_model_apply(model, cover, s->rank, s->shape, x, y, NULL, NULL));
    return y;
}

static int32_t count_parts(uint64_t done, uint64_t total, void *user) {
    uint64_t *parts = user;
    ck_assert_uint_eq(done, ++parts[0]);
    ck_assert_uint_le(done, total);
    parts[1] = total;
    return 0;
}

/* ---- Tiles ---------------------------------------------------------------------------------------- */

START_TEST(tiles_are_one_run) {
    static const size_t sides[][2] = {{96, 128}, {131, 75}, {16, 300}, {7, 9}, {97, 97}};
    static const char *const covers[] = {"tiles(memory=4500000)", "tiles(memory=6000000)", "tiles", NULL};
    dae_model *model = model_from(3, "%s", pictures[_i]);
    uint64_t most = 0;
    for (size_t k = 0; k < sizeof sides / sizeof *sides; k++) {
        struct sample s = sample_for(model, sides[k][0], sides[k][1]);
        float *x = random_floats(s.in, -1, 1, k), *y = applied(model, "whole", &s, x),
              *z = must_have(s.out * sizeof *z);
        for (size_t threads = 1; threads <= 7; threads += threads < 3 ? 1 : 4)
            for (size_t c = 0; c < sizeof covers / sizeof *covers; c++) {
                uint64_t parts[2] = {0};
                ok(dae_set_num_threads(threads));
                memset(z, 0xFF, s.out * sizeof *z);
                ok(dae_model_apply(model, covers[c], s.rank, s.shape, x, z, count_parts, parts));
                same_floats(z, y, s.out);
                ck_assert_uint_eq(parts[0], parts[1]);
                most = parts[0] > most ? parts[0] : most;
            }
        free(x);
        free(y);
        free(z);
    }
    ck_assert_uint_ge(most, 4);
    dae_model_free(model);
}
END_TEST

/* Where a network takes a size, one run is that of a session; where it does not, that of a session on what is filled
 * up by a mirror, cut off. */
static float *filled_up(const float *x, const struct sample *s, const struct sample *filled) {
    size_t down = s->rank == 3 ? s->shape[1] : 1, across = s->shape[s->rank - 1];
    size_t wide = filled->shape[s->rank - 1], high = s->rank == 3 ? filled->shape[1] : 1;
    float *y = must_have(filled->in * sizeof *y), *to = y;
    for (size_t c = 0; c < s->shape[0]; c++)
        for (size_t i = 0; i < high; i++)
            for (size_t j = 0; j < wide; j++) {
                size_t row = i < down ? i : 2 * (down - 1) - i,
                       column = j < across ? j : 2 * (across - 1) - j;
                *to++ = x[(c * down + row) * across + column];
            }
    return y;
}

static void is_cut_from(const float *y, const float *large, const struct sample *s,
                        const struct sample *filled) {
    size_t down = s->rank == 3 ? s->shape[1] : 1, across = s->shape[s->rank - 1];
    size_t wide = filled->shape[s->rank - 1], high = s->rank == 3 ? filled->shape[1] : 1;
    size_t channels = s->out / (down * across);
    for (size_t c = 0; c < channels; c++)
        for (size_t i = 0; i < down; i++)
            same_floats(y + (c * down + i) * across, large + (c * high + i) * wide, across);
}

static const struct {
    size_t network, down, across, high, wide;
} fills[] = {{0, 13, 22, 13, 22}, {1, 16, 24, 16, 24}, {1, 17, 22, 20, 24}, {1, 40, 19, 40, 20},
             {2, 15, 16, 16, 16}, {3, 11, 13, 12, 14}, {3, 12, 14, 12, 14}};

START_TEST(one_run_is_that_of_a_session) {
    dae_model *model = model_from(4, "%s", pictures[fills[_i].network]);
    struct sample s = sample_for(model, fills[_i].down, fills[_i].across),
                  filled = sample_for(model, fills[_i].high, fills[_i].wide);
    float *x = random_floats(s.in, -1, 1, 5), *y = applied(model, NULL, &s, x),
          *large = filled_up(x, &s, &filled), *expected = must_have(filled.out * sizeof *expected);
    dae_session *session = NULL;
    ok(dae_session_create_shaped(&session, model, 1, filled.rank, filled.shape));
    ok(dae_session_run(session, large, 1, expected));
    is_cut_from(y, expected, &s, &filled);
    dae_session_free(session);
    dae_model_free(model);
    free(x);
    free(y);
    free(large);
    free(expected);
}
END_TEST

/* A sample of one value is mirrored as often as it takes, and a signal may be halved ten times. */
START_TEST(a_mirror_shows_itself_again) {
    const char *pools = _i == 0 ? "average_pool(8) | upsample(8)"
                                : "average_pool(64) | average_pool(16) | upsample(64) | upsample(16)";
    dae_model *model = model_from(4, "input(1, any) | gain as a | %s | add(a)", pools);
    float y[3], x[3] = {1, 2, 4};
    double mean = (1 + 2 + 4 + 2) / 4.0; /* 1 2 4 | 2 1 2 4 2 ... */
    ok(dae_model_apply(model, NULL, 1, (const size_t[]){3}, x, y, NULL, NULL));
    for (size_t i = 0; i < 3; i++)
        near(y[i], (double)x[i] + mean, 1e-6);
    ok(dae_model_apply(model, "whole", 2, (const size_t[]){1, 1}, x + 2, y, NULL, NULL));
    near(y[0], 8, 1e-6);
    dae_model_free(model);
}
END_TEST

START_TEST(signals_are_one_run) {
    dae_model *model = model_from(3, "%s", signals[_i]);
    static const size_t lengths[] = {1, 7, 64, 1000, 20011};
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        struct sample s = sample_for(model, 1, lengths[k]);
        if (_i == 3 && lengths[k] < 7)
            continue;
        float *x = random_floats(s.in, -1, 1, k), *y = applied(model, "whole", &s, x),
              *z = applied(model, "tiles(memory=2000000)", &s, x);
        same_floats(z, y, s.out);
        free(x);
        free(y);
        free(z);
    }
    dae_model_free(model);
}
END_TEST

/* ---- Overlap -------------------------------------------------------------------------------------- */

static size_t mirrored(long at, size_t size) {
    while (size > 1 && (at < 0 || at >= (long)size))
        at = at < 0 ? -at : 2 * ((long)size - 1) - at;
    return size > 1 ? (size_t)at : 0;
}

static double hann(size_t i, size_t size) {
    double root = sin(acos(-1) * ((double)i + 0.5) / (double)size);
    return size > 1 ? root * root : 1;
}

/* What windows of `window` places, `hop` apart, make of a sample: each place is a mean with weights. */
static double *overlapped(dae_model *model, const struct sample *s, const float *x, const size_t window[2],
                          const size_t hop[2]) {
    const size_t sides[2] = {s->rank == 3 ? s->shape[1] : 1, s->shape[s->rank - 1]};
    size_t places = window[0] * window[1], channels = s->out / (sides[0] * sides[1]);
    double *sums = must_have(s->out * sizeof *sums),
           *weights = must_have(sides[0] * sides[1] * sizeof *weights);
    float *in = must_have(s->shape[0] * places * sizeof *in),
          *out = must_have(channels * places * sizeof *out);
    dae_session *session = NULL;
    ok(dae_session_create(&session, model, 1));
    memset(sums, 0, s->out * sizeof *sums);
    memset(weights, 0, sides[0] * sides[1] * sizeof *weights);
    for (long y = -(long)(window[0] * hop[0]); y < (long)sides[0]; y += (long)hop[0])
        for (long x0 = -(long)(window[1] * hop[1]); x0 < (long)sides[1]; x0 += (long)hop[1]) {
            if (y + (long)window[0] <= 0 || x0 + (long)window[1] <= 0)
                continue;
            for (size_t c = 0; c < s->shape[0]; c++)
                for (size_t i = 0; i < places; i++)
                    in[c * places + i] =
                        x[(c * sides[0] + mirrored(y + (long)(i / window[1]), sides[0])) * sides[1] +
                          mirrored(x0 + (long)(i % window[1]), sides[1])];
            ok(dae_session_run(session, in, 1, out));
            for (size_t i = 0; i < places; i++) {
                long row = y + (long)(i / window[1]), column = x0 + (long)(i % window[1]);
                if (row < 0 || column < 0 || row >= (long)sides[0] || column >= (long)sides[1])
                    continue;
                size_t at = (size_t)row * sides[1] + (size_t)column;
                double weight = hann(i / window[1], window[0]) * hann(i % window[1], window[1]);
                weights[at] += weight;
                for (size_t c = 0; c < channels; c++)
                    sums[c * sides[0] * sides[1] + at] += weight * (double)out[c * places + i];
            }
        }
    for (size_t i = 0; i < s->out; i++)
        sums[i] /= weights[i % (sides[0] * sides[1])];
    dae_session_free(session);
    free(weights);
    free(in);
    free(out);
    return sums;
}

static const struct {
    const char *network, *cover;
    size_t window[2], hop[2], down, across;
} windows[] = {
    {"input(32) | dense(20, activation=tanh) | dense(32)", NULL, {1, 32}, {1, 8}, 1, 333},
    {"input(32) | dense(20, activation=tanh) | dense(32)", "overlap(hop=5)", {1, 32}, {1, 5}, 1, 100},
    {"input(32) | dense(20, activation=tanh) | dense(32)", "overlap(hop=32)", {1, 32}, {1, 32}, 1, 71},
    {"input(32) | dense(20, activation=tanh) | dense(32)", NULL, {1, 32}, {1, 8}, 1, 5},
    {"input(32) | dense(20, activation=tanh) | dense(32)", "overlap", {1, 32}, {1, 8}, 1, 1},
    {"input(2, 19) | dense(40, activation=relu) as h | dense(tied=h)", NULL, {1, 19}, {1, 4}, 1, 90},
    {"input(2, 16) | flatten | dense(48, activation=tanh) | reshape(3, 16)",
     "overlap(hop=7)",
     {1, 16},
     {1, 7},
     1,
     64},
    {"input(1, 8, 12) | dense(30, activation=tanh) | dense(96)", NULL, {8, 12}, {2, 3}, 21, 34},
    {"input(2, 9, 6) | dense(54) | reshape(1, 9, 6)", "overlap(hop=5)", {9, 6}, {5, 5}, 10, 19},
    {"input(1, 20, 20) | conv2d(4, 3) | conv2d(1, 3)", "overlap(hop=10)", {20, 20}, {10, 10}, 20, 31},
};

START_TEST(windows_add_up) {
    dae_model *model = model_from(6, "%s", windows[_i].network);
    struct sample s = sample_for(model, windows[_i].down, windows[_i].across);
    float *x = random_floats(s.in, -1, 1, 7), *y, *first = NULL;
    double *expected = overlapped(model, &s, x, windows[_i].window, windows[_i].hop);
    for (size_t threads = 1; threads <= 7; threads += threads < 3 ? 1 : 4) {
        ok(dae_set_num_threads(threads));
        y = applied(model, windows[_i].cover, &s, x);
        for (size_t i = 0; i < s.out && first == NULL; i++)
            near(y[i], expected[i], 3e-6);
        first = first != NULL ? first : y;
        same_floats(y, first, s.out);
        if (y != first)
            free(y);
    }
    free(first);
    free(x);
    free(expected);
    dae_model_free(model);
}
END_TEST

START_TEST(the_own_size_is_one_run) {
    dae_model *model = model_from(6, "input(1, 4, 8) | dense(30, activation=tanh) | dense(32)");
    float *x = random_floats(32, -1, 1, 7), y[32], z[32];
    dae_session *session = NULL;
    ok(dae_session_create(&session, model, 1));
    ok(dae_session_run(session, x, 1, y));
    ok(dae_model_apply(model, NULL, 2, (const size_t[]){4, 8}, x, z, NULL, NULL));
    same_floats(z, y, 32);
    ok(dae_model_apply(model, "whole", 3, (const size_t[]){1, 4, 8}, x, z, NULL, NULL));
    same_floats(z, y, 32);
    dae_session_free(session);
    dae_model_free(model);
    free(x);
}
END_TEST

/* ---- What is refused ------------------------------------------------------------------------------ */

static const struct {
    const char *network, *cover;
    size_t rank, shape[4];
    dae_status status;
    const char *word;
} refused[] = {
    {"input(1, any) | gain", "tile", 2, {1, 9}, DAE_ERROR_FORMAT, "expected whole, tiles or overlap"},
    {"input(1, any) | gain", "tiles | whole", 2, {1, 9}, DAE_ERROR_FORMAT, "cover"},
    {"input(1, any) | gain", "", 2, {1, 9}, DAE_ERROR_FORMAT, "cover"},
    {"input(1, any) | gain", "tiles(memory=0)", 2, {1, 9}, DAE_ERROR_ARGUMENT, "memory"},
    {"input(1, any) | gain", "overlap", 2, {1, 9}, DAE_ERROR_SHAPE, "expected one of the size of a window"},
    {"input(1, any) | gain", NULL, 2, {2, 9}, DAE_ERROR_SHAPE, "2 x 9, expected the channels of 1 x any"},
    {"input(2, any) | gain", NULL, 1, {9}, DAE_ERROR_SHAPE, "has shape 9"},
    {"input(1, any) | gain", NULL, 3, {1, 4, 9}, DAE_ERROR_SHAPE, "1 x 4 x 9"},
    {"input(1, any) | gain", NULL, 3, {2, 1, 9}, DAE_ERROR_SHAPE, "2 x 1 x 9"},
    {"input(1, any) | conv1d(90, 9) | conv1d(1, 9)",
     "tiles(memory=1000)",
     2,
     {1, 9000},
     DAE_ERROR_ARGUMENT,
     "expected at least"},
    {"input(8) | dense(8)", "tiles", 1, {20}, DAE_ERROR_UNSUPPORTED, "dense looks at whole samples"},
    {"input(1, 8) | gain | flatten | reshape(1, 8)",
     "tiles",
     1,
     {20},
     DAE_ERROR_UNSUPPORTED,
     "flatten looks at"},
    {"input(8) | dense(8)", "whole", 1, {20}, DAE_ERROR_SHAPE, "dense takes a value of one size"},
    {"input(8) | dense(8)", "overlap(hop=9)", 1, {20}, DAE_ERROR_ARGUMENT, "hop is 9, expected at most 8"},
    {"input(8) | dense(4)", NULL, 1, {20}, DAE_ERROR_UNSUPPORTED, "gives 4 for 8, expected as many places"},
    {"input(1, any) | max_pool(2)",
     NULL,
     1,
     {20},
     DAE_ERROR_UNSUPPORTED,
     "expected as many places as it takes"},
    {"input(1, 20) | max_pool(2)",
     "whole",
     1,
     {40},
     DAE_ERROR_UNSUPPORTED,
     "expected as many places as it takes"},
    {"input(1, 2, 2, 2) | dense(8)", NULL, 4, {1, 2, 2, 2}, DAE_ERROR_SHAPE, "channels x height x width"},
    {"input(1, any) | pad(5, mode=reflect) | crop(5)",
     NULL,
     1,
     {4},
     DAE_ERROR_SHAPE,
     "pad takes sides of at least 6"},
};

START_TEST(what_cannot_be_done_is_refused) {
    dae_model *model = model_from(6, "%s", refused[_i].network);
    size_t size = 1;
    for (size_t i = 0; i < refused[_i].rank; i++)
        size *= refused[_i].shape[i];
    float *x = random_floats(size, -1, 1, 7), *y = random_floats(size, -1, 1, 8),
          *kept = random_floats(size, -1, 1, 8);
    fails(dae_model_apply(model, refused[_i].cover, refused[_i].rank, refused[_i].shape, x, y, NULL, NULL),
          refused[_i].status, refused[_i].word);
    same_floats(y, kept, size);
    free(x);
    free(y);
    free(kept);
    dae_model_free(model);
}
END_TEST

START_TEST(arrays_may_not_overlap) {
    dae_model *model = model_from(6, "input(1, any) | gain"), *unset = unset_from("input(1, any) | gain");
    float x[30] = {0};
    const size_t shape[] = {1, 20};
    fails(dae_model_apply(model, NULL, 2, shape, x, x + 10, NULL, NULL), DAE_ERROR_ARGUMENT,
          "input and output overlap");
    fails(dae_model_apply(unset, NULL, 2, shape, x, x + 20, NULL, NULL), DAE_ERROR_STATE,
          "dae_model_initialize");
    dae_model_free(model);
    dae_model_free(unset);
}
END_TEST

/* ---- Cancelling, memory --------------------------------------------------------------------------- */

static int32_t stop_at(uint64_t done, uint64_t total, void *user) {
    (void)total;
    return done >= *(const uint64_t *)user;
}

START_TEST(a_callback_may_cancel) {
    dae_model *model = model_from(
        3, "%s", _i == 0 ? "input(1, any) | conv1d(16, 9) | conv1d(1, 9)" : "input(32) | dense(32)");
    const char *cover = _i == 0 ? "tiles(memory=1500000)" : "overlap";
    struct sample s = sample_for(model, 1, 40000);
    float *x = random_floats(s.in, -1, 1, 1), *y = applied(model, cover, &s, x),
          *z = must_have(s.out * sizeof *z);
    uint64_t stop = 3;
    ok(dae_set_num_threads(2));
    memset(z, 0, s.out * sizeof *z);
    fails(dae_model_apply(model, cover, s.rank, s.shape, x, z, stop_at, &stop), DAE_ERROR_CANCELLED,
          "asked to stop");
    same_floats(z, y, 16); /* what is done is done */
    ck_assert(z[s.out - 1] == 0);
    free(x);
    free(y);
    free(z);
    dae_model_free(model);
}
END_TEST

/* An allocator that knows how much is in use, with the size of each block before it. */
enum { HEAD = 64 };
static atomic_size_t in_use, peak;

static void *counted(size_t size, void *user) {
    char *block = malloc(size + HEAD);
    size_t now = atomic_fetch_add(&in_use, size) + size;
    (void)user;
    ck_assert_ptr_nonnull(block);
    memcpy(block, &size, sizeof size);
    if (now > atomic_load(&peak))
        atomic_store(&peak, now);
    return block + HEAD;
}

static void uncounted(void *memory, void *user) {
    char *block = (char *)memory - HEAD;
    size_t size;
    (void)user;
    memcpy(&size, block, sizeof size);
    atomic_fetch_sub(&in_use, size);
    free(block);
}

/* The work needs memory for a tile, whatever the size of the sample. */
START_TEST(memory_is_bounded) {
    enum { MEMORY = 6000000 };
    dae_model *model = model_from(3, "input(1, any, any) | conv2d(16, 3) | conv2d(16, 3) | conv2d(1, 3)");
    struct sample s = sample_for(model, 300, 700);
    float *x = random_floats(s.in, -1, 1, 1), *y = must_have(s.out * sizeof *y);
    ok(dae_set_num_threads(2));
    ok(dae_set_allocator(counted, uncounted, NULL));
    ok(dae_model_apply(model, "tiles(memory=6000000)", s.rank, s.shape, x, y, NULL, NULL));
    ck_assert_uint_eq(atomic_load(&in_use), 0);
    ck_assert_uint_le(atomic_load(&peak), MEMORY);
    ck_assert_uint_ge(atomic_load(&peak), MEMORY / 3);
    ok(dae_set_allocator(NULL, NULL, NULL));
    free(x);
    free(y);
    dae_model_free(model);
}
END_TEST

static dae_status attempt(void *user) {
    const struct sample *s = user;
    static float x[400], y[400];
    dae_model *model = NULL;
    dae_status status = dae_model_parse(
        &model, s->rank == 3 ? "input(1, any, any) | conv2d(4, 3) | conv2d(1, 3)" : "input(16) | dense(16)");
    if (status == DAE_OK)
        status = dae_model_initialize(model, 1);
    if (status == DAE_OK)
        status = dae_model_apply(model, NULL, s->rank, s->shape, x, y, NULL, NULL);
    dae_model_free(model);
    return status;
}

START_TEST(any_allocation_may_fail) {
    struct sample samples[] = {{3, {1, 20, 20}, 400, 400}, {1, {400}, 400, 400}};
    ok(dae_set_num_threads(1));
    ck_assert_uint_gt(every_allocation_fails(attempt, &samples[_i]), 20);
}
END_TEST

static Suite *apply_suite(void) {
    Suite *suite = suite_create("apply");
    TCase *tiles = add_case(suite, "tiles"), *overlap = add_case(suite, "overlap"),
          *rest = add_case(suite, "rest");
    tcase_add_loop_test(tiles, tiles_are_one_run, 0, PICTURES);
    tcase_add_loop_test(tiles, one_run_is_that_of_a_session, 0, sizeof fills / sizeof *fills);
    tcase_add_loop_test(tiles, a_mirror_shows_itself_again, 0, 2);
    tcase_add_loop_test(tiles, signals_are_one_run, 0, SIGNALS);
    tcase_add_loop_test(overlap, windows_add_up, 0, sizeof windows / sizeof *windows);
    tcase_add_test(overlap, the_own_size_is_one_run);
    tcase_add_loop_test(rest, what_cannot_be_done_is_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_test(rest, arrays_may_not_overlap);
    tcase_add_loop_test(rest, a_callback_may_cancel, 0, 2);
    tcase_add_test(rest, memory_is_bounded);
    tcase_add_loop_test(rest, any_allocation_may_fail, 0, 2);
    return suite;
}

int main(void) {
    return suite_main(apply_suite());
}
