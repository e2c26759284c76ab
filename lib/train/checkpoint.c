/* Checkpoints: all that training is, in one safetensors file. docs/file-formats.md */
#include "core/file.h"
#include "core/memory.h"
#include "train/trainer.h"

#include <dae/checkpoint.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* parameters, their averages, memory and best parameters of any model, and the history */
    MAX_TENSORS = (3 + DAE_OPTIMIZER_MAX_SLOTS) * DAE_MODEL_MAX_LAYERS * DAE_LAYER_MAX_TENSORS + 1,
};

/* Parameters beyond this are refused: steps from there on could overflow. */
#define PARAMETER_LIMIT 1e38f

/* ---- The state, as numbers ---------------------------------------------------------------------- */

/* What a checkpoint holds beside texts and tensors. */
struct state {
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

static const char *const precisions[] = {"float32", "bfloat16"};

/* Each number's key in the metadata, and its place in the state. */
static const struct field {
    const char *key;
    size_t offset;
    bool is_double;
    const char *option;       /* how a message names it, when it is one; or NULL */
    const char *const *words; /* for 0 and 1, in messages; or NULL */
} fields[] = {
    {"dae.batch_size", offsetof(struct state, batch_size), false, "batch size", NULL},
    {"dae.seed", offsetof(struct state, seed), false, "seed", NULL},
    {"dae.shuffle", offsetof(struct state, shuffle), false, "shuffle", NULL},
    {"dae.bfloat16", offsetof(struct state, bfloat16), false, "precision", precisions},
    {"dae.skip_not_finite", offsetof(struct state, skip_not_finite), false, "skip_not_finite", NULL},
    {"dae.patience", offsetof(struct state, patience), false, "early stopping's patience", NULL},
    {"dae.min_delta", offsetof(struct state, min_delta), true, "early stopping's min_delta", NULL},
    {"dae.steps", offsetof(struct state, steps), false, NULL, NULL},
    {"dae.skipped", offsetof(struct state, skipped), false, NULL, NULL},
    {"dae.epoch", offsetof(struct state, epoch), false, NULL, NULL},
    {"dae.history", offsetof(struct state, epochs_kept), false, NULL, NULL},
    {"dae.data", offsetof(struct state, data), false, NULL, NULL},
    {"dae.open.samples", offsetof(struct state, open_samples), false, NULL, NULL},
    {"dae.open.steps", offsetof(struct state, open_steps), false, NULL, NULL},
    {"dae.open.counted", offsetof(struct state, open_counted), false, NULL, NULL},
    {"dae.open.loss", offsetof(struct state, open_loss), true, NULL, NULL},
    {"dae.open.seconds", offsetof(struct state, open_seconds), true, NULL, NULL},
    {"dae.best.epoch", offsetof(struct state, best_epoch), false, NULL, NULL},
    {"dae.best.loss", offsetof(struct state, best_loss), true, NULL, NULL},
    {"dae.waited", offsetof(struct state, waited), false, NULL, NULL},
    {"dae.stopped", offsetof(struct state, stopped), false, NULL, NULL},
    {"dae.plateau.begun", offsetof(struct state, plateau_begun), false, NULL, NULL},
    {"dae.plateau.waited", offsetof(struct state, plateau_waited), false, NULL, NULL},
    {"dae.plateau.cooling", offsetof(struct state, plateau_cooling), false, NULL, NULL},
    {"dae.plateau.reductions", offsetof(struct state, plateau_reductions), false, NULL, NULL},
    {"dae.plateau.best", offsetof(struct state, plateau_best), true, NULL, NULL},
};

_Static_assert(DAE_OPTIMIZER_MAX_SLOTS + 4 <= DAE_TENSORS_MAX_PARTS, "raise DAE_TENSORS_MAX_PARTS");

enum { FIELD_COUNT = sizeof fields / sizeof *fields, TEXT_COUNT = 10 };

_Static_assert(FIELD_COUNT + TEXT_COUNT + 1 <= DAE_METADATA_MAX, "raise DAE_METADATA_MAX");

static uint64_t count_of(const struct state *state, const struct field *field) {
    uint64_t count;
    memcpy(&count, (const char *)state + field->offset, sizeof count);
    return count;
}

static double number_of(const struct state *state, const struct field *field) {
    double number;
    memcpy(&number, (const char *)state + field->offset, sizeof number);
    return number;
}

static struct state state_of(const dae_trainer *trainer) {
    const struct dae_open_epoch *open = &trainer->open;
    const struct dae_early_stopping *early = &trainer->early;
    const struct dae_plateau *plateau = &trainer->plateau;
    return (struct state){
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

static void set_state(dae_trainer *trainer, const struct state *state) {
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

/* What only some trainings have: 0 where it is missing. */
static bool is_of_plateau(const struct field *field) {
    return strncmp(field->key, "dae.plateau.", 12) == 0;
}

/* ---- Writing ------------------------------------------------------------------------------------ */

static size_t slot_count(const dae_trainer *trainer) {
    return dae_optimizer_count_slots(trainer->optimizer->kind, trainer->optimizer->options);
}

static const char *optimizer_prefix(const dae_trainer *trainer, size_t slot,
                                    char prefix[DAE_TENSOR_NAME_SIZE]) {
    snprintf(prefix, DAE_TENSOR_NAME_SIZE, "optimizer.%s.", trainer->optimizer->kind->slots[slot].name);
    return prefix;
}

static const char best_prefix[] = "best.", average_prefix[] = "optimizer.average.";

static struct dae_shape history_shape(const dae_trainer *trainer, size_t epochs) {
    size_t columns = trainer->column_count;
    return (struct dae_shape){.rank = 2, .dims = {epochs, columns}, .size = epochs * columns};
}

/* Further sums over an open epoch: "0.5 0.25". (A dae_text_writer.) */
static void write_open_sums(struct dae_text *text, const void *object) {
    const dae_trainer *trainer = object;
    for (size_t i = 0; i < trainer->sum_count; i++) {
        dae_text_add(text, "%s", i > 0 ? " " : "");
        dae_text_add_number(text, trainer->open.sums[i]);
    }
}

static void write_text(struct dae_text *text, const char *key, dae_text_writer write, const void *object) {
    dae_text_add(text, ",\"%s\":\"", key);
    write(text, object);
    dae_text_add(text, "\"");
}

static void write_text_if_any(struct dae_text *text, const char *key, dae_text_writer write,
                              const dae_trainer *trainer) {
    struct dae_text measured = {NULL, 0, 0};
    write(&measured, trainer);
    if (measured.length > 0)
        write_text(text, key, write, trainer);
}

static void write_metadata(struct dae_text *text, const dae_trainer *trainer) {
    struct state state = state_of(trainer);
    dae_text_add(text, "{\"__metadata__\":{\"format\":\"pt\",\"dae.checkpoint\":\"1\",");
    dae_model_write_metadata(text, trainer->model);
    write_text(text, "dae.loss", dae_objective_write, trainer->objective);
    write_text(text, "dae.optimizer", dae_optimizer_write_options, trainer->optimizer);
    write_text(text, "dae.schedule", dae_governors_write, &trainer->optimizer->governors);
    if (trainer->column_count > DAE_HISTORY_TERMS)
        write_text(text, "dae.columns", dae_trainer_write_columns, trainer);
    write_text_if_any(text, "dae.open.sums", write_open_sums, trainer);
    write_text_if_any(text, "dae.frozen", dae_trainer_write_frozen, trainer);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (is_of_plateau(&fields[i]) && !dae_governors_follow_loss(&trainer->optimizer->governors))
            continue;
        dae_text_add(text, ",\"%s\":\"", fields[i].key);
        if (fields[i].is_double)
            dae_text_add_number(text, number_of(&state, &fields[i]));
        else
            dae_text_add(text, "%llu", (unsigned long long)count_of(&state, &fields[i]));
        dae_text_add(text, "\"");
    }
    dae_text_add(text, "}");
}

static void write_header(struct dae_text *text, const void *object) {
    const dae_trainer *trainer = object;
    char prefix[DAE_TENSOR_NAME_SIZE];
    size_t end = 0;
    write_metadata(text, trainer);
    dae_model_write_tensors(text, trainer->model, "", &end);
    for (size_t i = 0; i < slot_count(trainer); i++)
        dae_model_write_tensors(text, trainer->model, optimizer_prefix(trainer, i, prefix), &end);
    if (trainer->average != NULL)
        dae_model_write_tensors(text, trainer->model, average_prefix, &end);
    if (trainer->early.best_epoch > 0)
        dae_model_write_tensors(text, trainer->model, best_prefix, &end);
    struct dae_shape history = history_shape(trainer, trainer->history_count);
    if (history.size > 0)
        dae_safetensors_add(text, "history", DAE_TENSOR_F64, &history, &end);
}

static struct dae_tensors tensors_of(const dae_trainer *trainer) {
    size_t parameters = trainer->model->parameter_count * sizeof(float);
    struct dae_tensors tensors = {.header = write_header, .object = trainer};
    struct dae_bytes *next = tensors.parts;
    *next++ = (struct dae_bytes){dae_model_values(trainer->model), parameters};
    for (size_t i = 0; i < slot_count(trainer); i++)
        *next++ = (struct dae_bytes){trainer->slots[i], parameters};
    if (trainer->average != NULL)
        *next++ = (struct dae_bytes){dae_model_values(trainer->average), parameters};
    if (trainer->early.best_epoch > 0)
        *next++ = (struct dae_bytes){trainer->early.best, parameters};
    *next++ = (struct dae_bytes){trainer->history,
                                 history_shape(trainer, trainer->history_count).size * sizeof(double)};
    tensors.part_count = (size_t)(next - tensors.parts);
    return tensors;
}

static dae_status check_loadable(const float *parameters, size_t count, const char *what) {
    float low = 0, high = 0;
    dae_kernels()->range(parameters, count, &low, &high);
    if (low < -PARAMETER_LIMIT || high > PARAMETER_LIMIT)
        return dae_fail(
            DAE_ERROR_NOT_FINITE,
            "%s range from %g to %g, expected -1e38 to 1e38, beyond which a checkpoint could not be "
            "loaded",
            what, (double)low, (double)high);
    return DAE_OK;
}

/* Loading refuses parameters so large that the next steps might overflow: better told now than then. */
static dae_status check_parameters(const dae_trainer *trainer) {
    size_t count = trainer->model->parameter_count;
    DAE_TRY(check_loadable(dae_model_values(trainer->model), count, "the parameters"));
    if (trainer->average != NULL)
        DAE_TRY(check_loadable(dae_model_values(trainer->average), count, "the averages of parameters"));
    return trainer->early.best_epoch > 0
               ? check_loadable(trainer->early.best, count, "the parameters of the best epoch")
               : DAE_OK;
}

static dae_status save(const dae_trainer *trainer, const char *path, size_t keep) {
    DAE_TRY(check_parameters(trainer));
    struct dae_tensors tensors = tensors_of(trainer);
    unsigned char *bytes = NULL;
    size_t size = 0;
    DAE_TRY(dae_safetensors_write(&tensors, &bytes, &size));
    dae_status status = dae_file_write(path, bytes, size, keep - 1);
    dae_release(bytes);
    return status;
}

dae_status dae_trainer_write_checkpoint(const dae_trainer *trainer) {
    return save(trainer, trainer->checkpoint.path, trainer->checkpoint.keep);
}

dae_status dae_trainer_save_checkpoint(const dae_trainer *trainer, const char *path) {
    DAE_REQUIRE(trainer);
    DAE_REQUIRE(path);
    return save(trainer, path, 1);
}

dae_status dae_trainer_serialize_checkpoint(const dae_trainer *trainer, void *bytes, size_t capacity,
                                            size_t *size) {
    DAE_REQUIRE(trainer);
    DAE_REQUIRE(size);
    DAE_TRY(check_parameters(trainer));
    struct dae_tensors tensors = tensors_of(trainer);
    return dae_safetensors_deliver(&tensors, bytes, capacity, size, __func__);
}

/* ---- Reading ------------------------------------------------------------------------------------ */

/* What has been read and checked, before anything of it is taken over. */
struct loaded {
    struct dae_safetensors file;
    struct state state;
    dae_model *model; /* a copy: parameters, noise and range */
    float *slots[DAE_OPTIMIZER_MAX_SLOTS];
    float *average, *best;
    double *history;
    double sums[DAE_MAX_SUMS];                 /* of the open epoch */
    double options[DAE_OPTIMIZER_MAX_OPTIONS]; /* the optimizer's */
    struct dae_governors governors;
};

static void release_loaded(struct loaded *loaded) {
    for (size_t i = 0; i < DAE_OPTIMIZER_MAX_SLOTS; i++)
        dae_release(loaded->slots[i]);
    dae_release(loaded->average);
    dae_release(loaded->best);
    dae_release(loaded->history);
    dae_model_free(loaded->model);
    dae_safetensors_release(&loaded->file);
}

static dae_status require_value(const struct dae_safetensors *file, const char *key, const char **value) {
    *value = dae_safetensors_value(file, key);
    return *value != NULL
               ? DAE_OK
               : dae_fail(DAE_ERROR_FORMAT, "%s: no %s in __metadata__: not a checkpoint of libdae",
                          file->name, key);
}

/* Reads a whole number of at most 20 digits; false when it is none. */
static bool read_count(const char *text, uint64_t *count) {
    *count = 0;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || __builtin_mul_overflow(*count, UINT64_C(10), count) ||
            __builtin_add_overflow(*count, (uint64_t)(*c - '0'), count))
            return false;
    }
    return text[0] != '\0';
}

static dae_status read_field(const struct dae_safetensors *file, const struct field *field,
                             struct state *state) {
    const char *text;
    if (is_of_plateau(field) && dae_safetensors_value(file, field->key) == NULL)
        return DAE_OK;
    DAE_TRY(require_value(file, field->key, &text));
    union {
        uint64_t count;
        double number;
    } value;
    bool good = field->is_double ? dae_text_read_number(text, strlen(text), &value.number) == strlen(text) &&
                                       isfinite(value.number)
                                 : read_count(text, &value.count);
    if (!good)
        return dae_fail(DAE_ERROR_FORMAT, "%s: %s is '%.64s', expected a number", file->name, field->key,
                        text);
    memcpy((char *)state + field->offset, &value, sizeof value);
    return DAE_OK;
}

/* Whether these numbers can be those of a training. */
static const char *find_nonsense(const struct state *s) {
    return s->epoch > UINT32_MAX                                                  ? "dae.epoch"
           : s->epochs_kept > s->epoch                                            ? "dae.history"
           : s->open_counted > s->open_samples || s->open_steps > s->open_samples ? "dae.open.counted"
           : s->open_samples > SIZE_MAX / 2                                       ? "dae.open.samples"
           : s->steps >= UINT64_MAX / 2                                           ? "dae.steps"
           : s->best_epoch > s->epoch || (s->best_epoch > 0 && s->patience == 0)  ? "dae.best.epoch"
           : s->waited > UINT32_MAX                                               ? "dae.waited"
           : s->plateau_begun > 1                                                 ? "dae.plateau.begun"
           : s->plateau_waited > UINT32_MAX                                       ? "dae.plateau.waited"
           : s->plateau_cooling > UINT32_MAX                                      ? "dae.plateau.cooling"
           : s->plateau_reductions > UINT32_MAX                                   ? "dae.plateau.reductions"
           : s->stopped > 1                                                       ? "dae.stopped"
                                                                                  : NULL;
}

/* `option` differs between the file and the trainer. */
static dae_status fail_option(const struct dae_safetensors *file, const char *option, const char *found,
                              const char *expected) {
    return dae_fail(DAE_ERROR_STATE,
                    "%s: the checkpoint was written with %s '%.160s', the trainer has '%.160s'", file->name,
                    option, found, expected);
}

static dae_status check_options(const struct dae_safetensors *file, const struct state *state,
                                const dae_trainer *trainer) {
    struct state own = state_of(trainer);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        char expected[32];
        struct dae_text text = {expected, sizeof expected, 0};
        if (fields[i].option == NULL || count_of(state, &fields[i]) == count_of(&own, &fields[i]))
            continue; /* equal numbers of either type have equal bits, as none of them is -0 */
        const char *found = dae_safetensors_value(file, fields[i].key);
        if (fields[i].words != NULL) {
            found = fields[i].words[count_of(state, &fields[i]) != 0];
            dae_text_add(&text, "%s", fields[i].words[count_of(&own, &fields[i])]);
        } else if (fields[i].is_double) {
            dae_text_add_number(&text, number_of(&own, &fields[i]));
        } else {
            dae_text_add(&text, "%llu", (unsigned long long)count_of(&own, &fields[i]));
        }
        return fail_option(file, fields[i].option, found, expected);
    }
    return DAE_OK;
}

