/* Datasets as files: one file, or a folder with one for each sample. */
#include "data/destination.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/memory.h"
#include "core/sort.h"
#include "data/names.h"

#include <stdio.h>
#include <string.h>

static const struct dae_kind *const kinds[] = {DAE_DESTINATION_ROWS, NULL};

enum { KINDS = sizeof kinds / sizeof *kinds - 1, VALUES_AT_ONCE = 1 << 20 };

const struct dae_category dae_destination_category = {
    .name = "destination",
    .what = "the format of a file that samples are written to",
    .text = "format",
    .kinds = kinds,
};

/* ---- What formats ask for ------------------------------------------------------------------------- */

struct dae_shape dae_saving_shape(const struct dae_saving *s) {
    return dae_dataset_measure(s->dataset, DAE_INPUT_HALF, s->first);
}

/* Values of some samples at a time, or of a part of one. */
static dae_status hand_out(const struct dae_saving *s, struct dae_part part, size_t samples, float *buffer,
                           dae_saving_taker take, void *context) {
    for (size_t done = 0, now; done < s->count; done += now) {
        now = dae_size_min(samples, s->count - done);
        size_t size = dae_saving_shape(s).size;
        for (size_t first = 0; first < size; first += part.count) {
            size_t count = dae_size_min(part.count, size - first);
            DAE_TRY(dae_dataset_read_part(s->dataset, DAE_INPUT_HALF, 0, s->first + done, now,
                                          (struct dae_part){first, count}, buffer));
            DAE_TRY(take(context, buffer, now * count));
        }
    }
    return DAE_OK;
}

dae_status dae_saving_each(const struct dae_saving *s, dae_saving_taker take, void *context) {
    size_t size = dae_saving_shape(s).size;
    bool whole = size <= VALUES_AT_ONCE || dae_dataset_is_whole(s->dataset, DAE_INPUT_HALF);
    struct dae_part part = {0, whole ? size : VALUES_AT_ONCE};
    size_t samples = dae_size_max(dae_size_min(s->count, VALUES_AT_ONCE / part.count), 1);
    float *buffer = dae_allocate_raw(samples * part.count, sizeof *buffer);
    if (buffer == NULL)
        return DAE_ERROR_MEMORY;
    dae_status status = hand_out(s, part, samples, buffer, take, context);
    dae_release(buffer);
    return status;
}

dae_status dae_saving_read(const struct dae_saving *s, float **values) {
    size_t size = dae_saving_shape(s).size;
    float *read = dae_allocate_raw(size, sizeof *read);
    if (read == NULL)
        return DAE_ERROR_MEMORY;
    dae_status status = dae_dataset_read_part(s->dataset, DAE_INPUT_HALF, 0, s->first, 1,
                                              (struct dae_part){0, size}, read);
    if (status == DAE_OK)
        *values = read;
    else
        dae_release(read);
    return status;
}

double dae_saving_number(const struct dae_saving *s, const char *fact, double fallback) {
    const char *told = dae_dataset_tell(s->dataset, s->first, fact);
    double number;
    return told != NULL && dae_text_read_number(told, strlen(told), &number) > 0 ? number : fallback;
}

/* ---- A file --------------------------------------------------------------------------------------- */

/* A file, and the samples for it. */
struct output {
    const char *path;
    const struct dae_step *step; /* its format */
    size_t first, count;
};

static const struct dae_destination_kind *kind_of(const struct output *o) {
    return (const struct dae_destination_kind *)o->step->kind;
}

static bool may_overwrite(const struct output *o) {
    return o->step->values[dae_kind_parameter_count(o->step->kind) - 1].number == 1;
}

/* Refuses samples that differ in shape. */
static dae_status check_shapes(const dae_dataset *dataset, const struct output *o) {
    struct dae_shape first = dae_dataset_measure(dataset, DAE_INPUT_HALF, o->first);
    char texts[2][DAE_SHAPE_TEXT_SIZE];
    for (size_t i = o->first + 1; i < o->first + o->count; i++) {
        struct dae_shape shape = dae_dataset_measure(dataset, DAE_INPUT_HALF, i);
        if (!dae_shape_equals(&first, &shape))
            return dae_fail(
                DAE_ERROR_SHAPE,
                "%s: sample %zu has shape %s and sample %zu has %s, expected samples of one shape, "
                "or a path that ends in '/', which gets a file for each",
                o->path, o->first, dae_shape_text(&first, texts[0]), i, dae_shape_text(&shape, texts[1]));
    }
    return DAE_OK;
}

