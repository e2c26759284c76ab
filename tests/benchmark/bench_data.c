/* Images: MNIST's, or synthetic ones of the same size. */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the random numbers of synthetic images come from. */
enum { SYNTHETIC_SEED = 20, TRAIN_STREAM = 1, TEST_STREAM = 2 };

static void put_big_endian(FILE *file, uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8)
        putc((int)(value >> shift & 0xff), file);
}

/* Writes an IDX file in which four of five bytes are 0, as in MNIST, and the others have any value. */
static void write_images(FILE *file, size_t count, uint64_t stream) {
    uint32_t words[PIXELS];
    uint8_t bytes[PIXELS];
    dae_rng *rng;
    check(dae_rng_create(&rng, SYNTHETIC_SEED, stream));
    put_big_endian(file, 0x00000803); /* bytes, three dimensions */
    put_big_endian(file, (uint32_t)count);
    put_big_endian(file, 28);
    put_big_endian(file, 28);
    for (size_t image = 0; image < count; image++) {
        check(dae_rng_fill_bits(rng, words, PIXELS));
        for (size_t i = 0; i < PIXELS; i++)
            bytes[i] = (words[i] >> 8) % 5 == 0 ? (uint8_t)words[i] : 0;
        fwrite(bytes, 1, PIXELS, file);
    }
    dae_rng_free(rng);
}

static void close_images(FILE *file, const char *path) {
    bool is_written = !ferror(file);
    if (fclose(file) != 0 || !is_written)
        fail("%s cannot be written", path);
}

/* Through a file, so that opening costs what opening a file costs. */
static struct images open_synthetic(bool is_test) {
    struct images images;
    char path[4096];
    const char *folder = getenv("TMPDIR");
    double began = now();
    snprintf(path, sizeof path, "%s/dae-bench-XXXXXX", folder ? folder : "/tmp");
    int descriptor = mkstemp(path);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    if (!file)
        fail("%s cannot be created", path);
    write_images(file, is_test ? TEST_COUNT : TRAIN_COUNT, is_test ? TEST_STREAM : TRAIN_STREAM);
    close_images(file, path);
    images.synthesis_seconds = now() - began;

    began = now();
    dae_status status = dae_dataset_open(&images.dataset, path, NULL);
    images.open_seconds = now() - began;
    unlink(path);
    check(status);
    return images;
}

struct images open_images(const char *folder, bool is_test) {
    if (!folder)
        return open_synthetic(is_test);
    struct images images = {0};
    char path[4096];
    snprintf(path, sizeof path, "%s/%s-images-idx3-ubyte", folder, is_test ? "t10k" : "train");
    if (access(path, R_OK) != 0)
        strncat(path, ".gz", sizeof path - strlen(path) - 1);
    double began = now();
    check(dae_dataset_open(&images.dataset, path, NULL));
    images.open_seconds = now() - began;
    return images;
}

dae_dataset *make_noisy(dae_dataset *clean, bool is_fresh, uint64_t seed) {
    dae_noise *noise;
    dae_dataset *noisy, *cached;
    check(dae_noise_parse(&noise, "gaussian(0.5, mean=0.5)"));
    check(dae_dataset_corrupt(&noisy, clean, noise, is_fresh ? DAE_NOISE_FRESH : DAE_NOISE_ONCE, seed));
    dae_noise_free(noise);
    if (is_fresh)
        return noisy;
    check(dae_dataset_view(&cached, noisy, "cache", 0));
    dae_dataset_free(noisy);
    return cached;
}

/* Writes the synthetic images into a folder, for programs that are to read the same. */
void bench_data(const struct options *options) {
    if (options->word_count != 1)
        fail("data: one folder is expected, found %zu words", options->word_count);
    for (int is_test = 0; is_test < 2; is_test++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s-images-idx3-ubyte", options->words[0], is_test ? "t10k" : "train");
        FILE *file = fopen(path, "wb");
        if (!file)
            fail("%s cannot be created", path);
        write_images(file, is_test ? TEST_COUNT : TRAIN_COUNT, is_test ? TEST_STREAM : TRAIN_STREAM);
        close_images(file, path);
    }
}
