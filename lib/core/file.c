#define _POSIX_C_SOURCE 200809L
#include "core/file.h"
#include "core/memory.h"
#include "core/size.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    START_SIZE = 4096, /* what a check of a file's start sees */
    PATH_ROOM = 4096,
    BUFFER_SIZE = 1 << 16, /* of bytes to write */
    MOST_LINKS = 40,       /* symbolic links upon each other, as the kernel counts */
};

static dae_status fail_because(const char *action, const char *path, const char *reason) {
    return dae_fail(DAE_ERROR_IO, "%s: could not %s: %s", path[0] != '\0' ? path : "empty path", action,
                    reason);
}

dae_status dae_file_fail(const char *action, const char *path) {
    int error = errno;
    char reason[128] = "unknown error";
    strerror_r(error, reason, sizeof reason);
    return fail_because(action, path, reason);
}

/* ---- Descriptors ---------------------------------------------------------------------------------- */

static int open_file(const char *path, int flags, mode_t mode) {
    int file;
    do
        file = open(path, flags | O_CLOEXEC | O_NOCTTY, mode);
    while (file < 0 && errno == EINTR);
    return file;
}

/* A host that has closed its standard streams may print all the same: that must not get into a file of ours.
 * Gives another descriptor above them, or -1 with errno; the first is closed. */
static int above_streams(int file) {
    if (file < 0 || file > STDERR_FILENO)
        return file;
    int higher = fcntl(file, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), error = errno;
    close(file);
    errno = error;
    return higher;
}

static bool synced(int file) {
    int result;
    do
        result = fsync(file);
    while (result != 0 && errno == EINTR);
    return result == 0;
}

/* An interrupted close() must not be repeated: the descriptor may be another's by then. */
static bool closed(int file) {
    return close(file) == 0 || errno == EINTR;
}

/* ---- Reading -------------------------------------------------------------------------------------- */

/* Reads until the end of the file or until bytes[size] is full. */
static dae_status read_all(int file, const char *path, unsigned char *bytes, size_t size, size_t *got) {
    *got = 0;
    while (*got < size) {
        ssize_t count = read(file, bytes + *got, dae_size_min(size - *got, 1u << 30));
        if (count == 0)
            break;
        if (count > 0)
            *got += (size_t)count;
        else if (errno != EINTR)
            return dae_file_fail("read", path);
    }
    return DAE_OK;
}

static dae_status check_length(const char *path, size_t got, size_t length) {
    if (got == length)
        return DAE_OK;
    char reason[128];
    snprintf(reason, sizeof reason, "it changed meanwhile: found %s %zu bytes, expected %zu",
             got > length ? "at least" : "only", got, length);
    return fail_because("read", path, reason);
}

/* Reads the start, has it checked, and only then takes memory for the whole, which has `length` bytes. */
static dae_status read_checked(int file, const char *path, size_t length, dae_file_check_fn check,
                               void *context, unsigned char **bytes) {
    unsigned char start[START_SIZE];
    size_t first = dae_size_min(length, sizeof start), rest;
    DAE_TRY(read_all(file, path, start, first, &rest));
    DAE_TRY(check_length(path, rest == first ? length : rest, length));
    if (check != NULL)
        DAE_TRY(check(start, first, length, path, context));
    unsigned char *memory = dae_allocate_raw(length + 1, 1);
    if (memory == NULL)
        return DAE_ERROR_MEMORY;
    memcpy(memory, start, first);
    dae_status status = read_all(file, path, memory + first, length + 1 - first, &rest);
    if (status == DAE_OK)
        status = check_length(path, first + rest, length);
    if (status == DAE_OK)
        *bytes = memory;
    else
        dae_release(memory);
    return status;
}

static dae_status read_opened(int file, const char *path, dae_file_check_fn check, void *context,
                              unsigned char **bytes, size_t *size) {
    struct stat info;
    if (fstat(file, &info) != 0)
        return dae_file_fail("read", path);
    if (!S_ISREG(info.st_mode))
        return fail_because("read", path, "not a regular file");
    if ((uintmax_t)info.st_size >= SIZE_MAX)
        return fail_because("read", path, "it is larger than this machine can address");
    DAE_TRY(read_checked(file, path, (size_t)info.st_size, check, context, bytes));
    *size = (size_t)info.st_size;
    return DAE_OK;
}

dae_status dae_file_read_checked(const char *path, dae_file_check_fn check, void *context,
                                 unsigned char **bytes, size_t *size) {
    int file = open_file(path, O_RDONLY | O_NONBLOCK, 0); /* a pipe must not block */
    if (file < 0)
        return dae_file_fail("open", path);
    dae_status status = read_opened(file, path, check, context, bytes, size);
    close(file);
    return status;
}

