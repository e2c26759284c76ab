/* Files and bytes as datasets: of which format they are, and gzip taken off. */
#include "data/source.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/memory.h"
#include "data/files.h"
#include "data/foreign.h"
#include "data/gzip.h"

#include <string.h>

enum {
    FIRST_ROOM = 1 << 12,      /* for content of which the size is not known */
    KNOWN_BY = 16,             /* bytes at the start of content */
    LEAST_KNOWN = 4,           /* fewer tell nothing */
    PREVIEW_SIZE = 4096,       /* bytes at the start of a file among others */
    MAX_GROWTH = 32,           /* of data by gzip, see check_packed() */
    MAX_GZIP_HEADER = 1 << 20, /* which may hold a name and a comment */
};

static const struct dae_kind *const kinds[] = {DAE_SOURCE_ROWS, NULL};

const struct dae_category dae_source_category = {
    .name = "source",
    .what = "the format of a file that samples are read from",
    .text = "format",
    .kinds = kinds,
};

/* What is being opened. */
struct opening {
    const char *name;              /* of the file: begins messages */
    const struct dae_step *format; /* NULL while it is not known */
    struct dae_recipe *known;      /* that the format is of, where the content tells it */
    struct dae_facts facts;        /* which the dataset takes over */
};

static const struct dae_source_kind *kind_of(const struct opening *o) {
    return (const struct dae_source_kind *)o->format->kind;
}

/* ---- Which format --------------------------------------------------------------------------------- */

/* Names what nothing knows. */
static dae_status fail_unknown(const char *name, const unsigned char *start, size_t count) {
    char formats[256] = "", found[2 * LEAST_KNOWN + 1] = "";
    struct dae_text list = {formats, sizeof formats, 0}, hex = {found, sizeof found, 0};
    size_t known = 0, at = 0;
    for (size_t i = 0; kinds[i] != NULL; i++)
        known += ((const struct dae_source_kind *)kinds[i])->knows != NULL;
    for (size_t i = 0; kinds[i] != NULL; i++)
        if (((const struct dae_source_kind *)kinds[i])->knows != NULL)
            dae_text_add_item(&list, at++, known, kinds[i]->name);
    for (size_t i = 0; i < dae_size_min(count, LEAST_KNOWN); i++)
        dae_text_add(&hex, "%02X", start[i]);
    if (count < LEAST_KNOWN)
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: %s, expected the start of %s", name, count,
                        count == 0 ? "there is no content" : "the content ends, too short to be known",
                        formats);
    return dae_fail(DAE_ERROR_FORMAT, "%s: offset 0: found 0x%s, which no format starts with, expected %s",
                    name, found, formats);
}

/* Any text may be of such a format, so that its start tells nothing. */
static bool takes_any_text(const struct dae_source_kind *kind) {
    return kind->knows((const unsigned char *)"a", 1);
}

/* The format that knows this start. */
static const char *other_format(const unsigned char *start, size_t count) {
    for (size_t i = 0; kinds[i] != NULL; i++) {
        const struct dae_source_kind *kind = (const struct dae_source_kind *)kinds[i];
        if (kind->knows != NULL && kind->knows(start, count) && !takes_any_text(kind))
            return kind->kind.name;
    }
    return NULL;
}

/* Refuses what is known to be something else than the format that is wanted; NULL: any that is known by its
 * start. */
static dae_status check_foreign(const struct opening *o, const unsigned char *start, size_t count) {
    const struct dae_source_kind *wanted = o->format != NULL ? kind_of(o) : NULL;
    if (wanted != NULL && (wanted->knows == NULL || (wanted->knows(start, count) && !takes_any_text(wanted))))
        return DAE_OK;
    const struct dae_foreign *foreign = dae_foreign_find(start, count);
    if (foreign != NULL)
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset 0: found %s, expected %s: %s", o->name, foreign->what,
                        wanted != NULL ? wanted->kind.name : "a format that is known", foreign->advice);
    const char *other = wanted != NULL ? other_format(start, count) : NULL;
    if (other != NULL)
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset 0: found the start of %s, expected %s", o->name, other,
                        wanted->kind.name);
    return DAE_OK;
}

