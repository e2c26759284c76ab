/* Options of optimizers as text, inside the library: what checkpoints keep. */
#include "network.h"
#include "train/optimizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static dae_status write_options(const void *optimizer, char *buffer, size_t capacity, size_t *length) {
    return dae_text_deliver(dae_optimizer_write_options, optimizer, buffer, capacity, length, "test");
}

static void is_written_as(const dae_optimizer *optimizer, const char *expected) {
    char *text = text_by_the_rules(write_options, optimizer);
    ck_assert_str_eq(text, expected);
    free(text);
}

static dae_optimizer *make(bool adam, double learning_rate) {
    dae_optimizer *optimizer = NULL;
    if (adam)
        ok(dae_optimizer_create_adam(&optimizer, learning_rate));
    else
        ok(dae_optimizer_create_sgd(&optimizer, learning_rate));
    return optimizer;
}

START_TEST(options_are_written) {
    dae_optimizer *adam = make(true, 1e-3), *sgd = make(false, 0.01);
    is_written_as(adam, "adam(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-07)");
    is_written_as(sgd, "sgd(learning_rate=0.01, momentum=0, nesterov=0)");
    ok(dae_optimizer_set(adam, "beta1", 0.5));
    ok(dae_optimizer_set(adam, "beta2", 0.25));
    ok(dae_optimizer_set(adam, "epsilon", 0.125));
    ok(dae_optimizer_set(adam, "learning_rate", 2));
    is_written_as(adam, "adam(learning_rate=2, beta1=0.5, beta2=0.25, epsilon=0.125)");
    ok(dae_optimizer_set(sgd, "momentum", 0.9));
    ok(dae_optimizer_set(sgd, "nesterov", 1));
    is_written_as(sgd, "sgd(learning_rate=0.01, momentum=0.9, nesterov=1)");
    dae_optimizer_free(adam);
    dae_optimizer_free(sgd);
}
END_TEST

static dae_status read_options(dae_optimizer *optimizer, const char *text) {
    double values[DAE_OPTIMIZER_MAX_OPTIONS] = {0};
    dae_status status = dae_optimizer_read_options(optimizer, text, values);
    if (status == DAE_OK)
        memcpy(optimizer->options, values, sizeof values);
    return status;
}

START_TEST(options_are_read) {
    dae_optimizer *adam = make(true, 0.5), *sgd = make(false, 0.5);
    ok(read_options(adam, "adam(learning_rate=2, beta1=0.5, beta2=0.25, epsilon=0.125)"));
    is_written_as(adam, "adam(learning_rate=2, beta1=0.5, beta2=0.25, epsilon=0.125)");
    ok(read_options(sgd, "sgd(learning_rate=0.01, momentum=0.9, nesterov=1)"));
    is_written_as(sgd, "sgd(learning_rate=0.01, momentum=0.9, nesterov=1)");
    /* What is left out is what a new optimizer has, not what this one had. */
    ok(read_options(adam, "adam(0.001)"));
    is_written_as(adam, "adam(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-07)");
    ok(read_options(sgd, "sgd(0.25)"));
    is_written_as(sgd, "sgd(learning_rate=0.25, momentum=0, nesterov=0)");
    dae_optimizer_free(adam);
    dae_optimizer_free(sgd);
}
END_TEST

