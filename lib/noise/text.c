/* Noise recipes as text. */
#include "noise/noise.h"

#include <string.h>

void dae_noise_write(struct dae_text *text, const void *object) {
    const dae_noise *noise = object;
    dae_text_add(text, "%s", "");
    for (size_t s = 0; s < noise->step_count; s++) {
        dae_text_add(text, "%s", s > 0 ? " | " : "");
        dae_spec_write(text, &noise->steps[s].kind->spec, noise->steps[s].parameters);
    }
}

dae_status dae_noise_format(const dae_noise *noise, char *buffer, size_t capacity, size_t *length) {
    DAE_REQUIRE(noise);
    return dae_text_deliver(dae_noise_write, noise, buffer, capacity, length, __func__);
}

static const struct dae_noise_kind *find_kind(const char *name) {
    for (const struct dae_noise_kind *const *kind = dae_noise_kinds; *kind != NULL; kind++)
        if (strcmp((*kind)->spec.name, name) == 0)
            return *kind;
    return NULL;
}

static dae_status parse_step(dae_noise *noise, const struct dae_spec_reader *reader,
                             const struct dae_spec_step *step) {
    const struct dae_noise_kind *kind = find_kind(step->name);
    if (kind == NULL)
        return dae_spec_fail(reader, step->position,
                             "found '%s', expected gaussian, uniform, masking, salt_pepper or clip",
                             step->name);
    if (noise->step_count == DAE_NOISE_MAX_STEPS)
        return dae_spec_fail(reader, step->position, "found more than %d steps", DAE_NOISE_MAX_STEPS);
    double values[DAE_NOISE_MAX_PARAMETERS];
    DAE_TRY(dae_spec_read_parameters(reader, step, &kind->spec, values));
    return dae_noise_add(noise, kind, values, "dae_noise_parse");
}

static dae_status parse_steps(dae_noise *noise, const char *text) {
    struct dae_spec_reader reader = {.what = "noise recipe", .text = text};
    for (;;) {
        struct dae_spec_step step;
        bool more;
        DAE_TRY(dae_spec_next(&reader, &step, &more));
        if (!more)
            return DAE_OK;
        DAE_TRY(parse_step(noise, &reader, &step));
    }
}

dae_status dae_noise_parse(dae_noise **out, const char *text) {
    DAE_REQUIRE(out);
    DAE_REQUIRE(text);
    dae_noise *noise = NULL;
    DAE_TRY(dae_noise_create(&noise));
    dae_status status = parse_steps(noise, text);
    if (status == DAE_OK)
        *out = noise;
    else
        dae_noise_free(noise);
    return status;
}
