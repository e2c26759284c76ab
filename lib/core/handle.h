/* Reference counts of handles, and whose turn it is to use one. */
#ifndef DAE_CORE_HANDLE_H
#define DAE_CORE_HANDLE_H

#include "annotate.h"

#include <stdatomic.h>
#include <stdbool.h>

typedef struct {
    atomic_size_t count;
} dae_references;

static inline void dae_references_start(dae_references *references) {
    DAE_IS_ATOMIC(references->count);
    atomic_init(&references->count, 1);
}

static inline void dae_references_keep(dae_references *references) {
    atomic_fetch_add_explicit(&references->count, 1, memory_order_relaxed);
}

/* Whether the caller has the only one. */
static inline bool dae_references_is_only(const dae_references *references) {
    return atomic_load_explicit(&references->count, memory_order_acquire) == 1;
}

/* Drops one; true when it was the last and the object is to be destroyed. */
static inline bool dae_references_drop(dae_references *references) {
    DAE_HAPPENS_BEFORE(references);
    if (atomic_fetch_sub_explicit(&references->count, 1, memory_order_acq_rel) != 1)
        return false;
    DAE_HAPPENS_AFTER(references);
    return true;
}

/* A handle that one thread at a time may use: it is taken, or refused. Starts as zeros. */
typedef struct {
    atomic_bool taken;
} dae_turn;

static inline bool dae_turn_is_taken(const dae_turn *turn) {
    return atomic_load(&turn->taken);
}

static inline bool dae_turn_take(dae_turn *turn) {
    DAE_IS_ATOMIC(turn->taken);
    if (atomic_exchange_explicit(&turn->taken, true, memory_order_acquire))
        return false;
    DAE_HAPPENS_AFTER(turn);
    return true;
}

static inline void dae_turn_give_back(dae_turn *turn) {
    DAE_HAPPENS_BEFORE(turn);
    atomic_store_explicit(&turn->taken, false, memory_order_release);
}

#endif
