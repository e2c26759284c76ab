/* NPY files in memory. */
#include "fuzz.h"

#include <math.h>
#include <string.h>

/* The values lie behind the header, whose length the file says. */
static size_t begin_of(const uint8_t *data) {
    if (data[6] == 1)
        return 10 + (data[8] | (size_t)data[9] << 8);
    return 12 + (data[8] | (size_t)data[9] << 8 | (size_t)data[10] << 16 | (size_t)data[11] << 24);
}

struct type {
    const char *name;
    char kind;
    size_t size;
};

/* As numpy.dtype() knows them. */
static const struct type types[] = {
    {"b1", 'b', 1},     {"?", 'b', 1},       {"bool", 'b', 1},    {"i1", 'i', 1},     {"b", 'i', 1},
    {"int8", 'i', 1},   {"u1", 'u', 1},      {"B", 'u', 1},       {"uint8", 'u', 1},  {"i2", 'i', 2},
    {"h", 'i', 2},      {"int16", 'i', 2},   {"u2", 'u', 2},      {"H", 'u', 2},      {"uint16", 'u', 2},
    {"i4", 'i', 4},     {"i", 'i', 4},       {"int32", 'i', 4},   {"u4", 'u', 4},     {"I", 'u', 4},
    {"uint32", 'u', 4}, {"i8", 'i', 8},      {"q", 'i', 8},       {"int64", 'i', 8},  {"u8", 'u', 8},
    {"Q", 'u', 8},      {"uint64", 'u', 8},  {"f2", 'f', 2},      {"e", 'f', 2},      {"half", 'f', 2},
    {"f4", 'f', 4},     {"float16", 'f', 2}, {"f", 'f', 4},       {"f8", 'f', 8},     {"float32", 'f', 4},
    {"d", 'f', 8},      {"single", 'f', 4},  {"float64", 'f', 8}, {"double", 'f', 8},
};

/* The type: the only text in quotes that is one, behind its byte order. */
static const struct type *find_type(const uint8_t *data, size_t end, bool *big) {
    for (size_t at = 8; at + 1 < end; at++)
        for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
            size_t order = data[at + 1] != 0 && strchr("<>=|", data[at + 1]) != NULL, first = at + 1 + order;
            size_t length = strlen(types[i].name);
            if ((data[at] != '\'' && data[at] != '"') || first + length >= end ||
                memcmp(data + first, types[i].name, length) != 0 || data[first + length] != data[at])
                continue;
            *big = data[at + 1] == '>';
            return &types[i];
        }
    return NULL;
}

static float value_of(char kind, size_t size, uint64_t word) {
    float single;
    double value;
    uint32_t low = (uint32_t)word;
    int64_t number;
    switch (kind) {
    case 'b':
        return word != 0 ? 1.0f : 0.0f;
    case 'u':
        return (float)word;
    case 'i':
        word <<= 64 - 8 * size;
        memcpy(&number, &word, sizeof number);
        for (size_t i = size; i < 8; i++) /* the sign comes down with each division, which has no rest */
            number /= 256;
        return (float)number;
    default:
        if (size == 2) {
            int exponent = (int)(word >> 10 & 31), fraction = (int)(word & 1023);
            value = exponent == 31  ? (fraction != 0 ? NAN : INFINITY)
                    : exponent == 0 ? ldexp(fraction, -24)
                                    : ldexp(1024 + fraction, exponent - 25);
            return (float)((word & 0x8000) != 0 ? -value : value);
        }
        memcpy(&single, &low, sizeof single);
        memcpy(&value, &word, sizeof value);
        return size == 4 ? single : (float)value;
    }
}

/* The dimensions: the numbers between the only parentheses that a header may have. */
static size_t find_shape(const uint8_t *data, size_t end, size_t shape[9]) {
    const uint8_t *c = memchr(data + 8, '(', end - 8), *last = memchr(data + 8, ')', end - 8);
    size_t rank = 0;
    must(c != NULL && last != NULL, "no shape");
    for (; c < last; c++) {
        if (*c < '0' || *c > '9')
            continue;
        if (c[-1] < '0' || c[-1] > '9') {
            must(rank < 9, "too many dimensions");
            shape[rank++] = 0;
        }
        shape[rank - 1] = 10 * shape[rank - 1] + (size_t)(*c - '0');
    }
    return rank;
}

/* Whether the header has the only True that it may have: arrays in Fortran order. */
static bool is_fortran(const uint8_t *data, size_t end) {
    for (size_t i = 8; i + 4 <= end; i++)
        if (memcmp(data + i, "True", 4) == 0)
            return true;
    return false;
}

/* Where value `place`, counted in C order, lies in Fortran order: digits of one number, read the other way. */
static size_t fortran_place(const size_t *shape, size_t rank, size_t place) {
    size_t digits[9], found = 0;
    for (size_t i = rank; i-- > 0; place /= shape[i])
        digits[i] = place % shape[i];
    for (size_t i = rank; i-- > 0;)
        found = found * shape[i] + digits[i];
    return found;
}

/* The values once more, read by the format's definition. */
static void compare(const uint8_t *data, size_t size, const float *values, size_t count) {
    size_t begin = begin_of(data), shape[9] = {0};
    size_t rank = find_shape(data, begin, shape);
    bool fortran = is_fortran(data, begin);
    bool big = false;
    const struct type *type = find_type(data, begin, &big);
    must(memcmp(data, "\x93NUMPY", 6) == 0 && begin <= size && type != NULL, "this is not NPY");
    size_t width = type->size;
    if (count > 0)
        must(size == begin + count * width, "%zu values of %zu bytes in %zu bytes", count, width,
             size - begin);
    for (size_t i = 0; i < count; i++) {
        uint64_t word = 0;
        size_t at = begin + (fortran ? fortran_place(shape, rank, i) : i) * width;
        for (size_t b = 0; b < width; b++)
            word = word << 8 | data[at + (big ? b : width - 1 - b)];
        float expected = value_of(type->kind, width, word);
        must(memcmp(values + i, &expected, sizeof expected) == 0 || (isnan(values[i]) && isnan(expected)),
             "value %zu is %g, not %g", i, (double)values[i], (double)expected);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_read_format(data, size, "npy", size + 4096,
                     STATUS_BIT(DAE_ERROR_FORMAT) | STATUS_BIT(DAE_ERROR_UNSUPPORTED), compare);
    return 0;
}
