/* Recordings that steps of a recipe mix with, by name. */
#include "noise/noise.h"
#include "core/memory.h"

#include <string.h>

void dae_noise_release_recordings(dae_noise *noise) {
    while (noise->recordings != NULL) {
        struct dae_noise_recordings *r = noise->recordings;
        noise->recordings = r->next;
        r->release(r->handle);
        dae_release(r);
    }
}

dae_status dae_noise_bind_recordings(dae_noise *noise, const char *name,
                                     const struct dae_noise_recordings *recordings) {
    struct dae_noise_recordings *kept = NULL;
    size_t found = 0;
    for (size_t i = 0; i < noise->step_count; i++) {
        const struct dae_noise_step *step = &noise->steps[i];
        if (step->name == NULL || strcmp(step->name, name) != 0)
            continue;
        if (step->recordings != NULL)
            return dae_fail(DAE_ERROR_ARGUMENT,
                            "dae_noise_bind: '%s' is bound already, expected a name that is not", name);
        found++;
    }
    if (found == 0)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_noise_bind: name is '%s', expected one in the recipe", name);
    if (!dae_references_is_only(&noise->references))
        return dae_fail(
            DAE_ERROR_ARGUMENT,
            "dae_noise_bind: noise is held by something else too, expected a recipe of the caller's "
            "own");
    kept = dae_allocate(1, sizeof *kept);
    if (kept == NULL)
        return DAE_ERROR_MEMORY;
    *kept = *recordings;
    kept->next = noise->recordings;
    noise->recordings = kept;
    for (size_t i = 0; i < noise->step_count; i++)
        if (noise->steps[i].name != NULL && strcmp(noise->steps[i].name, name) == 0)
            noise->steps[i].recordings = kept;
    return DAE_OK;
}

dae_status dae_noise_check_recordings(const dae_noise *noise, size_t channels, const char *context) {
    for (size_t i = 0; i < noise->step_count; i++) {
        const struct dae_noise_step *step = &noise->steps[i];
        if (step->name == NULL)
            continue;
        const char *kind = step->kind->kind.name;
        if (step->recordings == NULL)
            return dae_fail(DAE_ERROR_ARGUMENT,
                            "%s: %s needs recordings called '%s': dae_noise_bind() gives them", context, kind,
                            step->name);
        size_t recorded = step->recordings->channels;
        if (recorded > 1 && channels > 0 && recorded != channels)
            return dae_fail(DAE_ERROR_ARGUMENT,
                            "%s: %s with recordings called '%s' of %zu channels, where a sample has %zu, "
                            "expected 1 or as many",
                            context, kind, step->name, recorded, channels);
    }
    return DAE_OK;
}

dae_status dae_noise_describe(dae_noise **out, dae_noise *noise) {
    struct dae_text none = {NULL, 0, 0};
    size_t names = 0;
    for (size_t i = 0; i < noise->step_count; i++)
        names += noise->steps[i].name != NULL;
    if (names == 0) {
        *out = dae_noise_keep(noise);
        return DAE_OK;
    }
    dae_noise_write(&none, noise);
    struct dae_text text = {dae_allocate(1, none.length + 1), none.length + 1, 0};
    if (text.data == NULL)
        return DAE_ERROR_MEMORY;
    dae_noise_write(&text, noise);
    dae_status status = dae_noise_parse(out, text.data);
    dae_release(text.data);
    return status;
}
