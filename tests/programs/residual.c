/* A residual denoiser without biases, output = input - f(input), built in a loop: depth and width are the program's. Ready made
 * it is the same. */
#include "try.h"

int main(int argc, char **argv) {
    double channels = argc > 1 ? atof(argv[1]) : 32;
    int depth = argc > 2 ? atoi(argv[2]) : 8;
    const size_t shape[] = {1, 0, 0};
    dae_model *model = NULL, *ready = NULL;
    char layer[256], built[4096], text[4096];

    TRY(dae_recipe_fill(layer, sizeof layer, NULL, "conv2d(?, 3, bias=no, activation=relu)", &channels, 1));
    TRY(dae_model_create(&model, 3, shape));
    for (int i = 0; i < depth - 1; i++)
        TRY(dae_model_extend(model, layer));
    TRY(dae_model_extend(model, "conv2d(1, 3, bias=no) as noise | from(input) | subtract(noise)"));
    TRY(dae_model_initialize(model, 1));
    TRY(dae_model_format(model, built, sizeof built, NULL));

    TRY(dae_model_parse(&ready, "input(1, any, any) | dncnn(depth=8, channels=32, bias=no, batch_norm=no)"));
    TRY(dae_model_format(ready, text, sizeof text, NULL));
    puts(text);
    dae_model_free(ready);
    dae_model_free(model);
    return argc == 1 && strcmp(text, built) != 0;
}