/* Sets the format, if it is not given, by the start of the content. */
static dae_status know(struct opening *o, const unsigned char *start, size_t count) {
    DAE_TRY(check_foreign(o, start, count));
    for (size_t i = 0; o->format == NULL && kinds[i] != NULL; i++) {
        const struct dae_source_kind *kind = (const struct dae_source_kind *)kinds[i];
        if (kind->knows == NULL || !kind->knows(start, count))
            continue;
        DAE_TRY(dae_recipe_bind_one(&o->known, &dae_source_category, kind->kind.name));
        o->format = o->known->steps;
    }
    if (o->format != NULL)
        return DAE_OK;
    (void)fail_unknown(o->name, start, count);
    return DAE_ERROR_FORMAT;
}

/* The content, of which this is the start, with the parameters of the format that is known. */
static struct dae_content content_of(const struct opening *o, const unsigned char *start, size_t count) {
    return (struct dae_content){o->name, (unsigned char *)(uintptr_t)start, count, o->format->values, NULL};
}

static dae_status measure(const struct opening *o, const unsigned char *start, size_t count,
                          struct dae_extent *extent) {
    const struct dae_content content = content_of(o, start, count);
    return kind_of(o)->measure(&content, extent);
}

/* ---- Plain ---------------------------------------------------------------------------------------- */

/* Refuses content of `size` bytes by its start. */
static dae_status check_extent(const struct dae_source_kind *kind, const struct dae_content *start,
                               size_t size) {
    struct dae_extent extent;
    if (kind->measure == NULL)
        return DAE_OK;
    DAE_TRY(kind->measure(start, &extent));
    if (size < extent.size)
        return dae_filed_too_short(start->name, size, extent.size);
    if (extent.whole && size > extent.size)
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: found %zu bytes after the values, expected none",
                        start->name, extent.size, size - extent.size);
    return DAE_OK;
}

static dae_status check_plain(struct opening *o, const unsigned char *start, size_t count, size_t size) {
    DAE_TRY(know(o, start, count));
    const struct dae_content content = content_of(o, start, count);
    return check_extent(kind_of(o), &content, size);
}

/* ---- gzip ----------------------------------------------------------------------------------------- */

static bool is_gzip(const unsigned char *bytes, size_t size) {
    return size >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B;
}

/* Content that is being expanded. */
struct expanding {
    struct dae_gzip *gzip;
    size_t packed; /* bytes of all the gzip data, of which the start may be all that is at hand */
    unsigned char *bytes;
    size_t size;
};

/* Makes room for `size` bytes in all. */
static dae_status make_room(struct expanding *e, size_t size) {
    unsigned char *memory = dae_allocate_raw(size, 1);
    if (memory == NULL)
        return DAE_ERROR_MEMORY;
    if (e->size > 0)
        memcpy(memory, e->bytes, e->size);
    dae_release(e->bytes);
    e->bytes = memory;
    return DAE_OK;
}

/* Expands exactly `size` bytes in all. */
static dae_status expand_to(struct expanding *e, size_t size, const char *name) {
    DAE_TRY(dae_gzip_check_claim(e->packed, size, name));
    DAE_TRY(make_room(e, size));
    DAE_TRY(dae_gzip_read(e->gzip, e->bytes + e->size, size - e->size));
    e->size = size;
    return DAE_OK;
}

/* Expands as many bytes as there are. */
static dae_status expand_all(struct expanding *e) {
    size_t room = FIRST_ROOM, got = 0;
    do {
        room *= 2;
        DAE_TRY(make_room(e, room));
        DAE_TRY(dae_gzip_read_some(e->gzip, e->bytes + e->size, room - e->size, &got));
        e->size += got;
    } while (e->size == room);
    return DAE_OK;
}

/* Sets the format by the start of gzip data; *used_up: more of them might have helped. */
static dae_status know_packed(struct opening *o, const unsigned char *packed, size_t count, bool *used_up) {
    struct dae_gzip *gzip;
    unsigned char start[KNOWN_BY];
    size_t got = 0;
    DAE_TRY(dae_gzip_open(&gzip, packed, count, o->name));
    dae_status status = dae_gzip_read_some(gzip, start, KNOWN_BY, &got);
    *used_up = dae_gzip_is_used_up(gzip);
    dae_gzip_close(gzip);
    if (status == DAE_ERROR_FORMAT && got >= LEAST_KNOWN)
        status = DAE_OK;
    return status == DAE_OK ? know(o, start, got) : status;
}

/* Expands as much as tells the extent of the content. */
static dae_status expand_start(struct expanding *e, const struct opening *o, struct dae_extent *extent) {
    DAE_TRY(measure(o, e->bytes, e->size, extent));
    while (!extent->whole) {
        DAE_TRY(expand_to(e, extent->size, o->name));
        DAE_TRY(measure(o, e->bytes, e->size, extent));
    }
    return DAE_OK;
}

