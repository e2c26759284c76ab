/* Checkpoints inside the library: what they hold (checkpoint_state.c), writing (checkpoint.c), reading
 * (checkpoint_load.c), and the model in them (checkpoint_model.c). docs/file-formats.md */
#ifndef DAE_TRAIN_CHECKPOINT_H
#define DAE_TRAIN_CHECKPOINT_H

#include "train/trainer.h"

#include <dae/checkpoint.h>

/* Parameters beyond this are refused: steps from there on could overflow. */
#define DAE_CHECKPOINT_LIMIT 1e38f

/* What a checkpoint holds beside texts and tensors. */
struct dae_checkpoint_state {
    /* options, which a trainer that goes on must share */
    uint64_t batch_size, seed, shuffle, bfloat16, skip_not_finite, patience;
    double min_delta;
    /* where training is */
    uint64_t steps, skipped, epoch, epochs_kept, data;
    uint64_t open_samples, open_steps, open_counted;
    double open_loss, open_seconds;
    uint64_t best_epoch, waited, stopped;
    double best_loss;
    uint64_t plateau_begun, plateau_waited, plateau_cooling, plateau_reductions;
    double plateau_best;
};

/* A number's key in the metadata, and its place in the state. */
struct dae_checkpoint_field {
    const char *key;
    size_t offset;
    bool is_double;
    const char *option;       /* how a message names it, when it is one; or NULL */
    const char *const *words; /* for 0 and 1, in messages; or NULL */
};

enum { DAE_CHECKPOINT_FIELDS = 26 };
extern const struct dae_checkpoint_field dae_checkpoint_fields[DAE_CHECKPOINT_FIELDS];

uint64_t dae_checkpoint_count(const struct dae_checkpoint_state *state,
                              const struct dae_checkpoint_field *field);
double dae_checkpoint_number(const struct dae_checkpoint_state *state,
                             const struct dae_checkpoint_field *field);

struct dae_checkpoint_state dae_checkpoint_state_of(const dae_trainer *trainer);
void dae_checkpoint_set_state(dae_trainer *trainer, const struct dae_checkpoint_state *state);

/* What only some trainings have: 0 where it is missing. */
bool dae_checkpoint_is_of_plateau(const struct dae_checkpoint_field *field);

/* Values that the optimizer remembers of each parameter, and what stands before the names of tensors: of such
 * a value, of parameters of the best epoch, of their averages. */
size_t dae_checkpoint_slots(const dae_trainer *trainer);
const char *dae_checkpoint_prefix(const dae_trainer *trainer, size_t slot, char prefix[DAE_TENSOR_NAME_SIZE]);
extern const char dae_checkpoint_best[], dae_checkpoint_average[];

/* The most tensors of a checkpoint: parameters, their averages, memory and best parameters of any model, and
 * the history. */
enum {
    DAE_CHECKPOINT_MAX_TENSORS =
        (3 + DAE_OPTIMIZER_MAX_SLOTS) * DAE_MODEL_MAX_LAYERS * DAE_LAYER_MAX_TENSORS + 1
};

struct dae_shape dae_checkpoint_history(const dae_trainer *trainer, size_t epochs);

#endif