/* A text of layers as the library writes it now: older files have some in another form. */
static dae_status rewrite_architecture(const struct dae_safetensors *file, const char *text, char **out) {
    dae_model *model = NULL;
    dae_status status = dae_model_read_architecture(&model, text);
    if (status != DAE_OK)
        return status == DAE_ERROR_MEMORY
                   ? status
                   : dae_fail_in(dae_fail_in(DAE_ERROR_FORMAT, "dae.architecture"), file->name);
    *out = dae_model_copy_architecture(model);
    dae_model_free(model);
    return *out != NULL ? DAE_OK : DAE_ERROR_MEMORY;
}

static dae_status check_architecture(const struct dae_safetensors *file, const dae_model *model) {
    const char *text;
    char *found = NULL;
    DAE_TRY(require_value(file, "dae.architecture", &text));
    DAE_TRY(rewrite_architecture(file, text, &found));
    char *expected = dae_model_copy_architecture(model);
    dae_status status = expected != NULL ? DAE_OK : DAE_ERROR_MEMORY;
    if (status == DAE_OK && strcmp(found, expected) != 0)
        status = fail_option(file, "layers", found, expected);
    dae_release(found);
    dae_release(expected);
    return status;
}

/* A text of an object as the library writes it now. */
static dae_status copy_written(dae_text_writer write, const void *object, char **out) {
    size_t length = 0;
    dae_text_deliver(write, object, NULL, 0, &length, __func__);
    *out = dae_allocate(length + 1, 1);
    return *out == NULL ? DAE_ERROR_MEMORY
                        : dae_text_deliver(write, object, *out, length + 1, &length, __func__);
}

