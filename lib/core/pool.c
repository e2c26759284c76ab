#define _GNU_SOURCE /* sched_getaffinity(), pthread_sigmask() */
#include "core/pool.h"
#include "core/annotate.h"
#include "core/fpu.h"
#include "core/memory.h"
#include "core/signals.h"

#include <dae/runtime.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_THREADS = 1024,
    /* How long to look for work, in nanoseconds. First alone: most waits are over by then. Then in turns with
     * whoever wants the processor, which may be the thread that is waited for. Then asleep, from which waking
     * takes some 20 us. */
    ALERT = 10 * 1000,
    PATIENCE = 200 * 1000,
    LOOKS = 16, /* at the work, for each look at the clock */
};

/* Why a task has failed. */
struct failure {
    dae_status status; /* DAE_OK for none */
    size_t work, thread;
    char message[DAE_MESSAGE_SIZE];
};

struct dae_pool {
    /* first, so that the cache line that workers take from each other and the caller is not the one of a
     * run */
    atomic_size_t pending; /* workers still busy with this run */
    atomic_size_t sleepers;
    atomic_bool caller_sleeps;
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    size_t workers; /* threads beside the caller */
    pthread_t *threads;
    bool patient; /* spins before it sleeps: there is a processor for each thread */
    /* the run at hand; written before `run` is counted up, read after */
    const struct dae_work *works;
    size_t count;
    bool quit;
    struct failure failure; /* the lowest of this run; guarded by the lock */
    atomic_uint run;        /* counts runs; workers wait for it to change */
};

struct worker {
    struct dae_pool *pool;
    size_t index; /* 0 is the caller */
};

static atomic_size_t wanted_threads;
static _Thread_local size_t this_thread;

dae_status dae_set_num_threads(size_t count) {
    if (count > MAX_THREADS)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_set_num_threads: count is %zu, expected 0 to %d", count,
                        MAX_THREADS);
    atomic_store(&wanted_threads, count);
    return DAE_OK;
}

static size_t processors(void) {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (size_t)CPU_COUNT(&set);
#endif
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (size_t)online : 1;
}

size_t dae_get_num_threads(void) {
    size_t count = atomic_load(&wanted_threads);
    if (count == 0)
        count = processors();
    return count < MAX_THREADS ? count : MAX_THREADS;
}

static void relax(void) {
#if defined(__SSE2__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* The share of thread `index` of `threads`, up to the first task that fails. */
static dae_status take_share(const struct dae_work *work, size_t index, size_t threads) {
    size_t end = work->count * (index + 1) / threads;
    for (size_t i = work->count * index / threads; i < end; i++)
        DAE_TRY(work->task(work->context, i));
    return DAE_OK;
}

/* Shares are contiguous, so that the lowest task that fails is the first one of its thread, and threads are
 * in order. */
static bool is_lower(const struct failure *a, size_t work, size_t thread) {
    return a->status != DAE_OK && (a->work < work || (a->work == work && a->thread < thread));
}

/* Keeps this thread's failure for the caller, unless a lower one is known. */
static void note_failure(struct dae_pool *pool, dae_status status, size_t work, size_t thread) {
    struct failure *failure = &pool->failure;
    pthread_mutex_lock(&pool->lock);
    if (!is_lower(failure, work, thread)) {
        failure->status = status;
        failure->work = work;
        failure->thread = thread;
        snprintf(failure->message, sizeof failure->message, "%s", dae_last_error());
    }
    pthread_mutex_unlock(&pool->lock);
}

static void take_shares(struct dae_pool *pool, size_t index) {
    for (size_t i = 0; i < pool->count; i++) {
        dae_status status = take_share(&pool->works[i], index, pool->workers + 1);
        if (status != DAE_OK) {
            note_failure(pool, status, i, index);
            return;
        }
    }
}

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Whether to go on spinning, having begun at `since`. */
static bool is_patient(const struct dae_pool *pool, int64_t since) {
    int64_t spent = nanoseconds() - since;
    bool goes_on = pool->patient && spent < PATIENCE;
    if (goes_on && spent > ALERT)
        sched_yield();
    return goes_on;
}

/* Waits until `run` is no longer `seen`: first spinning, then asleep. */
static void wait_for_run(struct dae_pool *pool, unsigned seen) {
    for (int64_t since = nanoseconds(); is_patient(pool, since);)
        for (int i = 0; i < LOOKS; i++, relax())
            if (atomic_load_explicit(&pool->run, memory_order_acquire) != seen)
                return;
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->sleepers, 1);
    while (atomic_load(&pool->run) == seen)
        pthread_cond_wait(&pool->wake, &pool->lock);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->lock);
}

static void *worker_main(void *argument) {
    struct worker worker = *(struct worker *)argument;
    struct dae_pool *pool = worker.pool;
    dae_release(argument);
    this_thread = worker.index;
    dae_fpu_prepare();
    for (unsigned seen = 0;; seen++) {
        wait_for_run(pool, seen);
        DAE_HAPPENS_AFTER(&pool->run);
        if (pool->quit)
            return NULL;
        take_shares(pool, worker.index);
        DAE_HAPPENS_BEFORE(&pool->pending);
        if (atomic_fetch_sub(&pool->pending, 1) == 1 && atomic_load(&pool->caller_sleeps)) {
            pthread_mutex_lock(&pool->lock);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->lock);
        }
    }
}

