/* Optimizers inside the library: one file and one table of operations for each. */
#ifndef DAE_TRAIN_OPTIMIZER_H
#define DAE_TRAIN_OPTIMIZER_H

#include "core/handle.h"
#include "core/status.h"
#include "kinds.h"
#include "math/kernels.h"
#include "train/schedule.h"

#include <dae/optimizer.h>

enum { DAE_OPTIMIZER_MAX_SLOTS = 2 };

/* What a step does, worked out once for all parameters. */
union dae_update {
    struct {
        float rate, momentum;
        bool nesterov;
    } sgd;
    struct dae_adam_step adam;
};

/* A range of parameters: values, what the optimizer remembers of each, gradient. */
struct dae_parameters {
    float *values;
    float *slots[DAE_OPTIMIZER_MAX_SLOTS];
    const float *gradient;
    size_t count;
};

enum { DAE_OPTIMIZER_MAX_OPTIONS = 4 };

/* A value remembered of each parameter: its name in checkpoints, and the bounds that training keeps it in. */
struct dae_optimizer_slot {
    const char *name;
    float low, high;
};

struct dae_optimizer_operations {
    struct dae_kind kind; /* its parameters are the options, the learning rate first */
    size_t size;          /* of the kind's struct */
    size_t slot_count;    /* values are 0 at the start of training */
    struct dae_optimizer_slot slots[DAE_OPTIMIZER_MAX_SLOTS];
    /* Works out step `step`, counted from 1; its learning rate is dae_optimizer_rate(). */
    void (*prepare)(const dae_optimizer *optimizer, uint64_t step, union dae_update *update);
    void (*apply)(const union dae_update *update, const struct dae_parameters *parameters);
    /* Options as numbers, in the order of the kind's parameters. */
    void (*get_options)(const dae_optimizer *optimizer, double *values);
    void (*set_options)(dae_optimizer *optimizer, const double *values);
    /* Whether memory that was read from a file, within the bounds of its slots, keeps finite parameters
     * finite with these options after `steps` steps, at any learning rate; NULL: always. */
    bool (*is_safe)(const double *options, uint64_t steps, float *const *slots, size_t count);
};

extern const struct dae_optimizer_operations DAE_OPTIMIZER_KINDS;

/* Rules; in a text, what governs the learning rate comes after one. */
extern const struct dae_category dae_optimizer_category;

/* What all optimizers have in common; the first member of each kind's struct. */
struct dae_optimizer {
    dae_references references;
    const struct dae_optimizer_operations *operations;
    double learning_rate; /* what the schedule starts from */
    struct dae_schedule schedule;
};

/* A new optimizer with default options; `context` begins the message. */
dae_status dae_optimizer_create(dae_optimizer **out, const struct dae_optimizer_operations *operations,
                                double learning_rate, const char *context);

dae_optimizer *dae_optimizer_keep(dae_optimizer *optimizer);

/* Writes the options, as in `adam(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-07)`, to the bit.
 * The schedule is not among them. (A dae_text_writer.) */
void dae_optimizer_write_options(struct dae_text *text, const void *object);

/* Reads the options of such an optimizer from such a text, for set_options(), or fails with
 * DAE_ERROR_FORMAT. */
dae_status dae_optimizer_read_options(const dae_optimizer *optimizer, const char *text,
                                      double values[DAE_OPTIMIZER_MAX_OPTIONS]);

/* The learning rate of step `step`, counted from 1, by the schedule. */
double dae_optimizer_rate(const dae_optimizer *optimizer, uint64_t step);

/* Changes options [first, first + count) of an optimizer of this kind; `context` begins the message. */
dae_status dae_optimizer_change(dae_optimizer *optimizer, const struct dae_optimizer_operations *operations,
                                size_t first, size_t count, const double *values, const char *context);

/* The learning rate as a parameter, which is the first of each kind. */
#define DAE_LEARNING_RATE                                                                      \
    {                                                                                          \
        "learning_rate", "of the first step, or what a schedule makes of it", DAE_TYPE_NUMBER, \
            DAE_BY_PLACE | DAE_OPEN_LOW | DAE_FLOAT, 0, DAE_MAX_RATE                           \
    }

#endif
