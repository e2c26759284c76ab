#include "network.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Networks --------------------------------------------------------------------------------- */

const char *const ACTIVATION[ACTIVATIONS] = {"linear", "relu", "leaky_relu", "sigmoid", "tanh"};
const char *const LOSS[LOSSES] = {"mse", "mae", "bce"};

network autoencoder(size_t inputs, size_t hidden, const char *hidden_activation,
                    const char *output_activation) {
    network net = {inputs, 2, {{hidden, hidden_activation}, {inputs, output_activation}}, 0.3};
    return net;
}

size_t network_outputs(const network *net) {
    return net->layer[net->layers - 1].units;
}

size_t network_parameters(const network *net) {
    size_t count = 0, inputs = net->inputs;
    for (size_t i = 0; i < net->layers; i++) {
        count += (inputs + 1) * net->layer[i].units;
        inputs = net->layer[i].units;
    }
    return count;
}

dae_model *network_model(const network *net, uint64_t seed) {
    dae_model *model = NULL;
    ok(dae_model_create(&model, 1, (const size_t[]){net->inputs}));
    for (size_t i = 0; i < net->layers; i++) {
        dae_layer *layer = NULL;
        char leaky[64];
        bool is_leaky = strcmp(net->layer[i].activation, "leaky_relu") == 0;
        ok(dae_recipe_fill(leaky, sizeof leaky, NULL, "leaky_relu(?)", &net->slope, 1));
        ok(dae_layer_create_dense(&layer, net->layer[i].units, is_leaky ? leaky : net->layer[i].activation));
        ok(dae_model_add(model, layer));
        dae_layer_free(layer);
    }
    ok(dae_model_initialize(model, seed));
    return model;
}

static dae_model *parsed(const char *format, va_list arguments) {
    char text[1024];
    dae_model *model = NULL;
    int length = vsnprintf(text, sizeof text, format, arguments);
    ck_assert(length >= 0 && (size_t)length < sizeof text);
    ok(dae_model_parse(&model, text));
    return model;
}

dae_model *unset_from(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    dae_model *model = parsed(format, arguments);
    va_end(arguments);
    return model;
}

dae_model *model_from(uint64_t seed, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    dae_model *model = parsed(format, arguments);
    va_end(arguments);
    ok(dae_model_initialize(model, seed));
    return model;
}

dae_status add_layer(dae_model *model, const char *text) {
    dae_layer *layer = NULL;
    ok(dae_layer_parse(&layer, text));
    dae_status status = dae_model_add(model, layer);
    dae_layer_free(layer);
    return status;
}

dae_model *trained_model(void) {
    dae_model *model = model_from(1,
                                  "input(2, 6) | dense(7, activation=leaky_relu(0.1), initializer=he_normal)"
                                  " | dropout(0.3) | dense(12, activation=sigmoid, initializer=he_uniform)");
    const char *recipe = "masking(rate=0.1) | gaussian(mean=0.3, stddev=0.7)";
    dae_dataset *noisy = corrupted(random_dataset(64, 12, 0, 1, 2), recipe, DAE_NOISE_ONCE, 3);
    dae_trainer *trainer = adam_trainer(model, 1e-2, "bce");
    ok(dae_trainer_fit(trainer, noisy, 1));
    dae_trainer_free(trainer);
    dae_dataset_free(noisy);
    return model;
}

/* Activations by their place in ACTIVATION. */
enum { LINEAR, RELU, LEAKY_RELU, SIGMOID, TANH };

static int which(const char *activation) {
    int i = 0;
    while (i < ACTIVATIONS && strcmp(ACTIVATION[i], activation) != 0)
        i++;
    return i;
}

/* a(z) as layer.h states it. */
static double activate(const char *activation, double slope, double z) {
    switch (which(activation)) {
    case LINEAR:
        return z;
    case RELU:
        return z > 0 ? z : 0;
    case LEAKY_RELU:
        return z >= 0 ? z : slope * z;
    case SIGMOID:
        return 1 / (1 + exp(-z));
    case TANH:
        return tanh(z);
    default:
        ck_abort_msg("unknown activation %s", activation);
        return 0;
    }
}