static dae_status check_output(const dae_dataset *dataset, const struct output *o) {
    const struct dae_destination_kind *kind = kind_of(o);
    const struct dae_saving saving = {o->path, dataset, o->first, o->count, o->step->values, NULL};
    if (kind->single && o->count > 1)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "%s: %s holds one sample, found %zu, expected a path that ends in '/', which gets a "
                        "file for each",
                        o->path, kind->kind.name, o->count);
    if (dae_shape_is_open(&dataset->shape))
        DAE_TRY(check_shapes(dataset, o));
    return kind->check != NULL ? kind->check(&saving) : DAE_OK;
}

static dae_status append(void *context, const void *bytes, size_t size) {
    return dae_file_append(context, bytes, size);
}

static dae_status write_output(const dae_dataset *dataset, const struct output *o) {
    struct dae_file *file = NULL;
    DAE_TRY(dae_file_begin(&file, o->path, 0, may_overwrite(o)));
    const struct dae_sink sink = {append, file};
    const struct dae_saving saving = {o->path, dataset, o->first, o->count, o->step->values, &sink};
    dae_status status = kind_of(o)->write(&saving);
    if (status == DAE_OK)
        return dae_file_commit(file);
    dae_file_abandon(file);
    return status;
}

/* ---- Formats -------------------------------------------------------------------------------------- */

/* A format that is given, or those that endings say. */
struct formats {
    struct dae_recipe *given;
    struct dae_recipe *known[KINDS]; /* NULL until it is needed */
};

static void fail_ending(const char *path) {
    char endings[256] = "";
    struct dae_text list = {endings, sizeof endings, 0};
    for (size_t i = 0; i < KINDS; i++)
        dae_text_add_item(&list, i, KINDS, ((const struct dae_destination_kind *)kinds[i])->endings[0]);
    (void)dae_fail(
        DAE_ERROR_ARGUMENT,
        "%s: no format is written to files with such an ending, expected %s, or a format by its name", path,
        endings);
}

/* The format of a file that is called so, or is made of one that is. */
static dae_status find_format(struct formats *formats, const char *path, const struct dae_step **step) {
    if (formats->given != NULL) {
        *step = formats->given->steps;
        return DAE_OK;
    }
    const struct dae_destination_kind *kind = dae_name_destination(path);
    size_t i = 0;
    if (kind == NULL) {
        fail_ending(path);
        return DAE_ERROR_ARGUMENT;
    }
    while (kinds[i] != &kind->kind)
        i++;
    if (formats->known[i] == NULL)
        DAE_TRY(dae_recipe_bind_one(&formats->known[i], &dae_destination_category, kind->kind.name));
    *step = formats->known[i]->steps;
    return DAE_OK;
}

static void free_formats(struct formats *formats) {
    dae_release(formats->given);
    for (size_t i = 0; i < KINDS; i++)
        dae_release(formats->known[i]);
}

/* ---- A folder ------------------------------------------------------------------------------------- */

/* Files, one a sample. */
struct folder {
    const char *path; /* ends in '/' */
    const dae_dataset *dataset;
    struct output *outputs;
};

/* The path is a part of an output that is its own. */
static dae_status make_path(struct output *o, const struct folder *folder, const struct dae_name *name,
                            const char *ending) {
    char number[32] = "";
    if (name->digits > 0)
        snprintf(number, sizeof number, "%s%0*zu", name->length > 0 ? "-" : "", name->digits, name->number);
    size_t size = strlen(folder->path) + name->length + strlen(number) + strlen(ending) + 1;
    char *path = dae_allocate(1, size);
    if (path == NULL)
        return DAE_ERROR_MEMORY;
    snprintf(path, size, "%s%.*s%s%s", folder->path, (int)name->length, name->length > 0 ? name->base : "",
             number, ending);
    o->path = path;
    return DAE_OK;
}

