/* What can be done with a dataset that was read from somewhere. */
#include "fuzz.h"

#include <string.h>

static size_t size_of(const dae_dataset *dataset) {
    size_t rank = 0, shape[DAE_MAX_RANK], target_rank = 0, target[DAE_MAX_RANK], size = 1;
    must(dae_dataset_get_shape(dataset, DAE_ALL_SAMPLES, &rank, shape) == DAE_OK, "no shape");
    must(dae_dataset_get_target_shape(dataset, DAE_ALL_SAMPLES, &target_rank, target) == DAE_OK,
         "no target shape");
    must(rank >= 1 && rank <= DAE_MAX_RANK && rank == target_rank, "ranks %zu and %zu", rank, target_rank);
    for (size_t i = 0; i < rank; i++) {
        must(shape[i] >= 1 && shape[i] == target[i] && size <= SIZE_MAX / shape[i], "impossible shapes");
        size *= shape[i];
    }
    return size;
}

/* Samples one at a time, and through a view, are those that were read at once. */
static void read_singly(dae_dataset *dataset, size_t count, size_t size, const float *values) {
    static float sample[FUZZ_MOST_VALUES];
    dae_dataset *last = NULL;
    for (size_t i = 0; i < count; i += 1 + count / 16) {
        must(dae_dataset_read(dataset, 0, i, 1, NULL, sample) == DAE_OK, "sample %zu cannot be read", i);
        must(memcmp(sample, values + i * size, size * sizeof *sample) == 0, "sample %zu is read differently",
             i);
    }
    must(dae_dataset_slice(&last, dataset, count - 1, 1) == DAE_OK, "no slice");
    must(dae_dataset_read(last, 0, 0, 1, sample, NULL) == DAE_OK, "the slice cannot be read");
    must(memcmp(sample, values + (count - 1) * size, size * sizeof *sample) == 0,
         "the slice is read differently");
    dae_dataset_free(last);
}

void fuzz_use_dataset(dae_dataset *dataset, float values[FUZZ_MOST_VALUES], size_t *count) {
    size_t samples = 0, size = size_of(dataset);
    must(dae_dataset_get_count(dataset, &samples) == DAE_OK && samples >= 1, "no samples");
    must(samples <= SIZE_MAX / size, "more values than can be addressed");
    *count = 0;
    if (samples * size <= FUZZ_MOST_VALUES) {
        *count = samples * size;
        must(dae_dataset_read(dataset, 0, 0, samples, values, NULL) == DAE_OK, "the samples cannot be read");
        read_singly(dataset, samples, size, values);
    }
    must(dae_dataset_read(dataset, 0, samples, 1, values, NULL) == DAE_ERROR_ARGUMENT,
         "a sample too many is read");
    dae_dataset_free(dataset);
}

void fuzz_read_format(const uint8_t *data, size_t size, const char *format, size_t most, unsigned allowed,
                      fuzz_compare_fn compare) {
    static float values[FUZZ_MOST_VALUES];
    dae_dataset *dataset = fuzz_untouched;
    size_t count;
    if (fuzz_is_gzip(data, size))
        return;
    fuzz_begin();
    dae_status status = dae_dataset_parse(&dataset, data, size, format);
    fuzz_asked_at_most(most);
    if (status != DAE_OK) {
        fuzz_refused(status, allowed, dataset);
    } else {
        fuzz_use_dataset(dataset, values, &count);
        compare(data, size, values, count);
        must(dae_dataset_parse(&dataset, data, size, NULL) == DAE_OK, "the format is not known: %s",
             dae_last_error());
        dae_dataset_free(dataset);
    }
    fuzz_end();
}
