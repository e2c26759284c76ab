/* The user's own facts about a model: sets of notes that do not change once they are made, so that models
 * share them. */
#ifndef DAE_MODEL_NOTES_H
#define DAE_MODEL_NOTES_H

#include "core/handle.h"
#include "core/text.h"

#include <dae/model.h>

struct dae_note {
    const char *key, *text;
};

/* In the order of keys, as bytes. NULL stands for none. */
struct dae_notes {
    dae_references references;
    size_t count;
    struct dae_note list[DAE_MAX_NOTES];
};

/* NULL is allowed. */
struct dae_notes *dae_notes_keep(struct dae_notes *notes);
void dae_notes_drop(struct dae_notes *notes);

/* The note of a key, or NULL. */
const struct dae_note *dae_notes_find(const struct dae_notes *notes, const char *key);

/* A new set with a note added, replaced, or, with the text NULL, left out; NULL for none. Fails with
 * DAE_ERROR_ARGUMENT, also where there would be too many, or DAE_ERROR_MEMORY. */
dae_status dae_notes_change(struct dae_notes **out, const struct dae_notes *notes, const char *key,
                            const char *text);

#endif
