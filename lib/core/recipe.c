#include "core/recipe.h"
#include "core/memory.h"

#include <dae/recipe.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Reading ------------------------------------------------------------------------------------ */

/* A text is read twice: without `nodes`, to check it and to count what it needs, and then to fill them in. */
struct reader {
    const char *what, *text;
    size_t length, position, depth;
    struct dae_syntax *nodes;
    size_t node_count;
    char *words; /* each ended by a zero */
    size_t word_bytes;
    struct dae_syntax unused; /* what is written while counting */
};

/* Moves to the next character that is neither space nor comment. */
static char peek(struct reader *reader) {
    const char *at = reader->text + reader->position;
    while (*at != '\0' && strchr(" \t\r\n#", *at) != NULL)
        at += *at == '#' ? strcspn(at, "\n") : 1;
    reader->position = (size_t)(at - reader->text);
    return *at;
}

static bool take(struct reader *reader, char c) {
    bool found = peek(reader) == c;
    reader->position += found;
    return found;
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_letter_or_digit(char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
}

/* Length of the word at the start of a text; 0 if there is none. */
static size_t scan_word(const char *text) {
    size_t length = 0;
    if (is_letter(text[0]))
        while (is_letter_or_digit(text[length]) ||
               (text[length] == '.' && is_letter_or_digit(text[length + 1])))
            length++;
    return length;
}

static dae_status expected(const struct reader *reader, const char *what) {
    char found = reader->text[reader->position];
    if (found == '\0')
        return dae_fail_at(DAE_ERROR_FORMAT, reader->what, reader->position,
                           "found the end of the text, expected %s", what);
    if (found < ' ' || found > '~')
        return dae_fail_at(DAE_ERROR_FORMAT, reader->what, reader->position, "found byte 0x%02X, expected %s",
                           (unsigned char)found, what);
    return dae_fail_at(DAE_ERROR_FORMAT, reader->what, reader->position, "found '%c', expected %s", found,
                       what);
}

static dae_status too_many(const struct reader *reader, const char *what, int most) {
    return dae_fail_at(DAE_ERROR_FORMAT, reader->what, reader->position, "found more than %d %s", most, what);
}

static dae_status read_word(struct reader *reader, const char **word, const char *what) {
    peek(reader);
    const char *found = reader->text + reader->position;
    size_t length = scan_word(found);
    if (length == 0)
        return expected(reader, what);
    if (length > DAE_RECIPE_MAX_WORD)
        return dae_fail_at(DAE_ERROR_FORMAT, reader->what, reader->position,
                           "found a word of %zu letters, expected at most %d", length, DAE_RECIPE_MAX_WORD);
    if (reader->nodes != NULL) {
        *word = reader->words + reader->word_bytes;
        memcpy(reader->words + reader->word_bytes, found, length); /* zeros follow */
    }
    reader->word_bytes += length + 1;
    reader->position += length;
    return DAE_OK;
}

/* A node for what begins here, after those that end at *tail. */
static struct dae_syntax *add_node(struct reader *reader, const struct dae_syntax ***tail) {
    peek(reader);
    struct dae_syntax *node = reader->nodes != NULL ? &reader->nodes[reader->node_count] : &reader->unused;
    reader->node_count++;
    node->position = reader->position;
    **tail = node;
    *tail = &node->next;
    return node;
}

static dae_status read_steps(struct reader *reader, struct dae_syntax *parent);

static dae_status read_value(struct reader *reader, struct dae_syntax *value);

static dae_status read_list(struct reader *reader, struct dae_syntax *list) {
    const struct dae_syntax **tail = &list->first;
    list->type = DAE_SYNTAX_LIST;
    if (take(reader, ']'))
        return DAE_OK;
    do
        DAE_TRY(read_value(reader, add_node(reader, &tail)));
    while (take(reader, ','));
    return take(reader, ']') ? DAE_OK : expected(reader, "',' or ']'");
}

static dae_status read_number(struct reader *reader, struct dae_syntax *value, double number, size_t length) {
    reader->position += length;
    value->type = DAE_SYNTAX_NUMBER;
    value->number = number;
    return take(reader, ':') ? read_steps(reader, value) : DAE_OK;
}

static dae_status read_value(struct reader *reader, struct dae_syntax *value) {
    char next = peek(reader);
    double number;
    size_t length = dae_text_read_number(reader->text + reader->position, reader->length - reader->position,
                                         &number);
    if (length > 0 && !isfinite(number))
        return dae_fail_at(DAE_ERROR_ARGUMENT, reader->what, reader->position,
                           "found %.*s, expected a number of at most 1.7e308", (int)length,
                           reader->text + reader->position);
    if (length > 0)
        return read_number(reader, value, number, length);
    if (next == '?')
        return expected(reader, "a value: dae_recipe_fill() puts numbers there");
    if (next != '[' && !is_letter(next))
        return expected(reader, "a value");
    if (next != '[') {
        value->type = DAE_SYNTAX_STEPS;
        return read_steps(reader, value);
    }
    reader->position++;
    if (++reader->depth > DAE_RECIPE_MAX_DEPTH)
        return too_many(reader, "levels", DAE_RECIPE_MAX_DEPTH);
    DAE_TRY(read_list(reader, value));
    reader->depth--;
    return DAE_OK;
}

/* Whether a word and '=' come next. */
static bool is_named(struct reader *reader) {
    peek(reader);
    struct reader ahead = *reader;
    ahead.position += scan_word(ahead.text + ahead.position);
    return ahead.position > reader->position && peek(&ahead) == '=';
}

static dae_status read_argument(struct reader *reader, struct dae_syntax *argument) {
    if (is_named(reader)) {
        DAE_TRY(read_word(reader, &argument->name, "a name"));
        take(reader, '=');
    }
    return read_value(reader, argument);
}

static dae_status read_arguments(struct reader *reader, struct dae_syntax *step) {
    const struct dae_syntax **tail = &step->first;
    int count = 0;
    if (take(reader, ')'))
        return DAE_OK;
    do {
        if (count++ == DAE_RECIPE_MAX_ARGUMENTS)
            return too_many(reader, "arguments", DAE_RECIPE_MAX_ARGUMENTS);
        DAE_TRY(read_argument(reader, add_node(reader, &tail)));
    } while (take(reader, ','));
    return take(reader, ')') ? DAE_OK : expected(reader, "',' or ')'");
}

static bool has_label(struct reader *reader) {
    peek(reader);
    const char *at = reader->text + reader->position;
    return scan_word(at) == 2 && memcmp(at, "as", 2) == 0;
}

static dae_status read_step(struct reader *reader, struct dae_syntax *step) {
    step->type = DAE_SYNTAX_STEP;
    DAE_TRY(read_word(reader, &step->name, "a name"));
    if (take(reader, '(')) {
        if (++reader->depth > DAE_RECIPE_MAX_DEPTH)
            return too_many(reader, "levels", DAE_RECIPE_MAX_DEPTH);
        DAE_TRY(read_arguments(reader, step));
        reader->depth--;
    }
    if (!has_label(reader))
        return DAE_OK;
    reader->position += 2;
    return read_word(reader, &step->label, "a label");
}

static dae_status read_steps(struct reader *reader, struct dae_syntax *parent) {
    const struct dae_syntax **tail = &parent->first;
    do
        DAE_TRY(read_step(reader, add_node(reader, &tail)));
    while (take(reader, '|'));
    return DAE_OK;
}

static dae_status read_recipe(struct reader *reader) {
    struct dae_syntax *root = reader->nodes != NULL ? reader->nodes : &reader->unused;
    reader->position = reader->word_bytes = 0;
    reader->node_count = 1;
    root->type = DAE_SYNTAX_STEPS;
    if (peek(reader) != '\0')
        DAE_TRY(read_steps(reader, root));
    return peek(reader) == '\0' ? DAE_OK : expected(reader, "'|' or the end of the text");
}

dae_status dae_recipe_read(struct dae_syntax **out, const char *what, const char *text) {
    struct reader reader = {.what = what, .text = text, .length = strlen(text)};
    DAE_TRY(read_recipe(&reader));
    size_t word_nodes = reader.word_bytes / sizeof *reader.nodes + 1;
    reader.nodes = dae_allocate(reader.node_count + word_nodes, sizeof *reader.nodes);
    if (reader.nodes == NULL)
        return DAE_ERROR_MEMORY;
    reader.words = (char *)(reader.nodes + reader.node_count);
    read_recipe(&reader);
    *out = reader.nodes;
    return DAE_OK;
}

/* ---- Writing ------------------------------------------------------------------------------------ */

static void write_all(struct dae_text *text, const struct dae_syntax *first, const char *between) {
    for (const struct dae_syntax *syntax = first; syntax != NULL; syntax = syntax->next) {
        dae_text_add(text, "%s", syntax == first ? "" : between);
        if (syntax->type != DAE_SYNTAX_STEP && syntax->name != NULL)
            dae_text_add(text, "%s=", syntax->name);
        dae_recipe_write(text, syntax);
    }
}

static void write_step(struct dae_text *text, const struct dae_syntax *step) {
    dae_text_add(text, "%s", step->name);
    if (step->first != NULL) {
        dae_text_add(text, "(");
        write_all(text, step->first, ", ");
        dae_text_add(text, ")");
    }
    if (step->label != NULL)
        dae_text_add(text, " as %s", step->label);
}

void dae_recipe_write(struct dae_text *text, const struct dae_syntax *syntax) {
    switch (syntax->type) {
    case DAE_SYNTAX_STEP:
        write_step(text, syntax);
        return;
    case DAE_SYNTAX_NUMBER:
        dae_text_add_number(text, syntax->number);
        dae_text_add(text, "%s", syntax->first != NULL ? ": " : "");
        break;
    case DAE_SYNTAX_LIST:
        dae_text_add(text, "[");
        write_all(text, syntax->first, ", ");
        dae_text_add(text, "]");
        return;
    case DAE_SYNTAX_STEPS:
        break;
    }
    write_all(text, syntax->first, " | ");
}

/* ---- Numbers put into a text -------------------------------------------------------------------- */

struct filling {
    const char *text;
    const double *values;
};

/* Length of what stands before the next '?' outside of comments, or before the end. */
static size_t before_gap(const char *text) {
    size_t length = 0;
    while (text[length] != '\0' && text[length] != '?')
        length += text[length] == '#' ? strcspn(text + length, "\n") : 1;
    return length;
}

static size_t count_gaps(const char *text) {
    size_t count = 0;
    for (text += before_gap(text); *text != '\0'; text += 1 + before_gap(text + 1))
        count++;
    return count;
}

static void write_filled(struct dae_text *text, const void *object) {
    const struct filling *filling = object;
    const double *value = filling->values;
    const char *at = filling->text;
    for (;;) {
        size_t length = before_gap(at);
        for (size_t i = 0; i < length; i++)
            dae_text_add(text, "%c", at[i]);
        if (at[length] == '\0')
            return;
        dae_text_add_number(text, *value++);
        at += length + 1;
    }
}

dae_status dae_recipe_fill(char *buffer, size_t capacity, size_t *length, const char *text,
                           const double *values, size_t count) {
    DAE_REQUIRE(text);
    if (count > 0)
        DAE_REQUIRE(values);
    size_t gaps = count_gaps(text);
    if (gaps != count)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_recipe_fill: count is %zu, expected %zu: as many as the text has '?'", count,
                        gaps);
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return dae_fail(DAE_ERROR_ARGUMENT,
                            "dae_recipe_fill: values[%zu] is %g, expected a finite number", i, values[i]);
    return dae_text_deliver(write_filled, &(struct filling){text, values}, buffer, capacity, length,
                            __func__);
}