static dae_status rewrite_objective(const struct dae_safetensors *file, const dae_model *model,
                                    const char *text, char **out) {
    struct dae_objective *objective = NULL;
    dae_status status = dae_objective_create(&objective, model, text);
    if (status != DAE_OK)
        return status == DAE_ERROR_MEMORY
                   ? status
                   : dae_fail_in(dae_fail_in(DAE_ERROR_FORMAT, "dae.loss"), file->name);
    status = copy_written(dae_objective_write, objective, out);
    dae_objective_free(objective);
    return status;
}

static dae_status check_objective(const struct dae_safetensors *file, const dae_trainer *trainer) {
    const char *text;
    char *found = NULL, *expected = NULL;
    DAE_TRY(require_value(file, "dae.loss", &text));
    DAE_TRY(rewrite_objective(file, trainer->model, text, &found));
    dae_status status = copy_written(dae_objective_write, trainer->objective, &expected);
    if (status == DAE_OK && strcmp(found, expected) != 0)
        status = fail_option(file, "objective", found, expected);
    dae_release(found);
    dae_release(expected);
    return status;
}

static dae_status check_optimizer(const struct dae_safetensors *file, const dae_optimizer *optimizer) {
    const char *found, *expected = optimizer->kind->kind.name;
    size_t length = strlen(expected);
    DAE_TRY(require_value(file, "dae.optimizer", &found));
    return strncmp(found, expected, length) == 0 && found[length] == '('
               ? DAE_OK
               : fail_option(file, "optimizer", found, expected);
}

