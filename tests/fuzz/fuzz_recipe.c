/* Any text of the language of recipes, whatever its words mean. */
#include "fuzz.h"

#include "core/memory.h"
#include "core/recipe.h"

#include <string.h>

/* What a tree is written as; the caller's to free(). */
static char *text_of(const struct dae_syntax *syntax) {
    struct dae_text measure = {NULL, 0, 0};
    dae_recipe_write(&measure, syntax);
    struct dae_text text = {malloc(measure.length + 1), measure.length + 1, 0};
    must(text.data != NULL, "no memory for the fuzz target");
    text.data[0] = '\0';
    dae_recipe_write(&text, syntax);
    must(text.length == measure.length && strlen(text.data) == text.length, "a recipe cannot be written");
    return text.data;
}

static void go_round(const struct dae_syntax *syntax) {
    struct dae_syntax *again = NULL;
    char *text = text_of(syntax);
    must(dae_recipe_read(&again, "recipe", text) == DAE_OK, "what was written is not read: %s", text);
    char *again_text = text_of(again);
    must(strcmp(text, again_text) == 0, "%s becomes %s", text, again_text);
    dae_release(again);
    free(again_text);
    free(text);
}

/* With a number in each gap, a text has none left outside of comments. */
static void fill(const char *text) {
    static const double values[64] = {0.1, -1e-300, 3};
    size_t count = 0, length = 0;
    while (count < 64 && dae_recipe_fill(NULL, 0, &length, text, values, count) != DAE_OK)
        count++;
    if (count == 64)
        return;
    char *filled = malloc(length + 1);
    must(filled != NULL, "no memory for the fuzz target");
    must(dae_recipe_fill(filled, length + 1, NULL, text, values, count) == DAE_OK,
         "the text cannot be filled in");
    must(strlen(filled) == length, "the text has %zu letters, not %zu", strlen(filled), length);
    must(dae_recipe_fill(NULL, 0, NULL, filled, NULL, 0) == DAE_OK, "gaps are left in %s", filled);
    free(filled);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    must(text != NULL, "no memory for the fuzz target");
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    void *handle = fuzz_untouched;
    struct dae_syntax *syntax = NULL;
    fuzz_begin();
    dae_status status = dae_recipe_read(&syntax, "recipe", text);
    fuzz_asked_at_most(256 * (size + 2));
    if (status != DAE_OK) {
        fuzz_refused(status, STATUS_BIT(DAE_ERROR_FORMAT) | STATUS_BIT(DAE_ERROR_ARGUMENT), handle);
        must(dae_last_error_position() >= 1 && dae_last_error_position() <= strlen(text) + 1,
             "position %zu of %zu", dae_last_error_position(), strlen(text));
    } else {
        go_round(syntax);
        dae_release(syntax);
    }
    fill(text);
    fuzz_end();
    free(text);
    return 0;
}