dae_status dae_file_read(const char *path, unsigned char **bytes, size_t *size) {
    return dae_file_read_checked(path, NULL, NULL, bytes, size);
}

static dae_status read_start(int file, const char *path, unsigned char *start, size_t capacity, size_t *count,
                             struct dae_file_stamp *stamp) {
    struct stat info;
    if (fstat(file, &info) != 0)
        return dae_file_fail("read", path);
    if (!S_ISREG(info.st_mode))
        return fail_because("read", path, "not a regular file");
    *stamp = (struct dae_file_stamp){(uintmax_t)info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
    return read_all(file, path, start, capacity, count);
}

dae_status dae_file_read_start(const char *path, unsigned char *start, size_t capacity, size_t *count,
                               struct dae_file_stamp *stamp) {
    int file = open_file(path, O_RDONLY | O_NONBLOCK, 0); /* a pipe must not block */
    if (file < 0)
        return dae_file_fail("open", path);
    dae_status status = read_start(file, path, start, capacity, count, stamp);
    close(file);
    return status;
}

void dae_file_fetch(const char *path) {
#ifdef POSIX_FADV_WILLNEED
    int file = open_file(path, O_RDONLY | O_NONBLOCK, 0);
    if (file < 0)
        return;
    (void)posix_fadvise(file, 0, 0, POSIX_FADV_WILLNEED);
    close(file);
#else
    (void)path;
#endif
}

/* ---- Writing -------------------------------------------------------------------------------------- */

/* Messages name the path that the caller gave. */
struct dae_file {
    const char *path;
    char real[PATH_ROOM];        /* where symbolic links lead: what is replaced */
    char folder[PATH_ROOM];      /* of `real`, with its slash; empty for the current one */
    char beside[PATH_ROOM + 64]; /* the new file until it is whole */
    size_t older;                /* files to keep */
    bool replaces, may_replace;
    mode_t mode; /* of the file that is replaced */
    int folder_file, file;
    size_t held; /* bytes that are yet to be written */
    unsigned char buffer[BUFFER_SIZE];
};

/* Follows symbolic links, so that the link stays and what it leads to is replaced. It need not exist. */
static dae_status follow_links(struct dae_file *w) {
    size_t length = strlen(w->path);
    char link[PATH_ROOM];
    errno = ENAMETOOLONG;
    if (length >= sizeof w->real)
        return dae_file_fail("write", w->path);
    memcpy(w->real, w->path, length + 1);
    for (int links = 0;; links++) {
        const char *slash = strrchr(w->real, '/');
        size_t folder = slash == NULL ? 0 : (size_t)(slash + 1 - w->real);
        memcpy(w->folder, w->real, folder);
        w->folder[folder] = '\0';
        ssize_t count = readlink(w->real, link, sizeof link);
        if (count < 0 && (errno == EINVAL || errno == ENOENT)) /* no link, or nothing */
            return DAE_OK;
        if (count < 0)
            return dae_file_fail("write", w->path);
        folder = link[0] == '/' ? 0 : folder;
        errno = links == MOST_LINKS ? ELOOP : ENAMETOOLONG;
        if (links == MOST_LINKS || folder + (size_t)count >= sizeof w->real)
            return dae_file_fail("write", w->path);
        memcpy(w->real + folder, link, (size_t)count);
        w->real[folder + (size_t)count] = '\0';
    }
}

static dae_status fail_there(const char *path) {
    return fail_because("write", path, "there is such a file, which overwrite=yes would replace");
}

/* What stands there must be a file that may be written: rename() alone would replace a device or a file that
 * its owner has write-protected. */
static dae_status look_at_old(struct dae_file *w) {
    struct stat info;
    w->replaces = stat(w->path, &info) == 0;
    if (!w->replaces && (errno != ENOENT || w->real[strlen(w->folder)] == '\0'))
        return dae_file_fail("write", w->path); /* "" and "absent/" have no name that a file could get */
    if (!w->replaces)
        return DAE_OK;
    if (!S_ISREG(info.st_mode))
        return fail_because("replace", w->path,
                            S_ISDIR(info.st_mode) ? "it is a folder" : "not a regular file");
    if (!w->may_replace)
        return fail_there(w->path);
    if (faccessat(AT_FDCWD, w->path, W_OK, AT_EACCESS) != 0)
        return dae_file_fail("replace", w->path);
    w->mode = info.st_mode & 0777;
    return DAE_OK;
}

/* The folder is opened first, so that nothing is in the way of syncing it when the new file has its name. */
static dae_status open_folder(struct dae_file *w) {
    w->folder_file = open_file(w->folder[0] != '\0' ? w->folder : ".", O_RDONLY | O_DIRECTORY, 0);
    if (w->folder_file < 0 && errno != EACCES) /* a folder may be writable and not readable */
        return dae_file_fail("write", w->path);
    return DAE_OK;
}

/* Creates the new file in the folder, with a name that shows which it belongs to where there is room for
 * it. */
static dae_status open_beside(struct dae_file *w) {
    static atomic_uint serial;
    const char *name = w->real + strlen(w->folder);
    do {
        snprintf(w->beside, sizeof w->beside, "%s%s.%ld-%u.tmp", w->folder, strlen(name) < 200 ? name : "dae",
                 (long)getpid(), atomic_fetch_add(&serial, 1));
        w->file = open_file(w->beside, O_WRONLY | O_CREAT | O_EXCL, w->replaces ? w->mode : 0666);
    } while (w->file < 0 && errno == EEXIST);
    return w->file < 0 ? dae_file_fail("write", w->path) : DAE_OK;
}

static dae_status write_all(int file, const char *path, const unsigned char *bytes, size_t size) {
    while (size > 0) {
        ssize_t count = write(file, bytes, dae_size_min(size, 1u << 30));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return dae_file_fail("write", path);
        if (count == 0)
            return fail_because("write", path, "the system takes no more bytes");
        bytes += count;
        size -= (size_t)count;
    }
    return DAE_OK;
}

/* Writes what is held, and closes the new file. Its permissions are those of the old one, whatever the umask;
 * a file system that has none to set does without. */
static dae_status complete(struct dae_file *w) {
    dae_status status = write_all(w->file, w->path, w->buffer, w->held);
    if (status == DAE_OK && w->replaces)
        (void)!fchmod(w->file, w->mode);
    if (status == DAE_OK && !synced(w->file))
        status = dae_file_fail("sync", w->path);
    if (!closed(w->file) && status == DAE_OK)
        status = dae_file_fail("close", w->path);
    w->file = -1;
    return status;
}

/* Takes the new file away after a failure; if that fails too, the message tells where it lies. */
static void give_up(const struct dae_file *w) {
    char first[512], reason[128] = "unknown error";
    if (unlink(w->beside) == 0 || errno == ENOENT)
        return;
    strerror_r(errno, reason, sizeof reason);
    snprintf(first, sizeof first, "%s", dae_last_error());
    dae_fail(DAE_ERROR_IO, "%.360s; nor remove %.80s: %s", first, w->beside + strlen(w->folder), reason);
}

/* Makes the new name durable. Some file systems cannot sync a folder: that is no loss. */
static dae_status sync_folder(const struct dae_file *w) {
    if (w->folder_file < 0 || synced(w->folder_file) || errno == EINVAL || errno == EROFS)
        return DAE_OK;
    return dae_file_fail("sync the folder of the new file", w->path);
}

/* ---- Older files -------------------------------------------------------------------------------- */

/* "path.N", or path itself for 0. */
static const char *name_older(const char *path, size_t n, char *name, size_t room) {
    if (n == 0)
        snprintf(name, room, "%s", path);
    else
        snprintf(name, room, "%s.%zu", path, n);
    return name;
}

/* Where the file system has no links, a copy does it. */
static dae_status copy_file(const char *from, const char *to) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    DAE_TRY(dae_file_read(from, &bytes, &size));
    dae_status status = dae_file_write(to, bytes, size, 0);
    dae_release(bytes);
    return status;
}

