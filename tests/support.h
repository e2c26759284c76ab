/* What every suite uses: short assertions, a folder for files, an allocator that counts and fails. */
#ifndef DAE_TESTS_SUPPORT_H
#define DAE_TESTS_SUPPORT_H

#include <check.h>
#include <dae.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Assertions ------------------------------------------------------------------------------- */

/* The call returns DAE_OK; if not, its status and message are shown. */
#define ok(call)                                                                            \
    do {                                                                                    \
        dae_status status_ = (call);                                                        \
        ck_assert_msg(status_ == DAE_OK, "%s gave %s: %s", #call, dae_status_name(status_), \
                      dae_last_error());                                                    \
    } while (0)

/* The call returns `expected`, and its message contains `word` ("" for any message that is not empty). */
#define fails(call, expected, word)                                                                        \
    do {                                                                                                   \
        dae_status status_ = (call);                                                                       \
        ck_assert_msg(status_ == (expected), "%s gave %s, not %s: %s", #call, dae_status_name(status_),    \
                      dae_status_name(expected), dae_last_error());                                        \
        ck_assert_msg(message_has(word), "%s: message lacks \"%s\": %s", #call, (word), dae_last_error()); \
    } while (0)

/* Two arrays of floats are equal bit for bit (so NaN equals the same NaN, and 0 differs from -0). */
#define same_floats(actual, expected, count)                                             \
    do {                                                                                 \
        const float *actual_ = (actual), *expected_ = (expected);                        \
        size_t at_ = first_difference(actual_, expected_, (count));                      \
        ck_assert_msg(at_ == (size_t)(count), "%s[%zu] is %.9g, not %.9g", #actual, at_, \
                      (double)(at_ < (size_t)(count) ? actual_[at_] : 0),                \
                      (double)(at_ < (size_t)(count) ? expected_[at_] : 0));             \
    } while (0)

/* |actual - expected| <= tolerance; a NaN fails. */
#define near(actual, expected, tolerance)                                                                    \
    do {                                                                                                     \
        double actual_ = (double)(actual), expected_ = (double)(expected), tolerance_ = (double)(tolerance); \
        double gap_ = actual_ > expected_ ? actual_ - expected_ : expected_ - actual_;                       \
        ck_assert_msg(gap_ <= tolerance_, "%s is %.9g, not within %.3g of %.9g", #actual, actual_,           \
                      tolerance_, expected_);                                                                \
    } while (0)

/* The message of the last failure is not empty and contains `word`. */
bool message_has(const char *word);

/* Well-formed UTF-8 (RFC 3629) without control characters. */
bool is_printable_utf8(const char *text);

/* Same bits; any NaN is as good as another. */
bool same_or_nan(float a, float b);

/* Index of the first float whose bits differ, or `count`. */
size_t first_difference(const float *a, const float *b, size_t count);

/* ---- Suites ----------------------------------------------------------------------------------- */

/* A case of the suite with a time limit that also suits sanitizers and valgrind. */
TCase *add_case(Suite *suite, const char *name);

/* Runs the suite as CK_FORK, CK_VERBOSITY and the like ask; the exit status of main(). */
int suite_main(Suite *suite);

/* ---- Files ------------------------------------------------------------------------------------ */

/* Path of `name` in a folder that suite_main() removes at the end. One of eight buffers used in turn. */
const char *temp_path(const char *name);

/* Path of a file of the tests' data: in the folder that the environment variable DAE_TEST_DATA names, or
 * in the bundled one. One of the same eight buffers. */
const char *data_path(const char *name);

/* Whole files; a failure fails the test. What read_file() gives is the caller's to free(), and has a zero
 * byte behind its end. */
unsigned char *read_file(const char *path, size_t *size);
void write_file(const char *path, const void *bytes, size_t size);
bool file_exists(const char *path);

/* ---- Texts ------------------------------------------------------------------------------------ */

/* A call that writes a text into a buffer, as dae.h says for every text. */
typedef dae_status (*text_fn)(const void *object, char *buffer, size_t capacity, size_t *length);

/* The text, after every rule of dae.h about buffer, capacity and length was put to the test. The caller's
 * to free(). */
char *text_by_the_rules(text_fn write, const void *object);

/* Switches the process to a locale that writes 0.5 as 0,5, and back. False when this machine has no tool to
 * make one. */
bool use_comma_locale(void);
void leave_comma_locale(void);

/* ---- Noise ------------------------------------------------------------------------------------ */

/* A recipe of `times` times these steps. */
dae_noise *repeated_noise(const char *steps, size_t times);

/* ---- Memory ----------------------------------------------------------------------------------- */

/* From heap_watch() to heap_unwatch() the library allocates through the tests. Watches do not nest. */
void heap_watch(void);
/* Puts the watched allocator back in force after a call that may have set another one. */
void heap_resume(void);
/* Allocation number `k` from now on fails, the first being 1, and all after it if `ever_after`; 0: none. */
void heap_fail_at(size_t k, bool ever_after);
/* Requests above `size` bytes fail. SIZE_MAX: no limit, as after heap_watch(). */
void heap_limit(size_t size);
/* Blocks allocated and not released; all requests since heap_watch(); the largest since then. */
size_t heap_live(void);
size_t heap_requests(void);
size_t heap_largest(void);
/* Fails the test if a block has not been released. */
void heap_unwatch(void);

/* Something that allocates and frees all it made before it returns; it returns the status of its call. */
typedef dae_status (*attempt_fn)(void *user);

/* Runs `attempt` with its first, second, third ... allocation failing (first only that one, then also all
 * behind it), until it gets through. Asserts DAE_ERROR_MEMORY each time, with no block leaked, and success
 * at once afterwards. Returns how many allocations the attempt makes. */
size_t every_allocation_fails(attempt_fn attempt, void *user);

#endif
