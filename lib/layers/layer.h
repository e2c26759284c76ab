/* Layers inside the library: one file and one row of the table in layer.c for each kind.
 *
 * A layer computes Y = a(Z), where Z is made from its input X and its parameters and a works on each value.
 * D is always the gradient of the loss by Z, so that the output layer and its loss can be derived together
 * and a layer's derivative is taken while its D is in the cache. docs/adding-a-layer.md walks through it. */
#ifndef DAE_LAYERS_LAYER_H
#define DAE_LAYERS_LAYER_H

#include "core/handle.h"
#include "core/size.h"
#include "core/spec.h"
#include "core/text.h"
#include "math/matmul.h"
#include "math/rng.h"

#include <dae/layer.h>

enum { DAE_LAYER_MAX_TENSORS = 4 };

/* A named part of a layer's parameters. */
struct dae_tensor {
    const char *name;
    struct dae_shape shape;
};

/* Part of one row of a layer's output: `count` values from `column` of sample `row`. Columns start at
 * multiples of 16; those of a rectifier's D anywhere. */
struct dae_span {
    size_t row, column, count;
};

struct dae_active;

/* One layer's part in working on a batch. */
struct dae_pass {
    const dae_layer *layer;
    struct dae_pool *pool;
    size_t batch;
    const float *parameters;
    const float *x;                   /* [batch, input]; NULL where x16 alone is read */
    float *y;                         /* [batch, output] */
    const uint16_t *parameters16;     /* rounded to bfloat16, for products; NULL in float32 */
    const uint16_t *x16;              /* likewise, where that has been done already; or NULL */
    struct dae_thread_memory *memory; /* for products to work in */
    struct dae_active *active;        /* what products leave out (active.h); NULL for nothing */

    /* Training only. */
    bool training;
    bool logits; /* leave a out: Y = Z */
    uint64_t seed, step;
    size_t place;                  /* of the layer in the model */
    float *d;                      /* [batch, output] */
    float *gradient;               /* like the parameters */
    float *scratch;                /* to make it in; as much as the layer asks for */
    const struct dae_pass *before; /* whose D this layer's backward_input makes; NULL for the first layer */

    /* Called when a part of Y is complete; parts of one index come from one thread, in order. NULL but for the last layer. */
    dae_status (*take_loss)(void *context, const struct dae_pass *pass, struct dae_tile tile);
    void *context;
};

struct dae_layer_operations {
    const char *name;
    /* Gives the layer its input shape: sets output, tensors and parameter_count. */
    dae_status (*attach)(dae_layer *layer, const struct dae_shape *input);
    /* Draws the parameters; NULL without parameters. */
    void (*initialize)(const dae_layer *layer, float *parameters, struct dae_draw from);
    /* Y from X. */
    dae_status (*forward)(const struct dae_pass *pass);
    /* d *= a'(z) for values whose outputs are a; d and a are the values of a span. */
    void (*derive)(const struct dae_pass *pass, struct dae_span span, const float *a, float *d);
    /* D of the layer before, its derivative included, from D. */
    dae_status (*backward_input)(const struct dae_pass *pass);
    /* The gradient of the parameters from X and D; NULL without parameters. */
    dae_status (*backward_parameters)(const struct dae_pass *pass);
    /* Writes the layer as a step of an architecture, such as dense(units=128, activation=relu). */
    void (*write)(struct dae_text *text, const dae_layer *layer);
    /* Makes a layer from such a step. */
    dae_status (*read)(dae_layer **out, const struct dae_spec_reader *reader,
                       const struct dae_spec_step *step);
    /* Whether in bfloat16 batches of this size are read from x16 alone; NULL for layers that make no products of matrices. */
    bool (*reads_rounded)(const dae_layer *layer, size_t batch);
    /* How many floats of scratch memory the gradient of batches of up to this size may use; NULL for none. */
    size_t (*scratch)(const dae_layer *layer, size_t batch);
    /* What tables call it, such as "dense, relu". */
    void (*label)(struct dae_text *text, const dae_layer *layer);
};

/* What all layers have in common; the first member of each kind's struct. */
struct dae_layer {
    dae_references references;
    const struct dae_layer_operations *operations;
    atomic_bool in_model;
    bool ends_in_sigmoid; /* so that a loss may ask for logits */
    float slope;          /* of the rectifier that it ends in, 1 for none (linear); NAN for anything else */
    struct dae_shape input, output;
    struct dae_tensor tensors[DAE_LAYER_MAX_TENSORS];
    size_t tensor_count, parameter_count;
};

extern const struct dae_layer_operations dae_dense_operations, dae_dropout_operations;

/* A new layer of `size` bytes. */
dae_status dae_layer_create(void **out, size_t size, const struct dae_layer_operations *operations);

dae_layer *dae_layer_keep(dae_layer *layer);

/* Adds a tensor behind those that the layer has. */
dae_status dae_layer_add_tensor(dae_layer *layer, const char *name, size_t rank, const size_t *dims);

/* Makes a layer from a step of an architecture. */
dae_status dae_layer_read(dae_layer **out, const struct dae_spec_reader *reader,
                          const struct dae_spec_step *step);

/* Completes a tile of D of the pass before: takes its derivative. */
void dae_pass_derive_tile(const struct dae_pass *pass, struct dae_tile tile);

#endif
