/* Coloured noise, of which the power falls with a power of the frequency: made as a spectrum.
 *
 * A channel of n values gets the first n of a period of N, a power of two, at least 2 n, so that its ends
 * know nothing of each other:
 *
 *     x[t] = sum over k = 1 ... N/2 - 1 of A_k (a_k cos(2 pi k t / N) - b_k sin(2 pi k t / N))
 *
 * with normal a_k and b_k, and A_k in proportion to k^(-exponent / 2) so that the expectation of x[t]^2 is
 * stddev^2. So x is normal, alike at all times, and has this spectrum exactly.
 *
 * With M = N/2, X_k = A_k (a_k + i b_k) / 2 and X_0 = X_M = 0, even values are the real parts and odd ones
 * the imaginary parts of z[t] = sum over k = 0 ... M - 1 of Z_k exp(2 pi i k t / M), where
 *
 *     Z_k = (X_k + conj X_(M-k)) + i exp(2 pi i k / N) (X_k - conj X_(M-k)) */
#include "core/memory.h"
#include "noise/noise.h"

#include <math.h>

struct spectrum {
    size_t half;             /* M, a power of two */
    float *real, *imaginary; /* [M]: Z, then z */
    float *cosine, *sine;    /* [2 M]: of pi j / m, for j < m, from m on, which is 1, 2, 4 ... M */
    float *amplitude;        /* [M] */
    float *normal;           /* [2 M]: a_k and b_k, then room */
};

typedef double coloured_loop(const struct spectrum *s, double exponent, struct dae_draw from);

DAE_DECLARE_LOOP(coloured_loop, prepare)
DAE_DECLARE_LOOP(coloured_loop, transform)

#ifdef DAE_KERNELS_TARGET

#include "math/draws.h"
#include "math/elementary.h"
#include "math/sums.h"

/* Every other one of 2 m is one of m. */
static void halve(float *restrict to, const float *restrict from, size_t m) {
    for (size_t j = 0; j < m; j++)
        to[j] = from[2 * j];
}

/* Those of M, and from them all others. */
static void make_turns(const struct spectrum *s, uint32_t shift) {
    enum { TOGETHER = 2 * NATIVE };
    for (size_t j = 0; j < s->half; j += TOGETHER) {
        uint32_t words[TOGETHER];
        native_words_t angle[2];
        native_t sine[2], cosine[2];
        for (size_t i = 0; i < TOGETHER; i++)
            words[i] = (uint32_t)(j + i) << shift;
        memcpy(angle, words, sizeof words);
        turn(sine, cosine, angle, 2);
        memcpy(s->sine + s->half + j, sine, dae_size_min(sizeof sine, (s->half - j) * sizeof *s->sine));
        memcpy(s->cosine + s->half + j, cosine, dae_size_min(sizeof cosine, (s->half - j) * sizeof *s->sine));
    }
    for (size_t m = s->half / 2; m > 0; m /= 2) {
        halve(s->sine + m, s->sine + 2 * m, m);
        halve(s->cosine + m, s->cosine + 2 * m, m);
    }
}

/* Turns, and amplitudes k^(-exponent / 2) with the sum of their squares. */
double DAE_LOOP(prepare)(const struct spectrum *s, double exponent, struct dae_draw from) {
    float power = (float)(-0.5 * exponent), *a = s->amplitude;
    uint32_t shift = 31;
    (void)from;
    for (size_t m = 1; m < s->half; m *= 2)
        shift--;
    make_turns(s, shift);
    for (size_t k = 0; k < s->half; k++)
        a[k] = dae_exp(power * dae_log((float)(int32_t)k + (k == 0 ? 1.0f : 0.0f)));
    a[0] = 0;
#define SQUARE(i) (a[i] * a[i])
    SUM_OVER(s->half, SQUARE);
}

static void draw_all(const struct spectrum *s, struct dae_draw from) {
    float *x = s->normal;
    FOR_STRIPS(x, 2 * s->half, from) {
        float z[4 * BLOCKS];
        draw_strip_normal(z, n, from);
        memcpy(x, z, n * sizeof *x);
    }
}

static void scale(float *restrict x, const float *restrict by, size_t count) {
    for (size_t k = 0; k < count; k++)
        x[k] *= by[k];
}

/* Z_k of A_k a_k and A_k b_k */
static void fill(float *restrict real, float *restrict imaginary, const float *restrict a,
                 const float *restrict b, const float *restrict cosine, const float *restrict sine,
                 size_t half) {
    real[0] = imaginary[0] = 0;
    for (size_t k = 1; k < half; k++) {
        float x = a[k], y = b[k], u = a[half - k], v = b[half - k], c = cosine[k], d = sine[k];
        real[k] = (x + u) - (c * (y + v) + d * (x - u));
        imaginary[k] = (y - v) + (c * (x - u) - d * (y + v));
    }
}

struct numbers {
    float *real, *imaginary;
};

/* Stockham's transform, which leaves results in order, makes sums of 2 m numbers from sums of m, in log2 M
 * steps. The k-th sum of the j-th m numbers, which are M / m apart, stands at j m + k from STRIP on, and at
 * j + k M / m before: loops go over what is long. */
enum { STRIP = 16 };

