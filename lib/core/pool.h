/* Threads for one call: they start when the call begins and have ended when it returns.
 *
 * Work is a number of tasks that depends on the problem only, never on the number of threads; so results
 * do not depend on it either. */
#ifndef DAE_CORE_POOL_H
#define DAE_CORE_POOL_H

#include "core/status.h"

struct dae_pool;

typedef dae_status (*dae_task_fn)(void *context, size_t task);

/* Opens a pool with dae_get_num_threads() threads, the caller included; NULL for the caller alone. Where the
 * system gives fewer threads than wished for, it has fewer. */
dae_status dae_pool_open(struct dae_pool **out);

/* Ends the threads; NULL is allowed. */
void dae_pool_close(struct dae_pool *pool);

/* task(context, 0) ... task(context, count - 1), each once unless one fails. */
struct dae_work {
    dae_task_fn task;
    void *context;
    size_t count;
};

/* Does work and returns when it is done. Each thread takes a contiguous share, and leaves the rest of it out
 * when a task has failed. The status and message are those of the lowest task that has: the same for any
 * number of threads. Called by the thread that opened the pool; NULL does all in the caller. */
dae_status dae_pool_run(struct dae_pool *pool, dae_task_fn task, void *context, size_t count);

/* Does works that do not need each other: each thread takes a share of each, and nobody waits in between. A
 * task of an earlier work counts as lower. */
dae_status dae_pool_run_all(struct dae_pool *pool, const struct dae_work *works, size_t count);

/* How many threads a pool has, the caller included: 1 for NULL. */
size_t dae_pool_threads(const struct dae_pool *pool);

/* Memory that each thread of a pool has for itself. */
struct dae_thread_memory {
    float *values;
    size_t room; /* floats for each thread */
    size_t threads;
};

/* Makes room for `room` floats for each of `threads` threads, the calling one among them, where there is
 * less; what was there is lost then. */
dae_status dae_thread_memory_reserve(struct dae_thread_memory *memory, size_t threads, size_t room);

/* That of the calling thread. */
float *dae_thread_memory_here(const struct dae_thread_memory *memory);

#endif
