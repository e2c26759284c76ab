/* The command line. */
#define _DEFAULT_SOURCE
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

/* ---- Words that are nearly right ---------------------------------------------------------------------- */

enum { LONGEST_WORD = 32 };

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Letters to change, add or leave out (Levenshtein's distance). */
static size_t distance(const char *a, const char *b) {
    size_t row[LONGEST_WORD + 1], length = least(strlen(b), LONGEST_WORD);
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; i < LONGEST_WORD && a[i] != '\0'; i++) {
        size_t corner = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            size_t changed = corner + (a[i] != b[j]);
            corner = row[j + 1];
            row[j + 1] = least(changed, least(row[j], row[j + 1]) + 1);
        }
    }
    return row[length];
}

const char *nearest_word(const char *word, const char *const *words, size_t count) {
    const char *best = NULL;
    size_t best_distance = strlen(word) / 3 + 2;
    for (size_t i = 0; i < count; i++) {
        size_t d = distance(word, words[i]);
        if (d < best_distance) {
            best_distance = d;
            best = words[i];
        }
    }
    return best;
}

static const command *find_command(const char *name) {
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        names[i] = commands[i].name;
        if (strcmp(name, names[i]) == 0)
            return &commands[i];
    }
    const char *near = nearest_word(name, names, COMMAND_COUNT);
    if (near != NULL)
        complain("there is no command '%s'; did you mean '%s'?", name, near);
    else
        complain("there is no command '%s': dae --help lists them", name);
    return NULL;
}

/* `word` begins with dashes. */
static void complain_unknown(const command *of, const char *word) {
    const char *names[OPTION_COUNT];
    size_t count = 0, length = strcspn(word, "=");
    char name[LONGEST_WORD + 1];
    snprintf(name, sizeof name, "%.*s", (int)length, word);
    for (enum option_id id = 0; id < OPTION_COUNT; id++)
        if (option_is_of(id, of))
            names[count++] = options[id].name;
    const char *near = nearest_word(name + strspn(name, "-"), names, count);
    if (near != NULL)
        complain("%s has no option '%s'; did you mean --%s?", of->name, name, near);
    else
        complain("%s has no option '%s': dae %s --help lists them", of->name, name, of->name);
}

/* ---- Values ------------------------------------------------------------------------------------------- */

static bool read_number(const char *text, double *number, const char **end) {
    char *stop;
    errno = 0;
    *number = strtod(text, &stop);
    *end = stop;
    return stop != text && errno == 0 && isfinite(*number) && !isspace((unsigned char)text[0]);
}

static bool read_time(const char *text, double *seconds) {
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    const char *unit;
    if (!read_number(text, seconds, &unit))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(unit, units[i].unit) == 0) {
            *seconds *= units[i].seconds;
            return true;
        }
    return false;
}

