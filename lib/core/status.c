#include "core/status.h"

#include <dae/version.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char message[512];

#undef dae_fail /* a macro for the analyzer */
dae_status dae_fail(dae_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return status;
}

dae_status dae_fail_in(dae_status status, const char *context) {
    char inner[sizeof message];
    memcpy(inner, message, sizeof inner);
    return dae_fail(status, "%s: %s", context, inner);
}

const char *dae_last_error(void) {
    return message;
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
