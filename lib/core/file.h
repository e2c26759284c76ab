/* Files, whole: read at once, and written so that a reader sees the old one or the new one. */
#ifndef DAE_CORE_FILE_H
#define DAE_CORE_FILE_H

#include "core/status.h"

/* Reads a file into memory of its size, which becomes the caller's (dae_release). Messages name the path. */
dae_status dae_file_read(const char *path, unsigned char **bytes, size_t *size);

/* Writes beside `path`, syncs, renames over it and syncs the folder. After a failure the file that was
 * there is as before and nothing is left beside it; only if syncing the folder failed, which comes last, the
 * new file stands there, whole. */
dae_status dae_file_write(const char *path, const void *bytes, size_t size);

/* Before `path` is written: keeps what is there as "path.1", what was "path.1" as "path.2", and so on up to `count`. A file
 * called `path` is there all the time. */
dae_status dae_file_keep_older(const char *path, size_t count);

#endif
