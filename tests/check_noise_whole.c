/* Kinds of noise that read whole samples: gaps, waves, blur, coloured noise, recordings. */
#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846

/* Half width, in standard deviations, of an interval that holds a mean in 99.9 % of all cases. */
static const double z_999 = 3.2905;

static dae_noise *parse(const char *text) {
    dae_noise *noise = NULL;
    ok(dae_noise_parse(&noise, text));
    return noise;
}

/* Applies a recipe to samples of shape [a, b, c], or [b, c] where a is 0, or [c] where b is 0, too. */
static void apply(const char *text, float *x, size_t samples, size_t a, size_t b, size_t c, uint64_t seed) {
    const size_t shape[] = {a, b, c};
    size_t skip = a > 0 ? 0 : b > 0 ? 1 : 2;
    dae_noise *noise = parse(text);
    ok(dae_noise_apply(noise, x, samples, 3 - skip, shape + skip, seed, 0, 0));
    dae_noise_free(noise);
}

static void fill(float *x, size_t count, float value) {
    for (size_t i = 0; i < count; i++)
        x[i] = value;
}

static void ramp(float *x, size_t count) {
    for (size_t i = 0; i < count; i++)
        x[i] = (float)i + 1;
}

/* ---- Gaps --------------------------------------------------------------------------------------------- */

/* Where values are `lost`, which stand in one stretch of the row; its first and its length. */
static size_t find_gap(const float *x, size_t count, float lost, size_t *length) {
    size_t first = 0, end = count;
    while (first < count && x[first] != lost)
        first++;
    while (end > first && x[end - 1] != lost)
        end--;
    for (size_t i = first; i < end; i++)
        ck_assert_float_eq(x[i], lost);
    *length = end - first;
    return first;
}

START_TEST(spans_begin_anywhere_equally_likely) {
    enum { MANY = 20000, LENGTH = 12, SPAN = 5, PLACES = LENGTH - SPAN + 1 };
    static float x[MANY * 2 * LENGTH];
    double counts[PLACES] = {0};
    fill(x, MANY * 2 * LENGTH, 1);
    apply("spans(1, 5, value=-2)", x, MANY, 0, 2, LENGTH, 1);
    for (size_t i = 0; i < MANY; i++) {
        size_t length, other, first = find_gap(x + i * 2 * LENGTH, LENGTH, -2, &length);
        ck_assert_uint_eq(find_gap(x + (i * 2 + 1) * LENGTH, LENGTH, -2, &other), first);
        ck_assert_uint_eq(length, SPAN);
        ck_assert_uint_eq(other, SPAN);
        counts[first]++;
    }
    double p = 1.0 / PLACES;
    for (size_t i = 0; i < PLACES; i++)
        near(counts[i] / MANY, p, z_999 * sqrt(p * (1 - p) / MANY));
}
END_TEST

START_TEST(blocks_lie_anywhere_equally_likely) {
    enum { MANY = 20000, HEIGHT = 5, WIDTH = 4, PLACES = 4 * 2, PICTURE = HEIGHT * WIDTH };
    static float x[MANY * 2 * PICTURE];
    double counts[PLACES] = {0};
    fill(x, MANY * 2 * PICTURE, 1);
    apply("blocks(1, 2, 3, value=9)", x, MANY, 2, HEIGHT, WIDTH, 1);
    for (size_t i = 0; i < MANY; i++) {
        const float *picture = x + i * 2 * PICTURE;
        size_t top = 0, left, length, rows = 0;
        same_floats(picture + PICTURE, picture, PICTURE);
        while (find_gap(picture + top * WIDTH, WIDTH, 9, &length), length == 0)
            top++;
        left = find_gap(picture + top * WIDTH, WIDTH, 9, &length);
        for (size_t y = 0; y < HEIGHT; y++) {
            size_t at = find_gap(picture + y * WIDTH, WIDTH, 9, &length);
            rows += length > 0;
            if (length > 0)
                ck_assert(length == 3 && at == left && y >= top && y < top + 2);
        }
        ck_assert_uint_eq(rows, 2);
        counts[top * 2 + left]++;
    }
    double p = 1.0 / PLACES;
    for (size_t i = 0; i < PLACES; i++)
        near(counts[i] / MANY, p, z_999 * sqrt(p * (1 - p) / MANY));
}
END_TEST

