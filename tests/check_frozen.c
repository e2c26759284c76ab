/* Layers that are frozen: their parameters stay, and all others go as if their gradient were 0. */
#include "network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IN = 60, HIDDEN = 311, CODE = 40, SAMPLES = 96, LAYERS = 3 };

/* Several chunks of parameters, with borders of layers within. */
static const char network_text[] =
    "input(60) | dense(311, activation=tanh) as h1 | dense(40, activation=relu) |"
    " dropout(0.1) | dense(60) as last";

static const size_t firsts[LAYERS + 1] = {0, (IN + 1) * HIDDEN, (IN + 1) * HIDDEN + (HIDDEN + 1) * CODE,
                                          (IN + 1) * HIDDEN + (HIDDEN + 1) * CODE + (CODE + 1) * IN};
static const char *const names[LAYERS] = {"h1", "1", "last"};

static dae_trainer *trainer_of(dae_model *model, const char *rule) {
    dae_optimizer *optimizer = NULL;
    dae_trainer *trainer = NULL;
    ok(dae_optimizer_parse(&optimizer, rule));
    ok(dae_trainer_create(&trainer, model, optimizer, "mse | l2(weight=1e-3)"));
    dae_optimizer_free(optimizer);
    return trainer;
}

/* Sets the gradient of layers to a value. */
typedef struct {
    unsigned layers;
    float value;
    size_t calls, not_zero;
} change;

static int32_t change_gradient(float *gradients, size_t count, void *user) {
    change *c = user;
    ck_assert_uint_eq(count, firsts[LAYERS]);
    c->calls++;
    for (size_t k = 0; k < LAYERS; k++)
        for (size_t i = firsts[k]; (c->layers >> k & 1) != 0 && i < firsts[k + 1]; i++) {
            c->not_zero += gradients[i] != 0;
            gradients[i] = c->value;
        }
    return 0;
}

static void freeze(dae_trainer *trainer, unsigned layers, int32_t frozen) {
    for (size_t k = 0; k < LAYERS; k++)
        if ((layers >> k & 1) != 0)
            ok(dae_trainer_set_frozen(trainer, names[k], frozen));
}

static const char *const rules[] = {
    "sgd(0.05) | clip_norm(0.05)",
    "sgd(0.05, momentum=0.9) | clip_value(1e-3)",
    "adam(1e-3) | clip_norm(1e-3)",
    "rmsprop(1e-3, centered=yes)",
};

/* _i is a set of layers. The gradient that the hook leaves has no say, and the hook sees it. */
START_TEST(others_go_as_with_a_gradient_of_0) {
    dae_dataset *data = random_dataset(SAMPLES, IN, -1, 1, 1);
    for (size_t rule = 0; rule < sizeof rules / sizeof *rules; rule++) {
        dae_model *models[2];
        size_t count;
        float *before = NULL;
        double norms[2][2] = {{0}};
        for (size_t i = 0; i < 2; i++) {
            models[i] = model_from(5, "%s", network_text);
            dae_trainer *trainer = trainer_of(models[i], rules[rule]);
            change c = {(unsigned)_i, i == 0 ? 0.0f : INFINITY, 0, 0};
            before = i == 0 ? parameters_of(models[i], &count) : before;
            ck_assert_uint_eq(count, firsts[LAYERS]);
            ok(dae_trainer_set_gradient_hook(trainer, change_gradient, &c));
            ok(dae_set_num_threads(i + 1));
            if (i == 1)
                freeze(trainer, (unsigned)_i, 1);
            ok(dae_trainer_fit(trainer, data, 2));
            ck_assert_uint_eq(c.calls, 2 * SAMPLES / 32);
            ck_assert(_i == 0 || c.not_zero > 0);
            if (strstr(rules[rule], "clip_norm") != NULL)
                ok(dae_trainer_get_history(trainer, "gradient_norm", norms[i], 2));
            dae_trainer_free(trainer);
        }
        same_parameters(models[0], models[1]);
        ck_assert(norms[0][0] == norms[1][0] && norms[0][1] == norms[1][1]);
        float *after = parameters_of(models[1], NULL);
        for (size_t k = 0; k < LAYERS; k++)
            ck_assert_int_eq(memcmp(before + firsts[k], after + firsts[k],
                                    (firsts[k + 1] - firsts[k]) * sizeof *after) == 0,
                             _i >> k & 1);
        free(before);
        free(after);
        for (size_t i = 0; i < 2; i++)
            dae_model_free(models[i]);
    }
    dae_dataset_free(data);
}
END_TEST

