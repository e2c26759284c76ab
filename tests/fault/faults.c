/* open() and open64() are two names here, and nothing may be an inline function. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#define _GNU_SOURCE
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)

enum { MOST_FAULTS = 4, TRACE_SIZE = 4096 };

static _Thread_local struct {
    bool armed;
    size_t count, struck, written;
    size_t met[MOST_FAULTS]; /* calls that each fault could have struck */
    file_fault faults[MOST_FAULTS];
    char trace[TRACE_SIZE];
    size_t traced;
} state;

bool faults_are_possible(void) {
    return true;
}

void faults_begin(const file_fault *faults, size_t count) {
    memset(&state, 0, sizeof state);
    state.count = count < MOST_FAULTS ? count : MOST_FAULTS;
    for (size_t i = 0; i < state.count; i++)
        state.faults[i] = faults[i];
    state.armed = true;
}

size_t faults_end(void) {
    state.armed = false;
    return state.struck;
}

const char *faults_trace(void) {
    return state.trace;
}

static void trace(unsigned call) {
    static const char letters[] = "osrwfcmulpadk";
    size_t bit = 0;
    while (call >> bit != 1)
        bit++;
    if (state.traced + 1 < TRACE_SIZE)
        state.trace[state.traced++] = letters[bit];
}

static bool strikes(const file_fault *fault, size_t met) {
    size_t nth = fault->nth == 0 ? 1 : fault->nth;
    switch (fault->repeat) {
    case STRIKE_ONCE:
        return met == nth;
    case STRIKE_ONWARD:
        return met >= nth;
    case STRIKE_AGAIN:
        return met >= nth && (met - nth) % 2 == 0;
    }
    return false;
}

/* What befalls this call. */
static file_fault next_fault(unsigned call) {
    const file_fault none = {.effect = FAULT_NONE};
    const file_fault *found = &none;
    if (!state.armed)
        return none;
    trace(call);
    for (size_t i = 0; i < state.count; i++)
        if ((state.faults[i].calls & call) != 0 && strikes(&state.faults[i], ++state.met[i]) &&
            found == &none)
            found = &state.faults[i];
    state.struck += found != &none;
    return *found;
}

static int fail(const file_fault *fault) {
    errno = fault->error;
    return -1;
}

/* What an act does meets no faults; it leaves errno as the call left it. */
static void act(const file_fault *fault, int descriptor) {
    int error = errno;
    if (fault->effect != FAULT_ACT)
        return;
    state.armed = false;
    fault->act(descriptor, fault->user);
    state.armed = true;
    errno = error;
}

/* The C library's own function of that name (or the sanitizer's), as a pointer of the type of `variable`. */
#define NEXT(variable, name)                             \
    do {                                                 \
        void *symbol_ = dlsym(RTLD_NEXT, name);          \
        memcpy(&(variable), &symbol_, sizeof(variable)); \
    } while (0)

