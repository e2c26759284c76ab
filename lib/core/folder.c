#define _POSIX_C_SOURCE 200809L
#include "core/folder.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

bool dae_folder_exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

dae_status dae_folder_make(const char *path) {
    char reason[128] = "unknown error";
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && dae_folder_exists(path)))
        return DAE_OK;
    strerror_r(errno, reason, sizeof reason);
    return dae_fail(DAE_ERROR_IO, "%s: could not make the folder: %s", path, reason);
}
