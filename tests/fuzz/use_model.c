/* Reading a model from bytes that may be anything, and what can be done with it. */
#include "fuzz.h"

#include <math.h>
#include <string.h>

enum { MOST_PARAMETERS = 1 << 16, MOST_VALUES = 1 << 12, BATCH = 3 };

static size_t size_of(dae_status (*get)(const dae_model *, size_t *, size_t *), const dae_model *model) {
    size_t rank = 0, shape[DAE_MAX_RANK], size = 1;
    must(get(model, &rank, shape) == DAE_OK, "a shape cannot be had");
    must(rank >= 1 && rank <= DAE_MAX_RANK, "rank %zu", rank);
    for (size_t i = 0; i < rank; i++) {
        must(shape[i] >= 1 && size <= SIZE_MAX / shape[i], "the shape is impossible");
        size *= shape[i];
    }
    return size;
}

static void *must_have(size_t size) {
    void *memory = malloc(size > 0 ? size : 1);
    must(memory != NULL, "no memory for the fuzz target");
    return memory;
}

static unsigned char *file_of(const dae_model *model, size_t *size) {
    must(dae_model_serialize(model, NULL, 0, size) == DAE_OK, "a model cannot be written");
    unsigned char *file = must_have(*size);
    must(dae_model_serialize(model, file, *size, size) == DAE_OK, "a model cannot be written");
    return file;
}

/* The text of a network, to free(). */
static char *text_of(const dae_model *model) {
    size_t length = 0;
    must(dae_model_format(model, NULL, 0, &length) == DAE_OK, "no text");
    char *text = must_have(length + 1);
    must(dae_model_format(model, text, length + 1, NULL) == DAE_OK && strlen(text) == length, "bad text");
    return text;
}

/* The text is read, and written again it is the same. */
static void text_goes_round(const dae_model *model) {
    dae_model *again = NULL;
    char *text = text_of(model);
    must(dae_model_parse(&again, text) == DAE_OK, "what was written is not read");
    char *same = text_of(again);
    must(strcmp(text, same) == 0, "the text changes as it goes round: %s", same);
    free(same);
    free(text);
    dae_model_free(again);
}

/* What is written is read back, and written again it is the same. Gives the model that was read back. */
static dae_model *go_round(const dae_model *model) {
    size_t size, again_size;
    dae_model *again = NULL;
    unsigned char *file = file_of(model, &size);
    must(dae_model_deserialize(&again, file, size) == DAE_OK, "what was written is not read");
    unsigned char *again_file = file_of(again, &again_size);
    must(size == again_size && memcmp(file, again_file, size) == 0, "the file changes as it goes round");
    free(again_file);
    free(file);
    return again;
}

static void look_at(const dae_model *model, size_t parameters) {
    size_t tensors = 0, total = 0, length = 0;
    char name[64];
    must(dae_model_get_tensor_count(model, &tensors) == DAE_OK, "no number of tensors");
    for (size_t i = 0; i < tensors; i++) {
        size_t rank = 0, shape[DAE_MAX_RANK], size = 1;
        must(dae_model_get_tensor_info(model, i, name, sizeof name, NULL, &rank, shape) == DAE_OK,
             "no tensor %zu", i);
        for (size_t d = 0; d < rank; d++)
            size *= shape[d];
        total += size;
    }
    must(total == parameters, "tensors have %zu values, the model %zu", total, parameters);
    float *values = must_have(parameters * sizeof *values);
    must(dae_model_get_parameters(model, values, parameters) == DAE_OK, "no parameters");
    for (size_t i = 0; i < parameters; i++)
        must(isfinite(values[i]), "parameter %zu is not finite", i);
    free(values);
    must(dae_model_describe(model, NULL, 0, &length) == DAE_OK, "the model cannot be described");
    char *text = must_have(length + 1);
    must(dae_model_describe(model, text, length + 1, NULL) == DAE_OK && strlen(text) == length,
         "bad description");
    free(text);
    double low = 0, high = 0;
    if (dae_model_get_range(model, &low, &high) == DAE_OK)
        must(low <= high && isfinite(low) && isfinite(high), "range %g to %g", low, high);
    dae_noise *noise = NULL;
    must(dae_model_get_noise(model, &noise) == DAE_OK, "no word on noise");
    dae_noise_free(noise);
}

/* False where the values of the network are more than there is memory for: they may be many with few parameters. */
static bool run(dae_model *model, const float *inputs, float *outputs) {
    dae_session *session = NULL;
    dae_status status = dae_session_create(&session, model, BATCH);
    if (status != DAE_OK) {
        must(status == DAE_ERROR_MEMORY || status == DAE_ERROR_ARGUMENT, "no session");
        return false;
    }
    must(dae_session_run(session, inputs, BATCH, outputs) == DAE_OK, "the session does not run");
    dae_session_free(session);
    return true;
}

