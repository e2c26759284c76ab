/* How the experiments tell what went wrong: one sentence on standard error. */
#ifndef MNIST_COMPLAIN_H
#define MNIST_COMPLAIN_H

#include <stdbool.h>

#include <dae.h>

/* Prints the name of the program, which the build gives as PROGRAM, and the sentence. Always false, so that a
 * caller can write `return complain(...)`. */
bool complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* True for DAE_OK; otherwise complains with the library's own sentence. */
bool worked(dae_status status);

#endif