/* Refuses gzip data of `size` bytes by their start; *used_up: more of them might have helped. They may have
 * up to MAX_GROWTH times the size of what they expand to: compressors that find nothing to compress add less
 * than a hundredth, those that are flushed after each byte make seven of one, and those that begin a member
 * for each byte two dozen. */
static dae_status check_packed(struct opening *o, const unsigned char *start, size_t count, size_t size,
                               bool *used_up) {
    struct expanding e = {.packed = size};
    struct dae_extent extent = {0, false};
    if (o->format == NULL)
        DAE_TRY(know_packed(o, start, count, used_up));
    if (kind_of(o)->measure == NULL)
        return DAE_OK;
    DAE_TRY(dae_gzip_open(&e.gzip, start, count, o->name));
    dae_status status = expand_start(&e, o, &extent);
    *used_up = dae_gzip_is_used_up(e.gzip);
    dae_gzip_close(e.gzip);
    dae_release(e.bytes);
    DAE_TRY(status);
    if (size > MAX_GZIP_HEADER && (size - MAX_GZIP_HEADER) / MAX_GROWTH > extent.size)
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: %zu bytes of gzip data are too many for the %zu bytes that the header claims",
                        o->name, size, extent.size);
    return DAE_OK;
}

/* Expands all of the content. */
static dae_status expand(const struct opening *o, const unsigned char *packed, size_t size,
                         unsigned char **bytes, size_t *expanded) {
    struct expanding e = {.packed = size};
    struct dae_extent extent;
    DAE_TRY(dae_gzip_open(&e.gzip, packed, size, o->name));
    dae_status status = kind_of(o)->measure == NULL ? expand_all(&e) : expand_start(&e, o, &extent);
    if (status == DAE_OK && kind_of(o)->measure != NULL)
        status = expand_to(&e, extent.size, o->name);
    if (status == DAE_OK)
        status = dae_gzip_expect_end(e.gzip);
    dae_gzip_close(e.gzip);
    if (status != DAE_OK) {
        dae_release(e.bytes);
        return status;
    }
    *bytes = e.bytes;
    *expanded = e.size;
    return DAE_OK;
}

/* ---- Opening -------------------------------------------------------------------------------------- */

/* A dae_file_check_fn. */
static dae_status check_start(const unsigned char *start, size_t count, size_t size, const char *path,
                              void *context) {
    bool used_up = false;
    (void)path;
    if (!is_gzip(start, count))
        return check_plain(context, start, count, size);
    dae_status status = check_packed(context, start, count, size, &used_up);
    return status == DAE_ERROR_FORMAT && used_up && count < size ? DAE_OK : status;
}

dae_status dae_source_open_content(dae_dataset **out, const struct dae_source_kind *kind,
                                   const struct dae_content *content) {
    dae_status status = check_extent(kind, content, content->size);
    if (status == DAE_OK)
        return kind->open(out, content);
    dae_release(content->bytes);
    return status;
}

/* Takes over the bytes, also when it fails. The start may have told too little: checked again. */
static dae_status open_whole(dae_dataset **out, struct opening *o, unsigned char *bytes, size_t size) {
    dae_status status = know(o, bytes, size);
    if (status != DAE_OK) {
        dae_release(bytes);
        return status;
    }
    struct dae_content content = content_of(o, bytes, size);
    content.facts = &o->facts;
    DAE_TRY(dae_source_open_content(out, kind_of(o), &content));
    if ((*out)->operations->tell != NULL) /* which knows its own */
        return DAE_OK;
    (*out)->facts = o->facts;
    o->facts = (struct dae_facts){NULL, 0};
    return DAE_OK;
}

/* gzip data in memory, of which all is known here. */
static dae_status open_packed(dae_dataset **out, struct opening *o, const unsigned char *packed,
                              size_t size) {
    unsigned char *bytes;
    bool used_up;
    DAE_TRY(check_packed(o, packed, size, size, &used_up));
    DAE_TRY(expand(o, packed, size, &bytes, &size));
    return open_whole(out, o, bytes, size);
}

static dae_status open_file(dae_dataset **out, struct opening *o) {
    unsigned char *bytes;
    size_t size;
    DAE_TRY(dae_file_read_checked(o->name, check_start, o, &bytes, &size));
    if (!is_gzip(bytes, size))
        return open_whole(out, o, bytes, size);
    dae_status status = open_packed(out, o, bytes, size);
    dae_release(bytes);
    return status;
}

