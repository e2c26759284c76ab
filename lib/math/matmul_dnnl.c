/* oneDNN compiles a primitive for each shape, which takes milliseconds. Primitives are kept, each with the memory
 * objects and the scratch memory of one execution; a thread borrows one that no other uses. oneDNN's own threading is
 * set to one thread around each execution, in the executing thread only. */
#define _POSIX_C_SOURCE 200809L /* pthread_sigmask() */
#include "math/matmul_dnnl.h"

#include "config.h"

#if DAE_HAVE_ONEDNN

#include "core/memory.h"
#include "core/signals.h"

#include <dnnl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

enum { MAX_KEPT = 256 };

/* What a primitive is made for. */
struct shape {
    size_t m, n, k, a_stride, b_stride, c_stride;
    bool a_transposed, b_transposed, bfloat16;
};

struct multiplier {
    struct multiplier *next;
    struct shape shape;
    bool borrowed;
    dnnl_primitive_t primitive;
    dnnl_memory_t a, b, c, scratch;
    dnnl_stream_t stream;
};

struct dae_dnnl {
    pthread_mutex_t lock;
    dnnl_engine_t engine;
    struct multiplier *first;
    size_t count;
};

/* libgomp's setting of the calling thread; absent where oneDNN was built without OpenMP. */
extern void omp_set_num_threads(int count) __attribute__((weak));
extern int omp_get_max_threads(void) __attribute__((weak));

bool dae_dnnl_is_built_in(void) {
    return true;
}

static char name[64];

static void make_name(void) {
    const dnnl_version_t *version = dnnl_version();
    snprintf(name, sizeof name, "oneDNN %d.%d.%d", version->major, version->minor, version->patch);
}

const char *dae_dnnl_name(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT; /* not a lock: the host may fork meanwhile */
    pthread_once(&once, make_name);
    return name;
}

const char *dae_dnnl_bfloat16_units(void) {
#if defined(__x86_64__)
    unsigned isa = (unsigned)dnnl_get_effective_cpu_isa();
    if ((isa & (unsigned)dnnl_cpu_isa_avx512_core_amx) == (unsigned)dnnl_cpu_isa_avx512_core_amx)
        return "AMX";
    if ((isa & (unsigned)dnnl_cpu_isa_avx512_core_bf16) == (unsigned)dnnl_cpu_isa_avx512_core_bf16)
        return "AVX-512 BF16";
#endif
    return NULL;
}

/* ---- The two versions of the interface ------------------------------------------------------------- */

#if DNNL_VERSION_MAJOR >= 3

typedef dnnl_memory_desc_t descriptor;

static bool create_descriptor(descriptor *out, const dnnl_dims_t dims, dnnl_data_type_t type,
                              const dnnl_dims_t strides) {
    return dnnl_memory_desc_create_with_strides(out, 2, dims, type, strides) == dnnl_success;
}

static void forget(descriptor *d) {
    if (*d != NULL)
        dnnl_memory_desc_destroy(*d);
}

static bool describe_product(dnnl_primitive_desc_t *out, dnnl_engine_t engine, const descriptor d[3],
                             const_dnnl_primitive_attr_t options) {
    return dnnl_matmul_primitive_desc_create(out, engine, d[0], d[1], NULL, d[2], options) == dnnl_success;
}

static bool create_memory(dnnl_memory_t *out, dnnl_engine_t engine, const descriptor *d) {
    return dnnl_memory_create(out, *d, engine, DNNL_MEMORY_NONE) == dnnl_success;
}

static bool create_scratch(dnnl_memory_t *out, dnnl_engine_t engine, const_dnnl_primitive_desc_t product) {
    const_dnnl_memory_desc_t d = dnnl_primitive_desc_query_md(product, dnnl_query_scratchpad_md, 0);
    return dnnl_memory_create(out, d, engine, DNNL_MEMORY_ALLOCATE) == dnnl_success;
}

#else

typedef dnnl_memory_desc_t descriptor;

static bool create_descriptor(descriptor *out, const dnnl_dims_t dims, dnnl_data_type_t type,
                              const dnnl_dims_t strides) {
    return dnnl_memory_desc_init_by_strides(out, 2, dims, type, strides) == dnnl_success;
}

static void forget(descriptor *d) {
    (void)d;
}

static bool describe_product(dnnl_primitive_desc_t *out, dnnl_engine_t engine, const descriptor d[3],
                             const_dnnl_primitive_attr_t options) {
    dnnl_matmul_desc_t product;
    return dnnl_matmul_desc_init(&product, &d[0], &d[1], NULL, &d[2]) == dnnl_success &&
           dnnl_primitive_desc_create(out, &product, options, engine, NULL) == dnnl_success;
}

