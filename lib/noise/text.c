/* Noise recipes as text. */
#include "noise/noise.h"
#include "core/spec.h"

#include <math.h>
#include <string.h>

void dae_noise_write(struct dae_text *text, const void *object) {
    const dae_noise *noise = object;
    dae_text_add(text, "%s", "");
    for (size_t s = 0; s < noise->step_count; s++) {
        const struct dae_noise_step *step = &noise->steps[s];
        dae_text_add(text, "%s%s(", s > 0 ? " | " : "", step->kind->name);
        for (size_t i = 0; i < step->kind->parameter_count; i++) {
            dae_text_add(text, "%s%s=", i > 0 ? ", " : "", step->kind->parameters[i].name);
            dae_text_add_number(text, step->parameters[i]);
        }
        dae_text_add(text, ")");
    }
}

dae_status dae_noise_format(const dae_noise *noise, char *buffer, size_t capacity, size_t *length) {
    DAE_REQUIRE(noise);
    return dae_text_deliver(dae_noise_write, noise, buffer, capacity, length, __func__);
}

static const struct dae_noise_kind *find_kind(const char *name) {
    for (const struct dae_noise_kind *const *kind = dae_noise_kinds; *kind != NULL; kind++)
        if (strcmp((*kind)->name, name) == 0)
            return *kind;
    return NULL;
}

static size_t find_parameter(const struct dae_noise_kind *kind, const char *name) {
    size_t i = 0;
    while (i < kind->parameter_count && strcmp(kind->parameters[i].name, name) != 0)
        i++;
    return i;
}

/* NOLINTBEGIN(clang-analyzer-core.CallAndMessage): all values are set, which the analyzer loses at a variable index */

/* Puts the arguments of a step where they belong; NAN stands for those not given. */
static dae_status place_arguments(const struct dae_spec_reader *reader, const struct dae_spec_step *step,
                                  const struct dae_noise_kind *kind, double *values) {
    bool named = false;
    for (size_t a = 0; a < step->argument_count; a++) {
        const struct dae_spec_argument *argument = &step->arguments[a];
        if (!argument->is_number)
            return dae_spec_fail(reader, argument->position, "found '%s', expected a number", argument->word);
        if (named && argument->name[0] == '\0')
            return dae_spec_fail(reader, argument->position,
                                 "found a value without a name behind a named one");
        named = argument->name[0] != '\0';
        size_t place = named ? find_parameter(kind, argument->name) : a;
        if (place >= kind->parameter_count)
            return dae_spec_fail(reader, argument->position, "%s has %s%s", kind->name,
                                 named ? "no parameter " : "fewer parameters", named ? argument->name : "");
        if (!isnan(values[place]))
            return dae_spec_fail(reader, argument->position, "%s of %s is given twice",
                                 kind->parameters[place].name, kind->name);
        values[place] = argument->number;
    }
    return DAE_OK;
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
    double values[DAE_NOISE_MAX_PARAMETERS] = {NAN, NAN, NAN};
    DAE_TRY(place_arguments(reader, step, kind, values));
    for (size_t i = 0; i < kind->parameter_count; i++) {
        if (isnan(values[i]) && !kind->parameters[i].has_default)
            return dae_spec_fail(reader, step->position, "%s needs %s", kind->name, kind->parameters[i].name);
        if (isnan(values[i]))
            values[i] = kind->parameters[i].fallback;
    }
    return dae_noise_add(noise, kind, values, "dae_noise_parse");
}

/* NOLINTEND(clang-analyzer-core.CallAndMessage) */

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
