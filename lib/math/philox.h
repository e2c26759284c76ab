/* Philox4x32-10 (Salmon et al. 2011), several blocks at once.
 *
 * Each 32-bit word stands in the lower half of a 64-bit lane, where a widening multiplication takes and
 * leaves it; upper halves hold rubbish that nothing looks at. */
#ifndef DAE_MATH_PHILOX_H
#define DAE_MATH_PHILOX_H

#include "math/kernels.h"
#include "math/vector.h"

#if defined(__AVX512F__)
enum { DAE_WIDE_LANES = 8 };
#elif defined(HAS_AVX2)
enum { DAE_WIDE_LANES = 4 };
#else
enum { DAE_WIDE_LANES = 2 };
#endif

typedef uint64_t dae_wide __attribute__((vector_size(8 * DAE_WIDE_LANES)));

/* The one operation that compilers do not find by themselves: lower half of `a` times `factor`. */
#if defined(__AVX512F__)
#define DAE_WIDE_MULTIPLY(a, factor) ((dae_wide)_mm512_mul_epu32((__m512i)(a), _mm512_set1_epi64(factor)))
#elif defined(HAS_AVX2)
#define DAE_WIDE_MULTIPLY(a, factor) ((dae_wide)_mm256_mul_epu32((__m256i)(a), _mm256_set1_epi64x(factor)))
#elif defined(__SSE2__)
#define DAE_WIDE_MULTIPLY(a, factor) ((dae_wide)_mm_mul_epu32((__m128i)(a), _mm_set1_epi64x(factor)))
#elif defined(__ARM_NEON)
#define DAE_WIDE_MULTIPLY(a, factor) ((dae_wide)vmull_n_u32(vmovn_u64((uint64x2_t)(a)), factor))
#else
#define DAE_WIDE_MULTIPLY(a, factor) (((a)&0xffffffffu) * (uint64_t)(factor))
#endif

/* The lower halves of two vectors in the order in which dae_philox() numbers their lanes. */
typedef uint32_t dae_narrow __attribute__((vector_size(8 * DAE_WIDE_LANES)));
#if defined(__AVX512F__)
#define DAE_NARROW(a, b) ((dae_narrow)_mm512_shuffle_ps((__m512)(a), (__m512)(b), 0x88))
#elif defined(HAS_AVX2)
#define DAE_NARROW(a, b) ((dae_narrow)_mm256_shuffle_ps((__m256)(a), (__m256)(b), 0x88))
#elif defined(__SSE2__)
#define DAE_NARROW(a, b) ((dae_narrow)_mm_shuffle_ps((__m128)(a), (__m128)(b), 0x88))
#elif defined(__ARM_NEON)
#define DAE_NARROW(a, b) ((dae_narrow)vcombine_u32(vmovn_u64((uint64x2_t)(a)), vmovn_u64((uint64x2_t)(b))))
#else
#define DAE_NARROW(a, b) \
    ((dae_narrow){(uint32_t)(a)[0], (uint32_t)(a)[1], (uint32_t)(b)[0], (uint32_t)(b)[1]})
#endif

/* So many vectors at once hide the latency of multiplications, and stay in registers. */
#if defined(__AVX512F__) || defined(__ARM_NEON)
enum { DAE_PHILOX_CHAINS = 4 };
#else
enum { DAE_PHILOX_CHAINS = 2 };
#endif

/* Word k of block from.block + i into words[k][i], for chains * DAE_WIDE_LANES blocks; `chains` is a
 * constant, even and at most DAE_PHILOX_CHAINS. */
__attribute__((always_inline)) static inline void dae_philox(uint32_t *words[4], struct dae_draw from,
                                                             const size_t chains) {
    static const uint64_t lanes[2][8] = {{0, 1, 4, 5, 8, 9, 12, 13}, {2, 3, 6, 7, 10, 11, 14, 15}};
    dae_wide c[4][DAE_PHILOX_CHAINS], key0 = (dae_wide){0} + from.seed, key1 = key0 >> 32;
    for (size_t j = 0; j < chains; j++) {
        memcpy(&c[0][j], lanes[j % 2], sizeof c[0][j]);
        c[0][j] += from.block + j / 2 * 2 * DAE_WIDE_LANES;
        c[1][j] = c[0][j] >> 32;
        c[2][j] = (dae_wide){0} + from.stream;
        c[3][j] = (dae_wide){0} + (from.stream >> 32);
    }
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
#pragma GCC unroll 4
        for (size_t j = 0; j < chains; j++) {
            dae_wide p0 = DAE_WIDE_MULTIPLY(c[0][j], 0xD2511F53u),
                     p1 = DAE_WIDE_MULTIPLY(c[2][j], 0xCD9E8D57u);
            c[0][j] = (p1 >> 32) ^ c[1][j] ^ key0;
            c[1][j] = p1;
            c[2][j] = (p0 >> 32) ^ c[3][j] ^ key1;
            c[3][j] = p0;
        }
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    for (size_t k = 0; k < 4; k++)
        for (size_t j = 0; j < chains; j += 2) {
            dae_narrow narrow = DAE_NARROW(c[k][j], c[k][j + 1]);
            memcpy(words[k] + j * DAE_WIDE_LANES, &narrow, sizeof narrow);
        }
}

#endif