/* Two optimizers with the same options to the bit train to the same bits; the text must carry the last of them. */
START_TEST(numbers_come_back_to_the_bit) {
    uint64_t state = 1;
    for (int round = 0; round < 2000; round++) {
        double values[DAE_OPTIMIZER_MAX_OPTIONS] = {0};
        for (size_t i = 0; i < 4; i++) {
            state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            values[i] = (double)(state >> 11) / 9007199254740992.0 * 0.875;
        }
        values[0] = fmax(ldexp(values[0], round % 120 - 99), 1e-30); /* from 1e-30 to 1e6 */
        values[3] = fmax(ldexp(values[3], -(round % 99)), 1e-30);
        bool adam = round % 2;
        if (!adam)
            values[2] = round / 2 % 2;
        else if (values[3] < 1e-11)
            values[2] = fmax(values[2], values[1] * values[1]);
        dae_optimizer *first = make(adam, 1), *second = make(adam, 1);
        memcpy(first->options, values, sizeof values);
        char text[256];
        ok(write_options(first, text, sizeof text, NULL));
        ok(read_options(second, text));
        ck_assert_msg(memcmp(values, second->options, (adam ? 4 : 3) * sizeof *values) == 0, "%s", text);
        dae_optimizer_free(first);
        dae_optimizer_free(second);
    }
}
END_TEST

START_TEST(bad_texts_leave_the_optimizer_as_it_was) {
    static const struct {
        bool adam;
        const char *text, *word;
    } texts[] = {
        {true, "", "found the end of the text"},
        {true, "adam", "adam needs learning_rate"},
        {true, "adam(beta1=0.5)", "adam needs learning_rate"},
        {true, "sgd(learning_rate=0.01, momentum=0.9, nesterov=1)", "found 'sgd', expected adam"},
        {false, "adam(learning_rate=0.01)", "found 'adam', expected sgd"},
        {true, "Adam(0.01)", "position 1"},
        {true, "adam(0.01, gamma=1)",
         "position 12: adam has no parameter 'gamma', expected learning_rate, beta1, beta2, epsilon or "
         "amsgrad"},
        {true, "adam(0.01) | cosine(1)", "position 14: found another step"},
        {true, "adam(0.01) | adam(0.01)", "position 14: found 'adam', expected constant"},
        {true, "adam(0.01", "position 10"},
        {true, "adam(0)", "learning_rate is 0"},
        {true, "adam(-1)", "learning_rate is -1"},
        {true, "adam(1.5e6)", "learning_rate is 1500000"},
        {true, "adam(1e-60)", "learning_rate is 1e-60"},
        {true, "adam(0.1, beta1=1)", "beta1 is 1"},
        {true, "adam(0.1, beta1=-0.5)", "beta1 is -0.5"},
        {true, "adam(0.1, beta2=1)", "beta2 is 1"},
        {true, "adam(0.1, epsilon=0)", "epsilon is 0"},
        {true, "adam(0.1, epsilon=1e999)", "found 1e999"},
        {false, "sgd(1e999)", "found 1e999"},
        {false, "sgd(0.1, momentum=1)", "momentum is 1"},
        {false, "sgd(0.1, momentum=-0.1)", "momentum is -0.1"},
        {false, "sgd(0.1, nesterov=0.5)", "nesterov is 0.5"},
        {false, "sgd(0.1, nesterov=maybe)", "found 'maybe', expected yes or no"},
        {false, "sgd(0.1, 0.5)", "sgd takes 1 value without a name"},
        {true, "adam(0.1, beta1=0.9, beta2=0.5, epsilon=1e-12)", "expected beta1^2 <= beta2 or an epsilon"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        dae_optimizer *optimizer = make(texts[i].adam, 0.75);
        fails(read_options(optimizer, texts[i].text), DAE_ERROR_FORMAT, texts[i].word);
        is_written_as(optimizer, texts[i].adam
                                     ? "adam(learning_rate=0.75, beta1=0.9, beta2=0.999, epsilon=1e-07)"
                                     : "sgd(learning_rate=0.75, momentum=0, nesterov=0)");
        dae_optimizer_free(optimizer);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("optimizer text");
    TCase *texts = add_case(suite, "texts");
    tcase_add_test(texts, options_are_written);
    tcase_add_test(texts, options_are_read);
    tcase_add_test(texts, numbers_come_back_to_the_bit);
    tcase_add_test(texts, bad_texts_leave_the_optimizer_as_it_was);
    return suite_main(suite);
}
