/* IDX files in memory. */
#include "fuzz.h"

#include <math.h>
#include <string.h>

/* Big-endian number of `size` bytes. */
static uint64_t number(const uint8_t *bytes, size_t size) {
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static float value_of(int type, const uint8_t *bytes) {
    uint32_t word;
    uint64_t long_word;
    float single;
    double value;
    switch (type) {
    case 0x08:
        return (float)bytes[0] / 255.0f;
    case 0x09:
        return (float)(bytes[0] < 128 ? bytes[0] : bytes[0] - 256);
    case 0x0B:
        return (float)((int)number(bytes, 2) - (bytes[0] < 128 ? 0 : 65536));
    case 0x0C:
        return (float)((int64_t)number(bytes, 4) - (bytes[0] < 128 ? 0 : INT64_C(4294967296)));
    case 0x0D:
        word = (uint32_t)number(bytes, 4);
        memcpy(&single, &word, sizeof single);
        return single;
    default:
        long_word = number(bytes, 8);
        memcpy(&value, &long_word, sizeof value);
        return (float)value;
    }
}

/* The file once more, read by the format's definition. */
static void compare(const uint8_t *data, size_t size, const float *values, size_t count) {
    static const size_t sizes[] = {1, 1, 0, 2, 4, 4, 8};
    must(data[0] == 0 && data[1] == 0 && data[2] >= 8 && data[2] <= 14 && data[2] != 10, "this is not IDX");
    size_t width = sizes[data[2] - 8], begin = 4 + 4 * (size_t)data[3];
    if (count > 0)
        must(size == begin + count * width, "%zu values of %zu bytes in %zu bytes", count, width, size);
    for (size_t i = 0; i < count; i++) {
        float expected = value_of(data[2], data + begin + i * width);
        must(memcmp(values + i, &expected, sizeof expected) == 0 || (isnan(values[i]) && isnan(expected)),
             "value %zu is %g, not %g", i, (double)values[i], (double)expected);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_read_format(data, size, "idx", size + 4096, STATUS_BIT(DAE_ERROR_FORMAT), compare);
    return 0;
}