/* Starts a run: everything written before is visible to the workers. */
static void announce(struct dae_pool *pool) {
    DAE_HAPPENS_BEFORE(&pool->run);
    atomic_fetch_add(&pool->run, 1);
    if (atomic_load(&pool->sleepers) == 0)
        return;
    pthread_mutex_lock(&pool->lock);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

static void wait_for_workers(struct dae_pool *pool) {
    for (int64_t since = nanoseconds(); is_patient(pool, since);)
        for (int i = 0; i < LOOKS; i++, relax())
            if (atomic_load_explicit(&pool->pending, memory_order_acquire) == 0)
                return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->caller_sleeps, true);
    while (atomic_load(&pool->pending) > 0)
        pthread_cond_wait(&pool->done, &pool->lock);
    atomic_store(&pool->caller_sleeps, false);
    pthread_mutex_unlock(&pool->lock);
}

dae_status dae_pool_run_all(struct dae_pool *pool, const struct dae_work *works, size_t count) {
    size_t tasks = 0;
    for (size_t i = 0; i < count; i++)
        tasks += works[i].count;
    if (pool == NULL || tasks < 2) {
        for (size_t i = 0; i < count; i++)
            DAE_TRY(take_share(&works[i], 0, 1));
        return DAE_OK;
    }
    pool->works = works;
    pool->count = count;
    pool->failure.status = DAE_OK;
    atomic_store(&pool->pending, pool->workers);
    announce(pool);
    take_shares(pool, 0);
    wait_for_workers(pool);
    DAE_HAPPENS_AFTER(&pool->pending);
    const struct failure *failure = &pool->failure;
    return failure->status == DAE_OK ? DAE_OK : dae_fail(failure->status, "%s", failure->message);
}

dae_status dae_pool_run(struct dae_pool *pool, dae_task_fn task, void *context, size_t count) {
    return dae_pool_run_all(pool, &(struct dae_work){task, context, count}, 1);
}

size_t dae_pool_threads(const struct dae_pool *pool) {
    return pool == NULL ? 1 : pool->workers + 1;
}

dae_status dae_thread_memory_reserve(struct dae_thread_memory *memory, size_t threads, size_t room) {
    if (threads <= this_thread) /* in a task of another pool */
        threads = this_thread + 1;
    if (threads <= memory->threads && room <= memory->room)
        return DAE_OK;
    float *values = dae_allocate_raw(threads, room * sizeof *values);
    if (values == NULL)
        return DAE_ERROR_MEMORY;
    dae_release(memory->values);
    *memory = (struct dae_thread_memory){values, room, threads};
    return DAE_OK;
}

float *dae_thread_memory_here(const struct dae_thread_memory *memory) {
    return memory->values + this_thread * memory->room;
}

/* Starts one more thread; *more is false when the system gives none. */
static dae_status start_worker(struct dae_pool *pool, bool *more) {
    struct worker *worker = dae_allocate(1, sizeof *worker);
    if (worker == NULL)
        return DAE_ERROR_MEMORY;
    *worker = (struct worker){pool, pool->workers + 1};
    *more = pthread_create(&pool->threads[pool->workers], NULL, worker_main, worker) == 0;
    if (*more)
        pool->workers++;
    else
        dae_release(worker);
    return DAE_OK;
}

static dae_status start_workers(struct dae_pool *pool, size_t count) {
    /* new threads inherit it: signals of the host are for the host's threads */
    sigset_t before;
    dae_signals_block(&before);
    dae_status status = DAE_OK;
    for (bool more = true; status == DAE_OK && more && pool->workers < count;)
        status = start_worker(pool, &more);
    dae_signals_restore(&before);
    return status;
}

dae_status dae_pool_open(struct dae_pool **out) {
    size_t threads = dae_get_num_threads();
    *out = NULL;
    if (threads == 1)
        return DAE_OK;
    struct dae_pool *pool = dae_allocate(1, sizeof *pool);
    if (pool == NULL)
        return DAE_ERROR_MEMORY;
    DAE_IS_ATOMIC(pool->run);
    DAE_IS_ATOMIC(pool->pending);
    DAE_IS_ATOMIC(pool->sleepers);
    DAE_IS_ATOMIC(pool->caller_sleeps);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    pool->patient = threads <= processors();
    pool->threads = dae_allocate(threads - 1, sizeof *pool->threads);
    dae_status status = pool->threads != NULL ? start_workers(pool, threads - 1) : DAE_ERROR_MEMORY;
    if (status != DAE_OK)
        dae_pool_close(pool);
    else
        *out = pool;
    return status;
}

void dae_pool_close(struct dae_pool *pool) {
    if (pool == NULL)
        return;
    pool->quit = true;
    announce(pool);
    for (size_t i = 0; i < pool->workers; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    dae_release(pool->threads);
    dae_release(pool);
}
