/* Noise as calls on an array. */
#include "noise/noise.h"
#include "core/size.h"

#include <math.h>

static dae_status add_to_array(float *x, size_t count, const struct dae_noise_kind *kind,
                               const double *parameters, dae_rng *rng, const char *context) {
    if ((kind->draws && rng == NULL) || (x == NULL && count > 0))
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: %s is NULL, expected a pointer", context,
                        x == NULL && count > 0 ? "x" : "rng");
    DAE_TRY(dae_array_check(count, 1, "count", context));
    DAE_TRY(dae_kind_check_numbers(&kind->kind, parameters, context));
    dae_noise_run(kind, x, count, parameters,
                  kind->draws ? dae_rng_take(rng, count) : (struct dae_draw){0, 0, 0});
    return DAE_OK;
}

dae_status dae_add_gaussian_noise(float *x, size_t count, double mean, double stddev, dae_rng *rng) {
    return add_to_array(x, count, &dae_noise_gaussian, (double[]){mean, stddev, NAN, 0}, rng, __func__);
}

dae_status dae_add_uniform_noise(float *x, size_t count, double low, double high, dae_rng *rng) {
    return add_to_array(x, count, &dae_noise_uniform, (double[]){low, high}, rng, __func__);
}

dae_status dae_add_masking_noise(float *x, size_t count, double rate, dae_rng *rng) {
    return add_to_array(x, count, &dae_noise_masking, (double[]){rate}, rng, __func__);
}

dae_status dae_add_salt_pepper_noise(float *x, size_t count, double rate, double low, double high,
                                     dae_rng *rng) {
    return add_to_array(x, count, &dae_noise_salt_pepper, (double[]){rate, low, high}, rng, __func__);
}

dae_status dae_add_poisson_noise(float *x, size_t count, double peak, dae_rng *rng) {
    return add_to_array(x, count, &dae_noise_poisson, (double[]){peak}, rng, __func__);
}

dae_status dae_add_speckle_noise(float *x, size_t count, double stddev, dae_rng *rng) {
    return add_to_array(x, count, &dae_noise_speckle, (double[]){stddev}, rng, __func__);
}

dae_status dae_clip(float *x, size_t count, double low, double high) {
    return add_to_array(x, count, &dae_noise_clip, (double[]){low, high}, NULL, __func__);
}