void network_forward(const network *net, const double *parameters, const float *input, double *output,
                     double *logits) {
    double x[NETWORK_MAX_UNITS], z[NETWORK_MAX_UNITS];
    size_t inputs = net->inputs;
    ck_assert_uint_le(inputs, NETWORK_MAX_UNITS);
    for (size_t k = 0; k < inputs; k++)
        x[k] = (double)input[k];
    for (size_t i = 0; i < net->layers; i++) {
        size_t units = net->layer[i].units;
        const double *weight = parameters, *bias = parameters + units * inputs;
        ck_assert_uint_le(units, NETWORK_MAX_UNITS);
        for (size_t n = 0; n < units; n++) {
            z[n] = bias[n];
            for (size_t k = 0; k < inputs; k++)
                z[n] += weight[n * inputs + k] * x[k];
        }
        for (size_t n = 0; n < units; n++)
            x[n] = activate(net->layer[i].activation, net->slope, z[n]);
        parameters = bias + units;
        inputs = units;
    }
    memcpy(output, x, inputs * sizeof *x);
    memcpy(logits, z, inputs * sizeof *z);
}

/* Loss of one value: output a of logit z against target t. */
static double value_loss(const char *loss, bool from_logits, double a, double z, double t) {
    if (strcmp(loss, "mse") == 0)
        return (a - t) * (a - t);
    if (strcmp(loss, "mae") == 0)
        return fabs(a - t);
    if (from_logits)
        return fmax(z, 0) - z * t + log1p(exp(-fabs(z)));
    a = fmin(fmax(a, 1e-7), 1 - 1e-7);
    return -(t * log(a) + (1 - t) * log(1 - a));
}

double network_loss(const network *net, const double *parameters, const float *inputs, const float *targets,
                    size_t count, const char *loss) {
    double output[NETWORK_MAX_UNITS], logits[NETWORK_MAX_UNITS], sum = 0;
    size_t outputs = network_outputs(net);
    bool from_logits = strcmp(net->layer[net->layers - 1].activation, "sigmoid") == 0;
    for (size_t b = 0; b < count; b++) {
        network_forward(net, parameters, inputs + b * net->inputs, output, logits);
        for (size_t n = 0; n < outputs; n++)
            sum += value_loss(loss, from_logits, output[n], logits[n], (double)targets[b * outputs + n]);
    }
    return sum / (double)(count * outputs);
}

/* da/dz at z, with a = a(z). */
static double slope_at(const char *activation, double slope, double a, double z) {
    switch (which(activation)) {
    case RELU:
        return z > 0;
    case LEAKY_RELU:
        return z >= 0 ? 1 : slope;
    case SIGMOID:
        return a * (1 - a);
    case TANH:
        return 1 - a * a;
    default:
        return 1;
    }
}

/* dL/da of one value. */
static double loss_slope(const char *loss, double a, double t) {
    if (strcmp(loss, "mse") == 0)
        return 2 * (a - t);
    if (strcmp(loss, "mae") == 0)
        return (a > t) - (a < t);
    return a < 1e-7 || a > 1 - 1e-7 ? 0 : (a - t) / (a * (1 - a));
}

/* What one sample goes through: inputs and outputs of the layers, and what the activations see. */
typedef struct {
    double a[NETWORK_MAX_LAYERS + 1][NETWORK_MAX_UNITS], z[NETWORK_MAX_LAYERS][NETWORK_MAX_UNITS];
} trace;

static void forward_trace(const network *net, const double *parameters, const float *input, trace *t) {
    size_t inputs = net->inputs;
    for (size_t k = 0; k < inputs; k++)
        t->a[0][k] = (double)input[k];
    for (size_t i = 0; i < net->layers; i++) {
        size_t units = net->layer[i].units;
        for (size_t n = 0; n < units; n++) {
            double z = parameters[units * inputs + n];
            for (size_t k = 0; k < inputs; k++)
                z += parameters[n * inputs + k] * t->a[i][k];
            t->z[i][n] = z;
            t->a[i + 1][n] = activate(net->layer[i].activation, net->slope, z);
        }
        parameters += units * (inputs + 1);
        inputs = units;
    }
}

/* Adds one sample's share; d[units] holds dL/da of the last layer and is used up. `parameters` and `gradient`
 * stand at their ends. */
