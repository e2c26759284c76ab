#include "noise/noise.h"
#include "core/memory.h"

#include <math.h>

/* ---- The kinds ---------------------------------------------------------------------------------- */

static void apply_gaussian(float *x, size_t count, const double *p, struct dae_draw from) {
    dae_kernels()->add_gaussian(x, count, (float)p[0], (float)p[1], from);
}

const struct dae_noise_kind dae_noise_gaussian = {
    {
        .name = "gaussian",
        .what = "adds normal noise",
        .example = "gaussian(0.5)",
        .parameters =
            {
                {"mean", "in the data's unit", DAE_TYPE_NUMBER, DAE_FLOAT, .fallback = "0"},
                {"stddev", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT, 0, INFINITY},
            },
    },
    .draws = true,
    .apply = apply_gaussian,
};

static const char *check_limits(const struct dae_value *low) {
    return low[0].number > low[1].number ? "low <= high" : NULL;
}

static const char *check_uniform(const struct dae_value *v) {
    float width = (float)v[1].number - (float)v[0].number;
    return isinf(width) ? "a finite high - low, in float32" : check_limits(v);
}

static void apply_uniform(float *x, size_t count, const double *p, struct dae_draw from) {
    dae_kernels()->add_uniform(x, count, (float)p[0], (float)p[1] - (float)p[0], from);
}

const struct dae_noise_kind dae_noise_uniform = {
    {
        .name = "uniform",
        .what = "adds noise that is equally likely everywhere from low to high",
        .example = "uniform(-0.5, 0.5)",
        .check = check_uniform,
        .parameters =
            {
                {"low", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT},
                {"high", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT},
            },
    },
    .draws = true,
    .apply = apply_uniform,
};

static void apply_masking(float *x, size_t count, const double *p, struct dae_draw from) {
    dae_kernels()->add_masking(x, count, (float)p[0], from);
}

const struct dae_noise_kind dae_noise_masking = {
    {
        .name = "masking",
        .what = "sets some values to 0",
        .example = "masking(0.25)",
        .parameters = {{"rate", "share of the values", DAE_TYPE_NUMBER, DAE_BY_PLACE, 0, 1}},
    },
    .draws = true,
    .apply = apply_masking,
};

static const char *check_salt_pepper(const struct dae_value *v) {
    return check_limits(v + 1);
}

static void apply_salt_pepper(float *x, size_t count, const double *p, struct dae_draw from) {
    dae_kernels()->add_salt_pepper(x, count, (float)p[0], (float)p[1], (float)p[2], from);
}

const struct dae_noise_kind dae_noise_salt_pepper = {
    {
        .name = "salt_pepper",
        .what = "sets some values to low, and as many to high",
        .example = "salt_pepper(0.1, 0, 1)",
        .check = check_salt_pepper,
        .parameters =
            {
                {"rate", "share of the values, both together", DAE_TYPE_NUMBER, DAE_BY_PLACE, 0, 1},
                {"low", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT},
                {"high", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT},
            },
    },
    .draws = true,
    .apply = apply_salt_pepper,
};

static void apply_clip(float *x, size_t count, const double *p, struct dae_draw from) {
    (void)from;
    dae_kernels()->clip(x, count, (float)p[0], (float)p[1]);
}

const struct dae_noise_kind dae_noise_clip = {
    {
        .name = "clip",
        .what = "takes values below low for low, and those above high for high",
        .example = "clip(0, 1)",
        .check = check_limits,
        .parameters =
            {
                {"low", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT},
                {"high", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT},
            },
    },
    .apply = apply_clip,
};

static const struct dae_kind *const kinds[] = {&dae_noise_gaussian.kind, &dae_noise_uniform.kind,
                                               &dae_noise_masking.kind,  &dae_noise_salt_pepper.kind,
                                               &dae_noise_clip.kind,     NULL};

const struct dae_category dae_noise_category = {
    .name = "noise",
    .what = "what is done to inputs, step after step",
    .text = "noise recipe",
    .kinds = kinds,
};

/* ---- Recipes ------------------------------------------------------------------------------------ */

dae_status dae_noise_create(dae_noise **out) {
    DAE_REQUIRE(out);
    dae_noise *noise = dae_allocate(1, sizeof *noise);
    if (noise == NULL)
        return DAE_ERROR_MEMORY;
    dae_references_start(&noise->references);
    *out = noise;
    return DAE_OK;
}

void dae_noise_free(dae_noise *noise) {
    if (noise != NULL && dae_references_drop(&noise->references))
        dae_release(noise);
}

dae_noise *dae_noise_keep(dae_noise *noise) {
    dae_references_keep(&noise->references);
    return noise;
}

void dae_noise_freeze(const dae_noise *noise) {
    atomic_store(&((dae_noise *)(uintptr_t)noise)->in_use, true);
}

dae_status dae_noise_add(dae_noise *noise, const struct dae_noise_kind *kind, const double *parameters,
                         const char *context) {
    if (noise == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: noise is NULL, expected a pointer", context);
    DAE_TRY(dae_kind_check_numbers(&kind->kind, parameters, context));
    if (atomic_load(&noise->in_use))
        return dae_fail(DAE_ERROR_STATE, "%s: the recipe is in use and can no longer be changed", context);
    if (noise->step_count == DAE_NOISE_MAX_STEPS)
        return dae_fail(DAE_ERROR_STATE, "%s: the recipe has %d steps, which is the most it can hold",
                        context, DAE_NOISE_MAX_STEPS);
    struct dae_noise_step *step = &noise->steps[noise->step_count++];
    step->kind = kind;
    for (size_t i = 0; i < dae_kind_parameter_count(&kind->kind); i++)
        step->parameters[i] = parameters[i];
    return DAE_OK;
}

dae_status dae_noise_add_gaussian(dae_noise *noise, double mean, double stddev) {
    return dae_noise_add(noise, &dae_noise_gaussian, (double[]){mean, stddev}, __func__);
}

dae_status dae_noise_add_uniform(dae_noise *noise, double low, double high) {
    return dae_noise_add(noise, &dae_noise_uniform, (double[]){low, high}, __func__);
}

dae_status dae_noise_add_masking(dae_noise *noise, double rate) {
    return dae_noise_add(noise, &dae_noise_masking, (double[]){rate}, __func__);
}

dae_status dae_noise_add_salt_pepper(dae_noise *noise, double rate, double low, double high) {
    return dae_noise_add(noise, &dae_noise_salt_pepper, (double[]){rate, low, high}, __func__);
}

dae_status dae_noise_add_clip(dae_noise *noise, double low, double high) {
    return dae_noise_add(noise, &dae_noise_clip, (double[]){low, high}, __func__);
}