/* A text that is not always written, and what it is where it is not. */
static dae_status check_text(const struct dae_safetensors *file, const char *key, const char *otherwise,
                             const char *option, dae_text_writer write, const dae_trainer *trainer) {
    const char *found = dae_safetensors_value(file, key);
    char *expected = NULL;
    if (found == NULL)
        found = otherwise;
    DAE_TRY(copy_written(write, trainer, &expected));
    dae_status status = strcmp(found, expected) == 0 ? DAE_OK : fail_option(file, option, found, expected);
    dae_release(expected);
    return status;
}

static dae_status check_kind(const struct dae_safetensors *file, const dae_trainer *trainer) {
    const char *version;
    DAE_TRY(require_value(file, "dae.checkpoint", &version));
    if (strcmp(version, "1") != 0)
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: dae.checkpoint is '%.16s', expected '1': the file is from a newer version",
                        file->name, version);
    DAE_TRY(check_optimizer(file, trainer->optimizer));
    DAE_TRY(check_architecture(file, trainer->model));
    DAE_TRY(check_objective(file, trainer));
    DAE_TRY(check_text(file, "dae.columns", "loss validation_loss validation_psnr seconds", "columns",
                       dae_trainer_write_columns, trainer));
    return check_text(file, "dae.frozen", "", "frozen layers", dae_trainer_write_frozen, trainer);
}

