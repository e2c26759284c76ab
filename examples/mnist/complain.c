#include "complain.h"

#include <stdarg.h>
#include <stdio.h>

bool complain(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    fputs(PROGRAM ": ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return false;
}

bool worked(dae_status status) {
    return status == DAE_OK || complain("%s", dae_last_error());
}