/* A function that only fails, is done, or is done and followed by an act. */
#define INTERCEPT(kind, name, descriptor, parameters, arguments) \
    int name parameters {                                        \
        static int(*next) parameters;                            \
        file_fault fault = next_fault(kind);                     \
        if (next == NULL)                                        \
            NEXT(next, #name);                                   \
        if (fault.effect == FAULT_FAIL)                          \
            return fail(&fault);                                 \
        int result = next arguments;                             \
        act(&fault, descriptor);                                 \
        return result;                                           \
    }

INTERCEPT(CALL_STAT, stat, -1, (const char *path, struct stat *info), (path, info))
INTERCEPT(CALL_STAT, stat64, -1, (const char *path, struct stat64 *info), (path, info))
INTERCEPT(CALL_STAT, fstat, file, (int file, struct stat *info), (file, info))
INTERCEPT(CALL_STAT, fstat64, file, (int file, struct stat64 *info), (file, info))
INTERCEPT(CALL_RENAME, rename, -1, (const char *from, const char *to), (from, to))
INTERCEPT(CALL_UNLINK, unlink, -1, (const char *path), (path))
INTERCEPT(CALL_CHMOD, fchmod, file, (int file, mode_t mode), (file, mode))
INTERCEPT(CALL_LINK, linkat, -1, (int folder, const char *from, int other, const char *to, int flags),
          (folder, from, other, to, flags))
INTERCEPT(CALL_ACCESS, faccessat, -1, (int folder, const char *path, int mode, int flags),
          (folder, path, mode, flags))

#define INTERCEPT_OPEN(name)                                       \
    int name(const char *path, int flags, ...) {                   \
        static int (*next)(const char *, int, ...);                \
        file_fault fault = next_fault(CALL_OPEN);                  \
        va_list arguments;                                         \
        va_start(arguments, flags);                                \
        bool creates = (flags & (O_CREAT | O_TMPFILE)) != 0;       \
        unsigned mode = creates ? va_arg(arguments, unsigned) : 0; \
        va_end(arguments);                                         \
        if (next == NULL)                                          \
            NEXT(next, #name);                                     \
        if (fault.effect == FAULT_FAIL)                            \
            return fail(&fault);                                   \
        int result = next(path, flags, mode);                      \
        act(&fault, result);                                       \
        return result;                                             \
    }

INTERCEPT_OPEN(open)
INTERCEPT_OPEN(open64)

/* The argument is an int or a pointer, which a variadic function takes alike where Linux runs. */
#define INTERCEPT_FCNTL(name)                       \
    int name(int file, int command, ...) {          \
        static int (*next)(int, int, ...);          \
        file_fault fault = next_fault(CALL_FCNTL);  \
        va_list arguments;                          \
        va_start(arguments, command);               \
        void *argument = va_arg(arguments, void *); \
        va_end(arguments);                          \
        if (next == NULL)                           \
            NEXT(next, #name);                      \
        if (fault.effect == FAULT_FAIL)             \
            return fail(&fault);                    \
        return next(file, command, argument);       \
    }

INTERCEPT_FCNTL(fcntl)
INTERCEPT_FCNTL(fcntl64)

/* No test loses its power supply, and thousands of real ones would take their time. */
int fsync(int file) {
    file_fault fault = next_fault(CALL_FSYNC);
    if (fault.effect == FAULT_FAIL)
        return fail(&fault);
    int result = lseek(file, 0, SEEK_CUR) < 0 ? -1 : 0; /* EBADF where there is no such descriptor */
    act(&fault, file);
    return result;
}

/* The descriptor is gone also when close() fails, as on Linux. */
int close(int file) {
    static int (*next)(int);
    file_fault fault = next_fault(CALL_CLOSE);
    if (next == NULL)
        NEXT(next, "close");
    int result = next(file);
    if (fault.effect == FAULT_FAIL)
        return fail(&fault);
    act(&fault, file);
    return result;
}

/* At most how many bytes of `size` the struck call may take; false if it fails instead. */
static bool limit(const file_fault *fault, size_t *size) {
    if (fault->effect == FAULT_SHORT)
        *size = fault->bytes < *size ? fault->bytes : *size;
    if (fault->effect != FAULT_FULL)
        return fault->effect != FAULT_FAIL;
    size_t room = fault->bytes - state.written;
    *size = room < *size ? room : *size;
    return room > 0;
}

ssize_t read(int file, void *bytes, size_t size) {
    static ssize_t (*next)(int, void *, size_t);
    file_fault fault = next_fault(CALL_READ);
    if (next == NULL)
        NEXT(next, "read");
    if (fault.effect == FAULT_NOTHING)
        return 0;
    if (!limit(&fault, &size))
        return fail(&fault);
    ssize_t result = next(file, bytes, size);
    act(&fault, file);
    return result;
}

ssize_t write(int file, const void *bytes, size_t size) {
    static ssize_t (*next)(int, const void *, size_t);
    file_fault fault = next_fault(CALL_WRITE);
    if (next == NULL)
        NEXT(next, "write");
    if (fault.effect == FAULT_NOTHING)
        return 0;
    if (!limit(&fault, &size))
        return fail(&fault);
    ssize_t result = next(file, bytes, size);
    if (state.armed && result > 0)
        state.written += (size_t)result;
    act(&fault, file);
    return result;
}

ssize_t readlink(const char *path, char *target, size_t size) {
    static ssize_t (*next)(const char *, char *, size_t);
    file_fault fault = next_fault(CALL_READLINK);
    if (next == NULL)
        NEXT(next, "readlink");
    if (fault.effect == FAULT_FAIL)
        return fail(&fault);
    ssize_t result = next(path, target, size);
    act(&fault, -1);
    return result;
}

/* What a fortified library calls instead. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
ssize_t __read_chk(int file, void *bytes, size_t size, size_t room);
ssize_t __readlink_chk(const char *path, char *target, size_t size, size_t room);

int __open_2(const char *path, int flags) {
    return open(path, flags);
}

int __open64_2(const char *path, int flags) {
    return open64(path, flags);
}

ssize_t __read_chk(int file, void *bytes, size_t size, size_t room) {
    return read(file, bytes, size < room ? size : room);
}

ssize_t __readlink_chk(const char *path, char *target, size_t size, size_t room) {
    return readlink(path, target, size < room ? size : room);
}

#else

bool faults_are_possible(void) {
    return false;
}

void faults_begin(const file_fault *faults, size_t count) {
    (void)faults, (void)count;
}

size_t faults_end(void) {
    return 0;
}

const char *faults_trace(void) {
    return "";
}

#endif
