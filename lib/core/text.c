#include "core/text.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NUMBER_SIZE = 64,  /* of a number that is printed */
    MOST_BYTES = 1200, /* of one that is read: the longest double, written out, has 1077 */
    MOST_POINT = 16,   /* of a locale */
};

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

/* Prints the fewest digits from which `reads_back`; no fewer than `sure` have to be tried where any number of
 * so many digits does. */
static void add_shortest(struct dae_text *text, double number, int sure, bool (*reads_back)(double, double)) {
    char printed[NUMBER_SIZE] = "";
    for (int digits = sure; digits <= DBL_DECIMAL_DIG; digits++) {
        double back;
        print_number(printed, digits, number);
        if (dae_text_read_number(printed, strlen(printed), &back) > 0 && reads_back(back, number))
            break;
    }
    dae_text_add(text, "%s", printed);
}

static bool is_same_double(double a, double b) {
    return a == b;
}

static bool is_same_float(double a, double b) {
    return (float)a == (float)b;
}

void dae_text_add_number(struct dae_text *text, double number) {
    if (fabs(number) < 1e15 && number == floor(number))
        dae_text_add(text, "%.0f", number);
    else
        add_shortest(text, number, fabs(number) < DBL_MIN ? 1 : DBL_DIG, is_same_double);
}

void dae_text_add_float(struct dae_text *text, float number) {
    if (fabsf(number) < 1e7f && number == floorf(number))
        dae_text_add(text, "%.0f", (double)number);
    else
        add_shortest(text, (double)number, fabsf(number) < FLT_MIN ? 1 : FLT_DIG, is_same_float);
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

/* [+-] digits [. digits] [e [+-] digits], where the point may be another character: digits * 10^exponent. */
struct decimal {
    size_t length; /* in bytes; 0: there is none */
    uint64_t digits;
    int exponent;
    bool negative, exact; /* all digits are in `digits` */
};

/* Adds the digit `c`, which is after the point or before it. */
static void add_digit(struct decimal *decimal, char c, bool after) {
    if (decimal->digits >= UINT64_C(1000000000000000000))
        decimal->exact = false;
    else
        decimal->digits = 10 * decimal->digits + (uint64_t)(c - '0');
    decimal->exponent -= after && decimal->exact;
}

/* The exponent, if there is one at text[i]. */
static void scan_exponent(struct decimal *decimal, const char *text, size_t length) {
    size_t i = decimal->length;
    int exponent = 0;
    if (i == length || (text[i] != 'e' && text[i] != 'E'))
        return;
    bool negative = ++i < length && text[i] == '-';
    if (i < length && (text[i] == '+' || text[i] == '-'))
        i++;
    for (; i < length && text[i] >= '0' && text[i] <= '9'; i++) {
        exponent = exponent < 10000 ? 10 * exponent + (text[i] - '0') : exponent;
        decimal->length = i + 1;
    }
    decimal->exponent += negative ? -exponent : exponent;
}

static struct decimal scan_decimal(const char *text, size_t length, char point) {
    struct decimal decimal = {.exact = true};
    size_t i = 0, digits = 0;
    bool after = false;
    if (i < length && (text[i] == '+' || text[i] == '-'))
        decimal.negative = text[i++] == '-';
    for (; i < length && ((text[i] >= '0' && text[i] <= '9') || (text[i] == point && !after)); i++)
        if (text[i] == point) {
            after = true;
        } else {
            add_digit(&decimal, text[i], after);
            digits++;
        }
    if (digits == 0)
        return (struct decimal){0};
    decimal.length = i;
    scan_exponent(&decimal, text, length);
    return decimal;
}

/* Numbers that are one product or quotient of two doubles without error, so that it is rounded once: as near
 * as strtod() comes (Clinger, How to read floating point numbers accurately, 1990). */
static bool multiply_out(const struct decimal *decimal, double *number) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    enum { LAST = sizeof powers / sizeof *powers - 1 };
    int exponent = decimal->exponent;
    if (!decimal->exact || decimal->digits > UINT64_C(1) << 53 || exponent < -LAST || exponent > LAST)
        return false;
    double digits = decimal->negative ? -(double)decimal->digits : (double)decimal->digits;
    *number = exponent < 0 ? digits / powers[-exponent] : digits * powers[exponent];
    return true;
}

size_t dae_text_read_decimal(const char *text, size_t length, char point, double *number) {
    struct decimal decimal = scan_decimal(text, length, point);
    char half[MOST_POINT + 4], local[MOST_BYTES + MOST_POINT + 1];
    if (decimal.length == 0 || multiply_out(&decimal, number))
        return decimal.length;
    if (decimal.length > MOST_BYTES)
        return 0;
    snprintf(half, sizeof half, "%.1f", 0.5); /* "0", the locale's point, "5" */
    size_t used = 0, width = strlen(half) - 2;
    for (size_t i = 0; i < decimal.length; i++)
        if (text[i] == point) {
            memcpy(local + used, half + 1, width);
            used += width;
        } else {
            local[used++] = text[i];
        }
    local[used] = '\0';
    *number = strtod(local, NULL);
    return decimal.length;
}

size_t dae_text_read_number(const char *text, size_t length, double *number) {
    return dae_text_read_decimal(text, length, '.', number);
}
