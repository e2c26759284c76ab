/* Random numbers: rng.h, against published vectors, golden numbers, a second Philox, and statistics. */
#include "support.h"

#include "oracle/golden.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846

static dae_rng *open_stream(uint64_t seed, uint64_t stream, uint64_t position) {
    dae_rng *rng = NULL;
    ok(dae_rng_create(&rng, seed, stream));
    ck_assert_ptr_nonnull(rng);
    ok(dae_rng_set_position(rng, position));
    return rng;
}

static uint64_t position_of(const dae_rng *rng) {
    uint64_t position = 0;
    ok(dae_rng_get_position(rng, &position));
    return position;
}

/* ---- Philox ----------------------------------------------------------------------------------- */

/* Philox4x32-10 as the paper has it, in the plainest form. */
static void philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t k[2] = {key[0], key[1]};
    memcpy(out, counter, 4 * sizeof *out);
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53 * out[0], b = (uint64_t)0xCD9E8D57 * out[2];
        uint32_t next[4] = {(uint32_t)(b >> 32) ^ out[1] ^ k[0], (uint32_t)b,
                            (uint32_t)(a >> 32) ^ out[3] ^ k[1], (uint32_t)a};
        memcpy(out, next, sizeof next);
        k[0] += 0x9E3779B9;
        k[1] += 0xBB67AE85;
    }
}

/* The word at a position, as rng.h defines it. */
static uint32_t word_at(uint64_t seed, uint64_t stream, uint64_t position) {
    uint64_t block = position / 4;
    uint32_t out[4];
    philox((const uint32_t[]){(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)stream,
                              (uint32_t)(stream >> 32)},
           (const uint32_t[]){(uint32_t)seed, (uint32_t)(seed >> 32)}, out);
    return out[position % 4];
}

START_TEST(second_philox_gives_the_known_answers) {
    for (size_t i = 0; i < GOLDEN_PHILOX_COUNT; i++) {
        uint32_t out[4];
        philox(GOLDEN_PHILOX[i], GOLDEN_PHILOX[i] + 4, out);
        ck_assert_mem_eq(out, GOLDEN_PHILOX[i] + 6, sizeof out);
    }
}
END_TEST

/* Of the published vectors only the first has a block number that a position can reach (below 2^62); the
 * others are checked against lib/ in check_kernels.c, and here through the second Philox. */
