/* The text of a noise recipe. */
#include "fuzz.h"

#include <string.h>

static char *text_of(const dae_noise *noise) {
    size_t length = 0;
    must(dae_noise_format(noise, NULL, 0, &length) == DAE_OK, "a recipe cannot be written");
    char *text = malloc(length + 1);
    must(text != NULL && dae_noise_format(noise, text, length + 1, NULL) == DAE_OK,
         "a recipe cannot be written");
    must(strlen(text) == length, "the text has %zu letters, not %zu", strlen(text), length);
    return text;
}

/* Two recipes do the same, and to one row what they do to it among others. */
static void apply(const dae_noise *a, const dae_noise *b) {
    enum { ROWS = 3, SIZE = 5 };
    float x[ROWS * SIZE], y[ROWS * SIZE], row[SIZE];
    for (int i = 0; i < ROWS * SIZE; i++)
        x[i] = y[i] = (float)i / 8;
    memcpy(row, x + SIZE, sizeof row);
    must(dae_noise_apply(a, x, ROWS, 1, (const size_t[]){SIZE}, 7, 1, 2) == DAE_OK,
         "the recipe cannot be applied");
    must(dae_noise_apply(b, y, ROWS, 1, (const size_t[]){SIZE}, 7, 1, 2) == DAE_OK,
         "the recipe cannot be applied");
    must(dae_noise_apply(b, row, 1, 1, (const size_t[]){SIZE}, 7, 1, 3) == DAE_OK,
         "the recipe cannot be applied");
    must(memcmp(x, y, sizeof x) == 0, "the recipe that went round does something else");
    must(memcmp(x + SIZE, row, sizeof row) == 0, "a row alone gets other noise");
}

static void go_round(dae_noise *noise) {
    dae_noise *again = NULL;
    char *text = text_of(noise);
    must(dae_noise_parse(&again, text) == DAE_OK, "what was written is not read: %s", text);
    char *again_text = text_of(again);
    must(strcmp(text, again_text) == 0, "%s becomes %s", text, again_text);
    apply(noise, again);
    dae_noise_free(again);
    free(again_text);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    must(text != NULL, "no memory for the fuzz target");
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    dae_noise *noise = fuzz_untouched;
    fuzz_begin();
    dae_status status = dae_noise_parse(&noise, text);
    fuzz_asked_at_most(8192 + 64 * (size + 2));
    if (status != DAE_OK) {
        fuzz_refused(status, STATUS_BIT(DAE_ERROR_FORMAT) | STATUS_BIT(DAE_ERROR_ARGUMENT), noise);
    } else {
        go_round(noise);
        dae_noise_free(noise);
    }
    fuzz_end();
    free(text);
    return 0;
}
