/* Vectors of floats, as wide as those of one kind of processor: part of kernels_target.c. */
#ifndef DAE_MATH_VECTOR_H
#define DAE_MATH_VECTOR_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

/* What is compiled for AVX2 has fused multiply-adds too, as nearly every processor with AVX2 does. */
#if defined(__AVX2__) && defined(__FMA__)
#define HAS_AVX2
#endif

/* FUSE(a, b, c) is a b + c, rounded once if HAS_FUSED, which is what the processor has; SPREAD(x) has x in
 * each lane. */
#if defined(__AVX512F__)
enum { NATIVE = 16 };
#define FUSE      _mm512_fmadd_ps
#define SPREAD    _mm512_set1_ps
#define HAS_FUSED true
#elif defined(HAS_AVX2)
enum { NATIVE = 8 };
#define FUSE      _mm256_fmadd_ps
#define SPREAD    _mm256_set1_ps
#define HAS_FUSED true
#elif defined(__aarch64__)
enum { NATIVE = 4 };
#define FUSE(a, b, c) vfmaq_f32(c, a, b)
#define SPREAD        vdupq_n_f32
#define HAS_FUSED     true
#else
enum { NATIVE = 4 };
#define FUSE(a, b, c) ((a) * (b) + (c))
#define SPREAD(x)     ((native_t){(x), (x), (x), (x)})
#define HAS_FUSED     false
#endif

enum { LANES = 16 }; /* partial sums of a reduction, for every target alike */

typedef float native_t __attribute__((vector_size(4 * NATIVE)));

typedef int32_t native_integers_t __attribute__((vector_size(4 * NATIVE)));
typedef uint32_t native_words_t __attribute__((vector_size(4 * NATIVE)));

/* Four floats; CHOOSE(a, b, i, j, k, l) has those of these numbers, where a has 0 to 3 and b 4 to 7. */
typedef float quad_t __attribute__((vector_size(16)));
#ifdef __clang__
#define CHOOSE __builtin_shufflevector
#else
typedef int32_t quad_integers_t __attribute__((vector_size(16)));
#define CHOOSE(a, b, i, j, k, l) __builtin_shuffle((a), (b), (quad_integers_t){(i), (j), (k), (l)})
#endif

/* FLOATS(x) has the integers x as floats, SQUARE_ROOT(x) the roots of x. */
#define FLOATS(x) __builtin_convertvector((x), native_t)
#if defined(__AVX512F__)
#define SQUARE_ROOT _mm512_sqrt_ps
#elif defined(HAS_AVX2)
#define SQUARE_ROOT _mm256_sqrt_ps
#elif defined(__SSE2__)
#define SQUARE_ROOT _mm_sqrt_ps
#elif defined(__aarch64__)
#define SQUARE_ROOT vsqrtq_f32
#else
#define SQUARE_ROOT(x) ((native_t){sqrtf((x)[0]), sqrtf((x)[1]), sqrtf((x)[2]), sqrtf((x)[3])})
#endif

/* Compilers may move operations to where their result is needed. This keeps those on a vector where they
 * are. */
#if defined(__AVX512F__)
#define HOLD(vector) __asm__("" : "+v"(vector))
#elif defined(__SSE2__)
#define HOLD(vector) __asm__("" : "+x"(vector))
#elif defined(__aarch64__)
#define HOLD(vector) __asm__("" : "+w"(vector))
#else
#define HOLD(vector) (void)(vector)
#endif

/* And compilers may work out the addresses of all rows ahead of a loop, more than there are registers for. */
#define HOLD_ADDRESS(pointer) __asm__("" : "+r"(pointer))

/* Vectors stay inside a function: passing them would depend on the target's calling convention. */
#define LOAD(vector, from) memcpy(&(vector), (from), sizeof(vector))
#define STORE(to, vector)  memcpy((to), &(vector), sizeof(vector))

/* For functions whose arguments that are constants become part of their code. */
#define ALWAYS_INLINE __attribute__((always_inline)) static inline
#define NOT_INLINE    __attribute__((noinline)) static

/* Makes the next loop disappear, and with it the array that it counts through. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

#endif
