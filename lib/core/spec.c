#include "core/spec.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#undef dae_spec_fail /* a macro for the analyzer */
dae_status dae_spec_fail(const struct dae_spec_reader *reader, size_t position, const char *format, ...) {
    char reason[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    return dae_fail(DAE_ERROR_FORMAT, "%s, position %zu: %s", reader->what, position + 1, reason);
}

/* The next character that is not a space. */
static char peek(struct dae_spec_reader *reader) {
    while (reader->text[reader->position] != '\0' && strchr(" \t\r\n", reader->text[reader->position]))
        reader->position++;
    return reader->text[reader->position];
}

static bool is_word(char c, bool first) {
    return (c >= 'a' && c <= 'z') || c == '_' || (!first && c >= '0' && c <= '9');
}

static dae_status expected(const struct dae_spec_reader *reader, const char *what) {
    char found = reader->text[reader->position];
    if (found == '\0')
        return dae_spec_fail(reader, reader->position, "found the end of the text, expected %s", what);
    if (found < ' ' || found > '~')
        return dae_spec_fail(reader, reader->position, "found byte 0x%02X, expected %s", (unsigned char)found,
                             what);
    return dae_spec_fail(reader, reader->position, "found '%c', expected %s", found, what);
}

static dae_status read_word(struct dae_spec_reader *reader, char word[DAE_SPEC_NAME_SIZE], const char *what) {
    if (!is_word(peek(reader), true))
        return expected(reader, what);
    size_t length = 0;
    while (is_word(reader->text[reader->position + length], length == 0))
        length++;
    if (length >= DAE_SPEC_NAME_SIZE)
        return dae_spec_fail(reader, reader->position, "found a word of %zu letters, expected %s", length,
                             what);
    memcpy(word, reader->text + reader->position, length);
    word[length] = '\0';
    reader->position += length;
    return DAE_OK;
}

static dae_status read_value(struct dae_spec_reader *reader, struct dae_spec_argument *argument) {
    peek(reader);
    const char *text = reader->text + reader->position;
    size_t length = dae_text_read_number(text, strlen(text), &argument->number);
    argument->is_number = length > 0;
    if (length == 0)
        return read_word(reader, argument->word, "a value");
    reader->position += length;
    return DAE_OK;
}

static dae_status read_argument(struct dae_spec_reader *reader, struct dae_spec_argument *argument) {
    *argument = (struct dae_spec_argument){0};
    peek(reader);
    argument->position = reader->position;
    DAE_TRY(read_value(reader, argument));
    if (peek(reader) != '=')
        return DAE_OK;
    if (argument->is_number)
        return expected(reader, "',' or ')'");
    reader->position++;
    memcpy(argument->name, argument->word, sizeof argument->name);
    argument->word[0] = '\0';
    return read_value(reader, argument);
}

static dae_status read_arguments(struct dae_spec_reader *reader, struct dae_spec_step *step) {
    if (peek(reader) != '(') /* all defaults */
        return DAE_OK;
    reader->position++;
    if (peek(reader) == ')') {
        reader->position++;
        return DAE_OK;
    }
    for (;;) {
        if (step->argument_count == DAE_SPEC_MAX_ARGUMENTS)
            return dae_spec_fail(reader, reader->position, "found more than %d parameters",
                                 DAE_SPEC_MAX_ARGUMENTS);
        DAE_TRY(read_argument(reader, &step->arguments[step->argument_count++]));
        char next = peek(reader);
        if (next != ',' && next != ')')
            return expected(reader, "',' or ')'");
        reader->position++;
        if (next == ')')
            return DAE_OK;
    }
}

dae_status dae_spec_next(struct dae_spec_reader *reader, struct dae_spec_step *step, bool *more) {
    *more = peek(reader) != '\0';
    if (!*more)
        return DAE_OK;
    if (reader->started) {
        if (peek(reader) != '|')
            return expected(reader, "'|' or the end of the text");
        reader->position++;
        peek(reader);
    }
    reader->started = true;
    *step = (struct dae_spec_step){.position = reader->position};
    DAE_TRY(read_word(reader, step->name, "a name"));
    return read_arguments(reader, step);
}

dae_status dae_spec_only(struct dae_spec_reader *reader, struct dae_spec_step *step) {
    bool more;
    DAE_TRY(dae_spec_next(reader, step, &more));
    if (!more)
        return expected(reader, "a name");
    return peek(reader) == '\0' ? DAE_OK : expected(reader, "the end of the text");
}

/* ---- Kinds of steps ------------------------------------------------------------------------------- */

static size_t find_parameter(const struct dae_spec_kind *kind, const char *name) {
    size_t i = 0;
    while (i < kind->parameter_count && strcmp(kind->parameters[i].name, name) != 0)
        i++;
    return i;
}

/* Puts the arguments of a step where they belong; NAN stands for those not given. */
static dae_status place_arguments(const struct dae_spec_reader *reader, const struct dae_spec_step *step,
                                  const struct dae_spec_kind *kind, double *values) {
    bool named = false;
    for (size_t a = 0; a < step->argument_count; a++) {
        const struct dae_spec_argument *argument = &step->arguments[a];
        if (!argument->is_number)
            return dae_spec_fail(reader, argument->position, "found '%s', expected a number", argument->word);
        if (named && argument->name[0] == '\0')
            return dae_spec_fail(reader, argument->position,
                                 "found a value without a name behind a named one");
        named = argument->name[0] != '\0';
        size_t place = named ? find_parameter(kind, argument->name) : a;
        if (place >= kind->parameter_count)
            return named ? dae_spec_fail(reader, argument->position, "%s has no parameter %s", kind->name,
                                         argument->name)
                         : dae_spec_fail(reader, argument->position, "%s has no more than %zu parameters",
                                         kind->name, kind->parameter_count);
        if (!isnan(values[place]))
            return dae_spec_fail(reader, argument->position, "%s of %s is given twice",
                                 kind->parameters[place].name, kind->name);
        values[place] = argument->number;
    }
    return DAE_OK;
}

dae_status dae_spec_read_parameters(const struct dae_spec_reader *reader, const struct dae_spec_step *step,
                                    const struct dae_spec_kind *kind, double *values) {
    for (size_t i = 0; i < kind->parameter_count; i++)
        values[i] = NAN;
    DAE_TRY(place_arguments(reader, step, kind, values));
    for (size_t i = 0; i < kind->parameter_count; i++) {
        if (isnan(values[i]) && !kind->parameters[i].has_default)
            return dae_spec_fail(reader, step->position, "%s needs %s", kind->name, kind->parameters[i].name);
        if (isnan(values[i]))
            values[i] = kind->parameters[i].fallback;
    }
    return DAE_OK;
}

dae_status dae_spec_check(const struct dae_spec_kind *kind, const double *values, const char *context) {
    const char *expected_values = kind->check != NULL ? kind->check(values) : NULL;
    if (expected_values == NULL)
        return DAE_OK;
    char buffer[256] = "";
    struct dae_text found = {buffer, sizeof buffer, 0};
    for (size_t i = 0; i < kind->parameter_count; i++)
        dae_text_add(&found, "%s%s = %g", i > 0 ? ", " : "", kind->parameters[i].name, values[i]);
    return dae_fail(DAE_ERROR_ARGUMENT, "%s: found %s, expected %s", context, buffer, expected_values);
}

void dae_spec_write(struct dae_text *text, const struct dae_spec_kind *kind, const double *values) {
    dae_text_add(text, "%s", kind->name);
    for (size_t i = 0; i < kind->parameter_count; i++) {
        dae_text_add(text, "%s%s=", i > 0 ? ", " : "(", kind->parameters[i].name);
        dae_text_add_number(text, values[i]);
    }
    if (kind->parameter_count > 0)
        dae_text_add(text, ")");
}
