/* Recipes: the one language in which noise, layers, objectives, optimizers and figures are written.
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
 *
 * What kinds there are depends on the category of the text: layer, activation, initializer, network, noise,
 * draw (of a number in noise), objective, optimizer, governor, source and destination (formats of files),
 * view, scaling, figure or cover (of a sample of any size). dae_kind_list() lists them, and
 * dae_kind_get_text() says what each is for and what its parameters take: headers have formulae, the list is
 * in the loaded library.
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

/** Takes a recipe apart: gives the value of a parameter of one step, as given or by default, as it would be
 * written. Several values have commas between them; what was not given and has no default is empty. What is
 * nested, such as an activation, is taken apart by another call.
 *
 * @param category   of the text, such as "layer"
 * @param step       number of the step, from 0; after the last step the text is empty
 * @param parameter  its name, or "kind" for the kind of the step, or "label" for its label, empty without one
 * @param buffer, capacity, length  as for every text (dae.h)
 * Errors: DAE_ERROR_ARGUMENT, also for a value out of its range; DAE_ERROR_FORMAT for a text that is not
 * written rightly; dae_last_error_position() says where; DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_recipe_get(const char *category, const char *text, size_t step, const char *parameter,
                                  char *buffer, size_t capacity, size_t *length);

/** Gets a name from what the loaded library knows: of a category, of a kind of a category, or of a parameter
 * of a kind. Loops end where *name is NULL.
 *
 * @param category  NULL for the names of the categories themselves
 * @param kind      NULL for the names of the kinds; must be NULL where category is
 * @param index     from 0, in the order in which the library lists them; parameters in that of their places
 * @param name      NULL after the last; borrowed as long as the library is loaded
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_kind_list(const char *category, const char *kind, size_t index, const char **name);

/** Gets a fact about a category, a kind or a parameter as text:
 *
 *   what     one line for people: what it is, or its unit       all three
 *   then     the category of all steps of a text but the first, if that is another one     category
 *   example  a text of this kind                                kind
 *   type     number; count, a whole number, or the name of what is counted, as in csv(columns=[0, load]);
 *            flag, yes or no; word; label, the name of a value or a layer; kind, one step; recipe, steps
 *                                                               parameter
 *   of       the category of a step in it, also where a number may be drawn                parameter
 *   words    what a flag or a word may be, or may stand in the place of a count: "no, yes"   parameter
 *   default  as it is written                                   parameter
 *   other    the parameter that may be given instead: one of both must be, and not both    parameter
 *   since    the version that it came with                      kind, parameter
 *
 * @param category   its name
 * @param kind       its name, or NULL for a fact about the category
 * @param parameter  its name, or NULL for a fact about the kind; must be NULL where kind is
 * @param text       NULL where there is no such fact; borrowed as long as the library is loaded
 * Errors: DAE_ERROR_ARGUMENT, also for a fact that is not in this list. @since 0.1.0
 */
DAE_API dae_status dae_kind_get_text(const char *category, const char *kind, const char *parameter,
                                     const char *fact, const char **text);

/** Gets a fact about a parameter as a number:
 *
 *   low, high             the range of a number or a count
 *   open_low, open_high   1: these bounds themselves are refused; else 0
 *   default               of a number or a count; of a flag 1 or 0
 *   by_place              1: may stand without its name, in the order of such parameters; else 0
 *   many                  1: takes several values; else 0
 *
 * @param category, kind, parameter  as for dae_kind_get_text(); categories and kinds have no numbers
 * @param number  NaN where there is none, such as a bound at infinity
 * Errors: DAE_ERROR_ARGUMENT, also for a fact that is not in this list. @since 0.1.0
 */
DAE_API dae_status dae_kind_get_number(const char *category, const char *kind, const char *parameter,
                                       const char *fact, double *number);

#ifdef __cplusplus
}
#endif

#endif
