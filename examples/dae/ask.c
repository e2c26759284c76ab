#include "ask.h"

#include <stdlib.h>

#include "say.h"
#include "text.h"

typedef dae_status (*model_writer)(const dae_model *model, char *buffer, size_t capacity, size_t *length);

static char *ask(const dae_model *model, model_writer write) {
    size_t length = 0;
    if (!worked(write(model, NULL, 0, &length)))
        return NULL;
    char *answer = allocate(length + 1, 1);
    if (worked(write(model, answer, length + 1, NULL)))
        return answer;
    free(answer);
    return NULL;
}

char *ask_network(const dae_model *model) {
    return ask(model, dae_model_format);
}

char *ask_description(const dae_model *model) {
    return ask(model, dae_model_describe);
}

char *ask_scaling(const dae_model *model) {
    return ask(model, dae_model_format_scaling);
}

char *ask_noise(const dae_model *model) {
    dae_noise *noise = NULL;
    size_t length = 0;
    if (!worked(dae_model_get_noise(model, &noise)))
        return NULL;
    if (noise == NULL)
        return text_of("%s", "");
    char *answer = NULL;
    if (worked(dae_noise_format(noise, NULL, 0, &length))) {
        answer = allocate(length + 1, 1);
        worked(dae_noise_format(noise, answer, length + 1, NULL));
    }
    dae_noise_free(noise);
    return answer;
}

char *ask_note(const dae_model *model, const char *key) {
    size_t length = 0;
    if (dae_model_get_note(model, key, NULL, 0, &length) != DAE_OK)
        return NULL;
    char *answer = allocate(length + 1, 1);
    worked(dae_model_get_note(model, key, answer, length + 1, NULL));
    return answer;
}

char *ask_step(const char *category, const char *recipe, size_t step, const char *parameter) {
    size_t length = 0;
    if (!worked(dae_recipe_get(category, recipe, step, parameter, NULL, 0, &length)))
        return NULL;
    char *answer = allocate(length + 1, 1);
    worked(dae_recipe_get(category, recipe, step, parameter, answer, length + 1, NULL));
    return answer;
}

double ask_peak(const dae_model *model) {
    char *scaling = ask_scaling(model), *kind = NULL, *peak = NULL;
    double value = 1;
    if (scaling != NULL && (kind = ask_step("scaling", scaling, 0, "kind")) != NULL &&
        kind[0] == 'a') /* affine */
        peak = ask_step("scaling", scaling, 0, "peak");
    if (peak != NULL && strtod(peak, NULL) > 0)
        value = strtod(peak, NULL);
    free(scaling);
    free(kind);
    free(peak);
    return value;
}
