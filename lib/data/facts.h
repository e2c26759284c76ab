/* What is known of samples beside their values: the path of a file, the rate of a sound. */
#ifndef DAE_DATA_FACTS_H
#define DAE_DATA_FACTS_H

#include "core/status.h"

/* Names and texts, each ended by 0, one after the other. Starts as zeros. */
struct dae_facts {
    char *text;
    size_t size;
};

/* Adds a fact that is not among them yet. */
__attribute__((format(printf, 3, 4))) dae_status dae_facts_add(struct dae_facts *facts, const char *name,
                                                               const char *format, ...);

/* The fact of that name, borrowed; NULL where there is none. */
const char *dae_facts_find(const struct dae_facts *facts, const char *name);

void dae_facts_free(struct dae_facts *facts);

#endif
