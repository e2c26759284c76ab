/* A vibration as of a pump, made up: five sines whose frequencies drift, at 10,000 values a second. The same
 * seed gives the same recording. */
#ifndef EXAMPLES_VIBRATION_H
#define EXAMPLES_VIBRATION_H

#include "check.h"

#include <math.h>

enum { VIBRATION_RATE = 10000 };

/* A network that takes noise off it, of 390,449 parameters. It finds the noise: seven times half as long, with
 * more channels, and back, with what each level was added. It looks 1663 values back and ahead. */
static const char vibration_network[] =
    "input(1, any) | conv1d(16, 9, activation=relu) as e1 | conv1d(32, 9, stride=2, activation=relu) as e2"
    " | conv1d(48, 9, stride=2, activation=relu) as e3 | conv1d(64, 9, stride=2, activation=relu) as e4"
    " | conv1d(64, 9, stride=2, activation=relu) as e5 | conv1d(64, 9, stride=2, activation=relu) as e6"
    " | conv1d(64, 9, stride=2, activation=relu) as e7 | conv1d(64, 9, stride=2, activation=relu)"
    " | conv1d(64, 9, activation=relu) | upsample(2) | add(e7)"
    " | conv1d(64, 9, activation=relu) | upsample(2) | add(e6)"
    " | conv1d(64, 9, activation=relu) | upsample(2) | add(e5)"
    " | conv1d(64, 9, activation=relu) | upsample(2) | add(e4)"
    " | conv1d(48, 9, activation=relu) | upsample(2) | add(e3)"
    " | conv1d(32, 9, activation=relu) | upsample(2) | add(e2)"
    " | conv1d(16, 9, activation=relu) | upsample(2) | add(e1)"
    " | conv1d(16, 9, activation=relu) | conv1d(1, 9) as noise | from(input) | subtract(noise)";

/* A sine of about `hertz`, whose frequency goes up and down by 10 %, 0.1 to 0.5 times a second; draws[3] in
 * [0, 1). */
static inline double vibration_sine(double hertz, const float *draws, double seconds) {
    const double turn = 6.283185307179586;
    double drift = 0.1 + 0.4 * (double)draws[0], start = turn * (double)draws[1];
    double phase = hertz * seconds -
                   0.1 * hertz / (turn * drift) * (cos(turn * drift * seconds + start) - cos(start));
    return sin(turn * (phase + (double)draws[2]));
}

/* Fills values[count]. */
static inline void make_vibration(uint64_t seed, float *values, size_t count) {
    static const double hertz[] = {50, 100, 150, 820, 1730}, heights[] = {0.8, 0.4, 0.3, 0.5, 0.25};
    float draws[15];
    dae_rng *rng = NULL;
    check(dae_rng_create(&rng, seed, 0));
    check(dae_rng_fill_uniform(rng, draws, 15, 0, 1));
    dae_rng_free(rng);
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        for (size_t k = 0; k < 5; k++)
            sum += heights[k] * vibration_sine(hertz[k], draws + 3 * k, (double)i / VIBRATION_RATE);
        values[i] = (float)sum;
    }
}

/* 10 log10 of the power of `clean` by that of how `values` differ from it, in dB. */
static inline double snr(const float *clean, const float *values, size_t count) {
    double power = 0, error = 0;
    for (size_t i = 0; i < count; i++) {
        power += (double)clean[i] * (double)clean[i];
        error += pow((double)values[i] - (double)clean[i], 2);
    }
    return 10 * log10(power / error);
}

#endif
