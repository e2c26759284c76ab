/* What governs an optimizer: schedules of its learning rate, clips of gradients, an average of parameters. */
#ifndef DAE_TRAIN_GOVERNOR_H
#define DAE_TRAIN_GOVERNOR_H

#include "core/kind.h"
#include "kinds.h"
#include "math/loops.h"

enum { DAE_GOVERNOR_MAX_PARAMETERS = 6, DAE_MAX_GOVERNORS = 4 };

/* With gradients of at most 1e18 (step.c), a step that takes at most this rate keeps finite weights
 * finite. */
#define DAE_MAX_RATE 1e6

/* A point of training, which a learning rate depends on. */
struct dae_moment {
    uint64_t step;            /* counted from 0 */
    uint64_t steps_per_epoch; /* 0: there are no epochs */
    uint64_t reductions;      /* that a plateau has brought */
};

/* What a schedule by the validation loss keeps between epochs. */
struct dae_plateau {
    uint64_t reductions;
    uint64_t waited, cooling; /* epochs without a better loss; that do not count yet */
    bool begun;
    double best;
};

/* Changes a part of a gradient, of which `norm` is that of the whole, if it has been asked for. */
typedef void dae_clip_loop(float *gradient, size_t count, double norm, const double *p);

/* average[i] += share (values[i] - average[i]) */
typedef void dae_average_loop(float *average, const float *values, size_t count, float share);

/* One kind, with parameters p: a schedule, a clip, or the average. */
struct dae_governor_kind {
    struct dae_kind kind;
    /* What a schedule makes of the rate `base` at time t >= 0, in epochs if its parameters have those, else
     * in steps; p[0] is then the parameter `steps` or `epochs`. */
    double (*rate)(double base, double t, const double *p);
    /* Where this is, the time is the number of reductions instead: what an epoch's validation loss changes.
     * */
    void (*note)(struct dae_plateau *state, const double *p, double loss);
    dae_clip_loop *loops[DAE_TARGETS];
    bool takes_norm;
    dae_average_loop *averages[DAE_TARGETS]; /* p[0] is the share that is kept */
};

struct dae_governor {
    const struct dae_governor_kind *kind;
    double parameters[DAE_GOVERNOR_MAX_PARAMETERS];
};

/* In the order in which they are written; at most one schedule, and one of each other kind. */
struct dae_governors {
    size_t count;
    struct dae_governor list[DAE_MAX_GOVERNORS];
};

extern const struct dae_governor_kind DAE_GOVERNOR_KINDS;

extern const struct dae_category dae_governor_category;

/* From steps of the category; `text` is what they were read from, and `what` what messages call it. */
dae_status dae_governors_take(struct dae_governors *governors, const struct dae_step *steps, size_t count,
                              const char *what);

/* Reads a text of its own: DAE_ERROR_FORMAT, or DAE_ERROR_ARGUMENT for a parameter out of its range. */
dae_status dae_governors_read(struct dae_governors *governors, const char *text);

/* Writes one, after `before`; false, and nothing, for `constant`. */
bool dae_governor_write(struct dae_text *text, const struct dae_governor *governor, const char *before);

/* Writes them, `constant` where there are none. (A dae_text_writer.) */
void dae_governors_write(struct dae_text *text, const void *object);

/* The schedule, or NULL for the same rate at every step. */
const struct dae_governor *dae_governors_schedule(const struct dae_governors *governors);

/* Whether the schedule counts epochs. */
bool dae_governors_count_epochs(const struct dae_governors *governors);

/* The rate at a point: from 0 to DAE_MAX_RATE. */
double dae_governors_rate(const struct dae_governors *governors, double base, const struct dae_moment *at);

/* Whether the schedule goes by the validation loss. */
bool dae_governors_follow_loss(const struct dae_governors *governors);

/* After an epoch with that validation loss. */
void dae_governors_note(const struct dae_governors *governors, struct dae_plateau *state, double loss);

/* Whether the norm of the whole gradient is asked for. */
bool dae_governors_take_norm(const struct dae_governors *governors);

/* First pass over a part of the gradient: what comes before the norm is taken changes it. Returns the sum of
 * its squares, or 0 where nobody asks for the norm. */
double dae_governors_look(const struct dae_governors *governors, float *gradient, size_t count);

/* Second pass: the rest changes it. */
void dae_governors_clip(const struct dae_governors *governors, double norm, float *gradient, size_t count);

/* Whether an average of the parameters is kept; moves that of a part of them after a step. */
bool dae_governors_keep_average(const struct dae_governors *governors);
void dae_governors_move_average(const struct dae_governors *governors, float *average, const float *values,
                                size_t count);

/* In an order that depends on nothing but the count. */
double dae_sum_of_squares(const float *x, size_t count);

#endif