static bool create_memory(dnnl_memory_t *out, dnnl_engine_t engine, const descriptor *d) {
    return dnnl_memory_create(out, d, engine, DNNL_MEMORY_NONE) == dnnl_success;
}

static bool create_scratch(dnnl_memory_t *out, dnnl_engine_t engine, const_dnnl_primitive_desc_t product) {
    const dnnl_memory_desc_t *d = dnnl_primitive_desc_query_md(product, dnnl_query_scratchpad_md, 0);
    return dnnl_memory_create(out, d, engine, DNNL_MEMORY_ALLOCATE) == dnnl_success;
}

#endif

/* ---- Making and keeping ------------------------------------------------------------------------------ */

/* A matrix whose rows, or columns if transposed, are `stride` values apart. */
static bool describe(descriptor *out, size_t rows, size_t columns, dnnl_data_type_t type, size_t stride,
                     bool transposed) {
    dnnl_dims_t dims = {(dnnl_dim_t)rows, (dnnl_dim_t)columns};
    dnnl_dims_t strides = {transposed ? 1 : (dnnl_dim_t)stride, transposed ? (dnnl_dim_t)stride : 1};
    return create_descriptor(out, dims, type, strides);
}

static bool same(const struct shape *x, const struct shape *y) {
    return x->m == y->m && x->n == y->n && x->k == y->k && x->a_stride == y->a_stride &&
           x->b_stride == y->b_stride && x->c_stride == y->c_stride && x->a_transposed == y->a_transposed &&
           x->b_transposed == y->b_transposed && x->bfloat16 == y->bfloat16;
}

static void destroy(struct multiplier *m) {
    dnnl_memory_t memories[] = {m->a, m->b, m->c, m->scratch};
    for (size_t i = 0; i < sizeof memories / sizeof *memories; i++)
        if (memories[i] != NULL)
            dnnl_memory_destroy(memories[i]);
    if (m->primitive != NULL)
        dnnl_primitive_destroy(m->primitive);
    if (m->stream != NULL)
        dnnl_stream_destroy(m->stream);
    dae_release(m);
}

static bool compile(struct multiplier *m, dnnl_engine_t engine, const descriptor d[3]) {
    dnnl_primitive_attr_t options = NULL;
    dnnl_primitive_desc_t product = NULL;
    bool good = dnnl_primitive_attr_create(&options) == dnnl_success &&
                dnnl_primitive_attr_set_scratchpad_mode(options, dnnl_scratchpad_mode_user) == dnnl_success &&
                describe_product(&product, engine, d, options) &&
                dnnl_primitive_create(&m->primitive, product) == dnnl_success &&
                dnnl_stream_create(&m->stream, engine, dnnl_stream_default_flags) == dnnl_success &&
                create_memory(&m->a, engine, &d[0]) && create_memory(&m->b, engine, &d[1]) &&
                create_memory(&m->c, engine, &d[2]) && create_scratch(&m->scratch, engine, product);
    if (product != NULL)
        dnnl_primitive_desc_destroy(product);
    if (options != NULL)
        dnnl_primitive_attr_destroy(options);
    return good;
}

static struct multiplier *create(dnnl_engine_t engine, const struct shape *s) {
    struct multiplier *m = dae_allocate(1, sizeof *m);
    if (m == NULL)
        return NULL;
    m->shape = *s;
    m->borrowed = true;
    dnnl_data_type_t type = s->bfloat16 ? dnnl_bf16 : dnnl_f32;
    descriptor d[3] = {0};
    bool good = describe(&d[0], s->m, s->k, type, s->a_stride, s->a_transposed) &&
                describe(&d[1], s->k, s->n, type, s->b_stride, s->b_transposed) &&
                describe(&d[2], s->m, s->n, dnnl_f32, s->c_stride, false) && compile(m, engine, d);
    for (size_t i = 0; i < 3; i++)
        forget(&d[i]);
    if (!good) {
        destroy(m);
        return NULL;
    }
    return m;
}

dae_status dae_dnnl_create(struct dae_dnnl **out) {
    struct dae_dnnl *kept = dae_allocate(1, sizeof *kept);
    if (kept == NULL)
        return DAE_ERROR_MEMORY;
    if (dnnl_engine_create(&kept->engine, dnnl_cpu, 0) != dnnl_success) {
        dae_release(kept);
        return dae_fail(DAE_ERROR_MEMORY, "out of memory: oneDNN could not start");
    }
    pthread_mutex_init(&kept->lock, NULL);
    *out = kept;
    return DAE_OK;
}

void dae_dnnl_free(struct dae_dnnl *kept) {
    if (kept == NULL)
        return;
    for (struct multiplier *next; kept->first != NULL; kept->first = next) {
        next = kept->first->next;
        destroy(kept->first);
    }
    dnnl_engine_destroy(kept->engine);
    pthread_mutex_destroy(&kept->lock);
    dae_release(kept);
}

