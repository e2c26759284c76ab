/* Optimizers: how a gradient g changes a parameter w. Formulae and defaults are Keras'.
 *
 * An optimizer is a description; what it remembers of each parameter belongs to the trainer, so one
 * optimizer can serve several trainers. Options may be changed between epochs, also from a progress
 * callback, and count from the next step on.
 *
 * Rules: with lr the learning rate of the step t = 1, 2, ..., all that is remembered 0 at the start, and
 * mean(x) for x_new = share x_old + (1 - share) x:
 *
 *   sgd(learning_rate, momentum=0, nesterov=no)
 *       without momentum          w -= lr g
 *       with momentum mu          v = mu v - lr g,  w += v
 *       with mu and nesterov      v = mu v - lr g,  w += mu v - lr g
 *   adam(learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-7, amsgrad=no)
 *       m = mean(g) by beta1, v = mean(g^2) by beta2
 *       w -= lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon)
 *       with amsgrad, the greatest v that has been takes the place of v (Reddi et al., ICLR 2018)
 *   adamw(learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-7, weight_decay=0.004, amsgrad=no)
 *       w -= lr weight_decay w, but not beyond 0, then as adam (Loshchilov and Hutter, ICLR 2019); biases too
 *   nadam(learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-7, momentum_decay=1)
 *       m and v as adam; u(t) = beta1 (1 - 0.96^(t momentum_decay) / 2), p(t) = u(1) ... u(t)
 *       w -= lr (u(t+1) / (1 - p(t+1)) m + (1 - u(t)) / (1 - p(t)) g) / (sqrt(v / (1 - beta2^t)) + epsilon)
 *   rmsprop(learning_rate, rho=0.9, momentum=0, epsilon=1e-7, centered=no)
 *       v = mean(g^2) by rho, c = momentum c + lr g / sqrt(v + epsilon), w -= c
 *       with centered, v - mean(g)^2 takes the place of v, but at least v / 2^20
 *   adagrad(learning_rate, initial=0.1, epsilon=1e-7)
 *       s = s + g^2, at most 1e37,  w -= lr g / sqrt(initial + s + epsilon)
 *   adadelta(learning_rate, rho=0.95, epsilon=1e-7)
 *       v = mean(g^2) by rho, d = sqrt(c + epsilon) / sqrt(v + epsilon) g, c = mean(d^2) by rho, at most
 *       1e20, w -= lr d
 *
 * Where PyTorch differs: in Adam, AdamW and Nadam epsilon is 1e-8, and in the first two it is added to sqrt(v
 * / (1 - beta2^t)), so that what is epsilon there is epsilon sqrt(1 - beta2^t) here; AdamW's weight_decay is
 * 0.01; Nadam's momentum_decay is 0.004; RMSprop has rho = 0.99, epsilon = 1e-8, added to the root, and the
 * learning rate outside of c; Adagrad starts from 0, with epsilon = 1e-10 added to the root; Adadelta has rho
 * = 0.9, epsilon = 1e-6 and a learning rate of 1.
 *
 * Ranges, which are those of the numbers rounded to float32: 0 < learning_rate <= 1e6; shares (momentum,
 * beta1, beta2, rho) from 0 to below 1; epsilon finite and not below 1e-30, and in Adam and its relatives,
 * where beta1^2 > beta2, not below 1e-11, or a step might not be finite; weight_decay finite and not below 0;
 * momentum_decay 0 to 1000; initial 0 to 1e36. A step with memory of steps before that had other options
 * still might not be finite, and the next step says so.
 *
 * What governs a rule follows it in the text, and works in the order in which it is written: at most one
 * schedule (below), and at most one of each of
 *
 *   clip_value(value)   makes g at least -value and at most value
 *   clip_norm(norm)     g norm / n, where n, the root of the sum of squares of all gradients, is above norm
 *
 *   average(decay=0.999)
 *                       keeps an average a of the parameters w beside them: a = w before a trainer's first
 *                       step, and a += (1 - decay) (w - a) after each
 *
 * with 0 < value, norm, finite; 0 <= decay < 1. Validation, and with it the best epoch of early stopping,
 * looks at the averages, and dae_trainer_copy_average() gives them as a model; training and the model itself
 * know nothing of them. clip_norm is Keras' global_clipnorm; PyTorch divides by n + 1e-6. The
 * gradient hook (dae/trainer.h) sees gradients before they are clipped, and beyond 1e18 they end the step all
 * the same.
 *
 * A schedule makes the rate of a step from the learning rate lr and t, which is 0 for a trainer's first step,
 * 1 for its second and so on:
 *
 *   constant                                lr
 *   exponential(steps, rate, staircase=no)  lr rate^(t / steps)
 *   inverse_time(steps, rate, staircase=no) lr / (1 + rate t / steps)
 *   polynomial(steps, end=0.0001, power=1)  (lr - end) (1 - min(t / steps, 1))^power + end
 *   cosine(steps, alpha=0, warmup=0)        lr t / warmup while t < warmup, and from there on
 *                                           lr ((1 - alpha) (1 + cos(pi d)) / 2 + alpha)
 *                                           with d = min((t - warmup) / steps, 1)
 *   cosine_restarts(steps, stretch=2, shrink=1, alpha=0)
 *                                           lr ((1 - alpha) shrink^i (1 + cos(pi d)) / 2 + alpha), where d is
 *                                           the part that is done of fall number i = 0, 1, ..., of
 *                                           steps stretch^i steps
 *   step(steps, factor=0.1)                 lr factor^floor(t / steps)
 *   one_cycle(steps, rise=0.3, start=25, end=10000)
 *                                           by half a cosine from lr / start to lr during rise steps, and
 *                                           from there to lr / start / end at t = steps, which it keeps
 *   plateau(factor=0.1, patience=10, min_delta=0.0001, cooldown=0, min_rate=0)
 *                                           max(lr factor^r, min_rate), but not above lr; r grows by 1 after
 *                                           `patience` epochs in a row, not counting `cooldown` epochs after
 *                                           the last time, whose validation loss is not below the best one
 *                                           less min_delta
 *
 * `epochs` may stand in the place of `steps`, as in cosine(epochs=20, warmup=1): then t is t divided by the
 * steps of an epoch of the fit, ceil(samples / batch size), and warmup counts epochs as well; a call of
 * dae_trainer_step() is refused, as it is part of no epoch.
 *
 * With staircase=yes, t / steps is rounded down. `end` of polynomial is a learning rate, not a share of lr,
 * and may be above it; `alpha` is a share. The rate may be 0: such a step takes nothing from its gradient,
 * but is remembered and counted as any other; momentum of earlier steps stays in force.
 *
 * Formulae, defaults and order of parameters are those of ExponentialDecay, InverseTimeDecay, PolynomialDecay
 * (with cycle off), CosineDecay and CosineDecayRestarts (t_mul and m_mul are stretch and shrink) in Keras,
 * where a warm-up from 0 to lr is initial_learning_rate=0, warmup_target=lr, warmup_steps=warmup; and of
 * StepLR and OneCycleLR in PyTorch, which ends one step earlier and changes the momentum as well, which this
 * does not. They are worked out in double precision.
 *
 * plateau is Keras' ReduceLROnPlateau; PyTorch's waits for one epoch more, and takes a threshold as a share
 * of the loss. It needs validation data in every fit, its state is the trainer's and in checkpoints, and a
 * step of dae_trainer_step() has the rate that fits have left.
 *
 * Other schedules keep nothing: what they make of a step depends on nothing but its number, which the trainer
 * counts (dae_trainer_get_step_count()) over all of its fits and steps. A change of the learning rate acts as
 * if it had been so from the first step on.
 *
 * steps and epochs are whole, 1 to 1e15; patience is whole, at least 1, and cooldown whole, both below 2^32;
 * min_delta finite and >= 0; min_rate 0 to 1e6; warmup is whole, 0 to 1e15; rate of exponential 0 < rate <=
 * 1, of inverse_time finite and >= 0; factor and shrink above 0, at most 1; alpha 0 to 1; rise from 0 to
 * below 1; stretch 1 to 1000; start of one_cycle 1 to 1e30, and so is end; end of polynomial 0 to 1e6; power
 * finite and > 0.
 */
