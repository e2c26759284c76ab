#include "model/json.h"
#include "core/size.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void dae_json_add_string(struct dae_text *text, const char *string) {
    dae_text_add(text, "\"");
    while (*string != '\0') {
        size_t plain = 0;
        while ((unsigned char)string[plain] >= ' ' && string[plain] != '"' && string[plain] != '\\')
            plain++;
        dae_text_add(text, "%.*s", (int)plain, string);
        string += plain;
        if (*string == '"' || *string == '\\')
            dae_text_add(text, "\\%c", *string++);
        else if (*string != '\0')
            dae_text_add(text, "\\u%04x", (unsigned)*string++);
    }
    dae_text_add(text, "\"");
}

dae_status dae_json_fail(const struct dae_json *json, const char *format, ...) {
    char reason[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: %s", json->name, json->base + json->position, reason);
}

/* The next character after spaces, -1 at the end. */
static int peek(struct dae_json *json) {
    while (json->position < json->length && memchr(" \t\r\n", json->text[json->position], 4) != NULL)
        json->position++;
    return json->position < json->length ? (unsigned char)json->text[json->position] : -1;
}

static dae_status unexpected(const struct dae_json *json, const char *expected) {
    if (json->position >= json->length)
        return dae_json_fail(json, "the header ends, expected %s", expected);
    unsigned char found = (unsigned char)json->text[json->position];
    return found >= ' ' && found <= '~'
               ? dae_json_fail(json, "found '%c', expected %s", found, expected)
               : dae_json_fail(json, "found byte 0x%02X, expected %s", found, expected);
}

dae_status dae_json_expect(struct dae_json *json, char c) {
    const char expected[] = {'\'', c, '\'', '\0'};
    return dae_json_accept(json, c) ? DAE_OK : unexpected(json, expected);
}

bool dae_json_accept(struct dae_json *json, char c) {
    if (peek(json) != (unsigned char)c)
        return false;
    json->position++;
    return true;
}

static int hex_digit(char c) {
    const char *digits = "0123456789abcdef0123456789ABCDEF";
    const char *found = c != '\0' ? strchr(digits, c) : NULL;
    return found != NULL ? (int)(found - digits) % 16 : -1;
}

/* The four hexadecimal digits of \uXXXX. */
static dae_status read_hex(struct dae_json *json, unsigned *code) {
    *code = 0;
    for (int i = 0; i < 4; i++, json->position++) {
        int digit = json->position < json->length ? hex_digit(json->text[json->position]) : -1;
        if (digit < 0)
            return unexpected(json, "four hexadecimal digits");
        *code = *code * 16 + (unsigned)digit;
    }
    return DAE_OK;
}

/* Appends a code point as UTF-8; half of a surrogate pair, without the other, counts as one of its own. */
static size_t put_code(char *out, unsigned code) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code >= 0x10000) {
        out[0] = (char)(0xF0 | code >> 18);
        out[1] = (char)(0x80 | (code >> 12 & 0x3F));
        out[2] = (char)(0x80 | (code >> 6 & 0x3F));
        out[3] = (char)(0x80 | (code & 0x3F));
        return 4;
    }
    out[0] = (char)(0xE0 | code >> 12);
    out[1] = (char)(0x80 | (code >> 6 & 0x3F));
    out[2] = (char)(0x80 | (code & 0x3F));
    return 3;
}

/* The second half of a surrogate pair, if it comes next: *code becomes what both stand for. */
static dae_status read_second_half(struct dae_json *json, unsigned *code) {
    size_t start = json->position;
    unsigned half = 0;
    bool is_first = *code >= 0xD800 && *code < 0xDC00, escaped = json->length - start >= 2;
    if (!is_first || !escaped || memcmp(json->text + start, "\\u", 2) != 0)
        return DAE_OK;
    json->position += 2;
    DAE_TRY(read_hex(json, &half));
    if (half >= 0xDC00 && half < 0xE000)
        *code = 0x10000 + ((*code - 0xD800) << 10) + (half - 0xDC00);
    else
        json->position = start;
    return DAE_OK;
}

/* What follows a backslash, into out[4]. */
static dae_status read_escape(struct dae_json *json, char *out, size_t *length) {
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char c = json->position < json->length ? json->text[json->position] : '\0';
    const char *found = c != '\0' ? strchr(escapes, c) : NULL;
    if (found != NULL) {
        out[0] = meanings[found - escapes];
        *length = 1;
        json->position++;
        return DAE_OK;
    }
    if (c != 'u')
        return unexpected(json, "a character that can be escaped");
    json->position++;
    unsigned code;
    DAE_TRY(read_hex(json, &code));
    DAE_TRY(read_second_half(json, &code));
    *length = put_code(out, code);
    return DAE_OK;
}

dae_status dae_json_any_string(struct dae_json *json, char *text, size_t capacity, bool *kept) {
    if (!dae_json_accept(json, '"'))
        return unexpected(json, "a string");
    size_t used = 0;
    *kept = true;
    for (;;) {
        if (json->position >= json->length || (unsigned char)json->text[json->position] < ' ')
            return unexpected(json, "the end of a string");
        char c = json->text[json->position++], put[4] = {c};
        size_t length = 1;
        if (c == '"')
            break;
        if (c == '\\')
            DAE_TRY(read_escape(json, put, &length));
        *kept = *kept && put[0] != '\0' && used + length < capacity;
        if (!*kept)
            continue;
        memcpy(text + used, put, length);
        used += length;
    }
    text[*kept ? used : 0] = '\0';
    return DAE_OK;
}

dae_status dae_json_string(struct dae_json *json, char *text, size_t capacity) {
    bool kept = true;
    DAE_TRY(dae_json_any_string(json, text, capacity, &kept));
    return kept ? DAE_OK
                : dae_json_fail(json, "found a string of more than %zu bytes, or with a zero character in it",
                                capacity - 1);
}

dae_status dae_json_size(struct dae_json *json, size_t *number) {
    int c = peek(json);
    if (c < '0' || c > '9')
        return unexpected(json, "a whole number");
    size_t value = 0, start = json->position;
    for (; json->position < json->length && json->text[json->position] >= '0' &&
           json->text[json->position] <= '9';
         json->position++)
        if (!dae_size_multiply(value, 10, &value) ||
            !dae_size_add(value, (size_t)(json->text[json->position] - '0'), &value))
            return dae_json_fail(json, "found a number that is too large");
    if (json->text[start] == '0' && json->position > start + 1)
        return dae_json_fail(json, "found a number that begins with 0");
    *number = value;
    return DAE_OK;
}

dae_status dae_json_end(struct dae_json *json) {
    return peek(json) < 0 ? DAE_OK : unexpected(json, "the end of the header");
}
