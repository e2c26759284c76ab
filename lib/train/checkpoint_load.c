/* Checkpoints that are loaded: everything is read and checked before anything of it is taken over. */
#include "core/file.h"
#include "core/memory.h"
#include "train/checkpoint.h"

#include <math.h>
#include <string.h>

enum { TEXT_COUNT = 11 };

_Static_assert(DAE_CHECKPOINT_FIELDS + TEXT_COUNT + 1 <= DAE_METADATA_MAX, "raise DAE_METADATA_MAX");

/* What has been read and checked, before anything of it is taken over. */
struct loaded {
    struct dae_safetensors file;
    struct dae_checkpoint_state state;
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

static dae_status read_field(const struct dae_safetensors *file, const struct dae_checkpoint_field *field,
                             struct dae_checkpoint_state *state) {
    const char *text;
    if (dae_checkpoint_is_of_plateau(field) && dae_safetensors_value(file, field->key) == NULL)
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
static const char *find_nonsense(const struct dae_checkpoint_state *s) {
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

static dae_status check_options(const struct dae_safetensors *file, const struct dae_checkpoint_state *state,
                                const dae_trainer *trainer) {
    struct dae_checkpoint_state own = dae_checkpoint_state_of(trainer);
    for (size_t i = 0; i < DAE_CHECKPOINT_FIELDS; i++) {
        char expected[32];
        struct dae_text text = {expected, sizeof expected, 0};
        if (dae_checkpoint_fields[i].option == NULL ||
            dae_checkpoint_count(state, &dae_checkpoint_fields[i]) ==
                dae_checkpoint_count(&own, &dae_checkpoint_fields[i]))
            continue; /* equal numbers of either type have equal bits, as none of them is -0 */
        const char *found = dae_safetensors_value(file, dae_checkpoint_fields[i].key);
        if (dae_checkpoint_fields[i].words != NULL) {
            found =
                dae_checkpoint_fields[i].words[dae_checkpoint_count(state, &dae_checkpoint_fields[i]) != 0];
            dae_text_add(
                &text, "%s",
                dae_checkpoint_fields[i].words[dae_checkpoint_count(&own, &dae_checkpoint_fields[i])]);
        } else if (dae_checkpoint_fields[i].is_double) {
            dae_text_add_number(&text, dae_checkpoint_number(&own, &dae_checkpoint_fields[i]));
        } else {
            dae_text_add(&text, "%llu",
                         (unsigned long long)dae_checkpoint_count(&own, &dae_checkpoint_fields[i]));
        }
        return fail_option(file, dae_checkpoint_fields[i].option, found, expected);
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
    if (!dae_model_reads_version(version))
        return dae_fail(
            DAE_ERROR_FORMAT,
            "%s: dae.checkpoint is '%.16s', expected '1' or '2': the file is from a newer version",
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
    for (size_t i = 0; i < DAE_CHECKPOINT_FIELDS; i++)
        DAE_TRY(read_field(file, &dae_checkpoint_fields[i], &loaded->state));
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
    for (size_t i = 0; i < dae_checkpoint_slots(trainer); i++, sets++)
        DAE_TRY(
            dae_model_read_tensors(file, trainer->model, dae_checkpoint_prefix(trainer, i, prefix), NULL));
    if (trainer->average != NULL) {
        DAE_TRY(dae_model_read_tensors(file, trainer->model, dae_checkpoint_average, NULL));
        sets++;
    }
    if (loaded->state.best_epoch > 0) {
        DAE_TRY(dae_model_read_tensors(file, trainer->model, dae_checkpoint_best, NULL));
        sets++;
    }
    if (loaded->state.epochs_kept > 0) {
        struct dae_shape shape = dae_checkpoint_history(trainer, (size_t)loaded->state.epochs_kept);
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
    for (size_t i = 0; i < dae_checkpoint_slots(trainer); i++) {
        dae_checkpoint_prefix(trainer, i, prefix);
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
    return check_range(loaded, prefix, *values, -DAE_CHECKPOINT_LIMIT, DAE_CHECKPOINT_LIMIT);
}

static dae_status read_history(struct loaded *loaded, const dae_trainer *trainer) {
    struct dae_shape shape = dae_checkpoint_history(trainer, (size_t)loaded->state.epochs_kept);
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
    dae_model_remember_notes(loaded->model, NULL);
    dae_model_set_block_scaling(loaded->model, NULL);
    loaded->model->low = 1;
    loaded->model->high = 0;
    DAE_TRY(dae_model_read_tensors(&loaded->file, trainer->model, "", dae_model_change(loaded->model)));
    DAE_TRY(check_range(loaded, "", dae_model_values(loaded->model), -DAE_CHECKPOINT_LIMIT,
                        DAE_CHECKPOINT_LIMIT));
    DAE_TRY(dae_model_read_metadata(&loaded->file, loaded->model));
    DAE_TRY(read_slots(loaded, trainer));
    if (trainer->average != NULL)
        DAE_TRY(read_set(loaded, trainer->model, dae_checkpoint_average, &loaded->average));
    if (loaded->state.best_epoch > 0)
        DAE_TRY(read_set(loaded, trainer->model, dae_checkpoint_best, &loaded->best));
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
    if (dae_optimizer_count_slots(trainer->optimizer->kind, loaded->options) == dae_checkpoint_slots(trainer))
        return DAE_OK;
    dae_optimizer_write_options(&(struct dae_text){own, sizeof own, 0}, trainer->optimizer);
    return fail_option(&loaded->file, "optimizer", options, own);
}

/* Takes everything over; nothing here can fail. */
static void take_over(dae_trainer *trainer, const struct loaded *loaded) {
    dae_model *model = trainer->model;
    size_t parameters = model->parameter_count * sizeof(float);
    if (parameters > 0)
        memcpy(dae_model_change(model), dae_model_values(loaded->model), parameters);
    dae_model_remember(model, loaded->model);
    for (size_t i = 0; i < dae_checkpoint_slots(trainer); i++)
        memcpy(trainer->slots[i], loaded->slots[i], parameters);
    if (loaded->average != NULL)
        memcpy(dae_model_change(trainer->average), loaded->average, parameters);
    if (loaded->best != NULL)
        memcpy(trainer->early.best, loaded->best, parameters);
    memcpy(trainer->optimizer->options, loaded->options, sizeof loaded->options);
    trainer->optimizer->governors = loaded->governors;
    dae_checkpoint_set_state(trainer, &loaded->state);
    memcpy(trainer->open.sums, loaded->sums, sizeof loaded->sums);
    if (loaded->history != NULL)
        memcpy(trainer->history, loaded->history,
               dae_checkpoint_history(trainer, trainer->history_count).size * sizeof(double));
}

static dae_status load(dae_trainer *trainer, const unsigned char *bytes, size_t size, const char *name) {
    static const char *const texts[TEXT_COUNT] = {
        "dae.checkpoint", "dae.architecture", "dae.noise",     "dae.range",  "dae.loss",   "dae.optimizer",
        "dae.schedule",   "dae.columns",      "dae.open.sums", "dae.frozen", "dae.scaling"};
    const char *keys[TEXT_COUNT + DAE_CHECKPOINT_FIELDS + 1] = {NULL};
    memcpy(keys, texts, sizeof texts);
    for (size_t i = 0; i < DAE_CHECKPOINT_FIELDS; i++)
        keys[TEXT_COUNT + i] = dae_checkpoint_fields[i].key;
    struct loaded loaded = {.model = NULL};
    dae_status status = dae_safetensors_read(&loaded.file, name, bytes, size, keys,
                                             DAE_CHECKPOINT_MAX_TENSORS);
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
