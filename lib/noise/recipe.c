#include "noise/noise.h"
#include "core/memory.h"

static const struct dae_kind *const kinds[] = {DAE_NOISE_ROWS, NULL};

const struct dae_category dae_noise_category = {
    .name = "noise",
    .what = "what is done to inputs, step after step",
    .text = "noise recipe",
    .kinds = kinds,
};

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
