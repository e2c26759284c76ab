/* Poisson noise: x = Poisson(x peak) / peak, the number of events where x peak of them are expected.
 *
 * Up to a mean of FEW by inversion: the first k with u < P(0) + ... + P(k). Above by transformed rejection
 * with a squeeze (Hormann, "The transformed rejection method for generating Poisson random variables",
 * Insurance: Mathematics and Economics 12, 1993, algorithm PTRS). All in float64, of + - * / and square roots
 * only. */
#include "noise/noise.h"

#include <math.h>
#include <string.h>

DAE_DECLARE_LOOP(dae_noise_loop, poisson)

#ifdef DAE_KERNELS_TARGET

#include "math/draws.h"

#define FEW         10.0
#define MANY_EVENTS 0x1p60 /* beyond, the noise is less than half a unit in the last place of x */

enum { ATTEMPTS = 16 }; /* of which all fail in fewer than one of 2^32 cases; then it is the mean */

/* ---- Elementary functions in float64 ------------------------------------------------------------------ */

/* 2 artanh s = 2 (s + s^3 / 3 + ...) for |s| up to 0.18 */
static double twice_artanh(double s) {
    double square = s * s, sum = 0;
    for (int n = 23; n > 0; n -= 2)
        sum = sum * square + 2.0 / n;
    return sum * s;
}

/* ln x for normal x > 0: x = 2^e m, m in [sqrt(1/2), sqrt(2)), ln m = 2 artanh((m - 1) / (m + 1)) */
static double ln(double x) {
    const uint64_t sqrt_half = UINT64_C(0x3fe6a09e667f3bcd);
    uint64_t bits;
    double m;
    memcpy(&bits, &x, sizeof bits);
    bits -= sqrt_half;
    double e = (double)((int64_t)bits >> 52);
    bits = (bits & UINT64_C(0xfffffffffffff)) + sqrt_half;
    memcpy(&m, &bits, sizeof m);
    return twice_artanh((m - 1) / (m + 1)) + e * 0.69314718055994531;
}

/* ln(1 + d) for d > -1 */
static double ln_1_plus(double d) {
    return d > -0.25 && d < 0.25 ? twice_artanh(d / (2 + d)) : ln(1 + d);
}

/* exp(-x) for x from 0 to FEW: exp(-x / 64)^64, of its series */
static double exp_minus(double x) {
    double r = x * (-1.0 / 64), y = 1;
    for (int n = 10; n > 0; n--)
        y = 1 + y * r * (1.0 / n);
    for (int i = 0; i < 6; i++)
        y *= y;
    return y;
}

/* ---- The number of events ----------------------------------------------------------------------------- */

/* ln P(k) = k ln mean - mean - ln k!; from k = 10 on by Stirling's series, so that nothing large cancels:
 * k - mean - k ln(1 + d) - ln(2 pi k) / 2 - 1 / (12 k) + 1 / (360 k^3) - ... with d = (k - mean) / mean */
static double ln_probability(double k, double mean) {
    if (k < 10) {
        double factorial = 1;
        for (int i = 2; i <= (int)k; i++)
            factorial *= i;
        return k * ln(mean) - mean - ln(factorial);
    }
    double r = 1 / (k * k), stirling = (1 / 12.0 - (1 / 360.0 - (1 / 1260.0 - r / 1680) * r) * r) / k;
    return k - mean - k * ln_1_plus((k - mean) / mean) - 0.5 * ln(6.283185307179586 * k) - stirling;
}

static double invert(double mean, double u) {
    double p = exp_minus(mean), sum = p, k = 0;
    while (u >= sum && k < 100) {
        k++;
        p *= mean / k;
        sum += p;
    }
    return k;
}

/* One attempt by u and v in (0,1); false: refused. */
static bool attempt(double mean, double u, double v, double *k) {
    double b = 0.931 + 2.53 * sqrt(mean), a = -0.059 + 0.02483 * b;
    double middle = u - 0.5, edge = 0.5 - fabs(middle);
    *k = floor((2 * a / edge + b) * middle + mean + 0.43);
    if (edge >= 0.07 && v <= 0.9277 - 3.6224 / (b - 2))
        return true;
    if (*k < 0 || (edge < 0.013 && v > edge))
        return false;
    double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    return ln(v * inverse_alpha / (a / (edge * edge) + b)) <= ln_probability(*k, mean);
}

/* In (0,1) */
static double between(uint32_t word) {
    return (word + 0.5) * 0x1p-32;
}

/* Word `number` of a value, from 0, is that of the stream so many times 8 * 2^56 further on. */
static struct dae_draw draw_number(struct dae_draw from, size_t number) {
    from.stream += (uint64_t)number << 59;
    return from;
}

/* NOLINTBEGIN(clang-analyzer-core.*): the analyzer does not divide, and holds n values to need no block */

/* Values that are still to be made: where they stand in a strip. */
struct waiting {
    size_t count;
    uint16_t places[4 * BLOCKS];
};

/* One attempt at each. */
static void try_all(struct waiting *waiting, float *x, double peak, const uint32_t *u, const uint32_t *v,
                    bool last) {
    size_t kept = 0;
    for (size_t i = 0; i < waiting->count; i++) {
        size_t at = waiting->places[i];
        double k, mean = (double)x[at] * peak;
        if (attempt(mean, between(u[at]), between(v[at]), &k))
            x[at] = (float)(k / peak);
        else if (!last)
            waiting->places[kept++] = (uint16_t)at;
    }
    waiting->count = kept;
}

/* Those of which few are expected; the others wait. */
static void make_few(struct waiting *waiting, float *x, size_t count, double peak, const uint32_t *u) {
    waiting->count = 0;
    for (size_t i = 0; i < count; i++) {
        double mean = (double)x[i] * peak;
        if (mean > FEW && mean < MANY_EVENTS)
            waiting->places[waiting->count++] = (uint16_t)i;
        else if (mean <= FEW)
            x[i] = mean > 0 ? (float)(invert(mean, between(u[i])) / peak) : 0.0f;
    }
}

void DAE_LOOP(poisson)(float *x, size_t count, const double *p, struct dae_draw from) {
    uint32_t u[4 * BLOCKS], v[4 * BLOCKS];
    double peak = (double)(float)p[0];
    struct waiting waiting;
    FOR_STRIPS(x, count, from) {
        draw_strip(u, n, from);
        make_few(&waiting, x, n, peak, u);
        for (size_t i = 0; waiting.count > 0; i++) {
            if (i > 0)
                draw_strip(u, n, draw_number(from, 2 * i));
            draw_strip(v, n, draw_number(from, 2 * i + 1));
            try_all(&waiting, x, peak, u, v, i + 1 == ATTEMPTS);
        }
    }
}

/* NOLINTEND(clang-analyzer-core.*) */

#else

const struct dae_noise_kind dae_noise_poisson = {
    {
        .name = "poisson",
        .what = "counts events, of which x peak are expected: x = Poisson(x peak) / peak; values below 0 "
                "become 0",
        .example = "poisson(30)",
        .parameters = {{"peak", "events where x is 1", DAE_TYPE_NUMBER,
                        DAE_BY_PLACE | DAE_FLOAT | DAE_OPEN_LOW, 0, INFINITY, .of = DAE_DRAWN}},
    },
    .draws = true,
    .loops = DAE_LOOPS(poisson),
};

#endif
