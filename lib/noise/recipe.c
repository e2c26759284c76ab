#include "noise/noise.h"
#include "core/memory.h"

#include <math.h>

/* ---- The kinds ---------------------------------------------------------------------------------- */

static bool is_float(double value) {
    return isfinite((float)value);
}

static const char *check_gaussian(const double *p) {
    return is_float(p[0]) && is_float(p[1]) && p[1] >= 0 ? NULL : "a finite mean and a finite stddev >= 0";
}

static void apply_gaussian(float *x, size_t count, const double *p, struct dae_draw from) {
    dae_kernels()->add_gaussian(x, count, (float)p[0], (float)p[1], from);
}

static const char *check_limits(const double *p) {
    return is_float(p[0]) && is_float(p[1]) && p[0] <= p[1] ? NULL : "finite low <= high";
}

static const char *check_uniform(const double *p) {
    return check_limits(p) == NULL && !isfinite((float)p[1] - (float)p[0]) ? "a finite high - low"
                                                                           : check_limits(p);
}

static void apply_uniform(float *x, size_t count, const double *p, struct dae_draw from) {
    dae_kernels()->add_uniform(x, count, (float)p[0], (float)p[1] - (float)p[0], from);
}

static const char *check_rate(const double *p) {
    return p[0] >= 0 && p[0] <= 1 ? NULL : "a rate from 0 to 1";
}

static void apply_masking(float *x, size_t count, const double *p, struct dae_draw from) {
    dae_kernels()->add_masking(x, count, (float)p[0], from);
}

static const char *check_salt_pepper(const double *p) {
    const char *expected = check_rate(p);
    return expected != NULL ? expected : check_limits(p + 1);
}

static void apply_salt_pepper(float *x, size_t count, const double *p, struct dae_draw from) {
    dae_kernels()->add_salt_pepper(x, count, (float)p[0], (float)p[1], (float)p[2], from);
}

static void apply_clip(float *x, size_t count, const double *p, struct dae_draw from) {
    (void)from;
    dae_kernels()->clip(x, count, (float)p[0], (float)p[1]);
}

const struct dae_noise_kind dae_noise_gaussian = {
    {"gaussian", 2, {{"mean", true, 0}, {"stddev", false, 0}}, check_gaussian}, apply_gaussian};
const struct dae_noise_kind dae_noise_uniform = {
    {"uniform", 2, {{"low", false, 0}, {"high", false, 0}}, check_uniform}, apply_uniform};
const struct dae_noise_kind dae_noise_masking = {{"masking", 1, {{"rate", false, 0}}, check_rate},
                                                 apply_masking};
const struct dae_noise_kind dae_noise_salt_pepper = {
    {"salt_pepper", 3, {{"rate", false, 0}, {"low", true, 0}, {"high", true, 1}}, check_salt_pepper},
    apply_salt_pepper};
const struct dae_noise_kind dae_noise_clip = {
    {"clip", 2, {{"low", true, 0}, {"high", true, 1}}, check_limits}, apply_clip};

const struct dae_noise_kind *const dae_noise_kinds[] = {&dae_noise_gaussian, &dae_noise_uniform,
                                                        &dae_noise_masking,  &dae_noise_salt_pepper,
                                                        &dae_noise_clip,     NULL};

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
    DAE_TRY(dae_spec_check(&kind->spec, parameters, context));
    if (atomic_load(&noise->in_use))
        return dae_fail(DAE_ERROR_STATE, "%s: the recipe is in use and can no longer be changed", context);
    if (noise->step_count == DAE_NOISE_MAX_STEPS)
        return dae_fail(DAE_ERROR_STATE, "%s: the recipe has %d steps, which is the most it can hold",
                        context, DAE_NOISE_MAX_STEPS);
    struct dae_noise_step *step = &noise->steps[noise->step_count++];
    step->kind = kind;
    for (size_t i = 0; i < kind->spec.parameter_count; i++)
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
