/* Schedules: the learning rate as a function of the step, or of the epoch. */
#include "train/governor.h"

#include <math.h>

#define PI 3.14159265358979323846

/* Counts of steps up to this one are exact in double precision. */
#define MAX_STEPS 1e15

/* Every schedule counts by one of these. */
#define STEPS_OF(what) \
    { "steps", what, DAE_TYPE_COUNT, DAE_BY_PLACE, 1, MAX_STEPS, .other = "epochs" }
#define EPOCHS \
    { "epochs", "counted in the place of steps", DAE_TYPE_COUNT, 0, 1, MAX_STEPS, .other = "steps" }
#define STAIRCASE \
    { "staircase", "whether only whole periods count", DAE_TYPE_FLAG, DAE_DIGIT, .fallback = "0" }

static double rate_constant(double base, double t, const double *p) {
    (void)t, (void)p;
    return base;
}

const struct dae_governor_kind dae_governor_constant = {
    .kind = {.name = "constant", .what = "the learning rate itself at every step", .example = "constant"},
    .rate = rate_constant,
};

/* Periods of p[0] at time t: only whole ones where p[2] asks for a staircase. */
static double periods(double t, const double *p) {
    return p[2] == 1 ? floor(t / p[0]) : t / p[0];
}

static double rate_exponential(double base, double t, const double *p) {
    return base * pow(p[1], periods(t, p));
}

const struct dae_governor_kind dae_governor_exponential = {
    .kind =
        {
            .name = "exponential",
            .what = "multiplies the rate by `rate` in every period",
            .example = "exponential(1000, 0.96)",
            .parameters =
                {
                    STEPS_OF("of a period"),
                    {"rate", "factor of a period", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_OPEN_LOW, 0, 1},
                    STAIRCASE,
                    EPOCHS,
                },
        },
    .rate = rate_exponential,
};

static double rate_inverse_time(double base, double t, const double *p) {
    return base / (1 + p[1] * periods(t, p));
}

const struct dae_governor_kind dae_governor_inverse_time = {
    .kind =
        {
            .name = "inverse_time",
            .what = "divides the rate by 1 + `rate` times the number of periods",
            .example = "inverse_time(1000, 0.5)",
            .parameters =
                {
                    STEPS_OF("of a period"),
                    {"rate", "what a period adds to the divisor", DAE_TYPE_NUMBER, DAE_BY_PLACE, 0, INFINITY},
                    STAIRCASE,
                    EPOCHS,
                },
        },
    .rate = rate_inverse_time,
};

/* (base - end) left^power + end, in a form that is exact at both ends. */
static double rate_polynomial(double base, double t, const double *p) {
    double left = pow(1 - fmin(t / p[0], 1), p[2]);
    return base * left + p[1] * (1 - left);
}

const struct dae_governor_kind dae_governor_polynomial = {
    .kind =
        {
            .name = "polynomial",
            .what = "falls to `end` by a power of the steps that are left",
            .example = "polynomial(10000, end=1e-5)",
            .parameters =
                {
                    STEPS_OF("until the end is reached"),
                    {"end", "the last rate", DAE_TYPE_NUMBER, 0, 0, DAE_MAX_RATE, "0.0001"},
                    {"power", "of the share of steps left", DAE_TYPE_NUMBER, DAE_OPEN_LOW, 0, INFINITY, "1"},
                    EPOCHS,
                },
        },
    .rate = rate_polynomial,
};

static double rate_cosine(double base, double t, const double *p) {
    if (t < p[2])
        return base * (t / p[2]);
    double done = fmin((t - p[2]) / p[0], 1);
    return base * ((1 - p[1]) * (0.5 * (1 + cos(PI * done))) + p[1]);
}

