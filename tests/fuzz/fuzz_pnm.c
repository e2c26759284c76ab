/* PBM, PGM and PPM files in memory. */
#include "fuzz.h"

#include <string.h>

/* Of a file with bytes as values, without a comment: the pixels are the end of it. */
static void compare(const uint8_t *data, size_t size, const float *values, size_t count) {
    char *start = calloc(size + 1, 1), *at = start + 2;
    must(start != NULL, "no memory for the fuzz target");
    memcpy(start, data, size);
    size_t channels = data[1] == '6' ? 3 : 1, width = strtoul(at, &at, 10), height = strtoul(at, &at, 10);
    size_t most = strtoul(at, &at, 10);
    free(start);
    if ((data[1] != '5' && data[1] != '6') || memchr(data, '#', size) != NULL || data[size - 1] <= ' ' ||
        most > 255)
        return;
    must(count == channels * width * height, "%zu values of %zu x %zu", count, width, height);
    for (size_t i = 0; i < count; i++) {
        float expected =
            (float)data[size - count + i % (count / channels) * channels + i / (count / channels)] /
            (float)most;
        must(values[i] == expected, "value %zu is %g, not %g", i, (double)values[i], (double)expected);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static float values[FUZZ_MOST_VALUES];
    if (size >= 2 && data[0] == 0x1F && data[1] == 0x8B) /* gzip: fuzz_gzip.c */
        return 0;
    dae_dataset *dataset = fuzz_untouched;
    size_t count;
    fuzz_begin();
    dae_status status = dae_dataset_parse(&dataset, data, size, "pnm");
    fuzz_asked_at_most(4 * size + 4096);
    if (status != DAE_OK) {
        fuzz_refused(status, STATUS_BIT(DAE_ERROR_FORMAT), dataset);
    } else {
        fuzz_use_dataset(dataset, values, &count);
        for (size_t i = 0; i < count; i++)
            must(values[i] >= 0 && values[i] <= 1, "value %zu is %g", i, (double)values[i]);
        if (count > 0)
            compare(data, size, values, count);
        must(dae_dataset_parse(&dataset, data, size, NULL) == DAE_OK, "the format is not known: %s",
             dae_last_error());
        dae_dataset_free(dataset);
    }
    fuzz_end();
    return 0;
}
