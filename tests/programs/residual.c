/* A residual denoiser without biases, output = input - f(input), built in a loop: depth and width are the program's. */
#include "try.h"

int main(int argc, char **argv) {
    double units = argc > 1 ? atof(argv[1]) : 32;
    int depth = argc > 2 ? atoi(argv[2]) : 8;
    const size_t shape[] = {1, 8, 8};
    dae_model *model = NULL, *ready = NULL;
    char layer[256], built[4096], text[4096];

    TRY(dae_recipe_fill(layer, sizeof layer, NULL, "dense(?, bias=no, activation=relu)", &units, 1));
    TRY(dae_model_create(&model, 3, shape));
    TRY(dae_model_extend(model, "flatten as noisy"));
    for (int i = 0; i < depth - 1; i++)
        TRY(dae_model_extend(model, layer));
    TRY(dae_model_extend(model,
                         "dense(64, bias=no) as noise | from(noisy) | subtract(noise) | reshape(1, 8, 8)"));
    TRY(dae_model_initialize(model, 1));

    /* What is written is read again, as the same network. */
    TRY(dae_model_format(model, built, sizeof built, NULL));
    TRY(dae_model_parse(&ready, built));
    TRY(dae_model_format(ready, text, sizeof text, NULL));
    puts(text);
    dae_model_free(ready);
    dae_model_free(model);
    return strcmp(text, built) != 0;
}