static dae_status plan_output(const struct folder *folder, struct formats *formats,
                              const struct dae_name *name) {
    struct output *o = &folder->outputs[name->index];
    const char *source = dae_dataset_tell(folder->dataset, name->index, "path");
    if (source == NULL && formats->given == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "%s: sample %zu comes from no file whose format could be kept, expected a format",
                        folder->path, name->index);
    o->first = name->index;
    o->count = 1;
    DAE_TRY(find_format(formats, source, &o->step));
    DAE_TRY(make_path(o, folder, name, dae_name_ending(kind_of(o), source)));
    DAE_TRY(check_output(folder->dataset, o));
    return may_overwrite(o) ? DAE_OK : dae_file_expect_none(o->path);
}

/* Refuses two files of one name: "a-1", the second of "a", may be the name of another. */
static dae_status check_names(const struct folder *folder) {
    size_t count = folder->dataset->count;
    const void **paths = dae_allocate_raw(count, sizeof *paths);
    dae_status status = DAE_OK;
    if (paths == NULL)
        return DAE_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++)
        paths[i] = folder->outputs[i].path;
    dae_sort(paths, count, dae_compare_texts);
    for (size_t i = 1; i < count && status == DAE_OK; i++)
        if (strcmp(paths[i - 1], paths[i]) == 0)
            status = dae_fail(DAE_ERROR_ARGUMENT, "%s: it would be written for two samples",
                              (const char *)paths[i]);
    dae_release(paths);
    return status;
}

/* Everything that can be refused is, before the first file is there. */
static dae_status plan(const struct folder *folder, struct formats *formats) {
    struct dae_name *names = NULL;
    dae_status status = dae_names_choose(&names, folder->dataset);
    for (size_t i = 0; i < folder->dataset->count && status == DAE_OK; i++)
        status = plan_output(folder, formats, &names[i]);
    dae_release(names);
    return status == DAE_OK ? check_names(folder) : status;
}

static dae_status write_folder(const struct folder *folder) {
    DAE_TRY(dae_folder_make(folder->path));
    for (size_t i = 0; i < folder->dataset->count; i++)
        DAE_TRY(write_output(folder->dataset, &folder->outputs[i]));
    return DAE_OK;
}

static dae_status save_folder(const dae_dataset *dataset, const char *path, struct formats *formats) {
    struct folder folder = {path, dataset, dae_allocate(dataset->count, sizeof *folder.outputs)};
    if (folder.outputs == NULL)
        return DAE_ERROR_MEMORY;
    dae_status status = plan(&folder, formats);
    if (status == DAE_OK)
        status = write_folder(&folder);
    for (size_t i = 0; i < dataset->count; i++)
        dae_release((void *)(uintptr_t)folder.outputs[i].path);
    dae_release(folder.outputs);
    return status;
}

/* ---- Saving --------------------------------------------------------------------------------------- */

static dae_status save_file(const dae_dataset *dataset, const char *path, struct formats *formats) {
    struct output o = {.path = path, .count = dataset->count};
    if (dae_name_is_gzip(path))
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "%s: files are not compressed when written, expected a name without .gz", path);
    DAE_TRY(find_format(formats, path, &o.step));
    DAE_TRY(check_output(dataset, &o));
    return write_output(dataset, &o);
}

/* Of a path with its '/'. */
static dae_status save_to(const dae_dataset *dataset, const char *path, struct formats *formats) {
    size_t length = strlen(path);
    if (length > 0 && path[length - 1] == '/')
        return save_folder(dataset, path, formats);
    return save_file(dataset, path, formats);
}

dae_status dae_dataset_save(const dae_dataset *dataset, const char *path, const char *format) {
    struct formats formats = {NULL};
    DAE_REQUIRE(dataset);
    DAE_REQUIRE(path);
    if (format != NULL)
        DAE_TRY(dae_recipe_bind_one(&formats.given, &dae_destination_category, format));
    /* kept meanwhile: a callback may drop the caller's reference */
    dae_dataset *kept = dae_dataset_keep((dae_dataset *)(uintptr_t)dataset);
    dae_status status = save_to(dataset, path, &formats);
    dae_dataset_free(kept);
    free_formats(&formats);
    return status;
}
