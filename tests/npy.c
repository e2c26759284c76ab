#include "npy.h"

#include <stdio.h>
#include <string.h>

enum { ALIGNMENT = 64 };

void npy_put(npy_file *file, const void *bytes, size_t size) {
    ck_assert_uint_le(file->size + size, NPY_MOST);
    if (size > 0)
        memcpy(file->bytes + file->size, bytes, size);
    file->size += size;
}

npy_file npy_raw(int major, const char *header, size_t header_size, const void *values, size_t size) {
    npy_file file = {{0}, 0};
    unsigned char start[12] = "\223NUMPY";
    start[6] = (unsigned char)major;
    start[8] = (unsigned char)header_size;
    start[9] = (unsigned char)(header_size >> 8);
    npy_put(&file, start, major == 1 ? 10 : 12);
    npy_put(&file, header, header_size);
    npy_put(&file, values, size);
    return file;
}

npy_file npy_made(int major, const char *type, const char *shape, const void *values, size_t size) {
    char header[512];
    int length = snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
                          type, shape);
    ck_assert(length > 0 && length < (int)sizeof header - ALIGNMENT);
    size_t start = major == 1 ? 10 : 12,
           padded = (start + (size_t)length) / ALIGNMENT * ALIGNMENT + ALIGNMENT - start;
    memset(header + length, ' ', padded - (size_t)length);
    header[padded - 1] = '\n';
    return npy_raw(major, header, padded, values, size);
}

npy_file npy_with_header(const char *header) {
    return npy_raw(1, header, strlen(header), "abcdefghi", 9);
}

npy_file npy_small(void) {
    return npy_made(1, ">i2", "(2, 3)", "\x00\x01\xff\xff\x01\x00\x80\x00\x7f\xff\x00\x00", 12);
}
