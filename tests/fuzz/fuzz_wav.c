/* WAV files in memory. */
#include "fuzz.h"

#include <string.h>

/* Of the plainest file: 16 bits, the format first, and nothing behind the data. */
static void compare(const uint8_t *data, size_t size, const float *values, size_t count) {
    static const uint8_t format[] = {'f', 'm', 't', ' ', 16, 0, 0, 0, 1, 0};
    if (count == 0 || size < 44 || memcmp(data, "RIFF", 4) != 0 ||
        memcmp(data + 12, format, sizeof format) != 0 || memcmp(data + 36, "data", 4) != 0 || data[23] != 0 ||
        data[34] != 16 || data[32] != 2 * data[22] || data[33] != 0 ||
        (data[40] | data[41] << 8) != (int)size - 44 || data[42] != 0 || data[43] != 0)
        return;
    size_t channels = data[22], length = count / channels;
    must(count == (size - 44) / 2 / channels * channels, "%zu values in %zu bytes", count, size);
    for (size_t i = 0; i < count; i++) {
        size_t at = 44 + 2 * (i % length * channels + i / length);
        int value = data[at] | data[at + 1] << 8;
        float expected = (float)(value < 32768 ? value : value - 65536) / 32768.0f;
        must(values[i] == expected, "value %zu is %g, not %g", i, (double)values[i], (double)expected);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_read_format(data, size, "wav", size + 4096,
                     STATUS_BIT(DAE_ERROR_FORMAT) | STATUS_BIT(DAE_ERROR_UNSUPPORTED), compare);
    return 0;
}