/* Sums that are `from_far` apart become sums that are `far` apart: all turned alike, or each by its own. */
ALWAYS_INLINE void sum_up(float *restrict x, float *restrict y, size_t far, const float *restrict u,
                          const float *restrict v, size_t from_far, const float *restrict c,
                          const float *restrict d, size_t count, const bool alike) {
    for (size_t i = 0; i < count; i++) {
        float less_u = u[i] - u[from_far + i], less_v = v[i] - v[from_far + i];
        float cosine = c[alike ? 0 : i], sine = d[alike ? 0 : i];
        x[i] = u[i] + u[from_far + i];
        y[i] = v[i] + v[from_far + i];
        x[far + i] = less_u * cosine - less_v * sine;
        y[far + i] = less_u * sine + less_v * cosine;
    }
}

static void sum_rows(struct numbers to, struct numbers from, const struct spectrum *s, size_t m) {
    size_t turns = s->half / (2 * m);
    for (size_t j = 0; j < turns; j++)
        sum_up(to.real + 2 * j * m, to.imaginary + 2 * j * m, m, from.real + j * m, from.imaginary + j * m,
               s->half / 2, s->cosine + turns + j, s->sine + turns + j, m, true);
}

static void sum_columns(struct numbers to, struct numbers from, const struct spectrum *s, size_t m) {
    size_t turns = s->half / (2 * m);
    for (size_t k = 0; k < m; k++)
        sum_up(to.real + k * turns, to.imaginary + k * turns, s->half / 2, from.real + 2 * k * turns,
               from.imaginary + 2 * k * turns, turns, s->cosine + turns, s->sine + turns, turns, false);
}

static void transpose(float *restrict x, const float *restrict u, size_t half) {
    for (size_t j = 0; j < half / STRIP; j++)
        for (size_t k = 0; k < STRIP; k++)
            x[j * STRIP + k] = u[k * (half / STRIP) + j];
}

/* The sums z end where Z was, or in `normal`; 1 for the latter. */
double DAE_LOOP(transform)(const struct spectrum *s, double exponent, struct dae_draw from) {
    struct numbers at[2] = {{s->real, s->imaginary}, {s->normal, s->normal + s->half}};
    int now = 0;
    (void)exponent;
    draw_all(s, from);
    scale(s->normal, s->amplitude, s->half);
    scale(s->normal + s->half, s->amplitude, s->half);
    fill(s->real, s->imaginary, s->normal, s->normal + s->half, s->cosine + s->half, s->sine + s->half,
         s->half);
    for (size_t m = 1; m < STRIP; m *= 2, now = 1 - now)
        sum_columns(at[1 - now], at[now], s, m);
    transpose(at[1 - now].real, at[now].real, s->half);
    transpose(at[1 - now].imaginary, at[now].imaginary, s->half);
    now = 1 - now;
    for (size_t m = STRIP; m < s->half; m *= 2, now = 1 - now)
        sum_rows(at[1 - now], at[now], s, m);
    return now;
}

#else

static coloured_loop *const prepares[] = DAE_LOOPS(prepare), *const transforms[] = DAE_LOOPS(transform);

enum { LEAST_HALF = 16, ROOM = 9 /* times M floats */ };

static dae_status coloured(const struct dae_noise_sample *sample, const double *p, struct dae_draw from) {
    size_t length = dae_noise_length(sample->shape), channels = dae_noise_channels(sample->shape);
    struct spectrum s = {.half = LEAST_HALF};
    while (s.half < length)
        s.half *= 2;
    if (channels * s.half > (size_t)1 << 25)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "coloured: noise for a sample of %zu channels of %zu values is "
                        "made of %zu random numbers, expected at most 2^26",
                        channels, length, 2 * s.half * channels);
    s.real = dae_allocate_raw(ROOM * s.half, sizeof(float));
    if (s.real == NULL)
        return DAE_ERROR_MEMORY;
    s.imaginary = s.real + s.half;
    s.cosine = s.imaginary + s.half;
    s.sine = s.cosine + 2 * s.half;
    s.amplitude = s.sine + 2 * s.half;
    s.normal = s.amplitude + s.half;
    double sum = prepares[sample->target](&s, p[0], from);
    for (size_t k = 0; k < s.half; k++)
        s.amplitude[k] *= (float)(0.5 * p[1] / sqrt(sum));
    for (float *x = sample->x; x < sample->x + sample->shape->size; x += length, from.block += s.half / 2) {
        bool moved = transforms[sample->target](&s, p[0], from) == 1;
        const float *even = moved ? s.normal : s.real, *odd = moved ? s.normal + s.half : s.imaginary;
        for (size_t t = 0; t < length; t++)
            x[t] += t % 2 == 0 ? even[t / 2] : odd[t / 2];
    }
    dae_release(s.real);
    return DAE_OK;
}

const struct dae_noise_kind dae_noise_coloured = {
    {
        .name = "coloured",
        .what = "adds normal noise whose power goes with 1 / frequency^exponent, another in each channel",
        .example = "coloured(1, 0.3)",
        .parameters =
            {
                {"exponent", "1: pink, 2: brown, -1: blue", DAE_TYPE_NUMBER, DAE_BY_PLACE, -4, 4,
                 .of = DAE_DRAWN},
                {"stddev", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT, 0, INFINITY,
                 .of = DAE_DRAWN},
            },
    },
    .draws = true,
    .whole = coloured,
};

#endif
