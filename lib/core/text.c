#include "core/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = 64 };

void dae_text_add(struct dae_text *text, const char *format, ...) {
    bool full = text->length >= text->capacity;
    va_list arguments;
    va_start(arguments, format);
    int added = vsnprintf(full ? NULL : text->data + text->length, full ? 0 : text->capacity - text->length,
                          format, arguments);
    va_end(arguments);
    text->length += added > 0 ? (size_t)added : 0;
}

/* printf() and strtod() use the decimal point of the host's locale, which may be several bytes. Every
 * byte of a printed number that is not one of these belongs to it. */
static bool is_plain(char c) {
    return c != '\0' && strchr("0123456789+-eEinfa", c) != NULL;
}

static void print_number(char out[NUMBER_SIZE], int digits, double number) {
    char local[NUMBER_SIZE];
    snprintf(local, sizeof local, "%.*g", digits, number);
    size_t length = 0;
    for (const char *c = local; *c != '\0'; c++)
        if (is_plain(*c))
            out[length++] = *c;
        else if (length > 0 && out[length - 1] != '.')
            out[length++] = '.';
    out[length] = '\0';
}

void dae_text_add_number(struct dae_text *text, double number) {
    char printed[NUMBER_SIZE];
    if (fabs(number) < 1e15 && number == floor(number)) {
        dae_text_add(text, "%.0f", number);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        double back;
        print_number(printed, digits, number);
        if (dae_text_read_number(printed, strlen(printed), &back) > 0 && back == number)
            break;
    }
    dae_text_add(text, "%s", printed);
}

void dae_text_add_count(struct dae_text *text, size_t count) {
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%zu", count);
    for (int i = 0; i < length; i++)
        dae_text_add(text, "%s%c", i > 0 && (length - i) % 3 == 0 ? "," : "", digits[i]);
}

void dae_text_add_item(struct dae_text *text, size_t i, size_t count, const char *item) {
    dae_text_add(text, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", item);
}

dae_status dae_text_deliver(dae_text_writer writer, const void *object, char *buffer, size_t capacity,
                            size_t *length, const char *context) {
    if (buffer == NULL && capacity > 0)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: buffer is NULL though capacity is %zu", context, capacity);
    struct dae_text measure = {NULL, 0, 0};
    writer(&measure, object);
    if (length != NULL)
        *length = measure.length;
    if (capacity == 0)
        return DAE_OK;
    if (capacity <= measure.length)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: capacity is %zu, expected at least %zu", context, capacity,
                        measure.length + 1);
    struct dae_text text = {buffer, measure.length + 1,
                            0}; /* vsnprintf() may refuse capacities above INT_MAX */
    buffer[0] = '\0';
    writer(&text, object);
    return DAE_OK;
}

/* Length of [+-] digits [. digits] [e [+-] digits] at the start of text[length], 0 if there is none. */
static size_t scan_number(const char *text, size_t length) {
    size_t i = 0, digits = 0;
    if (i < length && (text[i] == '+' || text[i] == '-'))
        i++;
    for (bool point = false; i < length && ((text[i] >= '0' && text[i] <= '9') || (text[i] == '.' && !point));
         i++)
        if (text[i] == '.')
            point = true;
        else
            digits++;
    if (digits == 0)
        return 0;
    size_t end = i;
    if (i < length && (text[i] == 'e' || text[i] == 'E')) {
        i++;
        if (i < length && (text[i] == '+' || text[i] == '-'))
            i++;
        for (; i < length && text[i] >= '0' && text[i] <= '9'; i++)
            end = i + 1;
    }
    return end;
}

size_t dae_text_read_number(const char *text, size_t length, double *number) {
    size_t scanned = scan_number(text, length);
    char half[NUMBER_SIZE], local[2 * NUMBER_SIZE];
    if (scanned == 0 || scanned > NUMBER_SIZE)
        return 0;
    snprintf(half, sizeof half, "%.1f", 0.5); /* "0", the locale's point, "5" */
    half[strlen(half) - 1] = '\0';
    size_t used = 0;
    for (size_t i = 0; i < scanned; i++)
        used += (size_t)snprintf(local + used, sizeof local - used, "%.*s",
                                 text[i] == '.' ? (int)sizeof half : 1, text[i] == '.' ? half + 1 : text + i);
    *number = strtod(local, NULL);
    return scanned;
}
