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

/** Drops a reference; NULL is allowed. @since 0.1.0 */
DAE_API void dae_optimizer_free(dae_optimizer *optimizer);

/** Sets the learning rate: 0 < learning_rate <= 1e6. Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_optimizer_set_learning_rate(dae_optimizer *optimizer, double learning_rate);

/** Gets the learning rate. Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_optimizer_get_learning_rate(const dae_optimizer *optimizer, double *learning_rate);

/** Sets the momentum of SGD: 0 <= momentum < 1, default 0.
 * Errors: DAE_ERROR_ARGUMENT, also for an optimizer that is not SGD. @since 0.1.0 */
DAE_API dae_status dae_optimizer_set_momentum(dae_optimizer *optimizer, double momentum);

/** Sets whether SGD's momentum is Nesterov's: 0 (default) or 1.
 * Errors: DAE_ERROR_ARGUMENT, also for an optimizer that is not SGD. @since 0.1.0 */
DAE_API dae_status dae_optimizer_set_nesterov(dae_optimizer *optimizer, int32_t nesterov);

/** Sets Adam's decay rates: 0 <= beta < 1, defaults 0.9 and 0.999.
 * Errors: DAE_ERROR_ARGUMENT, also for an optimizer that is not Adam. @since 0.1.0 */
DAE_API dae_status dae_optimizer_set_betas(dae_optimizer *optimizer, double beta1, double beta2);

/** Sets Adam's epsilon: finite, > 0 and not below 1e-30, default 1e-7.
 * Errors: DAE_ERROR_ARGUMENT, also for an optimizer that is not Adam. @since 0.1.0 */
DAE_API dae_status dae_optimizer_set_epsilon(dae_optimizer *optimizer, double epsilon);

#ifdef __cplusplus
}
#endif
#endif