START_TEST(first_known_answer) {
    static const uint32_t expected[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    uint32_t bits[4];
    dae_rng *rng = open_stream(0, 0, 0);
    ok(dae_rng_fill_bits(rng, bits, 4));
    ck_assert_mem_eq(bits, expected, sizeof bits);
    dae_rng_free(rng);
}
END_TEST

START_TEST(bits_follow_the_definition) {
    static const uint64_t seeds[] = {0, 1, 0xFFFFFFFF, 0x100000000, UINT64_MAX, 0x299f31d0a4093822};
    static const uint64_t streams[] = {0, 1, 0x100000000, UINT64_C(4) << 56, UINT64_MAX, 0x0370734413198a2e};
    static const uint64_t positions[] = {
        0,
        4,
        4 * (UINT64_C(0xFFFFFFFF) - 1), /* the low counter word overflows into the high one */
        UINT64_C(1) << 62,
        UINT64_C(252) << 56,
        UINT64_MAX - 4 * 40 + 1, /* the last forty blocks */
    };
    enum { COUNT = 4 * 40 };
    uint32_t bits[COUNT];
    for (size_t i = 0; i < 6 * 6 * 6; i++) {
        uint64_t seed = seeds[i % 6], stream = streams[i / 6 % 6], position = positions[i / 36];
        dae_rng *rng = open_stream(seed, stream, position);
        ok(dae_rng_fill_bits(rng, bits, COUNT));
        for (size_t k = 0; k < COUNT; k++)
            ck_assert_msg(bits[k] == word_at(seed, stream, position + k),
                          "seed %#jx, stream %#jx, position %#jx + %zu", (uintmax_t)seed, (uintmax_t)stream,
                          (uintmax_t)position, k);
        ck_assert_uint_eq(position_of(rng), position + COUNT);
        dae_rng_free(rng);
    }
}
END_TEST

/* ---- Golden numbers --------------------------------------------------------------------------- */

static void check_golden(uint64_t seed, uint64_t stream, uint64_t position, size_t count,
                         const uint32_t *bits, const float *uniform, const double *normal) {
    uint32_t words[16];
    float floats[16];
    ck_assert_uint_le(count, 16);
    dae_rng *rng = open_stream(seed, stream, position);
    ok(dae_rng_fill_bits(rng, words, count));
    ck_assert_mem_eq(words, bits, count * sizeof *words);
    ok(dae_rng_set_position(rng, position));
    ok(dae_rng_fill_uniform(rng, floats, count, 0.0, 1.0));
    same_floats(floats, uniform, count);
    ok(dae_rng_set_position(rng, position));
    ok(dae_rng_fill_normal(rng, floats, count, 0.0, 1.0));
    for (size_t i = 0; i < count; i++)
        near(floats[i], normal[i], 4e-6);
    dae_rng_free(rng);
}

START_TEST(golden_numbers) {
    check_golden(GOLDEN_A_SEED, GOLDEN_A_STREAM, GOLDEN_A_POSITION, GOLDEN_A_COUNT, GOLDEN_A_BITS,
                 GOLDEN_A_UNIFORM, GOLDEN_A_NORMAL);
    check_golden(GOLDEN_B_SEED, GOLDEN_B_STREAM, GOLDEN_B_POSITION, GOLDEN_B_COUNT, GOLDEN_B_BITS,
                 GOLDEN_B_UNIFORM, GOLDEN_B_NORMAL);
    check_golden(GOLDEN_C_SEED, GOLDEN_C_STREAM, GOLDEN_C_POSITION, GOLDEN_C_COUNT, GOLDEN_C_BITS,
                 GOLDEN_C_UNIFORM, GOLDEN_C_NORMAL);
}
END_TEST

/* ---- The stream ------------------------------------------------------------------------------- */

enum { LENGTH = 4096 };

START_TEST(calls_may_be_split_at_multiples_of_four) {
    static const size_t parts[] = {4, 8, 12, 4, 64, 100, 252, 1000, 2048, 604};
    static float whole[LENGTH], split[LENGTH];
    static uint32_t whole_bits[LENGTH], split_bits[LENGTH];
    dae_rng *a = open_stream(3, 5, 0), *b = open_stream(3, 5, 0);
    ok(dae_rng_fill_normal(a, whole, LENGTH, 0.25, 2.0));
    size_t done = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; done += parts[i++])
        ok(dae_rng_fill_normal(b, split + done, parts[i], 0.25, 2.0));
    ck_assert_uint_eq(done, LENGTH);
    same_floats(split, whole, LENGTH);
    ok(dae_rng_fill_uniform(a, whole, LENGTH, -1.5, 2.5));
    done = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; done += parts[i++])
        ok(dae_rng_fill_uniform(b, split + done, parts[i], -1.5, 2.5));
    same_floats(split, whole, LENGTH);
    ok(dae_rng_fill_bits(a, whole_bits, LENGTH));
    done = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; done += parts[i++])
        ok(dae_rng_fill_bits(b, split_bits + done, parts[i]));
    ck_assert_mem_eq(split_bits, whole_bits, sizeof whole_bits);
    ck_assert_uint_eq(position_of(a), 3 * LENGTH);
    ck_assert_uint_eq(position_of(b), 3 * LENGTH);
    dae_rng_free(a);
    dae_rng_free(b);
}
END_TEST

