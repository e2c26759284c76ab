/* The command line of the experiment. */
#ifndef MNIST_OPTIONS_H
#define MNIST_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct options {
    const char *data; /* NULL for the slice that comes with the source */
    const char *output;
    const char *schedule;      /* of the learning rate */
    const char *checkpoint;    /* file; or NULL */
    uint64_t checkpoint_every; /* batches */
    bool resume;
    size_t epochs;
    size_t batch_size;
    size_t hidden;
    size_t threads; /* 0 for all processors */
    uint64_t seed;
    double learning_rate;
    double momentum;
    double noise_mean;
    double noise_stddev;
    bool sgd; /* else Adam */
    bool clip;
    int32_t noise_mode; /* DAE_NOISE_ONCE or DAE_NOISE_FRESH */
    const char *hidden_activation;
    const char *output_activation;
    int32_t precision; /* DAE_PRECISION_* */
} options;

typedef enum parse_result {
    PARSE_RUN,
    PARSE_HELP, /* the user asked for help */
    PARSE_WRONG /* the user has been told what is wrong */
} parse_result;

/* Fills `chosen` with the defaults and what the command line says. Its texts point into argv. */
parse_result options_parse(options *chosen, int argc, char **argv);

void options_print_help(void);

/* As the command line has them: "relu". */

#endif
