/* The walk over all public functions: what the generated calls (generate_walk.py) and walk.c share. */
#ifndef DAE_TESTS_WALK_H
#define DAE_TESTS_WALK_H

#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIZE = 6, /* values of a sample, of shape {2, 3} */
    SAMPLES = 10,
    HIDDEN = 4,
    PARAMETERS = SIZE * HIDDEN + HIDDEN + HIDDEN * SIZE + SIZE,
    FLOATS = 4 * SIZE,
    WORDS = 10,
    BUFFER_SIZE = 2000,
    BYTES = 16384,
    NUMBERS = 256, /* of arrays that stand in for any other */
    IDX_SIZE = 16 + SAMPLES * SIZE,
    PACKED_SIZE = 35,
    NPY_SIZE = 128 + SAMPLES * SIZE,
};

/* More floats than the walk gives memory for, and few enough for an address. */
#define MUCH ((size_t)1 << (SIZE_MAX > UINT32_MAX ? 40 : 26))

#define MODEL_FILE      "model.safetensors"
#define CHECKPOINT_FILE "run.checkpoint"
#define IDX_FILE        "samples.idx"
#define PACKED_IDX_FILE "samples.idx.gz"
#define NPY_FILE        "samples.npy"

/* Objects and arrays that calls are made with. Arrays are as long as they have to be and no longer, so that a
 * sanitizer sees what goes beyond. */
struct world {
    dae_rng *rng, *last_rng;
    dae_noise *noise, *used_noise, *full_noise, *mixing, *blur;
    dae_dataset *data, *view, *blurred, *narrow_data, *short_data, *odd_pair, *failing_data, *endless_data,
        *nan_data;
    dae_layer *layer, *used_layer, *dropout, *lost;
    dae_model *model, *bare, *unready, *narrow, *part, *untrained, *near;
    dae_session *session, *stale_session;
    dae_stream *stream, *fresh_stream;
    dae_optimizer *adam, *sgd;
    dae_trainer *trainer, *fresh_trainer, *stopped_trainer, *stuck_trainer; /* the last has a finding */
    dae_report *report;

    float *samples, *floats, *outputs, *parameters, *nans, *infinities;
    uint32_t *words;
    double *history;
    char *buffer, *long_text;
    unsigned char *bytes, *garbage, *idx_bytes, *packed_bytes, *npy_bytes, *model_bytes, *checkpoint_bytes;
    size_t model_size, checkpoint_size;
    size_t shape[2], zero_shape[2], huge_shape[2];

    /* What calls write single values to. */
    struct {
        size_t size, length, rank, dims[DAE_MAX_RANK];
        uint64_t position;
        double number, high;
        int32_t code;
        const char *text;
    } out;
    /* A handle was set by a call that failed, or not set by one that worked; or a text was NULL. */
    bool touched;
};

/* Functions to hand over. */
int32_t walk_read(uint64_t first, size_t count, float *out, void *user);
void walk_dataset_release(void *user);
int32_t walk_progress(const dae_progress *progress, void *user);
int32_t walk_apply(uint64_t done, uint64_t total, void *user);
int32_t walk_gradient(float *gradients, size_t count, void *user);
void *walk_allocate(size_t size, void *user);
void walk_release(void *memory, void *user);

/* ---- What is generated -------------------------------------------------------------------------- */

enum expectation {
    WORKS,    /* DAE_OK */
    REFUSED,  /* DAE_ERROR_ARGUMENT */
    MAY_FAIL, /* DAE_OK, or any status that the function's comment names */
};

struct attack {
    const char *what;
    enum expectation expected;
    unsigned may_give; /* statuses that are right too, as bits */
};

/* A public function. */
struct row {
    const char *name;
    /* Makes call number `attack`, and frees what it created. */
    dae_status (*call)(struct world *w, size_t attack);
    const struct attack *attacks;
    size_t attack_count, call_count;                  /* the first call_count work */
    unsigned documented;                              /* statuses that its comment names, as bits */
    unsigned partly;                                  /* those of them after which part of the work is done */
    const char *words[16];                            /* of which a message has at least one */
    enum { NOTHING, LENGTH_TOO, FLOATS_TOO } written; /* also by a call that fails */
    bool allocates, takes_object, frees, takes_trainer, changes_trainer;
};

extern const struct row rows[];
extern const size_t row_count;

/* What the table lacks, as sentences; ends with NULL. */
extern const char *const problems[];

/* ---- The world (walk_world.c) --------------------------------------------------------------------- */

/* All objects and files anew, in the working folder, which is emptied first. */
void world_make(struct world *w);
void world_free(struct world *w);

/* A number that changes with anything that can be seen of the world without changing it. */
uint64_t world_look(const struct world *w);

/* A number that changes with anything that shows only when the objects are used. Uses them up. */
uint64_t world_use(struct world *w);

/* Sets back what a call that failed with `status` may have written to. */
void world_forget(struct world *w, const struct row *row, dae_status status);

#endif