/* Two gaps of one value in 10: both at one place in a tenth of all cases. */
START_TEST(gaps_of_a_sample_are_independent) {
    enum { MANY = 20000, LENGTH = 10 };
    static const char *const texts[] = {"spans(2, 1)", "blocks(2, 1, 1)", "spans(1, 1) | spans(1, 1)"};
    static float x[MANY * LENGTH];
    for (size_t k = 0; k < 3; k++) {
        double once = 0;
        fill(x, MANY * LENGTH, 1);
        apply(texts[k], x, MANY, 0, 0, LENGTH, 1);
        for (size_t i = 0; i < MANY; i++) {
            size_t lost = 0;
            for (size_t t = 0; t < LENGTH; t++)
                lost += x[i * LENGTH + t] == 0;
            ck_assert(lost == 1 || lost == 2);
            once += lost == 1;
        }
        near(once / MANY, 0.1, z_999 * sqrt(0.09 / MANY));
    }
}
END_TEST

START_TEST(gaps_at_their_limits) {
    float x[24], y[24];
    ramp(x, 24);
    ramp(y, 24);
    apply("spans(0, 5) | blocks(0, 5, 5)", x, 1, 2, 3, 4, 1);
    same_floats(x, y, 24);
    apply("spans(1, 1000, fill=mean)", x, 1, 2, 3, 4, 1); /* larger than the sample: all of it */
    fill(y, 24, 12.5f);
    same_floats(x, y, 24);
    ramp(x, 24);
    apply("blocks(3, 9007199254740992, 4, fill=mean)", x, 1, 2, 3, 4, 1);
    same_floats(x, y, 24);
    apply("blocks(1, 7, 24, value=3)", x, 1, 0, 0, 24, 1); /* rank 1: a picture of height 1 */
    fill(y, 24, 3);
    same_floats(x, y, 24);
    ramp(x, 24);
    apply("spans(1, 2, value=uniform(-7, -7))", x, 4, 0, 0, 6, 1);
    for (size_t i = 0; i < 4; i++) {
        size_t length;
        find_gap(x + 6 * i, 6, -7, &length);
        ck_assert_uint_eq(length, 2);
    }
}
END_TEST

/* ---- Waves -------------------------------------------------------------------------------------------- */

/* Amplitude and phase of cos and sin of `cycles` cycles a value in x: with whole numbers of cycles, exact. */
static double amplitude_at(const float *x, size_t count, double cycles, double *phase) {
    double c = 0, s = 0;
    for (size_t t = 0; t < count; t++) {
        c += 2 * (double)x[t] * cos(2 * PI * cycles * (double)t) / (double)count;
        s += 2 * (double)x[t] * sin(2 * PI * cycles * (double)t) / (double)count;
    }
    *phase = atan2(c, s);
    return sqrt(c * c + s * s);
}

START_TEST(hum_is_a_sum_of_harmonics) {
    enum { LENGTH = 1000 };
    float x[2 * LENGTH] = {0};
    double rest = 0;
    apply("hum(frequency=50, rate=1000, amplitude=0.3, harmonics=3)", x, 1, 0, 2, LENGTH, 4);
    same_floats(x + LENGTH, x, LENGTH);
    double phases[4];
    for (int k = 1; k <= 3; k++)
        near(amplitude_at(x, LENGTH, 0.05 * k, &phases[k]), 0.3 / k, 1e-6);
    for (int t = 0; t < LENGTH; t++) {
        double expected = 0;
        for (int k = 1; k <= 3; k++)
            expected += 0.3 / k * sin(2 * PI * 0.05 * k * t + phases[k]);
        rest = fmax(rest, fabs((double)x[t] - expected));
    }
    near(rest, 0, 2e-6);
}
END_TEST

/* The phase is still right after millions of values, at a frequency that has no end in binary. */
START_TEST(hum_keeps_its_phase) {
    enum { LENGTH = 1 << 22 };
    float *x = calloc(LENGTH, sizeof *x);
    double start, end;
    ck_assert_ptr_nonnull(x);
    apply("hum(frequency=49.7, rate=16000, amplitude=1)", x, 1, 0, 0, LENGTH, 1);
    near(amplitude_at(x, 160000, 49.7 / 16000, &start), 1, 1e-4);
    size_t late = LENGTH - 160000; /* 497 cycles, from a whole number of 160000ths on */
    near(amplitude_at(x + late, 160000, 49.7 / 16000, &end), 1, 1e-4);
    double turns = 49.7 / 16000 * (double)late;
    near(remainder(end - start - 2 * PI * (turns - floor(turns)), 2 * PI), 0, 1e-4);
    free(x);
}
END_TEST

/* Phases are equally likely, and those of harmonics independent: mean of x(0)^2 and of what phases give. */
START_TEST(hum_has_random_phases) {
    enum { MANY = 20000 };
    static float x[MANY * 4];
    double mean = 0, square = 0, moments[2] = {0};
    memset(x, 0, sizeof x);
    apply("hum(1, 4, 2)", x, MANY, 0, 0, 4, 1); /* values at the phase, and a quarter after it */
    for (size_t i = 0; i < MANY; i++) {
        double s = (double)x[4 * i] / 2, c = (double)x[4 * i + 1] / 2;
        near(s * s + c * c, 1, 1e-5);
        mean += s / MANY;
        square += s * s / MANY;
        moments[0] += (c * c - s * s) / MANY;
        moments[1] += 2 * s * c / MANY;
    }
    near(mean, 0, z_999 * sqrt(0.5 / MANY));
    near(square, 0.5, z_999 * sqrt(0.125 / MANY));
    near(moments[0], 0, z_999 * sqrt(0.5 / MANY));
    near(moments[1], 0, z_999 * sqrt(0.5 / MANY));
}
END_TEST

