/* Steps that choose what is applied: nothing, a recipe or nothing, one of some recipes. */
#include "noise/noise.h"

#include <math.h>

static size_t choose_nothing(const struct dae_value *values, const double *p, double u) {
    (void)values, (void)p, (void)u;
    return SIZE_MAX;
}

const struct dae_noise_kind dae_noise_none = {
    {
        .name = "none",
        .what = "leaves all values as they are",
        .example = "none",
    },
    .choose = choose_nothing,
};

static size_t choose_or_not(const struct dae_value *values, const double *p, double u) {
    (void)values;
    return u < p[0] ? 0 : SIZE_MAX;
}

const struct dae_noise_kind dae_noise_sometimes = {
    {
        .name = "sometimes",
        .what = "applies a recipe to some samples: where u < probability",
        .example = "sometimes(0.5, masking(0.25))",
        .parameters =
            {
                {"probability", "share of the samples", DAE_TYPE_NUMBER, DAE_BY_PLACE, 0, 1, .of = DAE_DRAWN},
                {"recipe", "what is applied", DAE_TYPE_RECIPE, DAE_BY_PLACE, .of = &dae_noise_category},
            },
    },
    .draws = true,
    .choose = choose_or_not,
};

static double sum_of_weights(const struct dae_value *recipes, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += dae_value_item(recipes, i)->number;
    return sum;
}

static const char *check_weights(const struct dae_value *values) {
    size_t count = dae_value_items(&values[0]);
    double sum = sum_of_weights(&values[0], count);
    for (size_t i = 0; i < count; i++)
        if (dae_value_item(&values[0], i)->number < 0)
            return "weights >= 0";
    return sum > 0 && isfinite(sum) ? NULL : "weights with a finite sum > 0";
}

/* The first whose weight, with those of all before it, is above u times the sum of all. */
static size_t choose_one(const struct dae_value *values, const double *p, double u) {
    size_t count = dae_value_items(&values[0]), last = 0;
    double sum = sum_of_weights(&values[0], count);
    (void)p;
    for (size_t i = 0; i < count; i++) {
        if (dae_value_item(&values[0], i)->number == 0)
            continue;
        if (sum_of_weights(&values[0], i + 1) > u * sum)
            return i;
        last = i;
    }
    return last; /* where u * sum is rounded up to the sum */
}

const struct dae_noise_kind dae_noise_one_of = {
    {
        .name = "one_of",
        .what = "applies one of some recipes to a sample, each with a probability of its weight / the sum of "
                "weights",
        .example = "one_of(0.7: gaussian(0.1), 0.3: masking(0.2) | clip(0, 1))",
        .check = check_weights,
        .parameters = {{"recipes", "of which one is applied, with weights of 1 where none are given",
                        DAE_TYPE_RECIPE, DAE_BY_PLACE | DAE_MANY | DAE_WEIGHTED, .of = &dae_noise_category}},
    },
    .draws = true,
    .choose = choose_one,
};
