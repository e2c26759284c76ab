#include "data/csv_text.h"

#include <math.h>
#include <string.h>

static bool is_at_end(const struct dae_csv *csv) {
    return csv->at == csv->size;
}

/* The next character, -1 at the end. */
static int peek(const struct dae_csv *csv) {
    return is_at_end(csv) ? -1 : (unsigned char)csv->text[csv->at];
}

static bool is_line_end(int c) {
    return c == '\n' || c == '\r';
}

static bool is_blank(const struct dae_csv *csv, int c) {
    return c == ' ' || (c == '\t' && csv->separator != '\t');
}

static void skip_blanks(struct dae_csv *csv) {
    while (is_blank(csv, peek(csv)))
        csv->at++;
}

/* Moves over one character; lines end in LF, CR or both. */
static void step(struct dae_csv *csv) {
    char c = csv->text[csv->at++];
    csv->line += c == '\n' || (c == '\r' && peek(csv) != '\n');
}

static void take_line_end(struct dae_csv *csv) {
    bool both = csv->text[csv->at] == '\r';
    step(csv);
    if (both && peek(csv) == '\n')
        step(csv);
}

/* ---- Cells ---------------------------------------------------------------------------------------- */

static bool ends_cell(const struct dae_csv *csv, int c) {
    return c < 0 || is_line_end(c) || (csv->separator == ' ' ? is_blank(csv, c) : c == csv->separator);
}

static void take_plain(struct dae_csv *csv, struct dae_csv_cell *cell) {
    size_t first = csv->at;
    while (!ends_cell(csv, peek(csv)))
        csv->at++;
    cell->length = csv->at - first;
}

static dae_status take_quoted(struct dae_csv *csv, struct dae_csv_cell *cell) {
    size_t first = ++csv->at;
    for (bool open = true; open;) {
        if (is_at_end(csv))
            return dae_fail(DAE_ERROR_FORMAT, "%s: line %zu: the file ends within a quoted cell", csv->name,
                            cell->line);
        if (peek(csv) == '"' && (csv->at + 1 == csv->size || csv->text[csv->at + 1] != '"')) {
            open = false;
        } else {
            csv->at += peek(csv) == '"';
            step(csv);
        }
    }
    cell->quoted = true;
    cell->text = csv->text + first;
    cell->length = csv->at++ - first;
    if (!ends_cell(csv, peek(csv)) && !is_blank(csv, peek(csv)))
        return dae_fail(DAE_ERROR_FORMAT, "%s: line %zu: found text after a quoted cell", csv->name,
                        csv->line);
    return DAE_OK;
}

static void trim(const struct dae_csv *csv, struct dae_csv_cell *cell) {
    while (cell->length > 0 && is_blank(csv, cell->text[cell->length - 1]))
        cell->length--;
    while (cell->length > 0 && is_blank(csv, cell->text[0])) {
        cell->text++;
        cell->length--;
    }
}

dae_status dae_csv_next_cell(struct dae_csv *csv, struct dae_csv_cell *cell) {
    skip_blanks(csv);
    *cell = (struct dae_csv_cell){.text = csv->text + csv->at, .line = csv->line};
    if (peek(csv) == '"')
        DAE_TRY(take_quoted(csv, cell));
    else
        take_plain(csv, cell);
    trim(csv, cell);
    skip_blanks(csv);
    cell->last = is_at_end(csv) || is_line_end(peek(csv));
    if (cell->last && !is_at_end(csv))
        take_line_end(csv);
    else if (!cell->last && peek(csv) == csv->separator)
        csv->at++;
    else if (!cell->last && csv->separator != ' ')
        return dae_fail(DAE_ERROR_FORMAT, "%s: line %zu: found text after a quoted cell", csv->name,
                        csv->line);
    return DAE_OK;
}

/* ---- Numbers -------------------------------------------------------------------------------------- */

/* Whether the cell is one of the words [count], in letters of either size. */
static bool is_word(const struct dae_csv_cell *cell, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t same = 0, length = strlen(words[i]);
        while (same < length && same < cell->length) {
            char c = cell->text[same];
            if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != words[i][same])
                break;
            same++;
        }
        if (same == length && length == cell->length)
            return true;
    }
    return false;
}

static bool is_missing(const struct dae_csv_cell *cell) {
    static const char *const words[] = {"",    "na",   "nan",  "-nan", "n/a", "#n/a",
                                        "#na", "<na>", "null", "none", "?"};
    return is_word(cell, words, sizeof words / sizeof *words);
}

