/* Reading the JSON of a safetensors header: as much of JSON as such a header may hold, read strictly and
 * in order, without allocation. */
#ifndef DAE_MODEL_JSON_H
#define DAE_MODEL_JSON_H

#include "core/text.h"

#include <stdbool.h>

/* Adds a string, in quotes: UTF-8, with escapes for what JSON does not take as it is. */
void dae_json_add_string(struct dae_text *text, const char *string);

/* A text being read; positions in messages count from `base`, the offset of the text in its file. */
struct dae_json {
    const char *name; /* of the file */
    const char *text;
    size_t length;
    size_t position;
    size_t base;
};

/* DAE_ERROR_FORMAT with file and offset. */
__attribute__((format(printf, 2, 3))) dae_status dae_json_fail(const struct dae_json *json,
                                                               const char *format, ...);

/* Takes the character `c`, which must be next. */
dae_status dae_json_expect(struct dae_json *json, char c);

/* Whether `c` is next; takes it if so. */
bool dae_json_accept(struct dae_json *json, char c);

/* Reads a string into text[capacity], zero-terminated. Escapes beyond ASCII become UTF-8. */
dae_status dae_json_string(struct dae_json *json, char *text, size_t capacity);

/* The same for a string that may be whatever it likes: *kept tells whether it has fitted and has no zero
 * character in it; where not, it is read all the same, and text is empty. */
dae_status dae_json_any_string(struct dae_json *json, char *text, size_t capacity, bool *kept);

/* Reads a whole number that is not negative. */
dae_status dae_json_size(struct dae_json *json, size_t *number);

/* Checks that nothing but spaces is left. */
dae_status dae_json_end(struct dae_json *json);

#endif
