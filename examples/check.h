/* What the example programs share: how they end when something fails, and what they do with their
 * arguments. */
#ifndef EXAMPLES_CHECK_H
#define EXAMPLES_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dae.h>

/* A program this short has nothing better to do with a failure than to say it and end. A larger one
 * looks at the status and continues. */
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
    if (status != EXIT_SUCCESS) {
        fprintf(stderr, "the result is not the one that this program is to show\n");
    }
    return status;
}

/* Ends the program with what it shows, if an argument asks for that. `usual` is what it takes in the place of
 * its argument, called `name`, if none is given, or NULL if it takes none. */
static inline void answer_help(int argc, char **argv, const char *name, const char *usual,
                               const char *shows) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            printf("Usage: %s [--help%s%s]\n%s\n", argv[0], usual ? " | " : "", usual ? name : "", shows);
            if (usual) {
                printf("Without %s it is %s.\n", name, usual);
            }
            exit(finish(EXIT_SUCCESS));
        }
    }
}

/* For a program that takes no arguments but --help. */
static inline void no_arguments(int argc, char **argv, const char *shows) {
    answer_help(argc, argv, NULL, NULL, shows);
    if (argc > 1) {
        fprintf(stderr, "%s: found the argument '%s', expected none or --help\n", argv[0], argv[1]);
        exit(2);
    }
}

/* The only argument that a program takes, a path; or `usual` without one. An option must not become a
 * file. */
static inline const char *path_argument(int argc, char **argv, const char *usual, const char *shows) {
    answer_help(argc, argv, "PATH", usual, shows);
    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        fprintf(stderr, "%s: found the argument '%s', expected none, one PATH or --help\n", argv[0],
                argv[argc - 1]);
        exit(2);
    }
    return argc == 2 ? argv[1] : usual;
}

/* The only argument that a program takes, the epochs of its training; or `usual` without one. */
static inline double epochs_argument(int argc, char **argv, const char *usual, const char *shows) {
    answer_help(argc, argv, "EPOCHS", usual, shows);
    char *end;
    double epochs = strtod(argc > 1 ? argv[1] : usual, &end);
    if (argc > 2 || *end || !(epochs >= 1 && epochs <= 1e6 && epochs == (double)(long)epochs)) {
        fprintf(stderr,
                "%s: found the argument '%s', expected none, a number of epochs from 1 on or --help\n",
                argv[0], argv[1]);
        exit(2);
    }
    return epochs;
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
