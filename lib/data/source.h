/* Formats of files that datasets are read from. A format is one file with a row dae_source_NAME, and its name
 * in lib/meson.build; gzip is taken off before a format sees the content. */
#ifndef DAE_DATA_SOURCE_H
#define DAE_DATA_SOURCE_H

#include "core/file.h"
#include "core/kind.h"
#include "data/filed.h"
#include "kinds.h"

/* Content, or the start of it. */
struct dae_content {
    const char *name; /* of the file: begins messages */
    unsigned char *bytes;
    size_t size;
    const struct dae_value *values; /* parameters of the format */
    struct dae_facts *facts;        /* that the format adds to: dae_facts_add(facts, "rate", "%u", rate) */
};

/* What the start of content tells about all of it. */
struct dae_extent {
    size_t
        size; /* bytes that there must be: exactly these when this is the `whole`, otherwise to tell more */
    bool whole;
};

/* What the start of a file tells of its samples. */
struct dae_preview {
    size_t count; /* 0: nothing, so that the file is opened to see them */
    struct dae_shape shape;
    struct dae_facts facts;
    struct dae_file_stamp stamp; /* of the file */
};

struct dae_source_kind {
    struct dae_kind kind; /* each parameter has a default where content is known */
    /* Whether content that starts like this is of this kind; NULL: has to be named. */
    bool (*knows)(const unsigned char *start, size_t count);
    /* Sets how much content there must be; refuses a wrong start before memory is taken for the whole. NULL:
     * the start does not tell. */
    dae_status (*measure)(const struct dae_content *start, struct dae_extent *extent);
    /* Makes a dataset of content, which has its extent, and adds what the format knows of it to its facts.
     * Takes over the bytes, also when it fails. */
    dae_status (*open)(dae_dataset **out, const struct dae_content *content);
    /* Sets count and shape, and the facts that opening would add, from the start of the content, where that
     * tells: so a folder of many files is opened without reading them. May be NULL. */
    dae_status (*preview)(const struct dae_content *start, struct dae_preview *preview);
};

extern const struct dae_source_kind DAE_SOURCE_KINDS;

extern const struct dae_category dae_source_category;

/* Makes a dataset of whole content of a kind, whose extent is checked. Takes over the bytes, also when it
 * fails. */
dae_status dae_source_open_content(dae_dataset **out, const struct dae_source_kind *kind,
                                   const struct dae_content *content);

/* Opens a file of a format; NULL: known by its content. */
dae_status dae_source_open(dae_dataset **out, const char *path, const struct dae_step *format);

/* Sees which samples there are in a file: as cheaply as can be, or so that it has been read `whole`. */
dae_status dae_source_preview(const char *path, const struct dae_step *format, bool whole,
                              struct dae_preview *preview);

#endif
