#include "json.h"

#include <math.h>
#include <stdio.h>

#include <dae.h>

static int depth;
static bool is_first = true; /* in what is open */

static void print_string(const char *value) {
    putchar('"');
    for (const unsigned char *c = (const unsigned char *)value; *c != '\0'; c++)
        if (*c == '"' || *c == '\\')
            printf("\\%c", *c);
        else if (*c < 0x20)
            printf("\\u%04x", (unsigned)*c);
        else
            putchar(*c);
    putchar('"');
}

static void start(const char *name) {
    if (depth > 0)
        printf("%s\n%*s", is_first ? "" : ",", 2 * depth, "");
    is_first = false;
    if (name != NULL) {
        print_string(name);
        printf(": ");
    }
}

void json_begin(const char *name, char bracket) {
    start(name);
    putchar(bracket);
    depth++;
    is_first = true;
}

void json_end(char bracket) {
    depth--;
    if (!is_first)
        printf("\n%*s", 2 * depth, "");
    putchar(bracket);
    is_first = false;
    if (depth == 0) {
        putchar('\n');
        is_first = true;
    }
}

void json_text(const char *name, const char *value) {
    start(name);
    if (value != NULL)
        print_string(value);
    else
        printf("null");
}

void json_number(const char *name, double value) {
    char digits[64];
    start(name);
    if (isfinite(value) && dae_recipe_fill(digits, sizeof digits, NULL, "?", &value, 1) == DAE_OK)
        printf("%s", digits);
    else
        printf("null");
}

void json_flag(const char *name, bool value) {
    start(name);
    printf(value ? "true" : "false");
}

void json_shape(const char *name, const size_t *shape, size_t rank) {
    start(name);
    for (size_t i = 0; i < rank; i++)
        if (shape[i] > 0)
            printf("%s%zu", i == 0 ? "[" : ", ", shape[i]);
        else
            printf("%snull", i == 0 ? "[" : ", ");
    printf("]");
}