static void backward_trace(const network *net, const double *parameters, const trace *t, double *d,
                           double *gradient) {
    for (size_t i = net->layers; i-- > 0;) {
        size_t units = net->layer[i].units, inputs = i > 0 ? net->layer[i - 1].units : net->inputs;
        double before[NETWORK_MAX_UNITS] = {0};
        parameters -= units * (inputs + 1);
        gradient -= units * (inputs + 1);
        for (size_t n = 0; n < units; n++) {
            double dz = d[n] * slope_at(net->layer[i].activation, net->slope, t->a[i + 1][n], t->z[i][n]);
            gradient[units * inputs + n] += dz;
            for (size_t k = 0; k < inputs; k++) {
                gradient[n * inputs + k] += dz * t->a[i][k];
                before[k] += dz * parameters[n * inputs + k];
            }
        }
        memcpy(d, before, inputs * sizeof *d);
    }
}

void network_gradient(const network *net, const double *parameters, const float *inputs, const float *targets,
                      size_t count, const char *loss, double *gradient) {
    size_t outputs = network_outputs(net), values = network_parameters(net);
    trace *t = must_have(sizeof *t);
    double d[NETWORK_MAX_UNITS];
    ck_assert_uint_le(net->inputs, NETWORK_MAX_UNITS);
    for (size_t i = 0; i < values; i++)
        gradient[i] = 0;
    for (size_t b = 0; b < count; b++) {
        forward_trace(net, parameters, inputs + b * net->inputs, t);
        for (size_t n = 0; n < outputs; n++)
            d[n] = loss_slope(loss, t->a[net->layers][n], (double)targets[b * outputs + n]) /
                   (double)(count * outputs);
        backward_trace(net, parameters + values, t, d, gradient + values);
    }
    free(t);
}

/* ---- Objects ---------------------------------------------------------------------------------- */

float *parameters_of(const dae_model *model, size_t *count) {
    size_t size = 0;
    ok(dae_model_get_parameter_count(model, &size));
    float *values = must_have(size * sizeof *values);
    ok(dae_model_get_parameters(model, values, size));
    if (count != NULL)
        *count = size;
    return values;
}

double *doubles_of(const dae_model *model) {
    size_t count = 0;
    float *values = parameters_of(model, &count);
    double *doubles = must_have(count * sizeof *doubles);
    for (size_t i = 0; i < count; i++)
        doubles[i] = (double)values[i];
    free(values);
    return doubles;
}

void same_parameters(const dae_model *a, const dae_model *b) {
    size_t count_a = 0, count_b = 0;
    float *values_a = parameters_of(a, &count_a), *values_b = parameters_of(b, &count_b);
    ck_assert_uint_eq(count_a, count_b);
    same_floats(values_a, values_b, count_a);
    free(values_a);
    free(values_b);
}

float *answers_of(dae_model *model, const float *inputs, size_t count) {
    dae_session *session = NULL;
    size_t rank = 0, shape[DAE_MAX_RANK];
    ok(dae_model_get_output_shape(model, &rank, shape));
    ck_assert_uint_eq(rank, 1);
    float *outputs = must_have(count * shape[0] * sizeof *outputs);
    ok(dae_session_create(&session, model, count));
    ok(dae_session_run(session, inputs, count, outputs));
    dae_session_free(session);
    return outputs;
}

static dae_trainer *trainer_with(dae_model *model, dae_optimizer *optimizer, const char *loss) {
    dae_trainer *trainer = NULL;
    ok(dae_trainer_create(&trainer, model, optimizer, loss));
    dae_optimizer_free(optimizer);
    return trainer;
}

dae_trainer *adam_trainer(dae_model *model, double learning_rate, const char *loss) {
    dae_optimizer *adam = NULL;
    ok(dae_optimizer_create_adam(&adam, learning_rate));
    return trainer_with(model, adam, loss);
}

dae_model *identity_model(size_t size) {
    const network net = {size, 1, {{size, "linear"}}, 0};
    dae_model *model = network_model(&net, 1);
    size_t count = network_parameters(&net);
    float *parameters = must_have(count * sizeof *parameters);
    memset(parameters, 0, count * sizeof *parameters);
    for (size_t i = 0; i < size; i++)
        parameters[i * size + i] = 1.0f;
    ok(dae_model_set_parameters(model, parameters, count));
    free(parameters);
    return model;
}