/* "path.1" becomes "path.2", and so on up to `count`. */
static dae_status shift_older(const char *path, size_t count, char *names, size_t room) {
    for (size_t n = count; n > 1; n--) {
        const char *from = name_older(path, n - 1, names, room),
                   *to = name_older(path, n, names + room, room);
        if (rename(from, to) != 0 && errno != ENOENT)
            return dae_file_fail("rename", from);
    }
    return DAE_OK;
}

/* The file at `path` gets a second name, and only when it has that one do the others move up. */
static dae_status move_up(const char *path, size_t count, char *names, size_t room) {
    char *name = names, *beside = names + 2 * room;
    snprintf(beside, room, "%s.1.%ld.tmp", path, (long)getpid());
    unlink(beside);
    dae_status status = DAE_OK;
    if (linkat(AT_FDCWD, path, AT_FDCWD, beside, AT_SYMLINK_FOLLOW) != 0)
        status = copy_file(path, beside);
    if (status == DAE_OK)
        status = shift_older(path, count, names, room);
    if (status == DAE_OK && rename(beside, name_older(path, 1, name, room)) != 0)
        status = dae_file_fail("replace", name);
    if (status != DAE_OK)
        unlink(beside);
    return status;
}

/* Keeps what is at `path` as "path.1", what was "path.1" as "path.2", and so on up to `count`. A file called
 * `path` is there all the time. One that is "path.1" already, because it was to be replaced and could not be,
 * stays so. */
