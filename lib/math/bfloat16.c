#define _GNU_SOURCE /* syscall() */
#include "math/bfloat16.h"

#include <stdatomic.h>

/* ---- AMX --------------------------------------------------------------------------------------------- */

#ifdef DAE_PAIRS_AMX

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct dae_bfloat16_units amx = {"AMX", dae_multiply_amx};

/* Linux, <asm/prctl.h>: threads get room for the contents of tiles once their process has asked for it. */
enum { ARCH_GET_XCOMP_SUPP = 0x1021, ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };

/* Processor and system have it. */
static bool has_amx(void) {
    enum { AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24 };
    unsigned a, b, c, d = 0;
    unsigned long supported = 0;
    return dae_processor_has_avx512() && __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 &&
           (d & AMX_BF16) != 0 && (d & AMX_TILE) != 0 &&
           syscall(SYS_arch_prctl, ARCH_GET_XCOMP_SUPP, &supported) == 0 &&
           (supported >> XFEATURE_XTILEDATA & 1) != 0;
}

/* What the system has said; the same whoever asks, however often. */
enum { NOT_ASKED, GRANTED, REFUSED };
static atomic_int answer = NOT_ASKED;

static bool may_use_amx(bool ask) {
    int now = atomic_load(&answer);
    if (now == NOT_ASKED && !ask)
        return has_amx();
    if (now == NOT_ASKED) {
        bool granted = has_amx() && syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
        now = granted ? GRANTED : REFUSED;
        atomic_store(&answer, now);
    }
    return now == GRANTED;
}

#endif

/* ---- AVX-512 BF16 ------------------------------------------------------------------------------------ */

#ifdef DAE_PAIRS_AVX512_BF16

static const struct dae_bfloat16_units avx512_bf16 = {"AVX-512 BF16", dae_multiply_avx512_bf16};

#endif

/* ---- The kernels ------------------------------------------------------------------------------------- */

static void multiply_by_kernels(float *memory, float *c, size_t c_stride, struct dae_strided a,
                                struct dae_strided b, size_t m, size_t n, size_t k) {
    dae_kernels()->multiply_bfloat16(memory, c, c_stride, a, b, m, n, k);
}

static const struct dae_bfloat16_units float32 = {"by float32 units", multiply_by_kernels};

/* ---- Choosing ---------------------------------------------------------------------------------------- */

enum { KINDS = 3 };

/* Units that can be used, best first; `ask` the system for those that it only gives to who asks. */
static size_t usable(const struct dae_bfloat16_units *units[KINDS], bool ask) {
    size_t count = 0;
#ifdef DAE_PAIRS_AMX
    if (may_use_amx(ask))
        units[count++] = &amx;
#endif
#ifdef DAE_PAIRS_AVX512_BF16
    if (dae_processor_has_avx512() && __builtin_cpu_supports("avx512bf16"))
        units[count++] = &avx512_bf16;
#endif
    (void)ask;
    units[count++] = &float32;
    return count;
}

const struct dae_bfloat16_units *dae_bfloat16_units(void) {
    const struct dae_bfloat16_units *units[KINDS];
    usable(units, true);
    return units[0];
}

const char *dae_bfloat16_units_name(void) {
    const struct dae_bfloat16_units *units[KINDS];
    usable(units, false);
    return units[0]->name;
}

size_t dae_bfloat16_units_count(void) {
    const struct dae_bfloat16_units *units[KINDS];
    return usable(units, true);
}

const struct dae_bfloat16_units *dae_bfloat16_units_get(size_t index) {
    const struct dae_bfloat16_units *units[KINDS];
    return index < usable(units, true) ? units[index] : NULL;
}
