/* The floating-point setting while a thread works for the library: denormals are flushed to zero, and
 * exceptions trap nothing.
 *
 * Adam's first moment of a unit without gradient decays into the denormal range within a few epochs, where
 * arithmetic is many times slower; flushing changes no figure that anybody prints. NaN and infinity are
 * results like others here, looked for where they matter, also in a host that lets its own arithmetic
 * trap. */
#ifndef DAE_CORE_FPU_H
#define DAE_CORE_FPU_H

#include <stdint.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

/* Sets it and returns the thread's setting, for dae_fpu_restore(). */
static inline uint64_t dae_fpu_prepare(void) {
#if defined(__SSE2__)
    uint32_t saved = _mm_getcsr();
    _mm_setcsr(saved | 0x8040 | 0x1F80); /* flush to zero, denormals are zero; all exceptions masked */
    return saved;
#elif defined(__aarch64__)
    uint64_t saved;
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved));
    __asm__ volatile("msr fpcr, %0"
                     :
                     : "r"((saved | UINT64_C(1) << 24) & ~UINT64_C(0x9F00))); /* FZ; no traps */
    return saved;
#else
    return 0;
#endif
}

static inline void dae_fpu_restore(uint64_t saved) {
#if defined(__SSE2__)
    /* sticky exception flags raised meanwhile are dropped with the rest of the setting */
    _mm_setcsr((uint32_t)saved);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"(saved));
#else
    (void)saved;
#endif
}

#endif
