/* Models inside the library. */
#ifndef DAE_MODEL_MODEL_H
#define DAE_MODEL_MODEL_H

#include "layers/layer.h"
#include "model/notes.h"
#include "model/safetensors.h"
#include "model/scaling.h"
#include "noise/noise.h"

#include <dae/model.h>

enum { DAE_MODEL_MAX_LAYERS = 256 };

/* Parameters, shared by a model and its slices. */
struct dae_block {
    dae_references references;
    float *values;
    size_t count;
    uint64_t revision;           /* of the values, from 1: another one after each change */
    struct dae_scaling *scaling; /* kept: of the network that they are the parameters of; or NULL */
    atomic_size_t users;         /* trainers in a fit or a step */
};

/* A layer in its place. Values are numbered: 0 is the model's input, i + 1 what node i makes. */
struct dae_node {
    dae_layer *layer; /* kept */
    size_t input_count, inputs[DAE_LAYER_MAX_INPUTS];
    struct dae_attachment at; /* its shapes */
    size_t offset;            /* of its parameters from the model's */
    size_t tied;   /* the value whose maker's weight it uses, transposed; 0 for none, or for one outside */
    size_t weight; /* of the weight that it uses, from the block's values */
    struct dae_shape tied_shape;
};

struct dae_model {
    dae_references references;
    struct dae_shape input;      /* with 0 for dimensions that may be any */
    struct dae_model *probes[2]; /* of a model with such dimensions, without parameters: see model/open.c */
    struct dae_node *nodes;
    size_t node_count, node_capacity;
    size_t next; /* the value that the next node reads */
    size_t parameter_count;
    struct dae_block *block; /* kept; NULL before dae_model_initialize() */
    size_t block_offset;
    bool begins, ends;       /* its input or output is that of the network that the block's scaling is of */
    dae_noise *noise;        /* kept; or NULL */
    struct dae_notes *notes; /* kept; or NULL */
    float low, high;         /* range of inputs seen in training; low > high before any */
};

dae_model *dae_model_keep(dae_model *model);

/* What the model gives. */
const struct dae_shape *dae_model_output(const dae_model *model);

/* The model's parameters; NULL before dae_model_initialize(). */
const float *dae_model_values(const dae_model *model);

/* The same, for whoever is going to change them. */
float *dae_model_change(const dae_model *model);

/* Makes a block for the parameters, if there is none. */
dae_status dae_model_allocate(dae_model *model);

/* Refuses NULL and a model without parameters; `context` begins the message. */
dae_status dae_model_check_ready(const dae_model *model, const char *context);

/* A new model for inputs of a shape. */
dae_status dae_model_make(dae_model **out, const struct dae_shape *input);

/* Works out the shapes of a node whose inputs are known, and puts it after the others; keeps its layer. */
dae_status dae_model_attach(dae_model *model, struct dae_node *node);

/* Takes back all nodes but the first `count`. */
void dae_model_detach(dae_model *model, size_t count);

/* Makes the probes of a model that takes inputs of several sizes; what a node's attachment is to it. */
dae_status dae_model_make_probes(dae_model *model);
dae_status dae_model_probe(dae_model *model, const struct dae_node *node, struct dae_attachment *at);

/* The model for inputs of one shape, with the same layers and parameters: itself, kept, where it takes no
 * other. Fails with DAE_ERROR_SHAPE; `context` begins the message. */
dae_status dae_model_at(dae_model **out, dae_model *model, const struct dae_shape *input,
                        const char *context);

/* A model like this one for inputs of another shape of the same rank, over the same layers and parameters,
 * also where this one was made for one shape. Fails with DAE_ERROR_SHAPE for a layer that does not take the
 * size, or takes one only, by its name. */
dae_status dae_model_resize(dae_model **out, const dae_model *model, const struct dae_shape *input);

/* Gives such a model, which is nobody else's, yet another shape, and allocates nothing; so a plan over it
 * runs at any size below that which it was made for. After a failure it has the shape that it had. */
dae_status dae_model_reshape(dae_model *model, const struct dae_shape *input);

/* The same for the output of one node, from the shapes that its inputs have. */
dae_status dae_model_reattach(dae_model *model, size_t node);

/* Refuses a model that takes inputs of several sizes, and says what to call instead. */
dae_status dae_model_check_closed(const dae_model *model, const char *instead, const char *context);

/* The same, which also gives targets of a shape; NULL for any targets. */
dae_status dae_model_for(dae_model **out, dae_model *model, const struct dae_shape *input,
                         const struct dae_shape *target, const char *context);

/* The shape of a value. */
const struct dae_shape *dae_model_shape(const dae_model *model, size_t value);

/* Whether the output is made from a value, and is not that itself. */
bool dae_model_leads_on(const dae_model *model, size_t value);