#ifndef DAE_OPTIMIZER_H
#define DAE_OPTIMIZER_H

#include <dae/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An update rule with its options. */
typedef struct dae_optimizer dae_optimizer;

/** Creates stochastic gradient descent, sgd above.
 *
 * @param learning_rate  lr, 0 < lr <= 1e6
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_optimizer_create_sgd(dae_optimizer **out, double learning_rate);

/** Creates Adam (Kingma and Ba, ICLR 2015), adam above. Epsilon stands where Keras has it (the paper's
 * "epsilon hat"), which differs from PyTorch's.
 *
 * @param learning_rate  lr, 0 < lr <= 1e6
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_optimizer_create_adam(dae_optimizer **out, double learning_rate);

/** Creates an optimizer from a text in the language of dae/recipe.h: the rule with its options, and after it
 * what governs it, if there is anything:
 *
 *   sgd(0.1, momentum=0.9, nesterov=yes)
 *   adam(1e-3, beta2=0.99) | cosine(steps=10000, warmup=500)
 *   adamw(1e-3, weight_decay=0.01) | clip_norm(1) | one_cycle(epochs=20)
 *
 * dae_kind_list() lists the rules, which are the category `optimizer`, and what governs them, `governor`,
 * with what their parameters take.
 *
 * Errors: DAE_ERROR_ARGUMENT, also for a parameter out of its range; DAE_ERROR_FORMAT for a text that is not
 * written rightly; dae_last_error_position() says where; DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_optimizer_parse(dae_optimizer **out, const char *text);

/** Writes an optimizer as text that dae_optimizer_parse() reads back to an equal one: every parameter by
 * name, in the fewest digits that keep its value, and what governs it, but for "constant".
 *
 * @param buffer, capacity, length  as for every text (dae.h)
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_optimizer_format(const dae_optimizer *optimizer, char *buffer, size_t capacity,
                                        size_t *length);

/** Drops a reference; NULL is allowed. @since 0.1.0 */
DAE_API void dae_optimizer_free(dae_optimizer *optimizer);

