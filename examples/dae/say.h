/* How dae speaks: results go to standard output, all else to standard error. */
#ifndef DAE_SAY_H
#define DAE_SAY_H

#include <stdbool.h>
#include <stddef.h>

#include <dae.h>

/* What the program ends with. */
enum { STATUS_DONE = 0, STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_INTERRUPTED = 130 };

enum loudness { QUIET, NORMAL, VERBOSE };
extern enum loudness loudness;

/* One sentence about what went wrong. Always false, so that a caller can write `return complain(...)`. */
bool complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* True for DAE_OK; otherwise complains with the library's own sentence. */
bool worked(dae_status status);

/* The same with what the text was for, as "--noise". */
bool worked_on(dae_status status, const char *subject);

/* Tells what is going on: unless quiet; and only where verbose. */
void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
void tell_more(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Memory that is there: the program ends where there is none. */
void *allocate(size_t count, size_t size);
void *reallocate(void *memory, size_t count, size_t size);

/* The exit status at the end: what was printed must have arrived. */
int finish_output(int status);

#endif