const struct dae_governor_kind dae_governor_cosine = {
    .kind =
        {
            .name = "cosine",
            .what = "rises to the rate during `warmup`, then falls by half a cosine",
            .example = "cosine(10000, warmup=500)",
            .parameters =
                {
                    STEPS_OF("of the fall"),
                    {"alpha", "share of the rate that is left at the end", DAE_TYPE_NUMBER, 0, 0, 1, "0"},
                    {"warmup", "of the rise, counted like the fall", DAE_TYPE_COUNT, 0, 0, MAX_STEPS, "0"},
                    EPOCHS,
                },
        },
    .rate = rate_cosine,
};

static double rate_step(double base, double t, const double *p) {
    return base * pow(p[1], floor(t / p[0]));
}

const struct dae_governor_kind dae_governor_step = {
    .kind =
        {
            .name = "step",
            .what = "multiplies the rate by `factor` after every period",
            .example = "step(epochs=10)",
            .parameters =
                {
                    STEPS_OF("of a period"),
                    {"factor", "of a period", DAE_TYPE_NUMBER, DAE_OPEN_LOW, 0, 1, "0.1"},
                    EPOCHS,
                },
        },
    .rate = rate_step,
};

/* From `a` to `b` by half a cosine, exact at both ends. */
static double between(double a, double b, double done) {
    double left = 0.5 * (1 + cos(PI * done));
    return a * left + b * (1 - left);
}

static double rate_one_cycle(double base, double t, const double *p) {
    double peak = p[1] * p[0], first = base / p[2];
    if (t < peak)
        return between(first, base, t / peak);
    return between(base, first / p[3], fmin((t - peak) / (p[0] - peak), 1));
}

const struct dae_governor_kind dae_governor_one_cycle = {
    .kind =
        {
            .name = "one_cycle",
            .what = "rises to the rate and falls to almost nothing, both by half a cosine",
            .example = "one_cycle(epochs=30)",
            .parameters =
                {
                    STEPS_OF("of the cycle"),
                    {"rise", "share of the cycle", DAE_TYPE_NUMBER, DAE_OPEN_HIGH, 0, 1, "0.3"},
                    {"start", "what divides the rate at the start", DAE_TYPE_NUMBER, 0, 1, 1e30, "25"},
                    {"end", "what divides the rate of the start at the end", DAE_TYPE_NUMBER, 0, 1, 1e30,
                     "10000"},
                    EPOCHS,
                },
        },
    .rate = rate_one_cycle,
};

/* The share that is done at time t of cycle number `count`, where the first has length 1 and each is
 * `stretch` times as long as that before. */
static double share_done(double t, double stretch, double count) {
    double length = pow(stretch, count), before = stretch == 1 ? count : (length - 1) / (stretch - 1);
    return (t - before) / length;
}

/* The number of whole cycles at time t; the logarithm may be off by one where a cycle ends. */
static double whole_cycles(double t, double stretch) {
    double count = floor(stretch == 1 ? t : log1p(t * (stretch - 1)) / log(stretch));
    double done = share_done(t, stretch, count);
    return done >= 1 ? count + 1 : done < 0 ? count - 1 : count;
}

static double rate_cosine_restarts(double base, double t, const double *p) {
    double count = whole_cycles(t / p[0], p[1]), done = share_done(t / p[0], p[1], count);
    return base * ((1 - p[3]) * pow(p[2], count) * (0.5 * (1 + cos(PI * done))) + p[3]);
}

const struct dae_governor_kind dae_governor_cosine_restarts = {
    .kind =
        {
            .name = "cosine_restarts",
            .what = "falls by half a cosine, again and again",
            .example = "cosine_restarts(epochs=10)",
            .parameters =
                {
                    STEPS_OF("of the first fall"),
                    {"stretch", "how many times as long as the last a fall is", DAE_TYPE_NUMBER, 0, 1, 1000,
                     "2"},
                    {"shrink", "share of the last peak that a fall starts from", DAE_TYPE_NUMBER,
                     DAE_OPEN_LOW, 0, 1, "1"},
                    {"alpha", "share of the rate that is left at the end of a fall", DAE_TYPE_NUMBER, 0, 0, 1,
                     "0"},
                    EPOCHS,
                },
        },
    .rate = rate_cosine_restarts,
};
