#include "train/schedule.h"
#include "core/memory.h"

#include <math.h>

#define PI 3.14159265358979323846

/* Counts of steps up to this one are exact in double precision. */
#define MAX_STEPS 1e15

/* ---- The kinds ---------------------------------------------------------------------------------- */

#define STEPS_OF(what) \
    { "steps", what, DAE_TYPE_COUNT, DAE_BY_PLACE, 1, MAX_STEPS }
#define STAIRCASE \
    { "staircase", "whether only whole periods count", DAE_TYPE_FLAG, DAE_DIGIT, .fallback = "0" }

static double rate_constant(double base, double t, const double *p) {
    (void)t, (void)p;
    return base;
}

const struct dae_schedule_kind dae_schedule_constant = {
    {.name = "constant", .what = "the learning rate itself at every step", .example = "constant"},
    rate_constant,
};

/* Periods of p[0] steps at step t: only whole ones where p[2] asks for a staircase. */
static double periods(double t, const double *p) {
    return p[2] == 1 ? floor(t / p[0]) : t / p[0];
}

static double rate_exponential(double base, double t, const double *p) {
    return base * pow(p[1], periods(t, p));
}

const struct dae_schedule_kind dae_schedule_exponential = {
    {
        .name = "exponential",
        .what = "multiplies the rate by `rate` in every period",
        .example = "exponential(1000, 0.96)",
        .parameters =
            {
                STEPS_OF("of a period"),
                {"rate", "factor of a period", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_OPEN_LOW, 0, 1},
                STAIRCASE,
            },
    },
    rate_exponential,
};

static double rate_inverse_time(double base, double t, const double *p) {
    return base / (1 + p[1] * periods(t, p));
}

const struct dae_schedule_kind dae_schedule_inverse_time = {
    {
        .name = "inverse_time",
        .what = "divides the rate by 1 + `rate` times the number of periods",
        .example = "inverse_time(1000, 0.5)",
        .parameters =
            {
                STEPS_OF("of a period"),
                {"rate", "what a period adds to the divisor", DAE_TYPE_NUMBER, DAE_BY_PLACE, 0, INFINITY},
                STAIRCASE,
            },
    },
    rate_inverse_time,
};

/* (base - end) left^power + end, in a form that is exact at both ends. */
static double rate_polynomial(double base, double t, const double *p) {
    double left = pow(1 - fmin(t / p[0], 1), p[2]);
    return base * left + p[1] * (1 - left);
}

const struct dae_schedule_kind dae_schedule_polynomial = {
    {
        .name = "polynomial",
        .what = "falls to `end` by a power of the steps that are left",
        .example = "polynomial(10000, end=1e-5)",
        .parameters =
            {
                STEPS_OF("until the end is reached"),
                {"end", "the last rate", DAE_TYPE_NUMBER, 0, 0, DAE_MAX_RATE, "0.0001"},
                {"power", "of the share of steps left", DAE_TYPE_NUMBER, DAE_OPEN_LOW, 0, INFINITY, "1"},
            },
    },
    rate_polynomial,
};

static double rate_cosine(double base, double t, const double *p) {
    if (t < p[2])
        return base * (t / p[2]);
    double done = fmin((t - p[2]) / p[0], 1);
    return base * ((1 - p[1]) * (0.5 * (1 + cos(PI * done))) + p[1]);
}

const struct dae_schedule_kind dae_schedule_cosine = {
    {
        .name = "cosine",
        .what = "rises to the rate during `warmup`, then falls by half a cosine",
        .example = "cosine(10000, warmup=500)",
        .parameters =
            {
                STEPS_OF("of the fall"),
                {"alpha", "share of the rate that is left at the end", DAE_TYPE_NUMBER, 0, 0, 1, "0"},
                {"warmup", "steps of the rise", DAE_TYPE_COUNT, 0, 0, MAX_STEPS, "0"},
            },
    },
    rate_cosine,
};

static const struct dae_kind *const kinds[] = {DAE_SCHEDULE_ROWS, NULL};

const struct dae_category dae_schedule_category = {
    .name = "schedule",
    .what = "the learning rate as a function of the step",
    .text = "schedule",
    .kinds = kinds,
};

const struct dae_schedule dae_no_schedule = {&dae_schedule_constant, {0}};

/* ---- Schedules ---------------------------------------------------------------------------------- */

struct dae_schedule dae_schedule_of(const struct dae_step *step) {
    struct dae_schedule schedule = {.kind = (const struct dae_schedule_kind *)step->kind};
    dae_step_get_numbers(step, schedule.parameters);
    return schedule;
}

dae_status dae_schedule_read(struct dae_schedule *schedule, const char *text) {
    struct dae_recipe *recipe = NULL;
    DAE_TRY(dae_recipe_bind_one(&recipe, &dae_schedule_category, text));
    *schedule = dae_schedule_of(recipe->steps);
    dae_release(recipe);
    return DAE_OK;
}

void dae_schedule_write(struct dae_text *text, const void *object) {
    const struct dae_schedule *schedule = object;
    dae_kind_write_numbers(text, &schedule->kind->kind, schedule->parameters);
}

double dae_schedule_rate(const struct dae_schedule *schedule, double base, uint64_t step) {
    /* A polynomial between two rates near the limit may round to above it. */
    return fmin(schedule->kind->rate(base, (double)step, schedule->parameters), DAE_MAX_RATE);
}
