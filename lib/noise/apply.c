/* Noise recipes applied to samples: a pure function of (seed, epoch, sample). */
#include "noise/noise.h"
#include "core/size.h"

enum {
    EPOCH_SHIFT = 24, /* room for 2^24 blocks, which are 2^26 values, in a sample */
    STEP_SHIFT = 56,
};

void dae_noise_apply_part(const dae_noise *noise, size_t step, float *x, size_t first, size_t count,
                          uint64_t seed, uint64_t epoch, uint64_t sample) {
    for (size_t i = 0; i < noise->step_count; i++) {
        uint64_t block = ((uint64_t)(step + i) << STEP_SHIFT) + (epoch << EPOCH_SHIFT) + first / 4;
        const struct dae_noise_step *s = &noise->steps[i];
        dae_noise_run(s->kind, x, count, s->parameters,
                      dae_draw_from(seed, DAE_PURPOSE_NOISE, sample, block));
    }
}

dae_status dae_noise_apply(const dae_noise *noise, float *x, size_t samples, size_t rank, const size_t *shape,
                           uint64_t seed, uint64_t epoch, uint64_t first) {
    DAE_REQUIRE(noise);
    struct dae_shape checked;
    if (x == NULL && samples > 0)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_noise_apply: x is NULL, expected a pointer");
    DAE_TRY(dae_shape_set(&checked, rank, shape, __func__));
    if (checked.size > UINT64_C(1) << 26)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_noise_apply: a sample has %zu values, expected at most 2^26",
                        checked.size);
    if (epoch >> 32 != 0)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_noise_apply: epoch is %llu, expected less than 2^32",
                        (unsigned long long)epoch);
    if (first > UINT64_C(1) << 56 || samples > (UINT64_C(1) << 56) - first)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_noise_apply: first is %llu and samples is %zu, expected a sum of at most 2^56",
                        (unsigned long long)first, samples);
    DAE_TRY(dae_array_check(samples, checked.size, "samples", __func__));
    for (size_t i = 0; i < samples; i++)
        dae_noise_apply_part(noise, 0, x + i * checked.size, 0, checked.size, seed, epoch, first + i);
    return DAE_OK;
}
