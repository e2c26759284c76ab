/* Optimizers inside the library. A rule is one file, and its name in lib/meson.build. */
#ifndef DAE_TRAIN_OPTIMIZER_H
#define DAE_TRAIN_OPTIMIZER_H

#include "core/handle.h"
#include "core/status.h"
#include "kinds.h"
#include "math/loops.h"
#include "train/governor.h"

#include <dae/optimizer.h>

enum {
    DAE_OPTIMIZER_MAX_OPTIONS = 6,
    DAE_OPTIMIZER_MAX_SLOTS = 3,
    DAE_STEP_NUMBERS = 10,
    DAE_UPDATE_CHUNK = 16384, /* parameters that a task looks at or updates */
};

/* A range of parameters: values, what the optimizer remembers of each, gradient. */
struct dae_parameters {
    float *values;
    float *slots[DAE_OPTIMIZER_MAX_SLOTS];
    float *gradient;
    size_t count;
};

/* Changes parameters by their gradient, with the numbers of the step. */
typedef void dae_optimizer_loop(const struct dae_parameters *parameters, const float *numbers);

/* A value remembered of each parameter: its name in checkpoints, the bounds that training keeps it in, and
 * the option without which (at 0) there is none; those with one come last. The learning rate, 0, is always
 * there. */
struct dae_optimizer_slot {
    const char *name;
    float low, high;
    size_t option;
};

/* A rule. Its options p are in the order of the kind's parameters, which are numbers, the learning rate
 * first. */
struct dae_optimizer_kind {
    struct dae_kind kind;
    struct dae_optimizer_slot slots[DAE_OPTIMIZER_MAX_SLOTS]; /* 0 at the start of training */
    /* Works out the numbers of step `step`, counted from 1, from its learning rate, once for all
     * parameters. */
    void (*prepare)(const double *p, double rate, uint64_t step, float *numbers);
    dae_optimizer_loop *loops[DAE_TARGETS];
    /* Whether memory that was read from a file, within the bounds of its slots, keeps finite parameters
     * finite with these options after `steps` steps, at any learning rate; NULL: always. */
    bool (*is_safe)(const double *p, uint64_t steps, float *const *slots, size_t count);
};

extern const struct dae_optimizer_kind DAE_OPTIMIZER_KINDS;

/* Rules; in a text, what governs one comes after it. */
extern const struct dae_category dae_optimizer_category;

struct dae_optimizer {
    dae_references references;
    const struct dae_optimizer_kind *kind;
    double options[DAE_OPTIMIZER_MAX_OPTIONS];
    struct dae_governors governors;
};

dae_optimizer *dae_optimizer_keep(dae_optimizer *optimizer);

/* How many values a rule with these options remembers of each parameter. */
size_t dae_optimizer_count_slots(const struct dae_optimizer_kind *kind, const double *options);

/* Writes the options, as in `adam(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-07)`, to the bit.
 * What governs it is not among them. (A dae_text_writer.) */
void dae_optimizer_write_options(struct dae_text *text, const void *object);

/* Reads the options of such an optimizer from such a text, or fails with DAE_ERROR_FORMAT. */
dae_status dae_optimizer_read_options(const dae_optimizer *optimizer, const char *text,
                                      double options[DAE_OPTIMIZER_MAX_OPTIONS]);

/* The learning rate at a point of training. */
double dae_optimizer_rate(const dae_optimizer *optimizer, const struct dae_moment *at);

/* ---- One step ------------------------------------------------------------------------------------- */

/* What a step does, worked out once for all parameters. */
struct dae_update {
    const dae_optimizer *optimizer;
    float numbers[DAE_STEP_NUMBERS];
};

void dae_update_begin(struct dae_update *update, const dae_optimizer *optimizer, const struct dae_moment *at);

/* Changes parameters; `norm` is that of the whole gradient, as dae_governors_look() found it. */
void dae_update_apply(const struct dae_update *update, double norm, const struct dae_parameters *parameters);

/* The learning rate as a parameter, which is the first of each kind. */
#define DAE_LEARNING_RATE                                                                      \
    {                                                                                          \
        "learning_rate", "of the first step, or what a schedule makes of it", DAE_TYPE_NUMBER, \
            DAE_BY_PLACE | DAE_OPEN_LOW | DAE_FLOAT, 0, DAE_MAX_RATE                           \
    }

/* A share of what is remembered that is kept, and a number that keeps a divisor from 0. */
#define DAE_KEPT_SHARE(name, what, fallback) \
    { name, what, DAE_TYPE_NUMBER, DAE_OPEN_HIGH | DAE_FLOAT, 0, 1, fallback }
#define DAE_EPSILON(what, fallback) \
    { "epsilon", what, DAE_TYPE_NUMBER, DAE_FLOAT, 1e-30, INFINITY, fallback }

#endif
