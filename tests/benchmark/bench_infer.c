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

/* The images of the test set with noise, read into memory. */
static float *read_inputs(const struct options *options) {
    float *inputs = make_array((size_t)TEST_COUNT * PIXELS, sizeof *inputs);
    struct images test = open_images(options->data, true);
    dae_dataset *noisy = make_noisy(test.dataset, true, 2);
    check(dae_dataset_read(noisy, 0, 0, TEST_COUNT, inputs, NULL));
    dae_dataset_free(noisy);
    dae_dataset_free(test.dataset);
    return inputs;
}

/* A model as it is used: after an epoch of training, as many of its units are dead as later. */
static dae_model *train_model(const struct options *options) {
    dae_model *model = make_model(options->hidden);
    struct images images = open_images(options->data, false);
    dae_dataset *clean, *noisy;
    check(dae_dataset_slice(&clean, images.dataset, 0, options->samples));
    noisy = make_noisy(clean, true, 1);
    dae_trainer *trainer = make_trainer(options, model);
    check(dae_trainer_fit(trainer, noisy, 1));
    dae_trainer_free(trainer);
    dae_dataset_free(noisy);
    dae_dataset_free(clean);
    dae_dataset_free(images.dataset);
    return model;
}

/* Gives every unit so much that it is alive, and that nothing can be left out. */
static void revive_units(const struct options *options, dae_model *model) {
    size_t most = options->hidden > PIXELS ? options->hidden : PIXELS;
    float *bias = make_array(most, sizeof *bias);
    for (size_t i = 0; i < most; i++)
        bias[i] = 1000;
    check(dae_model_set_tensor(model, "0.bias", bias, options->hidden));
    check(dae_model_set_tensor(model, "1.bias", bias, PIXELS));
    free(bias);
}

static void time_model(const struct options *options, dae_model *model, const char *way,
                       const float *inputs) {
    size_t calls = options->repeats ? options->repeats : 20000;
    size_t large_calls = (calls + 19) / 20;
    double *seconds = make_array(calls, sizeof *seconds);
    float *outputs = make_array((size_t)LARGE_BATCH * PIXELS, sizeof *outputs);
    dae_session *single, *large;
    check(dae_session_create(&single, model, 1));
    check(dae_session_create(&large, model, LARGE_BATCH));
    check(dae_session_set_precision(single, options->precision));
    check(dae_session_set_precision(large, options->precision));

    time_calls(single, inputs, 1, outputs, seconds, calls);
    printf("{\"event\": \"summary\", \"benchmark\": \"infer\", \"library\": \"libdae\", "
           "\"precision\": \"%s\", \"way\": \"%s\", \"hidden\": %zu, \"threads\": 1, "
           "\"latency_min_us\": %.3f, \"latency_median_us\": %.3f, \"latency_p99_us\": %.3f, ",
           precision_name(options), way, options->hidden, 1e6 * seconds[0],
           1e6 * quantile(seconds, calls, 0.5), 1e6 * quantile(seconds, calls, 0.99));

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
    free(outputs);
    free(seconds);
}

void bench_infer(const struct options *options) {
    float *inputs = read_inputs(options);
    dae_model *model = train_model(options);
    time_model(options, model, "session", inputs);
    revive_units(options, model);
    time_model(options, model, "session, all units alive", inputs);
    dae_model_free(model);
    free(inputs);
}
