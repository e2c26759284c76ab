/* Sorting without memory of its own. */
#ifndef DAE_CORE_SORT_H
#define DAE_CORE_SORT_H

#include <stddef.h>

/* Below, at or above 0, as strcmp(). */
typedef int (*dae_compare_fn)(const void *a, const void *b);

void dae_sort(const void **items, size_t count, dae_compare_fn compare);

/* Of texts: by their bytes as unsigned numbers, in the same order on every machine. */
int dae_compare_texts(const void *a, const void *b);

#endif
