/* Layers inside the library: one file and one row for each kind.
 *
 * A layer computes Y = a(Z), where Z is made from its inputs X and its parameters, and a works on each value.
 * D of a value is the gradient of the loss by what its maker's activation was given, Z, so that a loss and
 * the activation before it can be derived together. A layer that has no activation makes Y = Z.
 *
 * There are two contracts. A plain kind computes whole tasks and reports nothing (plain.h helps it). A
 * product completes its result tile by tile while that is in the cache: bias, activation and loss going
 * forward, the derivative of the activation before it going back. docs/adding-a-layer.md walks through the
 * first. */
#ifndef DAE_LAYERS_LAYER_H
#define DAE_LAYERS_LAYER_H

#include "core/handle.h"
#include "core/kind.h"
#include "core/size.h"
#include "kinds.h"
#include "layers/activation.h"
#include "math/matmul.h"
#include "math/rng.h"

#include <dae/layer.h>

enum { DAE_LAYER_MAX_INPUTS = 4, DAE_LAYER_MAX_TENSORS = 4 };

/* Which parameters of dense are read outside of dense.c. */
enum {
    DAE_DENSE_UNITS,
    DAE_DENSE_ACTIVATION,
    DAE_DENSE_SLOPE,
    DAE_DENSE_INITIALIZER,
    DAE_DENSE_TIED,
    DAE_DENSE_BIAS
};

/* A named part of a layer's parameters. */
struct dae_tensor {
    const char *name;
    struct dae_shape shape;
    bool trained; /* or a statistic, which has no gradient */
};

/* What a layer makes of inputs of certain shapes, and the parameters that it needs for it. */
struct dae_attachment {
    size_t input_count;
    const struct dae_shape *inputs[DAE_LAYER_MAX_INPUTS];
    const struct dae_shape *tied; /* of the weight of the layer that it is tied to, or NULL */
    /* filled in by the kind */
    struct dae_shape output;
    struct dae_tensor tensors[DAE_LAYER_MAX_TENSORS];
    size_t tensor_count, parameter_count;
};

/* One value of a network in a batch: the samples' rows of it. */
struct dae_rows {
    const struct dae_shape *shape;
    float *y; /* [batch, size] */
    float *d; /* [batch, size]; NULL where no gradient is needed */
    float *z; /* [batch, size], where the activation's derivative reads what went in; or NULL */
    const struct dae_activation *activation; /* of its maker; NULL for the network's input */
    size_t readers;                          /* layers that read it, some more than once */
    size_t left;                             /* of them, going back */
    size_t taps;                             /* of them, that are no layers: dae_use.tapped */
};

/* Part of one row: `count` values from `column` of sample `row`. Columns start at multiples of 16; those of a
 * rectifier's D anywhere. */
struct dae_span {
    size_t row, column, count;
};

/* One layer's part in working on a batch. */
struct dae_pass {
    const dae_layer *layer;
    size_t index; /* of the layer in the model */
    struct dae_pool *pool;
    size_t batch;
    size_t input_count;
    struct dae_rows *inputs[DAE_LAYER_MAX_INPUTS], *output; /* that of the last who joins it: `then` */
    uint64_t revision; /* of all parameters: another one after each change, never 0 */
    const float *parameters;
    const float *weight;              /* the first tensor, or that of another layer, */
    bool transposed;                  /* transposed */
    const uint16_t *weight16;         /* the same, rounded to bfloat16 for products; NULL in float32 */
    const uint16_t *x16;              /* the first input, rounded already; or NULL */
    struct dae_thread_memory *memory; /* for products to work in */
    void *own;                        /* what the layer's kind has reserved; or NULL */
    const struct dae_pass *then;      /* of the next layer, where this one does its work; or NULL */

    /* Training only. */
    bool training;
    bool frozen; /* parameters and statistics stay what they are */
    bool logits; /* leave a out: Y = Z */
    uint64_t seed, step;
    float *gradient;        /* of the layer's own parameters */
    float *weight_gradient; /* of `weight` */
    bool adds;              /* to it: another use of the weight has gone back before */
    float *scratch;         /* to make gradients in; as much as the layer asks for */
    float *addend;          /* [batch, widest]: for a D that is to be added to another */
    /* A product calls it when a part of Y is complete; parts of one index come from one thread, in order.
     * NULL but for the last layer. */
    dae_status (*take_loss)(void *context, const struct dae_pass *pass, struct dae_tile tile);
    void *context;
};

/* How passes will be used. */
struct dae_use {
    size_t batch; /* the most samples at once */
    bool training;
    bool watched; /* every value is looked at */
    bool bfloat16;
    const size_t *tapped; /* values that someone adds to D of, going back, after the layers that read them */
    size_t tapped_count;
};

