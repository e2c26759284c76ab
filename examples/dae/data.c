#define _DEFAULT_SOURCE
#include "data.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "say.h"
#include "text.h"

/* ---- Opening ------------------------------------------------------------------------------------------ */

static bool read_input(unsigned char **bytes, size_t *size) {
    size_t room = 0;
    ssize_t got;
    *bytes = NULL;
    *size = 0;
    do {
        if (*size == room)
            *bytes = reallocate(*bytes, room = 2 * room + 65536, 1);
        got = read(STDIN_FILENO, *bytes + *size, room - *size);
        *size += got > 0 ? (size_t)got : 0;
    } while (got > 0 || (got < 0 && errno == EINTR));
    return got == 0 || complain("cannot read standard input: %s", strerror(errno));
}

static bool open_raw(dae_dataset **out, const unsigned char *bytes, size_t size) {
    if (size == 0 || size % sizeof(float) != 0)
        return complain("standard input has %zu bytes, expected float32 values, 4 bytes each; --source says "
                        "what else it is",
                        size);
    float *values = allocate(size, 1);
    memcpy(values, bytes, size);
    bool opened = worked(dae_dataset_copy_array(out, values, 1, 2, (size_t[]){1, size / sizeof(float)}));
    free(values);
    return opened;
}

static bool open_input(dae_dataset **out, const char *format) {
    unsigned char *bytes;
    size_t size;
    bool opened = read_input(&bytes, &size) &&
                  (format != NULL ? worked(dae_dataset_parse(out, bytes, size, format))
                                  : open_raw(out, bytes, size));
    free(bytes);
    return opened;
}

/* Whether a path stands for the files that are found there, of which one may be what nobody meant. */
static bool is_many(const char *path) {
    struct stat status;
    return strpbrk(path, "*?[") != NULL || (stat(path, &status) == 0 && S_ISDIR(status.st_mode));
}

static bool open_one(dae_dataset **out, const char *path, const char *format) {
    if (strcmp(path, "-") == 0)
        return open_input(out, format);
    dae_status status = dae_dataset_open(out, path, format);
    if ((status == DAE_ERROR_FORMAT || status == DAE_ERROR_SHAPE || status == DAE_ERROR_UNSUPPORTED) &&
        format == NULL && is_many(path))
        return complain("%s; --source 'files(skip=yes)' leaves out what is something else", dae_last_error());
    return worked(status);
}

/* What is there twice would be held out and trained on, or written twice. */
static bool check_twice(char *const *paths, size_t count) {
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(paths[i], paths[k]) == 0)
                return complain("%s is named twice", paths[i]);
    return true;
}

bool data_open(dae_dataset **out, char *const *paths, size_t count, const char *format) {
    if (!check_twice(paths, count))
        return false;
    dae_dataset **parts = allocate(count, sizeof *parts);
    size_t opened = 0;
    while (opened < count && open_one(&parts[opened], paths[opened], format))
        opened++;
    bool done = opened == count && (count == 1 || worked(dae_dataset_join(out, parts, count)));
    if (done && count == 1) {
        *out = parts[0];
        opened = 0;
    }
    for (size_t i = 0; i < opened; i++)
        dae_dataset_free(parts[i]);
    free(parts);
    return done;
}

/* ---- Looking ------------------------------------------------------------------------------------------ */

size_t data_count(const dae_dataset *data) {
    size_t count = 0;
    worked(dae_dataset_get_count(data, &count));
    return count;
}

shape data_shape(const dae_dataset *data, size_t index) {
    shape s = {0};
    worked(dae_dataset_get_shape(data, index, &s.rank, s.dims));
    return s;
}

size_t shape_size(const shape *s) {
    size_t size = 1;
    for (size_t i = 0; i < s->rank; i++)
        size *= s->dims[i];
    return size;
}

char *shape_text(const shape *s) {
    text t = {0};
    for (size_t i = 0; i < s->rank; i++) {
        text_add(&t, "%s", i > 0 ? " x " : "");
        if (s->dims[i] > 0)
            text_add(&t, "%zu", s->dims[i]);
        else
            text_add(&t, "any");
    }
    return text_take(&t);
}

char *data_fact(const dae_dataset *data, size_t index, const char *fact) {
    size_t length = 0;
    if (dae_dataset_get_fact(data, index, fact, NULL, 0, &length) != DAE_OK || length == 0)
        return NULL;
    char *answer = allocate(length + 1, 1);
    worked(dae_dataset_get_fact(data, index, fact, answer, length + 1, NULL));
    return answer;
}

char *data_name(const dae_dataset *data, size_t index) {
    char *path = data_fact(data, index, "path");
    char *next = index + 1 < data_count(data) ? data_fact(data, index + 1, "path") : NULL,
         *last = index > 0 ? data_fact(data, index - 1, "path") : NULL;
    bool alone = path != NULL && (next == NULL || strcmp(next, path) != 0) &&
                 (last == NULL || strcmp(last, path) != 0);
    char *name = alone          ? text_of("%s", path)
                 : path != NULL ? text_of("%s, sample %zu", path, index)
                                : text_of("sample %zu", index);
    free(path);
    free(next);
    free(last);
    return name;
}

bool data_view(dae_dataset **data, const char *view, uint64_t seed) {
    dae_dataset *seen = NULL;
    if (view == NULL || *view == '\0')
        return true;
    if (!worked_on(dae_dataset_view(&seen, *data, view, seed), "--view"))
        return false;
    dae_dataset_free(*data);
    *data = seen;
    return true;
}