static dae_status open_bytes(dae_dataset **out, struct opening *o, const unsigned char *bytes, size_t size) {
    if (is_gzip(bytes, size))
        return open_packed(out, o, bytes, size);
    DAE_TRY(check_plain(o, bytes, size, size));
    unsigned char *copy = dae_allocate_raw(size, 1);
    if (copy == NULL)
        return DAE_ERROR_MEMORY;
    memcpy(copy, bytes, size);
    return open_whole(out, o, copy, size);
}

static void end(struct opening *o) {
    dae_release(o->known);
    dae_facts_free(&o->facts);
}

/* ---- A file among others -------------------------------------------------------------------------- */

dae_status dae_source_open(dae_dataset **out, const char *path, const struct dae_step *format) {
    struct opening o = {.name = path, .format = format};
    dae_status status = dae_facts_add(&o.facts, "path", "%s", path);
    if (status == DAE_OK)
        status = open_file(out, &o);
    end(&o);
    return status;
}

/* Sets what the start tells, and leaves it at 0 samples where that is nothing. */
static dae_status preview(struct opening *o, const unsigned char *start, size_t count,
                          struct dae_preview *p) {
    if (is_gzip(start, count) || (o->format == NULL && know(o, start, count) != DAE_OK) ||
        kind_of(o)->preview == NULL)
        return DAE_OK;
    struct dae_content content = content_of(o, start, count);
    content.facts = &p->facts;
    return kind_of(o)->preview(&content, p);
}

/* Opens the file to see what is in it. */
static dae_status look_inside(const char *path, const struct dae_step *format, struct dae_preview *p) {
    dae_dataset *opened = NULL;
    dae_facts_free(&p->facts);
    DAE_TRY(dae_source_open(&opened, path, format));
    p->count = opened->count;
    p->shape = opened->shape;
    p->facts = opened->facts;
    opened->facts = (struct dae_facts){NULL, 0};
    dae_dataset_free(opened);
    return DAE_OK;
}

dae_status dae_source_preview(const char *path, const struct dae_step *format, bool whole,
                              struct dae_preview *p) {
    unsigned char start[PREVIEW_SIZE];
    struct opening o = {.name = path, .format = format};
    size_t count;
    *p = (struct dae_preview){0};
    DAE_TRY(dae_file_read_start(path, start, sizeof start, &count, &p->stamp));
    dae_status status = dae_facts_add(&p->facts, "path", "%s", path);
    if (status == DAE_OK && !whole)
        status = preview(&o, start, count, p);
    end(&o);
    if (status == DAE_OK && p->count == 0)
        status = look_inside(path, format, p);
    if (status != DAE_OK)
        dae_facts_free(&p->facts);
    return status;
}

/* ---- Public --------------------------------------------------------------------------------------- */

static dae_status open_path(dae_dataset **out, const char *path, const struct dae_step *format) {
    struct dae_message kept;
    dae_message_keep(&kept);
    if (dae_files_are_many(path))
        return dae_files_find(out, path, format);
    dae_status status = dae_source_open(out, path, format);
    if (status != DAE_ERROR_IO || !dae_folder_exists(path))
        return status;
    dae_message_restore(&kept); /* a folder without its '/' */
    return dae_files_find(out, path, format);
}

dae_status dae_dataset_open(dae_dataset **out, const char *path, const char *format) {
    struct dae_recipe *recipe = NULL;
    DAE_REQUIRE(out);
    DAE_REQUIRE(path);
    if (format != NULL)
        DAE_TRY(dae_recipe_bind_one(&recipe, &dae_source_category, format));
    dae_status status = open_path(out, path, recipe != NULL ? recipe->steps : NULL);
    dae_release(recipe);
    return status;
}

dae_status dae_dataset_parse(dae_dataset **out, const void *bytes, size_t size, const char *format) {
    struct dae_recipe *recipe = NULL;
    DAE_REQUIRE(out);
    DAE_REQUIRE(bytes);
    if (format != NULL)
        DAE_TRY(dae_recipe_bind_one(&recipe, &dae_source_category, format));
    struct opening o = {.name = "data in memory", .format = recipe != NULL ? recipe->steps : NULL};
    dae_status status = open_bytes(out, &o, bytes, size);
    end(&o);
    dae_release(recipe);
    return status;
}
