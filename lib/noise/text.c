/* Noise recipes as text. */
#include "noise/noise.h"

#include <stdio.h>
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

static dae_status find_kind(const struct dae_noise_kind **kind, const struct dae_spec_reader *reader,
                            const struct dae_spec_step *step) {
    char buffer[256] = "";
    struct dae_text names = {buffer, sizeof buffer, 0};
    size_t count = 0;
    while (dae_noise_kinds[count] != NULL)
        count++;
    for (size_t i = 0; i < count; i++) {
        *kind = dae_noise_kinds[i];
        if (strcmp((*kind)->spec.name, step->name) == 0)
            return DAE_OK;
        dae_text_add_item(&names, i, count, (*kind)->spec.name);
    }
    return dae_spec_fail(reader, step->position, "found '%s', expected %s", step->name, buffer);
}

static dae_status parse_step(dae_noise *noise, const struct dae_spec_reader *reader,
                             const struct dae_spec_step *step) {
    const struct dae_noise_kind *kind = NULL;
    DAE_TRY(find_kind(&kind, reader, step));
    if (noise->step_count == DAE_NOISE_MAX_STEPS)
        return dae_spec_fail(reader, step->position, "found more than %d steps", DAE_NOISE_MAX_STEPS);
    double values[DAE_SPEC_MAX_ARGUMENTS];
    char context[96];
    snprintf(context, sizeof context, "dae_noise_parse: position %zu: %s", step->position + 1,
             kind->spec.name);
    DAE_TRY(dae_spec_read_parameters(reader, step, &kind->spec, values));
    return dae_noise_add(noise, kind, values, context);
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
