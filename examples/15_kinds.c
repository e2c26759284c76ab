/* What the loaded library can do: help text, and a form for the layers of a model.
 *
 * Nothing here is known beforehand but the language: a library with more kinds of layers or noise has more
 * help, and more rows in the form. */
#include "check.h"

static const char *fact(const char *category, const char *kind, const char *parameter, const char *name) {
    const char *text = NULL;
    check(dae_kind_get_text(category, kind, parameter, name, &text));
    return text ? text : "";
}

static const char *name_of(const char *category, const char *kind, size_t index) {
    const char *name = NULL;
    check(dae_kind_list(category, kind, index, &name));
    return name;
}

static void print_parameters(const char *category, const char *kind) {
    const char *parameter;
    for (size_t i = 0; (parameter = name_of(category, kind, i)) != NULL; i++) {
        const char *usual = fact(category, kind, parameter, "default");
        printf("      %-14s %s%s%s\n", parameter, fact(category, kind, parameter, "what"),
               *usual ? "; default " : "", usual);
    }
}

static void print_help(void) {
    const char *category, *kind;
    for (size_t i = 0; (category = name_of(NULL, NULL, i)) != NULL; i++) {
        printf("%s: %s\n", category, fact(category, NULL, NULL, "what"));
        for (size_t j = 0; (kind = name_of(category, NULL, j)) != NULL; j++) {
            printf("  %s\n    %s\n", fact(category, kind, NULL, "example"),
                   fact(category, kind, NULL, "what"));
            print_parameters(category, kind);
        }
    }
}

/* One row. A window would have a slider, a menu or a check box here, by the type. */
static void print_row(const char *text, size_t step, const char *kind, const char *parameter) {
    char value[256];
    double low, high;
    check(dae_recipe_get("layer", text, step, parameter, value, sizeof value, NULL));
    check(dae_kind_get_number("layer", kind, parameter, "low", &low));
    check(dae_kind_get_number("layer", kind, parameter, "high", &high));
    printf("%zu  %-8s %-12s %-7s %-16s", step, kind, parameter, fact("layer", kind, parameter, "type"),
           value);
    if (low == low && high == high) /* NaN where there is none */
        printf(" %g to %g", low, high);
    printf("\n");
}

static void print_form(const dae_model *model) {
    char text[2048], kind[64];
    const char *parameter;
    check(dae_model_format(model, text, sizeof text, NULL));
    for (size_t step = 0;; step++) {
        check(dae_recipe_get("layer", text, step, "kind", kind, sizeof kind, NULL));
        if (!*kind) /* after the last step */
            return;
        for (size_t i = 0; (parameter = name_of("layer", kind, i)) != NULL; i++)
            print_row(text, step, kind, parameter);
    }
}

/* What somebody has typed, underlined where it is wrong. */
static void print_mistake(const char *typed) {
    dae_noise *noise = NULL;
    if (dae_noise_parse(&noise, typed) != DAE_OK)
        printf("\n%s\n%*s^ %s\n", typed, (int)dae_last_error_position() - 1, "", dae_last_error());
    dae_noise_free(noise);
}

int main(int argc, char **argv) {
    no_arguments(argc, argv, "Lists what the library can do, and takes a model apart.");
    dae_model *model = NULL;
    print_help();
    printf("\n");
    check(dae_model_parse(&model,
                          "input(1, 28, 28) | dropout(0.1) | dense(64, activation=leaky_relu(0.1)) as code"
                          " | dense(784) | reshape(1, 28, 28)"));
    print_form(model);
    print_mistake("gaussian(stdev=1)");
    dae_model_free(model);
    return finish(EXIT_SUCCESS);
}
