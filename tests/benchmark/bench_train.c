/* The reference experiment: seconds per epoch. */
#include "bench.h"
#include "peak.h"

#include <stdio.h>
#include <stdlib.h>

/* Clocks of a fit. They are this program's own, so that nothing the library does is left out. */
struct clocks {
    double epoch_began;
    double first_batch; /* when it was done, 0 before */
    double *seconds;    /* [epochs] */
    size_t count;
};

static int32_t on_progress(const dae_progress *progress, void *user) {
    struct clocks *clocks = user;
    double time = now();
    if (progress->event == DAE_PROGRESS_STEP) {
        if (clocks->first_batch == 0)
            clocks->first_batch = time;
        return 0;
    }
    clocks->seconds[clocks->count++] = time - clocks->epoch_began;
    printf("{\"event\": \"epoch\", \"epoch\": %zu, \"seconds\": %.5f, \"loss\": %.6f}\n", clocks->count,
           time - clocks->epoch_began, progress->loss);
    fflush(stdout);
    clocks->epoch_began = now();
    return 0;
}

/* So that a fast epoch that learns nothing is seen. */
static double test_mse(const struct options *options, dae_model *model) {
    dae_report *report;
    double mse;
    struct images test = open_images(options->data, true);
    dae_dataset *noisy = make_noisy(test.dataset, true, 2);
    check(dae_model_evaluate(&report, model, noisy));
    check(dae_report_get(report, "mse", &mse));
    dae_report_free(report);
    dae_dataset_free(noisy);
    dae_dataset_free(test.dataset);
    return mse;
}

static void print_summary(const struct options *options, struct clocks *clocks, double mse) {
    double gflop = 1e-9 * training_operations(options->hidden) * (double)options->samples;
    double peak = peak_fma_gflops(dae_get_num_threads());
    sort_values(clocks->seconds, clocks->count);
    double least = clocks->seconds[0], median = quantile(clocks->seconds, clocks->count, 0.5);
    printf("\"samples\": %zu, \"epochs\": %zu, \"min_seconds\": %.5f, \"median_seconds\": %.5f, ",
           options->samples, options->epochs, least, median);
    printf("\"gflop_per_epoch\": %.2f, \"gflops\": %.1f, \"peak_gflops\": %.1f, \"peak_share\": %.3f, ",
           gflop, gflop / least, peak, gflop / least / peak);
    printf("\"test_mse\": %.5f}\n", mse);
}

void bench_train(const struct options *options) {
    struct clocks clocks = {.seconds = make_array(options->epochs, sizeof(double))};
    struct images images = open_images(options->data, false);
    dae_dataset *clean, *noisy;
    check(dae_dataset_slice(&clean, images.dataset, 0, options->samples));
    double began = now();
    noisy = make_noisy(clean, options->is_fresh, 1);
    double noise_seconds = now() - began;
    dae_model *model = make_model(options->hidden);
    dae_trainer *trainer = make_trainer(options, model);
    check(dae_trainer_set_progress(trainer, on_progress, &clocks));

    double cpu_began = cpu_seconds();
    began = clocks.epoch_began = now();
    check(dae_trainer_fit(trainer, noisy, options->epochs));
    double cpus = (cpu_seconds() - cpu_began) / (now() - began);
    double memory = peak_memory(); /* before anything below uses more */

    double mse = test_mse(options, model);
    printf("{\"event\": \"summary\", \"benchmark\": \"train\", \"library\": \"libdae\", "
           "\"precision\": \"%s\", \"hidden\": %zu, \"noise\": \"%s\", \"batch\": %zu, "
           "\"threads\": %zu, ",
           precision_name(options), options->hidden, options->is_fresh ? "fresh" : "once",
           train_batch(options), dae_get_num_threads());
    printf("\"cpus_used\": %.2f, \"peak_rss_mb\": %.1f, \"open_seconds\": %.5f, \"noise_seconds\": %.5f, "
           "\"first_batch_seconds\": %.5f, \"first_batch_from\": \"%s\", ",
           cpus, memory, images.open_seconds, noise_seconds,
           clocks.first_batch - options->started - images.synthesis_seconds, options->start);
    print_summary(options, &clocks, mse);

    dae_trainer_free(trainer);
    dae_model_free(model);
    dae_dataset_free(noisy);
    dae_dataset_free(clean);
    dae_dataset_free(images.dataset);
    free(clocks.seconds);
}
