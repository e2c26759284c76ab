/* Noise: as calls on an array, and as a recipe that can be kept, printed and applied anywhere.
 *
 * The array calls work in place on `x[count]`, move the generator by one word a value whatever the
 * parameters, and leave NaN and infinite values as arithmetic leaves them: masking and salt and
 * pepper replace them when they hit, clipping turns infinities into the limits and keeps NaN.
 * Parameters are rounded to float32 before use, and so is every result. `x` may be NULL if count is 0.
 */
#ifndef DAE_NOISE_H
#define DAE_NOISE_H

#include <dae/rng.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Array calls ------------------------------------------------------------------------------ */

/** Adds Gaussian noise: x += mean + stddev * z, z normal (rng.h).
 *
 * @param mean    finite, in the unit of x
 * @param stddev  finite, >= 0, in the unit of x
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_add_gaussian_noise(float *x, size_t count, double mean, double stddev, dae_rng *rng);

/** Adds uniform noise: x += low + (high - low) * u, u in [0,1).
 *
 * @param low, high  finite, low <= high, high - low finite too, in the unit of x
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_add_uniform_noise(float *x, size_t count, double low, double high, dae_rng *rng);

/** Masks: x = 0 where u < rate, else unchanged. Unlike dropout, the rest is not scaled up.
 * Source: Vincent et al., "Stacked denoising autoencoders", JMLR 11 (2010), section 3.3.
 *
 * @param rate  share of values to clear, 0 to 1
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_add_masking_noise(float *x, size_t count, double rate, dae_rng *rng);

/** Salt and pepper: x = low where u < rate / 2, x = high where rate / 2 <= u < rate, else unchanged.
 * Source: Vincent et al. 2010, section 3.3.
 *
 * @param rate       share of values to replace, 0 to 1
 * @param low, high  finite, low <= high: the values of pepper and salt
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_add_salt_pepper_noise(float *x, size_t count, double rate, double low, double high,
                                             dae_rng *rng);

/** Poisson noise, as of counted photons: x = Poisson(x * peak) / peak. Mean and variance are x and x / peak.
 *
 * Values below 0 become 0; NaN and +infinity stay, and so does x where noise would be less than half a unit
 * in its last place (x * peak >= 2^60). Up to a mean of 10 it is the first k with u < P(0) + ... + P(k),
 * where u = (w + 1/2) / 2^32; above, Hormann's method PTRS (1993) takes two words an attempt. A value's words
 * after its first are those at the same position of the streams 8 * 2^56, 16 * 2^56 and so on further on.
 *
 * @param peak  finite, > 0: events that are expected where x is 1
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_add_poisson_noise(float *x, size_t count, double peak, dae_rng *rng);

/** Speckle: x *= 1 + stddev * z, z normal (rng.h).
 *
 * @param stddev  finite, >= 0, as a share of the value
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_add_speckle_noise(float *x, size_t count, double stddev, dae_rng *rng);

/** Clips: x = min(max(x, low), high). Draws no random numbers.
 *
 * @param low, high  finite, low <= high
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_clip(float *x, size_t count, double low, double high);

/* ---- Recipes ---------------------------------------------------------------------------------- */

/** Up to 64 steps, applied one after the other, which never change. An empty recipe changes nothing.
 *
 * What a recipe does to a sample is a pure function of (seed, epoch, sample index): independent of batches,
 * order and threads. Steps are numbered from 0 as they are read, those in other steps included, whether they
 * draw or are applied or not: in `sometimes(0.5, masking(0.1)) | clip(0, 1)` they are 0, 1 and 2. Step s of
 * sample i in epoch e draws
 *
 *   for values      from the stream 4 * 2^56 + i of `seed`, from block s * 2^56 + e * 2^24 on
 *                   (`poisson` takes a second word of a value, and more, as dae_add_poisson_noise() does)
 *   for the sample  from the stream 5 * 2^56 + i of `seed`, what its parameter number p needs, from 0 as
 *                   dae_kind_list() lists them, from block s * 2^56 + e * 2^24 + p: u = w * 2^-32 with the
 *                   first word w of the block
 *
 * Numbers that are drawn: in the place of a number or a count may stand one that is drawn for each sample and
 * epoch, of a kind of the category `draw`, as in `gaussian(uniform(0.05, 0.5))`, `masking(choice(0.1, 0.3))`
 * or `gaussian(log_uniform(0.01, 1))`. A count is rounded down. What a draw could be must be within the
 * bounds of its parameter, whatever is drawn beside it. A draw may have a label, one that no other has:
 * `gaussian(uniform(0, 0.3) as level)`.
 *
 * Choices: `sometimes(p, recipe)` applies a recipe to a share p of the samples, where u of its parameter
 * `recipe` is below p; `one_of(0.7: a, 0.3: b | c)` applies the first of some recipes whose weight, with
 * those of all before it, is above u times the sum of weights; `none` does nothing. They nest up to 8 deep.
 */
typedef struct dae_noise dae_noise;

/** Creates a recipe from its text.
 *
 * dae/recipe.h has the language, as in
 *
 *   gaussian(mean=0.5, stddev=0.5) | clip(0, 1)
 *   one_of(0.6: gaussian(uniform(0, 0.5)), 0.4: masking(0.3) | clip(0, 1)) | sometimes(0.1, masking(0.5))
 *
 * and dae_kind_list() the kinds of the category `noise`, those of the array calls above among them, and of
 * the category `draw`. An empty text is an empty recipe.
 *
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY; DAE_ERROR_FORMAT for a text that is not written rightly,
 * DAE_ERROR_ARGUMENT for a parameter out of its range; dae_last_error_position() says where. @since 0.1.0
 */
DAE_API dae_status dae_noise_parse(dae_noise **out, const char *text);

/** Writes a recipe as text that dae_noise_parse() reads back to an equal recipe: every parameter by
 * name, in the fewest digits that keep its value.
 *
 * @param buffer, capacity, length  as for every text (dae.h)
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_noise_format(const dae_noise *noise, char *buffer, size_t capacity, size_t *length);

/** Drops a reference; NULL is allowed. @since 0.1.0 */
DAE_API void dae_noise_free(dae_noise *noise);

/** Applies a recipe to `samples` samples, in place. Sample i of the array is number first + i.
 *
 * Each call begins with step 0: two recipes that are to be applied to one sample, one after the other, need
 * two seeds.
 *
 * @param x            [samples, shape]; may be NULL if there are no samples
 * @param rank, shape  dimensions of one sample, such as 2, {28, 28}; up to 2^26 values
 * @param epoch        below 2^32; 0 is what a dataset with DAE_NOISE_ONCE uses
 * @param first        number of the first sample, first + samples at most 2^56
 * Errors: DAE_ERROR_ARGUMENT, also when recordings are missing (dae_noise_bind()). After DAE_ERROR_MEMORY,
 * and DAE_ERROR_CALLBACK where recordings come from one, x may be partly changed. Threads: many at once on
 * one recipe. @since 0.1.0
 */
DAE_API dae_status dae_noise_apply(const dae_noise *noise, float *x, size_t samples, size_t rank,
                                   const size_t *shape, uint64_t seed, uint64_t epoch, uint64_t first);

#ifdef __cplusplus
}
#endif
#endif
