#include "data/facts.h"
#include "core/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static dae_status add(struct dae_facts *facts, const char *name, const char *format, va_list arguments,
                      size_t length) {
    size_t name_size = strlen(name) + 1, size = facts->size + name_size + length + 1;
    char *text = dae_allocate_raw(size, 1);
    if (text == NULL)
        return DAE_ERROR_MEMORY;
    if (facts->size > 0)
        memcpy(text, facts->text, facts->size);
    memcpy(text + facts->size, name, name_size);
    vsnprintf(text + facts->size + name_size, length + 1, format, arguments);
    dae_release(facts->text);
    *facts = (struct dae_facts){text, size};
    return DAE_OK;
}

dae_status dae_facts_add(struct dae_facts *facts, const char *name, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    dae_status status = add(facts, name, format, again, (size_t)length);
    va_end(again);
    va_end(arguments);
    return status;
}

const char *dae_facts_find(const struct dae_facts *facts, const char *name) {
    for (const char *at = facts->text, *fact; at != NULL && at < facts->text + facts->size;
         at = fact + strlen(fact) + 1) {
        fact = at + strlen(at) + 1;
        if (strcmp(at, name) == 0)
            return fact;
    }
    return NULL;
}

void dae_facts_free(struct dae_facts *facts) {
    dae_release(facts->text);
    *facts = (struct dae_facts){NULL, 0};
}
