/* The one allocation wrapper: every byte that the library takes comes from here. */
#ifndef DAE_CORE_MEMORY_H
#define DAE_CORE_MEMORY_H

#include "core/status.h"

enum { DAE_MEMORY_ALIGNMENT = 64 };

/* count * size bytes, zeroed, aligned to 64 bytes; NULL with this thread's message set (to which the
 * caller adds nothing but `return DAE_ERROR_MEMORY`) when they cannot be had. */
void *dae_allocate(size_t count, size_t size);

/* The same without zeroing: for large arrays that are written before they are read. */
void *dae_allocate_raw(size_t count, size_t size);

/* Gives memory back; NULL is allowed. */
void dae_release(void *memory);

/* A copy of a text, or NULL as dae_allocate(). */
char *dae_copy_text(const char *text);

#endif
