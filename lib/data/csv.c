/* Samples of a table in a text: a row is a sample, a column a value of it. */
#include "core/memory.h"
#include "core/text.h"
#include "data/csv_text.h"
#include "data/source.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HEADER, SEPARATOR, DECIMAL, COLUMNS, WITHOUT, MISSING }; /* the parameters */

enum { KNOWN, YES };              /* whether there is a header */
enum { SHOWN = 40, NAMES = 300 }; /* bytes of a cell, and of all names, in messages */

struct table {
    struct dae_csv csv; /* at the first row of values */
    const struct dae_value *values;
    size_t columns;             /* of the file */
    struct dae_csv_cell *cells; /* [columns] of the first row */
    bool named;                 /* these are names */
    size_t *places;             /* [columns] in a sample, from 1; 0: left out */
    size_t rows, width;         /* of the dataset */
};

/* ---- The first row -------------------------------------------------------------------------------- */

/* Counts the columns, and counts as names what is none of it a number. */
static dae_status look_at_first(struct table *table) {
    struct dae_csv csv = table->csv;
    struct dae_csv_cell cell;
    size_t numbers = 0, words = 0;
    double number;
    do {
        DAE_TRY(dae_csv_next_cell(&csv, &cell));
        if (!dae_csv_read_number(&csv, &cell, &number))
            words++;
        else
            numbers += !isnan(number);
        table->columns++;
    } while (!cell.last);
    double header = table->values[HEADER].number;
    table->named = header == YES || (header == KNOWN && words > 0 && numbers == 0);
    return DAE_OK;
}

/* Keeps the cells of the first row, and moves on after it where they are names. */
static dae_status keep_first(struct table *table) {
    struct dae_csv csv = table->csv;
    table->cells = dae_allocate(table->columns, sizeof *table->cells);
    table->places = dae_allocate(table->columns, sizeof *table->places);
    if (table->cells == NULL || table->places == NULL)
        return DAE_ERROR_MEMORY;
    for (size_t i = 0; i < table->columns; i++)
        DAE_TRY(dae_csv_next_cell(&csv, &table->cells[i]));
    if (table->named)
        table->csv = csv;
    return DAE_OK;
}

/* ---- Which columns -------------------------------------------------------------------------------- */

static dae_status no_such_column(const struct table *table, const char *parameter,
                                 const struct dae_value *value) {
    char names[NAMES + 1] = "";
    struct dae_text text = {names, sizeof names, 0};
    if (value->label == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: %s is %.0f, expected 0 to %zu: rows have %zu cells",
                        table->csv.name, parameter, value->number, table->columns - 1, table->columns);
    if (!table->named)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "%s: %s is %s, expected 0 to %zu: columns have no names, as line %zu is not a header",
                        table->csv.name, parameter, value->label, table->columns - 1, table->cells->line);
    for (size_t i = 0; i < table->columns; i++) {
        dae_text_add(&text, "%s", i > 0 ? ", " : "");
        dae_csv_write_name(&text, &table->cells[i], ',');
    }
    return dae_fail(DAE_ERROR_ARGUMENT, "%s: %s is %s, expected a number from 0 to %zu or one of %s%s",
                    table->csv.name, parameter, value->label, table->columns - 1, names,
                    text.length > NAMES ? "..." : "");
}

static dae_status find_column(const struct table *table, const char *parameter, const struct dae_value *value,
                              size_t *column) {
    size_t count = table->named || value->label == NULL ? table->columns : 0;
    for (*column = 0; *column < count; ++*column) {
        const struct dae_csv_cell *cell = &table->cells[*column];
        if (value->label == NULL
                ? (double)*column == value->number
                : strlen(value->label) == cell->length && memcmp(value->label, cell->text, cell->length) == 0)
            return DAE_OK;
    }
    return no_such_column(table, parameter, value);
}

/* Gives each column its place in a sample: all of them, those that are named, or those that are not. */
static dae_status choose_columns(struct table *table) {
    const struct dae_value *wanted = &table->values[COLUMNS], *unwanted = &table->values[WITHOUT];
    size_t column, *places = table->places;
    for (size_t i = 0; i < dae_value_items(wanted); i++) {
        DAE_TRY(find_column(table, "columns", dae_value_item(wanted, i), &column));
        if (places[column] > 0)
            return dae_fail(DAE_ERROR_ARGUMENT, "%s: columns has column %zu twice", table->csv.name, column);
        places[column] = ++table->width;
    }
    if (wanted->count > 0)
        return DAE_OK;
    for (size_t i = 0; i < dae_value_items(unwanted); i++) {
        DAE_TRY(find_column(table, "without", dae_value_item(unwanted, i), &column));
        places[column] = SIZE_MAX;
    }
    for (column = 0; column < table->columns; column++)
        places[column] = places[column] == 0 ? ++table->width : 0;
    return table->width > 0 ? DAE_OK
                            : dae_fail(DAE_ERROR_ARGUMENT, "%s: without leaves no column of %zu",
                                       table->csv.name, table->columns);
}

