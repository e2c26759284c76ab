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

size_t dae_trainer_figure_count(const dae_trainer *trainer) {
    return trainer->figures != NULL ? dae_figures_count(trainer->figures) : 0;
}

/* Columns that are being named. */
struct columns {
    char (*names)[DAE_COLUMN_NAME_SIZE];
    size_t count;
};

static void name_column(struct columns *columns, const char *before, const char *name) {
    snprintf(columns->names[columns->count++], DAE_COLUMN_NAME_SIZE, "%s%s", before, name);
}

static dae_status name_figure(struct columns *columns, const struct dae_figures *figures, size_t index) {
    char name[DAE_COLUMN_NAME_SIZE] = "";
    dae_figures_write_name(&(struct dae_text){name, sizeof name, 0}, figures, index);
    name_column(columns, "validation_", name);
    for (size_t i = 0; i + 1 < columns->count; i++)
        if (strcmp(columns->names[i], columns->names[columns->count - 1]) == 0)
            return dae_fail_at(
                DAE_ERROR_ARGUMENT, dae_figure_category.text, dae_figures_position(figures, index),
                "found %s, expected no figure that is a column already, as %s is", name, columns->names[i]);
    return DAE_OK;
}

static dae_status name_columns(struct columns *columns, const dae_trainer *trainer,
                               const struct dae_figures *figures) {
    const struct dae_term *terms = trainer->objective->terms;
    size_t term_count = dae_trainer_term_columns(trainer);
    size_t figure_count = figures != NULL ? dae_figures_count(figures) : 0;
    columns->names = dae_allocate(DAE_HISTORY_TERMS + 2 * term_count + 1 + figure_count,
                                  sizeof *columns->names);
    if (columns->names == NULL)
        return DAE_ERROR_MEMORY;
    for (size_t i = 0; i < DAE_HISTORY_TERMS; i++)
        name_column(columns, "", names[i]);
    for (size_t i = 0; i < term_count; i++)
        name_column(columns, "", terms[i].name);
    if (dae_governors_take_norm(&trainer->optimizer->governors))
        name_column(columns, "", "gradient_norm");
    for (size_t i = 0; i < term_count; i++)
        name_column(columns, "validation_", terms[i].name);
    for (size_t i = 0; i < figure_count; i++)
        DAE_TRY(name_figure(columns, figures, i));
    return DAE_OK;
}

/* Rows of the history are as long as they are. */
static dae_status check_columns(const dae_trainer *trainer, const struct columns *columns) {
    size_t same = 0;
    while (same < columns->count && same < trainer->column_count &&
           strcmp(columns->names[same], trainer->column_names[same]) == 0)
        same++;
    if (trainer->history_count == 0 || (same == columns->count && same == trainer->column_count))
        return DAE_OK;
    return dae_fail(
        DAE_ERROR_STATE,
        "dae_trainer_set_figures: the history has %zu epochs, expected none, or the figures that it "
        "has already",
        trainer->history_count);
}

dae_status dae_trainer_make_columns(dae_trainer *trainer, struct dae_figures *figures) {
    struct columns columns = {0};
    dae_status status = name_columns(&columns, trainer, figures);
    if (status == DAE_OK)
        status = check_columns(trainer, &columns);
    if (status != DAE_OK) {
        dae_release(columns.names);
        return status;
    }
    if (trainer->history_count == 0) { /* room for rows of another length */
        dae_release(trainer->history);
        trainer->history = NULL;
        trainer->history_room = 0;
    }
    dae_release(trainer->column_names);
    dae_release(trainer->figures);
    trainer->column_names = columns.names;
    trainer->column_count = columns.count;
    trainer->sum_count = dae_trainer_term_columns(trainer) +
                         dae_governors_take_norm(&trainer->optimizer->governors);
    trainer->figures = figures;
    return DAE_OK;
}

dae_status dae_trainer_set_figures(dae_trainer *trainer, const char *figures) {
    struct dae_figures *taken = NULL;
    DAE_TRY(dae_trainer_check_idle(trainer, __func__));
    if (figures != NULL)
        DAE_TRY(dae_figures_open(&taken, figures));
    dae_status status = dae_trainer_make_columns(trainer, taken);
    if (status != DAE_OK)
        dae_release(taken);
    return status;
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