static bool is_word_of(const char *text, const char *words) {
    size_t length = strlen(text);
    for (const char *at = words; length > 0 && (at = strstr(at, text)) != NULL; at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

static bool set_number(arguments *parsed, enum option_id id, const char *text) {
    const option_row *row = &options[id];
    const char *end = "";
    double number = 0;
    bool read = row->value == VALUE_TIME ? read_time(text, &number)
                                         : read_number(text, &number, &end) && *end == '\0';
    if (!read || number < row->low || number > row->high ||
        (row->value == VALUE_COUNT && number != floor(number)))
        return complain("--%s is '%s', expected %s from %.15g to %.15g%s", row->name, text,
                        row->value == VALUE_COUNT  ? "a whole number"
                        : row->value == VALUE_TIME ? "a time with its unit, as 90s, 10m or 2h,"
                                                   : "a number",
                        row->low, row->high, row->value == VALUE_TIME ? " seconds" : "");
    parsed->number[id] = number;
    return true;
}

static bool add_recordings(arguments *parsed, const char *text) {
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text || equals[1] == '\0')
        return complain("--recordings is '%s', expected NAME=PATH, as in street=street/", text);
    if (parsed->recording_count == MOST_RECORDINGS)
        return complain("--recordings is given more than %d times", MOST_RECORDINGS);
    parsed->recordings[parsed->recording_count++] = text;
    return true;
}

static bool check_value(arguments *parsed, enum option_id id, const char *text) {
    const option_row *row = &options[id];
    switch (row->value) {
    case VALUE_NONE:
    case VALUE_TEXT:
    case VALUE_RECIPE:
        return true;
    case VALUE_PATH:
        return *text != '\0' || complain("--%s is empty, expected a path", row->name);
    case VALUE_NAMED_PATH:
        return add_recordings(parsed, text);
    case VALUE_COUNT:
    case VALUE_NUMBER:
    case VALUE_TIME:
        return set_number(parsed, id, text);
    case VALUE_WORD:
        return is_word_of(text, row->words) ||
               complain("--%s is '%s', expected one of: %s", row->name, text, row->words);
    }
    return false;
}

bool arguments_set(arguments *parsed, enum option_id id, const char *text) {
    if (!check_value(parsed, id, text))
        return false;
    parsed->text[id] = text;
    return true;
}

void arguments_start(arguments *parsed, const command *of) {
    *parsed = (arguments){.command = of};
    for (enum option_id id = 0; id < OPTION_COUNT; id++)
        if (options[id].usual != NULL && option_is_of(id, of))
            arguments_set(parsed, id, options[id].usual);
}

/* ---- Words of the command line ------------------------------------------------------------------------ */

enum { FIRST_CODE = 256, MOST_LETTERS = 2 * OPTION_COUNT + 3 };

/* What getopt_long() takes, of a command's options; a long option has the code FIRST_CODE + its id. */
struct known {
    struct option rows[OPTION_COUNT + 1];
    char letters[MOST_LETTERS];
};

static void list_known(struct known *known, const command *of) {
    struct option *row = known->rows;
    char *letter = known->letters;
    *letter++ = ':'; /* a missing value is told from an option that is not known */
    for (enum option_id id = 0; id < OPTION_COUNT; id++) {
        if (!option_is_of(id, of))
            continue;
        int takes = options[id].value == VALUE_NONE ? no_argument : required_argument;
        *row++ = (struct option){options[id].name, takes, NULL, FIRST_CODE + (int)id};
        if (options[id].letter != 0) {
            *letter++ = options[id].letter;
            if (takes == required_argument)
                *letter++ = ':';
        }
    }
    *row = (struct option){0};
    *letter = '\0';
}

static enum option_id find_letter(const command *of, int letter) {
    enum option_id id = 0;
    while (id < OPTION_COUNT && !(options[id].letter == letter && option_is_of(id, of)))
        id++;
    return id;
}

/* What getopt_long() does not take: `word` is what it has read last. */
static bool complain_word(const command *of, const char *word, int code) {
    char letter[3] = {'-', (char)optopt, '\0'};
    const char *name = strncmp(word, "--", 2) == 0 || optopt == 0 ? word : letter;
    if (code == ':')
        complain("%s needs a value: dae %s --help says which", name, of->name);
    else if (optopt >= FIRST_CODE)
        complain("--%s takes no value, found '%s'", options[optopt - FIRST_CODE].name, word);
    else
        complain_unknown(of, name);
    return false;
}

static bool check_operands(const arguments *parsed) {
    const command *of = parsed->command;
    if (parsed->operand_count < of->least &&
        !(of == &commands[COMMAND_TRAIN] && parsed->text[OPTION_RESUME] != NULL))
        return complain("%s needs %s: usage: dae %s [OPTIONS] %s", of->name,
                        parsed->operand_count == 0 ? of->operands : "more operands", of->name, of->operands);
    if (parsed->operand_count > of->most)
        return complain("'%s' is too much: usage: dae %s [OPTIONS] %s", parsed->operands[of->most], of->name,
                        of->operands);
    return true;
}

static bool read_options(arguments *parsed, int argc, char **argv) {
    struct known known = {.letters = ""};
    int code;
    list_known(&known, parsed->command);
    opterr = 0;
    while ((code = getopt_long(argc, argv, known.letters, known.rows, NULL)) != -1) {
        if (code == '?' || code == ':')
            return complain_word(parsed->command, argv[optind - 1], code);
        enum option_id id = code >= FIRST_CODE ? (enum option_id)(code - FIRST_CODE)
                                               : find_letter(parsed->command, code);
        if (!arguments_set(parsed, id, optarg != NULL ? optarg : ""))
            return false;
        parsed->given[id] = true;
    }
    parsed->operands = argv + optind;
    parsed->operand_count = (size_t)(argc - optind);
    return true;
}

static int print_version(void) {
    char what[256];
    if (!worked(dae_runtime_describe(what, sizeof what, NULL)))
        return STATUS_FAILED;
    printf("dae, with %s\n", what);
    return finish_output(STATUS_DONE);
}

int arguments_parse(arguments *parsed, int argc, char **argv) {
    const char *first = argc > 1 ? argv[1] : "--help";
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 || strcmp(first, "help") == 0) {
        const command *of = argc > 2 ? find_command(argv[2]) : NULL;
        if (argc > 2 && of == NULL)
            return STATUS_USAGE;
        print_help(of);
        return argc > 1 ? finish_output(STATUS_DONE) : STATUS_USAGE;
    }
    if (strcmp(first, "--version") == 0)
        return print_version();
    const command *of = find_command(first);
    if (of == NULL)
        return STATUS_USAGE;
    arguments_start(parsed, of);
    if (!read_options(parsed, argc - 1, argv + 1))
        return STATUS_USAGE;
    if (parsed->text[OPTION_HELP] != NULL) {
        print_help(of);
        return finish_output(STATUS_DONE);
    }
    if (parsed->text[OPTION_VERSION] != NULL)
        return print_version();
    return check_operands(parsed) ? ARGUMENTS_RUN : STATUS_USAGE;
}
