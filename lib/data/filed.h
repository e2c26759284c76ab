/* Datasets whose samples are the bytes of a file: kept in the file's own type, converted as they are read. A
 * format is a function that reads a header into a layout. */
#ifndef DAE_DATA_FILED_H
#define DAE_DATA_FILED_H

#include "data/dataset.h"

enum { DAE_FILED_MAX_RANK = DAE_SHAPE_MAX_RANK + 1 };

/* How values of one type become floats. */
struct dae_value_type {
    size_t size;
    void (*convert)(float *out, const unsigned char *bytes, size_t count);
    /* 'b' truth, 'i' signed, 'u' unsigned, 'f' float; 'n' unsigned, divided by the largest value; 'p' a
     * sample of sound: signed, or an unsigned byte less 128, divided so that it is in [-1, 1) */
    char kind;
    bool big; /* byte order; of no meaning where size is 1 */
};

/* NULL when there is no such type. */
const struct dae_value_type *dae_value_type_find(char kind, size_t size, bool big);

/* Where the values of a file lie and what they mean. */
struct dae_layout {
    const struct dae_value_type *type;
    size_t rank; /* dimensions added so far */
    size_t count;
    struct dae_shape shape;
    bool fortran;      /* the first dimension is the one that runs fastest, and the last one the slowest */
    bool interleaved;  /* in a sample the first dimension is the one that runs fastest, before the last one */
    size_t begin, end; /* bytes of the values; `end` is the size of the file */
};

/* Adds a dimension, of which the first counts samples; messages begin with `name` and `offset`. */
dae_status dae_layout_add(struct dae_layout *layout, size_t dimension, const char *name, size_t offset);

/* Type and place of the values, when all dimensions are known. `offset` is that of the dimensions. */
dae_status dae_layout_finish(struct dae_layout *layout, const struct dae_value_type *type, size_t begin,
                             const char *name, size_t offset);

/* A file of `size` bytes ends where `expected` bytes were needed. */
dae_status dae_filed_too_short(const char *name, size_t size, size_t expected);

/* Takes over the bytes of a file that has the size of its layout, also when it fails. */
dae_status dae_filed_create(dae_dataset **out, unsigned char *bytes, struct dae_layout *layout,
                            const char *name);

#endif
