/* Files without a header, judged by NPY files of the same values. The first four bytes of the input choose
 * type, order, shape and offset. */
#include "fuzz.h"

#include <string.h>

enum { CHOICES = 4, MOST = 1 << 14 };

static const char *const types[] = {"u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"};

/* The same values with a header, as samples of so many. */
static dae_status read_npy(const uint8_t *data, size_t size, const char *type, bool big, size_t width,
                           float *values, size_t *count) {
    static uint8_t file[MOST + 256];
    char header[128];
    dae_dataset *dataset = NULL;
    size_t samples = size / (width * (size_t)(type[1] - '0'));
    int length = snprintf(header, sizeof header,
                          "{'descr': '%c%s', 'fortran_order': False, 'shape': (%zu, %zu)}", big ? '>' : '<',
                          type, samples, width);
    memcpy(file, "\x93NUMPY\1\0", 8);
    file[8] = (uint8_t)length;
    file[9] = 0;
    memcpy(file + 10, header, (size_t)length);
    memcpy(file + 10 + length, data, size);
    dae_status status = dae_dataset_parse(&dataset, file, 10 + (size_t)length + size, "npy");
    if (status == DAE_OK)
        fuzz_use_dataset(dataset, values, count);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static float values[FUZZ_MOST_VALUES], expected[FUZZ_MOST_VALUES];
    dae_dataset *dataset = fuzz_untouched;
    char format[128];
    size_t count = 0, expected_count = 0;
    if (size < CHOICES || size > MOST)
        return 0;
    const char *type = types[data[0] % (sizeof types / sizeof *types)];
    bool big = data[1] & 1;
    size_t width = data[2], offset = data[3];
    data += CHOICES, size -= CHOICES;
    if (fuzz_is_gzip(data, size))
        return 0;
    snprintf(format, sizeof format, "raw(type=%s, order=%s, shape=[%zu], offset=%zu)", type,
             big ? "big" : "little", width, offset);
    fuzz_begin();
    dae_status status = dae_dataset_parse(&dataset, data, size, format);
    fuzz_asked_at_most(size + 4096);
    if (status == DAE_OK)
        fuzz_use_dataset(dataset, values, &count);
    else
        fuzz_refused(status, STATUS_BIT(DAE_ERROR_FORMAT) | (width == 0 ? STATUS_BIT(DAE_ERROR_ARGUMENT) : 0),
                     dataset);
    fuzz_end();
    if (width == 0 || offset >= size) {
        must(status != DAE_OK, "nothing was there to be read");
        return 0;
    }
    dae_status other = read_npy(data + offset, size - offset, type, big, width, expected, &expected_count);
    must((status == DAE_OK) == (other == DAE_OK) && count == expected_count, "NPY gives %s",
         dae_status_name(other));
    must(memcmp(values, expected, count * sizeof *values) == 0, "other values than those of NPY");
    return 0;
}