/* A copy, and the model that went round, give the same outputs. */
static void compare(dae_model *model, dae_model *again, size_t inputs, size_t outputs) {
    size_t bytes = BATCH * outputs * sizeof(float);
    float *in = must_have(BATCH * inputs * sizeof *in), *out = must_have(bytes), *other = must_have(bytes);
    for (size_t i = 0; i < BATCH * inputs; i++)
        in[i] = (float)(i % 7) / 7 - 0.5f;
    dae_model *copy = NULL;
    must(dae_model_copy(&copy, model) == DAE_OK, "no copy");
    if (run(model, in, out)) {
        must(run(copy, in, other) && memcmp(out, other, bytes) == 0, "a copy gives other outputs");
        must(run(again, in, other) && memcmp(out, other, bytes) == 0,
             "the model that went round gives other outputs");
    }
    dae_model_free(copy);
    free(other);
    free(out);
    free(in);
}

/* `data` is the size of what lies behind the header of the model's file. */
static void use_model(dae_model *model, size_t data) {
    size_t layers = 0, parameters = 0;
    size_t inputs = size_of(dae_model_get_input_shape, model),
           outputs = size_of(dae_model_get_output_shape, model);
    must(dae_model_get_layer_count(model, &layers) == DAE_OK && layers >= 1, "no layers");
    must(dae_model_get_parameter_count(model, &parameters) == DAE_OK, "no number of parameters");
    must(data == parameters * sizeof(float), "%zu parameters from %zu bytes", parameters, data);
    dae_model *again = go_round(model);
    if (parameters <= MOST_PARAMETERS)
        look_at(model, parameters);
    if (parameters <= MOST_PARAMETERS && inputs <= MOST_VALUES && outputs <= MOST_VALUES)
        compare(model, again, inputs, outputs);
    dae_model_free(again);
    dae_model *slice = NULL;
    must(dae_model_slice(&slice, model, "input", NULL) == DAE_OK, "no slice");
    text_goes_round(slice);
    dae_model_free(slice);
}

/* A step with ordinary data works, or is refused and leaves the parameters alone. */
static void learn(dae_model *model, size_t inputs, size_t outputs) {
    dae_optimizer *sgd = NULL;
    dae_trainer *trainer = NULL;
    float *x = must_have(BATCH * inputs * sizeof *x), *t = must_have(BATCH * outputs * sizeof *t);
    for (size_t i = 0; i < BATCH * inputs; i++)
        x[i] = (float)(i % 5) / 5 - 0.25f;
    for (size_t i = 0; i < BATCH * outputs; i++)
        t[i] = (float)(i % 3) / 3;
    must(dae_optimizer_create_sgd(&sgd, 0.01) == DAE_OK, "no optimizer");
    must(dae_trainer_create(&trainer, model, sgd, "mse") == DAE_OK, "no trainer");
    dae_status status = dae_trainer_step(trainer, x, t, BATCH, NULL);
    must(status == DAE_OK || status == DAE_ERROR_MEMORY || status == DAE_ERROR_NOT_FINITE, "a step gave %s",
         dae_status_name(status));
    dae_trainer_free(trainer);
    dae_optimizer_free(sgd);
    free(x);
    free(t);
}

void fuzz_use_network(dae_model *model) {
    size_t parameters = 0, inputs = size_of(dae_model_get_input_shape, model),
           outputs = size_of(dae_model_get_output_shape, model);
    text_goes_round(model);
    must(dae_model_get_parameter_count(model, &parameters) == DAE_OK, "no number of parameters");
    if (parameters > MOST_PARAMETERS || inputs > MOST_VALUES || outputs > MOST_VALUES)
        return;
    must(dae_model_initialize(model, 7) == DAE_OK, "no parameters can be drawn");
    learn(model, inputs, outputs);
    look_at(model, parameters);
    dae_model *again = go_round(model);
    compare(model, again, inputs, outputs);
    dae_model_free(again);
}

/* What a header of a few bytes may take: the table of its tensors, one metadata value, the list of layers. */
enum { TABLES = 1 << 18 };

void fuzz_read_model(const unsigned char *bytes, size_t size) {
    dae_model *model = fuzz_untouched;
    fuzz_begin();
    dae_status status = dae_model_deserialize(&model, bytes, size);
    fuzz_asked_at_most(TABLES + size);
    if (status != DAE_OK) {
        fuzz_refused(status, STATUS_BIT(DAE_ERROR_FORMAT) | STATUS_BIT(DAE_ERROR_NOT_FINITE), model);
    } else {
        use_model(model,
                  size - 8 -
                      (bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24));
        dae_model_free(model);
    }
    fuzz_end();
}