dae_trainer *sgd_trainer(dae_model *model, double learning_rate, const char *loss) {
    dae_optimizer *sgd = NULL;
    ok(dae_optimizer_create_sgd(&sgd, learning_rate));
    return trainer_with(model, sgd, loss);
}

double *history_of(const dae_trainer *trainer, const char *column, size_t *epochs) {
    size_t count = epochs_of(trainer);
    double *values = must_have(count * sizeof *values);
    ok(dae_trainer_get_history(trainer, column, values, count));
    if (epochs != NULL)
        *epochs = count;
    return values;
}

const char *figure_name(size_t i) {
    const char *name = NULL;
    ok(dae_kind_list("figure", NULL, i, &name));
    return name;
}

double figure(const dae_report *report, const char *name) {
    double value = -77;
    ok(dae_report_get(report, name, &value));
    return value;
}

dae_report *evaluated(dae_model *model, dae_dataset *dataset) {
    dae_report *report = NULL;
    ok(dae_model_evaluate(&report, model, dataset));
    return report;
}

void get_figures(const dae_report *report, double figures[MOST_FIGURES]) {
    for (size_t i = 0; figure_name(i) != NULL; i++) {
        ck_assert_uint_lt(i, MOST_FIGURES);
        ok(dae_report_get(report, figure_name(i), &figures[i]));
    }
}

uint64_t steps_of(const dae_trainer *trainer) {
    uint64_t steps = UINT64_MAX;
    ok(dae_trainer_get_step_count(trainer, &steps));
    return steps;
}

size_t epochs_of(const dae_trainer *trainer) {
    size_t epochs = SIZE_MAX;
    ok(dae_trainer_get_epoch_count(trainer, &epochs));
    return epochs;
}

/* ---- Data ------------------------------------------------------------------------------------- */

dae_dataset *array_dataset(const float *samples, size_t count, size_t size) {
    dae_dataset *dataset = NULL;
    ok(dae_dataset_copy_array(&dataset, samples, count, 1, &size));
    return dataset;
}

dae_dataset *random_dataset(size_t count, size_t size, double low, double high, uint64_t seed) {
    float *samples = random_floats(count * size, low, high, seed);
    dae_dataset *dataset = array_dataset(samples, count, size);
    free(samples);
    return dataset;
}

dae_dataset *pair_dataset(const float *inputs, size_t size, const float *targets, size_t target_size,
                          size_t count) {
    dae_dataset *first = array_dataset(inputs, count, size);
    dae_dataset *second = array_dataset(targets, count, target_size), *pairs = NULL;
    ok(dae_dataset_pair(&pairs, first, second));
    dae_dataset_free(first);
    dae_dataset_free(second);
    return pairs;
}

dae_status give_street(dae_noise *noise, dae_dataset *recordings) {
    dae_status status = dae_noise_bind(noise, "street", recordings);
    return status == DAE_ERROR_ARGUMENT ? DAE_OK : status; /* the recipe has no such name */
}

dae_dataset *corrupted(dae_dataset *dataset, const char *text, int32_t mode, uint64_t seed) {
    dae_noise *noise = NULL;
    dae_dataset *noisy = NULL;
    ok(dae_noise_parse(&noise, text));
    ok(give_street(noise, dataset));
    ok(dae_dataset_corrupt(&noisy, dataset, noise, mode, seed));
    dae_noise_free(noise);
    dae_dataset_free(dataset);
    return noisy;
}

float *random_floats(size_t count, double low, double high, uint64_t seed) {
    float *values = must_have(count * sizeof *values);
    uint64_t state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    for (size_t i = 0; i < count; i++) {
        /* xorshift64* (Vigna 2016) */
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        double unit = (double)((state * UINT64_C(0x2545F4914F6CDD1D)) >> 40) / 16777216.0;
        values[i] = (float)(low + (high - low) * unit);
    }
    return values;
}

void *must_have(size_t bytes) {
    void *memory = malloc(bytes > 0 ? bytes : 1);
    ck_assert_ptr_nonnull(memory);
    return memory;
}
