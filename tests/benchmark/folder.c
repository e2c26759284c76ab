/* Training on a folder of PNG files beside training on the same pictures in memory.
 * usage: bench_folder FOLDER [FILES [STEPS]]
 *
 * Makes FILES pictures of 180 x 180 in FOLDER, which is not there yet, and trains dncnn(8, 32) for STEPS steps on
 * crops of 40 x 40: from the folder, in a process of its own, then from memory. Prints a line of JSON for each:
 * seconds, the most memory that was resident in MB, and a hash of the parameters, which is one and the same. */
#define _POSIX_C_SOURCE 200809L

#include <dae.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIDE = 180, CROP = 40, BATCH = 32 };

static void check(dae_status status) {
    if (status == DAE_OK)
        return;
    fprintf(stderr, "bench_folder: %s\n", dae_last_error());
    exit(EXIT_FAILURE);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* Waves with noise, which compress about as photographs do. */
static int32_t make_picture(uint64_t first, size_t count, float *out, void *user) {
    dae_rng *rng = NULL;
    (void)user;
    for (uint64_t i = first; i < first + count; i++, out += SIDE * SIDE) {
        if (dae_rng_create(&rng, 1, i) != DAE_OK ||
            dae_rng_fill_normal(rng, out, SIDE * SIDE, 0, 0.05) != DAE_OK)
            return 1;
        for (size_t at = 0; at < SIDE * SIDE; at++)
            out[at] += (float)((at % SIDE * (i % 7 + 1) + at / SIDE * (i % 5 + 1)) / 8 % 64) / 64;
        dae_rng_free(rng);
    }
    return 0;
}

static void make_folder(const char *folder, size_t files) {
    dae_dataset *pictures = NULL;
    const size_t shape[] = {1, SIDE, SIDE};
    check(dae_dataset_create_callback(&pictures, files, 3, shape, make_picture, NULL, NULL));
    check(dae_dataset_save(pictures, folder, "png"));
    dae_dataset_free(pictures);
}

static int32_t stop(const dae_progress *progress, void *user) {
    return progress->step >= *(const uint64_t *)user;
}

static uint64_t hash_of(const dae_model *model) {
    size_t size = 0;
    check(dae_model_serialize(model, NULL, 0, &size));
    unsigned char *bytes = malloc(size);
    uint64_t hash = UINT64_C(14695981039346656037);
    if (bytes == NULL)
        exit(EXIT_FAILURE);
    check(dae_model_serialize(model, bytes, size, &size));
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    free(bytes);
    return hash;
}

/* `before` is a view that stands below the crops: "cache" for memory. */
static void train(const char *folder, const char *before, uint64_t steps) {
    dae_dataset *photos = NULL, *kept = NULL, *crops = NULL, *noisy = NULL;
    dae_noise *noise = NULL;
    dae_model *model = NULL;
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    struct rusage usage;
    double began = now();
    check(dae_dataset_open(&photos, folder, "png"));
    double opened = now() - began;
    check(dae_dataset_view(&kept, photos, before, 1));
    check(dae_dataset_view(&crops, kept, "crops(40, 40)", 1));
    check(dae_noise_parse(&noise, "gaussian(0.1)"));
    check(dae_dataset_corrupt(&noisy, crops, noise, DAE_NOISE_FRESH, 1));
    check(dae_model_parse(&model, "input(1, 40, 40) | dncnn(depth=8, channels=32)"));
    check(dae_model_initialize(model, 1));
    check(dae_optimizer_create_adam(&adam, 1e-3));
    check(dae_trainer_create(&trainer, model, adam, "mse"));
    check(dae_trainer_set_batch_size(trainer, BATCH));
    check(dae_trainer_set_progress(trainer, stop, &steps));
    began = now();
    dae_status status = dae_trainer_fit(trainer, noisy, 1);
    check(status == DAE_ERROR_CANCELLED ? DAE_OK : status);
    double seconds = now() - began;
    getrusage(RUSAGE_SELF, &usage);
    printf(
        "{\"from\": \"%s\", \"open\": %.3f, \"seconds\": %.2f, \"peak_mb\": %.0f, \"hash\": \"%016llx\"}\n",
        before[0] != '\0' ? "memory" : "folder", opened, seconds, (double)usage.ru_maxrss / 1000,
        (unsigned long long)hash_of(model));
    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
    dae_model_free(model);
    dae_noise_free(noise);
    dae_dataset_free(noisy);
    dae_dataset_free(crops);
    dae_dataset_free(kept);
    dae_dataset_free(photos);
}

/* In a process of its own, so that memory is that of this alone. */
static void measure(const char *folder, const char *before, uint64_t steps) {
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        train(folder, before, steps);
        fflush(stdout);
        _exit(EXIT_SUCCESS);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        exit(EXIT_FAILURE);
}

int main(int argc, char **argv) {
    char folder[4096];
    size_t files = argc > 2 ? strtoul(argv[2], NULL, 10) : 10000;
    uint64_t steps = argc > 3 ? strtoul(argv[3], NULL, 10) : files / BATCH;
    if (argc < 2 || argc > 4 || files == 0) {
        fprintf(stderr, "usage: %s FOLDER [FILES [STEPS]]\n", argv[0]);
        return 2;
    }
    snprintf(folder, sizeof folder, "%s/", argv[1]);
    make_folder(folder, files);
    measure(folder, "", steps);
    measure(folder, "cache", steps);
    return EXIT_SUCCESS;
}