static dae_status read_open_sums(struct loaded *loaded, const dae_trainer *trainer) {
    const char *text;
    size_t count = trainer->sum_count;
    if (count == 0)
        return DAE_OK;
    DAE_TRY(require_value(&loaded->file, "dae.open.sums", &text));
    const char *rest = text;
    for (size_t i = 0; i < count; i++) {
        size_t length = dae_text_read_number(rest, strlen(rest), &loaded->sums[i]);
        rest += length;
        if (length == 0 || !isfinite(loaded->sums[i]) || *rest != (i + 1 < count ? ' ' : '\0'))
            return dae_fail(DAE_ERROR_FORMAT, "%s: dae.open.sums is '%.64s', expected %zu numbers",
                            loaded->file.name, text, count);
        rest += i + 1 < count;
    }
    return DAE_OK;
}

static dae_status read_state(struct loaded *loaded, const dae_trainer *trainer) {
    const struct dae_safetensors *file = &loaded->file;
    DAE_TRY(check_kind(file, trainer));
    for (size_t i = 0; i < FIELD_COUNT; i++)
        DAE_TRY(read_field(file, &fields[i], &loaded->state));
    DAE_TRY(read_open_sums(loaded, trainer));
    DAE_TRY(check_options(file, &loaded->state, trainer));
    const char *nonsense = find_nonsense(&loaded->state);
    return nonsense == NULL ? DAE_OK
                            : dae_fail(DAE_ERROR_FORMAT, "%s: %s is '%.64s', which no training can have",
                                       file->name, nonsense, dae_safetensors_value(file, nonsense));
}