/* A number depends on its position only, not on how many are drawn with it. */
START_TEST(every_count_gives_a_beginning_of_the_same) {
    enum { MOST = 133 };
    float longest[MOST], some[MOST + 1], longest_uniform[MOST];
    dae_rng *rng = open_stream(9, 1, 0);
    ok(dae_rng_fill_normal(rng, longest, MOST, 0.0, 1.0));
    ok(dae_rng_set_position(rng, 0));
    ok(dae_rng_fill_uniform(rng, longest_uniform, MOST, 0.0, 1.0));
    for (size_t count = 0; count <= MOST; count++) {
        some[count] = 77.0f;
        ok(dae_rng_set_position(rng, 0));
        ok(dae_rng_fill_normal(rng, some, count, 0.0, 1.0));
        same_floats(some, longest, count);
        ck_assert_float_eq(some[count], 77.0f);
        ck_assert_uint_eq(position_of(rng), (count + 3) / 4 * 4);
        ok(dae_rng_set_position(rng, 0));
        ok(dae_rng_fill_uniform(rng, some, count, 0.0, 1.0));
        same_floats(some, longest_uniform, count);
        ck_assert_float_eq(some[count], 77.0f);
    }
    dae_rng_free(rng);
}
END_TEST

START_TEST(drawing_starts_at_a_multiple_of_four) {
    for (uint64_t start = 0; start < 12; start++) {
        uint32_t bits[5];
        uint64_t from = (start + 3) / 4 * 4;
        dae_rng *rng = open_stream(8, 8, start);
        ck_assert_uint_eq(position_of(rng), start);
        ok(dae_rng_fill_bits(rng, bits, 5));
        for (size_t k = 0; k < 5; k++)
            ck_assert_uint_eq(bits[k], word_at(8, 8, from + k));
        ck_assert_uint_eq(position_of(rng), from + 8);
        dae_rng_free(rng);
    }
}
END_TEST

START_TEST(a_state_can_be_noted_and_restored) {
    float first[50], again[50];
    dae_rng *rng = open_stream(UINT64_MAX, 12, 0);
    ok(dae_rng_fill_uniform(rng, first, 50, 0, 1));
    uint64_t noted = position_of(rng);
    ok(dae_rng_fill_normal(rng, first, 50, 0, 1));
    dae_rng *restored = open_stream(UINT64_MAX, 12, noted);
    ok(dae_rng_fill_normal(restored, again, 50, 0, 1));
    same_floats(again, first, 50);
    ok(dae_rng_set_position(rng, noted));
    ok(dae_rng_fill_normal(rng, again, 50, 0, 1));
    same_floats(again, first, 50);
    dae_rng_free(rng);
    dae_rng_free(restored);
}
END_TEST

START_TEST(drawing_nothing_is_allowed) {
    dae_rng *rng = open_stream(1, 1, 8);
    ok(dae_rng_fill_bits(rng, NULL, 0));
    ok(dae_rng_fill_uniform(rng, NULL, 0, 0, 1));
    ok(dae_rng_fill_normal(rng, NULL, 0, 0, 1));
    ck_assert_uint_eq(position_of(rng), 8);
    dae_rng_free(rng);
    dae_rng_free(NULL);
}
END_TEST

/* ---- Formulae --------------------------------------------------------------------------------- */

START_TEST(uniform_follows_its_formula) {
    static float u[LENGTH], scaled[LENGTH], half[LENGTH];
    dae_rng *rng = open_stream(21, 0, 0);
    ok(dae_rng_fill_uniform(rng, u, LENGTH, 0, 1));
    ok(dae_rng_set_position(rng, 0));
    ok(dae_rng_fill_uniform(rng, half, LENGTH, -0.5, 0.5));
    ok(dae_rng_set_position(rng, 0));
    ok(dae_rng_fill_uniform(rng, scaled, LENGTH, -3.25, 11.5));
    for (size_t i = 0; i < LENGTH; i++) {
        double exact = (word_at(21, 0, i) >> 8) * 0x1p-24;
        ck_assert_double_eq(u[i], exact);
        ck_assert_double_eq(half[i], exact - 0.5); /* no rounding in float32 */
        near(scaled[i], -3.25 + 14.75 * exact, 14.75 * 0x1p-23);
        ck_assert_float_ge(scaled[i], -3.25f);
        ck_assert_float_le(scaled[i], 11.5f);
    }
    ok(dae_rng_fill_uniform(rng, scaled, 100, 0.75, 0.75));
    for (size_t i = 0; i < 100; i++)
        ck_assert_float_eq(scaled[i], 0.75f);
    dae_rng_free(rng);
}
END_TEST

