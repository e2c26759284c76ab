/* Folders. */
#ifndef DAE_CORE_FOLDER_H
#define DAE_CORE_FOLDER_H

#include "core/status.h"

#include <stdbool.h>

/* Whether there is a folder of that path, or that a symbolic link leads to. */
bool dae_folder_exists(const char *path);

/* Makes a folder in one that is there, unless it is there already. */
dae_status dae_folder_make(const char *path);

#endif
