/* Random numbers as a pure function of (seed, stream, position).
 *
 * The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011). Block b of a stream is the function applied to the counter words
 * (low b, high b, low stream, high stream) under the key words (low seed, high seed); it gives four
 * 32-bit words, which stand at positions 4b, 4b+1, 4b+2 and 4b+3.
 *
 * Every number below uses exactly one word, or one word of a pair, so that any language can reproduce
 * it; the library gives the same bits on every processor:
 *
 *   uniform in [0,1)   u = (w >> 8) * 2^-24
 *   normal             a pair of words (v, w) at even, odd position gives the pair
 *                      r cos t, r sin t  with  r = sqrt(-2 ln((v >> 1) * 2^-31 + 2^-32)),
 *                      t = 2 pi w 2^-32  (Box and Muller 1958), |z| <= 6.67,
 *                      computed in float32, within 4e-6 of the exact value
 *
 * Golden numbers, seed 1, stream 0, positions 0 to 3:
 *
 *   bits     e3e80670 e50a0ebc 95f222c0 b615aa27
 *   uniform  0.89025915 0.89468467 0.5857259 0.71126807
 *   normal   0.3804007 -0.2962779 -0.2492334 -1.003837
 */
#ifndef DAE_RNG_H
#define DAE_RNG_H

#include <dae/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A position in a stream of random numbers. One thread at a time. */
typedef struct dae_rng dae_rng;

/** Opens a stream at position 0.
 *
 * Different seeds, and different streams of one seed, are independent. Streams from 2^56 on are used
 * by the library itself for weights, shuffling, dropout and noise (noise.h).
 *
 * @param seed, stream  any values
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_rng_create(dae_rng **out, uint64_t seed, uint64_t stream);

/** Drops a reference; NULL is allowed. @since 0.1.0 */
DAE_API void dae_rng_free(dae_rng *rng);

/** Where the stream stands: the position of the next word. Seed, stream and position are the whole
 * state of a generator: to save one, note the three; to restore it, create and set the position.
 *
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_rng_get_position(const dae_rng *rng, uint64_t *position);

/** Jumps to any position in constant time.
 *
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_rng_set_position(dae_rng *rng, uint64_t position);

/** Fills `out[count]` with random 32-bit words.
 *
 * This and every call that draws numbers first moves the position up to a multiple of 4, uses one
 * word a number, and leaves the position at a multiple of 4 again. `out` may be NULL if count is 0.
 *
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_rng_fill_bits(dae_rng *rng, uint32_t *out, size_t count);

/** Fills `out[count]` with low + (high - low) * u, u uniform in [0,1) with steps of 2^-24.
 *
 * @param low, high  finite, low <= high, high - low finite too
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_rng_fill_uniform(dae_rng *rng, float *out, size_t count, double low, double high);

/** Fills `out[count]` with mean + stddev * z, z normal with mean 0 and standard deviation 1.
 *
 * @param mean    finite
 * @param stddev  finite, >= 0
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_rng_fill_normal(dae_rng *rng, float *out, size_t count, double mean, double stddev);

#ifdef __cplusplus
}
#endif
#endif
