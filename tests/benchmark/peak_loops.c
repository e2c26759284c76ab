/* Enough independent chains of multiply-add to hide its latency (4 cycles or 5) in every unit (2 or 4), and
 * few enough to stay in registers. Each chain stays finite and far from the denormals. Meson builds this
 * file with -O3 whatever the build type is. */
#include "peak_loops.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

enum { PLAIN_VALUES = 48, X86_CHAINS = 12, NEON_CHAINS = 20 };

static uint32_t plain_read(const uint32_t *words, size_t count) {
    uint32_t bits = 0;
    for (size_t i = 0; i < count; i++)
        bits |= words[i];
    return bits;
}

#ifndef __aarch64__ /* where NEON is always there */

static float plain_multiply_add(size_t steps, float factor, float term) {
    float x[PLAIN_VALUES], sum = 0;
    for (int i = 0; i < PLAIN_VALUES; i++)
        x[i] = (float)i;
    for (size_t step = 0; step < steps; step++)
        for (int i = 0; i < PLAIN_VALUES; i++)
            x[i] = x[i] * factor + term;
    for (int i = 0; i < PLAIN_VALUES; i++)
        sum += x[i];
    return sum;
}

static const struct peak_loops plain = {"plain", 2.0 * PLAIN_VALUES, plain_multiply_add, plain_read};

#endif

#if defined(__x86_64__)

__attribute__((target("avx2,fma"))) static float avx2_multiply_add(size_t steps, float factor, float term) {
    __m256 x[X86_CHAINS], f = _mm256_set1_ps(factor), t = _mm256_set1_ps(term);
    for (int i = 0; i < X86_CHAINS; i++)
        x[i] = _mm256_set1_ps((float)i);
    for (size_t step = 0; step < steps; step++)
        for (int i = 0; i < X86_CHAINS; i++)
            x[i] = _mm256_fmadd_ps(x[i], f, t);
    for (int i = 1; i < X86_CHAINS; i++)
        x[0] = _mm256_add_ps(x[0], x[i]);
    return _mm256_cvtss_f32(x[0]);
}

__attribute__((target("avx2"))) static uint32_t avx2_read(const uint32_t *words, size_t count) {
    __m256i x[8], all = _mm256_setzero_si256();
    for (int i = 0; i < 8; i++)
        x[i] = all;
    for (size_t at = 0; at < count; at += 64)
        for (size_t i = 0; i < 8; i++)
            x[i] = _mm256_or_si256(x[i], _mm256_loadu_si256((const __m256i *)(words + at + 8 * i)));
    for (int i = 0; i < 8; i++)
        all = _mm256_or_si256(all, x[i]);
    return (uint32_t)_mm256_movemask_epi8(all);
}

__attribute__((target("avx512f"))) static float avx512_multiply_add(size_t steps, float factor, float term) {
    __m512 x[X86_CHAINS], f = _mm512_set1_ps(factor), t = _mm512_set1_ps(term);
    for (int i = 0; i < X86_CHAINS; i++)
        x[i] = _mm512_set1_ps((float)i);
    for (size_t step = 0; step < steps; step++)
        for (int i = 0; i < X86_CHAINS; i++)
            x[i] = _mm512_fmadd_ps(x[i], f, t);
    for (int i = 1; i < X86_CHAINS; i++)
        x[0] = _mm512_add_ps(x[0], x[i]);
    return _mm512_reduce_add_ps(x[0]);
}

__attribute__((target("avx512f"))) static uint32_t avx512_read(const uint32_t *words, size_t count) {
    __m512i x[8], all = _mm512_setzero_si512();
    for (int i = 0; i < 8; i++)
        x[i] = all;
    for (size_t at = 0; at < count; at += 128)
        for (size_t i = 0; i < 8; i++)
            x[i] = _mm512_or_si512(x[i], _mm512_loadu_si512(words + at + 16 * i));
    for (int i = 0; i < 8; i++)
        all = _mm512_or_si512(all, x[i]);
    return (uint32_t)_mm512_reduce_or_epi32(all);
}

static const struct peak_loops avx2 = {"avx2", 2.0 * 8 * X86_CHAINS, avx2_multiply_add, avx2_read};
static const struct peak_loops avx512 = {"avx512", 2.0 * 16 * X86_CHAINS, avx512_multiply_add, avx512_read};

const struct peak_loops *peak_choose_loops(void) {
    if (__builtin_cpu_supports("avx512f"))
        return &avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &avx2;
    return &plain;
}

#elif defined(__aarch64__)

static float neon_multiply_add(size_t steps, float factor, float term) {
    float32x4_t x[NEON_CHAINS], f = vdupq_n_f32(factor), t = vdupq_n_f32(term);
    for (int i = 0; i < NEON_CHAINS; i++)
        x[i] = vdupq_n_f32((float)i);
    /* The instruction is x += f * t here; a tiny t keeps x finite. */
    t = vmulq_n_f32(t, 1e-9f);
    for (size_t step = 0; step < steps; step++)
        for (int i = 0; i < NEON_CHAINS; i++)
            x[i] = vfmaq_f32(x[i], f, t);
    for (int i = 1; i < NEON_CHAINS; i++)
        x[0] = vaddq_f32(x[0], x[i]);
    return vaddvq_f32(x[0]);
}

static const struct peak_loops neon = {"neon", 2.0 * 4 * NEON_CHAINS, neon_multiply_add, plain_read};

const struct peak_loops *peak_choose_loops(void) {
    return &neon;
}

#else

const struct peak_loops *peak_choose_loops(void) {
    return &plain;
}

#endif
