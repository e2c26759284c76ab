/* PBM, PGM and PPM files in memory. */
#include "fuzz.h"

#include <string.h>

/* Of a file with bytes as values, without a comment: the pixels are the end of it. */
static void compare_bytes(const uint8_t *data, size_t size, const float *values, size_t count) {
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

static void compare(const uint8_t *data, size_t size, const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        must(values[i] >= 0 && values[i] <= 1, "value %zu is %g", i, (double)values[i]);
    if (count > 0)
        compare_bytes(data, size, values, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_read_format(data, size, "pnm", 4 * size + 4096, STATUS_BIT(DAE_ERROR_FORMAT), compare);
    return 0;
}
