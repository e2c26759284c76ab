/* Sums of sines with random phases, at time t, the last dimension:
 *
 *     hum    sum over k from 1 to harmonics of amplitude / k sin(2 pi k frequency t / rate + phase_k)
 *     drift  sum over j from 0 to 7 of amplitude / sqrt(8) sin(2 pi (j + u_j) / (8 period) t + phase_j)
 *
 * Hum is the same in all channels, drift another in each; u is uniform in [0, 1).
 *
 * Phases are counted in 2^-64 of a turn, so that they are exact wherever a value is. */
#include "noise/noise.h"

#include <math.h>

/* x[t] += amplitude sin(2 pi (phase + t step) / 2^64) */
typedef void wave_loop(float *x, size_t count, float amplitude, uint64_t phase, uint64_t step);

DAE_DECLARE_LOOP(wave_loop, wave)

#ifdef DAE_KERNELS_TARGET

#include "math/draws.h"

void DAE_LOOP(wave)(float *x, size_t count, float amplitude, uint64_t phase, uint64_t step) {
    enum { TOGETHER = 2 * NATIVE };
    for (size_t n; count > 0; count -= n, x += n, phase += n * step) {
        uint32_t words[TOGETHER];
        float sines[TOGETHER];
        native_words_t angle[2];
        native_t sine[2], cosine[2];
        n = dae_size_min(count, TOGETHER);
        for (size_t i = 0; i < TOGETHER; i++)
            words[i] = (uint32_t)((phase + i * step) >> 32);
        memcpy(angle, words, sizeof words);
        turn(sine, cosine, angle, 2);
        memcpy(sines, sine, sizeof sines);
        for (size_t i = 0; i < n; i++)
            x[i] += amplitude * sines[i];
    }
}

#else

static wave_loop *const waves[] = DAE_LOOPS(wave);

static void add_wave(enum dae_target target, float *x, size_t count, double amplitude, uint32_t phase,
                     double cycles) {
    uint64_t step = (uint64_t)(fmod(cycles, 1) * 0x1p64);
    waves[target](x, count, (float)amplitude, (uint64_t)phase << 32, step);
}

/* ---- Hum ---------------------------------------------------------------------------------------------- */

enum { MOST_HARMONICS = 100 };

static dae_status hum(const struct dae_noise_sample *sample, const double *p, struct dae_draw from) {
    uint32_t phases[MOST_HARMONICS];
    size_t length = dae_noise_length(sample->shape), harmonics = (size_t)p[3];
    dae_kernels()->draw_bits(phases, MOST_HARMONICS / 4, from);
    for (size_t row = 0; row < sample->shape->size; row += length)
        for (size_t k = 1; k <= harmonics; k++)
            add_wave(sample->target, sample->x + row, length, p[2] / (double)k, phases[k - 1],
                     (double)k * p[0] / p[1]);
    return DAE_OK;
}

const struct dae_noise_kind dae_noise_hum = {
    {
        .name = "hum",
        .what = "adds a tone with harmonics of random phases, the k-th as high as amplitude / k",
        .example = "hum(frequency=50, rate=1000, amplitude=0.3)",
        .parameters =
            {
                {"frequency", "of the tone, in hertz", DAE_TYPE_NUMBER, DAE_BY_PLACE, 0, 1e12,
                 .of = DAE_DRAWN},
                {"rate", "values a second, in hertz", DAE_TYPE_NUMBER, DAE_BY_PLACE, 1e-12, 1e12,
                 .of = DAE_DRAWN},
                {"amplitude", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT, 0, INFINITY,
                 .of = DAE_DRAWN},
                {"harmonics", "how many, the tone included", DAE_TYPE_COUNT, 0, 1, MOST_HARMONICS,
                 .fallback = "1", .of = DAE_DRAWN},
            },
    },
    .draws = true,
    .whole = hum,
};

/* ---- Drift -------------------------------------------------------------------------------------------- */

enum { WAVES = 8, MOST_CHANNELS = 1 << 22 };

static dae_status drift(const struct dae_noise_sample *sample, const double *p, struct dae_draw from) {
    size_t length = dae_noise_length(sample->shape), channels = dae_noise_channels(sample->shape);
    if (channels > MOST_CHANNELS)
        return dae_fail(DAE_ERROR_ARGUMENT, "drift: a sample has %zu channels, expected at most 2^22",
                        channels);
    for (size_t c = 0; c < channels; c++, from.block += WAVES / 2) {
        uint32_t words[2 * WAVES];
        dae_kernels()->draw_bits(words, WAVES / 2, from);
        for (size_t j = 0; j < WAVES; j++) {
            double part = ((double)j + words[2 * j] * 0x1p-32) / WAVES; /* of the highest frequency */
            add_wave(sample->target, sample->x + c * length, length, p[0] / sqrt(WAVES), words[2 * j + 1],
                     part / p[1]);
        }
    }
    return DAE_OK;
}

const struct dae_noise_kind dae_noise_drift = {
    {
        .name = "drift",
        .what = "adds a slow wander, another in each channel: 8 sines, each of its own period",
        .example = "drift(0.5, 100)",
        .parameters =
            {
                {"amplitude", "of one sine with as much power, in the data's unit", DAE_TYPE_NUMBER,
                 DAE_BY_PLACE | DAE_FLOAT, 0, INFINITY, .of = DAE_DRAWN},
                {"period", "that all are longer than, in values", DAE_TYPE_NUMBER, DAE_BY_PLACE, 2, 1e12,
                 .of = DAE_DRAWN},
            },
    },
    .draws = true,
    .whole = drift,
};

#endif
