/* The text of what governs an optimizer, after a rule. */
#include "fuzz.h"

#include <math.h>
#include <string.h>

enum { ROOM = 1024 };

static const double bases[] = {1e-30, 0.001, 1e6};
enum { BASES = sizeof bases / sizeof *bases };

static void write_down(const dae_optimizer *optimizer, char text[ROOM]) {
    size_t length = 0;
    must(dae_optimizer_format(optimizer, text, ROOM, &length) == DAE_OK && length == strlen(text),
         "an optimizer cannot be written");
}

/* Rates that a training can have, and the same from both. */
static void compare_rates(dae_optimizer *a, dae_optimizer *b) {
    static const uint64_t steps[] = {0,         1, 2, 7, 1000, 1u << 31, UINT64_C(1) << 53, UINT64_MAX / 2,
                                     UINT64_MAX};
    for (size_t k = 0; k < BASES; k++) {
        must(dae_optimizer_set(a, "learning_rate", bases[k]) == DAE_OK &&
                 dae_optimizer_set(b, "learning_rate", bases[k]) == DAE_OK,
             "no learning rate");
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            double rate = NAN, again = NAN;
            must(dae_optimizer_get_rate_at(a, steps[i], 3, &rate) == DAE_OK, "no rate");
            must(dae_optimizer_get_rate_at(b, steps[i], 3, &again) == DAE_OK, "no rate");
            must(isfinite(rate) && rate >= 0 && rate <= 1e6, "rate %g at step %llu", rate,
                 (unsigned long long)steps[i]);
            must(rate == again, "the schedule that went round gives %g at step %llu, not %g", again,
                 (unsigned long long)steps[i], rate);
        }
    }
}

static void go_round(dae_optimizer *optimizer) {
    char text[ROOM], again_text[ROOM];
    dae_optimizer *again = NULL;
    write_down(optimizer, text);
    must(dae_optimizer_parse(&again, text) == DAE_OK, "what was written is not read: %s", text);
    write_down(again, again_text);
    must(strcmp(text, again_text) == 0, "%s becomes %s", text, again_text);
    compare_rates(optimizer, again);
    dae_optimizer_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char rule[] = "sgd(1) | ";
    char *text = malloc(sizeof rule + size);
    must(text != NULL, "no memory for the fuzz target");
    strcpy(text, rule);
    if (size > 0)
        memcpy(text + sizeof rule - 1, data, size);
    text[sizeof rule - 1 + size] = '\0';
    dae_optimizer *optimizer = fuzz_untouched;
    fuzz_begin();
    dae_status status = dae_optimizer_parse(&optimizer, text);
    fuzz_asked_at_most(8192 + 64 * (size + 2));
    if (status != DAE_OK) {
        fuzz_refused(status, STATUS_BIT(DAE_ERROR_FORMAT) | STATUS_BIT(DAE_ERROR_ARGUMENT), optimizer);
    } else {
        go_round(optimizer);
        dae_optimizer_free(optimizer);
    }
    fuzz_end();
    free(text);
    return 0;
}
