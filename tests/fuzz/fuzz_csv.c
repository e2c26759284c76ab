/* Tables as text. The first byte of the input chooses the format, the rest is the file. */
#include "fuzz.h"

#include <math.h>
#include <string.h>

static const char *const formats[] = {
    "csv",
    "csv(decimal=comma)",
    "csv(header=no, separator=comma)",
    "csv(header=yes, separator=semicolon)",
    "csv(separator=blank)",
    "csv(separator=tab, missing=-1)",
    "csv(columns=[1, 0])",
    "csv(columns=[b, 0], decimal=comma)",
    "csv(without=[a, 0])",
};

/* The cells of a table of plain numbers, read by strtod(); false where there is something else in it. */
static bool read_plainly(const uint8_t *data, size_t size, float *values, size_t *count) {
    static char text[FUZZ_MOST_VALUES + 1];
    *count = 0;
    if (size > FUZZ_MOST_VALUES)
        return false;
    for (size_t i = 0; i < size; i++)
        if (memchr("0123456789.,-\n", data[i], 14) == NULL)
            return false;
    memcpy(text, data, size);
    text[size] = '\0';
    for (char *c = text; *c != '\0';) {
        char *end = c + strcspn(c, ",\n"), behind = *end;
        *end = '\0';
        bool blank_line = end == c && behind != ',' && (c == text || c[-1] == '\n');
        char *number_end = c;
        float value = end == c ? NAN : (float)strtod(c, &number_end);
        if (number_end != end)
            return false;
        if (!blank_line)
            values[(*count)++] = value;
        *end = behind;
        c = end + (behind != '\0');
        if (behind == ',' && *c == '\0')
            return false;
    }
    return true;
}

static void compare(const uint8_t *data, size_t size, const float *values, size_t count) {
    static float expected[FUZZ_MOST_VALUES + 1];
    size_t expected_count;
    if (!read_plainly(data, size, expected, &expected_count))
        return;
    must(count == expected_count, "%zu values, not %zu", count, expected_count);
    for (size_t i = 0; i < count; i++)
        must(memcmp(values + i, expected + i, sizeof *values) == 0 ||
                 (isnan(values[i]) && isnan(expected[i])),
             "value %zu is %g, not %g", i, (double)values[i], (double)expected[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static float values[FUZZ_MOST_VALUES];
    dae_dataset *dataset = fuzz_untouched;
    size_t count;
    if (size == 0)
        return 0;
    size_t which = data[0] % (sizeof formats / sizeof *formats);
    data++, size--;
    fuzz_begin();
    dae_status status = dae_dataset_parse(&dataset, data, size, formats[which]);
    fuzz_asked_at_most(40 * size + 4096);
    if (status != DAE_OK) {
        fuzz_refused(status,
                     STATUS_BIT(DAE_ERROR_FORMAT) | STATUS_BIT(DAE_ERROR_UNSUPPORTED) |
                         (which >= 6 ? STATUS_BIT(DAE_ERROR_ARGUMENT) : 0),
                     dataset);
    } else {
        fuzz_use_dataset(dataset, values, &count);
        if (which == 2 && count > 0)
            compare(data, size, values, count);
    }
    fuzz_end();
    return 0;
}