/* The label of a value, "input", or the number of an unlabelled layer, into text[DAE_VALUE_NAME_SIZE];
 * returns text. */
enum { DAE_VALUE_NAME_SIZE = 64 };
const char *dae_model_value_name(const dae_model *model, size_t value, char *text);

/* The value of such a name; fails with DAE_ERROR_ARGUMENT. */
dae_status dae_model_find_value(const dae_model *model, const char *name, size_t *value);

/* dae_model_add() without its name before messages. */
dae_status dae_model_append(dae_model *model, dae_layer *layer);

/* Replaces the recipe that the model remembers; NULL for none. */
void dae_model_remember_noise(dae_model *model, dae_noise *noise);

/* Replaces the user's notes; NULL for none. */
void dae_model_remember_notes(dae_model *model, struct dae_notes *notes);

/* Replaces all that a model remembers of its training, and the user's notes, by what another remembers. */
void dae_model_remember(dae_model *model, const dae_model *from);

/* Whether input and output have a scaling, and how rows of them are scaled; the peak of the data, or 1. */
bool dae_model_is_input_scaled(const dae_model *model);
bool dae_model_is_output_scaled(const dae_model *model);
bool dae_model_has_scaling(const dae_model *model); /* at one of them */
struct dae_scaler dae_model_input_scaler(const dae_model *model);
struct dae_scaler dae_model_output_scaler(const dae_model *model);
double dae_model_peak(const dae_model *model);

/* Replaces the scaling that goes with a model's parameters; NULL for none. */
void dae_model_set_block_scaling(dae_model *model, struct dae_scaling *scaling);

/* The same for that of another model, and which ends have it. */
void dae_model_take_scaling(dae_model *model, const dae_model *from);

/* Refuses a scaling of more or fewer channels than the model has. */
dae_status dae_model_check_scaling(const dae_model *model, const struct dae_scaling *scaling);

/* The scaling as the kind affine, or none. (A dae_text_writer.) */
void dae_model_write_scaling(struct dae_text *text, const void *object);

/* Whether targets of a shape are such as the model gives for some input. */
bool dae_model_gives(const dae_model *model, const struct dae_shape *target);

/* Whether a model uses no weight from outside of itself, as a decoder may that is tied to its encoder; and a
 * model equal to one that does, with that weight as its own. */
bool dae_model_is_whole(const dae_model *model);
dae_status dae_model_make_whole(dae_model **out, const dae_model *model);

/* A tensor of a model. */
struct dae_model_tensor {
    char name[DAE_TENSOR_NAME_SIZE];
    const struct dae_shape *shape;
    size_t offset; /* from the model's parameters */
};

/* Parameters [first, end). */
struct dae_stretch {
    size_t first, end;
};

/* The first stretch of trained parameters that ends after `from`; where there is none, an empty one after all
 * parameters. */
struct dae_stretch dae_model_trained_after(const dae_model *model, size_t from);

size_t dae_model_tensor_count(const dae_model *model);
struct dae_model_tensor dae_model_tensor_at(const dae_model *model, size_t index);

/* The architecture of a model as text, such as input(784) | dense(units=128, activation=relu, ...), and
 * back. */
void dae_model_write_architecture(struct dae_text *text, const void *object);
char *dae_model_copy_architecture(const dae_model *model); /* A file that a model is in. */
struct dae_model_container {
    dae_status (*check)(const struct dae_safetensors *file); /* that it is one, of a version that is known */
    size_t tensors;                                          /* at most */
    bool alone;                                              /* there is nothing else in it */
};

dae_status dae_model_load_from(dae_model **out, const char *path,
                               const struct dae_model_container *container);

/* for dae_release(); NULL without memory */
dae_status dae_model_read_architecture(dae_model **out, const char *text);

/* What a model file says in its metadata: architecture, noise, range, scaling and notes, as
 * `"key":"value",...`. Reading takes over all but the first. */
void dae_model_write_metadata(struct dae_text *text, const dae_model *model);
dae_status dae_model_read_metadata(const struct dae_safetensors *file, dae_model *model);

/* The version of a model's file or of a checkpoint of it: 2 where there is a scaling, without which a reader
 * would get other outputs; and whether a version is known. */
char dae_model_file_version(const dae_model *model);
bool dae_model_reads_version(const char *version);

/* Adds tensors like the model's to a header, with `prefix` before their names. */
void dae_model_write_tensors(struct dae_text *text, const dae_model *model, const char *prefix, size_t *end);

/* Reads them into values[parameter_count], all finite; with values NULL, only looks whether they are
 * there. */
dae_status dae_model_read_tensors(const struct dae_safetensors *file, const dae_model *model,
                                  const char *prefix, float *values);

#endif
