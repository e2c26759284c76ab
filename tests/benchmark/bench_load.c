/* Opening IDX files. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void time_file(const char *path, size_t repeats) {
    double *seconds = make_array(repeats, sizeof *seconds);
    size_t count = 0;
    for (size_t i = 0; i < repeats; i++) {
        dae_dataset *dataset;
        double began = now();
        check(dae_dataset_open(&dataset, path, NULL));
        seconds[i] = now() - began;
        check(dae_dataset_get_count(dataset, &count));
        dae_dataset_free(dataset);
    }
    double first = seconds[0];
    sort_values(seconds, repeats);
    size_t length = strlen(path);
    bool is_gzip = length > 3 && strcmp(path + length - 3, ".gz") == 0;
    printf("{\"event\": \"summary\", \"benchmark\": \"load\", \"library\": \"libdae\", \"kind\": \"%s\", "
           "\"samples\": %zu, \"first_seconds\": %.5f, \"min_seconds\": %.5f, \"median_seconds\": %.5f}\n",
           is_gzip ? "gzip" : "plain", count, first, seconds[0], quantile(seconds, repeats, 0.5));
    free(seconds);
}

void bench_load(const struct options *options) {
    if (options->word_count == 0) { /* one synthetic file, opened once */
        struct images images = open_images(NULL, false);
        printf("{\"event\": \"summary\", \"benchmark\": \"load\", \"library\": \"libdae\", \"kind\": "
               "\"plain\", \"samples\": %d, \"first_seconds\": %.5f}\n",
               TRAIN_COUNT, images.open_seconds);
        dae_dataset_free(images.dataset);
    }
    for (size_t i = 0; i < options->word_count; i++)
        time_file(options->words[i], options->repeats ? options->repeats : 5);
}
