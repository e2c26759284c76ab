/* Philox4x32-10 (Salmon et al. 2011), several blocks at once.
 *
 * Each 32-bit word stands in the lower half of a 64-bit lane, where a widening multiplication takes and leaves
 * it; upper halves hold rubbish that nothing looks at. */
#ifndef DAE_MATH_PHILOX_H
#define DAE_MATH_PHILOX_H

#include "math/kernels.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
enum { DAE_WIDE_LANES = 8 };
#elif defined(__AVX2__)
enum { DAE_WIDE_LANES = 4 };
#else
enum { DAE_WIDE_LANES = 2 };
#endif

typedef uint64_t dae_wide __attribute__((vector_size(8 * DAE_WIDE_LANES)));

/* The one operation that compilers do not find by themselves: lower half of `a` times `factor`. */
#if defined(__AVX512F__)
#define DAE_WIDE_MULTIPLY(a, factor) ((dae_wide)_mm512_mul_epu32((__m512i)(a), _mm512_set1_epi64(factor)))
#elif defined(__AVX2__)
#define DAE_WIDE_MULTIPLY(a, factor) ((dae_wide)_mm256_mul_epu32((__m256i)(a), _mm256_set1_epi64x(factor)))
#elif defined(__x86_64__)
#define DAE_WIDE_MULTIPLY(a, factor) ((dae_wide)_mm_mul_epu32((__m128i)(a), _mm_set1_epi64x(factor)))
#elif defined(__ARM_NEON)
#define DAE_WIDE_MULTIPLY(a, factor) ((dae_wide)vmull_n_u32(vmovn_u64((uint64x2_t)(a)), factor))
#else
#define DAE_WIDE_MULTIPLY(a, factor) (((a)&0xffffffffu) * (uint64_t)(factor))
#endif

enum { DAE_PHILOX_CHAINS = 4 }; /* vectors at once hide the latency of multiplications */

/* Word k of block from.block + i into words[k][i], for chains * DAE_WIDE_LANES blocks; `chains` is a constant, at
 * most DAE_PHILOX_CHAINS. */
__attribute__((always_inline)) static inline void dae_philox(uint64_t *words[4], struct dae_draw from,
                                                             const size_t chains) {
    dae_wide c0[DAE_PHILOX_CHAINS], c1[DAE_PHILOX_CHAINS], c2[DAE_PHILOX_CHAINS], c3[DAE_PHILOX_CHAINS];
    uint64_t first[DAE_PHILOX_CHAINS * DAE_WIDE_LANES];
    for (size_t i = 0; i < chains * DAE_WIDE_LANES; i++)
        first[i] = from.block + i;
    memcpy(c0, first, chains * sizeof *c0);
    for (size_t j = 0; j < chains; j++) {
        c1[j] = c0[j] >> 32;
        c2[j] = (dae_wide){0} + from.stream;
        c3[j] = (dae_wide){0} + (from.stream >> 32);
    }
    uint32_t key0 = (uint32_t)from.seed, key1 = (uint32_t)(from.seed >> 32);
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
#pragma GCC unroll 4
        for (size_t j = 0; j < chains; j++) {
            dae_wide p0 = DAE_WIDE_MULTIPLY(c0[j], 0xD2511F53u), p1 = DAE_WIDE_MULTIPLY(c2[j], 0xCD9E8D57u);
            c0[j] = (p1 >> 32) ^ c1[j] ^ key0;
            c1[j] = p1;
            c2[j] = (p0 >> 32) ^ c3[j] ^ key1;
            c3[j] = p0;
        }
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    memcpy(words[0], c0, chains * sizeof *c0);
    memcpy(words[1], c1, chains * sizeof *c1);
    memcpy(words[2], c2, chains * sizeof *c2);
    memcpy(words[3], c3, chains * sizeof *c3);
}

#endif
