/* NPY files in the making, for the suites about them. */
#ifndef DAE_TESTS_NPY_H
#define DAE_TESTS_NPY_H

#include "support.h"

enum { NPY_MOST = 4096 };

typedef struct {
    unsigned char bytes[NPY_MOST];
    size_t size;
} npy_file;

/* Puts bytes at the end. */
void npy_put(npy_file *file, const void *bytes, size_t size);

/* A file of a format version with exactly this header, and these values. */
npy_file npy_raw(int major, const char *header, size_t header_size, const void *values, size_t size);

/* A file as numpy writes it: the header ends with a line feed at a multiple of 64 bytes. */
npy_file npy_made(int major, const char *type, const char *shape, const void *values, size_t size);

/* A file of version 1.0 with this header, and nine values of one byte. */
npy_file npy_with_header(const char *header);

/* Two samples of three values: 1, -1, 256, -32768, 32767, 0, of two bytes, behind a header of 128. */
npy_file npy_small(void);

#endif
