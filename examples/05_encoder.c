/* Encoder and decoder: two halves of one model, which share its parameters.
 *
 * A camera that encodes sends 64 numbers instead of 784 noisy pixels; whoever receives them decodes a clean
 * image. Codes can be computed with, too: half way between the codes of two digits lies something that has
 * a bit of both. */
#include <string.h>

#include "digits.h"

enum { DIGITS = 200, CODE = 64 };

static void run(dae_model *model, const float *inputs, size_t count, float *outputs) {
    dae_session *session = NULL;
    check(dae_session_create(&session, model, count));
    check(dae_session_run(session, inputs, count, outputs));
    dae_session_free(session);
}

static double mean_squared_error(const float *a, const float *b, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = (double)a[i] - (double)b[i];
        sum += difference * difference;
    }
    return sum / (double)count;
}

/* Decodes the codes of two digits and one half way between, and prints the three images. */
static void print_half_way(dae_model *decoder, const float *from, const float *to) {
    float codes[3 * CODE], images[3 * DIGIT_SIZE];
    for (size_t i = 0; i < CODE; i++) {
        codes[i] = from[i];
        codes[CODE + i] = 0.5f * (from[i] + to[i]);
        codes[2 * CODE + i] = to[i];
    }
    run(decoder, codes, 3, images);
    printf("\nDecoded from a code, from half way to another, and from the other\n");
    print_digits(images, 3);
}

int main(int argc, char **argv) {
    no_arguments(argc, argv, "Shows a denoiser cut into encoder and decoder, and computing with codes.");
    size_t values = (size_t)DIGITS * DIGIT_SIZE;
    float *noisy = make_array(values), *clean = make_array(values), *codes = make_array(DIGITS * CODE);
    float *decoded = make_array(values), *whole = make_array(values);
    dae_dataset *digits = noisy_digits(BUNDLED_DATA, "t10k-images-idx3-ubyte.gz", DAE_NOISE_ONCE, 2);
    check(dae_dataset_read(digits, 0, 0, DIGITS, noisy, clean));

    dae_model *denoiser = trained_denoiser(BUNDLED_DATA, 20), *encoder = NULL, *decoder = NULL;
    check(dae_model_slice(&encoder, denoiser, NULL, "code")); /* from the input */
    check(dae_model_slice(&decoder, denoiser, "code", NULL)); /* to the output */
    run(encoder, noisy, DIGITS, codes);
    run(decoder, codes, DIGITS, decoded);
    run(denoiser, noisy, DIGITS, whole);

    printf("%d test digits, MSE against the clean images\n", DIGITS);
    printf("  noisy, %d numbers an image                %.4f\n", DIGIT_SIZE,
           mean_squared_error(noisy, clean, values));
    printf("  encoded as %d numbers, and decoded again   %.4f\n", CODE,
           mean_squared_error(decoded, clean, values));
    int same = memcmp(decoded, whole, values * sizeof(float)) == 0;
    printf("Decoder after encoder gives %s as the whole model.\n", same ? "the same bits" : "something else");
    print_half_way(decoder, codes, codes + 3 * CODE); /* test digits 0 and 3: a seven and a zero */

    free(noisy);
    free(clean);
    free(codes);
    free(decoded);
    free(whole);
    dae_dataset_free(digits);
    dae_model_free(denoiser);
    dae_model_free(encoder);
    dae_model_free(decoder);
    return finish(same ? EXIT_SUCCESS : EXIT_FAILURE);
}
