/* Draws: uniform, log-uniform, one of some values. */
#include "noise/draw.h"
#include "kinds.h"
#include "math/elementary.h"

#include <math.h>

extern const struct dae_draw_kind DAE_DRAW_KINDS;

static const struct dae_kind *const kinds[] = {DAE_DRAW_ROWS, NULL};

static void range(const struct dae_step *draw, double *low, double *high) {
    ((const struct dae_draw_kind *)draw->kind)->range(draw->values, low, high);
}

const struct dae_category dae_draw_category = {
    .name = "draw",
    .what = "a number that is drawn for each sample",
    .text = "draw",
    .has_labels = true,
    .kinds = kinds,
    .range = range,
};

double dae_draw_value(const struct dae_step *draw, double u) {
    return ((const struct dae_draw_kind *)draw->kind)->value(draw->values, u);
}

/* ---- Between two ends ------------------------------------------------------------------------------- */

static void range_of_ends(const struct dae_value *v, double *low, double *high) {
    *low = v[0].number;
    *high = v[1].number;
}

static const char *check_uniform(const struct dae_value *v) {
    if (v[0].number > v[1].number)
        return "low <= high";
    return isinf(v[1].number - v[0].number) ? "a finite high - low" : NULL;
}

static double uniform(const struct dae_value *v, double u) {
    double x = v[0].number + (v[1].number - v[0].number) * u;
    return x < v[1].number ? x : v[1].number;
}

const struct dae_draw_kind dae_draw_uniform = {
    {
        .name = "uniform",
        .what = "equally likely everywhere from low to high: low + (high - low) u",
        .example = "uniform(0, 0.3)",
        .check = check_uniform,
        .parameters =
            {
                {"low", "the least", DAE_TYPE_NUMBER, DAE_BY_PLACE},
                {"high", "the greatest", DAE_TYPE_NUMBER, DAE_BY_PLACE},
            },
    },
    uniform,
    range_of_ends,
};

static const char *check_log_uniform(const struct dae_value *v) {
    return v[0].number > v[1].number ? "low <= high" : NULL;
}

/* In float32, whose logarithm and exponential are the same on every processor. */
static double log_uniform(const struct dae_value *v, double u) {
    double low = (double)dae_log((float)v[0].number), high = (double)dae_log((float)v[1].number);
    double x = (double)dae_exp((float)(low + (high - low) * u));
    x = x < v[0].number ? v[0].number : x;
    return x > v[1].number ? v[1].number : x;
}

const struct dae_draw_kind dae_draw_log_uniform = {
    {
        .name = "log_uniform",
        .what = "with a logarithm that is equally likely everywhere: low (high / low)^u",
        .example = "log_uniform(0.001, 0.1)",
        .check = check_log_uniform,
        .parameters =
            {
                {"low", "the least", DAE_TYPE_NUMBER, DAE_BY_PLACE, 1e-37, 1e37},
                {"high", "the greatest", DAE_TYPE_NUMBER, DAE_BY_PLACE, 1e-37, 1e37},
            },
    },
    log_uniform,
    range_of_ends,
};

/* ---- One of some values ------------------------------------------------------------------------------ */

static double choice(const struct dae_value *v, double u) {
    return dae_value_item(&v[0], (size_t)(u * (double)dae_value_items(&v[0])))->number;
}

static void range_of_values(const struct dae_value *v, double *low, double *high) {
    *low = *high = dae_value_item(&v[0], 0)->number;
    for (size_t i = 1; i < dae_value_items(&v[0]); i++) {
        *low = fmin(*low, v[0].items[i].number);
        *high = fmax(*high, v[0].items[i].number);
    }
}

const struct dae_draw_kind dae_draw_choice = {
    {
        .name = "choice",
        .what = "each of some values, equally likely: that of number floor(count u), from 0",
        .example = "choice(0.1, 0.2, 0.5)",
        .parameters = {{"values", "which", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_MANY}},
    },
    choice,
    range_of_values,
};
