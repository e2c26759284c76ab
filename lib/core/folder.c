#define _POSIX_C_SOURCE 200809L
#include "core/folder.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/sort.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

enum {
    PATH_ROOM = 4096,
    MOST_PATTERNS = 16, /* parts of a path that are patterns: each holds a descriptor */
};

bool dae_folder_exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

dae_status dae_folder_make(const char *path) {
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && dae_folder_exists(path)))
        return DAE_OK;
    return dae_file_fail("make the folder", path);
}

/* ---- Paths ---------------------------------------------------------------------------------------- */

static dae_status make_room(struct dae_paths *paths) {
    enum { FIRST_ROOM = 64 };
    size_t room = paths->room > 0 ? 2 * paths->room : FIRST_ROOM;
    const void **items = dae_allocate_raw(room, sizeof *items);
    if (items == NULL)
        return DAE_ERROR_MEMORY;
    if (paths->count > 0)
        memcpy(items, paths->items, paths->count * sizeof *items);
    dae_release(paths->items);
    paths->items = items;
    paths->room = room;
    return DAE_OK;
}

dae_status dae_paths_add(struct dae_paths *paths, const char *folder, size_t folder_size, const char *name,
                         size_t name_size) {
    if (paths->count == paths->room)
        DAE_TRY(make_room(paths));
    char *path = dae_allocate(folder_size + name_size + 1, 1);
    if (path == NULL)
        return DAE_ERROR_MEMORY;
    memcpy(path, folder, folder_size);
    memcpy(path + folder_size, name, name_size);
    paths->items[paths->count++] = path;
    return DAE_OK;
}

void dae_paths_free(struct dae_paths *paths) {
    for (size_t i = 0; i < paths->count; i++)
        dae_release((void *)(uintptr_t)paths->items[i]);
    dae_release(paths->items);
    *paths = (struct dae_paths){NULL, 0, 0};
}

/* ---- Patterns ------------------------------------------------------------------------------------- */

bool dae_path_is_pattern(const char *path) {
    const char *bracket = strchr(path, '[');
    return strpbrk(path, "*?") != NULL || (bracket != NULL && strchr(bracket, ']') != NULL);
}

/* Whether a byte is one of those that "[a-z]" lists; *end is where the pattern goes on. NULL: there is no
 * ']', so that '[' is a byte like others. */
static bool is_listed(const char *pattern, unsigned char byte, const char **end) {
    const char *at = pattern + 1;
    bool others = *at == '!' || *at == '^', found = false;
    at += others;
    for (const char *first = at; *at != '\0' && (*at != ']' || at == first); at++) {
        unsigned char low = (unsigned char)*at, high = low;
        if (at[1] == '-' && at[2] != ']' && at[2] != '\0') {
            high = (unsigned char)at[2];
            at += 2;
        }
        found = found || (low <= byte && byte <= high);
    }
    *end = *at == ']' ? at + 1 : NULL;
    return found != others;
}

/* Whether the byte at *name is the first one that *pattern stands for, which is not '*'; moves both on. */
static bool match_byte(const char **pattern, const char **name) {
    const char *end = NULL;
    bool listed = **pattern == '[' && is_listed(*pattern, (unsigned char)**name, &end);
    if (end == NULL)
        listed = **pattern == '?' || **pattern == **name;
    *pattern = end != NULL ? end : *pattern + 1;
    (*name)++;
    return listed;
}

