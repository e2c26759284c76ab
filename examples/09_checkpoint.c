/* Checkpoints: training that is stopped anywhere continues later, and ends in the same bytes.
 *
 * The same training is done twice: in one go, and in two runs. The first run ends in the middle of an epoch,
 * where a power cut could have ended it too, and all that is left of it is a file. */
#include <string.h>

#include "digits.h"

enum {
    EPOCHS = 4,
    STOP_EPOCH = 2, /* the first run ends in this epoch ... */
    STOP_STEP = 11  /* ... after this step */
};

/* What every run makes anew, always in the same way. */
typedef struct training {
    dae_dataset *data;
    dae_model *model;
    dae_optimizer *adam;
    dae_trainer *trainer;
} training;

static training prepare(void) {
    training t = {0};
    t.data = noisy_digits(BUNDLED_DATA, "train-images-idx3-ubyte.gz", DAE_NOISE_FRESH, 1);
    t.model = new_denoiser();
    check(dae_optimizer_create_adam(&t.adam, 3e-3));
    check(dae_trainer_create(&t.trainer, t.model, t.adam, "bce"));
    return t;
}

static void forget(training *t) {
    dae_trainer_free(t->trainer);
    dae_optimizer_free(t->adam);
    dae_model_free(t->model);
    dae_dataset_free(t->data);
}

static int32_t stop_midway(const dae_progress *progress, void *user) {
    (void)user;
    return progress->epoch == STOP_EPOCH && progress->step == STOP_STEP;
}

/* Trains from the start, and is stopped. */
static void first_run(const char *path) {
    training t = prepare();
    check(dae_trainer_set_checkpoint(t.trainer, path)); /* after each epoch, and when the fit ends */
    check(dae_trainer_set_progress(t.trainer, stop_midway, NULL));
    dae_status status = dae_trainer_fit(t.trainer, t.data, EPOCHS);
    if (status != DAE_ERROR_CANCELLED) { /* that it was stopped is what is expected here */
        check(status);
    }
    printf("First run: %s\n", dae_last_error());
    forget(&t);
}

/* Continues from the file, as another process would on another day. */
static void second_run(const char *path, float *parameters, size_t count) {
    training t = prepare();
    uint64_t steps;
    size_t epochs;
    check(dae_trainer_load_checkpoint(t.trainer, path));
    check(dae_trainer_get_step_count(t.trainer, &steps));
    check(dae_trainer_get_epoch_count(t.trainer, &epochs));
    printf("Second run: continues from %s after step %llu, with %zu of %d epochs complete\n", path,
           (unsigned long long)steps, epochs, EPOCHS);
    check(dae_trainer_fit(t.trainer, t.data, EPOCHS - epochs));
    check(dae_model_get_parameters(t.model, parameters, count));
    forget(&t);
}

int main(int argc, char **argv) {
    const char *path = path_argument(argc, argv, "09_checkpoint.safetensors",
                                     "Shows training that is stopped, and continues from the file PATH.");
    training t = prepare();
    size_t count;
    check(dae_model_get_parameter_count(t.model, &count));
    float *straight = make_array(count), *resumed = make_array(count);
    check(dae_trainer_fit(t.trainer, t.data, EPOCHS));
    check(dae_model_get_parameters(t.model, straight, count));
    forget(&t);
    printf("In one go: %d epochs\n", EPOCHS);

    first_run(path);
    second_run(path, resumed, count);
    int same = memcmp(straight, resumed, count * sizeof *straight) == 0;
    printf("Both ways end in %s.\n", same ? "the same parameters, byte for byte" : "different parameters");

    free(straight);
    free(resumed);
    return finish(same ? EXIT_SUCCESS : EXIT_FAILURE);
}
