/* Recipes: the one language in which noise, layers, schedules and optimizers are written.
 *
 * A recipe is steps separated by `|`; a step is a kind with its parameters in parentheses:
 *
 *   gaussian(0.5, mean=0.25) | clip(0, 1)      # as it is written by people
 *
 * By position, without a name, come only parameters that have no default, first and in their order; all
 * others have their names, in any order. A value is a number, as in C, with a point in any locale; a word;
 * `yes` or `no`; a list `[1, 2]`; or a step of its own. A step may have a label, `dense(32) as code`, where
 * its kind takes one. Spaces are free, and `#` begins a comment that goes on to the end of the line. Words
 * are letters, digits, `_` and inner `.`, up to 63; a step has up to 64 parameters and nests up to 8 deep.
 */
#ifndef DAE_RECIPE_H
#define DAE_RECIPE_H

#include <dae/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Writes `text` with each `?` replaced by the next of `values`, in the fewest digits that keep it, with a
 * point in any locale: what snprintf() gets wrong where the decimal point is a comma.
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
