/* Layers: what a model is made of.
 *
 * A layer is written as one step of a text, such as "dense(128, activation=relu) as code": a kind, its
 * parameters, and a label, if others are to name the value that it gives. dae_kind_list() lists the layers,
 * activations and initialisers of the loaded library, with what they do and what they take. More than a line
 * has to be said of these:
 *
 *   dense(units)        fully connected: Y[b,n] = a(sum_k X[b,k] W[n,k] + c[n]). A sample is taken as one row
 *                       of k values, whatever its shape. Parameters: `weight` W [units, k], `bias` c [units].
 *                       activation=linear; initializer=glorot_uniform, the bias is 0 at first; bias=yes
 *   dense(tied=LABEL)   the same with the weight V [k, n] of another dense layer, transposed:
 *                       Y[b,n] = a(sum_k X[b,k] V[k,n] + c[n]). Parameters: `bias`
 *   dropout(rate)       in training each value is 0 with probability `rate`, 0 <= rate < 1, and the others
 *                       are divided by 1 - rate; outside of training values pass unchanged. Source:
 *                       Srivastava et al., JMLR 15 (2014), in the inverted form that Keras and PyTorch use.
 *                       The draw depends on (trainer seed, step, number of the layer, row in the batch) only
 *   add(LABEL)          the value before plus another one of the same shape; subtract(LABEL): less it
 *   concatenate(LABEL, ...)   the value before and up to 3 others, back to back in their first dimension
 *   channels(first, count)    some of the first dimension
 *   flatten, reshape(d1, ...) the same values in another shape
 *   gain                a factor for each index of the first dimension, 1 at first. Parameters: `weight`
 *   linear, relu, leaky_relu(slope=0.3), sigmoid, tanh: an activation as a layer of its own
 *
 * Activations: linear a(z) = z; relu max(z, 0), derivative 0 at 0; leaky_relu z for z >= 0, slope * z below,
 * with 0 <= slope <= 1; sigmoid 1 / (1 + exp(-z)); tanh. Initialisers, with fan_in and fan_out the numbers of
 * inputs and outputs: glorot_uniform in [-l, l], l = sqrt(6 / (fan_in + fan_out)); glorot_normal, stddev
 * sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio, AISTATS 2010); he_uniform, l = sqrt(6 / fan_in);
 * he_normal, stddev sqrt(2 / fan_in) (He et al., ICCV 2015); zeros. Normal ones are cut at two standard
 * deviations and keep that variance, as in Keras.
 */
#ifndef DAE_LAYER_H
#define DAE_LAYER_H

#include <dae/recipe.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One layer, in a model or not yet. Does not change. */
typedef struct dae_layer dae_layer;

/** Makes a layer from one step of a text; dae_model_add() adds it to a model.
 *
 * Errors: DAE_ERROR_ARGUMENT, also for a value out of its range; DAE_ERROR_FORMAT for what is written
 * wrongly, with dae_last_error_position(); DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_layer_parse(dae_layer **out, const char *text);

/** Makes a dense layer without a text of it all: for numbers of units that are computed.
 *
 * @param units       outputs, 1 to 2^31 - 1
 * @param activation  such as "relu" or "leaky_relu(0.1)"; NULL for linear
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_FORMAT, DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_layer_create_dense(dae_layer **out, size_t units, const char *activation);

/** Drops a reference; NULL is allowed. @since 0.1.0 */
DAE_API void dae_layer_free(dae_layer *layer);

#ifdef __cplusplus
}
#endif
#endif
