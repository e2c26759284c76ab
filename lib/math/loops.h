/* Loops beside the row that uses them: a file of kinds that has some is compiled once for each kind of
 * processor, with DAE_KERNELS_TARGET naming it, and once without, for all else in it (lib/meson.build):
 *
 *     DAE_DECLARE_LOOP(function_type, name)
 *     #ifdef DAE_KERNELS_TARGET
 *     void DAE_LOOP(name)(...) { ... }
 *     #else
 *     ... DAE_LOOPS(name) ...       as the initialiser of an array by enum dae_target
 *     #endif */
#ifndef DAE_MATH_LOOPS_H
#define DAE_MATH_LOOPS_H

#include "math/kernels.h"

#define DAE_DECLARE_LOOP(type, name) \
    type dae_loop_##name##_portable, dae_loop_##name##_avx2, dae_loop_##name##_avx512;

#define DAE_LOOP(name)            DAE_LOOP_(name, DAE_KERNELS_TARGET)
#define DAE_LOOP_(name, target)   DAE_LOOP_OF(name, target)
#define DAE_LOOP_OF(name, target) dae_loop_##name##_##target

#ifdef DAE_KERNELS_AVX2
#define DAE_LOOP_AVX2(name) [DAE_TARGET_avx2] = dae_loop_##name##_avx2,
#else
#define DAE_LOOP_AVX2(name)
#endif
#ifdef DAE_KERNELS_AVX512
#define DAE_LOOP_AVX512(name) [DAE_TARGET_avx512] = dae_loop_##name##_avx512,
#else
#define DAE_LOOP_AVX512(name)
#endif
#define DAE_LOOPS(name) \
    { [DAE_TARGET_portable] = dae_loop_##name##_portable, DAE_LOOP_AVX2(name) DAE_LOOP_AVX512(name) }

#endif
