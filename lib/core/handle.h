/* Reference counts of handles. */
#ifndef DAE_CORE_HANDLE_H
#define DAE_CORE_HANDLE_H

#include <stdatomic.h>
#include <stdbool.h>

typedef struct {
    atomic_size_t count;
} dae_references;

static inline void dae_references_start(dae_references *references) {
    atomic_init(&references->count, 1);
}

static inline void dae_references_keep(dae_references *references) {
    atomic_fetch_add_explicit(&references->count, 1, memory_order_relaxed);
}

/* Drops one; true when it was the last and the object is to be destroyed. */
static inline bool dae_references_drop(dae_references *references) {
    return atomic_fetch_sub_explicit(&references->count, 1, memory_order_acq_rel) == 1;
}

#endif