/* Goes back to the last '*' where what follows it does not match, and has it take one byte more. */
static bool matches(const char *pattern, const char *name) {
    const char *star = NULL, *taken = NULL;
    if (*name == '.' && *pattern != '.')
        return false;
    while (*name != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            taken = name;
        } else if (*pattern == '\0' || !match_byte(&pattern, &name)) {
            if (star == NULL)
                return false;
            pattern = star;
            name = ++taken;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

/* ---- Finding -------------------------------------------------------------------------------------- */

/* A path that grows, part by part of a pattern. */
struct finding {
    struct dae_paths *paths;
    const char *whole; /* the pattern, for messages */
    size_t length;     /* of `path` */
    int patterns;
    char path[PATH_ROOM];
};

static dae_status append(struct finding *f, const char *text, size_t size) {
    errno = ENAMETOOLONG;
    if (size >= sizeof f->path - f->length)
        return dae_file_fail("look for files", f->whole);
    memcpy(f->path + f->length, text, size);
    f->length += size;
    f->path[f->length] = '\0';
    return DAE_OK;
}

/* Takes what has been found, if it is a file. What is there and cannot be looked at may be one. */
static dae_status take(struct finding *f) {
    struct stat info;
    if (stat(f->path, &info) == 0 ? !S_ISREG(info.st_mode) : lstat(f->path, &info) != 0)
        return DAE_OK;
    return dae_paths_add(f->paths, f->path, f->length, "", 0);
}

static dae_status find(struct finding *f, const char *pattern);

/* Goes on with each entry of the folder that has been found; `part` is a pattern, and `rest` comes
 * after it. */
static dae_status find_entries(struct finding *f, DIR *folder, const char *part, const char *rest) {
    size_t length = f->length;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL)
            return errno == 0 ? DAE_OK : dae_file_fail("read the folder", f->whole);
        if (!matches(part, entry->d_name) || strcmp(entry->d_name, ".") == 0 ||
            strcmp(entry->d_name, "..") == 0)
            continue;
        DAE_TRY(append(f, entry->d_name, strlen(entry->d_name)));
        if (*rest == '\0')
            DAE_TRY(take(f));
        else if (dae_folder_exists(f->path))
            DAE_TRY(find(f, rest));
        f->length = length;
        f->path[length] = '\0';
    }
}

static dae_status find_matching(struct finding *f, const char *part, const char *rest) {
    DIR *folder = opendir(f->length > 0 ? f->path : ".");
    if (folder == NULL)
        return dae_file_fail("open the folder", f->length > 0 ? f->path : ".");
    dae_status status = find_entries(f, folder, part, rest);
    closedir(folder);
    return status;
}

/* Finds what matches a pattern, or the rest of one, from the path on that has been found. */
static dae_status find(struct finding *f, const char *pattern) {
    char part[PATH_ROOM / MOST_PATTERNS];
    for (;;) {
        size_t slashes = strspn(pattern, "/"), size = strcspn(pattern + slashes, "/");
        DAE_TRY(append(f, pattern, slashes));
        pattern += slashes;
        errno = ENAMETOOLONG;
        if (size >= sizeof part)
            return dae_file_fail("look for files", f->whole);
        memcpy(part, pattern, size);
        part[size] = '\0';
        pattern += size;
        if (dae_path_is_pattern(part))
            break;
        DAE_TRY(append(f, part, size));
        if (*pattern == '\0')
            return take(f);
    }
    if (f->patterns == MOST_PATTERNS)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: found more than %d patterns between '/'", f->whole,
                        MOST_PATTERNS);
    f->patterns++;
    dae_status status = find_matching(f, part, pattern);
    f->patterns--;
    return status;
}

/* A folder is all that is in it. */
static dae_status begin(struct finding *f, const char *path) {
    if (dae_path_is_pattern(path) && !dae_folder_exists(path))
        return find(f, path);
    DAE_TRY(append(f, path, strlen(path)));
    if (f->length == 0 || f->path[f->length - 1] != '/')
        DAE_TRY(append(f, "/", 1));
    return find_matching(f, "*", "");
}

dae_status dae_paths_find(struct dae_paths *paths, const char *path) {
    struct finding *f = dae_allocate(1, sizeof *f);
    if (f == NULL)
        return DAE_ERROR_MEMORY;
    f->paths = paths;
    f->whole = path;
    dae_status status = begin(f, path);
    dae_release(f);
    if (status == DAE_OK)
        dae_sort(paths->items, paths->count, dae_compare_texts);
    else
        dae_paths_free(paths);
    return status;
}