/* ---- Values --------------------------------------------------------------------------------------- */

static dae_status not_a_number(const struct table *table, const struct dae_csv_cell *cell, size_t column) {
    struct dae_csv comma = table->csv;
    char name[SHOWN + 4] = "", hint[64];
    struct dae_text text = {name, sizeof name, 0};
    double number;
    comma.point = ',';
    if (table->named) {
        dae_text_add(&text, " (");
        dae_text_add(&text, "%.*s)", (int)dae_size_min(table->cells[column].length, SHOWN),
                     table->cells[column].text);
    }
    snprintf(hint, sizeof hint, "to leave the column out: without=[%zu]", column);
    return dae_fail(
        DAE_ERROR_FORMAT, "%s: line %zu, column %zu%s: found '%.*s', expected a number; %s", table->csv.name,
        cell->line, column, name, (int)dae_size_min(cell->length, SHOWN), cell->text,
        dae_csv_read_number(&comma, cell, &number) ? "for a decimal comma: decimal=comma"
        : !table->named && cell->line == table->cells->line && table->values[HEADER].number == KNOWN
            ? "for a line of names: header=yes"
            : hint);
}

static dae_status read_cell(const struct table *table, const struct dae_csv_cell *cell, size_t column,
                            float *out) {
    const struct dae_value *missing = &table->values[MISSING];
    double number;
    if (!dae_csv_read_number(&table->csv, cell, &number))
        return not_a_number(table, cell, column);
    bool is_missing = missing->count > 0 && number == missing->number;
    *out = is_missing ? NAN : (float)number;
    return DAE_OK;
}

/* Reads a row into out[width], or counts its cells where that is NULL. */
static dae_status read_row(const struct table *table, struct dae_csv *csv, float *out) {
    struct dae_csv_cell cell;
    size_t column = 0, line = csv->line;
    do {
        DAE_TRY(dae_csv_next_cell(csv, &cell));
        if (out != NULL && table->places[column] > 0)
            DAE_TRY(read_cell(table, &cell, column, out + table->places[column] - 1));
        column++;
    } while (!cell.last);
    if (column == table->columns)
        return DAE_OK;
    return dae_fail(DAE_ERROR_FORMAT, "%s: line %zu: found %zu cell%s, expected %zu as in line %zu",
                    csv->name, line, column, column == 1 ? "" : "s", table->columns, table->cells->line);
}

/* Reads all rows into out[rows, width], or counts them where that is NULL. */
static dae_status read_rows(struct table *table, float *out) {
    struct dae_csv csv = table->csv;
    for (table->rows = 0; dae_csv_next_row(&csv); table->rows++)
        DAE_TRY(read_row(table, &csv, out != NULL ? out + table->rows * table->width : NULL));
    if (table->rows == 0)
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: line %zu: the file ends after its names, expected a row of values", csv.name,
                        csv.line);
    return DAE_OK;
}

static dae_status read_table(struct table *table, float **out) {
    DAE_TRY(dae_csv_begin(&table->csv));
    DAE_TRY(look_at_first(table));
    DAE_TRY(keep_first(table));
    DAE_TRY(choose_columns(table));
    DAE_TRY(read_rows(table, NULL));
    *out = dae_allocate_raw(table->rows, table->width * sizeof **out);
    return *out != NULL ? read_rows(table, *out) : DAE_ERROR_MEMORY;
}

/* ---- Names ---------------------------------------------------------------------------------------- */

/* Writes the names of the columns that were chosen as a row with commas. */
static void write_names(struct dae_text *text, const struct table *table, const size_t *columns) {
    for (size_t i = 0; i < table->width; i++) {
        dae_text_add(text, "%s", i > 0 ? "," : "");
        dae_csv_write_name(text, &table->cells[columns[i]], ',');
    }
}

static dae_status tell_names(const struct table *table, struct dae_facts *facts) {
    size_t *columns = dae_allocate(table->width, sizeof *columns);
    struct dae_text text = {NULL, 0, 0};
    if (columns == NULL)
        return DAE_ERROR_MEMORY;
    for (size_t column = 0; column < table->columns; column++)
        if (table->places[column] > 0)
            columns[table->places[column] - 1] = column;
    write_names(&text, table, columns);
    text = (struct dae_text){dae_allocate(1, text.length + 1), text.length + 1, 0};
    dae_status status = DAE_ERROR_MEMORY;
    if (text.data != NULL) {
        write_names(&text, table, columns);
        status = dae_facts_add(facts, "columns", "%s", text.data);
    }
    dae_release(text.data);
    dae_release(columns);
    return status;
}

