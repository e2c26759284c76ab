/* How the experiment tells what went wrong: one sentence on standard error. */
#ifndef MNIST_COMPLAIN_H
#define MNIST_COMPLAIN_H

#include <stdbool.h>

#include <dae.h>

#define PROGRAM "mnist_denoise"

/* Prints "mnist_denoise: ...". Always false, so that a caller can write `return complain(...)`. */
bool complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* True for DAE_OK; otherwise complains with the library's own sentence. */
bool worked(dae_status status);

#endif
