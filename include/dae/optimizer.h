/* Optimizers: how a gradient g changes a parameter w. Formulae and defaults are Keras'.
 *
 * An optimizer is a description; what it remembers of each parameter belongs to the trainer, so one
 * optimizer can serve several trainers. Options may be changed between epochs, also from a progress
 * callback, and count from the next step on.
 */
#ifndef DAE_OPTIMIZER_H
#define DAE_OPTIMIZER_H

#include <dae/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An update rule with its options. */
typedef struct dae_optimizer dae_optimizer;

/** Creates stochastic gradient descent with momentum mu (default 0):
 *
 *   without momentum          w -= lr g
 *   with momentum             v = mu v - lr g,  w += v
 *   with momentum, Nesterov   v = mu v - lr g,  w += mu v - lr g
 *
 * @param learning_rate  lr, 0 < lr <= 1e6
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_optimizer_create_sgd(dae_optimizer **out, double learning_rate);

/** Creates Adam (Kingma and Ba, ICLR 2015), at step t = 1, 2, ...:
 *
 *   m += (1 - beta1) (g - m),  v += (1 - beta2) (g^2 - v)
 *   w -= lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon)
 *
 * Defaults: beta1 0.9, beta2 0.999, epsilon 1e-7. Epsilon stands where Keras has it (the paper's
 * "epsilon hat"), which differs from PyTorch's.
 *
 * @param learning_rate  lr, 0 < lr <= 1e6
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_optimizer_create_adam(dae_optimizer **out, double learning_rate);

/** Creates an optimizer from a text in the language of dae/recipe.h: the rule with its options, and after it
 * the schedule that governs its learning rate, if there is one:
 *
 *   sgd(0.1, momentum=0.9, nesterov=yes)
 *   adam(1e-3, beta2=0.99) | cosine(steps=10000, warmup=500)
 *
 * dae_kind_list() lists the rules, which are the category `optimizer`, and the schedules, `schedule`, with
 * what their parameters take.
 *
 * Errors: DAE_ERROR_ARGUMENT, also for a parameter out of its range; DAE_ERROR_FORMAT for a text that is not
 * written rightly; dae_last_error_position() says where; DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_optimizer_parse(dae_optimizer **out, const char *text);

/** Writes an optimizer as text that dae_optimizer_parse() reads back to an equal one: every parameter by
 * name, in the fewest digits that keep its value, and a schedule unless that is "constant".
 *
 * @param buffer, capacity, length  as for every text (dae.h)
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_optimizer_format(const dae_optimizer *optimizer, char *buffer, size_t capacity,
                                        size_t *length);

/** Drops a reference; NULL is allowed. @since 0.1.0 */
DAE_API void dae_optimizer_free(dae_optimizer *optimizer);

/** Sets an option of the rule by its name, as in the text, also from a progress callback. Ranges are those of
 * the calls below; a flag is 0 or 1. Options that have to suit each other must do so after each change.
 * Errors: DAE_ERROR_ARGUMENT, also for an option that the rule does not have. @since 0.1.0 */
DAE_API dae_status dae_optimizer_set(dae_optimizer *optimizer, const char *parameter, double value);

/** Gets an option of the rule by its name; a flag is 0 or 1.
 * Errors: DAE_ERROR_ARGUMENT, also for an option that the rule does not have. @since 0.1.0 */
DAE_API dae_status dae_optimizer_get(const dae_optimizer *optimizer, const char *parameter, double *value);

/** Sets the learning rate, which a schedule starts from: 0 < learning_rate <= 1e6.
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_optimizer_set_learning_rate(dae_optimizer *optimizer, double learning_rate);

/** Gets the learning rate, as it was set and whatever the schedule. Errors: DAE_ERROR_ARGUMENT.
 * @since 0.1.0 */
DAE_API dae_status dae_optimizer_get_learning_rate(const dae_optimizer *optimizer, double *learning_rate);

/** Sets the momentum of SGD: 0 <= momentum < 1 when rounded to float32, default 0.
 * Errors: DAE_ERROR_ARGUMENT, also for an optimizer that is not SGD. @since 0.1.0 */
DAE_API dae_status dae_optimizer_set_momentum(dae_optimizer *optimizer, double momentum);

