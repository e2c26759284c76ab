/* Files, whole: read at once, and written so that a reader sees the old one or the new one. */
#ifndef DAE_CORE_FILE_H
#define DAE_CORE_FILE_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

/* Fails with the system's reason, errno, for which `action` could not be done to a path. */
dae_status dae_file_fail(const char *action, const char *path);

/* Reads a regular file into memory of its size, which becomes the caller's (dae_release). Messages name the
 * path. A file that changes its length while it is read is refused. */
dae_status dae_file_read(const char *path, unsigned char **bytes, size_t *size);

/* Looks at the first bytes [count] of a file of `size` bytes, all of them where it is short. A status other
 * than DAE_OK refuses the file. */
typedef dae_status (*dae_file_check_fn)(const unsigned char *start, size_t count, size_t size,
                                        const char *path, void *context);

/* As dae_file_read(); memory for the whole is taken only when `check`, which may be NULL, has agreed. So a
 * file that is of no use costs nothing, however large it is or claims to be. */
dae_status dae_file_read_checked(const char *path, dae_file_check_fn check, void *context,
                                 unsigned char **bytes, size_t *size);

/* What tells a file from the one that has been there before. */
struct dae_file_stamp {
    uintmax_t size;
    intmax_t seconds, nanoseconds; /* when it was last changed */
};

/* Reads up to `capacity` bytes of the start of a regular file. */
dae_status dae_file_read_start(const char *path, unsigned char *start, size_t capacity, size_t *count,
                               struct dae_file_stamp *stamp);

/* Asks the system to fetch a file that will be read soon; where that cannot be, nothing happens. */
void dae_file_fetch(const char *path);

/* Writes beside `path`, syncs, renames over it and syncs the folder. After a failure the file that was
 * there is as before and nothing is left beside it (if it cannot be removed, the message says so); only if
 * syncing the folder failed, which comes last, the new file stands there, whole.
 *
 * A symbolic link stays, and the file that it leads to is replaced. The new file has the permissions of the
 * old one. What is not a regular file, or is write-protected, is refused.
 *
 * Once the new file is complete and synced, the old one is kept as "path.1", what was "path.1" as "path.2",
 * and so on up to `older` of them. So when the disk is full, all that were there still are. */
dae_status dae_file_write(const char *path, const void *bytes, size_t size, size_t older);

/* Whether there is something at a path, or where a symbolic link there leads to. */
bool dae_file_exists(const char *path);

/* Refuses a path where there is something. */
dae_status dae_file_expect_none(const char *path);

/* The same a piece at a time: bytes appended lie in a file beside `path`, which commit gives its name, and
 * abandon takes away. Both end it. `path` stays the caller's, and must live until then. */
struct dae_file;

/* @param may_replace  false: a file that is there is refused, here and where it has come meanwhile */
dae_status dae_file_begin(struct dae_file **out, const char *path, size_t older, bool may_replace);
dae_status dae_file_append(struct dae_file *file, const void *bytes, size_t size);
dae_status dae_file_commit(struct dae_file *file);

/* After a failure, of which this thread's message tells. */
void dae_file_abandon(struct dae_file *file);

#endif