/* Finds every tensor, and no other, before memory is taken. */
static dae_status check_tensors(const struct loaded *loaded, const dae_trainer *trainer) {
    const struct dae_safetensors *file = &loaded->file;
    size_t sets = 1, others = 0;
    char prefix[DAE_TENSOR_NAME_SIZE];
    const void *bytes;
    DAE_TRY(dae_model_read_tensors(file, trainer->model, "", NULL));
    for (size_t i = 0; i < slot_count(trainer); i++, sets++)
        DAE_TRY(dae_model_read_tensors(file, trainer->model, optimizer_prefix(trainer, i, prefix), NULL));
    if (trainer->average != NULL) {
        DAE_TRY(dae_model_read_tensors(file, trainer->model, average_prefix, NULL));
        sets++;
    }
    if (loaded->state.best_epoch > 0) {
        DAE_TRY(dae_model_read_tensors(file, trainer->model, best_prefix, NULL));
        sets++;
    }
    if (loaded->state.epochs_kept > 0) {
        struct dae_shape shape = history_shape(trainer, (size_t)loaded->state.epochs_kept);
        DAE_TRY(dae_safetensors_get(file, "history", DAE_TENSOR_F64, &shape, &bytes));
        others++;
    }
    size_t expected = sets * dae_model_tensor_count(trainer->model) + others;
    if (file->entry_count != expected)
        return dae_fail(DAE_ERROR_FORMAT, "%s: found %zu tensors, the training needs %zu", file->name,
                        file->entry_count, expected);
    return DAE_OK;
}

static dae_status read_parameters(const struct loaded *loaded, const dae_model *model, const char *prefix,
                                  float **values) {
    *values = dae_allocate(model->parameter_count, sizeof **values);
    return *values == NULL ? DAE_ERROR_MEMORY : dae_model_read_tensors(&loaded->file, model, prefix, *values);
}

