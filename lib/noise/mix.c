/* Mixing with recordings: a random stretch of a random one, at a signal-to-noise ratio. */
#include "core/memory.h"
#include "math/elementary.h"
#include "noise/noise.h"

#include <math.h>
#include <string.h>

/* What is read of a recording: `count` values of each channel from `first` on, round and round where it is
 * shorter. */
struct stretch {
    size_t recording, first, count;
    float *values; /* [channels, count] */
    float *room;   /* for what is read at once */
};

static bool is_part(const struct dae_noise_recordings *r, size_t count) {
    return r->in_parts && count < dae_noise_length(&r->shape);
}

/* Parts begin at multiples of 4. */
static dae_status read_parts(const struct dae_noise_recordings *r, uint64_t epoch, const struct stretch *s) {
    float *out = s->values;
    for (size_t at = s->first; at < r->shape.size; at += dae_noise_length(&r->shape), out += s->count) {
        size_t before = at % 4;
        DAE_TRY(r->read(r->handle, epoch, s->recording, at - before, before + s->count, s->room));
        memcpy(out, s->room + before, s->count * sizeof *out);
    }
    return DAE_OK;
}

static dae_status read_all(const struct dae_noise_recordings *r, uint64_t epoch, const struct stretch *s) {
    size_t length = dae_noise_length(&r->shape);
    float *out = s->values;
    DAE_TRY(r->read(r->handle, epoch, s->recording, 0, r->shape.size, s->room));
    for (const float *x = s->room; x < s->room + r->shape.size; x += length)
        for (size_t t = 0, from = s->first; t < s->count; t++, from = from + 1 < length ? from + 1 : 0)
            *out++ = x[from];
    return DAE_OK;
}

static double power_of(const float *x, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)x[i] * (double)x[i];
    return sum / (double)count;
}

/* What the recording is multiplied by; silence stays silent. */
static float gain_for(double signal, double noise, double snr) {
    static const double log_10 = 2.302585092994046;
    if (noise == 0)
        return 0;
    return (float)(sqrt(signal / noise) * (double)dae_exp((float)(-snr / 20 * log_10)));
}

static void add(const struct dae_noise_sample *sample, const struct stretch *s, size_t channels, double snr) {
    size_t size = sample->shape->size, made = channels * s->count;
    float gain = gain_for(power_of(sample->x, size), power_of(s->values, made), snr);
    for (size_t row = 0; row < size; row += s->count)
        for (size_t t = 0; t < s->count; t++)
            sample->x[row + t] += gain * s->values[row % made + t];
}

static dae_status mix(const struct dae_noise_sample *sample, const double *p, struct dae_draw from) {
    const struct dae_noise_recordings *r = sample->recordings;
    size_t length = dae_noise_length(&r->shape), channels = r->shape.size / length;
    struct stretch s = {.count = dae_noise_length(sample->shape)};
    uint32_t words[4];
    dae_kernels()->draw_bits(words, 1, from);
    s.recording = dae_noise_pick(words[0], r->count);
    s.first = dae_noise_pick(words[1], s.count <= length ? length - s.count + 1 : length);
    size_t made = channels * s.count, read = is_part(r, s.count) ? s.count + 3 : r->shape.size;
    s.values = dae_allocate_raw(made + read, sizeof *s.values);
    if (s.values == NULL)
        return DAE_ERROR_MEMORY;
    s.room = s.values + made;
    dae_status status = (is_part(r, s.count) ? read_parts : read_all)(r, sample->epoch, &s);
    if (status == DAE_OK)
        add(sample, &s, channels, p[1]);
    dae_release(s.values);
    return status;
}

const struct dae_noise_kind dae_noise_mix = {
    {
        .name = "mix",
        .what =
            "adds a random stretch of a random recording of those that dae_noise_bind() gave a name, along "
            "time, the last dimension, times what makes the sample's mean square over the stretch's "
            "10^(snr / 10); recordings that are shorter than the sample go round, those of one channel "
            "are in all channels",
        .example = "mix(street, snr=10)",
        .parameters =
            {
                {"name", "of the recordings", DAE_TYPE_LABEL, DAE_BY_PLACE},
                {"snr", "in dB", DAE_TYPE_NUMBER, DAE_BY_PLACE, -200, 200, .of = DAE_DRAWN},
            },
    },
    .draws = true,
    .whole = mix,
};
