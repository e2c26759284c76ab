#include "train/schedule.h"

#include <math.h>
#include <string.h>

/* Counts of steps up to this one are exact in double precision. */
#define MAX_STEPS 1e15

#define PI 3.14159265358979323846

static bool is_count(double value, double low) {
    return value >= low && value <= MAX_STEPS && value == floor(value);
}

static bool is_flag(double value) {
    return value == 0 || value == 1;
}

/* ---- The kinds ---------------------------------------------------------------------------------- */

static double rate_constant(double base, double t, const double *p) {
    (void)t, (void)p;
    return base;
}

/* Periods of p[0] steps at step t: only whole ones where p[2] asks for a staircase. */
static double periods(double t, const double *p) {
    return p[2] == 1 ? floor(t / p[0]) : t / p[0];
}

static const char *check_exponential(const double *p) {
    return is_count(p[0], 1) && p[1] > 0 && p[1] <= 1 && is_flag(p[2])
               ? NULL
               : "whole steps from 1 to 1e15, 0 < rate <= 1 and a staircase of 0 or 1";
}

static double rate_exponential(double base, double t, const double *p) {
    return base * pow(p[1], periods(t, p));
}

static const char *check_inverse_time(const double *p) {
    return is_count(p[0], 1) && p[1] >= 0 && isfinite(p[1]) && is_flag(p[2])
               ? NULL
               : "whole steps from 1 to 1e15, a finite rate >= 0 and a staircase of 0 or 1";
}

static double rate_inverse_time(double base, double t, const double *p) {
    return base / (1 + p[1] * periods(t, p));
}

static const char *check_polynomial(const double *p) {
    return is_count(p[0], 1) && p[1] >= 0 && p[1] <= DAE_MAX_RATE && p[2] > 0 && isfinite(p[2])
               ? NULL
               : "whole steps from 1 to 1e15, 0 <= end <= 1e6 and a finite power > 0";
}

/* (base - end) left^power + end, in a form that is exact at both ends. */
static double rate_polynomial(double base, double t, const double *p) {
    double left = pow(1 - fmin(t / p[0], 1), p[2]);
    return base * left + p[1] * (1 - left);
}

static const char *check_cosine(const double *p) {
    return is_count(p[0], 1) && p[1] >= 0 && p[1] <= 1 && is_count(p[2], 0)
               ? NULL
               : "whole steps from 1 to 1e15, 0 <= alpha <= 1 and a whole warmup from 0 to 1e15";
}

static double rate_cosine(double base, double t, const double *p) {
    if (t < p[2])
        return base * (t / p[2]);
    double done = fmin((t - p[2]) / p[0], 1);
    return base * ((1 - p[1]) * (0.5 * (1 + cos(PI * done))) + p[1]);
}

static const struct dae_schedule_kind kinds[] = {
    {{"constant", 0, {{0}}, NULL}, rate_constant},
    {{"exponential", 3, {{"steps", false, 0}, {"rate", false, 0}, {"staircase", true, 0}}, check_exponential},
     rate_exponential},
    {{"inverse_time",
      3,
      {{"steps", false, 0}, {"rate", false, 0}, {"staircase", true, 0}},
      check_inverse_time},
     rate_inverse_time},
    {{"polynomial", 3, {{"steps", false, 0}, {"end", true, 1e-4}, {"power", true, 1}}, check_polynomial},
     rate_polynomial},
    {{"cosine", 3, {{"steps", false, 0}, {"alpha", true, 0}, {"warmup", true, 0}}, check_cosine},
     rate_cosine},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

const struct dae_schedule dae_schedule_constant = {&kinds[0], {0}};

/* ---- Schedules ---------------------------------------------------------------------------------- */

static dae_status find_kind(const struct dae_schedule_kind **kind, const struct dae_spec_reader *reader,
                            const struct dae_spec_step *step) {
    char buffer[256] = "";
    struct dae_text names = {buffer, sizeof buffer, 0};
    for (size_t i = 0; i < KINDS; i++) {
        *kind = &kinds[i];
        if (strcmp(kinds[i].spec.name, step->name) == 0)
            return DAE_OK;
        dae_text_add_item(&names, i, KINDS, kinds[i].spec.name);
    }
    return dae_spec_fail(reader, step->position, "found '%s', expected %s", step->name, buffer);
}

dae_status dae_schedule_read(struct dae_schedule *schedule, const char *text) {
    struct dae_spec_reader reader = {.what = "schedule", .text = text};
    struct dae_spec_step step;
    struct dae_schedule read = {0};
    DAE_TRY(dae_spec_only(&reader, &step));
    DAE_TRY(find_kind(&read.kind, &reader, &step));
    DAE_TRY(dae_spec_read_parameters(&reader, &step, &read.kind->spec, read.parameters));
    DAE_TRY(dae_spec_check(&read.kind->spec, read.parameters, read.kind->spec.name));
    *schedule = read;
    return DAE_OK;
}

void dae_schedule_write(struct dae_text *text, const void *object) {
    const struct dae_schedule *schedule = object;
    dae_spec_write(text, &schedule->kind->spec, schedule->parameters);
}

double dae_schedule_rate(const struct dae_schedule *schedule, double base, uint64_t step) {
    /* A polynomial between two rates near the limit may round to above it. */
    return fmin(schedule->kind->rate(base, (double)step, schedule->parameters), DAE_MAX_RATE);
}
