/* dae kinds: what the loaded library has, from its own tables. */
#include "commands.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "say.h"
#include "text.h"

enum { WIDTH = 100, INDENT = 20, MOST_NAMES = 256 };

/* A category, a kind of it or a parameter of that, as far as they are not NULL. */
typedef struct place {
    const char *category, *kind, *parameter;
} place;

static const char *fact(place at, const char *name) {
    const char *answer = NULL;
    worked(dae_kind_get_text(at.category, at.kind, at.parameter, name, &answer));
    return answer;
}

static double number(place at, const char *name) {
    double value = NAN;
    worked(dae_kind_get_number(at.category, at.kind, at.parameter, name, &value));
    return value;
}

/* What is in a place, number `index`; false after the last. */
static bool step_into(place at, size_t index, place *inner) {
    const char *name = NULL;
    if (!worked(dae_kind_list(at.category, at.kind, index, &name)) || name == NULL)
        return false;
    *inner = at.category == NULL ? (place){name, NULL, NULL}
             : at.kind == NULL   ? (place){at.category, name, NULL}
                                 : (place){at.category, at.kind, name};
    return true;
}

static const char *name_of(place at) {
    return at.parameter != NULL ? at.parameter : at.kind != NULL ? at.kind : at.category;
}

/* ---- For people --------------------------------------------------------------------------------------- */

/* "number, 0 to below 1, default 0.5" */
static void add_range(text *t, place at) {
    double low = number(at, "low"), high = number(at, "high");
    const char *words = fact(at, "words"), *of = fact(at, "of"), *usual = fact(at, "default"),
               *other = fact(at, "other");
    text_add(t, "%s", fact(at, "type"));
    if (number(at, "many") != 0)
        text_add(t, "s");
    if (!isnan(low) && low > -1e15)
        text_add(t, ", %s %g", number(at, "open_low") != 0 ? "above" : "from", low);
    if (!isnan(high) && high < 1e15)
        text_add(t, " %s %g", number(at, "open_high") != 0 ? "to below" : "to", high);
    if (words != NULL)
        text_add(t, ", %s", words);
    if (of != NULL)
        text_add(t, "; may be of: dae kinds %s", of);
    if (other != NULL)
        text_add(t, "; or %s", other);
    if (usual != NULL)
        text_add(t, "; default %s", usual);
}

static void print_line(place at) {
    const char *what = fact(at, "what");
    text line = {0};
    text_add(&line, "%s", what != NULL ? what : "");
    if (at.parameter != NULL) {
        text_add(&line, " (");
        add_range(&line, at);
        text_add(&line, ")");
    }
    printf("%-*s ", INDENT - 1, name_of(at));
    if (strlen(name_of(at)) >= INDENT)
        printf("\n%*s", INDENT, "");
    char *words = text_take(&line);
    print_wrapped(words, INDENT, INDENT, WIDTH);
    free(words);
}

static void print_place(place at, bool names_only) {
    place inner;
    if (at.kind != NULL && !names_only) {
        const char *example = fact(at, "example");
        print_wrapped(fact(at, "what"), 0, 0, WIDTH);
        if (example != NULL)
            printf("\n  %s\n", example);
        if (step_into(at, 0, &inner))
            printf("\n");
    }
    for (size_t i = 0; step_into(at, i, &inner); i++)
        if (names_only)
            printf("%s\n", name_of(inner));
        else
            print_line(inner);
}

/* ---- For programs ------------------------------------------------------------------------------------- */

static void write_place(place at) {
    static const char *const texts[] = {"what",  "then",    "example", "type", "of",
                                        "words", "default", "other",   "since"};
    static const char *const numbers[] = {"low", "high", "open_low", "open_high", "by_place", "many"};
    json_text("name", name_of(at));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *value = fact(at, texts[i]);
        if (value != NULL)
            json_text(texts[i], value);
    }
    for (size_t i = 0; at.parameter != NULL && i < sizeof numbers / sizeof numbers[0]; i++) {
        double value = number(at, numbers[i]);
        if (!isnan(value))
            json_number(numbers[i], value);
    }
}

/* A place and all that is in it. */
static void write_all(place at) {
    static const char *const parts[] = {"categories", "kinds", "parameters"};
    place inner;
    if (at.category != NULL)
        write_place(at);
    if (at.parameter != NULL || !step_into(at, 0, &inner))
        return;
    json_begin(parts[(at.category != NULL) + (at.kind != NULL)], '[');
    for (size_t i = 0; step_into(at, i, &inner); i++) {
        json_begin(NULL, '{');
        write_all(inner);
        json_end('}');
    }
    json_end(']');
}

/* ---- The command -------------------------------------------------------------------------------------- */

/* The name as the library has it, or NULL, which is told. */
static const char *find(place at, const char *word) {
    const char *names[MOST_NAMES];
    size_t count = 0;
    place inner;
    for (; count < MOST_NAMES && step_into(at, count, &inner); count++) {
        names[count] = name_of(inner);
        if (strcmp(names[count], word) == 0)
            return names[count];
    }
    const char *near = nearest_word(word, names, count);
    const char *of = at.category != NULL ? at.category : "category";
    if (near != NULL)
        complain("there is no %s '%s'; did you mean '%s'?", of, word, near);
    else
        complain("there is no %s '%s': dae kinds%s%s lists what there is", of, word,
                 at.category != NULL ? " " : "", at.category != NULL ? at.category : "");
    return NULL;
}

int command_kinds(arguments *a) {
    place at = {0};
    if (a->operand_count > 0 && (at.category = find(at, a->operands[0])) == NULL)
        return STATUS_USAGE;
    if (a->operand_count > 1 && (at.kind = find(at, a->operands[1])) == NULL)
        return STATUS_USAGE;
    if (a->text[OPTION_JSON] != NULL) {
        json_begin(NULL, '{');
        write_all(at);
        json_end('}');
    } else {
        print_place(at, loudness == QUIET);
    }
    return STATUS_DONE;
}
