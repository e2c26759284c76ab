/* A text that grows, and what is done with texts. */
#ifndef DAE_TEXT_H
#define DAE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct text {
    char *bytes; /* ends with a zero; NULL while it is empty */
    size_t length, room;
} text;

void text_add(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds a word of a command line, in quotes where a shell needs them. */
void text_add_word(text *t, const char *word);

void text_free(text *t);

/* The bytes, which are the caller's to free. */
char *text_take(text *t);

/* A copy of `format` filled in, the caller's to free. */
char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Keeps a text, or other memory, until the program ends. Returns it. */
void *keep(void *memory);

/* Prints `words` in lines of at most `width`, each but the first after `indent` blanks; the first begins at
 * `column`. */
void print_wrapped(const char *words, size_t column, size_t indent, size_t width);

#endif
