/* JSON on standard output, a value after the other; commas and indents are put by themselves. */
#ifndef DAE_JSON_H
#define DAE_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* Begins and ends an object or an array, whose name in the object around it is `name`; NULL in an array, or
 * outermost. */
void json_begin(const char *name, char bracket);
void json_end(char bracket);

void json_text(const char *name, const char *value); /* null for NULL */
void json_number(const char *name, double value);    /* null for what is not finite */
void json_flag(const char *name, bool value);
void json_shape(const char *name, const size_t *shape, size_t rank); /* null for any size */

#endif