/* How far a value looks along a dimension: number o of the output is made of values floor((o in + low) / out)
 * to floor((o in + high) / out) of each input, as far as there are such, and, where some of those lie beyond
 * an end, of the last `edge` values there. `in` values of an input become `out` values. */
struct dae_reach {
    size_t in, out;
    ptrdiff_t low, high;
    size_t edge;
};

/* A row: one kind of layer. */
struct dae_layer_kind {
    struct dae_kind kind;
    /* From shapes: output and tensors. */
    dae_status (*attach)(const dae_layer *layer, struct dae_attachment *at);
    /* Draws the parameters, which lie ready zeroed; NULL without parameters. */
    void (*initialize)(const dae_layer *layer, const struct dae_attachment *at, float *parameters,
                       struct dae_draw from);
    /* Y from the inputs. */
    dae_status (*forward)(const struct dae_pass *pass);
    /* Of a layer that makes each value from the same one of its input: makes ready for a pass, and works on a
     * span in place, while it is in the cache of who has made it. NULL where that cannot be. */
    void (*prepare)(const struct dae_pass *pass);
    void (*work_on)(const struct dae_pass *pass, struct dae_span span, float *values);
    /* Calls dae_pass_go_on() with all parts of Y when they are complete. */
    bool goes_on;
    /* D of an input from D: written if that is the first of its readers to come back, else added
     * (dae_rows_is_first()). */
    dae_status (*backward)(const struct dae_pass *pass, size_t input);
    /* The gradient of the parameters from inputs and D; NULL without parameters. */
    dae_status (*gradients)(const struct dae_pass *pass);
    /* After a good step, of a layer that is not frozen: changes statistics among its parameters by what going
     * forward has found. NULL without any. */
    void (*take_over)(const struct dae_pass *pass, float *parameters);
    /* How many floats of scratch memory gradients of batches of up to this size may use; NULL for none. */
    size_t (*scratch)(const struct dae_attachment *at, size_t batch);
    /* How far it looks along dimension `axis`, which is not the first; what a value is made of depends on
     * nothing else, to the bit. NULL: it may look at the whole sample, and runs on whole samples only. */
    struct dae_reach (*reach)(const dae_layer *layer, const struct dae_attachment *at, size_t axis);
    /* Outside of training, what it gives are values of its first input. */
    bool keeps_range;
    /* Takes memory of the kind's own for passes, which has to be given back whatever the status; NULL for
     * none. */
    dae_status (*reserve)(const struct dae_attachment *at, const struct dae_use *use, void **own);
    void (*release)(void *own);
    /* Of products: the least batch whose factors may be read rounded to bfloat16 alone; 0 for plain kinds. */
    size_t product_batch;
};

/* A text that layers have been read from; each keeps it. */
struct dae_layer_text {
    dae_references references;
    struct dae_recipe *recipe;
};

struct dae_layer {
    dae_references references;
    const struct dae_layer_kind *kind;
    struct dae_layer_text *text;    /* kept */
    const struct dae_step *step;    /* of that text */
    const struct dae_value *values; /* of the step's parameters */
    struct dae_activation activation;
    atomic_bool in_model;
};

extern const struct dae_category dae_layer_category;
extern const struct dae_layer_kind DAE_LAYER_KINDS;

extern const struct dae_kind dae_layer_input, dae_layer_from;

/* Reads a text of layers, which may begin with input(...), into steps. */
dae_status dae_layer_text_read(struct dae_layer_text **out, const char *text);
void dae_layer_text_drop(struct dae_layer_text *text);

/* A layer from a step of a text; refuses one that is no layer. */
dae_status dae_layer_read(dae_layer **out, struct dae_layer_text *text, const struct dae_step *step);

dae_layer *dae_layer_keep(dae_layer *layer);

/* Adds a tensor to those that the layer has. */
dae_status dae_attachment_add_tensor(struct dae_attachment *at, const char *name, size_t rank,
                                     const size_t *dims);

/* The same for one that is not trained, after those that are; its gradient is 0. */
dae_status dae_attachment_add_statistic(struct dae_attachment *at, const char *name, size_t rank,
                                        const size_t *dims);

/* Has those layers work on a complete span of Y that this one does the work of. */
void dae_pass_go_on(const struct dae_pass *pass, struct dae_span span, float *values);

/* The reach of what looks at its own place only. */
struct dae_reach dae_reach_place(const dae_layer *layer, const struct dae_attachment *at, size_t axis);

/* Whether a D is to be written, not added to. */
static inline bool dae_rows_is_first(const struct dae_rows *rows) {
    return rows->left == rows->readers;
}

/* Whether a D will be complete with this reader. */
static inline bool dae_rows_is_last(const struct dae_rows *rows) {
    return rows->left == 1;
}

/* Takes the derivative of its maker's activation on a span of a complete D. */
void dae_rows_derive(const struct dae_rows *rows, struct dae_span span);

#endif