/* E x = 0, E x(s) x(t) = amplitude^2 / 2 sinc(2 (t - s) / period), channels apart. */
START_TEST(drift_has_its_covariance) {
    enum { MANY = 20000, LENGTH = 40 };
    static const size_t at[] = {0, 1, 5, 10, 15, 39};
    static float x[MANY * 2 * LENGTH];
    memset(x, 0, sizeof x);
    apply("drift(3, 20)", x, MANY, 0, 2, LENGTH, 1);
    double variance = 4.5, channels = 0;
    for (size_t k = 0; k < sizeof at / sizeof *at; k++) {
        double mean = 0, product = 0, lag = 2 * (double)at[k] / 20;
        for (size_t i = 0; i < MANY; i++) {
            const float *row = x + i * 2 * LENGTH;
            mean += (double)row[at[k]] / MANY;
            product += (double)row[0] * (double)row[at[k]] / MANY;
        }
        near(mean, 0, z_999 * sqrt(variance / MANY));
        double expected = lag > 0 ? variance * sin(PI * lag) / (PI * lag) : variance;
        near(product, expected, z_999 * sqrt(2 * variance * variance / MANY)); /* at most that of normal */
    }
    for (size_t i = 0; i < MANY; i++)
        channels += (double)x[2 * i * LENGTH + 3] * (double)x[(2 * i + 1) * LENGTH + 3] / MANY;
    near(channels, 0, z_999 * variance / sqrt(MANY));
}
END_TEST

/* ---- Blur --------------------------------------------------------------------------------------------- */

static size_t reflected(long i, size_t count) {
    while (i < 0 || i >= (long)count)
        i = i < 0 ? -1 - i : 2 * (long)count - 1 - i;
    return (size_t)i;
}

/* Along one of two dimensions, in double precision. */
static void blur_by_hand(double *x, size_t count, size_t stride, double stddev) {
    double *before = must_have(count * sizeof *before);
    long radius = (long)floor(4 * stddev + 0.5);
    for (size_t i = 0; i < count; i++)
        before[i] = x[i * stride];
    for (size_t i = 0; i < count; i++) {
        double sum = 0, weights = 0;
        for (long j = -radius; j <= radius; j++) {
            double w = exp(-0.5 * (double)(j * j) / (stddev * stddev));
            sum += w * before[reflected((long)i + j, count)];
            weights += w;
        }
        x[i * stride] = sum / weights;
    }
    free(before);
}

static void blur_is_right(size_t channels, size_t height, size_t width, double stddev, int dims) {
    size_t count = channels * height * width;
    float *x = random_floats(count, -1, 1, 7);
    double *expected = must_have(count * sizeof *expected);
    char text[100];
    for (size_t i = 0; i < count; i++)
        expected[i] = (double)x[i];
    for (size_t c = 0; c < channels; c++) {
        double *picture = expected + c * height * width;
        for (size_t i = 0; dims == 2 && i < width; i++)
            blur_by_hand(picture + i, height, width, stddev);
        for (size_t y = 0; y < height; y++)
            blur_by_hand(picture + y * width, width, 1, stddev);
    }
    snprintf(text, sizeof text, "blur(%g, dims=%d)", stddev, dims);
    apply(text, x, 1, channels, height, width, 1);
    for (size_t i = 0; i < count; i++)
        near(x[i], expected[i], 2e-6);
    free(x);
    free(expected);
}

START_TEST(blur_is_a_gaussian_mean) {
    blur_is_right(1, 1, 1, 1, 2);
    blur_is_right(1, 28, 28, 0.1, 2); /* nothing */
    blur_is_right(1, 28, 28, 0.125, 2);
    blur_is_right(3, 28, 28, 1.5, 2);
    blur_is_right(2, 3, 130, 2.25, 2);
    blur_is_right(1, 130, 65, 1, 2);
    blur_is_right(1, 2, 3, 5, 2); /* borders reflected over and over */
    blur_is_right(2, 5, 300, 3, 1);
    blur_is_right(1, 1, 64, 100, 2);
    float flat[20], expected[20];
    fill(flat, 20, 0.75f);
    fill(expected, 20, 0.75f);
    apply("blur(0)", flat, 1, 0, 4, 5, 1);
    same_floats(flat, expected, 20);
    apply("blur(uniform(0, 30))", flat, 1, 0, 0, 20, 1);
    for (int i = 0; i < 20; i++)
        near(flat[i], 0.75, 1e-6);
}
END_TEST

