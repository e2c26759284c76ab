/* What the loaded library can do: help text, and a form for the layers of a model that is open. */
#include "try.h"

static const char *fact(const char *category, const char *kind, const char *parameter, const char *name) {
    const char *text = NULL;
    TRY(dae_kind_get_text(category, kind, parameter, name, &text));
    return text != NULL ? text : "";
}

static void help(void) {
    const char *category, *kind, *parameter;
    for (size_t i = 0; dae_kind_list(NULL, NULL, i, &category) == DAE_OK && category != NULL; i++) {
        printf("%s - %s\n", category, fact(category, NULL, NULL, "what"));
        for (size_t j = 0; dae_kind_list(category, NULL, j, &kind) == DAE_OK && kind != NULL; j++) {
            printf("  %-16s %s, as in %s\n", kind, fact(category, kind, NULL, "what"),
                   fact(category, kind, NULL, "example"));
            for (size_t k = 0; dae_kind_list(category, kind, k, &parameter) == DAE_OK && parameter != NULL;
                 k++)
                printf("    %-14s %-8s %s (default %s)\n", parameter, fact(category, kind, parameter, "type"),
                       fact(category, kind, parameter, "what"), fact(category, kind, parameter, "default"));
        }
    }
}

/* One row of a form for each parameter of each layer. A real GUI makes a slider, a spin button, a menu by type. */
static void form(dae_model *model) {
    char text[65536], kind[64], value[1024];
    const char *parameter;
    TRY(dae_model_format(model, text, sizeof text, NULL));
    for (size_t step = 0;; step++) {
        TRY(dae_recipe_get("layer", text, step, "kind", kind, sizeof kind, NULL));
        if (kind[0] == '\0')
            return;
        for (size_t k = 0; dae_kind_list("layer", kind, k, &parameter) == DAE_OK && parameter != NULL; k++) {
            double low, high;
            TRY(dae_recipe_get("layer", text, step, parameter, value, sizeof value, NULL));
            TRY(dae_kind_get_number("layer", kind, parameter, "low", &low));
            TRY(dae_kind_get_number("layer", kind, parameter, "high", &high));
            printf("%zu %s.%s [%s] = %s  (%g to %g; %s)\n", step, kind, parameter,
                   fact("layer", kind, parameter, "type"), value, low, high,
                   fact("layer", kind, parameter, "words"));
        }
    }
}

int main(void) {
    dae_model *model = NULL;
    dae_noise *noise = NULL;
    help();
    TRY(dae_model_load(&model, "denoiser.safetensors"));
    form(model);
    if (dae_noise_parse(&noise, "gaussian(stdev=1)") !=
        DAE_OK) /* what is typed, underlined where it is wrong */
        printf("gaussian(stdev=1)\n%*s^ %s\n", (int)dae_last_error_position() - 1, "", dae_last_error());
    dae_model_free(model);
    return 0;
}
