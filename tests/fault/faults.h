/* Faults of the file system, for the thread that asks for them.
 *
 * A program that links faults.c defines open(), write(), rename() and so on itself. Definitions of the program
 * come before those of the C library, also for calls from inside libdae.so, so nothing needs to be
 * preloaded and sanitizers do not mind. Without faults_begin() each hands on to the C library, but for
 * fsync(), which does nothing. */
#ifndef DAE_TESTS_FAULTS_H
#define DAE_TESTS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

/* Kinds of calls, and bits in sets of them. */
enum {
    CALL_OPEN = 1 << 0,
    CALL_STAT = 1 << 1, /* stat() and fstat() */
    CALL_READ = 1 << 2,
    CALL_WRITE = 1 << 3,
    CALL_FSYNC = 1 << 4,
    CALL_CLOSE = 1 << 5,
    CALL_RENAME = 1 << 6,
    CALL_UNLINK = 1 << 7,
    CALL_READLINK = 1 << 8,
    CALL_CHMOD = 1 << 9,
    CALL_ACCESS = 1 << 10,
    CALL_FCNTL = 1 << 11,
    CALL_LINK = 1 << 12, /* linkat() */
    CALL_ANY = (1 << 13) - 1
};

/* What becomes of the call that is struck. */
typedef enum {
    FAULT_NONE,
    FAULT_FAIL,    /* it fails with `error`, and nothing is done (but for close(), which closes) */
    FAULT_SHORT,   /* read() and write() take at most `bytes` bytes */
    FAULT_NOTHING, /* read() and write() return 0 */
    FAULT_FULL,    /* `bytes` bytes of all that is written have room, then it fails with `error` */
    FAULT_ACT      /* it is done; then act() is called with its descriptor (-1 where it has none) */
} fault_effect;

typedef enum {
    STRIKE_ONCE,   /* the nth of these calls */
    STRIKE_ONWARD, /* the nth and all after it */
    STRIKE_AGAIN   /* the nth and every second one after it */
} fault_repeat;

typedef struct {
    unsigned calls; /* which kinds of calls are counted and struck */
    fault_effect effect;
    int error; /* an errno */
    fault_repeat repeat;
    size_t nth; /* from 1; 0 is 1 */
    size_t bytes;
    void (*act)(int descriptor, void *user);
    void *user;
} file_fault;

/* Until faults_end(), calls of this thread meet these faults; of several that strike a call, the first. */
void faults_begin(const file_fault *faults, size_t count);

/* How many calls were struck. */
size_t faults_end(void);

/* The kinds of all calls since faults_begin(), a letter each:
 * o open, s stat, r read, w write, f fsync, c close, m rename, u unlink, l readlink, p chmod, a access, d fcntl, k link. */
const char *faults_trace(void);

/* False where calls cannot be intercepted: another C library than a recent glibc. */
bool faults_are_possible(void);

#endif
