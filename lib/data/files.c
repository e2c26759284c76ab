#include "data/files.h"
#include "core/folder.h"
#include "core/fpu.h"
#include "core/memory.h"

#include <dae/runtime.h>

#include <pthread.h>
#include <string.h>

struct file {
    struct dae_facts facts; /* the first is its path */
    struct dae_shape shape; /* of its samples */
    struct dae_file_stamp stamp;
    dae_dataset *opened; /* NULL where it is not held */
    size_t bytes;        /* that it takes */
    size_t newer, older; /* files that are held and have been used after it, and before; NONE at the ends */
};

/* A dataset whose files are opened when they are read. Those that were read last are held, in their own
 * type. */
struct files {
    dae_dataset base;
    struct dae_recipe *format; /* kept; NULL: each is known by its content */
    struct file *files;
    size_t *starts; /* the first sample of each */
    size_t count, left_out;
    size_t limit;           /* bytes that are held, but for a file for each thread */
    uint64_t fpu;           /* the host's setting, which files are read under (core/fpu.h) */
    pthread_mutex_t lock;   /* of what follows, and of what changes in files */
    size_t newest, oldest;  /* of the files that are held */
    size_t held, held_size; /* how many, and their bytes */
};

#define NONE SIZE_MAX

static const char *path_of(const struct file *file) {
    return dae_facts_find(&file->facts, "path");
}

/* ---- Held files ----------------------------------------------------------------------------------- */

/* Where a file stands among those that are held: `newer` is what tells it of the one that is newer. */
static size_t *link_to(struct files *f, size_t file, bool newer) {
    if (file == NONE)
        return newer ? &f->oldest : &f->newest;
    return newer ? &f->files[file].newer : &f->files[file].older;
}

static void unlink_file(struct files *f, size_t i) {
    *link_to(f, f->files[i].older, true) = f->files[i].newer;
    *link_to(f, f->files[i].newer, false) = f->files[i].older;
}

static void link_newest(struct files *f, size_t i) {
    f->files[i].newer = NONE;
    f->files[i].older = f->newest;
    *link_to(f, f->newest, true) = i;
    f->newest = i;
}

/* Lets go of those that were used longest ago. Each thread reads from one file at a time, which stays. */
static void let_go(struct files *f) {
    size_t threads = (size_t)dae_get_num_threads();
    while (f->held > threads && f->held_size > f->limit) {
        size_t i = f->oldest;
        unlink_file(f, i);
        dae_dataset_free(f->files[i].opened);
        f->files[i].opened = NULL;
        f->held_size -= f->files[i].bytes;
        f->held--;
    }
}

/* The file, if it is held, for the caller to free; it is the newest then. */
static dae_dataset *find_held(struct files *f, size_t i) {
    pthread_mutex_lock(&f->lock);
    dae_dataset *opened = f->files[i].opened;
    if (opened != NULL) {
        dae_dataset_keep(opened);
        unlink_file(f, i);
        link_newest(f, i);
    }
    pthread_mutex_unlock(&f->lock);
    return opened;
}

static size_t size_of(const dae_dataset *opened) {
    struct dae_stored stored = dae_dataset_locate(opened, DAE_INPUT_HALF, 0);
    size_t size = stored.size > 0 ? stored.size : opened->shape.size * sizeof(float);
    return size * opened->count;
}

/* Another thread may have opened it meanwhile. */
static void hold(struct files *f, size_t i, dae_dataset *opened) {
    pthread_mutex_lock(&f->lock);
    if (f->files[i].opened == NULL) {
        f->files[i].opened = dae_dataset_keep(opened);
        f->files[i].bytes = size_of(opened);
        f->held_size += f->files[i].bytes;
        f->held++;
        link_newest(f, i);
        let_go(f);
    }
    pthread_mutex_unlock(&f->lock);
}

/* ---- Reading -------------------------------------------------------------------------------------- */

