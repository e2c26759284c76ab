#include "fuzz.h"

#include <string.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define poison   __asan_poison_memory_region
#define unpoison __asan_unpoison_memory_region
#else
#define poison(memory, size)   ((void)0)
#define unpoison(memory, size) ((void)0)
#endif

static struct {
    size_t live, largest;
    char marker[1024]; /* the message before the call that is looked at */
} state;

static int anything;
void *const fuzz_untouched = &anything;

/* Large blocks are kept for the next request of their size: the allocators of sanitizers get each of them from the
 * system and give it back, which takes a hundred times as long as the rest of a run. Kept blocks are poisoned. */
enum { LARGE = 1 << 15, KEPT = 8, FILLED = 4096 };

struct block {
    size_t size;
    struct block *next; /* of those that are kept */
};

static struct {
    struct block *first;
    size_t count;
} kept;

static struct block *take_kept(size_t size) {
    for (struct block **place = &kept.first; *place != NULL; place = &(*place)->next)
        if ((*place)->size == size) {
            struct block *block = *place;
            *place = block->next;
            kept.count--;
            unpoison(block + 1, size);
            return block;
        }
    return NULL;
}

static void *allocate(size_t size, void *user) {
    (void)user;
    state.largest = size > state.largest ? size : state.largest;
    if (size > FUZZ_MOST_MEMORY)
        return NULL;
    struct block *block = size >= LARGE ? take_kept(size) : NULL;
    if (block == NULL)
        block = malloc(sizeof *block + size);
    if (block == NULL)
        return NULL;
    block->size = size;
    memset(block + 1, 0xA5, size < FILLED ? size : FILLED); /* nobody may count on fresh memory being zero */
    state.live++;
    return block + 1;
}

static void release(void *memory, void *user) {
    struct block *block = (struct block *)memory - 1;
    (void)user;
    state.live--;
    if (block->size < LARGE || block->size > FUZZ_MOST_MEMORY / 64 || kept.count == KEPT) {
        free(block);
        return;
    }
    poison(memory, block->size);
    block->next = kept.first;
    kept.first = block;
    kept.count++;
}

void fuzz_begin(void) {
    state.live = state.largest = 0;
    must(dae_set_allocator(allocate, release, NULL) == DAE_OK, "the allocator was refused");
    must(dae_set_num_threads(1) == DAE_OK, "one thread was refused");
    must(dae_noise_parse(NULL, "") == DAE_ERROR_ARGUMENT, "NULL was taken");
    snprintf(state.marker, sizeof state.marker, "%s", dae_last_error());
}

void fuzz_end(void) {
    must(state.live == 0, "%zu blocks were not given back", state.live);
    must(dae_set_allocator(NULL, NULL, NULL) == DAE_OK, "the default allocator was refused");
}

void fuzz_asked_at_most(size_t most) {
    must(state.largest <= most, "asked for %zu bytes at once, which is more than %zu", state.largest, most);
}

void fuzz_refused(dae_status status, unsigned allowed, const void *handle) {
    must(status < 0 && status >= DAE_ERROR_CALLBACK, "status %d is none", (int)status);
    must((STATUS_BIT(status) & allowed) != 0, "%s is not documented here", dae_status_name(status));
    must(handle == fuzz_untouched, "a call that failed has set its handle");
    must(dae_last_error()[0] != '\0' && strcmp(dae_last_error(), state.marker) != 0, "no message was set");
    must(strlen(dae_last_error()) < 1024, "the message is too long");
}
