/* Samples written as a table of text, a row each, and the names of the columns where they are known. */
#include "core/memory.h"
#include "data/csv_text.h"
#include "data/destination.h"

#include <math.h>
#include <string.h>

enum { SEPARATOR, DECIMAL, HEADER }; /* the parameters */

enum { ROOM = 1 << 14, MOST_CELL = 32 };

/* Rows on their way to a file. */
struct rows {
    const struct dae_saving *saving;
    char separator;
    bool comma;           /* is the decimal point */
    size_t width, column; /* the next one */
    struct dae_text text; /* not written yet */
    char bytes[ROOM];
};

static dae_status flush(struct rows *rows) {
    size_t length = rows->text.length;
    rows->text.length = 0;
    return dae_sink_add(rows->saving->sink, rows->bytes, length);
}

static void add_value(struct rows *rows, float value) {
    char *first = rows->bytes + rows->text.length;
    if (isnan(value))
        dae_text_add(&rows->text, "NaN");
    else if (isinf(value))
        dae_text_add(&rows->text, "%s", value > 0 ? "inf" : "-inf");
    else
        dae_text_add_float(&rows->text, value);
    char *point = rows->comma ? strchr(first, '.') : NULL;
    if (point != NULL)
        *point = ',';
}

/* A dae_saving_taker. */
static dae_status take(void *context, const float *values, size_t count) {
    struct rows *rows = context;
    for (size_t i = 0; i < count; i++) {
        if (rows->text.length > ROOM - MOST_CELL)
            DAE_TRY(flush(rows));
        add_value(rows, values[i]);
        rows->column = (rows->column + 1) % rows->width;
        dae_text_add(&rows->text, "%c", rows->column > 0 ? rows->separator : '\n');
    }
    return DAE_OK;
}

/* ---- Names ---------------------------------------------------------------------------------------- */

static struct dae_csv row_of(const char *names) {
    return (struct dae_csv){
        .name = "columns", .text = names, .size = strlen(names), .line = 1, .separator = ','};
}

static size_t count_names(const char *names) {
    struct dae_csv row = row_of(names);
    struct dae_csv_cell cell = {.last = false};
    size_t count = 0;
    for (; !cell.last && dae_csv_next_cell(&row, &cell) == DAE_OK; count++)
        ;
    return count;
}

/* Adds a row with another separator than the comma. */
static void add_names(struct dae_text *text, const char *names, char separator) {
    struct dae_csv row = row_of(names);
    struct dae_csv_cell cell = {.last = false};
    while (!cell.last && dae_csv_next_cell(&row, &cell) == DAE_OK) {
        dae_csv_write_name(text, &cell, separator);
        dae_text_add(text, "%c", cell.last ? '\n' : separator);
    }
}

/* Writes the names of columns where there is one for each. */
static dae_status write_names(const struct rows *rows) {
    const char *names = dae_dataset_tell(rows->saving->dataset, rows->saving->first, "columns");
    struct dae_text text = {NULL, 0, 0};
    if (names == NULL || count_names(names) != rows->width)
        return DAE_OK;
    add_names(&text, names, rows->separator);
    text = (struct dae_text){dae_allocate(1, text.length + 1), text.length + 1, 0};
    if (text.data == NULL)
        return DAE_ERROR_MEMORY;
    add_names(&text, names, rows->separator);
    dae_status status = dae_sink_add(rows->saving->sink, text.data, text.length);
    dae_release(text.data);
    return status;
}

/* ---- The kind ------------------------------------------------------------------------------------- */

static dae_status write_rows(struct rows *rows) {
    if (rows->saving->values[HEADER].number == 1)
        DAE_TRY(write_names(rows));
    DAE_TRY(dae_saving_each(rows->saving, take, rows));
    return flush(rows);
}

static dae_status write_csv(const struct dae_saving *saving) {
    static const char separators[] = {',', ';', '\t', ' '};
    struct rows *rows = dae_allocate_raw(1, sizeof *rows);
    if (rows == NULL)
        return DAE_ERROR_MEMORY;
    rows->saving = saving;
    rows->separator = separators[(size_t)saving->values[SEPARATOR].number];
    rows->comma = saving->values[DECIMAL].number == 1;
    rows->width = dae_saving_shape(saving).size;
    rows->column = 0;
    rows->text = (struct dae_text){rows->bytes, ROOM, 0};
    dae_status status = write_rows(rows);
    dae_release(rows);
    return status;
}

/* A row is a list of values. */
static dae_status check_csv(const struct dae_saving *saving) {
    struct dae_shape shape = dae_saving_shape(saving);
    char text[DAE_SHAPE_TEXT_SIZE];
    for (size_t i = 0; i + 1 < shape.rank; i++)
        if (shape.dims[i] != 1)
            return dae_fail(
                DAE_ERROR_SHAPE,
                "%s: samples have shape %s, expected one dimension, as a row of csv has: npy keeps shapes",
                saving->name, dae_shape_text(&shape, text));
    return DAE_OK;
}

static const char *check(const struct dae_value *values) {
    return values[SEPARATOR].number == 0 && values[DECIMAL].number == 1
               ? "another separator than the decimal comma"
               : NULL;
}

static const char *const endings[] = {".csv", NULL};

const struct dae_destination_kind dae_destination_csv = {
    {
        .name = "csv",
        .what = "a table as text; a sample is a row, of the fewest digits that read back to the same float32",
        .example = "csv(separator=semicolon, decimal=comma)",
        .check = check,
        .parameters = {{"separator", "what stands between cells", DAE_TYPE_WORD, .fallback = "comma",
                        .words = "comma, semicolon, tab, blank"},
                       {"decimal", "the decimal point of numbers", DAE_TYPE_WORD, .fallback = "point",
                        .words = "point, comma"},
                       {"header", "whether the names of the columns are written, where they are known",
                        DAE_TYPE_FLAG, .fallback = "yes"},
                       DAE_DESTINATION_OVERWRITE},
    },
    .endings = endings,
    .check = check_csv,
    .write = write_csv,
};
