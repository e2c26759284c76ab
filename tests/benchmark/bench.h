/* What the parts of the benchmark share. Every result is one line of JSON on the standard output. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <dae.h>

enum {
    PIXELS = 784,        /* values of an image: 28 x 28 */
    TRAIN_COUNT = 60000, /* images, as in MNIST */
    TEST_COUNT = 10000
};

/* The command line. */
struct options {
    const char *data;    /* folder with MNIST's IDX files, or NULL for synthetic images */
    const char *network; /* its name, or NULL */
    size_t hidden;       /* units of the hidden layer */
    bool is_fresh;       /* noise drawn in every epoch, not once */
    int32_t precision;   /* DAE_PRECISION_* */
    size_t batch;        /* 0: what the command is known with */
    size_t threads;      /* 0: the library's default */
    size_t epochs;
    size_t samples;    /* images to train on */
    size_t repeats;    /* of a timed call */
    double started;    /* when the process was started, in seconds of CLOCK_MONOTONIC */
    const char *start; /* what `started` is: "exec", told by the caller, or "main" */
    char **words;      /* what stands behind the options */
    size_t word_count;
};

/* Subcommands; each prints its lines and ends the program with a message when something fails. */
void bench_describe(const struct options *options);
void bench_train(const struct options *options);
void bench_infer(const struct options *options);
void bench_network(const struct options *options);
void bench_noise(const struct options *options);
void bench_load(const struct options *options);
void bench_peak(const struct options *options);
void bench_data(const struct options *options);

/* ---- bench_support.c ------------------------------------------------------------------------------ */

/* "float32" or "bfloat16" */
const char *precision_name(const struct options *options);

/* Seconds of CLOCK_MONOTONIC. */
double now(void);

/* Seconds of processor time that this process has used, all threads together. */
double cpu_seconds(void);

/* Most memory that this process has had resident, in MB (10^6 bytes). */
double peak_memory(void);

/* Ends the program with the library's message unless the status is DAE_OK. */
void check(dae_status status);

/* Ends the program with a message made as by printf. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Zeroed memory of the program's own. */
void *make_array(size_t count, size_t size);

void sort_values(double *values, size_t count);

/* Value at a share (0 to 1) of sorted values: 0.5 is the median, between two where there is no middle one. */
double quantile(const double *sorted, size_t count, double share);

/* A text as a JSON string. */
void print_text(const char *text);

/* ---- bench_data.c --------------------------------------------------------------------------------- */

/* Images as they come from a file, and what it took. */
struct images {
    dae_dataset *dataset;
    double open_seconds;      /* to open the file */
    double synthesis_seconds; /* to write it first, when it is synthetic */
};

/* Opens the training or test images of MNIST's folder, plain or gzip, or makes images of the same size. */
struct images open_images(const char *folder, bool is_test);

/* The dataset with Gaussian noise of mean 0.5 and standard deviation 0.5 on its inputs. */
dae_dataset *make_noisy(dae_dataset *clean, bool is_fresh, uint64_t seed);

/* ---- bench_network.c ------------------------------------------------------------------------------ */

/* Name of a network, or NULL after the last. */
const char *network_name(size_t index);

/* ---- bench_model.c -------------------------------------------------------------------------------- */

/* 784-hidden-784 with ReLU behind both layers. */
dae_model *make_model(size_t hidden);

/* Samples of a step: what is asked for, or 256. */
size_t train_batch(const struct options *options);

/* With mean squared error and Adam 1e-3. */
dae_trainer *make_trainer(const struct options *options, dae_model *model);

/* Floating point operations to train on one image: forward 4 x 784 x hidden, the gradients of both weights
 * 4 x 784 x hidden, the gradient of the hidden layer 2 x 784 x hidden. */
double training_operations(size_t hidden);

#endif