/* ---- Coloured ----------------------------------------------------------------------------------------- */

/* E x(s) x(t) = stddev^2 sum of k^-a cos(2 pi k (t - s) / N) / sum of k^-a over k < N / 2. */
static double covariance(double exponent, size_t half, size_t lag) {
    double sum = 0, all = 0;
    for (size_t k = 1; k < half; k++) {
        double power = pow((double)k, -exponent);
        sum += power * cos(PI * (double)(k * lag) / (double)half);
        all += power;
    }
    return sum / all;
}

static const struct {
    const char *text;
    double exponent;
    size_t length, half;
} colours[] = {
    {"coloured(0, 2)", 0, 30, 32},     {"coloured(1, 2)", 1, 32, 32}, {"coloured(2, 2)", 2, 33, 64},
    {"coloured(-1, 2)", -1, 40, 64},   {"coloured(4, 2)", 4, 40, 64}, {"coloured(-4, 2)", -4, 40, 64},
    {"coloured(0.7, 2)", 0.7, 40, 64}, {"coloured(1, 2)", 1, 1, 16},
};

START_TEST(coloured_noise_has_its_covariance) {
    enum { MANY = 10000, MOST = 2 * 64 };
    static float x[MANY * MOST];
    size_t n = colours[_i].length;
    double channels = 0;
    memset(x, 0, sizeof x);
    apply(colours[_i].text, x, MANY, 0, 2, n, 1);
    for (size_t lag = 0; lag < n; lag += 3)
        for (size_t from = 0; from + lag < n; from += 13) {
            double product = 0, mean = 0,
                   expected = 4 * covariance(colours[_i].exponent, colours[_i].half, lag);
            for (size_t i = 0; i < MANY; i++) {
                const float *row = x + 2 * i * n + from;
                product += (double)row[0] * (double)row[lag] / MANY;
                mean += (double)row[lag] / MANY;
            }
            near(mean, 0, 4.5 * 2 / sqrt(MANY)); /* z for 99.9 % over all of some hundred of these */
            near(product, expected, 4.5 * sqrt((16 + expected * expected) / MANY));
        }
    for (size_t i = 0; i < MANY; i++)
        channels += (double)x[2 * i * n] * (double)x[(2 * i + 1) * n] / MANY;
    near(channels, 0, z_999 * 4 / sqrt(MANY));
}
END_TEST

/* E (x(t + lag) - x(t))^2 over long lags, which slow parts of the spectrum make. */
START_TEST(coloured_noise_is_slow_enough) {
    enum { LENGTH = 4096, MANY = 2000 };
    static const size_t lags[] = {1, 10, 100, 1000, 4095};
    static const double exponents[] = {1, 2};
    float *x = must_have((size_t)LENGTH * MANY * sizeof *x);
    for (size_t k = 0; k < 2; k++) {
        memset(x, 0, (size_t)LENGTH * MANY * sizeof *x);
        apply(k == 0 ? "coloured(1, 0.5)" : "coloured(2, 0.5)", x, MANY, 0, 0, LENGTH, 3);
        for (size_t j = 0; j < sizeof lags / sizeof *lags; j++) {
            double square = 0, expected = 0.5 * (1 - covariance(exponents[k], LENGTH, lags[j]));
            for (size_t i = 0; i < MANY; i++) {
                double gap = (double)x[i * LENGTH + lags[j]] - (double)x[i * LENGTH];
                square += gap * gap / MANY;
            }
            near(square, expected, z_999 * expected * sqrt(2.0 / MANY));
        }
    }
    free(x);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("noise whole");
    TCase *gaps = add_case(suite, "gaps");
    tcase_add_test(gaps, spans_begin_anywhere_equally_likely);
    tcase_add_test(gaps, blocks_lie_anywhere_equally_likely);
    tcase_add_test(gaps, gaps_of_a_sample_are_independent);
    tcase_add_test(gaps, gaps_at_their_limits);
    TCase *waves = add_case(suite, "waves");
    tcase_add_test(waves, hum_is_a_sum_of_harmonics);
    tcase_add_test(waves, hum_keeps_its_phase);
    tcase_add_test(waves, hum_has_random_phases);
    tcase_add_test(waves, drift_has_its_covariance);
    TCase *blur = add_case(suite, "blur");
    tcase_add_test(blur, blur_is_a_gaussian_mean);
    TCase *coloured = add_case(suite, "coloured");
    tcase_add_loop_test(coloured, coloured_noise_has_its_covariance, 0, sizeof colours / sizeof *colours);
    tcase_add_test(coloured, coloured_noise_is_slow_enough);
    return suite_main(suite);
}
