/* Content of files in the making, and what every format of files has to bear. */
#ifndef DAE_TESTS_CONTENT_H
#define DAE_TESTS_CONTENT_H

#include "support.h"

enum { CONTENT_MOST = 4096 };

typedef struct {
    unsigned char bytes[CONTENT_MOST];
    size_t size;
} content;

/* Puts bytes at the end. */
void content_put(content *file, const void *bytes, size_t size);

/* A number of so many bytes, the lower one first, or the higher one. */
void content_put_little(content *file, uint64_t number, size_t size);
void content_put_big(content *file, uint64_t number, size_t size);

/* The values of the only sample, of this shape, in all ways in which a file can be read: from memory, from
 * disk, by the name of the format and without it. */
void content_reads(const content *file, const char *format, size_t rank, const size_t *shape,
                   const float *expected);

/* Refused from memory and from disk, naming path and offset, without more memory than `most` at once, and
 * without a leak. */
void content_is_refused(const content *file, const char *format, dae_status status, const char *word,
                        size_t most);

/* Each beginning is refused as a file that is cut. */
void content_bears_cuts(const content *file, const char *format, size_t most);

/* With any one bit of the first `size` bytes flipped it is refused, or a file that means something else.
 * Returns how many are refused. */
size_t content_bears_flips(const content *file, const char *format, size_t size, size_t most);

/* Each allocation fails in turn. Returns how many there are. */
size_t content_bears_lack_of_memory(const void *bytes, size_t size, const char *format);

/* A dataset of one sample. */
dae_dataset *content_dataset(const float *values, size_t rank, const size_t *shape);

/* The dataset is written as this content; each allocation fails in turn before. The ending
 * says the format where `format` is NULL. Frees the dataset. */
void content_is_written(dae_dataset *dataset, const char *ending, const char *format,
                        const content *expected);

/* The dataset is not written, and there is no file; frees the dataset. */
void content_is_not_written(dae_dataset *dataset, const char *format, dae_status status, const char *word);

/* A fact of the only sample, "" where it is not known. */
void content_has_fact(const content *file, const char *fact, const char *expected);

#endif
