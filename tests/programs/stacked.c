/* A stacked denoising autoencoder (Vincent et al. 2010), small: tied layers, each trained on the clean codes
 * of those below, then a softmax head on the labels. */
#include "try.h"

enum { LAYERS = 3 };

/* Trains layer `k` (1, 2, 3) on `codes`, with weights used both ways. */
static dae_model *pretrain(dae_dataset *codes, double k, double inputs) {
    dae_dataset *masked = NULL;
    dae_noise *noise = NULL;
    dae_model *model = NULL;
    dae_optimizer *sgd = NULL;
    dae_trainer *trainer = NULL;
    char text[256];
    const double values[] = {inputs, k, k};

    TRY(dae_recipe_fill(
        text, sizeof text, NULL,
        "input(?) | dense(100, activation=sigmoid) as h? | dense(tied=h?, activation=sigmoid)", values, 3));
    TRY(dae_model_parse(&model, text));
    TRY(dae_model_initialize(model, (uint64_t)k));
    TRY(dae_noise_parse(&noise, "masking(0.25)"));
    TRY(dae_dataset_corrupt(&masked, codes, noise, DAE_NOISE_FRESH, (uint64_t)k));
    TRY(dae_optimizer_parse(&sgd, "sgd(0.5, momentum=0.9)"));
    TRY(dae_trainer_create(&trainer, model, sgd, "bce"));
    TRY(dae_trainer_fit(trainer, masked, 5));
    dae_trainer_free(trainer);
    dae_optimizer_free(sgd);
    dae_noise_free(noise);
    dae_dataset_free(masked);
    return model;
}

/* What the encoder half of `model` makes of `codes`, kept in memory. */
static dae_dataset *encode(dae_model *model, const char *code, dae_dataset *codes) {
    dae_model *encoder = NULL;
    dae_dataset *next = NULL, *kept = NULL;
    TRY(dae_model_slice(&encoder, model, "input", code));
    TRY(dae_model_map(&next, encoder, codes, NULL));
    TRY(dae_dataset_view(&kept, next, "cache", 0));
    dae_dataset_free(next);
    dae_model_free(encoder);
    return kept;
}

int main(void) {
    static const char *const names[] = {"h1", "h2", "h3"};
    dae_dataset *images = NULL, *labels = NULL, *labelled = NULL;
    dae_model *stack = NULL;
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    dae_report *report = NULL;
    double error_rate;

    TRY(dae_dataset_open(&images, "train-images-idx3-ubyte.gz", NULL));
    TRY(dae_dataset_open(&labels, "train-labels-idx1-ubyte.gz",
                         "idx(scaled=no)")); /* 0 to 9, not 0 to 9/255 */

    TRY(dae_model_parse(&stack, "input(784)"
                                " | dense(100, activation=sigmoid) as h1"
                                " | dense(100, activation=sigmoid) as h2"
                                " | dense(100, activation=sigmoid) as h3"
                                " | dense(10) | softmax as class"));
    TRY(dae_model_initialize(stack, 7));

    dae_dataset *codes = images;
    for (int k = 0; k < LAYERS; k++) {
        size_t copied;
        dae_model *layer = pretrain(codes, k + 1, k == 0 ? 784 : 100);
        TRY(dae_model_copy_parameters(stack, layer, &copied)); /* h1.weight, h1.bias: labelled layers only */
        dae_dataset *next = encode(layer, names[k], codes);
        printf("%s: %d tensors copied\n", names[k], (int)copied);
        if (codes != images)
            dae_dataset_free(codes);
        codes = next;
        dae_model_free(layer);
    }

    TRY(dae_dataset_pair(&labelled, images, labels)); /* targets {1}: what cross_entropy takes */
    TRY(dae_optimizer_parse(&adam, "adam(1e-3) | cosine(epochs=20)"));
    TRY(dae_trainer_create(&trainer, stack, adam, "cross_entropy"));
    TRY(dae_trainer_set_validation(trainer, labelled));
    TRY(dae_trainer_set_figures(trainer, "error_rate"));
    TRY(dae_trainer_fit(trainer, labelled, 20));
    TRY(dae_model_evaluate(&report, stack, labelled));
    TRY(dae_report_get(report, "error_rate", &error_rate));
    dae_report_free(report);
    printf("training error %.2f %%\n", 100 * error_rate);

    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
    dae_model_free(stack);
    dae_dataset_free(labelled);
    dae_dataset_free(codes);
    dae_dataset_free(labels);
    dae_dataset_free(images);
    return error_rate < 0.25 ? 0 : 1;
}
