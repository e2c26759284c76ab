/* Running a model: images per second at batch 256, latency at batch 1. */
#include "bench.h"
#include "peak.h"

#include <stdio.h>
#include <stdlib.h>

enum { LARGE_BATCH = 256, WARM_UP = 500 };

/* Times each of `repeats` calls, on other images each time. */
static void time_calls(dae_session *session, const float *inputs, size_t batch, float *outputs,
                       double *seconds, size_t repeats) {
    size_t batches = TEST_COUNT / batch;
    for (size_t i = 0; i < repeats + WARM_UP; i++) {
        const float *chosen = inputs + i % batches * batch * PIXELS;
        double began = now();
        check(dae_session_run(session, chosen, batch, outputs));
        double ended = now();
        if (i >= WARM_UP)
            seconds[i - WARM_UP] = ended - began;
    }
    sort_values(seconds, repeats);
}

/* The inputs are read from memory; this leaves the images of the test set as they are. */
static float *read_inputs(const struct options *options) {
    float *inputs = make_array((size_t)TEST_COUNT * PIXELS, sizeof *inputs);
    struct images test = open_images(options->data, true);
    check(dae_dataset_read(test.dataset, 0, 0, TEST_COUNT, inputs, NULL));
    dae_dataset_free(test.dataset);
    return inputs;
}

void bench_infer(const struct options *options) {
    size_t calls = options->repeats ? options->repeats : 20000;
    size_t large_calls = (calls + 19) / 20;
    double *seconds = make_array(calls, sizeof *seconds);
    float *inputs = read_inputs(options);
    float *outputs = make_array((size_t)LARGE_BATCH * PIXELS, sizeof *outputs);
    dae_model *model = make_model(options->hidden);
    dae_session *single, *large;
    check(dae_session_create(&single, model, 1));
    check(dae_session_create(&large, model, LARGE_BATCH));
    check(dae_session_set_precision(single, options->precision));
    check(dae_session_set_precision(large, options->precision));

    time_calls(single, inputs, 1, outputs, seconds, calls);
    printf("{\"event\": \"summary\", \"benchmark\": \"infer\", \"library\": \"libdae\", "
           "\"precision\": \"%s\", \"way\": \"session\", \"hidden\": %zu, \"threads\": 1, "
           "\"latency_min_us\": %.3f, \"latency_median_us\": %.3f, \"latency_p99_us\": %.3f, ",
           precision_name(options), options->hidden, 1e6 * seconds[0], 1e6 * quantile(seconds, calls, 0.5),
           1e6 * quantile(seconds, calls, 0.99));

    time_calls(large, inputs, LARGE_BATCH, outputs, seconds, large_calls);
    double median = quantile(seconds, large_calls, 0.5);
    double gflop = 4e-9 * PIXELS * (double)options->hidden * LARGE_BATCH;
    printf("\"images_per_second\": %.0f, \"images_per_second_best\": %.0f, \"gflops\": %.1f, ",
           LARGE_BATCH / median, LARGE_BATCH / seconds[0], gflop / median);

    /* Two matrices of 784 x hidden float32. */
    printf("\"weights_read_us\": %.3f, \"calls\": %zu}\n",
           1e6 * peak_read_seconds(2 * PIXELS * options->hidden * sizeof(float)), calls);

    dae_session_free(single);
    dae_session_free(large);
    dae_model_free(model);
    free(outputs);
    free(inputs);
    free(seconds);
}
