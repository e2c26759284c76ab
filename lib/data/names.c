#include "data/names.h"
#include "core/memory.h"
#include "core/sort.h"

#include <stdio.h>
#include <string.h>

/* ---- Endings -------------------------------------------------------------------------------------- */

static char lower(char c) {
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Whether text[length] ends so, whatever the case of its letters. */
static bool ends_with(const char *text, size_t length, const char *ending) {
    size_t size = strlen(ending);
    if (length < size)
        return false;
    for (size_t i = 0; i < size; i++)
        if (lower(text[length - size + i]) != ending[i])
            return false;
    return true;
}

/* The name without folders and without ".gz". */
static const char *plain_name(const char *path, size_t *length) {
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    *length = strlen(name);
    if (ends_with(name, *length, ".gz"))
        *length -= 3;
    return name;
}

bool dae_name_is_gzip(const char *path) {
    return ends_with(path, strlen(path), ".gz");
}

const char *dae_name_base(const char *path, size_t *length) {
    const char *name = plain_name(path, length);
    for (size_t i = *length; i-- > 1;)
        if (name[i] == '.') {
            *length = i;
            break;
        }
    return name;
}

static const char *find_ending(const struct dae_destination_kind *kind, const char *path) {
    size_t length;
    const char *name = plain_name(path, &length);
    for (size_t i = 0; kind->endings[i] != NULL; i++)
        if (ends_with(name, length, kind->endings[i]))
            return kind->endings[i];
    return NULL;
}

const struct dae_destination_kind *dae_name_destination(const char *path) {
    for (size_t i = 0; dae_destination_category.kinds[i] != NULL; i++) {
        const struct dae_destination_kind *kind =
            (const struct dae_destination_kind *)dae_destination_category.kinds[i];
        if (find_ending(kind, path) != NULL)
            return kind;
    }
    return NULL;
}

const char *dae_name_ending(const struct dae_destination_kind *kind, const char *path) {
    const char *found = path != NULL ? find_ending(kind, path) : NULL;
    return found != NULL ? found : kind->endings[0];
}

/* ---- Names ---------------------------------------------------------------------------------------- */

static int compare_bases(const struct dae_name *a, const struct dae_name *b) {
    size_t both = dae_size_min(a->length, b->length);
    int order = both > 0 ? memcmp(a->base, b->base, both) : 0;
    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

/* By base, and in their order where it is one. */
static int compare(const void *a, const void *b) {
    const struct dae_name *x = a, *y = b;
    int order = compare_bases(x, y);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static int digits_of(size_t number) {
    return snprintf(NULL, 0, "%zu", number);
}

/* Gives numbers to those that share a base, or have none. */
static void number(struct dae_name *names, const void **sorted, size_t count) {
    for (size_t first = 0, end; first < count; first = end) {
        const struct dae_name *one = sorted[first];
        for (end = first + 1; end < count && compare_bases(one, sorted[end]) == 0;)
            end++;
        if (end - first == 1 && one->length > 0)
            continue;
        for (size_t i = first; i < end; i++) {
            struct dae_name *name = &names[((const struct dae_name *)sorted[i])->index];
            name->number = i - first;
            name->digits = digits_of(end - first - 1);
        }
    }
}

static void choose(struct dae_name *names, const void **sorted, const dae_dataset *dataset) {
    for (size_t i = 0; i < dataset->count; i++) {
        const char *path = dae_dataset_tell(dataset, i, "path");
        names[i] = (struct dae_name){.index = i};
        if (path != NULL)
            names[i].base = dae_name_base(path, &names[i].length);
        sorted[i] = &names[i];
    }
    dae_sort(sorted, dataset->count, compare);
    number(names, sorted, dataset->count);
}

dae_status dae_names_choose(struct dae_name **out, const dae_dataset *dataset) {
    struct dae_name *names = dae_allocate_raw(dataset->count, sizeof *names);
    const void **sorted = dae_allocate_raw(dataset->count, sizeof *sorted);
    if (names != NULL && sorted != NULL)
        choose(names, sorted, dataset);
    else
        dae_release(names);
    dae_release(sorted);
    if (names == NULL || sorted == NULL)
        return DAE_ERROR_MEMORY;
    *out = names;
    return DAE_OK;
}
