#define _POSIX_C_SOURCE 200809L
#include "core/file.h"
#include "core/memory.h"
#include "core/size.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* `action` failed on `path` with errno. */
static dae_status fail_errno(const char *action, const char *path) {
    int error = errno;
    char reason[128] = "unknown error";
    strerror_r(error, reason, sizeof reason);
    return dae_fail(DAE_ERROR_IO, "%s: could not %s: %s", path[0] != '\0' ? path : "empty path", action,
                    reason);
}

static int open_file(const char *path, int flags, mode_t mode) {
    int file;
    do
        file = open(path, flags | O_CLOEXEC, mode);
    while (file < 0 && errno == EINTR);
    return file;
}

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
            return fail_errno("read", path);
    }
    return DAE_OK;
}

static dae_status read_opened(int file, const char *path, unsigned char **bytes, size_t *size) {
    struct stat info;
    if (fstat(file, &info) != 0)
        return fail_errno("stat", path);
    if (!S_ISREG(info.st_mode))
        return dae_fail(DAE_ERROR_IO, "%s: could not read: not a regular file", path);
    size_t length = (size_t)info.st_size;
    unsigned char *memory = dae_allocate_raw(length + 1, 1);
    if (memory == NULL)
        return DAE_ERROR_MEMORY;
    size_t got;
    dae_status status = read_all(file, path, memory, length + 1, &got);
    if (status == DAE_OK && got != length)
        status = dae_fail(DAE_ERROR_IO, "%s: changed while it was read: found %s %zu bytes, expected %zu",
                          path, got > length ? "at least" : "only", got, length);
    if (status != DAE_OK) {
        dae_release(memory);
        return status;
    }
    *bytes = memory;
    *size = length;
    return DAE_OK;
}

dae_status dae_file_read(const char *path, unsigned char **bytes, size_t *size) {
    int file = open_file(path, O_RDONLY | O_NONBLOCK, 0); /* a pipe must not block */
    if (file < 0)
        return fail_errno("open", path);
    dae_status status = read_opened(file, path, bytes, size);
    close(file);
    return status;
}

static dae_status write_all(int file, const char *path, const unsigned char *bytes, size_t size) {
    while (size > 0) {
        ssize_t count = write(file, bytes, dae_size_min(size, 1u << 30));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return fail_errno("write", path);
        bytes += count;
        size -= (size_t)count;
    }
    return fsync(file) == 0 ? DAE_OK : fail_errno("sync", path);
}

/* Makes the new name durable. Some file systems cannot sync a folder (EINVAL): that is no loss. */
static dae_status sync_folder(const char *path, char *scratch) {
    strcpy(scratch, path);
    char *slash = strrchr(scratch, '/');
    if (slash == NULL)
        strcpy(scratch, ".");
    else
        slash[slash == scratch] = '\0';
    int folder = open_file(scratch, O_RDONLY | O_DIRECTORY, 0);
    if (folder < 0)
        return DAE_OK; /* a folder may be writable and not readable */
    int failed = fsync(folder) != 0 && errno != EINVAL && errno != EROFS;
    dae_status status = failed ? fail_errno("sync the folder", scratch) : DAE_OK;
    close(folder);
    return status;
}

/* Permissions that a new file gets: those of the one that it replaces, or the usual ones. */
static mode_t new_mode(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 ? info.st_mode & 0777 : 0666;
}

dae_status dae_file_write(const char *path, const void *bytes, size_t size) {
    static atomic_uint serial;
    size_t room = strlen(path) + 64;
    char *beside = dae_allocate(2, room);
    if (beside == NULL)
        return DAE_ERROR_MEMORY;
    int file;
    do {
        snprintf(beside, room, "%s.%ld-%u.tmp", path, (long)getpid(), atomic_fetch_add(&serial, 1));
        file = open_file(beside, O_WRONLY | O_CREAT | O_EXCL, new_mode(path));
    } while (file < 0 && errno == EEXIST);
    dae_status status = file < 0 ? fail_errno("write", path) : DAE_OK;
    if (file >= 0) {
        status = write_all(file, path, bytes, size);
        if (close(file) != 0 && status == DAE_OK)
            status = fail_errno("close", path);
        if (status == DAE_OK && rename(beside, path) != 0)
            status = fail_errno("replace", path);
        if (status != DAE_OK)
            unlink(beside);
        else
            status = sync_folder(path, beside + room);
    }
    dae_release(beside);
    return status;
}
