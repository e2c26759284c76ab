/* The ready networks. All of them give as many channels as they read, and end without an activation. Of a
 * signal, [channels, length], convolutions are conv1d. */
#include "layers/network.h"

#include <limits.h>

static size_t number_of(const struct dae_value *value) {
    return (size_t)value->number;
}

/* What a network writes for each of its convolutions. */
struct writer {
    struct dae_text *text;
    const char *layer; /* conv1d or conv2d */
    int size;          /* of its windows */
    const char *bias;  /* what says that there is none */
};

static struct writer writer_of(struct dae_text *text, const struct dae_shape *input, int size,
                               const struct dae_value *bias) {
    return (struct writer){text, input->rank == 2 ? "conv1d" : "conv2d", size,
                           bias->number != 0 ? "" : ", bias=no"};
}

/* A convolution with a rectifier. */
static void add_rectified(const struct writer *w, size_t units) {
    dae_text_add(w->text, "%s(%zu, %d%s, activation=relu)", w->layer, units, w->size, w->bias);
}

/* ---- Down and up ------------------------------------------------------------------------------------ */

enum { CHANNELS, DEPTH, BIAS };

/* Keras' documentation's, for any depth. */
static dae_status expand_conv_autoencoder(struct dae_text *text, const struct dae_value *values,
                                          const struct dae_network_input *input) {
    struct writer w = writer_of(text, input->shape, 3, &values[BIAS]);
    size_t channels = number_of(&values[CHANNELS]), depth = number_of(&values[DEPTH]);
    for (size_t level = 1; level <= depth; level++) {
        add_rectified(&w, channels);
        dae_text_add(text, " | max_pool(2)%s | ", level == depth ? " as code" : "");
    }
    for (size_t level = 1; level <= depth; level++)
        dae_text_add(text, "%s_transpose(%zu, 3, stride=2%s, activation=relu) | ", w.layer, channels, w.bias);
    dae_text_add(text, "%s(%zu, 3%s)", w.layer, input->shape->dims[0], w.bias);
    return DAE_OK;
}

/* Each level down has half the height and width and twice the channels of that above it; coming back up, what
 * its end was going down is put beside it. */
static void write_unet(const struct writer *w, const struct dae_value *values, size_t outputs) {
    size_t channels = number_of(&values[CHANNELS]), depth = number_of(&values[DEPTH]);
    for (size_t level = 1; level <= depth; level++, channels *= 2) {
        add_rectified(w, channels);
        dae_text_add(w->text, " | ");
        add_rectified(w, channels);
        dae_text_add(w->text, " as e%zu | max_pool(2) | ", level);
    }
    add_rectified(w, channels);
    dae_text_add(w->text, " as code | ");
    for (size_t level = depth; level > 0; level--) {
        channels /= 2;
        dae_text_add(w->text, "%s_transpose(%zu, 2, stride=2%s) | concatenate(e%zu) | ", w->layer, channels,
                     w->bias, level);
        add_rectified(w, channels);
        dae_text_add(w->text, " | ");
    }
    dae_text_add(w->text, "%s(%zu, 1%s)", w->layer, outputs, w->bias);
}

static dae_status expand_unet(struct dae_text *text, const struct dae_value *values,
                              const struct dae_network_input *input) {
    struct writer w = writer_of(text, input->shape, 3, &values[BIAS]);
    write_unet(&w, values, input->shape->dims[0]);
    return DAE_OK;
}

static dae_status expand_signal_unet(struct dae_text *text, const struct dae_value *values,
                                     const struct dae_network_input *input) {
    struct writer w = writer_of(text, input->shape, 9, &values[BIAS]);
    w.layer = "conv1d";
    write_unet(&w, values, input->shape->dims[0]);
    return DAE_OK;
}

/* ---- Residual --------------------------------------------------------------------------------------- */

enum { RESIDUAL_DEPTH, RESIDUAL_CHANNELS, RESIDUAL_BIAS, RESIDUAL_NORM };

/* x - f(x) (Zhang et al. 2017): f is trained to find the noise. */
static dae_status expand_dncnn(struct dae_text *text, const struct dae_value *values,
                               const struct dae_network_input *input) {
    struct writer w = writer_of(text, input->shape, 3, &values[RESIDUAL_BIAS]);
    if (input->name == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "it reads the value before it twice, expected a label there");
    size_t channels = number_of(&values[RESIDUAL_CHANNELS]);
    for (size_t i = 1; i < number_of(&values[RESIDUAL_DEPTH]); i++) {
        if (i > 1 && values[RESIDUAL_NORM].number != 0)
            dae_text_add(text, "%s(%zu, 3, bias=no) | batch_norm | relu", w.layer, channels);
        else
            add_rectified(&w, channels);
        dae_text_add(text, " | ");
    }
    dae_text_add(text, "%s(%zu, 3%s) as noise | from(%s) | subtract(noise)", w.layer, input->shape->dims[0],
                 w.bias, input->name);
    return DAE_OK;
}

/* ---- Dense ------------------------------------------------------------------------------------------ */

enum { HIDDEN, DENSE_BIAS };

