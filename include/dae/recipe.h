/* Recipes: the one language in which noise, layers, schedules and optimizers are written. */
#ifndef DAE_RECIPE_H
#define DAE_RECIPE_H

#include <dae/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Writes `text` with each `?` replaced by the next of `values`, in the fewest digits that keep it, with a point in
 * any locale: what snprintf() gets wrong where the decimal point is a comma.
 *
 *   dae_recipe_fill(recipe, sizeof recipe, NULL, "gaussian(?) | clip(?, ?)", (double[]){0.5, 0, 1}, 3)
 *
 * A `?` in a comment, from `#` to the end of a line, stays.
 *
 * @param buffer, capacity, length  as for every text (dae.h)
 * @param values                    [count], finite; may be NULL when count is 0
 * @param count                     as many as the text has `?`
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_recipe_fill(char *buffer, size_t capacity, size_t *length, const char *text,
                                   const double *values, size_t count);

#ifdef __cplusplus
}
#endif

#endif
