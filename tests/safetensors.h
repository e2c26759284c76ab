/* A reader of safetensors files that shares nothing with the library's, to judge what it writes, and to find
 * the places in a header where a test wants to do harm. */
#ifndef DAE_TESTS_SAFETENSORS_H
#define DAE_TESTS_SAFETENSORS_H

#include "support.h"

enum { SAFETENSORS_MAX = 32, SAFETENSORS_NAME = 64 };

/* Bytes [at, at + length) of the file. */
typedef struct {
    size_t at, length;
} span;

typedef struct {
    char name[SAFETENSORS_NAME];
    /* The whole entry from the name's quote to the closing brace, and the values in it. */
    span entry, dtype, shape, offsets;
    size_t rank, dims[DAE_MAX_RANK];
    size_t begin, end;
} safetensors_entry;

typedef struct {
    /* Where the tensors' bytes begin, and their number. */
    size_t data_at, data_size;
    size_t tensors;
    safetensors_entry tensor[SAFETENSORS_MAX];
    /* The entries of __metadata__: key with its quotes, and value with its quotes. */
    span metadata;
    size_t notes;
    struct {
        span key, value;
    } note[SAFETENSORS_MAX];
} safetensors;

/* Reads a header and fails the test unless the file keeps to the format: the length fits, the JSON is
 * valid, names are unique, all tensors are F32, and their bytes lie one behind the other and fill the
 * file. */
void safetensors_read(safetensors *out, const unsigned char *bytes, size_t size);

/* Joins a header and the data after it to a file, and returns its size; `out` has room for 8 bytes more than both. */
size_t safetensors_join(unsigned char *out, const char *header, const void *data, size_t size);

/* The tensor of that name; it must be there. */
const safetensors_entry *safetensors_find(const safetensors *file, const char *name);

#endif
