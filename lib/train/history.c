/* What has been, epoch by epoch: columns of figures, by name. */
#include "train/trainer.h"
#include "core/memory.h"

#include <stdio.h>
#include <string.h>

static const char *const names[DAE_HISTORY_TERMS] = {
    [DAE_HISTORY_LOSS] = "loss",
    [DAE_HISTORY_VALIDATION_LOSS] = "validation_loss",
    [DAE_HISTORY_VALIDATION_PSNR] = "validation_psnr",
    [DAE_HISTORY_SECONDS] = "seconds",
};

size_t dae_trainer_term_columns(const dae_trainer *trainer) {
    return trainer->objective->term_count > 1 ? trainer->objective->term_count : 0;
}

static void name_column(dae_trainer *trainer, const char *before, const char *name) {
    snprintf(trainer->column_names[trainer->column_count++], DAE_COLUMN_NAME_SIZE, "%s%s", before, name);
}

dae_status dae_trainer_make_columns(dae_trainer *trainer) {
    const struct dae_term *terms = trainer->objective->terms;
    size_t term_count = dae_trainer_term_columns(trainer);
    bool takes_norm = dae_governors_take_norm(&trainer->optimizer->governors);
    trainer->sum_count = term_count + takes_norm;
    trainer->column_names = dae_allocate(DAE_HISTORY_TERMS + trainer->sum_count + term_count,
                                         sizeof *trainer->column_names);
    if (trainer->column_names == NULL)
        return DAE_ERROR_MEMORY;
    for (size_t i = 0; i < DAE_HISTORY_TERMS; i++)
        name_column(trainer, "", names[i]);
    for (size_t i = 0; i < term_count; i++)
        name_column(trainer, "", terms[i].name);
    if (takes_norm)
        name_column(trainer, "", "gradient_norm");
    for (size_t i = 0; i < term_count; i++)
        name_column(trainer, "validation_", terms[i].name);
    return DAE_OK;
}

void dae_trainer_write_columns(struct dae_text *text, const void *object) {
    const dae_trainer *trainer = object;
    for (size_t i = 0; i < trainer->column_count; i++)
        dae_text_add(text, "%s%s", i > 0 ? " " : "", trainer->column_names[i]);
}

dae_status dae_trainer_get_epoch_count(const dae_trainer *trainer, size_t *epochs) {
    DAE_REQUIRE(trainer);
    DAE_REQUIRE(epochs);
    *epochs = trainer->history_count;
    return DAE_OK;
}

dae_status dae_trainer_reserve_history(dae_trainer *trainer, size_t epochs) {
    if (trainer->history_count + epochs <= trainer->history_room)
        return DAE_OK;
    size_t room = 2 * (trainer->history_count + epochs); /* epochs are below 2^32 */
    size_t row = trainer->column_count * sizeof(double);
    double *larger = dae_allocate(room, row);
    if (larger == NULL)
        return DAE_ERROR_MEMORY;
    if (trainer->history_count > 0)
        memcpy(larger, trainer->history, trainer->history_count * row);
    dae_release(trainer->history);
    trainer->history = larger;
    trainer->history_room = room;
    return DAE_OK;
}

dae_status dae_trainer_list_history(const dae_trainer *trainer, size_t index, const char **name) {
    DAE_REQUIRE(trainer);
    DAE_REQUIRE(name);
    *name = index < trainer->column_count ? trainer->column_names[index] : NULL;
    return DAE_OK;
}

static dae_status find_column(const dae_trainer *trainer, const char *name, size_t *column) {
    char list[400] = "";
    struct dae_text text = {list, sizeof list, 0};
    for (*column = 0; *column < trainer->column_count; ++*column) {
        if (strcmp(trainer->column_names[*column], name) == 0)
            return DAE_OK;
        dae_text_add_item(&text, *column, trainer->column_count, trainer->column_names[*column]);
    }
    return dae_fail(DAE_ERROR_ARGUMENT, "dae_trainer_get_history: column is '%.64s', expected %s", name,
                    list);
}

dae_status dae_trainer_get_history(const dae_trainer *trainer, const char *column, double *values,
                                   size_t count) {
    size_t index;
    DAE_REQUIRE(trainer);
    DAE_REQUIRE(column);
    DAE_TRY(find_column(trainer, column, &index));
    if (count != trainer->history_count)
        return dae_fail(DAE_ERROR_SHAPE, "dae_trainer_get_history: count is %zu, the history has %zu epochs",
                        count, trainer->history_count);
    if (count > 0)
        DAE_REQUIRE(values);
    for (size_t i = 0; i < count; i++)
        values[i] = trainer->history[i * trainer->column_count + index];
    return DAE_OK;
}