bool dae_csv_read_number(const struct dae_csv *csv, const struct dae_csv_cell *cell, double *number) {
    static const char *const infinite[] = {"inf", "+inf", "infinity", "+infinity"}, *const negative[] = {
                                                                                        "-inf", "-infinity"};
    if (cell->length > 0 &&
        dae_text_read_decimal(cell->text, cell->length, csv->point, number) == cell->length)
        return true;
    *number = is_word(cell, infinite, 4)   ? (double)INFINITY
              : is_word(cell, negative, 2) ? -(double)INFINITY
                                           : (double)NAN;
    return isinf(*number) || is_missing(cell);
}

void dae_csv_write_name(struct dae_text *text, const struct dae_csv_cell *cell, char separator) {
    const char special[] = {'"', '\r', '\n', separator, '\0'};
    bool quotes = cell->length > 0 && cell->text[0] == '#';
    for (size_t i = 0; i < cell->length; i++)
        quotes |= strchr(special, cell->text[i]) != NULL;
    dae_text_add(text, "%s", quotes ? "\"" : "");
    for (size_t i = 0; i < cell->length; i++) {
        dae_text_add(text, "%c%s", cell->text[i], cell->text[i] == '"' ? "\"" : "");
        i += cell->quoted && cell->text[i] == '"';
    }
    dae_text_add(text, "%s", quotes ? "\"" : "");
}

/* ---- Rows ----------------------------------------------------------------------------------------- */

/* Whether a comment begins here, and not a missing value, #N/A. */
static bool is_comment(const struct dae_csv *csv) {
    struct dae_csv ahead = *csv;
    struct dae_csv_cell cell = {.text = csv->text + csv->at};
    if (peek(csv) != '#')
        return false;
    take_plain(&ahead, &cell);
    trim(csv, &cell);
    return !is_missing(&cell);
}

bool dae_csv_next_row(struct dae_csv *csv) {
    for (;;) {
        skip_blanks(csv);
        if (is_comment(csv))
            while (!is_at_end(csv) && !is_line_end(peek(csv)))
                csv->at++;
        if (is_at_end(csv))
            return false;
        if (!is_line_end(peek(csv)))
            return true;
        take_line_end(csv);
    }
}

enum { SEPARATORS = 4, LOOKED_AT = 100 }; /* of rows */

/* Moves over a row, and counts each of the separators in it, outside of quotes. */
static void count_separators(struct dae_csv *csv, const char *separators, size_t counts[SEPARATORS]) {
    memset(counts, 0, SEPARATORS * sizeof *counts);
    for (bool quoted = false; !is_at_end(csv) && (quoted || !is_line_end(peek(csv))); step(csv)) {
        for (size_t i = 0; i < SEPARATORS; i++)
            counts[i] += !quoted && peek(csv) == separators[i];
        quoted ^= peek(csv) == '"';
    }
}

/* The first separator of which all rows have as many; or that the last row has, as blanks may differ; or,
 * where that has none, the first row: but its blanks are those of a single name. */
static char guess_separator(struct dae_csv csv, const char *separators) {
    size_t first[SEPARATORS], last[SEPARATORS];
    bool steady[SEPARATORS] = {true, true, true, true};
    count_separators(&csv, separators, first);
    memcpy(last, first, sizeof last);
    for (size_t rows = 1; rows < LOOKED_AT && dae_csv_next_row(&csv); rows++) {
        count_separators(&csv, separators, last);
        for (size_t i = 0; i < SEPARATORS; i++)
            steady[i] &= last[i] == first[i];
    }
    for (size_t i = 0; i < SEPARATORS; i++)
        if (steady[i] && first[i] > 0)
            return separators[i];
    for (size_t i = 0; i < SEPARATORS; i++)
        if (last[i] > 0)
            return separators[i];
    for (size_t i = 0; i < SEPARATORS; i++)
        if (first[i] > 0 && separators[i] != ' ')
            return separators[i];
    return separators[1];
}

dae_status dae_csv_begin(struct dae_csv *csv) {
    bool utf16 = csv->size >= 2 &&
                 (memcmp(csv->text, "\xFF\xFE", 2) == 0 || memcmp(csv->text, "\xFE\xFF", 2) == 0);
    if (utf16)
        return dae_fail(DAE_ERROR_UNSUPPORTED, "%s: offset 0: found text in UTF-16, expected UTF-8",
                        csv->name);
    csv->line = 1;
    csv->at = csv->size >= 3 && memcmp(csv->text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    struct dae_csv ahead = *csv;
    if (!dae_csv_next_row(&ahead))
        return dae_fail(DAE_ERROR_FORMAT, "%s: line %zu: the file ends, expected a row of values", csv->name,
                        ahead.line);
    if (csv->separator == 0)
        csv->separator = guess_separator(ahead, csv->point == ',' ? "\t;  " : "\t;, ");
    dae_csv_next_row(csv);
    return DAE_OK;
}
