/* Keeping a model and using it: save, load, and a session that denoises.
 *
 * A program that uses a model needs only the second half: the file holds the layers, the weights, the noise
 * that the model was trained with and the range of its inputs. */
#include <string.h>

#include "digits.h"

static void print_origin(const dae_model *model) {
    char text[256] = "unknown";
    double low, high;
    dae_noise *noise = NULL;
    check(dae_model_get_noise(model, &noise));
    if (noise) {
        check(dae_noise_format(noise, text, sizeof text, NULL));
    }
    check(dae_model_get_range(model, &low, &high));
    printf("trained with %s on inputs from %g to %g\n\n", text, low, high);
    dae_noise_free(noise);
}

static void denoise(dae_model *model, const float *noisy, float *denoised) {
    dae_session *session = NULL;
    check(dae_session_create(&session, model, 1));       /* all memory is taken here ... */
    check(dae_session_run(session, noisy, 1, denoised)); /* ... and none here */
    dae_session_free(session);
}

int main(int argc, char **argv) {
    const char *path = path_argument(argc, argv, "04_save_load.safetensors",
                                     "Shows a model that is saved to PATH, loaded, and denoises as before.");
    /* Noisy, denoised and clean, back to back. */
    float images[3 * DIGIT_SIZE], before[DIGIT_SIZE];
    float *noisy = images, *denoised = images + DIGIT_SIZE, *clean = images + 2 * DIGIT_SIZE;
    dae_dataset *digits = noisy_digits(BUNDLED_DATA, "t10k-images-idx3-ubyte.gz", DAE_NOISE_ONCE, 2);
    check(dae_dataset_read(digits, 0, 0, 1, noisy, clean)); /* epoch 0, the first digit */

    dae_model *trained = trained_denoiser(BUNDLED_DATA, 15), *loaded = NULL;
    denoise(trained, noisy, before);
    check(dae_model_save(trained, path));
    dae_model_free(trained);

    check(dae_model_load(&loaded, path));
    printf("%s: ", path);
    print_origin(loaded);
    denoise(loaded, noisy, denoised);
    printf("A test digit: noisy, denoised by the loaded model, clean\n");
    print_digits(images, 3);
    int same = memcmp(before, denoised, sizeof before) == 0;
    printf("The loaded model gives %s as before it was saved.\n", same ? "the same bits" : "something else");

    dae_dataset_free(digits);
    dae_model_free(loaded);
    return finish(same ? EXIT_SUCCESS : EXIT_FAILURE);
}
