/* One model, many threads: each thread has a session of its own and needs no lock.
 *
 * Four threads denoise the same test digits at once; each must get the same bits. */
#include <pthread.h>
#include <string.h>

#include "digits.h"

enum { THREADS = 4, DIGITS = 200 };

typedef struct worker {
    pthread_t thread;
    dae_session *session;
    const float *noisy; /* [DIGITS, DIGIT_SIZE], shared */
    float *denoised;    /* [DIGITS, DIGIT_SIZE], its own */
    dae_status status;
    char failure[256]; /* the sentence about it */
} worker;

static void *work(void *argument) {
    worker *w = argument;
    /* One digit a call, as they would arrive from a camera. */
    for (size_t i = 0; i < DIGITS && w->status == DAE_OK; i++) {
        w->status = dae_session_run(w->session, w->noisy + i * DIGIT_SIZE, 1, w->denoised + i * DIGIT_SIZE);
    }
    if (w->status != DAE_OK) { /* each thread has a sentence of its own: the other one could not ask for it */
        snprintf(w->failure, sizeof w->failure, "%s", dae_last_error());
    }
    return NULL;
}

int main(int argc, char **argv) {
    no_arguments(argc, argv, "Shows one model in use by several threads at once.");
    worker workers[THREADS] = {{0}};
    float *noisy = make_array((size_t)DIGITS * DIGIT_SIZE);
    dae_model *model = trained_denoiser(BUNDLED_DATA, 5);
    dae_dataset *digits = noisy_digits(BUNDLED_DATA, "t10k-images-idx3-ubyte.gz", DAE_NOISE_ONCE, 2);
    check(dae_dataset_read(digits, 0, 0, DIGITS, noisy, NULL));

    for (int i = 0; i < THREADS; i++) {
        worker *w = &workers[i];
        w->noisy = noisy;
        w->denoised = make_array((size_t)DIGITS * DIGIT_SIZE);
        check(dae_session_create(&w->session, model, 1));
        if (pthread_create(&w->thread, NULL, work, w) != 0) {
            fprintf(stderr, "thread %d could not be started\n", i);
            return EXIT_FAILURE;
        }
    }
    int same = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        if (workers[i].status != DAE_OK) {
            fprintf(stderr, "thread %d: %s: %s\n", i, dae_status_name(workers[i].status), workers[i].failure);
            return EXIT_FAILURE;
        }
        same += memcmp(workers[i].denoised, workers[0].denoised, sizeof(float) * DIGITS * DIGIT_SIZE) == 0;
    }
    printf("%d threads denoised %d digits each, %d of them with the same bits as the first\n", THREADS,
           DIGITS, same);

    for (int i = 0; i < THREADS; i++) {
        dae_session_free(workers[i].session);
        free(workers[i].denoised);
    }
    free(noisy);
    dae_dataset_free(digits);
    dae_model_free(model);
    return finish(same == THREADS ? EXIT_SUCCESS : EXIT_FAILURE);
}