/* Down to the last of the hidden layers, and up again; the shape is what it was. */
static dae_status expand_dense_autoencoder(struct dae_text *text, const struct dae_value *values,
                                           const struct dae_network_input *input) {
    const struct dae_value *hidden = &values[HIDDEN];
    const char *bias = values[DENSE_BIAS].number != 0 ? "" : ", bias=no";
    const struct dae_shape *shape = input->shape;
    char found[DAE_SHAPE_TEXT_SIZE];
    if (dae_shape_is_open(shape))
        return dae_fail(DAE_ERROR_SHAPE, "it takes a value of one size, found %s",
                        dae_shape_text(shape, found));
    for (size_t i = 0; i + 1 < 2 * hidden->count; i++) {
        size_t at = i < hidden->count ? i : 2 * hidden->count - 2 - i;
        dae_text_add(text, "dense(%zu%s, activation=relu)%s | ", number_of(&hidden->items[at]), bias,
                     i + 1 == hidden->count ? " as code" : "");
    }
    dae_text_add(text, "dense(%zu%s)", shape->size, bias);
    for (size_t i = 0; shape->rank > 1 && i < shape->rank; i++)
        dae_text_add(text, "%s%zu%s", i == 0 ? " | reshape(" : ", ", shape->dims[i],
                     i + 1 == shape->rank ? ")" : "");
    return DAE_OK;
}

/* ---- The rows --------------------------------------------------------------------------------------- */

#define COUNT(the_name, the_what, least, most)                                                 \
    {                                                                                          \
        .name = (the_name), .what = (the_what), .type = DAE_TYPE_COUNT, .flags = DAE_BY_PLACE, \
        .low = (least), .high = (most)                                                         \
    }
#define WITH_BIAS \
    { .name = "bias", .what = "whether layers have biases", .type = DAE_TYPE_FLAG, .fallback = "yes" }
#define LEVELS COUNT("depth", "how often height and width are halved, which they must allow", 1, 8)
#define UNET                                                                                                \
    {                                                                                                       \
        [CHANNELS] = COUNT("channels", "channels of the first level, twice as many in each further one", 1, \
                           1 << 16),                                                                        \
        [DEPTH] = LEVELS, [BIAS] = WITH_BIAS                                                                \
    }

const struct dae_network_kind dae_network_conv_autoencoder = {
    .kind = {.name = "conv_autoencoder",
             .what = "convolutions and max_pool(2) down to a code, transposed convolutions up again",
             .example = "conv_autoencoder(4, 1)",
             .parameters = {[CHANNELS] = COUNT("channels", "channels of each level", 1, 1 << 16),
                            [DEPTH] = LEVELS,
                            [BIAS] = WITH_BIAS}},
    .expand = expand_conv_autoencoder,
};

const struct dae_network_kind dae_network_dncnn = {
    .kind = {.name = "dncnn",
             .what = "what it reads, less the noise that convolutions find in it: x - f(x)",
             .example = "dncnn(3, 4)",
             .parameters =
                 {[RESIDUAL_DEPTH] = COUNT("depth", "number of convolutions", 2, 250),
                  [RESIDUAL_CHANNELS] = COUNT("channels", "channels between them", 1, 1 << 16),
                  [RESIDUAL_BIAS] = WITH_BIAS,
                  [RESIDUAL_NORM] =
                      {.name = "batch_norm",
                       .what =
                           "whether all but the first and the last have a batch_norm in the place of a bias",
                       .type = DAE_TYPE_FLAG,
                       .fallback = "no"}}},
    .expand = expand_dncnn,
};

const struct dae_network_kind dae_network_unet = {
    .kind = {.name = "unet",
             .what = "down to a code and up again, with what each level was beside it",
             .example = "unet(2, 1)",
             .parameters = UNET},
    .expand = expand_unet,
};

const struct dae_network_kind dae_network_signal_unet = {
    .kind = {.name = "signal_unet",
             .what = "unet of conv1d with windows of 9, for signals",
             .example = "signal_unet(2, 1)",
             .parameters = UNET},
    .expand = expand_signal_unet,
};

const struct dae_network_kind dae_network_dense_autoencoder = {
    .kind = {.name = "dense_autoencoder",
             .what = "dense layers down to a code and up again",
             .example = "dense_autoencoder(8)",
             .parameters = {[HIDDEN] = {.name = "hidden",
                                        .what = "units of the hidden layers down to the code",
                                        .type = DAE_TYPE_COUNT,
                                        .flags = DAE_BY_PLACE | DAE_MANY,
                                        .low = 1,
                                        .high = INT_MAX},
                            [DENSE_BIAS] = WITH_BIAS}},
    .expand = expand_dense_autoencoder,
};

static const struct dae_kind *const kinds[] = {DAE_NETWORK_ROWS, NULL};

const struct dae_category dae_network_category = {
    .name = "network",
    .what = "what stands for the layers that it is made of, where a layer may stand in the text of a model",
    .text = "networks",
    .has_labels = true,
    .kinds = kinds,
};

const struct dae_network_kind *dae_network_row(const struct dae_kind *kind) {
    bool is_network = dae_kind_find(&dae_network_category, kind->name) == kind;
    return is_network ? (const struct dae_network_kind *)kind : NULL;
}