/** Sets whether SGD's momentum is Nesterov's: 0 (default) or 1.
 * Errors: DAE_ERROR_ARGUMENT, also for an optimizer that is not SGD. @since 0.1.0 */
DAE_API dae_status dae_optimizer_set_nesterov(dae_optimizer *optimizer, int32_t nesterov);

/** Sets Adam's decay rates: 0 <= beta < 1 when rounded to float32, defaults 0.9 and 0.999. With an epsilon
 * below 1e-11, beta1^2 <= beta2, or a step might not be finite; a step with m and v of steps before that had
 * other options still might not be, and the next step says so.
 * Errors: DAE_ERROR_ARGUMENT, also for an optimizer that is not Adam. @since 0.1.0 */
DAE_API dae_status dae_optimizer_set_betas(dae_optimizer *optimizer, double beta1, double beta2);

/** Sets Adam's epsilon: finite, not below 1e-30, and where beta1^2 > beta2 not below 1e-11; default 1e-7.
 * Errors: DAE_ERROR_ARGUMENT, also for an optimizer that is not Adam. @since 0.1.0 */
DAE_API dae_status dae_optimizer_set_epsilon(dae_optimizer *optimizer, double epsilon);

/* ---- Schedules -------------------------------------------------------------------------------- */

/** Sets how the learning rate changes with the step, default "constant". With lr the learning rate of the
 * optimizer and t = 0 for a trainer's first step, 1 for its second and so on, step t uses:
 *
 *   constant                                lr
 *   exponential(steps, rate, staircase=no)  lr rate^(t / steps)
 *   inverse_time(steps, rate, staircase=no) lr / (1 + rate t / steps)
 *   polynomial(steps, end=0.0001, power=1)  (lr - end) (1 - min(t / steps, 1))^power + end
 *   cosine(steps, alpha=0, warmup=0)        lr t / warmup while t < warmup, and from there on
 *                                           lr ((1 - alpha) (1 + cos(pi d)) / 2 + alpha)
 *                                           with d = min((t - warmup) / steps, 1)
 *
 * With staircase=yes, t / steps is rounded down. `end` is a learning rate, not a share of lr, and may be
 * above it; `alpha` is a share. The rate may be 0: such a step takes nothing from its gradient, but is
 * remembered and counted as any other; momentum of earlier steps stays in force.
 *
 * Formulae, defaults and order of parameters are those of ExponentialDecay, InverseTimeDecay,
 * PolynomialDecay (with cycle off) and CosineDecay in Keras; there, a warm-up from 0 to lr is
 * initial_learning_rate=0, warmup_target=lr, warmup_steps=warmup. They are worked out in double precision.
 *
 * A schedule keeps nothing: what it makes of a step depends on nothing but its number, which the trainer
 * counts (dae_trainer_get_step_count()) over all of its fits and steps. A change of schedule or learning
 * rate acts as if it had been so from the first step on. An epoch has ceil(samples / batch size) steps.
 *
 * @param text  one step in the language of dae/recipe.h, such as `cosine(11750, warmup=235)`; NULL for
 *              "constant". steps is whole, 1 to 1e15; warmup is whole, 0 to 1e15; rate of exponential 0 <
 *              rate <= 1, of inverse_time finite and >= 0; alpha 0 to 1; end 0 to 1e6; power finite and > 0
 * Errors: DAE_ERROR_ARGUMENT, also for a parameter out of its range; DAE_ERROR_FORMAT for a text that is not
 * written rightly; dae_last_error_position() says where; DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_optimizer_set_schedule(dae_optimizer *optimizer, const char *text);

/** Writes the schedule as text that dae_optimizer_set_schedule() reads back to an equal one: every
 * parameter by name, in the fewest digits that keep its value.
 *
 * @param buffer, capacity, length  as for every text (dae.h)
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_optimizer_format_schedule(const dae_optimizer *optimizer, char *buffer,
                                                 size_t capacity, size_t *length);

/** Gets the learning rate that a step uses, by the schedule: to draw it, or to show it beside the loss.
 *
 * @param step  counted from 0: the number of steps that the trainer has made before it
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_optimizer_get_rate_at(const dae_optimizer *optimizer, uint64_t step, double *rate);

#ifdef __cplusplus
}
#endif
#endif
