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

/* Those of M, of which every other one is of M / 2, and so on. */
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
    for (size_t i = s->half - 1; i > 0; i--) {
        s->sine[i] = s->sine[2 * i];
        s->cosine[i] = s->cosine[2 * i];
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

/* Z_k */
static void fill(const struct spectrum *s) {
    const float *a = s->normal, *b = s->normal + s->half, *size = s->amplitude;
    const float *c = s->cosine + s->half, *d = s->sine + s->half;
    s->real[0] = s->imaginary[0] = 0;
    for (size_t k = 1; k < s->half; k++) {
        size_t other = s->half - k;
        float x = size[k] * a[k], y = size[k] * b[k], u = size[other] * a[other], v = size[other] * b[other];
        s->real[k] = (x + u) - (c[k] * (y + v) + d[k] * (x - u));
        s->imaginary[k] = (y - v) + (c[k] * (x - u) - d[k] * (y + v));
    }
}

struct numbers {
    float *real, *imaginary;
};

/* One of log2 M steps of Stockham's transform, which leaves results in order: sums of m numbers become sums
 * of 2 m. */
ALWAYS_INLINE void sum_up(struct numbers to, struct numbers from, const struct spectrum *s, const size_t m) {
    size_t turns = s->half / (2 * m), apart = s->half / 2;
    float *restrict x = to.real, *restrict y = to.imaginary;
    const float *restrict u = from.real, *restrict v = from.imaginary;
    for (size_t j = 0; j < turns; j++, x += 2 * m, y += 2 * m, u += m, v += m) {
        float c = s->cosine[turns + j], d = s->sine[turns + j];
        for (size_t k = 0; k < m; k++) {
            float less_u = u[k] - u[apart + k], less_v = v[k] - v[apart + k];
            x[k] = u[k] + u[apart + k];
            y[k] = v[k] + v[apart + k];
            x[m + k] = less_u * c - less_v * d;
            y[m + k] = less_u * d + less_v * c;
        }
    }
}

/* The sums z end where Z was, or in `normal`; 1 for the latter. */
double DAE_LOOP(transform)(const struct spectrum *s, double exponent, struct dae_draw from) {
    struct numbers at[2] = {{s->real, s->imaginary}, {s->normal, s->normal + s->half}};
    int now = 0;
    (void)exponent;
    draw_all(s, from);
    fill(s);
    sum_up(at[1], at[0], s, 1);
    sum_up(at[0], at[1], s, 2);
    sum_up(at[1], at[0], s, 4);
    sum_up(at[0], at[1], s, 8);
    for (size_t m = 16; m < s->half; m *= 2, now = 1 - now)
        sum_up(at[1 - now], at[now], s, m);
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
