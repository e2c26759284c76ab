/* Texts for callers and files: built without allocation, and independent of the host's locale. */
#ifndef DAE_CORE_TEXT_H
#define DAE_CORE_TEXT_H

#include "core/status.h"

#include <stdbool.h>

/* A text that grows into a fixed buffer. `length` goes on counting when the buffer is full. */
struct dae_text {
    char *data;
    size_t capacity;
    size_t length;
};

__attribute__((format(printf, 2, 3))) void dae_text_add(struct dae_text *text, const char *format, ...);

/* Adds a number in the fewest digits that read back to the same double, with a point. */
void dae_text_add_number(struct dae_text *text, double number);

/* Likewise, that read back to the same float32. */
void dae_text_add_float(struct dae_text *text, float number);

/* Adds a whole number with commas between thousands. */
void dae_text_add_count(struct dae_text *text, size_t count);

/* Adds item i of `count`, as in "a, b or c". */
void dae_text_add_item(struct dae_text *text, size_t i, size_t count, const char *item);

/* Writes something as text. */
typedef void (*dae_text_writer)(struct dae_text *text, const void *object);

/* The public convention for texts (dae.h): measures, checks, writes. `context` begins the message. */
dae_status dae_text_deliver(dae_text_writer writer, const void *object, char *buffer, size_t capacity,
                            size_t *length, const char *context);

/* Reads a decimal number, with a point in any locale, at the start of text[length]. Returns how many
 * bytes it took: 0 when there is no number. */
size_t dae_text_read_number(const char *text, size_t length, double *number);

/* Likewise one with another decimal point, such as a comma. */
size_t dae_text_read_decimal(const char *text, size_t length, char point, double *number);

#endif
