/* Small trainings for the suites about checkpoints: set up in many ways, stopped, gone on with, compared. */
#ifndef DAE_TESTS_TRAINING_H
#define DAE_TESTS_TRAINING_H

#include "network.h"

enum { SIZE = 12, HIDDEN = 8, SAMPLES = 45, BATCH = 8, STEPS = 6, EPOCHS = 4 };

/* How a training is set up; zeros are the usual one. */
typedef struct {
    bool sgd, once, validation, bfloat16;
    size_t patience;
    double min_delta;
    const char *loss;
    uint64_t seed, noise_seed;
    size_t batch, hidden;
    int32_t shuffle_off, skip;
    const char *rule; /* instead of SGD or Adam; or NULL */
    const char *schedule;
    const char *figures, *frozen;
    const char *network; /* from SIZE values to as many */
} setting;

typedef struct {
    dae_model *model;
    dae_optimizer *optimizer;
    dae_trainer *trainer;
    dae_dataset *data;
    /* what the callback does and has seen */
    uint64_t stop_at; /* steps; 0: never */
    bool change_rate; /* halves the learning rate after step 9 */
    size_t failures;
} training;

/* 12-8-12 with dropout, the parameters drawn; the caller's. */
dae_model *make_model(const setting *s);

/* Everything for a training; tear_down() frees it. */
training *set_up(const setting *s);
void tear_down(training *t);

/* A whole checkpoint in memory, to free(); and back, into another training. */
unsigned char *checkpoint_of(const training *t, size_t *size);
void load_from(training *t, const training *from);

/* What is left to do until EPOCHS are complete. */
void finish(training *t);

/* Both have the same model file, history (but for seconds), counts and best epoch. */
void same_training(const training *a, const training *b);

#endif
