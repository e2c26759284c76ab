#include "math/rng.h"
#include "core/memory.h"
#include "core/size.h"

#include <math.h>
#include <string.h>

dae_status dae_rng_create(dae_rng **out, uint64_t seed, uint64_t stream) {
    DAE_REQUIRE(out);
    dae_rng *rng = dae_allocate(1, sizeof *rng);
    if (rng == NULL)
        return DAE_ERROR_MEMORY;
    *rng = (dae_rng){.seed = seed, .stream = stream};
    *out = rng;
    return DAE_OK;
}

void dae_rng_free(dae_rng *rng) {
    dae_release(rng);
}

dae_status dae_rng_get_position(const dae_rng *rng, uint64_t *position) {
    DAE_REQUIRE(rng);
    DAE_REQUIRE(position);
    *position = rng->position;
    return DAE_OK;
}

dae_status dae_rng_set_position(dae_rng *rng, uint64_t position) {
    DAE_REQUIRE(rng);
    rng->position = position;
    return DAE_OK;
}

struct dae_draw dae_rng_take(dae_rng *rng, size_t count) {
    uint64_t block = rng->position / 4 + (rng->position % 4 != 0);
    rng->position = 4 * (block + dae_size_divide_up(count, 4));
    return (struct dae_draw){rng->seed, rng->stream, block};
}

static dae_status check_fill(const dae_rng *rng, const void *out, size_t count, const char *context) {
    if (rng == NULL || (out == NULL && count > 0))
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: %s is NULL, expected a pointer", context,
                        rng == NULL ? "rng" : "out");
    return dae_array_check(count, 1, "count", context);
}

dae_status dae_rng_fill_bits(dae_rng *rng, uint32_t *out, size_t count) {
    DAE_TRY(check_fill(rng, out, count, __func__));
    struct dae_draw from = dae_rng_take(rng, count);
    dae_kernels()->draw_bits(out, count / 4, from);
    uint32_t last[4];
    from.block += count / 4;
    dae_kernels()->draw_bits(last, 1, from);
    if (count % 4 > 0)
        memcpy(out + count / 4 * 4, last, count % 4 * sizeof *last);
    return DAE_OK;
}

dae_status dae_rng_fill_uniform(dae_rng *rng, float *out, size_t count, double low, double high) {
    DAE_TRY(check_fill(rng, out, count, __func__));
    if (!(low <= high) || !isfinite((float)low) || !isfinite((float)high - (float)low))
        return dae_fail(
            DAE_ERROR_ARGUMENT,
            "dae_rng_fill_uniform: low is %g and high is %g, expected low <= high and a finite high - low",
            low, high);
    if (count > 0)
        memset(out, 0, count * sizeof *out);
    dae_kernels()->add_uniform(out, count, (float)low, (float)high - (float)low, dae_rng_take(rng, count));
    return DAE_OK;
}

dae_status dae_rng_fill_normal(dae_rng *rng, float *out, size_t count, double mean, double stddev) {
    DAE_TRY(check_fill(rng, out, count, __func__));
    if (!isfinite((float)mean))
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_rng_fill_normal: mean is %g, expected a finite number",
                        mean);
    if (!isfinite((float)stddev) || stddev < 0)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_rng_fill_normal: stddev is %g, expected a finite number >= 0", stddev);
    if (count > 0)
        memset(out, 0, count * sizeof *out);
    dae_kernels()->add_gaussian(out, count, (float)mean, (float)stddev, dae_rng_take(rng, count));
    return DAE_OK;
}

uint64_t dae_rng_below(uint64_t bits, uint64_t n) {
    uint64_t a0 = (uint32_t)bits, a1 = bits >> 32, b0 = (uint32_t)n, b1 = n >> 32;
    uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
    uint64_t other = a0 * b1 + (uint32_t)middle;
    return a1 * b1 + (middle >> 32) + (other >> 32);
}

void dae_rng_shuffle(size_t *order, size_t count, struct dae_draw from) {
    uint32_t words[256];
    size_t used = sizeof words / sizeof *words;
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count; i > 1; i--) {
        if (used == sizeof words / sizeof *words) {
            dae_kernels()->draw_bits(words, used / 4, from);
            from.block += used / 4;
            used = 0;
        }
        uint64_t bits = (uint64_t)words[used + 1] << 32 | words[used];
        used += 2;
        size_t j = (size_t)dae_rng_below(bits, i);
        size_t swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
}
