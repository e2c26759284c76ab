/* Success, failure, and the sentence that explains a failure. */
#ifndef DAE_STATUS_H
#define DAE_STATUS_H

#include <stddef.h>
#include <stdint.h>

/** Marks what the shared library exports. */
#if defined(__GNUC__) || defined(__clang__)
#define DAE_API __attribute__((visibility("default")))
#else
#define DAE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Outcome of a call: DAE_OK or one of the negative codes below. The values never change. */
typedef int32_t dae_status;

enum {
    /** The call did what it says. */
    DAE_OK = 0,
    /** An argument has a value that the call does not take (NULL, out of range, not finite). */
    DAE_ERROR_ARGUMENT = -1,
    /** Two shapes or sizes do not fit together; the message names both. */
    DAE_ERROR_SHAPE = -2,
    /** Memory could not be allocated. Reporting this allocates nothing. */
    DAE_ERROR_MEMORY = -3,
    /** The operating system refused to open, read, write, sync or rename a file. */
    DAE_ERROR_IO = -4,
    /** A file or a text is not in the format that it should be in; the message says where. */
    DAE_ERROR_FORMAT = -5,
    /** The object is not in the state that the call needs, such as a model without weights. */
    DAE_ERROR_STATE = -6,
    /** A NaN or an infinity turned up in data, loss, gradient or weights. */
    DAE_ERROR_NOT_FINITE = -7,
    /** A progress callback or dae_trainer_stop() asked to stop. */
    DAE_ERROR_CANCELLED = -8,
    /** This build or this machine cannot do what was asked; the message says what is missing. */
    DAE_ERROR_UNSUPPORTED = -9,
    /** A function given by the caller reported a failure. */
    DAE_ERROR_CALLBACK = -10
};

/** Name of a status, such as "DAE_ERROR_SHAPE"; "unknown status" for any other number. Cannot fail.
 *
 * @return borrowed; lives as long as the library is loaded. Threads: any. @since 0.1.0
 */
DAE_API const char *dae_status_name(dae_status status);

/** The sentence about the last failed call of this thread. Cannot fail.
 *
 * It names the argument, the value found and the value expected, for shapes both shapes, for files
 * path and offset. It means something only after a call of this thread has failed; a call that
 * succeeds leaves it alone. It is one line of well-formed UTF-8 whatever paths, names and files hold: each
 * byte that is not, and each control character, shows as '?'. Longer texts than 1023 bytes lose their
 * middle, where "..." stands.
 *
 * @return never NULL (empty before the first failure); borrowed until the next failing call of this
 * thread. Threads: each thread has its own text. @since 0.1.0
 */
DAE_API const char *dae_last_error(void);

/** Where in the text given to it the last failed call of this thread met what is wrong, as in a recipe: in
 * bytes, counted from 1; 0 when it was no matter of a text. Cannot fail.
 *
 * @return means something only after a call of this thread has failed. Threads: each thread has its own.
 * @since 0.1.0
 */
DAE_API size_t dae_last_error_position(void);

#ifdef __cplusplus
}
#endif
#endif