static dae_status check_range(const struct loaded *loaded, const char *prefix, const float *values,
                              float least, float most) {
    float low = 0, high = 0;
    dae_kernels()->range(values, loaded->model->parameter_count, &low, &high);
    if (low < least || high > most)
        return dae_fail(DAE_ERROR_FORMAT, "%s: %s* ranges from %g to %g, expected %g to %g",
                        loaded->file.name, prefix, (double)low, (double)high, (double)least, (double)most);
    return DAE_OK;
}

/* After the optimizer's options. */
static dae_status read_slots(struct loaded *loaded, const dae_trainer *trainer) {
    const struct dae_optimizer_kind *kind = trainer->optimizer->kind;
    char prefix[DAE_TENSOR_NAME_SIZE];
    for (size_t i = 0; i < slot_count(trainer); i++) {
        optimizer_prefix(trainer, i, prefix);
        DAE_TRY(read_parameters(loaded, trainer->model, prefix, &loaded->slots[i]));
        DAE_TRY(check_range(loaded, prefix, loaded->slots[i], kind->slots[i].low, kind->slots[i].high));
    }
    if (kind->is_safe == NULL ||
        kind->is_safe(loaded->options, loaded->state.steps, loaded->slots, trainer->model->parameter_count))
        return DAE_OK;
    return dae_fail(
        DAE_ERROR_FORMAT,
        "%s: optimizer.* are values that no training has: the next steps would overflow with %.160s",
        loaded->file.name, dae_safetensors_value(&loaded->file, "dae.optimizer"));
}

/* A further set of what can be the model's parameters. */
static dae_status read_set(struct loaded *loaded, const dae_model *model, const char *prefix,
                           float **values) {
    DAE_TRY(read_parameters(loaded, model, prefix, values));
    return check_range(loaded, prefix, *values, -PARAMETER_LIMIT, PARAMETER_LIMIT);
}

static dae_status read_history(struct loaded *loaded, const dae_trainer *trainer) {
    struct dae_shape shape = history_shape(trainer, (size_t)loaded->state.epochs_kept);
    const void *bytes;
    if (shape.size == 0)
        return DAE_OK;
    DAE_TRY(dae_safetensors_get(&loaded->file, "history", DAE_TENSOR_F64, &shape, &bytes));
    loaded->history = dae_allocate(shape.size, sizeof *loaded->history);
    if (loaded->history == NULL)
        return DAE_ERROR_MEMORY;
    memcpy(loaded->history, bytes, shape.size * sizeof *loaded->history);
    return DAE_OK;
}

static dae_status read_tensors(struct loaded *loaded, const dae_trainer *trainer) {
    DAE_TRY(check_tensors(loaded, trainer));
    DAE_TRY(dae_model_copy(&loaded->model, trainer->model));
    dae_model_remember_noise(loaded->model, NULL);
    loaded->model->low = 1;
    loaded->model->high = 0;
    DAE_TRY(dae_model_read_tensors(&loaded->file, trainer->model, "", dae_model_values(loaded->model)));
    DAE_TRY(check_range(loaded, "", dae_model_values(loaded->model), -PARAMETER_LIMIT, PARAMETER_LIMIT));
    DAE_TRY(dae_model_read_metadata(&loaded->file, loaded->model));
    DAE_TRY(read_slots(loaded, trainer));
    if (trainer->average != NULL)
        DAE_TRY(read_set(loaded, trainer->model, average_prefix, &loaded->average));
    if (loaded->state.best_epoch > 0)
        DAE_TRY(read_set(loaded, trainer->model, best_prefix, &loaded->best));
    return read_history(loaded, trainer);
}

