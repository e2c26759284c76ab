/* Folders, and the files in them. */
#ifndef DAE_CORE_FOLDER_H
#define DAE_CORE_FOLDER_H

#include "core/status.h"

#include <stdbool.h>

/* Whether there is a folder of that path, or that a symbolic link leads to. */
bool dae_folder_exists(const char *path);

/* Makes a folder in one that is there, unless it is there already. */
dae_status dae_folder_make(const char *path);

/* Paths, each its own block. Starts as zeros. */
struct dae_paths {
    const void **items; /* texts */
    size_t count, room;
};

/* Adds `folder` (of so many bytes, with its '/') and `name` (likewise) as one path. */
dae_status dae_paths_add(struct dae_paths *paths, const char *folder, size_t folder_size, const char *name,
                         size_t name_size);

void dae_paths_free(struct dae_paths *paths);

/* Whether a path has * or ? or [] in it, which stand for other bytes. */
bool dae_path_is_pattern(const char *path);

/* Finds the files in a folder, or all that match a pattern, sorted by their bytes. What is no file is left
 * out, and names that begin with '.' unless the pattern does. In a pattern ? is any byte and * any number of
 * them, but no '/'; [a-z] is one of these, [!a-z] one of all others. */
dae_status dae_paths_find(struct dae_paths *paths, const char *path);

#endif