/* Box and Muller in double precision. */
static double exact_normal(const uint32_t pair[2], size_t which) {
    double r = sqrt(-2.0 * log((pair[0] >> 1) * 0x1p-31 + 0x1p-32)), t = 2.0 * PI * pair[1] * 0x1p-32;
    return which == 0 ? r * cos(t) : r * sin(t);
}

START_TEST(normal_follows_its_formula) {
    enum { COUNT = 1 << 18 };
    uint32_t *bits = malloc(COUNT * sizeof *bits);
    float *z = malloc(COUNT * sizeof *z);
    ck_assert(bits != NULL && z != NULL);
    dae_rng *rng = open_stream(2, 77, 0);
    ok(dae_rng_fill_bits(rng, bits, COUNT));
    ok(dae_rng_set_position(rng, 0));
    ok(dae_rng_fill_normal(rng, z, COUNT, 0, 1));
    for (size_t i = 0; i < COUNT; i++)
        near(z[i], exact_normal(bits + i / 2 * 2, i % 2), 4e-6);
    ok(dae_rng_set_position(rng, 0));
    ok(dae_rng_fill_normal(rng, z, 1000, -2.5, 0.75));
    for (size_t i = 0; i < 1000; i++)
        near(z[i], -2.5 + 0.75 * exact_normal(bits + i / 2 * 2, i % 2), 4e-6);
    ok(dae_rng_fill_normal(rng, z, 100, 0.625, 0.0));
    for (size_t i = 0; i < 100; i++)
        ck_assert_float_eq(z[i], 0.625f);
    dae_rng_free(rng);
    free(bits);
    free(z);
}
END_TEST

/* ---- Statistics ------------------------------------------------------------------------------- */

/* Sample moments of n values of a normal distribution: the standard errors of mean, variance, skewness and
 * kurtosis are 1, sqrt 2, sqrt 6 and sqrt 24 over sqrt n. */
START_TEST(normal_moments) {
    enum { BLOCK = 1 << 16, BLOCKS = 64 };
    static float z[BLOCK];
    double sum[5] = {0}, n = (double)BLOCK * BLOCKS;
    dae_rng *rng = open_stream(31, 41, 0);
    for (int block = 0; block < BLOCKS; block++) {
        ok(dae_rng_fill_normal(rng, z, BLOCK, 0, 1));
        for (size_t i = 0; i < BLOCK; i++) {
            double square = (double)z[i] * (double)z[i];
            sum[1] += (double)z[i];
            sum[2] += square;
            sum[3] += square * (double)z[i];
            sum[4] += square * square;
        }
    }
    dae_rng_free(rng);
    near(sum[1] / n, 0.0, 5 * sqrt(1 / n));
    near(sum[2] / n, 1.0, 5 * sqrt(2 / n));
    near(sum[3] / n, 0.0, 5 * sqrt(15 / n)); /* raw third moment: variance 15 */
    near(sum[4] / n, 3.0, 5 * sqrt(96 / n)); /* raw fourth moment: variance 105 - 9 */
    double mean = sum[1] / n, variance = sum[2] / n - mean * mean;
    double third = sum[3] / n - 3 * mean * sum[2] / n + 2 * mean * mean * mean;
    near(third / pow(variance, 1.5), 0.0, 5 * sqrt(6 / n));
    double fourth = sum[4] / n - 4 * mean * sum[3] / n + 6 * mean * mean * sum[2] / n - 3 * pow(mean, 4);
    near(fourth / (variance * variance), 3.0, 5 * sqrt(24 / n));
}
END_TEST

