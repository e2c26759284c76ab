/* The one error idiom: `return dae_fail(DAE_ERROR_X, "what was wrong, what was expected")`. */
#ifndef DAE_CORE_STATUS_H
#define DAE_CORE_STATUS_H

#include <dae/status.h>

enum { DAE_MESSAGE_SIZE = 1024 }; /* of a message, with its 0 */

/* Sets this thread's message and returns `status`. Allocates nothing. Texts from outside may hold any bytes:
 * here, and here only, they are made printable. */
__attribute__((format(printf, 2, 3))) dae_status dae_fail(dae_status status, const char *format, ...);

/* Compilers and analyzers, which may see one source at a time, are told here that a failure is never
 * DAE_OK. */
static inline dae_status dae_status_again(dae_status status) {
    return status;
}
#define dae_fail(status, ...) (dae_fail(status, __VA_ARGS__), dae_status_again(status))

/* The same for what is wrong in a text, `what`, at byte `position`, counted from 0. */
__attribute__((format(printf, 4, 5))) dae_status dae_fail_at(dae_status status, const char *what,
                                                             size_t position, const char *format, ...);

#ifdef __clang_analyzer__
#define dae_fail_at(status, ...) (dae_fail_at(status, __VA_ARGS__), dae_status_again(status))
#endif

/* Puts "context: " before this thread's message and returns `status`: for callers that know the path. */
void dae_message_begin(const char *context);
static inline dae_status dae_fail_in(dae_status status, const char *context) {
    dae_message_begin(context);
    return status;
}

/* This thread's message: for calls that find out by failures what is possible, and then work. */
struct dae_message {
    char text[DAE_MESSAGE_SIZE];
    size_t position;
};
void dae_message_keep(struct dae_message *kept);
void dae_message_restore(const struct dae_message *kept);

/* Hands a failure on. */
#define DAE_TRY(call)                   \
    do {                                \
        dae_status try_status = (call); \
        if (try_status != DAE_OK)       \
            return try_status;          \
    } while (0)

/* Refuses a NULL argument by its name. */
#define DAE_REQUIRE(pointer)                                                                               \
    do {                                                                                                   \
        if ((pointer) == NULL)                                                                             \
            return dae_fail(DAE_ERROR_ARGUMENT, "%s: " #pointer " is NULL, expected a pointer", __func__); \
    } while (0)

#endif
