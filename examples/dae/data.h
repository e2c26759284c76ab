/* Data: opening what the command line names, and what is known of it. */
#ifndef DAE_DATA_H
#define DAE_DATA_H

#include <stdbool.h>
#include <stddef.h>

#include <dae.h>

typedef struct shape {
    size_t rank, dims[DAE_MAX_RANK];
} shape;

/* Opens files and folders as one dataset. `format` is a text of --source, or NULL. "-" is standard input: a
 * file in a format that is given, else raw float32 values of one signal. */
bool data_open(dae_dataset **out, char *const *paths, size_t count, const char *format);

size_t data_count(const dae_dataset *data);
shape data_shape(const dae_dataset *data, size_t index); /* DAE_ALL_SAMPLES: 0 where samples differ */
size_t shape_size(const shape *s);
char *shape_text(const shape *s); /* "1 x any x any" */

/* What the files say of a sample: "path", "rate", ...; NULL where nothing. The caller's to free. */
char *data_fact(const dae_dataset *data, size_t index, const char *fact);

/* How messages call a sample: by its file, and number where that has several. The caller's to free. */
char *data_name(const dae_dataset *data, size_t index);

/* Puts a view upon a dataset, in its place. */
bool data_view(dae_dataset **data, const char *view, uint64_t seed);

#endif