/* Neighbours, and the two of a pair, do not go together. */
START_TEST(normal_values_are_not_correlated) {
    enum { COUNT = 1 << 20 };
    float *z = malloc(COUNT * sizeof *z);
    ck_assert_ptr_nonnull(z);
    dae_rng *rng = open_stream(55, 2, 0);
    ok(dae_rng_fill_normal(rng, z, COUNT, 0, 1));
    dae_rng_free(rng);
    for (size_t lag = 1; lag <= 8; lag++) {
        double product = 0, squares = 0;
        for (size_t i = 0; i + lag < COUNT; i++) {
            product += (double)z[i] * (double)z[i + lag];
            squares += (double)z[i] * (double)z[i] * (double)z[i + lag] * (double)z[i + lag];
        }
        near(product / COUNT, 0.0, 5 * sqrt(1.0 / COUNT));
        near(squares / COUNT, 1.0, 5 * sqrt(8.0 / COUNT));
    }
    free(z);
}
END_TEST

static int compare_floats(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static double uniform_share(double x) {
    return x;
}

static double normal_share(double x) {
    return 0.5 * erfc(-x / sqrt(2.0));
}

/* Kolmogorov and Smirnov: the largest distance between the share of values below x and what it should be,
 * times sqrt n, is above 2.23 once in ten thousand times. */
static double greatest_distance(float *x, size_t count, double (*share)(double)) {
    double distance = 0;
    qsort(x, count, sizeof *x, compare_floats);
    for (size_t i = 0; i < count; i++) {
        double expected = share((double)x[i]);
        distance = fmax(
            distance, fmax(expected - (double)i / (double)count, (double)(i + 1) / (double)count - expected));
    }
    return distance * sqrt((double)count);
}

START_TEST(distributions_have_the_right_shape) {
    enum { COUNT = 1 << 18 };
    float *x = malloc(COUNT * sizeof *x);
    ck_assert_ptr_nonnull(x);
    dae_rng *rng = open_stream(6, 6, 0);
    ok(dae_rng_fill_uniform(rng, x, COUNT, 0, 1));
    ck_assert_double_lt(greatest_distance(x, COUNT, uniform_share), 2.23);
    ck_assert_float_ge(x[0], 0.0f);
    ck_assert_float_lt(x[COUNT - 1], 1.0f);
    ok(dae_rng_fill_normal(rng, x, COUNT, 0, 1));
    ck_assert_double_lt(greatest_distance(x, COUNT, normal_share), 2.23);
    dae_rng_free(rng);
    free(x);
}
END_TEST

/* Every bit of a word is set half of the time. */
START_TEST(bits_are_fair) {
    enum { COUNT = 1 << 18 };
    uint32_t *bits = malloc(COUNT * sizeof *bits);
    size_t set[32] = {0};
    ck_assert_ptr_nonnull(bits);
    dae_rng *rng = open_stream(12, 34, 0);
    ok(dae_rng_fill_bits(rng, bits, COUNT));
    for (size_t i = 0; i < COUNT; i++)
        for (int bit = 0; bit < 32; bit++)
            set[bit] += bits[i] >> bit & 1;
    for (int bit = 0; bit < 32; bit++)
        near(set[bit], COUNT / 2.0, 5 * sqrt(COUNT / 4.0));
    dae_rng_free(rng);
    free(bits);
}
END_TEST

/* Far values are as rare as they should be, exact as documented, and end at 6.67. */
START_TEST(normal_tails) {
    enum { BLOCK = 1 << 16, BLOCKS = 512 };
    static const double beyond[] = {4.0, 4.5, 5.0};
    static float z[BLOCK];
    static uint32_t bits[BLOCK];
    size_t found[3] = {0}, total = (size_t)BLOCK * BLOCKS;
    dae_rng *rng = open_stream(1234, 5, 0);
    for (int block = 0; block < BLOCKS; block++) {
        bool drawn = false;
        uint64_t start = position_of(rng);
        ok(dae_rng_fill_normal(rng, z, BLOCK, 0, 1));
        for (size_t i = 0; i < BLOCK; i++) {
            float size = fabsf(z[i]);
            if (!(size > 4.0f))
                continue;
            for (int k = 0; k < 3; k++)
                found[k] += (double)size > beyond[k];
            if (size < 4.5f)
                continue;
            if (!drawn) {
                ok(dae_rng_set_position(rng, start));
                ok(dae_rng_fill_bits(rng, bits, BLOCK));
                drawn = true;
            }
            ck_assert_float_le(size, 6.67f);
            near(z[i], exact_normal(bits + i / 2 * 2, i % 2), 4e-6);
        }
    }
    dae_rng_free(rng);
    for (int k = 0; k < 3; k++) {
        /* a count with expectation m is about normal after 2 sqrt: mean 2 sqrt m, deviation 1 */
        double expected = (double)total * erfc(beyond[k] / sqrt(2.0));
        near(2 * sqrt((double)found[k] + 0.375), 2 * sqrt(expected), 5);
    }
}
END_TEST

/* Seeds and streams that differ by one bit give unrelated words. */
START_TEST(seeds_and_streams_are_independent) {
    enum { COUNT = 4096 };
    static uint32_t base[COUNT], other[COUNT];
    dae_rng *rng = open_stream(1, 1, 0);
    ok(dae_rng_fill_bits(rng, base, COUNT));
    dae_rng_free(rng);
    for (int bit = 0; bit < 128; bit++) {
        uint64_t flip = UINT64_C(1) << bit % 64;
        rng = open_stream(bit < 64 ? 1 ^ flip : 1, bit < 64 ? 1 : 1 ^ flip, 0);
        ok(dae_rng_fill_bits(rng, other, COUNT));
        dae_rng_free(rng);
        double differing = 0;
        for (size_t i = 0; i < COUNT; i++)
            for (uint32_t left = base[i] ^ other[i]; left != 0; left &= left - 1)
                differing++;
        near(differing, COUNT * 16.0, 5 * sqrt(COUNT * 8.0));
    }
}
END_TEST

/* ---- Errors ----------------------------------------------------------------------------------- */

START_TEST(null_is_refused) {
    dae_rng *rng = open_stream(1, 0, 4);
    uint64_t position = 99;
    float x = 7;
    uint32_t bits = 7;
    fails(dae_rng_create(NULL, 1, 0), DAE_ERROR_ARGUMENT, "out");
    fails(dae_rng_get_position(NULL, &position), DAE_ERROR_ARGUMENT, "rng");
    fails(dae_rng_get_position(rng, NULL), DAE_ERROR_ARGUMENT, "position");
    fails(dae_rng_set_position(NULL, 0), DAE_ERROR_ARGUMENT, "rng");
    fails(dae_rng_fill_bits(NULL, &bits, 1), DAE_ERROR_ARGUMENT, "rng");
    fails(dae_rng_fill_bits(rng, NULL, 1), DAE_ERROR_ARGUMENT, "out");
    fails(dae_rng_fill_uniform(NULL, &x, 1, 0, 1), DAE_ERROR_ARGUMENT, "rng");
    fails(dae_rng_fill_uniform(rng, NULL, 1, 0, 1), DAE_ERROR_ARGUMENT, "out");
    fails(dae_rng_fill_normal(NULL, &x, 1, 0, 1), DAE_ERROR_ARGUMENT, "rng");
    fails(dae_rng_fill_normal(rng, NULL, 1, 0, 1), DAE_ERROR_ARGUMENT, "out");
    ck_assert_uint_eq(position, 99);
    ck_assert_float_eq(x, 7);
    ck_assert_uint_eq(bits, 7);
    ck_assert_uint_eq(position_of(rng), 4);
    dae_rng_free(rng);
}
END_TEST

START_TEST(parameters_are_checked) {
    dae_rng *rng = open_stream(1, 0, 5);
    float x[2] = {7, 7};
    double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    for (size_t i = 0; i < 3; i++) {
        fails(dae_rng_fill_uniform(rng, x, 2, bad[i], 1.0), DAE_ERROR_ARGUMENT, "low");
        fails(dae_rng_fill_uniform(rng, x, 2, 0.0, bad[i]), DAE_ERROR_ARGUMENT, "high");
        fails(dae_rng_fill_normal(rng, x, 2, bad[i], 1.0), DAE_ERROR_ARGUMENT, "mean");
        fails(dae_rng_fill_normal(rng, x, 2, 0.0, bad[i]), DAE_ERROR_ARGUMENT, "stddev");
    }
    /* finite, but not when rounded to float32, be it one limit or the distance of both */
    const double wide[][2] = {{1e38, 4e38}, {-(0x1p127 - 0x1p104 - 0x1p84), 0x1p127 + 0x1p103 + 0x1p83}};
    for (size_t i = 0; i < 2; i++) {
        fails(dae_rng_fill_uniform(rng, x, 2, wide[i][0], wide[i][1]), DAE_ERROR_ARGUMENT, "high");
        fails(dae_add_uniform_noise(x, 2, wide[i][0], wide[i][1], rng), DAE_ERROR_ARGUMENT, "high");
    }
    fails(dae_rng_fill_uniform(rng, x, 2, -3e38, 3e38), DAE_ERROR_ARGUMENT, "high");
    fails(dae_rng_fill_uniform(rng, x, 2, 0.5, 0.25), DAE_ERROR_ARGUMENT, "0.5");
    fails(dae_rng_fill_normal(rng, x, 2, 0.0, -0.125), DAE_ERROR_ARGUMENT, "-0.125");
    ck_assert_float_eq(x[0], 7);
    ck_assert_float_eq(x[1], 7);
    ck_assert_uint_eq(position_of(rng), 5);
    dae_rng_free(rng);
}
END_TEST

static dae_status create_and_free(void *user) {
    dae_rng *untouched = user, *rng = untouched;
    dae_status status = dae_rng_create(&rng, 1, 0);
    if (status == DAE_OK)
        dae_rng_free(rng);
    else
        ck_assert_ptr_eq(rng, untouched);
    return status;
}

START_TEST(memory_may_run_out) {
    ck_assert_uint_ge(every_allocation_fails(create_and_free, &(int){0}), 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("rng");
    TCase *bits = add_case(suite, "philox");
    tcase_add_test(bits, second_philox_gives_the_known_answers);
    tcase_add_test(bits, first_known_answer);
    tcase_add_test(bits, bits_follow_the_definition);
    tcase_add_test(bits, golden_numbers);
    TCase *stream = add_case(suite, "stream");
    tcase_add_test(stream, calls_may_be_split_at_multiples_of_four);
    tcase_add_test(stream, every_count_gives_a_beginning_of_the_same);
    tcase_add_test(stream, drawing_starts_at_a_multiple_of_four);
    tcase_add_test(stream, a_state_can_be_noted_and_restored);
    tcase_add_test(stream, drawing_nothing_is_allowed);
    TCase *formulae = add_case(suite, "formulae");
    tcase_add_test(formulae, uniform_follows_its_formula);
    tcase_add_test(formulae, normal_follows_its_formula);
    TCase *statistics = add_case(suite, "statistics");
    tcase_add_test(statistics, normal_moments);
    tcase_add_test(statistics, normal_values_are_not_correlated);
    tcase_add_test(statistics, distributions_have_the_right_shape);
    tcase_add_test(statistics, bits_are_fair);
    tcase_add_test(statistics, normal_tails);
    tcase_add_test(statistics, seeds_and_streams_are_independent);
    TCase *errors = add_case(suite, "errors");
    tcase_add_test(errors, null_is_refused);
    tcase_add_test(errors, parameters_are_checked);
    tcase_add_test(errors, memory_may_run_out);
    return suite_main(suite);
}
