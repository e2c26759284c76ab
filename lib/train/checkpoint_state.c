/* What a checkpoint holds: numbers of the trainer, and how its tensors are named. */
#include "train/checkpoint.h"

#include <stdio.h>
#include <string.h>

static const char *const precisions[] = {"float32", "bfloat16"};

const struct dae_checkpoint_field dae_checkpoint_fields[DAE_CHECKPOINT_FIELDS] = {
    {"dae.batch_size", offsetof(struct dae_checkpoint_state, batch_size), false, "batch size", NULL},
    {"dae.seed", offsetof(struct dae_checkpoint_state, seed), false, "seed", NULL},
    {"dae.shuffle", offsetof(struct dae_checkpoint_state, shuffle), false, "shuffle", NULL},
    {"dae.bfloat16", offsetof(struct dae_checkpoint_state, bfloat16), false, "precision", precisions},
    {"dae.skip_not_finite", offsetof(struct dae_checkpoint_state, skip_not_finite), false, "skip_not_finite",
     NULL},
    {"dae.patience", offsetof(struct dae_checkpoint_state, patience), false, "early stopping's patience",
     NULL},
    {"dae.min_delta", offsetof(struct dae_checkpoint_state, min_delta), true, "early stopping's min_delta",
     NULL},
    {"dae.steps", offsetof(struct dae_checkpoint_state, steps), false, NULL, NULL},
    {"dae.skipped", offsetof(struct dae_checkpoint_state, skipped), false, NULL, NULL},
    {"dae.epoch", offsetof(struct dae_checkpoint_state, epoch), false, NULL, NULL},
    {"dae.history", offsetof(struct dae_checkpoint_state, epochs_kept), false, NULL, NULL},
    {"dae.data", offsetof(struct dae_checkpoint_state, data), false, NULL, NULL},
    {"dae.open.samples", offsetof(struct dae_checkpoint_state, open_samples), false, NULL, NULL},
    {"dae.open.steps", offsetof(struct dae_checkpoint_state, open_steps), false, NULL, NULL},
    {"dae.open.counted", offsetof(struct dae_checkpoint_state, open_counted), false, NULL, NULL},
    {"dae.open.loss", offsetof(struct dae_checkpoint_state, open_loss), true, NULL, NULL},
    {"dae.open.seconds", offsetof(struct dae_checkpoint_state, open_seconds), true, NULL, NULL},
    {"dae.best.epoch", offsetof(struct dae_checkpoint_state, best_epoch), false, NULL, NULL},
    {"dae.best.loss", offsetof(struct dae_checkpoint_state, best_loss), true, NULL, NULL},
    {"dae.waited", offsetof(struct dae_checkpoint_state, waited), false, NULL, NULL},
    {"dae.stopped", offsetof(struct dae_checkpoint_state, stopped), false, NULL, NULL},
    {"dae.plateau.begun", offsetof(struct dae_checkpoint_state, plateau_begun), false, NULL, NULL},
    {"dae.plateau.waited", offsetof(struct dae_checkpoint_state, plateau_waited), false, NULL, NULL},
    {"dae.plateau.cooling", offsetof(struct dae_checkpoint_state, plateau_cooling), false, NULL, NULL},
    {"dae.plateau.reductions", offsetof(struct dae_checkpoint_state, plateau_reductions), false, NULL, NULL},
    {"dae.plateau.best", offsetof(struct dae_checkpoint_state, plateau_best), true, NULL, NULL},
};

uint64_t dae_checkpoint_count(const struct dae_checkpoint_state *state,
                              const struct dae_checkpoint_field *field) {
    uint64_t count;
    memcpy(&count, (const char *)state + field->offset, sizeof count);
    return count;
}

double dae_checkpoint_number(const struct dae_checkpoint_state *state,
                             const struct dae_checkpoint_field *field) {
    double number;
    memcpy(&number, (const char *)state + field->offset, sizeof number);
    return number;
}

struct dae_checkpoint_state dae_checkpoint_state_of(const dae_trainer *trainer) {
    const struct dae_open_epoch *open = &trainer->open;
    const struct dae_early_stopping *early = &trainer->early;
    const struct dae_plateau *plateau = &trainer->plateau;
    return (struct dae_checkpoint_state){
        .batch_size = trainer->batch_size,
        .seed = trainer->seed,
        .shuffle = trainer->shuffle,
        .bfloat16 = trainer->parameters16 != NULL,
        .skip_not_finite = trainer->skip_not_finite,
        .patience = early->patience,
        .min_delta = early->min_delta,
        .steps = trainer->steps,
        .skipped = trainer->skipped,
        .epoch = trainer->epoch,
        .epochs_kept = trainer->history_count,
        .data = trainer->data,
        .open_samples = open->samples,
        .open_steps = open->steps,
        .open_counted = open->counted,
        .open_loss = open->loss,
        .open_seconds = open->seconds,
        .best_epoch = early->best_epoch,
        .best_loss = early->best_loss,
        .waited = early->waited,
        .stopped = early->stopped,
        .plateau_begun = plateau->begun,
        .plateau_waited = plateau->waited,
        .plateau_cooling = plateau->cooling,
        .plateau_reductions = plateau->reductions,
        .plateau_best = plateau->best,
    };
}

void dae_checkpoint_set_state(dae_trainer *trainer, const struct dae_checkpoint_state *state) {
    trainer->steps = state->steps;
    trainer->skipped = state->skipped;
    trainer->epoch = state->epoch;
    trainer->history_count = (size_t)state->epochs_kept;
    trainer->data = state->data;
    trainer->data_required = state->data != 0;
    trainer->open = (struct dae_open_epoch){
        .samples = (size_t)state->open_samples,
        .steps = state->open_steps,
        .counted = (size_t)state->open_counted,
        .loss = state->open_loss,
        .seconds = state->open_seconds,
    };
    trainer->early.best_epoch = state->best_epoch;
    trainer->early.best_loss = state->best_loss;
    trainer->early.waited = (size_t)state->waited;
    trainer->early.stopped = state->stopped != 0;
    trainer->plateau = (struct dae_plateau){
        .reductions = state->plateau_reductions,
        .waited = state->plateau_waited,
        .cooling = state->plateau_cooling,
        .begun = state->plateau_begun != 0,
        .best = state->plateau_best,
    };
}

bool dae_checkpoint_is_of_plateau(const struct dae_checkpoint_field *field) {
    return strncmp(field->key, "dae.plateau.", 12) == 0;
}

size_t dae_checkpoint_slots(const dae_trainer *trainer) {
    return dae_optimizer_count_slots(trainer->optimizer->kind, trainer->optimizer->options);
}

const char *dae_checkpoint_prefix(const dae_trainer *trainer, size_t slot,
                                  char prefix[DAE_TENSOR_NAME_SIZE]) {
    snprintf(prefix, DAE_TENSOR_NAME_SIZE, "optimizer.%s.", trainer->optimizer->kind->slots[slot].name);
    return prefix;
}

const char dae_checkpoint_best[] = "best.", dae_checkpoint_average[] = "optimizer.average.";

struct dae_shape dae_checkpoint_history(const dae_trainer *trainer, size_t epochs) {
    size_t columns = trainer->column_count;
    return (struct dae_shape){.rank = 2, .dims = {epochs, columns}, .size = epochs * columns};
}
