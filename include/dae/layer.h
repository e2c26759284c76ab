/* Layers: what a model is made of.
 *
 * A layer is created with its options, then added to one model, which gives it its input shape and its
 * parameters; from then on its options are fixed. Several models can share layers: dae_model_slice().
 */
#ifndef DAE_LAYER_H
#define DAE_LAYER_H

#include <dae/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One stage of a model. */
typedef struct dae_layer dae_layer;

/** Activations: what a layer does to each value z of its affine part. */
enum {
    /** a(z) = z */
    DAE_ACTIVATION_LINEAR = 0,
    /** a(z) = max(z, 0); derivative 0 at 0 */
    DAE_ACTIVATION_RELU = 1,
    /** a(z) = z for z >= 0, slope * z below; derivative slope at 0; see dae_layer_set_leaky_slope() */
    DAE_ACTIVATION_LEAKY_RELU = 2,
    /** a(z) = 1 / (1 + exp(-z)) */
    DAE_ACTIVATION_SIGMOID = 3,
    /** a(z) = tanh(z) */
    DAE_ACTIVATION_TANH = 4
};

/** Initialisers of weights; biases start at 0. fan_in and fan_out are the numbers of inputs and
 * outputs of a unit's layer. Normal ones are cut at two standard deviations and scaled so that the
 * standard deviation after cutting is the one stated, as Keras does. */
enum {
    /** uniform in [-l, l], l = sqrt(6 / (fan_in + fan_out)). Glorot and Bengio, AISTATS 2010. Default. */
    DAE_INITIALIZER_GLOROT_UNIFORM = 0,
    /** normal, stddev = sqrt(2 / (fan_in + fan_out)). Glorot and Bengio 2010. */
    DAE_INITIALIZER_GLOROT_NORMAL = 1,
    /** uniform in [-l, l], l = sqrt(6 / fan_in). He et al., ICCV 2015. */
    DAE_INITIALIZER_HE_UNIFORM = 2,
    /** normal, stddev = sqrt(2 / fan_in). He et al. 2015. */
    DAE_INITIALIZER_HE_NORMAL = 3,
    /** all zeros */
    DAE_INITIALIZER_ZEROS = 4
};

/** Creates a fully connected layer: Y[b,n] = a(sum_k X[b,k] W[n,k] + c[n]).
 *
 * The sample is taken as one row of k values, whatever its shape. Parameters: `weight` W [units, k]
 * and `bias` c [units].
 *
 * @param units       n, number of outputs, at least 1
 * @param activation  one of DAE_ACTIVATION_*
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_layer_create_dense(dae_layer **out, size_t units, int32_t activation);

/** Creates a dropout layer: in training each value is set to 0 with probability `rate` and the others
 * are divided by 1 - rate; outside training values pass unchanged. It has no parameters.
 * Source: Srivastava et al., JMLR 15 (2014), in the inverted form that Keras and PyTorch use.
 *
 * The draw depends on (trainer seed, step, index of the layer, row in the batch) only.
 *
 * @param rate  0 <= rate < 1
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_layer_create_dropout(dae_layer **out, double rate);

/** Drops a reference; NULL is allowed. @since 0.1.0 */
DAE_API void dae_layer_free(dae_layer *layer);

/** Sets how weights are initialised. Default: DAE_INITIALIZER_GLOROT_UNIFORM.
 *
 * @param layer  a layer with weights (dense), not yet in a model
 * Errors: DAE_ERROR_ARGUMENT; DAE_ERROR_STATE when the layer is in a model. @since 0.1.0
 */
DAE_API dae_status dae_layer_set_initializer(dae_layer *layer, int32_t initializer);

/** Sets the slope of DAE_ACTIVATION_LEAKY_RELU below zero. Default: 0.3, as in Keras.
 *
 * @param layer  a dense layer with that activation, not yet in a model
 * @param slope  0 <= slope <= 1
 * Errors: DAE_ERROR_ARGUMENT; DAE_ERROR_STATE when the layer is in a model. @since 0.1.0
 */
DAE_API dae_status dae_layer_set_leaky_slope(dae_layer *layer, double slope);

#ifdef __cplusplus
}
#endif
#endif
