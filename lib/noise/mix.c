/* Mixing with recordings: a random stretch of a random one, along time, the last dimension, times what makes
 * the sample's mean square over that of the stretch 10^(snr / 10). Recordings that are shorter than the
 * sample go round, those of one channel are in all channels. */
#include "core/memory.h"
#include "math/elementary.h"
#include "noise/noise.h"

#include <math.h>

/* What is read of a recording: `count` values of each channel from `first` on, round and round where it is
 * shorter. */
struct stretch {
    size_t recording, channels, length, first, count;
    float *values; /* [channels, count] */
    float *room;   /* [channels, length], where it goes round */
};

static dae_status read_once(const struct dae_noise_recordings *r, uint64_t epoch, const struct stretch *s) {
    for (size_t c = 0; c < s->channels; c++)
        DAE_TRY(r->read(r->handle, epoch, s->recording, c * s->length + s->first, s->count,
                        s->values + c * s->count));
    return DAE_OK;
}

static dae_status read_round(const struct dae_noise_recordings *r, uint64_t epoch, const struct stretch *s) {
    float *out = s->values;
    DAE_TRY(r->read(r->handle, epoch, s->recording, 0, s->channels * s->length, s->room));
    for (size_t c = 0; c < s->channels; c++)
        for (size_t t = 0; t < s->count; t++)
            *out++ = s->room[c * s->length + (s->first + t) % s->length];
    return DAE_OK;
}

static double power_of(const float *x, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)x[i] * (double)x[i];
    return sum / (double)count;
}

/* What the recording is multiplied by; silence stays silent. */
static double gain_for(double signal, double noise, double snr) {
    static const double log_10 = 2.302585092994046;
    if (noise == 0)
        return 0;
    return sqrt(signal / noise) * (double)dae_exp((float)(-snr / 20 * log_10));
}

static void add(const struct dae_noise_sample *sample, const struct stretch *s, double snr) {
    size_t size = sample->shape->size, made = s->channels * s->count;
    double gain = gain_for(power_of(sample->x, size), power_of(s->values, made), snr);
    for (size_t row = 0; row < size; row += s->count)
        for (size_t t = 0; t < s->count; t++)
            sample->x[row + t] += (float)(gain * (double)s->values[row % made + t]);
}

static dae_status choose(struct stretch *s, const struct dae_noise_sample *sample, struct dae_draw from) {
    const struct dae_noise_recordings *r = sample->recordings;
    size_t channels = dae_noise_channels(sample->shape);
    uint32_t words[4];
    dae_kernels()->draw_bits(words, 1, from);
    s->recording = dae_noise_pick(words[0], r->count);
    struct dae_shape shape = r->measure(r->handle, s->recording);
    s->channels = dae_noise_channels(&shape);
    s->length = dae_noise_length(&shape);
    s->count = dae_noise_length(sample->shape);
    s->first = dae_noise_pick(words[1], s->count <= s->length ? s->length - s->count + 1 : s->length);
    if (s->channels == 1 || s->channels == channels)
        return DAE_OK;
    return dae_fail(DAE_ERROR_ARGUMENT,
                    "mix: recording %zu has %zu channels, where a sample has %zu, expected 1 or as many",
                    s->recording, s->channels, channels);
}

static dae_status mix(const struct dae_noise_sample *sample, const double *p, struct dae_draw from) {
    struct stretch s;
    DAE_TRY(choose(&s, sample, from));
    bool round = s.count > s.length;
    s.values = dae_allocate_raw(s.channels * (s.count + (round ? s.length : 0)), sizeof *s.values);
    if (s.values == NULL)
        return DAE_ERROR_MEMORY;
    s.room = s.values + s.channels * s.count;
    dae_status status = (round ? read_round : read_once)(sample->recordings, sample->epoch, &s);
    if (status == DAE_OK)
        add(sample, &s, p[1]);
    dae_release(s.values);
    return status;
}

const struct dae_noise_kind dae_noise_mix = {
    {
        .name = "mix",
        .what = "adds a random stretch of a recording that dae_noise_bind() gave this name",
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