/* What it held when the dataset was opened, it must hold now. */
static dae_status check_same(const struct files *f, size_t i) {
    const struct file *file = &f->files[i];
    struct dae_file_stamp now;
    size_t count;
    DAE_TRY(dae_file_read_start(path_of(file), NULL, 0, &count, &now));
    if (now.size != file->stamp.size || now.seconds != file->stamp.seconds ||
        now.nanoseconds != file->stamp.nanoseconds)
        return dae_fail(DAE_ERROR_IO, "%s: could not read: it has changed since the dataset was opened",
                        path_of(file));
    return DAE_OK;
}

static dae_status open_file(dae_dataset **out, struct files *f, size_t i) {
    DAE_TRY(check_same(f, i));
    DAE_TRY(dae_source_open(out, path_of(&f->files[i]), f->format != NULL ? f->format->steps : NULL));
    size_t end = i + 1 < f->count ? f->starts[i + 1] : f->base.count;
    if ((*out)->count == end - f->starts[i] && dae_shape_equals(&(*out)->shape, &f->files[i].shape))
        return DAE_OK;
    dae_dataset_free(*out);
    return dae_fail(DAE_ERROR_FORMAT, "%s: found other samples than when the dataset was opened",
                    path_of(&f->files[i]));
}

/* The file, for the caller to free. */
static dae_status take(dae_dataset **out, struct files *f, size_t i) {
    *out = find_held(f, i);
    if (*out != NULL)
        return DAE_OK;
    uint64_t fpu = dae_fpu_prepare();
    dae_fpu_restore(f->fpu);
    dae_status status = open_file(out, f, i);
    dae_fpu_restore(fpu);
    if (status == DAE_OK)
        hold(f, i, *out);
    return status;
}

static size_t file_of(const dae_dataset *dataset, size_t *sample) {
    const struct files *f = (const struct files *)dataset;
    size_t i = dae_size_bisect(f->starts, f->count, *sample);
    *sample -= f->starts[i];
    return i;
}

static dae_status read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                       size_t count, struct dae_part part, float *out) {
    struct files *f = (struct files *)(uintptr_t)dataset;
    for (size_t done = 0, now; done < count; done += now) {
        dae_dataset *opened = NULL;
        size_t sample = first + done, i = file_of(dataset, &sample);
        DAE_TRY(take(&opened, f, i));
        now = dae_size_min(count - done, opened->count - sample);
        dae_status status = dae_dataset_read_part(opened, half, epoch, sample, now, part,
                                                  out + done * part.count);
        dae_dataset_free(opened);
        DAE_TRY(status);
    }
    return DAE_OK;
}

static struct dae_shape measure(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    (void)half;
    return ((const struct files *)dataset)->files[file_of(dataset, &sample)].shape;
}

static const char *tell(const dae_dataset *dataset, size_t sample, const char *fact) {
    const struct files *f = (const struct files *)dataset;
    const char *told = dae_facts_find(&f->files[file_of(dataset, &sample)].facts, fact);
    return told != NULL ? told : dae_facts_find(&dataset->facts, fact);
}

static void fetch(const dae_dataset *dataset, size_t sample) {
    struct files *f = (struct files *)(uintptr_t)dataset;
    size_t i = file_of(dataset, &sample);
    dae_dataset *held = find_held(f, i);
    if (held == NULL)
        dae_file_fetch(path_of(&f->files[i]));
    dae_dataset_free(held);
}

static void destroy(dae_dataset *dataset) {
    struct files *f = (struct files *)dataset;
    for (size_t i = 0; i < f->count; i++) {
        dae_dataset_free(f->files[i].opened);
        dae_facts_free(&f->files[i].facts);
    }
    dae_release(f->files);
    dae_release(f->starts);
    dae_release(f->format);
    pthread_mutex_destroy(&f->lock);
}

static const struct dae_dataset_operations operations = {
    .read = read,
    .destroy = destroy,
    .fetch = fetch,
    .tell = tell,
    .measure = measure,
};

/* ---- Making --------------------------------------------------------------------------------------- */

/* What is wished for, of the parameters of `files`. */
struct wish {
    const char *name;              /* of the folder, the pattern or the list: begins messages */
    const struct dae_step *format; /* of each file, or NULL */
    bool skip;                     /* files that cannot be read */
    size_t limit;
};