/* How it is written, in the words that it is written again with. */
static dae_status tell_form(const struct table *table, struct dae_facts *facts) {
    const char *separator = table->csv.separator == ','    ? "comma"
                            : table->csv.separator == ';'  ? "semicolon"
                            : table->csv.separator == '\t' ? "tab"
                                                           : "blank";
    DAE_TRY(dae_facts_add(facts, "separator", "%s", separator));
    DAE_TRY(dae_facts_add(facts, "decimal", "%s", table->csv.point == ',' ? "comma" : "point"));
    return table->named ? tell_names(table, facts) : DAE_OK;
}

/* ---- The kind ------------------------------------------------------------------------------------- */

/* Takes over the values. */
static dae_status create(dae_dataset **out, const struct table *table, float *values) {
    struct dae_layout layout = {0};
    dae_status status = dae_layout_add(&layout, table->rows, table->csv.name, 0);
    if (status == DAE_OK)
        status = dae_layout_add(&layout, table->width, table->csv.name, 0);
    if (status == DAE_OK)
        status = dae_layout_finish(&layout, dae_value_type_find('f', 4, false), 0, table->csv.name, 0);
    if (status == DAE_OK)
        return dae_filed_create(out, (unsigned char *)values, &layout, table->csv.name);
    dae_release(values);
    return status;
}

static dae_status open_csv(dae_dataset **out, const struct dae_content *content) {
    static const char separators[] = {0, ',', ';', '\t', ' '};
    struct table table = {
        .csv = {.name = content->name,
                .text = (const char *)content->bytes,
                .size = content->size,
                .separator = separators[(size_t)content->values[SEPARATOR].number],
                .point = content->values[DECIMAL].number == 0 ? '.' : ','},
        .values = content->values,
    };
    float *values = NULL;
    dae_status status = read_table(&table, &values);
    if (status == DAE_OK)
        status = tell_form(&table, content->facts);
    if (status == DAE_OK)
        status = create(out, &table, values);
    else
        dae_release(values);
    dae_release(table.cells);
    dae_release(table.places);
    dae_release(content->bytes);
    return status;
}

/* Text that begins as a table does: with no sign of markup, and no byte from the middle of a character. */
static bool knows(const unsigned char *start, size_t count) {
    enum { LOOKED_AT = 512 };
    for (size_t i = 0; i < dae_size_min(count, LOOKED_AT); i++)
        if ((start[i] < ' ' && memchr("\t\r\n", start[i], 3) == NULL) || start[i] == 0x7F)
            return false;
    bool within = count > 0 && start[0] >= 0x80 && start[0] < 0xC2;
    return count > 0 && !within && memchr("<{[%!/\\", start[0], 7) == NULL;
}

static const char *check(const struct dae_value *values) {
    if (values[COLUMNS].count > 0 && values[WITHOUT].count > 0)
        return "columns or without, and not both";
    return values[SEPARATOR].number == 1 && values[DECIMAL].number == 1
               ? "another separator than the decimal comma"
               : NULL;
}

const struct dae_source_kind dae_source_csv = {
    {
        .name = "csv",
        .what = "a table as text, CSV and its like; a row is a sample",
        .example = "csv(columns=[0, 3], separator=semicolon, decimal=comma)",
        .check = check,
        .parameters =
            {
                {"header", "whether the first row has names; known: where none of its cells is a number",
                 DAE_TYPE_WORD, .fallback = "known", .words = "known, yes, no"},
                {"separator", "what stands between cells; known: what all rows have alike", DAE_TYPE_WORD,
                 .fallback = "known", .words = "known, comma, semicolon, tab, blank"},
                {"decimal", "the decimal point of numbers", DAE_TYPE_WORD, .fallback = "point",
                 .words = "point, comma"},
                {"columns", "the columns to read, in this order, by name or by number from 0", DAE_TYPE_COUNT,
                 DAE_LIST | DAE_NAMED | DAE_OPTIONAL, 0, DAE_MOST_SIZE},
                {"without", "the columns to leave out, by name or by number from 0", DAE_TYPE_COUNT,
                 DAE_LIST | DAE_NAMED | DAE_OPTIONAL, 0, DAE_MOST_SIZE},
                {"missing", "a number that stands for what is missing, as empty cells do", DAE_TYPE_NUMBER,
                 DAE_OPTIONAL},
            },
    },
    .knows = knows,
    .open = open_csv,
};
