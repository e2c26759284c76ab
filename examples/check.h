/* What the example programs share: how they end when something fails. */
#ifndef EXAMPLES_CHECK_H
#define EXAMPLES_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include <dae.h>

/* A program this short has nothing better to do with a failure than to say it and end. A larger one
 * looks at the status and goes on. */
static inline void check(dae_status status) {
    if (status != DAE_OK) {
        fflush(stdout);
        fprintf(stderr, "%s: %s\n", dae_status_name(status), dae_last_error());
        exit(EXIT_FAILURE);
    }
}

/* The exit status, at the end of main(): what was printed must have arrived, which a full disk may show only
 * now. */
static inline int finish(int status) {
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "cannot write to standard output\n");
        return EXIT_FAILURE;
    }
    return status;
}

/* The only argument that a program takes, a path; or `usual` without one. Anything else ends the program, before it
 * takes an option for a file. */
static inline const char *path_argument(int argc, char **argv, const char *usual) {
    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        fprintf(stderr, "Usage: %s [PATH]; without one, PATH is %s\n", argv[0], usual);
        exit(2);
    }
    return argc == 2 ? argv[1] : usual;
}

/* For arrays of the program's own. */
static inline float *make_array(size_t count) {
    float *values = calloc(count, sizeof *values);
    if (!values) {
        fprintf(stderr, "there is not enough memory for %zu values\n", count);
        exit(EXIT_FAILURE);
    }
    return values;
}

#endif
