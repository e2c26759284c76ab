#include "peak.h"
#include "bench.h"
#include "peak_loops.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { SLICES = 8 };
static const double slice_seconds = 0.03;

static volatile float float_sink;
static volatile uint32_t word_sink;

struct worker {
    pthread_t thread;
    size_t steps;
};

static void *multiply_add(void *argument) {
    const struct worker *worker = argument;
    float_sink = peak_choose_loops()->multiply_add(worker->steps, 0.999f, 0.001f);
    return NULL;
}

/* Seconds that all threads together take for so many steps each. */
static double run_workers(struct worker *workers, size_t threads, size_t steps) {
    double began = now();
    for (size_t i = 0; i < threads; i++) {
        workers[i].steps = steps;
        if (i > 0 && pthread_create(&workers[i].thread, NULL, multiply_add, &workers[i]) != 0)
            fail("thread %zu could not be started", i);
    }
    multiply_add(&workers[0]);
    for (size_t i = 1; i < threads; i++)
        pthread_join(workers[i].thread, NULL);
    return now() - began;
}

const char *peak_instructions(void) {
    return peak_choose_loops()->name;
}

double peak_fma_gflops(size_t threads) {
    struct worker *workers = make_array(threads, sizeof *workers);
    size_t steps = 1000;
    while (run_workers(workers, 1, steps) < 0.2 * slice_seconds)
        steps *= 2;
    steps *= 5; /* now about a slice */
    double best = 0;
    for (int slice = 0; slice < SLICES; slice++) {
        double seconds = run_workers(workers, threads, steps);
        double gflops = 1e-9 * peak_choose_loops()->operations * (double)(steps * threads) / seconds;
        best = gflops > best ? gflops : best;
    }
    free(workers);
    return best;
}

double peak_read_seconds(size_t bytes) {
    enum { REPEATS = 2000 };
    double seconds[REPEATS];
    size_t count = (bytes / sizeof(uint32_t) + 255) / 256 * 256;
    uint32_t *words = make_array(count + 16, sizeof *words);
    uint32_t *aligned = words + (64 - (uintptr_t)words % 64) % 64 / sizeof *words;
    for (size_t i = 0; i < count; i++) /* so that every page has memory of its own */
        aligned[i] = (uint32_t)i;
    for (int i = -100; i < REPEATS; i++) {
        double began = now();
        word_sink = peak_choose_loops()->read(aligned, count);
        if (i >= 0)
            seconds[i] = now() - began;
    }
    free(words);
    sort_values(seconds, REPEATS);
    return quantile(seconds, REPEATS, 0.5);
}

void bench_peak(const struct options *options) {
    size_t threads = dae_get_num_threads();
    (void)options;
    printf("{\"event\": \"summary\", \"benchmark\": \"peak\", \"instructions\": \"%s\", \"threads\": %zu, "
           "\"gflops\": %.1f}\n",
           peak_instructions(), threads, peak_fma_gflops(threads));
}
