/* The safetensors container: named tensors after a JSON header with metadata. What the files of this library
 * hold is the business of file.c (models) and train/checkpoint.c. */
#ifndef DAE_MODEL_SAFETENSORS_H
#define DAE_MODEL_SAFETENSORS_H

#include "core/size.h"
#include "core/text.h"
#include "model/notes.h"

enum { DAE_TENSOR_NAME_SIZE = 128, DAE_METADATA_MAX = 40, DAE_TENSORS_MAX_PARTS = 8 };

#define DAE_NOTE_PREFIX "dae.note."

enum dae_tensor_type { DAE_TENSOR_F32, DAE_TENSOR_F64 };

/* ---- Writing ------------------------------------------------------------------------------------ */

/* Adds one more tensor to a header's text, `,"name":{...}`, its bytes after those of the tensors before,
 * which `*end` counts. Nothing is escaped: names are plain ASCII. */
void dae_safetensors_add(struct dae_text *header, const char *name, enum dae_tensor_type type,
                         const struct dae_shape *shape, size_t *end);

/* Bytes that lie back to back in the file. */
struct dae_bytes {
    const void *bytes;
    size_t size;
};

/* What a file is made of: `header` writes the JSON, without the last brace, and the parts are the tensors'
 * bytes. */
struct dae_tensors {
    dae_text_writer header;
    const void *object; /* for the header */
    struct dae_bytes parts[DAE_TENSORS_MAX_PARTS];
    size_t part_count;
};

/* The whole file in memory, to be released. */
dae_status dae_safetensors_write(const struct dae_tensors *tensors, unsigned char **bytes, size_t *size);

/* The whole file into a caller's memory, as dae_model_serialize() says; `context` begins the message. */
dae_status dae_safetensors_deliver(const struct dae_tensors *tensors, void *bytes, size_t capacity,
                                   size_t *size, const char *context);

/* ---- Reading ------------------------------------------------------------------------------------ */

/* A tensor as the header describes it. */
struct dae_tensor_entry {
    char name[DAE_TENSOR_NAME_SIZE];
    enum dae_tensor_type type;
    struct dae_shape shape;
    size_t begin, end; /* bytes of the data */
};

/* A file that has been read: every tensor lies within the data, none overlaps another, and no byte is left
 * over. */
struct dae_safetensors {
    const char *name;               /* of the file, for messages */
    const char *const *keys;        /* of the metadata asked for, ended by NULL */
    char *values[DAE_METADATA_MAX]; /* theirs, by place; NULL when absent */
    struct dae_notes *notes;        /* the user's, whose keys have DAE_NOTE_PREFIX; or NULL */
    struct dae_tensor_entry *entries;
    size_t entry_count, entry_room;
    const unsigned char *data;
};

/* Refuses a file by its start, before memory is taken for the whole (a dae_file_check_fn without context). */
dae_status dae_safetensors_check_start(const unsigned char *start, size_t count, size_t size,
                                       const char *name, void *context);

/* Reads a file of `size` bytes, which must outlive `file`, with at most `most` tensors and those metadata
 * that `keys` names; others are ignored. After a failure too `file` is to be released. */
dae_status dae_safetensors_read(struct dae_safetensors *file, const char *name, const unsigned char *bytes,
                                size_t size, const char *const *keys, size_t most);
void dae_safetensors_release(struct dae_safetensors *file);

/* The value of a key, one of those asked for; NULL when the file has none. */
const char *dae_safetensors_value(const struct dae_safetensors *file, const char *key);

/* A tensor by its name, or NULL. */
const struct dae_tensor_entry *dae_safetensors_find(const struct dae_safetensors *file, const char *name);

/* Finds the bytes of a tensor that must be there with this type and shape, DAE_ERROR_FORMAT otherwise. They
 * are not aligned. */
dae_status dae_safetensors_get(const struct dae_safetensors *file, const char *name,
                               enum dae_tensor_type type, const struct dae_shape *shape, const void **bytes);

#endif