enum { OF, SKIP, CACHE };

static struct wish wish_of(const char *name, const struct dae_value *values) {
    return (struct wish){name, values[OF].count > 0 ? values[OF].steps : NULL, values[SKIP].number == 1,
                         (size_t)values[CACHE].number};
}

/* Adds a file of which this is known. */
static dae_status add(struct files *f, const struct dae_preview *p) {
    const struct file *first = &f->files[0];
    if (f->count > 0 && p->shape.rank != first->shape.rank)
        return dae_fail(DAE_ERROR_SHAPE, "%s: its samples have %zu dimensions, expected %zu, as in %s",
                        dae_facts_find(&p->facts, "path"), p->shape.rank, first->shape.rank, path_of(first));
    size_t end;
    if (!dae_size_add(f->base.count, p->count, &end) || end > SIZE_MAX / 2)
        return dae_fail(DAE_ERROR_FORMAT, "%s: the samples up to this file are more than can be counted",
                        dae_facts_find(&p->facts, "path"));
    f->starts[f->count] = f->base.count;
    f->files[f->count++] = (struct file){.facts = p->facts, .shape = p->shape, .stamp = p->stamp};
    f->base.count = end;
    return DAE_OK;
}

/* Looks at a file; one that cannot be read may be left out. */
static dae_status look_at(struct files *f, const char *path, const struct wish *wish) {
    struct dae_preview p;
    dae_status status = dae_source_preview(path, wish->format, wish->skip, &p);
    if (status == DAE_OK) {
        status = add(f, &p);
        if (status != DAE_OK)
            dae_facts_free(&p.facts);
    }
    if (status == DAE_OK || status == DAE_ERROR_MEMORY || !wish->skip)
        return status;
    f->left_out++;
    return DAE_OK;
}

static dae_status look_at_all(struct files *f, const struct dae_paths *paths, const struct wish *wish) {
    struct dae_message kept;
    dae_message_keep(&kept);
    f->files = dae_allocate(paths->count, sizeof *f->files);
    f->starts = dae_allocate(paths->count, sizeof *f->starts);
    if (f->files == NULL || f->starts == NULL)
        return DAE_ERROR_MEMORY;
    for (size_t i = 0; i < paths->count; i++)
        DAE_TRY(look_at(f, paths->items[i], wish));
    if (f->count == 0)
        return dae_fail(DAE_ERROR_FORMAT, "%s: none of its %zu files can be read, expected at least one",
                        wish->name, paths->count);
    dae_message_restore(&kept); /* of those that are left out */
    return dae_facts_add(&f->base.facts, "left_out", "%zu", f->left_out);
}

static dae_status copy_format(struct files *f, const struct dae_step *format) {
    char text[DAE_REASON_SIZE];
    struct dae_text written = {text, sizeof text, 0};
    if (format == NULL)
        return DAE_OK;
    dae_step_write(&written, format);
    return dae_recipe_bind_one(&f->format, &dae_source_category, text);
}

static dae_status fill(struct files *f, const struct dae_paths *paths, const struct wish *wish) {
    f->limit = wish->limit;
    f->newest = f->oldest = NONE;
    f->fpu = dae_fpu_prepare();
    dae_fpu_restore(f->fpu);
    f->base.count = 0;
    f->base.fetches = true;
    DAE_TRY(copy_format(f, wish->format));
    DAE_TRY(look_at_all(f, paths, wish));
    f->base.shape = f->files[0].shape;
    f->base.shape.size = 0; /* until all have been seen */
    dae_dataset_agree(&f->base);
    f->base.target_shape = f->base.shape;
    return DAE_OK;
}

static dae_status create(dae_dataset **out, const struct dae_paths *paths, const struct wish *wish) {
    void *created = NULL;
    if (paths->count == 0)
        return dae_fail(DAE_ERROR_IO, "%s: could not open: found no file, expected at least one", wish->name);
    DAE_TRY(dae_dataset_create_source(&created, sizeof(struct files), &operations, 1, 1, (size_t[]){1},
                                      wish->name));
    struct files *f = created;
    dae_status status = pthread_mutex_init(&f->lock, NULL) == 0
                            ? fill(f, paths, wish)
                            : dae_fail(DAE_ERROR_MEMORY, "%s: out of memory: could not make a lock",
                                       wish->name);
    if (status != DAE_OK)
        dae_dataset_free(&f->base);
    else
        *out = &f->base;
    return status;
}

