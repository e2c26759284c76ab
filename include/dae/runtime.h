/* What the library takes from the process it lives in: memory and processors. */
#ifndef DAE_RUNTIME_H
#define DAE_RUNTIME_H

#include <dae/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Gives `size` bytes (never 0) aligned as malloc() aligns, or NULL. May be called from any thread. */
typedef void *(*dae_allocate_fn)(size_t size, void *user);
/** Takes back what the matching dae_allocate_fn gave; never NULL. May be called from any thread. */
typedef void (*dae_release_fn)(void *memory, void *user);

/** Routes every allocation of the library through two functions. Default: malloc() and free().
 *
 * Memory is returned to the function that was in force when it was allocated, so the allocator may be
 * changed while objects exist. zlib's memory is routed too; the BLAS library's is its own.
 *
 * @param allocate, release  both given, or both NULL for the default
 * @param user  handed to both functions; may be NULL
 * Errors: DAE_ERROR_ARGUMENT when only one function is given.
 * Threads: not while another thread is inside the library. @since 0.1.0
 */
DAE_API dae_status dae_set_allocator(dae_allocate_fn allocate, dae_release_fn release, void *user);

/** Sets how many threads a call that trains or evaluates may use, its caller included.
 *
 * Results do not depend on this number: the same weights, byte for byte, at any value. Threads are
 * started when such a call begins and have ended when it returns. Signals of the host are
 * blocked in them, all but those of faults (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP and SIGSYS), whose handlers may run in such
 * a thread and have to return.
 *
 * @param count  1 to 1024; 0 for the default: the processors that this process may run on
 * Errors: DAE_ERROR_ARGUMENT above 1024.
 * Threads: any; calls already running keep their number. @since 0.1.0
 */
DAE_API dae_status dae_set_num_threads(size_t count);

/** How many threads the next call that trains or evaluates will use: at least 1. Cannot fail.
 *
 * Threads: any. @since 0.1.0
 */
DAE_API size_t dae_get_num_threads(void);

/** How matrix products are made. Parameters, activations, gradients, sums and the optimizer's memory are float32 in any
 * case. */
enum {
    /** float32 throughout; the default */
    DAE_PRECISION_FLOAT32 = 0,
    /** Factors are rounded to bfloat16 (8 bits of precision), products are summed up in float32. Many times faster
     * where the processor has units for it: AMX, or less so AVX-512 BF16. Works without them, and takes up to a tenth
     * longer than float32 then.
     *
     * Linux gives AMX to who asks for it, and takes it back from nobody: the first time that a process chooses this
     * precision on such a processor, it asks. From then on sigaltstack() of this process refuses stacks that are too small
     * for a signal's frame with the 8 KB of AMX's registers; where a thread has such a stack already, the system says
     * no, and AVX-512 BF16 is used. */
    DAE_PRECISION_BFLOAT16 = 1
};

/** Describes in one line what does the work here, such as
 * "libdae 0.1.0, own products, bfloat16 AMX, kernels avx512, 2 threads": the library; what multiplies float32 matrices,
 * which may also be "oneDNN 2.6.3" or "BLAS openblas", say; the units that multiply bfloat16, "AMX", "AVX-512 BF16" or "by
 * float32 units"; the kernels chosen for this processor; the number of threads.
 *
 * @param buffer, capacity, length  as for every text (dae.h)
 * Errors: DAE_ERROR_ARGUMENT. Threads: any. @since 0.1.0
 */
DAE_API dae_status dae_runtime_describe(char *buffer, size_t capacity, size_t *length);

#ifdef __cplusplus
}
#endif
#endif