/* Weight decay and rounding to bfloat16 leave them alone as well. */
START_TEST(nothing_else_changes_them) {
    dae_dataset *data = random_dataset(SAMPLES, IN, -1, 1, 1);
    dae_model *first = NULL;
    for (size_t threads = 1; threads <= 3; threads++) {
        dae_model *model = model_from(5, "%s", network_text);
        dae_trainer *trainer = trainer_of(model, "adamw(1e-2, weight_decay=0.5)");
        float *before = parameters_of(model, NULL);
        ok(dae_set_num_threads(threads));
        if (_i == 1)
            ok(dae_trainer_set_precision(trainer, DAE_PRECISION_BFLOAT16));
        freeze(trainer, 5, 1);
        ok(dae_trainer_fit(trainer, data, 2));
        float *after = parameters_of(model, NULL);
        ck_assert_mem_eq(after, before, firsts[1] * sizeof *after);
        ck_assert_mem_ne(after + firsts[1], before + firsts[1], (firsts[2] - firsts[1]) * sizeof *after);
        ck_assert_mem_eq(after + firsts[2], before + firsts[2], (firsts[3] - firsts[2]) * sizeof *after);
        free(before);
        free(after);
        dae_trainer_free(trainer);
        if (first == NULL) {
            first = model;
            continue;
        }
        same_parameters(first, model);
        dae_model_free(model);
    }
    dae_model_free(first);
    dae_dataset_free(data);
}
END_TEST

/* A pause: what the optimizer remembers is there again after it. */
START_TEST(thawed_layers_go_on_where_they_were) {
    float *x = random_floats(8 * IN, -1, 1, 3);
    dae_model *models[2];
    for (size_t i = 0; i < 2; i++) {
        models[i] = model_from(
            5, "input(60) | dense(311) as h1 | dense(40, activation=relu) | dense(60) as last");
        dae_trainer *trainer = trainer_of(models[i], "rmsprop(1e-3, momentum=0.9)");
        for (size_t step = 0; step < 6; step++) {
            if (i == 1 && step == 3) {
                freeze(trainer, 7, 1);
                for (size_t idle = 0; idle < 4; idle++)
                    ok(dae_trainer_step(trainer, x, x, 8, NULL));
                freeze(trainer, 7, 0);
            }
            ok(dae_trainer_step(trainer, x, x, 8, NULL));
        }
        dae_trainer_free(trainer);
    }
    same_parameters(models[0], models[1]);
    for (size_t i = 0; i < 2; i++)
        dae_model_free(models[i]);
    free(x);
}
END_TEST

START_TEST(a_shared_weight_stays_for_both) {
    dae_model *model = model_from(5, "input(6) | dense(4, activation=tanh) as h | dense(tied=h) as back");
    dae_trainer *trainer = sgd_trainer(model, 0.1, "mse");
    float *x = random_floats(8 * 6, -1, 1, 3);
    for (int round = 0; round < 2; round++) {
        float *before = parameters_of(model, NULL);
        ok(dae_trainer_set_frozen(trainer, round == 0 ? "h" : "back", 1));
        ok(dae_trainer_set_frozen(trainer, round == 0 ? "back" : "h", 0));
        ok(dae_trainer_step(trainer, x, x, 8, NULL));
        float *after = parameters_of(model, NULL);
        size_t own = (6 + 1) * 4;
        ck_assert_int_eq(memcmp(before, after, own * sizeof *after) == 0, round == 0);
        ck_assert_int_eq(memcmp(before + own, after + own, 6 * sizeof *after) == 0, round == 1);
        free(before);
        free(after);
    }
    dae_trainer_free(trainer);
    dae_model_free(model);
    free(x);
}
END_TEST

START_TEST(what_is_refused) {
    dae_model *model = model_from(5, "%s", network_text);
    dae_trainer *trainer = sgd_trainer(model, 0.1, "mse");
    fails(dae_trainer_set_frozen(NULL, "h1", 1), DAE_ERROR_ARGUMENT, "trainer is NULL");
    fails(dae_trainer_set_frozen(trainer, NULL, 1), DAE_ERROR_ARGUMENT, "layer is NULL");
    fails(dae_trainer_set_frozen(trainer, "h1", 2), DAE_ERROR_ARGUMENT, "frozen is 2, expected 0 or 1");
    fails(dae_trainer_set_frozen(trainer, "h2", 1), DAE_ERROR_ARGUMENT,
          "dae_trainer_set_frozen: there is no value 'h2', expected input, h1 or last");
    fails(dae_trainer_set_frozen(trainer, "2", 1), DAE_ERROR_ARGUMENT, "layer '2' has no parameters");
    fails(dae_trainer_set_frozen(trainer, "input", 1), DAE_ERROR_ARGUMENT, "layer 'input' has no parameters");
    fails(dae_trainer_set_frozen(trainer, "", 1), DAE_ERROR_ARGUMENT, "no value ''");
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("frozen");
    TCase *frozen = add_case(suite, "frozen");
    tcase_add_loop_test(frozen, others_go_as_with_a_gradient_of_0, 0, 1 << LAYERS);
    tcase_add_loop_test(frozen, nothing_else_changes_them, 0, 2);
    tcase_add_test(frozen, thawed_layers_go_on_where_they_were);
    tcase_add_test(frozen, a_shared_weight_stays_for_both);
    tcase_add_test(frozen, what_is_refused);
    return suite_main(suite);
}
