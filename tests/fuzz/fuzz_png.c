/* PNG files in memory. The first byte of the input says what is done with the rest:
 *   even - it is a file as it is, or what should be one
 *   odd  - its checksums are put right first, which no fuzzer would find
 */
#include "fuzz.h"

#include <string.h>

static uint32_t checksum(const uint8_t *bytes, size_t size) {
    uint32_t sum = 0xFFFFFFFF;
    for (size_t i = 0; i < size; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (0xEDB88320 & (0 - (sum & 1)));
    }
    return ~sum;
}

/* Of all chunks that lie whole in the file. */
static void put_checksums_right(uint8_t *file, size_t size) {
    for (size_t at = 8, length; at + 12 <= size; at += length + 12) {
        length = (size_t)file[at] << 24 | (size_t)file[at + 1] << 16 | (size_t)file[at + 2] << 8 |
                 file[at + 3];
        if (length > size - at - 12)
            return;
        uint32_t sum = checksum(file + at + 4, length + 4);
        for (size_t i = 0; i < 4; i++)
            file[at + 8 + length + i] = (uint8_t)(sum >> (24 - 8 * i));
    }
}

/* With a known number of channels there are so many, and as many values each as before. */
static void use_channels(const uint8_t *file, size_t size, size_t count) {
    static float values[FUZZ_MOST_VALUES];
    static const char *const formats[] = {"png(channels=1)", "png(channels=3)"};
    for (size_t i = 0; i < 2; i++) {
        dae_dataset *dataset = NULL;
        size_t rank = 0, shape[DAE_MAX_RANK], found = 0;
        must(dae_dataset_parse(&dataset, file, size, formats[i]) == DAE_OK, "no %s", formats[i]);
        must(dae_dataset_get_shape(dataset, 0, &rank, shape) == DAE_OK && rank == 3 && shape[0] == 1 + 2 * i,
             "%zu channels", shape[0]);
        fuzz_use_dataset(dataset, values, &found);
        must(found == 0 || count == 0 || found == count * (1 + 2 * i) || found == count / 3 * (1 + 2 * i),
             "%zu values were %zu", found, count);
    }
}

static void compare(const uint8_t *file, size_t size, const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        must(values[i] >= 0 && values[i] <= 1, "value %zu is %g", i, (double)values[i]);
    use_channels(file, size, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    uint8_t *file = malloc(size > 1 ? size - 1
                                    : 1); /* of exactly that size, so that reading beyond it shows */
    must(file != NULL, "no memory for the fuzz target");
    memcpy(file, data + 1, size - 1);
    if (data[0] % 2 == 1)
        put_checksums_right(file, size - 1);
    /* libpng's own, and what deflate can make, each bit a colour */
    fuzz_read_format(file, size - 1, "png", (1 << 17) + 24 * 1032 * (size - 1), STATUS_BIT(DAE_ERROR_FORMAT),
                     compare);
    free(file);
    return 0;
}
