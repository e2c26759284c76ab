/* Encoder and decoder: two halves of one model, which share its parameters.
 *
 * The encoder turns an image of 784 pixels into a code of 64 numbers. Noise hardly changes the code, which
 * makes it good for comparing: for every noisy test digit the nearest training digit is looked up, once by
 * pixels and once by codes. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "digits.h"

enum { TRAIN = 1000, TEST = 200, CODE = 64 };

/* Labels are stored as bytes, and bytes are read as value / 255. */
static void read_labels(const char *name, size_t count, int *labels) {
    dae_dataset *dataset = NULL;
    float *values = make_array(count);
    check(dae_dataset_open_idx(&dataset, name));
    check(dae_dataset_read(dataset, 0, 0, count, values, NULL));
    for (size_t i = 0; i < count; i++) {
        labels[i] = (int)lroundf(values[i] * 255.0f);
    }
    free(values);
    dae_dataset_free(dataset);
}

static size_t nearest(const float *x, const float *others, size_t count, size_t size) {
    size_t best = 0;
    float least = FLT_MAX;
    for (size_t i = 0; i < count; i++) {
        float distance = 0;
        for (size_t j = 0; j < size; j++) {
            float difference = x[j] - others[i * size + j];
            distance += difference * difference;
        }
        if (distance < least) {
            least = distance;
            best = i;
        }
    }
    return best;
}

/* Share of test samples [TEST, size] whose nearest training sample [TRAIN, size] is the same digit. */
static double match(const float *test, const int *test_labels, const float *train, const int *train_labels,
                    size_t size) {
    int right = 0;
    for (size_t i = 0; i < TEST; i++) {
        right += train_labels[nearest(test + i * size, train, TRAIN, size)] == test_labels[i];
    }
    return (double)right / TEST;
}

static float *run(dae_model *model, const float *inputs, size_t count, size_t output_size) {
    float *outputs = make_array(count * output_size);
    dae_session *session = NULL;
    check(dae_session_create(&session, model, count));
    check(dae_session_run(session, inputs, count, outputs));
    dae_session_free(session);
    return outputs;
}

int main(void) {
    int train_labels[TRAIN], test_labels[TEST];
    float *train = make_array((size_t)TRAIN * DIGIT_SIZE), *test = make_array((size_t)TEST * DIGIT_SIZE);
    dae_dataset *training = noisy_digits(BUNDLED_DATA, "train-images-idx3-ubyte.gz", DAE_NOISE_ONCE, 1);
    dae_dataset *testing = noisy_digits(BUNDLED_DATA, "t10k-images-idx3-ubyte.gz", DAE_NOISE_ONCE, 2);
    check(dae_dataset_read(training, 0, 0, TRAIN, NULL, train)); /* targets: the clean images */
    check(dae_dataset_read(testing, 0, 0, TEST, test, NULL));    /* inputs: noisy ones */
    read_labels(BUNDLED_DATA "/train-labels-idx1-ubyte.gz", TRAIN, train_labels);
    read_labels(BUNDLED_DATA "/t10k-labels-idx1-ubyte.gz", TEST, test_labels);

    dae_model *denoiser = trained_denoiser(BUNDLED_DATA, 20), *encoder = NULL, *decoder = NULL;
    check(dae_model_slice(&encoder, denoiser, 0, 1)); /* the first layer */
    check(dae_model_slice(&decoder, denoiser, 1, 1)); /* the second */

    float *train_codes = run(encoder, train, TRAIN, CODE), *test_codes = run(encoder, test, TEST, CODE);
    printf("Nearest training digit is the same digit, for %d noisy test digits\n", TEST);
    printf("  compared by 784 pixels:       %4.1f %%\n",
           100 * match(test, test_labels, train, train_labels, DIGIT_SIZE));
    printf("  compared by %d code numbers:  %4.1f %%\n", CODE,
           100 * match(test_codes, test_labels, train_codes, train_labels, CODE));

    /* One behind the other, the halves are the whole. */
    float *halves = run(decoder, test_codes, TEST, DIGIT_SIZE),
          *whole = run(denoiser, test, TEST, DIGIT_SIZE);
    int same = memcmp(halves, whole, sizeof(float) * TEST * DIGIT_SIZE) == 0;
    printf("Decoder behind encoder gives %s as the autoencoder.\n",
           same ? "the same bits" : "something else");

    float *arrays[] = {train, test, train_codes, test_codes, halves, whole};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        free(arrays[i]);
    }
    dae_dataset_free(training);
    dae_dataset_free(testing);
    dae_model_free(denoiser);
    dae_model_free(encoder);
    dae_model_free(decoder);
    return same ? EXIT_SUCCESS : EXIT_FAILURE;
}
