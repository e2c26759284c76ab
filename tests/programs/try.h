/* What every program here says once. */
#include <dae.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define TRY(call)                                                                 \
    do {                                                                          \
        if ((call) != DAE_OK) {                                                   \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, dae_last_error()); \
            exit(1);                                                              \
        }                                                                         \
    } while (0)
