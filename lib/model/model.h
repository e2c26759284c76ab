/* Models inside the library. */
#ifndef DAE_MODEL_MODEL_H
#define DAE_MODEL_MODEL_H

#include "layers/layer.h"
#include "model/safetensors.h"
#include "noise/noise.h"

#include <dae/model.h>

enum { DAE_MODEL_MAX_LAYERS = 256 };

/* Parameters, shared by a model and its slices. */
struct dae_block {
    dae_references references;
    float *values;
    size_t count;
};

struct dae_model_layer {
    dae_layer *layer; /* kept */
    size_t offset;    /* of its parameters from the model's */
};

struct dae_model {
    dae_references references;
    struct dae_shape input;
    struct dae_model_layer *layers; /* room for DAE_MODEL_MAX_LAYERS */
    size_t layer_count;
    size_t parameter_count;
    struct dae_block *block; /* kept; NULL before dae_model_initialize() */
    size_t block_offset;
    dae_noise *noise; /* kept; or NULL */
    float low, high;  /* range of inputs seen in training; low > high before any */
};

dae_model *dae_model_keep(dae_model *model);

/* What the model gives. */
const struct dae_shape *dae_model_output(const dae_model *model);

/* The model's parameters; NULL before dae_model_initialize(). */
float *dae_model_values(const dae_model *model);

/* Makes a block for the parameters, if there is none. */
dae_status dae_model_allocate(dae_model *model);

/* Refuses NULL and a model without parameters; `context` begins the message. */
dae_status dae_model_check_ready(const dae_model *model, const char *context);

/* Refuses shapes that the model cannot take or give. */
dae_status dae_model_check_shapes(const dae_model *model, const struct dae_shape *input,
                                  const struct dae_shape *target, const char *context);

/* Widest row that goes between layers: the room that a workspace needs. */
size_t dae_model_widest(const dae_model *model);

/* Replaces the recipe that the model remembers; NULL for none. */
void dae_model_remember_noise(dae_model *model, dae_noise *noise);

/* A tensor of a model. */
struct dae_model_tensor {
    char name[DAE_TENSOR_NAME_SIZE];
    const struct dae_shape *shape;
    size_t offset; /* from the model's parameters */
};

size_t dae_model_tensor_count(const dae_model *model);
struct dae_model_tensor dae_model_tensor_at(const dae_model *model, size_t index);

/* The architecture of a model as text, such as input(784) | dense(units=128, activation=relu, ...), and back. */
void dae_model_write_architecture(struct dae_text *text, const void *object);
dae_status dae_model_read_architecture(dae_model **out, const char *text);

/* What a model file says in its metadata: architecture, noise and range, as `"key":"value",...`. Reading takes over
 * noise and range. */
void dae_model_write_metadata(struct dae_text *text, const dae_model *model);
dae_status dae_model_read_metadata(const struct dae_safetensors *file, dae_model *model);

/* Adds tensors like the model's to a header, with `prefix` before their names. */
void dae_model_write_tensors(struct dae_text *text, const dae_model *model, const char *prefix, size_t *end);

/* Reads them into values[parameter_count], all finite; with values NULL, only looks whether they are there. */
dae_status dae_model_read_tensors(const struct dae_safetensors *file, const dae_model *model,
                                  const char *prefix, float *values);

#endif
