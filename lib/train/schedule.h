/* Schedules: the learning rate as a function of the step. A kind is one row. */
#ifndef DAE_TRAIN_SCHEDULE_H
#define DAE_TRAIN_SCHEDULE_H

#include "core/kind.h"
#include "kinds.h"

enum { DAE_SCHEDULE_MAX_PARAMETERS = 3 };

/* With gradients of at most 1e18 (step.c), a step that takes at most this rate keeps finite weights
 * finite. */
#define DAE_MAX_RATE 1e6

/* One kind: its row, and what it makes of the rate `base` at step t, counted from 0, with its parameters
 * p. */
struct dae_schedule_kind {
    struct dae_kind kind;
    double (*rate)(double base, double t, const double *p);
};

/* A schedule has no state but the number of the step, which the trainer counts. */
struct dae_schedule {
    const struct dae_schedule_kind *kind;
    double parameters[DAE_SCHEDULE_MAX_PARAMETERS];
};

extern const struct dae_schedule_kind DAE_SCHEDULE_KINDS;

extern const struct dae_category dae_schedule_category;

/* The same rate at every step. */
extern const struct dae_schedule dae_no_schedule;

/* From a step of its category. */
struct dae_schedule dae_schedule_of(const struct dae_step *step);

/* Reads a schedule from its text: DAE_ERROR_FORMAT, or DAE_ERROR_ARGUMENT for a parameter out of its
 * range. */
dae_status dae_schedule_read(struct dae_schedule *schedule, const char *text);

/* Writes a schedule (a dae_text_writer). */
void dae_schedule_write(struct dae_text *text, const void *object);

/* The rate of step `step`, counted from 0: from 0 to DAE_MAX_RATE. */
double dae_schedule_rate(const struct dae_schedule *schedule, double base, uint64_t step);

#endif
