#include "math/kernels.h"

#include <stdatomic.h>

extern const struct dae_kernels dae_kernels_portable;
extern const struct dae_kernels dae_kernels_avx2;
extern const struct dae_kernels dae_kernels_avx512;

bool dae_processor_has_avx512(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
#else
    return false;
#endif
}

/* Sets that this processor can run, best first, into sets[3]. */
static size_t usable(const struct dae_kernels *sets[3]) {
    size_t count = 0;
#ifdef DAE_KERNELS_AVX512
    if (dae_processor_has_avx512())
        sets[count++] = &dae_kernels_avx512;
#endif
#ifdef DAE_KERNELS_AVX2
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
        sets[count++] = &dae_kernels_avx2;
#endif
    sets[count++] = &dae_kernels_portable;
    return count;
}

const struct dae_kernels *dae_kernels(void) {
    static _Atomic(const struct dae_kernels *) chosen;
    const struct dae_kernels *kernels = atomic_load_explicit(&chosen, memory_order_acquire);
    if (kernels == NULL) {
        kernels = dae_kernels_get(0); /* the same from whichever thread comes first */
        atomic_store_explicit(&chosen, kernels, memory_order_release);
    }
    return kernels;
}

size_t dae_kernels_count(void) {
    const struct dae_kernels *sets[3];
    return usable(sets);
}

const struct dae_kernels *dae_kernels_get(size_t index) {
    const struct dae_kernels *sets[3];
    return index < usable(sets) ? sets[index] : NULL;
}
