/* The text of a learning rate's schedule, alone and in that of an optimizer. */
#include "fuzz.h"

#include <math.h>
#include <string.h>

enum { ROOM = 1024 };

static const double bases[] = {1e-30, 0.001, 1e6};
enum { BASES = sizeof bases / sizeof *bases };

static void write_down(const dae_optimizer *optimizer, char text[ROOM]) {
    size_t length = 0;
    must(dae_optimizer_format_schedule(optimizer, text, ROOM, &length) == DAE_OK && length == strlen(text),
         "a schedule cannot be written");
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
            must(dae_optimizer_get_rate_at(a, steps[i], &rate) == DAE_OK, "no rate");
            must(dae_optimizer_get_rate_at(b, steps[i], &again) == DAE_OK, "no rate");
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
    must(dae_optimizer_create_sgd(&again, 1) == DAE_OK, "no optimizer");
    must(dae_optimizer_set_schedule(again, text) == DAE_OK, "what was written is not read: %s", text);
    write_down(again, again_text);
    must(strcmp(text, again_text) == 0, "%s becomes %s", text, again_text);
    compare_rates(optimizer, again);
    dae_optimizer_free(again);
}

/* A text is a schedule if and only if it can stand after a rule, and then it is the same one there. */
static void stand_after_a_rule(const dae_optimizer *optimizer, const char *text, bool is_schedule) {
    static const char rule[] = "sgd(1) | ";
    char expected[ROOM], written[ROOM], *whole = malloc(sizeof rule + strlen(text));
    dae_optimizer *made = NULL;
    must(whole != NULL, "no memory for the fuzz target");
    strcpy(whole, rule);
    strcat(whole, text);
    bool is_read = dae_optimizer_parse(&made, whole) == DAE_OK;
    must(is_read == is_schedule, "%s: %s", whole,
         is_read ? "read after a rule, but not alone" : dae_last_error());
    if (is_read) {
        write_down(optimizer, expected);
        write_down(made, written);
        must(strcmp(expected, written) == 0, "after a rule, %s becomes %s", expected, written);
    }
    dae_optimizer_free(made);
    free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char before[] = "exponential(steps=7, rate=0.5, staircase=1)";
    char after[ROOM], *text = malloc(size + 1);
    must(text != NULL, "no memory for the fuzz target");
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    dae_optimizer *optimizer = NULL;
    fuzz_begin();
    must(dae_optimizer_create_sgd(&optimizer, 1) == DAE_OK &&
             dae_optimizer_set_schedule(optimizer, before) == DAE_OK,
         "no optimizer");
    dae_status status = dae_optimizer_set_schedule(optimizer, text);
    fuzz_asked_at_most(8192 + 64 * (size + 2));
    if (status != DAE_OK) {
        fuzz_refused(status, STATUS_BIT(DAE_ERROR_FORMAT) | STATUS_BIT(DAE_ERROR_ARGUMENT), fuzz_untouched);
        write_down(optimizer, after);
        must(strcmp(before, after) == 0, "a text that was refused has changed the schedule to %s", after);
    } else {
        go_round(optimizer);
    }
    stand_after_a_rule(optimizer, text, status == DAE_OK);
    dae_optimizer_free(optimizer);
    fuzz_end();
    free(text);
    return 0;
}
