#include "model/notes.h"
#include "core/memory.h"
#include "model/model.h"

#include <string.h>

/* ---- Sets ----------------------------------------------------------------------------------------- */

struct dae_notes *dae_notes_keep(struct dae_notes *notes) {
    if (notes != NULL)
        dae_references_keep(&notes->references);
    return notes;
}

void dae_notes_drop(struct dae_notes *notes) {
    if (notes != NULL && dae_references_drop(&notes->references))
        dae_release(notes);
}

const struct dae_note *dae_notes_find(const struct dae_notes *notes, const char *key) {
    for (size_t i = 0; notes != NULL && i < notes->count; i++)
        if (strcmp(notes->list[i].key, key) == 0)
            return &notes->list[i];
    return NULL;
}

/* How many bytes the character at `c` has, 0 where it is not UTF-8: no byte may miss, no code be longer than
 * it need be, none be half of a surrogate pair or beyond U+10FFFF. */
static size_t utf8_size(const unsigned char *c) {
    size_t size = c[0] < 0x80 ? 1 : c[0] < 0xC2 ? 0 : c[0] < 0xE0 ? 2 : c[0] < 0xF0 ? 3 : c[0] < 0xF5 ? 4 : 0;
    for (size_t i = 1; i < size; i++)
        if ((c[i] & 0xC0) != 0x80)
            return 0;
    bool is_long = (c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xF0 && c[1] < 0x90);
    bool is_half = c[0] == 0xED && c[1] > 0x9F, is_beyond = c[0] == 0xF4 && c[1] > 0x8F;
    return is_long || is_half || is_beyond ? 0 : size;
}

static dae_status check(const char *what, const char *text, size_t least, size_t most) {
    size_t length = strlen(text), size = 1;
    if (length < least || length > most)
        return dae_fail(DAE_ERROR_ARGUMENT, "the %s of a note has %zu bytes, expected %zu to %zu", what,
                        length, least, most);
    for (size_t i = 0; i < length; i += size)
        if ((size = utf8_size((const unsigned char *)text + i)) == 0)
            return dae_fail(DAE_ERROR_ARGUMENT, "the %s of a note is not UTF-8 at byte %zu", what, i);
    return DAE_OK;
}

/* Copies a note to the end of a set, its texts to *room, which moves on. */
static void append(struct dae_notes *notes, const struct dae_note *note, char **room) {
    size_t key = strlen(note->key) + 1, text = strlen(note->text) + 1;
    memcpy(*room, note->key, key);
    memcpy(*room + key, note->text, text);
    notes->list[notes->count++] = (struct dae_note){*room, *room + key};
    *room += key + text;
}

dae_status dae_notes_change(struct dae_notes **out, const struct dae_notes *notes, const char *key,
                            const char *text) {
    struct dae_note list[DAE_MAX_NOTES + 1], added = {key, text};
    size_t count = 0, size = sizeof(struct dae_notes), old = notes != NULL ? notes->count : 0, i = 0;
    DAE_TRY(check("key", key, 1, DAE_MAX_NOTE_KEY));
    if (text != NULL)
        DAE_TRY(check("text", text, 0, DAE_MAX_NOTE_TEXT));
    for (; i < old && strcmp(notes->list[i].key, key) < 0; i++)
        list[count++] = notes->list[i];
    if (text != NULL)
        list[count++] = added;
    for (i += i < old && strcmp(notes->list[i].key, key) == 0; i < old; i++)
        list[count++] = notes->list[i];
    if (count > DAE_MAX_NOTES)
        return dae_fail(DAE_ERROR_ARGUMENT, "a model has %d notes, which is the most it can hold",
                        DAE_MAX_NOTES);
    *out = NULL;
    if (count == 0)
        return DAE_OK;
    for (i = 0; i < count; i++)
        size += strlen(list[i].key) + strlen(list[i].text) + 2;
    struct dae_notes *made = dae_allocate(1, size);
    if (made == NULL)
        return DAE_ERROR_MEMORY;
    dae_references_start(&made->references);
    char *room = (char *)(made + 1);
    for (i = 0; i < count; i++)
        append(made, &list[i], &room);
    *out = made;
    return DAE_OK;
}

/* ---- Those of a model -------------------------------------------------------------------------------- */

void dae_model_remember_notes(dae_model *model, struct dae_notes *notes) {
    dae_notes_keep(notes);
    dae_notes_drop(model->notes);
    model->notes = notes;
}

dae_status dae_model_set_note(dae_model *model, const char *key, const char *text) {
    struct dae_notes *notes = NULL;
    DAE_REQUIRE(model);
    DAE_REQUIRE(key);
    dae_status status = dae_notes_change(&notes, model->notes, key, text);
    if (status != DAE_OK)
        return status == DAE_ERROR_MEMORY ? status : dae_fail_in(status, __func__);
    dae_model_remember_notes(model, notes);
    dae_notes_drop(notes);
    return DAE_OK;
}

static void write_text(struct dae_text *text, const void *object) {
    const struct dae_note *note = object;
    dae_text_add(text, "%s", note->text);
}

dae_status dae_model_get_note(const dae_model *model, const char *key, char *buffer, size_t capacity,
                              size_t *length) {
    DAE_REQUIRE(model);
    DAE_REQUIRE(key);
    const struct dae_note *note = dae_notes_find(model->notes, key);
    if (note == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_model_get_note: the model has no note '%.64s'; dae_model_list_note() lists them",
                        key);
    return dae_text_deliver(write_text, note, buffer, capacity, length, __func__);
}

dae_status dae_model_list_note(const dae_model *model, size_t index, const char **key) {
    DAE_REQUIRE(model);
    DAE_REQUIRE(key);
    *key = model->notes != NULL && index < model->notes->count ? model->notes->list[index].key : NULL;
    return DAE_OK;
}
