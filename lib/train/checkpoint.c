/* Checkpoints: all that training is, in one safetensors file. */
#include "core/file.h"
#include "core/memory.h"
#include "train/checkpoint.h"

_Static_assert(DAE_OPTIMIZER_MAX_SLOTS + 4 <= DAE_TENSORS_MAX_PARTS, "raise DAE_TENSORS_MAX_PARTS");

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
    struct dae_checkpoint_state state = dae_checkpoint_state_of(trainer);
    dae_text_add(text, "{\"__metadata__\":{\"format\":\"pt\",\"dae.checkpoint\":\"%c\",",
                 dae_model_file_version(trainer->model));
    dae_model_write_metadata(text, trainer->model);
    write_text(text, "dae.loss", dae_objective_write, trainer->objective);
    write_text(text, "dae.optimizer", dae_optimizer_write_options, trainer->optimizer);
    write_text(text, "dae.schedule", dae_governors_write, &trainer->optimizer->governors);
    if (trainer->column_count > DAE_HISTORY_TERMS)
        write_text(text, "dae.columns", dae_trainer_write_columns, trainer);
    write_text_if_any(text, "dae.open.sums", write_open_sums, trainer);
    write_text_if_any(text, "dae.frozen", dae_trainer_write_frozen, trainer);
    for (size_t i = 0; i < DAE_CHECKPOINT_FIELDS; i++) {
        if (dae_checkpoint_is_of_plateau(&dae_checkpoint_fields[i]) &&
            !dae_governors_follow_loss(&trainer->optimizer->governors))
            continue;
        dae_text_add(text, ",\"%s\":\"", dae_checkpoint_fields[i].key);
        if (dae_checkpoint_fields[i].is_double)
            dae_text_add_number(text, dae_checkpoint_number(&state, &dae_checkpoint_fields[i]));
        else
            dae_text_add(text, "%llu",
                         (unsigned long long)dae_checkpoint_count(&state, &dae_checkpoint_fields[i]));
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
    for (size_t i = 0; i < dae_checkpoint_slots(trainer); i++)
        dae_model_write_tensors(text, trainer->model, dae_checkpoint_prefix(trainer, i, prefix), &end);
    if (trainer->average != NULL)
        dae_model_write_tensors(text, trainer->model, dae_checkpoint_average, &end);
    if (trainer->early.best_epoch > 0)
        dae_model_write_tensors(text, trainer->model, dae_checkpoint_best, &end);
    struct dae_shape history = dae_checkpoint_history(trainer, trainer->history_count);
    if (history.size > 0)
        dae_safetensors_add(text, "history", DAE_TENSOR_F64, &history, &end);
}

static struct dae_tensors tensors_of(const dae_trainer *trainer) {
    size_t parameters = trainer->model->parameter_count * sizeof(float);
    struct dae_tensors tensors = {.header = write_header, .object = trainer};
    struct dae_bytes *next = tensors.parts;
    *next++ = (struct dae_bytes){dae_model_values(trainer->model), parameters};
    for (size_t i = 0; i < dae_checkpoint_slots(trainer); i++)
        *next++ = (struct dae_bytes){trainer->slots[i], parameters};
    if (trainer->average != NULL)
        *next++ = (struct dae_bytes){dae_model_values(trainer->average), parameters};
    if (trainer->early.best_epoch > 0)
        *next++ = (struct dae_bytes){trainer->early.best, parameters};
    *next++ = (struct dae_bytes){
        trainer->history, dae_checkpoint_history(trainer, trainer->history_count).size * sizeof(double)};
    tensors.part_count = (size_t)(next - tensors.parts);
    return tensors;
}

static dae_status check_loadable(const float *parameters, size_t count, const char *what) {
    float low = 0, high = 0;
    dae_kernels()->range(parameters, count, &low, &high);
    if (low < -DAE_CHECKPOINT_LIMIT || high > DAE_CHECKPOINT_LIMIT)
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
