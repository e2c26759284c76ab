#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

static void make_room(text *t, size_t more) {
    if (t->length + more + 1 > t->room)
        t->bytes = reallocate(t->bytes, t->room = 2 * (t->length + more + 1), 1);
}

static void add_arguments(text *t, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    make_room(t, (size_t)length);
    vsnprintf(t->bytes + t->length, (size_t)length + 1, format, again);
    t->length += (size_t)length;
    va_end(again);
}

void text_add(text *t, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add_arguments(t, format, arguments);
    va_end(arguments);
}

static bool is_plain(const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:@%+";
    return *word != '\0' && word[strspn(word, plain)] == '\0';
}

void text_add_word(text *t, const char *word) {
    if (is_plain(word)) {
        text_add(t, "%s", word);
        return;
    }
    text_add(t, "'");
    for (const char *c = word; *c != '\0'; c++)
        if (*c == '\'')
            text_add(t, "'\\''");
        else
            text_add(t, "%c", *c);
    text_add(t, "'");
}

void text_free(text *t) {
    free(t->bytes);
    *t = (text){0};
}

char *text_take(text *t) {
    make_room(t, 0);
    t->bytes[t->length] = '\0';
    char *bytes = t->bytes;
    *t = (text){0};
    return bytes;
}

char *text_of(const char *format, ...) {
    text t = {0};
    va_list arguments;
    va_start(arguments, format);
    add_arguments(&t, format, arguments);
    va_end(arguments);
    return text_take(&t);
}

void *keep(void *memory) {
    static struct kept {
        struct kept *next;
        void *memory;
    } * all;
    struct kept *one = allocate(1, sizeof *one);
    *one = (struct kept){all, memory};
    all = one;
    return memory;
}

void print_wrapped(const char *words, size_t column, size_t indent, size_t width) {
    bool begins = true; /* a line */
    while (*words != '\0') {
        size_t length = strcspn(words, " \n");
        if (!begins && column + 1 + length > width) {
            printf("\n%*s", (int)indent, "");
            column = indent;
            begins = true;
        }
        printf("%s%.*s", begins ? "" : " ", (int)length, words);
        column += length + !begins;
        begins = false;
        words += length;
        if (*words == '\n') {
            printf("\n%*s", (int)indent, "");
            column = indent;
            begins = true;
        }
        words += *words != '\0';
    }
    printf("\n");
}
