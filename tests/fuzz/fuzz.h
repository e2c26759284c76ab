/* What every fuzz target uses. A target is one file that defines LLVMFuzzerTestOneInput() and calls the public
 * interface only: libFuzzer drives it in a build with -Dfuzzers=enabled, replay.c in the normal tests. README.md. */
#ifndef DAE_TESTS_FUZZ_H
#define DAE_TESTS_FUZZ_H

#include <dae.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process with a sentence if the condition does not hold: that is what a fuzzer calls a finding. */
#define must(condition, ...)                                                \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
            fprintf(stderr, __VA_ARGS__);                                   \
            fprintf(stderr, " (last message: %s)\n", dae_last_error());     \
            abort();                                                        \
        }                                                                   \
    } while (0)

enum {
    /* No input of a fuzzer may make the library ask for more at once; such a request is refused. */
    FUZZ_MOST_MEMORY = 64 << 20
};

/* A status as a member of a set. */
#define STATUS_BIT(status) (1u << -(status))

/* From here to fuzz_end() the library's memory is watched. */
void fuzz_begin(void);

/* Everything that the library allocated since fuzz_begin() must have been given back. */
void fuzz_end(void);

/* No single request since fuzz_begin() was for more than `most` bytes: what an input claims is not believed. */
void fuzz_asked_at_most(size_t most);

/* Whether an input begins as gzip data do; every format takes it for such then, and it is left to fuzz_gzip.c. */
static inline bool fuzz_is_gzip(const uint8_t *data, size_t size) {
    return size >= 2 && data[0] == 0x1F && data[1] == 0x8B;
}

/* What a handle is set to before a call that may fail and must then leave it alone. */
extern void *const fuzz_untouched;

/* The call failed with one of the statuses in the set `allowed`, explained itself, and left the handle alone. */
void fuzz_refused(dae_status status, unsigned allowed, const void *handle);

/* Reads a model file. If it is one, the model is looked at, run, and written, and what is written is read back to the
 * same bytes; else it is refused cleanly. In either case no more memory is asked for than the file could need. */
void fuzz_read_model(const unsigned char *bytes, size_t size);

/* Writes the text of a model without parameters, and reads it back. Draws parameters if they are few, makes a step of training
 * if there is memory for it, and runs it. */
void fuzz_use_network(dae_model *model);

/* Reads a dataset in several ways, which must agree; frees it. Samples are read through `values`, of which the first
 * *count are set for the caller, who may compare them with its own reading of the file; *count is 0 for a dataset
 * that is too large to be read whole. */
enum { FUZZ_MOST_VALUES = 1 << 14 };
void fuzz_use_dataset(dae_dataset *dataset, float values[FUZZ_MOST_VALUES], size_t *count);

/* Compares the values of a file with the target's own reading of it; none where there are too many. */
typedef void (*fuzz_compare_fn)(const uint8_t *data, size_t size, const float *values, size_t count);

/* Reads a file in a format, which its content tells too. If it is one, it is used and compared; else it is refused with
 * one of the statuses in the set `allowed`. In either case no more than `most` bytes are asked for at once. gzip data are
 * left to fuzz_gzip.c. */
void fuzz_read_format(const uint8_t *data, size_t size, const char *format, size_t most, unsigned allowed,
                      fuzz_compare_fn compare);

#endif