bool dae_files_are_many(const char *path) {
    size_t length = strlen(path);
    return (length > 0 && path[length - 1] == '/') || (dae_path_is_pattern(path) && !dae_file_exists(path));
}

static dae_status find(dae_dataset **out, struct wish wish) {
    struct dae_paths paths = {NULL, 0, 0};
    DAE_TRY(dae_paths_find(&paths, wish.name));
    dae_status status = create(out, &paths, &wish);
    dae_paths_free(&paths);
    return status;
}

dae_status dae_files_find(dae_dataset **out, const char *path, const struct dae_step *format) {
    struct dae_recipe *defaults = NULL;
    if (format != NULL && format->kind == &dae_source_files.kind)
        return find(out, wish_of(path, format->values));
    DAE_TRY(dae_recipe_bind_one(&defaults, &dae_source_category, dae_source_files.kind.name));
    struct wish wish = wish_of(path, defaults->steps->values);
    wish.format = format;
    dae_status status = find(out, wish);
    dae_release(defaults);
    return status;
}

/* ---- A list --------------------------------------------------------------------------------------- */

/* A line is a path, which begins at the folder of the list. */
static dae_status add_line(struct dae_paths *paths, const struct dae_content *list, const char *line,
                           size_t size) {
    const char *slash = strrchr(list->name, '/');
    size_t folder = slash != NULL && line[0] != '/' ? (size_t)(slash + 1 - list->name) : 0;
    if (memchr(line, '\0', size) != NULL)
        return dae_fail(DAE_ERROR_FORMAT, "%s: found a zero byte, expected paths of files, one a line",
                        list->name);
    return dae_paths_add(paths, list->name, folder, line, size);
}

static dae_status read_list(struct dae_paths *paths, const struct dae_content *list) {
    const char *text = (const char *)list->bytes;
    for (size_t at = 0, end; at < list->size; at = end + 1) {
        const char *feed = memchr(text + at, '\n', list->size - at);
        end = feed != NULL ? (size_t)(feed - text) : list->size;
        size_t size = end - at;
        if (size > 0 && text[end - 1] == '\r')
            size--;
        if (size > 0)
            DAE_TRY(add_line(paths, list, text + at, size));
    }
    return DAE_OK;
}

static dae_status open_files(dae_dataset **out, const struct dae_content *content) {
    struct dae_paths paths = {NULL, 0, 0};
    struct wish wish = wish_of(content->name, content->values);
    dae_status status = read_list(&paths, content);
    if (status == DAE_OK)
        status = create(out, &paths, &wish);
    dae_paths_free(&paths);
    dae_release(content->bytes);
    return status;
}

/* ---- The kind ------------------------------------------------------------------------------------- */

/* Files of files would read themselves. */
static const char *check(const struct dae_value *values) {
    bool itself = values[OF].count > 0 && values[OF].steps != NULL &&
                  values[OF].steps->kind == &dae_source_files.kind;
    return itself ? "of = another format" : NULL;
}

const struct dae_source_kind dae_source_files = {
    {
        .name = "files",
        .what = "many files: those of a folder or a pattern, or a list of paths, one a line",
        .example = "files(npy, skip=yes)",
        .check = check,
        .parameters =
            {
                {"of", "the format of each; known by their content if it is not given", DAE_TYPE_KIND,
                 DAE_BY_PLACE | DAE_OPTIONAL, .of = &dae_source_category},
                {"skip", "whether files that cannot be read are left out and counted", DAE_TYPE_FLAG,
                 .fallback = "no"},
                {"cache", "bytes of files that are held in memory", DAE_TYPE_COUNT, 0, 0, DAE_MOST_SIZE,
                 .fallback = "64000000"},
            },
    },
    .open = open_files,
};
