/* Dense networks for the suites: as models of the library, and independently of it in double precision. */
#ifndef DAE_TESTS_NETWORK_H
#define DAE_TESTS_NETWORK_H

#include "support.h"

enum {
    NETWORK_MAX_LAYERS = 4,
    /* Most units of a layer that the double precision code takes. */
    NETWORK_MAX_UNITS = 1024
};

/* `inputs` values through `layers` dense layers. */
typedef struct {
    size_t inputs, layers;
    struct {
        size_t units;
        const char *activation; /* one of ACTIVATION */
    } layer[NETWORK_MAX_LAYERS];
    /* Slope of every leaky ReLU. */
    double slope;
} network;

/* The names of all activations. */
enum { ACTIVATIONS = 5 };
extern const char *const ACTIVATION[ACTIVATIONS];

/* The names of losses, of which tests write their own. */
enum { LOSSES = 3 };
extern const char *const LOSS[LOSSES];

/* inputs -> hidden -> inputs, leaky slope 0.3. */
network autoencoder(size_t inputs, size_t hidden, const char *hidden_activation,
                    const char *output_activation);

size_t network_outputs(const network *net);
size_t network_parameters(const network *net);

/* The same network in the library, with parameters drawn from `seed`; the caller's. */
dae_model *network_model(const network *net, uint64_t seed);

/* A model from a text, which is written as by printf(), without parameters; with parameters drawn from `seed`. */
dae_model *unset_from(const char *format, ...) __attribute__((format(printf, 1, 2)));
dae_model *model_from(uint64_t seed, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds the one layer of a text. */
dae_status add_layer(dae_model *model, const char *text);

/* A model with everything that a file has to keep: shape {2, 6}, a leaky ReLU with its own slope, dropout,
 * other initialisers than the default, noise and range of an epoch of training; the caller's. */
dae_model *trained_model(void);

/* One sample: output [outputs], and what the last activation was applied to in logits [outputs]. */
void network_forward(const network *net, const double *parameters, const float *input, double *output,
                     double *logits);

/* The loss as trainer.h defines it, of `count` samples. */
double network_loss(const network *net, const double *parameters, const float *inputs, const float *targets,
                    size_t count, const char *loss);

/* The loss's gradient by all parameters, worked out backwards. */
void network_gradient(const network *net, const double *parameters, const float *inputs, const float *targets,
                      size_t count, const char *loss, double *gradient);

/* ---- Short ways to the library's objects; all are the caller's -------------------------------- */

/* The model's parameters, to free(). `count` may be NULL. */
float *parameters_of(const dae_model *model, size_t *count);
/* The same in double precision. */
double *doubles_of(const dae_model *model);
/* Both models have the same parameters to the bit. */
void same_parameters(const dae_model *a, const dae_model *b);

/* x -> x: what is exactly right. */
dae_model *identity_model(size_t size);

/* The model's outputs for `count` samples, to free(). */
float *answers_of(dae_model *model, const float *inputs, size_t count);

/* Sets up a trainer with Adam or SGD; the optimizer's only reference is the trainer's. */
dae_trainer *adam_trainer(dae_model *model, double learning_rate, const char *loss);
dae_trainer *sgd_trainer(dae_model *model, double learning_rate, const char *loss);
/* A column of the history, to free(). */
double *history_of(const dae_trainer *trainer, const char *column, size_t *epochs);
uint64_t steps_of(const dae_trainer *trainer);
size_t epochs_of(const dae_trainer *trainer);
enum { MOST_FIGURES = 40 };
/* Figure number i that the library lists, or NULL. */
const char *figure_name(size_t i);
double figure(const dae_report *report, const char *name);
dae_report *evaluated(dae_model *model, dae_dataset *dataset);
/* All figures of a report in that order. */
void get_figures(const dae_report *report, double figures[MOST_FIGURES]);

/* A dataset of `count` samples of `size` values, uniform in [low, high). */
dae_dataset *random_dataset(size_t count, size_t size, double low, double high, uint64_t seed);
/* A dataset of these samples. */
dae_dataset *array_dataset(const float *samples, size_t count, size_t size);
/* A dataset of inputs and targets. */
dae_dataset *pair_dataset(const float *inputs, size_t size, const float *targets, size_t target_size,
                          size_t count);
/* Gives recordings to the examples of kinds that mix with some, which call them `street`. */
dae_status give_street(dae_noise *noise, dae_dataset *recordings);
/* `dataset` with noise by the recipe `text`; frees `dataset`. */
dae_dataset *corrupted(dae_dataset *dataset, const char *text, int32_t mode, uint64_t seed);

/* `count` floats uniform in [low, high), from a generator that is not the library's; to free(). */
float *random_floats(size_t count, double low, double high, uint64_t seed);
/* malloc() that fails the test instead of giving NULL. */
void *must_have(size_t bytes);

#endif