static dae_status keep_older(const char *path, size_t count) {
    struct stat now, last;
    if (count == 0 || stat(path, &now) != 0)
        return DAE_OK;
    size_t room = strlen(path) + 64;
    char *names = dae_allocate(3, room);
    if (names == NULL)
        return DAE_ERROR_MEMORY;
    bool is_kept = stat(name_older(path, 1, names, room), &last) == 0 && last.st_ino == now.st_ino &&
                   last.st_dev == now.st_dev;
    dae_status status = is_kept ? DAE_OK : move_up(path, count, names, room);
    dae_release(names);
    return status;
}

/* ---- The new file ------------------------------------------------------------------------------- */

/* Gives the new file its name. One that must not replace another gets it as a second one, which fails where
 * there is a file by now; where the file system has no links, it is looked for. */
static dae_status take_place(struct dae_file *w) {
    struct stat info;
    bool links = !w->may_replace && linkat(AT_FDCWD, w->beside, AT_FDCWD, w->real, 0) == 0;
    if (links)
        return unlink(w->beside) == 0 ? DAE_OK : dae_file_fail("remove the other name of", w->path);
    if (!w->may_replace && (errno == EEXIST || stat(w->real, &info) == 0))
        return fail_there(w->path);
    return rename(w->beside, w->real) == 0 ? DAE_OK : dae_file_fail("replace", w->path);
}

static void release(struct dae_file *w) {
    if (w->file >= 0)
        close(w->file);
    if (w->folder_file >= 0)
        close(w->folder_file);
    dae_release(w);
}

static dae_status begin(struct dae_file *w) {
    DAE_TRY(follow_links(w));
    DAE_TRY(look_at_old(w));
    DAE_TRY(open_folder(w));
    DAE_TRY(open_beside(w));
    w->file = above_streams(w->file);
    if (w->file >= 0)
        return DAE_OK;
    (void)dae_file_fail("write", w->path);
    give_up(w);
    return DAE_ERROR_IO;
}

dae_status dae_file_begin(struct dae_file **out, const char *path, size_t older, bool may_replace) {
    struct dae_file *w = dae_allocate(1, sizeof *w);
    if (w == NULL)
        return DAE_ERROR_MEMORY;
    w->path = path;
    w->older = older;
    w->may_replace = may_replace;
    w->folder_file = w->file = -1;
    dae_status status = begin(w);
    if (status != DAE_OK)
        release(w);
    else
        *out = w;
    return status;
}

bool dae_file_exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0;
}

dae_status dae_file_expect_none(const char *path) {
    return dae_file_exists(path) ? fail_there(path) : DAE_OK;
}

dae_status dae_file_append(struct dae_file *file, const void *bytes, size_t size) {
    if (size > BUFFER_SIZE - file->held) {
        DAE_TRY(write_all(file->file, file->path, file->buffer, file->held));
        file->held = 0;
    }
    if (size > BUFFER_SIZE)
        return write_all(file->file, file->path, bytes, size);
    if (size > 0)
        memcpy(file->buffer + file->held, bytes, size);
    file->held += size;
    return DAE_OK;
}

void dae_file_abandon(struct dae_file *file) {
    give_up(file);
    release(file);
}

dae_status dae_file_commit(struct dae_file *file) {
    dae_status status = complete(file);
    if (status == DAE_OK)
        status = keep_older(file->path, file->older);
    if (status == DAE_OK)
        status = take_place(file);
    if (status != DAE_OK) {
        dae_file_abandon(file);
        return status;
    }
    status = sync_folder(file);
    release(file);
    return status;
}

dae_status dae_file_write(const char *path, const void *bytes, size_t size, size_t older) {
    struct dae_file *file = NULL;
    DAE_TRY(dae_file_begin(&file, path, older, true));
    dae_status status = dae_file_append(file, bytes, size);
    if (status == DAE_OK)
        return dae_file_commit(file);
    dae_file_abandon(file);
    return status;
}