/** Sets an option of the rule by its name, as in the text, also from a progress callback; a flag is 0 or 1.
 * Options that have to suit each other must do so after each change. amsgrad and centered decide what
 * trainers remember, and cannot be changed. The learning rate is what a schedule starts from.
 * Errors: DAE_ERROR_ARGUMENT, also for an option that the rule does not have. @since 0.1.0 */
DAE_API dae_status dae_optimizer_set(dae_optimizer *optimizer, const char *parameter, double value);

/** Gets an option of the rule by its name; a flag is 0 or 1. The learning rate is as it was set, whatever the
 * schedule.
 * Errors: DAE_ERROR_ARGUMENT, also for an option that the rule does not have. @since 0.1.0 */
DAE_API dae_status dae_optimizer_get(const dae_optimizer *optimizer, const char *parameter, double *value);

/** Gets the learning rate that a step uses, by the schedule: to draw it, or to show it beside the loss.
 *
 * @param step  counted from 0: the number of steps that the trainer has made before it
 * @param steps_per_epoch  ceil(samples / batch size); may be 0 where the schedule counts steps. Of a plateau,
 * this is the rate before any reduction
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_optimizer_get_rate_at(const dae_optimizer *optimizer, uint64_t step,
                                             uint64_t steps_per_epoch, double *rate);

#ifdef __cplusplus
}
#endif
#endif
