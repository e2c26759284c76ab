#include "core/status.h"

#include <dae/version.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    WHOLE_SIZE = 8192, /* of a message before it is shortened: two paths of the longest kind */
    HEAD = 200,        /* bytes before the gap of a shortened one */
};

static _Thread_local char message[DAE_MESSAGE_SIZE];
static _Thread_local size_t error_position;

/* How many bytes follow the first one of a character of UTF-8; -1 when none begins like this. */
static int continuation_of(unsigned char first) {
    return first < 0x80                     ? 0
           : first >= 0xC2 && first <= 0xDF ? 1
           : first >= 0xE0 && first <= 0xEF ? 2
           : first >= 0xF0 && first <= 0xF4 ? 3
                                            : -1;
}

/* Longer than it needs to be, half of a surrogate pair, above U+10FFFF, or one of the controls U+0080 to
 * U+009F. */
static bool is_forbidden(unsigned char first, unsigned char second) {
    return (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
           (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F) ||
           (first == 0xC2 && second < 0xA0);
}

/* Paths, names and files may hold any bytes; whoever prints or decodes a message should not have to care.
 * This makes it one line of UTF-8; `cut` tells that its end is missing. */
static void make_printable(char *text, bool cut) {
    unsigned char *c = (unsigned char *)text;
    while (*c != '\0') {
        int more = continuation_of(*c), found = 0;
        while (found < more && (c[1 + found] & 0xC0) == 0x80)
            found++;
        bool ends = c[1 + found] == '\0';
        if (found < more && ends && cut && !(found > 0 && is_forbidden(c[0], c[1]))) {
            *c = '\0';
        } else if (found != more || *c < ' ' || *c == 0x7F || (more > 0 && is_forbidden(c[0], c[1]))) {
            *c++ = '?';
        } else {
            c += 1 + more;
        }
    }
}

static size_t boundary_before(const char *text, size_t at) {
    while (((unsigned char)text[at] & 0xC0) == 0x80)
        at--;
    return at;
}

static size_t boundary_behind(const char *text, size_t at) {
    while (((unsigned char)text[at] & 0xC0) == 0x80)
        at++;
    return at;
}

/* A long path must push neither what is wrong with it nor its own name out of the message. */
static void set_message(const char *text) {
    static const char gap[] = "...";
    size_t length = strlen(text), head = length, tail = length;
    if (length >= sizeof message) {
        head = boundary_before(text, HEAD);
        tail = boundary_behind(text, length - (sizeof message - 1 - HEAD - strlen(gap)));
    }
    snprintf(message, sizeof message, "%.*s%s%s", (int)head, text, tail < length ? gap : "", text + tail);
}

#undef dae_fail /* a macro elsewhere */
dae_status dae_fail(dae_status status, const char *format, ...) {
    char text[WHOLE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    make_printable(text, (size_t)length >= sizeof text);
    set_message(text);
    error_position = 0;
    return status;
}

#undef dae_fail_at
dae_status dae_fail_at(dae_status status, const char *what, size_t position, const char *format, ...) {
    char reason[sizeof message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    dae_fail(status, "%s, position %zu: %s", what, position + 1, reason);
    error_position = position + 1;
    return status;
}

void dae_message_begin(const char *context) {
    char inner[sizeof message];
    memcpy(inner, message, sizeof inner);
    dae_fail(DAE_ERROR_ARGUMENT, "%s: %s", context, inner);
}

void dae_message_keep(struct dae_message *kept) {
    memcpy(kept->text, message, sizeof message);
    kept->position = error_position;
}

void dae_message_restore(const struct dae_message *kept) {
    memcpy(message, kept->text, sizeof message);
    error_position = kept->position;
}

const char *dae_last_error(void) {
    return message;
}

size_t dae_last_error_position(void) {
    return error_position;
}

const char *dae_status_name(dae_status status) {
    static const char *const names[] = {
        "DAE_OK",
        "DAE_ERROR_ARGUMENT",
        "DAE_ERROR_SHAPE",
        "DAE_ERROR_MEMORY",
        "DAE_ERROR_IO",
        "DAE_ERROR_FORMAT",
        "DAE_ERROR_STATE",
        "DAE_ERROR_NOT_FINITE",
        "DAE_ERROR_CANCELLED",
        "DAE_ERROR_UNSUPPORTED",
        "DAE_ERROR_CALLBACK",
    };
    size_t index = status <= 0 ? (size_t)(-(int64_t)status) : SIZE_MAX;
    return index < sizeof names / sizeof *names ? names[index] : "unknown status";
}

#define TEXT_OF(number)  TEXT_OF_(number)
#define TEXT_OF_(number) #number

uint32_t dae_version_number(void) {
    return DAE_VERSION_NUMBER;
}

const char *dae_version_string(void) {
    return TEXT_OF(DAE_VERSION_MAJOR) "." TEXT_OF(DAE_VERSION_MINOR) "." TEXT_OF(DAE_VERSION_PATCH);
}
