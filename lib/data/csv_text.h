/* Text in rows of cells, as RFC 4180 has it and as spreadsheets and programs write it. */
#ifndef DAE_DATA_CSV_TEXT_H
#define DAE_DATA_CSV_TEXT_H

#include "core/text.h"

/* The text, being read. */
struct dae_csv {
    const char *name; /* of the file: begins messages */
    const char *text;
    size_t size, at;
    size_t line;    /* in which `at` is, from 1 */
    char separator; /* ' ': any number of blanks */
    char point;     /* of numbers: '.' or ',' */
};

/* What stands in a cell, without its quotes and the blanks around it. */
struct dae_csv_cell {
    const char *text; /* a quote within quotes is doubled */
    size_t length;
    size_t line;
    bool quoted;
    bool last; /* of its row */
};

/* The text of a file from its first row on. A separator of 0 becomes the first of tab, semicolon, comma, if
 * that is not the decimal point, and blank of which all rows have as many. */
dae_status dae_csv_begin(struct dae_csv *csv);

/* Moves to the next row, over blank lines and comments, which begin with #; false at the end. */
bool dae_csv_next_row(struct dae_csv *csv);

/* Reads the next cell of a row, and takes the end of the line with the last one. */
dae_status dae_csv_next_cell(struct dae_csv *csv, struct dae_csv_cell *cell);

/* The number in a cell, NaN where it is missing; false for anything else. */
bool dae_csv_read_number(const struct dae_csv *csv, const struct dae_csv_cell *cell, double *number);

/* Writes what stands in a cell as a name, in quotes where it has to be. */
void dae_csv_write_name(struct dae_text *text, const struct dae_csv_cell *cell, char separator);

#endif
