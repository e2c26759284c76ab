/* Noise: values per second of each kind, in a buffer that stays in the cache. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 83, VALUES = ROWS * PIXELS }; /* 260 kB, the nearest to 256 KiB in whole images */

/* One of these works on the buffer. */
struct work {
    dae_noise *noise;
    size_t rank; /* 1: signals of as many values as an image, 2: images */
    dae_rng *rng;
    dae_status (*draw)(dae_rng *rng, float *values);
};

static dae_status draw_bits(dae_rng *rng, float *values) {
    static uint32_t words[VALUES];
    (void)values;
    return dae_rng_fill_bits(rng, words, VALUES);
}

static dae_status draw_uniform(dae_rng *rng, float *values) {
    return dae_rng_fill_uniform(rng, values, VALUES, 0, 1);
}

static dae_status draw_normal(dae_rng *rng, float *values) {
    return dae_rng_fill_normal(rng, values, VALUES, 0, 1);
}

static void time_work(const char *name, const struct work *work, size_t repeats, float *values) {
    enum { WARM_UP = 20 };
    double *seconds = make_array(repeats, sizeof *seconds);
    for (size_t i = 0; i < repeats + WARM_UP; i++) {
        double began = now();
        if (work->noise)
            check(dae_noise_apply(work->noise, values, ROWS, work->rank,
                                  work->rank == 1 ? (const size_t[]){PIXELS} : (const size_t[]){28, 28}, 1, i,
                                  0));
        else
            check(work->draw(work->rng, values));
        if (i >= WARM_UP)
            seconds[i - WARM_UP] = now() - began;
    }
    sort_values(seconds, repeats);
    printf("{\"event\": \"summary\", \"benchmark\": \"noise\", \"library\": \"libdae\", \"kind\": \"%s\", "
           "\"threads\": 1, \"values_per_second\": %.4g, \"values_per_second_best\": %.4g}\n",
           name, VALUES / quantile(seconds, repeats, 0.5), VALUES / seconds[0]);
    free(seconds);
}

void bench_noise(const struct options *options) {
    static const struct {
        const char *name, *recipe;
        size_t rank; /* 1, if it is left out */
    } kinds[] = {
        {"gaussian", "gaussian(mean=0.5, stddev=0.5)"},
        {"uniform", "uniform(0, 1)"},
        {"masking", "masking(0.3)"},
        {"salt_pepper", "salt_pepper(0.3, 0, 1)"},
        {"clip", "clip(0, 1)"},
        {"gaussian by snr", "gaussian(snr=30)"},
        {"salt", "salt(0.3, 1)"},
        {"impulses", "impulses(0.01, 1)"},
        {"bursts", "bursts(0.001, 20, 1)"},
        {"poisson, mean 3", "clip(3, 3) | poisson(1)"},
        {"poisson, mean 1000", "clip(1, 1) | poisson(1000)"},
        {"speckle", "speckle(0.2)"},
        {"quantise", "quantise(16, 0, 1)"},
        {"gain", "gain(1)"},
        {"clipping", "clipping(0.8)"},
        {"spans", "spans(2, 40)"},
        {"hum", "hum(50, 1000, 0.3, harmonics=3)"},
        {"drift", "drift(0.5, 300)"},
        {"coloured", "coloured(1, 0.3)"},
        {"blur of signals", "blur(1.5, dims=1)"},
        {"blur of images", "blur(1.5)", 2},
        {"blocks", "blocks(2, 8, 8)", 2},
    };
    static const struct {
        const char *name;
        dae_status (*draw)(dae_rng *rng, float *values);
    } draws[] = {{"rng bits", draw_bits}, {"rng uniform", draw_uniform}, {"rng normal", draw_normal}};
    size_t repeats = options->repeats ? options->repeats : 400;
    float *values = make_array(VALUES, sizeof *values);

    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct work work = {.rank = kinds[k].rank > 0 ? kinds[k].rank : 1};
        check(dae_noise_parse(&work.noise, kinds[k].recipe));
        time_work(kinds[k].name, &work, repeats, values);
        dae_noise_free(work.noise);
    }
    for (size_t k = 0; k < sizeof draws / sizeof *draws; k++) {
        struct work work = {.draw = draws[k].draw};
        check(dae_rng_create(&work.rng, 1, k));
        time_work(draws[k].name, &work, repeats, values);
        dae_rng_free(work.rng);
    }
    free(values);
}
