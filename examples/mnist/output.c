#define _DEFAULT_SOURCE
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complain.h"

enum {
    NAME_ROOM = 64 /* kept free after the folder for the name of a file */
};

/* What exists is fine. */
static bool make_folder(const char *path) {
    struct stat found;
    int reason = mkdir(path, 0777) == 0 ? 0 : errno;
    if (!reason || (stat(path, &found) == 0 && S_ISDIR(found.st_mode))) {
        return true;
    }
    return complain("cannot make the output folder '%s': %s", path,
                    strerror(reason == EEXIST ? ENOTDIR : reason));
}

/* The folder and each one above it. */
static bool make_folders(const char *folder) {
    char path[OUTPUT_PATH_MAX];
    snprintf(path, sizeof path, "%s", folder);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (!make_folder(path)) {
            return false;
        }
        *slash = '/';
    }
    return make_folder(path);
}

/* Skips slashes, and "." as a whole part. */
static const char *skip_to_part(const char *path) {
    while (*path == '/' || (*path == '.' && (path[1] == '/' || !path[1]))) {
        path++;
    }
    return path;
}

/* Folders that do not exist are the same when they are written with the same parts. */
static bool is_same_folder(const char *a, const char *b) {
    struct stat one, other;
    if (stat(a, &one) == 0 && stat(b, &other) == 0) {
        return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
    }
    if ((*a == '/') != (*b == '/')) {
        return false;
    }
    for (a = skip_to_part(a), b = skip_to_part(b); *a && *b; a = skip_to_part(a), b = skip_to_part(b)) {
        size_t length = strcspn(a, "/");
        if (length != strcspn(b, "/") || strncmp(a, b, length) != 0) {
            return false;
        }
        a += length;
        b += length;
    }
    return *a == *b;
}

bool output_is_written(const char *folder, const char *path) {
    static const char *const names[] = {OUTPUT_MODEL, OUTPUT_HISTORY, OUTPUT_LOSS, OUTPUT_DIGITS};
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char beside[OUTPUT_PATH_MAX] = ".";
    if (slash) { /* with the slash, so that "/x" lies in "/" */
        snprintf(beside, sizeof beside, "%.*s", (int)(name - path), path);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            return is_same_folder(beside, folder);
        }
    }
    return false;
}

bool output_prepare(const char *folder) {
    if (strlen(folder) + NAME_ROOM > OUTPUT_PATH_MAX) {
        return complain("the name of the output folder is longer than %d bytes", OUTPUT_PATH_MAX - NAME_ROOM);
    }
    if (!make_folders(folder)) {
        return false;
    }
    char probe[OUTPUT_PATH_MAX];
    output_path(probe, folder, ".probe-XXXXXX");
    int file = mkstemp(probe);
    if (file < 0) {
        return complain("cannot write into the output folder '%s': %s", folder, strerror(errno));
    }
    errno = ENOSPC; /* what a write that is too short does not say */
    bool written = write(file, "probe", 5) == 5;
    int reason = errno;
    if (close(file) != 0 && written) {
        written = false;
        reason = errno;
    }
    unlink(probe);
    return written || complain("cannot write into the output folder '%s': %s", folder, strerror(reason));
}

void output_path(char path[OUTPUT_PATH_MAX], const char *folder, const char *name) {
    bool slash = folder[strlen(folder) - 1] == '/';
    snprintf(path, OUTPUT_PATH_MAX, "%s%s%s", folder, slash ? "" : "/", name);
}

void output_part_path(char part[OUTPUT_PATH_MAX], const char *path) {
    snprintf(part, OUTPUT_PATH_MAX, "%.*s.part", OUTPUT_PATH_MAX - 6, path);
}

bool output_finish(const char *path, bool written) {
    char part[OUTPUT_PATH_MAX];
    output_part_path(part, path);
    if (written && rename(part, path) == 0) {
        return true;
    }
    int reason = errno;
    remove(part);
    errno = reason;
    return false;
}

bool history_get(history *figures, const dae_trainer *trainer) {
    *figures = (history){0};
    size_t epochs;
    if (!worked(dae_trainer_get_epoch_count(trainer, &epochs))) {
        return false;
    }
    struct {
        const char *column;
        double **values;
    } columns[] = {{"seconds", &figures->seconds},
                   {"loss", &figures->loss},
                   {"validation_loss", &figures->validation_loss},
                   {"validation_psnr", &figures->validation_psnr}};
    for (size_t i = 0; epochs && i < sizeof columns / sizeof columns[0]; i++) {
        *columns[i].values = calloc(epochs, sizeof(double));
        if (!*columns[i].values) {
            return complain("there is not enough memory for the history of %zu epochs", epochs);
        }
        if (!worked(dae_trainer_get_history(trainer, columns[i].column, *columns[i].values, epochs))) {
            return false;
        }
    }
    figures->epochs = epochs;
    return true;
}

bool history_write_csv(const history *figures, const char *path) {
    char part[OUTPUT_PATH_MAX];
    output_part_path(part, path);
    FILE *file = fopen(part, "w");
    bool written = file && fputs("epoch,seconds,loss,val_loss,val_psnr\n", file) >= 0;
    for (size_t i = 0; written && i < figures->epochs; i++) {
        written = fprintf(file, "%zu,%.6f,%.9g,%.9g,%.9g\n", i + 1, figures->seconds[i], figures->loss[i],
                          figures->validation_loss[i], figures->validation_psnr[i]) >= 0;
    }
    int reason = errno;
    if (file && fclose(file) != 0 && written) { /* a full disk may show only now */
        written = false;
        reason = errno;
    }
    errno = reason;
    return output_finish(path, written) || complain("cannot write '%s': %s", path, strerror(errno));
}

void history_free(history *figures) {
    free(figures->seconds);
    free(figures->loss);
    free(figures->validation_loss);
    free(figures->validation_psnr);
    *figures = (history){0};
}
