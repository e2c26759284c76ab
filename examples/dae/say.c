#include "say.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum loudness loudness = NORMAL;

static void speak(const char *before, const char *format, va_list arguments) {
    fflush(stdout);
    fputs(before, stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

bool complain(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    speak("dae: ", format, arguments);
    va_end(arguments);
    return false;
}

bool worked(dae_status status) {
    return status == DAE_OK || complain("%s", dae_last_error());
}

bool worked_on(dae_status status, const char *subject) {
    return status == DAE_OK || complain("%s: %s", subject, dae_last_error());
}

void tell(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (loudness >= NORMAL)
        speak("", format, arguments);
    va_end(arguments);
}

void tell_more(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (loudness >= VERBOSE)
        speak("", format, arguments);
    va_end(arguments);
}

void *reallocate(void *memory, size_t count, size_t size) {
    size_t bytes;
    void *more = __builtin_mul_overflow(count, size, &bytes) ? NULL : realloc(memory, bytes > 0 ? bytes : 1);
    if (more == NULL) {
        complain("there is not enough memory for %zu x %zu bytes", count, size);
        exit(STATUS_FAILED);
    }
    return more;
}

void *allocate(size_t count, size_t size) {
    return reallocate(NULL, count, size);
}

int finish_output(int status) {
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    complain("cannot write to standard output");
    return status == STATUS_DONE ? STATUS_FAILED : status;
}
