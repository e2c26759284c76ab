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
 *   prelu(start=0.25)   Y = X for X >= 0, w X below, derivative w at 0, with a slope w for each index of
 *                       the first dimension (the channels), which is learnt and is `start` at first.
 *                       Parameters: `weight`. PyTorch's default has one slope for all channels, Keras'
 *                       one for each value
 *   batch_norm          Y = w (X - m) / sqrt(v + epsilon) + b for each index of the first dimension (the
 *                       channels), all values of a flat sample. In training m and v are mean and variance
 *                       over the batch and all places of the channel, of which there must be two values; a
 *                       good step then moves running_mean and running_var towards them, by `momentum` of
 *                       the difference, the variance with n - 1 in the place of n. Elsewhere, and where the
 *                       layer is frozen, m and v are those. epsilon=1e-5 and momentum=0.1, as in PyTorch;
 *                       Keras has epsilon 1e-3, and writes a momentum of 0.01 as 0.99. Parameters: `weight`
 *                       w, 1 at first, `bias` b, and the statistics `running_mean` and `running_var`,
 *                       which are in files, copies and averages as parameters are, but have no gradient and
 *                       no penalty. Sums are made in double. Source: Ioffe and Szegedy, ICML 2015
 *   softmax             exp(X[c]) / sum_k exp(X[k]) over the channels c, each place of them by itself; in
 *                       a flat sample over all values. The greatest value is subtracted first: nothing
 *                       overflows
 *   an activation       as a layer of its own: relu, or leaky_relu(0.1)
 *
 * Layers of pictures [channels, height, width] and signals [channels, length]: input(28, 28) is a signal of
 * 28 channels, a picture is input(1, 28, 28). They treat each channel alone, and a signal as a picture of one
 * line whose width alone they change:
 *
 *   max_pool(size), average_pool(size)  the greatest value, or the mean, of each window of size x size;
 *                       windows are `stride` apart, which is `size` if it is left out. Sides are size and
 *                       a multiple of stride, or refused: PyTorch and Keras leave out what windows do not
 *                       cover. Of equal greatest values the first has the gradient
 *   upsample(factor)    factor times as high and wide, factor up to 64. method=nearest repeats values;
 *                       method=bilinear makes place o from the values around (o + 1/2) / factor - 1/2,
 *                       and from the outer value alone beyond it: Keras' UpSampling2D, PyTorch's
 *                       align_corners=False
 *   depth_to_space(f)   [C f f, h, w] as [C, h f, w f]: Y[c, y f + i, x f + j] = X[(c f + i) f + j, y,
 *                       x]; of a signal [C f, n] as [C, n f]. PyTorch's pixel_shuffle; TensorFlow's has
 *                       another order of channels. space_to_depth(f): the inverse
 *   pad(size)           `size` more values on each side. mode=zeros; reflect: a mirror on the last value,
 *                       which is not repeated; replicate: the last value
 *   crop(size)          `size` fewer values on each side
 *   spatial_dropout(rate)  dropout of whole channels (Tompson et al., CVPR 2015); of any shape
 *
 * Convolutions of pictures, and of signals, which are the same with a window of one line:
 *
 *   conv2d(units, size), conv1d(units, size)  windows of size x size over all channels:
 *                       Y[n,i,j] = a(sum_{c,u,v} W[n,c,u,v] X[c, s i + d u - p, s j + d v - p] + b[n]),
 *                       s the stride=1, d the dilation=1. padding=same, the default, gives ceil(side / s)
 *                       values, with p = floor(P / 2) of the P that are missing before the first value
 *                       and the rest after the last, as Keras does; PyTorch has it for stride 1 only.
 *                       padding=valid is p = 0, and a number is p on each side as in PyTorch: (side + 2 p
 *                       - d (size - 1) - 1) / s + 1 values, rounded down. Keras' default is valid,
 *                       PyTorch's 0. mode=zeros, reflect, replicate: what padding is made of, as pad.
 *                       groups=1: channels are cut into so many parts, each of which makes its part of
 *                       the units; groups=depthwise: as many as there are channels. bias=yes, 0 at first;
 *                       activation=linear; initializer=glorot_uniform. For pictures size, stride, dilation
 *                       and padding may be [height, width]. Parameters: `weight` [units, channels / groups,
 *                       height, width], PyTorch's order (Keras': height, width, channels, units), of
 *                       signals [units, channels / groups, size]; `bias` [units]
 *   conv2d_transpose(units, size), conv1d_transpose(units, size)  each value is spread over a window:
 *                       Y[n,i] = a(sum of W[c,n,u] X[c,j] over c and all u, j with s j + d u - p = i, +
 *                       b[n]), and likewise in two directions. padding=same, the default, gives s side
 *                       values, and is conv2d(padding=same) on so many turned around, as in Keras. A number,
 *                       or valid for 0, is PyTorch's padding: s (side - 1) + d (size - 1) + 1 - 2 p +
 *                       output_padding values; Keras' valid has stride - size more where stride is above
 *                       size. output_padding=0 is below stride or dilation. All else is as in conv2d.
 *                       Parameters: `weight` [channels, units / groups, height, width], PyTorch's order;
 *                       `bias` [units]
 *
 * A value of these is one chain of multiply-adds from 0, fused where the processor has that, in the order of
 * the channels, rows and columns that it reads; the bias is added last. So it has the same bits in any batch,
 * at any place of a picture of any size, away from its ends, and on any number of threads. The gradient of
 * weights is the sum of at most 8 parts of the batch, one chain each, which depend on shapes only.
 * DAE_PRECISION_BFLOAT16 changes nothing in convolutions.
 *
 * Ready networks stand for some layers, where a model is read from a text; dae_model_format() writes those,
 * to be read and changed. They give as many channels as they read, and end without an activation: `| sigmoid`
 * after them keeps values in [0, 1]. A label of theirs is that of their last layer; other layers in them have
 * the labels code, e1, e2, ... and noise, so that two of one kind in a model are refused. bias=yes is of all
 * layers in them. What is written of pictures holds of signals, with conv1d:
 *
 *   conv_autoencoder(channels, depth)  conv2d(channels, 3, activation=relu) | max_pool(2), `depth` times, the
 *                       last as code; conv2d_transpose(channels, 3, stride=2, activation=relu), as often;
 *                       conv2d(C, 3), C the channels that it reads. Keras' documentation has it with channels
 *                       32, depth 2 and a sigmoid
 *   dncnn(depth, channels)  x - f(x), where f is depth - 1 times conv2d(channels, 3, activation=relu), then
 *                       conv2d(C, 3) as noise (Zhang et al., IEEE Trans. Image Processing 26 (2017)). The
 *                       value that it reads needs a label, if it is not the input. batch_norm=yes: all but
 *                       the first and the last are conv2d(channels, 3, bias=no) | batch_norm | relu
 *   unet(channels, depth)  down: conv2d(channels, 3, activation=relu) twice, the second as e1, | max_pool(2),
 *                       and twice the channels in each further level; conv2d(.., 3, activation=relu) as
 *                       code; up again: conv2d_transpose(.., 2, stride=2) | concatenate(e1) |
 *                       conv2d(channels, 3, activation=relu); at the end conv2d(C, 1) (after Ronneberger et
 *                       al., MICCAI 2015)
 *   signal_unet(channels, depth)  the same of signals with windows of 9 in the place of 3
 *   dense_autoencoder(hidden, ...)  dense(hidden, activation=relu) for each number, the last as code; those
 *                       before it once more in the other order; dense to as many values as it reads, in their
 *                       shape. The reference experiment is dense_autoencoder(128) | relu
 *
 * Activations: linear a(z) = z; relu max(z, 0), derivative 0 at 0; leaky_relu(slope=0.3) z for z >= 0,
 * slope * z below, with 0 <= slope <= 1; sigmoid 1 / (1 + exp(-z)); tanh; elu(alpha=1) z for z > 0, alpha
 * (exp(z) - 1) below (Clevert et al., ICLR 2016); gelu z P(z), P the normal distribution, or with tanh=yes
 * z/2 (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))) (Hendrycks and Gimpel 2016); silu z / (1 + exp(-z))
 * (Elfwing et al. 2018), which is also called swish; softplus ln(1 + exp(z)), for all z, where PyTorch
 * gives z above 20; hard_sigmoid z/6 + 1/2, at least 0 and at most 1, as Keras 3 and PyTorch, where Keras
 * 2 had 0.2 z + 0.5; softsign z / (1 + |z|). They are within 4 units of the last place of the exact value,
 * where that is 2^-126 or more, derivatives within 1e-6, and the same bits on every processor. In training
 * gelu and silu take memory for what goes in beside what comes out. Initialisers, with fan_in and fan_out
 * the numbers of inputs and outputs, of convolutions the values of a window times the second and the first
 * dimension of the weight, as in Keras and PyTorch: glorot_uniform in [-l, l], l = sqrt(6 / (fan_in +
 * fan_out)); glorot_normal, stddev sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio, AISTATS 2010);
 * he_uniform, l = sqrt(6 / fan_in); he_normal, stddev sqrt(2 / fan_in) (He et al., ICCV 2015); zeros. Normal
 * ones are cut at two standard deviations and keep that variance, as in Keras.
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