static dae_status read_optimizer(struct loaded *loaded, const dae_trainer *trainer) {
    const char *options, *schedule;
    DAE_TRY(require_value(&loaded->file, "dae.optimizer", &options));
    DAE_TRY(require_value(&loaded->file, "dae.schedule", &schedule));
    dae_status status = dae_governors_read(&loaded->governors, schedule);
    if (status == DAE_OK)
        status = dae_optimizer_read_options(trainer->optimizer, options, loaded->options);
    if (status != DAE_OK)
        return status == DAE_ERROR_MEMORY ? status : dae_fail_in(DAE_ERROR_FORMAT, loaded->file.name);
    char own[256] = "";
    if (dae_governors_keep_average(&loaded->governors) != (trainer->average != NULL)) {
        dae_governors_write(&(struct dae_text){own, sizeof own, 0}, &trainer->optimizer->governors);
        return fail_option(&loaded->file, "schedule", schedule, own);
    }
    if (dae_optimizer_count_slots(trainer->optimizer->kind, loaded->options) == slot_count(trainer))
        return DAE_OK;
    dae_optimizer_write_options(&(struct dae_text){own, sizeof own, 0}, trainer->optimizer);
    return fail_option(&loaded->file, "optimizer", options, own);
}

/* Takes everything over; nothing here can fail. */
static void take_over(dae_trainer *trainer, const struct loaded *loaded) {
    dae_model *model = trainer->model;
    size_t parameters = model->parameter_count * sizeof(float);
    if (parameters > 0)
        memcpy(dae_model_values(model), dae_model_values(loaded->model), parameters);
    dae_model_remember_noise(model, loaded->model->noise);
    model->low = loaded->model->low;
    model->high = loaded->model->high;
    for (size_t i = 0; i < slot_count(trainer); i++)
        memcpy(trainer->slots[i], loaded->slots[i], parameters);
    if (loaded->average != NULL)
        memcpy(dae_model_values(trainer->average), loaded->average, parameters);
    if (loaded->best != NULL)
        memcpy(trainer->early.best, loaded->best, parameters);
    memcpy(trainer->optimizer->options, loaded->options, sizeof loaded->options);
    trainer->optimizer->governors = loaded->governors;
    set_state(trainer, &loaded->state);
    memcpy(trainer->open.sums, loaded->sums, sizeof loaded->sums);
    if (loaded->history != NULL)
        memcpy(trainer->history, loaded->history,
               history_shape(trainer, trainer->history_count).size * sizeof(double));
}

static dae_status load(dae_trainer *trainer, const unsigned char *bytes, size_t size, const char *name) {
    static const char *const texts[TEXT_COUNT] = {
        "dae.checkpoint", "dae.architecture", "dae.noise",   "dae.range",     "dae.loss",
        "dae.optimizer",  "dae.schedule",     "dae.columns", "dae.open.sums", "dae.frozen"};
    const char *keys[TEXT_COUNT + FIELD_COUNT + 1] = {NULL};
    memcpy(keys, texts, sizeof texts);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        keys[TEXT_COUNT + i] = fields[i].key;
    struct loaded loaded = {.model = NULL};
    dae_status status = dae_safetensors_read(&loaded.file, name, bytes, size, keys, MAX_TENSORS);
    if (status == DAE_OK)
        status = read_state(&loaded, trainer);
    if (status == DAE_OK)
        status = read_optimizer(&loaded, trainer);
    if (status == DAE_OK)
        status = read_tensors(&loaded, trainer);
    if (status == DAE_OK && loaded.state.epochs_kept > trainer->history_room)
        status = dae_trainer_reserve_history(trainer, (size_t)loaded.state.epochs_kept);
    if (status == DAE_OK)
        take_over(trainer, &loaded);
    release_loaded(&loaded);
    return status;
}

dae_status dae_trainer_load_checkpoint(dae_trainer *trainer, const char *path) {
    DAE_TRY(dae_trainer_check_idle(trainer, __func__));
    DAE_REQUIRE(path);
    unsigned char *bytes = NULL;
    size_t size = 0;
    DAE_TRY(dae_file_read_checked(path, dae_safetensors_check_start, NULL, &bytes, &size));
    dae_status status = load(trainer, bytes, size, path);
    dae_release(bytes);
    return status;
}

dae_status dae_trainer_deserialize_checkpoint(dae_trainer *trainer, const void *bytes, size_t size) {
    DAE_TRY(dae_trainer_check_idle(trainer, __func__));
    DAE_REQUIRE(bytes);
    return load(trainer, bytes, size, "checkpoint in memory");
}
