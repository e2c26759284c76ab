#include "safetensors.h"

#include <string.h>

/* Where reading stands; `end` is the end of the header. */
typedef struct {
    const unsigned char *bytes;
    size_t at, end;
} cursor;

static void skip_space(cursor *c) {
    while (c->at < c->end && strchr(" \t\r\n", c->bytes[c->at]) != NULL && c->bytes[c->at] != '\0')
        c->at++;
}

static unsigned char next_of(cursor *c) {
    skip_space(c);
    ck_assert_msg(c->at < c->end, "the header ends too early");
    return c->bytes[c->at];
}

static void expect(cursor *c, char wanted) {
    unsigned char found = next_of(c);
    ck_assert_msg(found == (unsigned char)wanted, "offset %zu has '%c', not '%c'", c->at, found, wanted);
    c->at++;
}

/* After an element: true if a comma follows, false at the closing mark. */
static bool goes_on(cursor *c, char closing) {
    bool more = next_of(c) == ',';
    expect(c, more ? ',' : closing);
    return more;
}

/* A string, its quotes included. */
static span read_string(cursor *c) {
    expect(c, '"');
    span found = {c->at - 1, 0};
    while (c->at < c->end && c->bytes[c->at] != '"') {
        ck_assert_msg(c->bytes[c->at] >= 0x20, "a control character at offset %zu", c->at);
        if (c->bytes[c->at] == '\\') {
            c->at++;
            ck_assert(c->at < c->end && strchr("\"\\/bfnrtu", c->bytes[c->at]) != NULL);
        }
        c->at++;
    }
    expect(c, '"');
    found.length = c->at - found.at;
    return found;
}

static size_t read_number(cursor *c) {
    size_t value = 0, digits = 0;
    unsigned char first = next_of(c);
    while (c->at < c->end && c->bytes[c->at] >= '0' && c->bytes[c->at] <= '9') {
        ck_assert_uint_lt(value, SIZE_MAX / 16);
        value = value * 10 + (size_t)(c->bytes[c->at++] - '0');
        digits++;
    }
    ck_assert_msg(digits > 0 && (first != '0' || digits == 1), "no number at offset %zu", c->at);
    return value;
}

/* [a, b, ...] into values[capacity]; returns how many. */
static size_t read_numbers(cursor *c, size_t *values, size_t capacity, span *whole) {
    size_t count = 0;
    expect(c, '[');
    whole->at = c->at - 1;
    do {
        ck_assert_uint_lt(count, capacity);
        values[count++] = read_number(c);
    } while (goes_on(c, ']'));
    whole->length = c->at - whole->at;
    return count;
}

static bool is(const cursor *c, span text, const char *word) {
    return text.length == strlen(word) + 2 && memcmp(c->bytes + text.at + 1, word, strlen(word)) == 0;
}

static void read_metadata(cursor *c, safetensors *out) {
    expect(c, '{');
    out->metadata.at = c->at - 1;
    do {
        ck_assert_uint_lt(out->notes, SAFETENSORS_MAX);
        out->note[out->notes].key = read_string(c);
        expect(c, ':');
        out->note[out->notes++].value = read_string(c);
    } while (goes_on(c, '}'));
    out->metadata.length = c->at - out->metadata.at;
}

static void read_tensor(cursor *c, safetensors_entry *tensor) {
    size_t offsets[2] = {0, 0};
    unsigned seen = 0;
    expect(c, '{');
    do {
        span key = read_string(c);
        expect(c, ':');
        if (is(c, key, "dtype")) {
            tensor->dtype = read_string(c);
            ck_assert(is(c, tensor->dtype, "F32"));
            seen += 1;
        } else if (is(c, key, "shape")) {
            tensor->rank = read_numbers(c, tensor->dims, DAE_MAX_RANK, &tensor->shape);
            seen += 10;
        } else {
            ck_assert(is(c, key, "data_offsets"));
            ck_assert_uint_eq(read_numbers(c, offsets, 2, &tensor->offsets), 2);
            seen += 100;
        }
    } while (goes_on(c, '}'));
    ck_assert_uint_eq(seen, 111);
    tensor->begin = offsets[0];
    tensor->end = offsets[1];
}

static void read_header(cursor *c, safetensors *out) {
    expect(c, '{');
    do {
        span key = read_string(c);
        expect(c, ':');
        if (is(c, key, "__metadata__")) {
            ck_assert_uint_eq(out->metadata.length, 0);
            read_metadata(c, out);
            continue;
        }
        ck_assert_uint_lt(out->tensors, SAFETENSORS_MAX);
        ck_assert_uint_lt(key.length - 2, SAFETENSORS_NAME);
        safetensors_entry *tensor = &out->tensor[out->tensors];
        memcpy(tensor->name, c->bytes + key.at + 1, key.length - 2);
        for (size_t i = 0; i < out->tensors; i++)
            ck_assert_str_ne(out->tensor[i].name, tensor->name);
        read_tensor(c, tensor);
        tensor->entry.at = key.at;
        tensor->entry.length = c->at - key.at;
        out->tensors++;
    } while (goes_on(c, '}'));
    skip_space(c);
    ck_assert_uint_eq(c->at, c->end);
}

/* Every byte of the data belongs to exactly one tensor: each begins where another ends, or at 0. */
static void check_offsets(const safetensors *file) {
    size_t reached = 0;
    for (size_t found = 0; found < file->tensors; found++) {
        const safetensors_entry *next = NULL;
        for (size_t i = 0; i < file->tensors; i++)
            if (file->tensor[i].begin == reached)
                next = &file->tensor[i];
        ck_assert_msg(next != NULL, "no tensor begins at %zu", reached);
        size_t bytes = sizeof(float);
        for (size_t i = 0; i < next->rank; i++)
            bytes *= next->dims[i];
        ck_assert_uint_eq(next->end - next->begin, bytes);
        reached = next->end;
    }
    ck_assert_uint_eq(reached, file->data_size);
}

void safetensors_read(safetensors *out, const unsigned char *bytes, size_t size) {
    uint64_t length = 0;
    memset(out, 0, sizeof *out);
    ck_assert_uint_ge(size, 8);
    for (size_t i = 8; i-- > 0;)
        length = length << 8 | bytes[i];
    ck_assert_uint_le(length, size - 8);
    ck_assert_uint_eq(bytes[8], '{'); /* the format wants no space in front */
    cursor c = {bytes, 8, 8 + (size_t)length};
    read_header(&c, out);
    out->data_at = c.end;
    out->data_size = size - c.end;
    check_offsets(out);
}

const safetensors_entry *safetensors_find(const safetensors *file, const char *name) {
    for (size_t i = 0; i < file->tensors; i++)
        if (strcmp(file->tensor[i].name, name) == 0)
            return &file->tensor[i];
    ck_abort_msg("no tensor is called %s", name);
    return NULL;
}

size_t safetensors_join(unsigned char *out, const char *header, const void *data, size_t size) {
    size_t length = strlen(header);
    for (size_t i = 0; i < 8; i++)
        out[i] = (unsigned char)((uint64_t)length >> 8 * i);
    memcpy(out + 8, header, length);
    memcpy(out + 8 + length, data, size);
    return 8 + length + size;
}
