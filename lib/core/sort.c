#include "core/sort.h"

#include <string.h>

/* Moves the item at `at` down until none below it comes after it. */
static void sift(const void **items, size_t at, size_t count, dae_compare_fn compare) {
    const void *item = items[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && compare(items[child], items[child + 1]) < 0)
            child++;
        if (compare(item, items[child]) >= 0)
            break;
        items[at] = items[child];
    }
    items[at] = item;
}

/* A heap: qsort() may take memory that is not the host's allocator's. */
void dae_sort(const void **items, size_t count, dae_compare_fn compare) {
    for (size_t i = count / 2; i-- > 0;)
        sift(items, i, count, compare);
    for (size_t end = count; end-- > 1;) {
        const void *last = items[0];
        items[0] = items[end];
        items[end] = last;
        sift(items, 0, end, compare);
    }
}

int dae_compare_texts(const void *a, const void *b) {
    return strcmp(a, b);
}