/* Takes one out of the list that nobody uses, to make room. */
static void evict(struct dae_dnnl *kept) {
    for (struct multiplier **link = &kept->first; *link != NULL; link = &(*link)->next)
        if (!(*link)->borrowed) {
            struct multiplier *old = *link;
            *link = old->next;
            kept->count--;
            destroy(old);
            return;
        }
}

/* One that nobody uses, borrowed; *exists tells whether there is any. */
static struct multiplier *find(struct dae_dnnl *kept, const struct shape *s, bool *exists) {
    *exists = false;
    struct multiplier *found = NULL;
    pthread_mutex_lock(&kept->lock);
    for (struct multiplier *m = kept->first; m != NULL && found == NULL; m = m->next)
        if (same(&m->shape, s)) {
            *exists = true;
            found = m->borrowed ? NULL : m;
        }
    if (found != NULL)
        found->borrowed = true;
    pthread_mutex_unlock(&kept->lock);
    return found;
}

/* What has been made once can be had again: without memory for another one, it waits for one that is in use. */
static struct multiplier *borrow(struct dae_dnnl *kept, const struct shape *s) {
    bool exists;
    struct multiplier *found = find(kept, s, &exists);
    if (found != NULL)
        return found;
    found = create(kept->engine, s);
    while (found == NULL && exists) {
        sched_yield();
        found = find(kept, s, &exists);
        if (found != NULL)
            return found;
    }
    if (found == NULL)
        return NULL;
    pthread_mutex_lock(&kept->lock);
    if (kept->count == MAX_KEPT)
        evict(kept);
    found->next = kept->first;
    kept->first = found;
    kept->count++;
    pthread_mutex_unlock(&kept->lock);
    return found;
}

static void give_back(struct dae_dnnl *kept, struct multiplier *m) {
    pthread_mutex_lock(&kept->lock);
    m->borrowed = false;
    pthread_mutex_unlock(&kept->lock);
}

/* ---- Multiplying ------------------------------------------------------------------------------------- */

/* Code that oneDNN makes for float32 points the stack pointer at the heap, up to version 3.11 (its issue 4845), so that
 * the frame of a signal handler lands in somebody's memory (tests/check_signals.c). Signals wait until a product is
 * done, but for those of faults, whose thread could not go on: what a product reads and writes has to be in memory. */
static bool execute(const struct multiplier *m) {
    sigset_t before;
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, m->a},
                                   {DNNL_ARG_WEIGHTS, m->b},
                                   {DNNL_ARG_DST, m->c},
                                   {DNNL_ARG_SCRATCHPAD, m->scratch}};
    int threads = omp_get_max_threads != NULL ? omp_get_max_threads() : 1;
    if (threads != 1)
        omp_set_num_threads(1);
    dae_signals_block(&before);
    bool good = dnnl_primitive_execute(m->primitive, m->stream, 4, arguments) == dnnl_success &&
                dnnl_stream_wait(m->stream) == dnnl_success;
    dae_signals_restore(&before);
    if (threads != 1)
        omp_set_num_threads(threads);
    return good;
}

bool dae_dnnl_multiply(struct dae_dnnl *kept, const struct dae_product *p) {
    struct shape shape = {
        .m = p->m,
        .n = p->n,
        .k = p->k,
        .a_stride = p->a.stride,
        .b_stride = p->b.stride,
        .c_stride = p->c_stride,
        .a_transposed = p->a.transposed,
        .b_transposed = p->b.transposed,
        .bfloat16 = p->bfloat16,
    };
    struct multiplier *m = borrow(kept, &shape);
    if (m == NULL)
        return false;
    bool good = dnnl_memory_set_data_handle(m->a, (void *)(uintptr_t)p->a.data) == dnnl_success &&
                dnnl_memory_set_data_handle(m->b, (void *)(uintptr_t)p->b.data) == dnnl_success &&
                dnnl_memory_set_data_handle(m->c, p->c) == dnnl_success && execute(m);
    give_back(kept, m);
    return good;
}

#else

bool dae_dnnl_is_built_in(void) {
    return false;
}

const char *dae_dnnl_name(void) {
    return NULL;
}

const char *dae_dnnl_bfloat16_units(void) {
    return NULL;
}

dae_status dae_dnnl_create(struct dae_dnnl **out) {
    *out = NULL;
    return DAE_OK;
}

void dae_dnnl_free(struct dae_dnnl *kept) {
    (void)kept;
}

bool dae_dnnl_multiply(struct dae_dnnl *kept, const struct dae_product *product) {
    (void)kept, (void)product;
    return false;
}

#endif
