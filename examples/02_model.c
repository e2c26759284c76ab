/* A model: its layers, its parameters, its table and its text.
 *
 * Builds a denoising autoencoder for images of 28 x 28 pixels, prints it and its parameters, and shows that
 * the seed alone decides how it starts. */
#include <string.h>

#include "check.h"

/* 784 values in, 128 in the middle, 784 out. */
static dae_model *build(void) {
    const size_t shape[] = {28, 28};
    dae_model *model = NULL;
    dae_layer *output = NULL;
    check(dae_model_create(&model, 2, shape));

    /* Only in training, dropout makes each value 0 with probability 0.1. */
    check(dae_model_extend(model,
                           "dropout(0.1)"
                           " | dense(128, activation=leaky_relu(0.1), initializer=he_normal) as code"));

    /* A layer whose size is computed. */
    check(dae_layer_create_dense(&output, shape[0] * shape[1], "sigmoid"));
    check(dae_model_add(model, output));
    dae_layer_free(output); /* the model holds it now */
    return model;
}

static void print_table(const dae_model *model) {
    char table[2048];
    check(dae_model_describe(model, table, sizeof table, NULL));
    printf("%s", table);
    check(dae_model_format(model, table, sizeof table, NULL));
    printf("\n%s\n", table);
}

static void print_tensors(const dae_model *model) {
    size_t count, rank, shape[DAE_MAX_RANK];
    check(dae_model_get_tensor_count(model, &count));
    printf("\n%zu tensors with parameters\n", count);
    for (size_t i = 0; i < count; i++) {
        char name[64];
        check(dae_model_get_tensor_info(model, i, name, sizeof name, NULL, &rank, shape));
        printf("  %-10s", name);
        for (size_t d = 0; d < rank; d++) {
            printf("%s%zu", d ? " x " : "", shape[d]);
        }
        printf("\n");
    }
}

/* Initializes two models and tells how many of their parameters are equal. */
static void compare_seeds(dae_model *first, dae_model *second, uint64_t first_seed, uint64_t second_seed) {
    size_t count, equal = 0;
    check(dae_model_initialize(first, first_seed));
    check(dae_model_initialize(second, second_seed));
    check(dae_model_get_parameter_count(first, &count));
    float *a = make_array(count), *b = make_array(count);
    check(dae_model_get_parameters(first, a, count));
    check(dae_model_get_parameters(second, b, count));
    for (size_t i = 0; i < count; i++) {
        equal += memcmp(&a[i], &b[i], sizeof a[i]) == 0;
    }
    printf("seeds %llu and %llu: %zu of %zu parameters are equal\n", (unsigned long long)first_seed,
           (unsigned long long)second_seed, equal, count);
    free(a);
    free(b);
}

int main(int argc, char **argv) {
    no_arguments(argc, argv, "Shows a model as a table, its parameters, and how the seed decides them.");
    dae_model *first = build(), *second = build();
    print_table(first);
    print_tensors(first);
    printf("\n");
    compare_seeds(first, second, 1, 1);
    compare_seeds(first, second, 1, 2); /* biases start at 0 whatever the seed */

    /* A layer that comes too late is refused in one sentence, and the model stays as it was. */
    dae_layer *late = NULL;
    check(dae_layer_create_dense(&late, 10, "relu"));
    dae_status status = dae_model_add(first, late);
    printf("\nA layer added too late: %s, \"%s\"\n", dae_status_name(status), dae_last_error());
    dae_layer_free(late);
    dae_model_free(first);
    dae_model_free(second);
    return finish(status == DAE_ERROR_STATE ? EXIT_SUCCESS : EXIT_FAILURE);
}
