#define _DEFAULT_SOURCE /* madvise() */
#include "core/memory.h"
#include "core/size.h"

#include <dae/runtime.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE_PAGE ((size_t)2 << 20)

static void *allocate_default(size_t size, void *user) {
    (void)user;
    return malloc(size);
}

static void release_default(void *memory, void *user) {
    (void)user;
    free(memory);
}

static struct {
    dae_allocate_fn allocate;
    dae_release_fn release;
    void *user;
} allocator = {allocate_default, release_default, NULL};

/* Stands right before the memory that callers see and remembers whom it goes back to. */
struct block {
    void *start;
    dae_release_fn release;
    void *user;
};

dae_status dae_set_allocator(dae_allocate_fn allocate, dae_release_fn release, void *user) {
    if ((allocate == NULL) != (release == NULL))
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_set_allocator: %s is NULL and the other function is not, expected both or none",
                        allocate == NULL ? "allocate" : "release");
    allocator.allocate = allocate != NULL ? allocate : allocate_default;
    allocator.release = release != NULL ? release : release_default;
    allocator.user = user;
    return DAE_OK;
}

/* Large arrays are read in random order, where small pages cost a walk through the page tables for each row.
 * A hint, which the system may ignore. */
static void prefer_large_pages(char *memory, size_t size) {
#ifdef MADV_HUGEPAGE
    uintptr_t first = ((uintptr_t)memory + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    uintptr_t end = ((uintptr_t)memory + size) / LARGE_PAGE * LARGE_PAGE;
    if (size >= 4 * LARGE_PAGE)
        (void)madvise(memory + (first - (uintptr_t)memory), end - first, MADV_HUGEPAGE);
#else
    (void)memory, (void)size;
#endif
}

void *dae_allocate_raw(size_t count, size_t size) {
    size_t bytes, padded;
    if (!dae_size_multiply(count, size, &bytes) ||
        !dae_size_add(bytes, sizeof(struct block) + DAE_MEMORY_ALIGNMENT, &padded) || padded > PTRDIFF_MAX) {
        dae_fail(DAE_ERROR_MEMORY,
                 "out of memory: %zu values of %zu bytes each are more than can be addressed", count, size);
        return NULL;
    }
    char *start = allocator.allocate(padded, allocator.user);
    if (start == NULL) {
        dae_fail(DAE_ERROR_MEMORY, "out of memory: could not allocate %zu bytes", bytes);
        return NULL;
    }
    uintptr_t memory = ((uintptr_t)start + sizeof(struct block) + DAE_MEMORY_ALIGNMENT - 1) /
                       DAE_MEMORY_ALIGNMENT * DAE_MEMORY_ALIGNMENT;
    char *result = start + (memory - (uintptr_t)start);
    struct block block = {start, allocator.release, allocator.user};
    memcpy(result - sizeof block, &block, sizeof block);
    prefer_large_pages(result, bytes);
    return result;
}

void *dae_allocate(size_t count, size_t size) {
    void *memory = dae_allocate_raw(count, size);
    return memory == NULL ? NULL : memset(memory, 0, count * size);
}

void dae_release(void *memory) {
    if (memory == NULL)
        return;
    struct block block;
    memcpy(&block, (char *)memory - sizeof block, sizeof block);
    block.release(block.start, block.user);
}

char *dae_copy_text(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = dae_allocate_raw(size, 1);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}
