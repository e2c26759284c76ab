/* Optimizers: their texts, what calls refuse, the formulae of SGD and Adam. */
#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(creating_refuses_bad_arguments) {
    const double bad[] = {0.0, -1e-3, NAN, INFINITY, -INFINITY};
    dae_optimizer *optimizer = NULL;
    fails(dae_optimizer_create_sgd(NULL, 0.1), DAE_ERROR_ARGUMENT, "out");
    fails(dae_optimizer_create_adam(NULL, 0.1), DAE_ERROR_ARGUMENT, "out");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fails(dae_optimizer_create_sgd(&optimizer, bad[i]), DAE_ERROR_ARGUMENT, "learning");
        fails(dae_optimizer_create_adam(&optimizer, bad[i]), DAE_ERROR_ARGUMENT, "learning");
    }
    ck_assert_ptr_null(optimizer);
    dae_optimizer_free(NULL);
}
END_TEST

/* ---- As text -------------------------------------------------------------------------------------- */

static dae_status format(const void *optimizer, char *buffer, size_t capacity, size_t *length) {
    return dae_optimizer_format(optimizer, buffer, capacity, length);
}

static void is_written_as(const dae_optimizer *optimizer, const char *expected) {
    char *text = text_by_the_rules(format, optimizer);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(optimizers_are_read_and_written) {
    static const char *const texts[][2] = {
        {"sgd(0.5)", "sgd(learning_rate=0.5, momentum=0, nesterov=0)"},
        {"sgd(0.5, nesterov=yes, momentum=0.9) # as Keras",
         "sgd(learning_rate=0.5, momentum=0.9, nesterov=1)"},
        {"adam(1e-3) | constant", "adam(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-07)"},
        {"adam(learning_rate=1e-3,epsilon=1e-5)|cosine(100)",
         "adam(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-05) | "
         "cosine(steps=100, alpha=0, warmup=0)"},
        {"adamw(0.1,amsgrad=yes)|clip_norm(1)|cosine(epochs=20,warmup=1)|clip_value(2)",
         "adamw(learning_rate=0.1, beta1=0.9, beta2=0.999, epsilon=1e-07, weight_decay=0.004, amsgrad=yes) | "
         "clip_norm(norm=1) | cosine(alpha=0, warmup=1, epochs=20) | clip_value(value=2)"},
        {"adam(1, amsgrad=1)", "adam(learning_rate=1, beta1=0.9, beta2=0.999, epsilon=1e-07, amsgrad=yes)"},
        {"sgd(1) | polynomial(10, end=0)",
         "sgd(learning_rate=1, momentum=0, nesterov=0) | polynomial(steps=10, end=0, power=1)"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t j = 0; j < 2; j++) {
            dae_optimizer *optimizer = NULL;
            ok(dae_optimizer_parse(&optimizer, texts[i][j]));
            is_written_as(optimizer, texts[i][1]);
            dae_optimizer_free(optimizer);
        }
}
END_TEST

/* Of a call and of a text comes the same optimizer. */
START_TEST(optimizers_made_by_calls_are_written) {
    dae_optimizer *optimizer = NULL;
    double rate = 0;
    ok(dae_optimizer_create_adam(&optimizer, 0.25));
    ok(dae_optimizer_set(optimizer, "beta1", 0.5));
    ok(dae_optimizer_set(optimizer, "beta2", 0.75));
    is_written_as(optimizer, "adam(learning_rate=0.25, beta1=0.5, beta2=0.75, epsilon=1e-07)");
    dae_optimizer_free(optimizer);
    ok(dae_optimizer_parse(&optimizer, "adam(0.25, beta1=0.5, beta2=0.75) | exponential(2, 0.5)"));
    ok(dae_optimizer_get_rate_at(optimizer, 4, 0, &rate));
    ck_assert(rate == 0.0625);
    is_written_as(optimizer, "adam(learning_rate=0.25, beta1=0.5, beta2=0.75, epsilon=1e-07) | "
                             "exponential(steps=2, rate=0.5, staircase=0)");
    dae_optimizer_free(optimizer);
}
END_TEST

START_TEST(texts_of_no_optimizer_are_refused) {
    static const struct {
        const char *text;
        dae_status status;
        size_t at;
        const char *word;
    } texts[] = {
        {"", DAE_ERROR_FORMAT, 1, "found the end of the text, expected an optimizer"},
        {"cosine(10)", DAE_ERROR_FORMAT, 1,
         "found 'cosine', expected sgd, adam, adamw, nadam, rmsprop, adagrad or adadelta"},
        {"adam", DAE_ERROR_FORMAT, 1, "adam needs learning_rate"},
        {"adam(0.1) | sgd(0.1)", DAE_ERROR_FORMAT, 13,
         "found 'sgd', expected constant, exponential, inverse_time, polynomial, cosine, step, one_cycle, "
         "cosine_restarts, plateau, clip_value, clip_norm or average"},
        {"sgd(1) | cosine(1) | cosine(1)", DAE_ERROR_FORMAT, 22, "expected at most one schedule"},
        {"adam(1,5)", DAE_ERROR_FORMAT, 8, "adam takes 1 value without a name"},
        {"sgd(0.1, beta1=0)", DAE_ERROR_FORMAT, 10, "sgd has no parameter 'beta1'"},
        {"sgd(-1)", DAE_ERROR_ARGUMENT, 5, "learning_rate is -1"},
        {"sgd(1) | cosine(0)", DAE_ERROR_ARGUMENT, 17, "steps is 0"},
        {"sgd(1) | cosine(steps=9, epochs=9)", DAE_ERROR_FORMAT, 10,
         "cosine needs steps or epochs, and not both"},
        {"sgd(1) | step(9) | clip_norm(1) | plateau", DAE_ERROR_FORMAT, 35,
         "found 'plateau' after 'step', expected at most one schedule"},
        {"sgd(1) | clip_norm(1) | clip_norm(2)", DAE_ERROR_FORMAT, 25,
         "found 'clip_norm' again, expected it at most once"},
        {"sgd(1) | clip_value(0)", DAE_ERROR_ARGUMENT, 21, "value is 0"},
        {"adam(1, beta1=0.9, beta2=0.5, epsilon=1e-12)", DAE_ERROR_ARGUMENT, 1, "beta1^2 <= beta2"},
    };
    dae_optimizer *optimizer = NULL;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fails(dae_optimizer_parse(&optimizer, texts[i].text), texts[i].status, texts[i].word);
        ck_assert_msg(dae_last_error_position() == texts[i].at, "%s: %s", texts[i].text, dae_last_error());
    }
    fails(dae_optimizer_parse(&optimizer, NULL), DAE_ERROR_ARGUMENT, "text");
    fails(dae_optimizer_parse(NULL, "sgd(1)"), DAE_ERROR_ARGUMENT, "out");
    fails(dae_optimizer_format(NULL, NULL, 0, NULL), DAE_ERROR_ARGUMENT, "optimizer");
    ck_assert_ptr_null(optimizer);
}
END_TEST

START_TEST(options_have_names) {
    dae_optimizer *sgd = NULL, *adam = NULL;
    double value = 7;
    ok(dae_optimizer_parse(&sgd, "sgd(0.5)"));
    ok(dae_optimizer_parse(&adam, "adam(0.5)"));
    ok(dae_optimizer_set(sgd, "nesterov", 1));
    ok(dae_optimizer_set(sgd, "momentum", 0.75));
    ok(dae_optimizer_set(sgd, "learning_rate", 0.125));
    is_written_as(sgd, "sgd(learning_rate=0.125, momentum=0.75, nesterov=1)");
    ok(dae_optimizer_get(sgd, "momentum", &value));
    ck_assert(value == 0.75);
    ok(dae_optimizer_get(adam, "beta2", &value));
    ck_assert(value == 0.999);
    fails(dae_optimizer_get(sgd, "beta2", &value), DAE_ERROR_ARGUMENT,
          "parameter is 'beta2', expected learning_rate, momentum or nesterov of sgd");
    fails(dae_optimizer_set(adam, "momentum", 0.5), DAE_ERROR_ARGUMENT,
          "expected learning_rate, beta1, beta2, epsilon or amsgrad of adam");
    fails(dae_optimizer_set(adam, "beta1", 1), DAE_ERROR_ARGUMENT, "dae_optimizer_set: beta1 is 1");
    fails(dae_optimizer_set(adam, "steps", 1), DAE_ERROR_ARGUMENT, "'steps'");
    fails(dae_optimizer_set(sgd, "nesterov", 0.5), DAE_ERROR_ARGUMENT, "nesterov is 0.5, expected 0 or 1");
    ck_assert(value == 0.999);
    is_written_as(adam, "adam(learning_rate=0.5, beta1=0.9, beta2=0.999, epsilon=1e-07)");
    dae_optimizer_free(sgd);
    dae_optimizer_free(adam);
}
END_TEST

/* ---- By calls ------------------------------------------------------------------------------------- */

START_TEST(learning_rate_is_checked_and_kept) {
    const double bad[] = {0.0, -1.0, NAN, INFINITY};
    dae_optimizer *made[2] = {NULL, NULL};
    ok(dae_optimizer_create_sgd(&made[0], 0.25));
    ok(dae_optimizer_create_adam(&made[1], 0.25));
    for (size_t kind = 0; kind < 2; kind++) {
        double rate = 0;
        for (size_t i = 0; i < 4; i++)
            fails(dae_optimizer_set(made[kind], "learning_rate", bad[i]), DAE_ERROR_ARGUMENT, "learning");
        ok(dae_optimizer_get(made[kind], "learning_rate", &rate));
        ck_assert(rate == 0.25);
        ok(dae_optimizer_set(made[kind], "learning_rate", 1e-30));
        ok(dae_optimizer_get(made[kind], "learning_rate", &rate));
        ck_assert(rate == 1e-30);
        fails(dae_optimizer_get(made[kind], "learning_rate", NULL), DAE_ERROR_ARGUMENT, "value");
        dae_optimizer_free(made[kind]);
    }
    double rate = 5;
    fails(dae_optimizer_set(NULL, "learning_rate", 0.1), DAE_ERROR_ARGUMENT, "optimizer");
    fails(dae_optimizer_get(NULL, "learning_rate", &rate), DAE_ERROR_ARGUMENT, "optimizer");
    ck_assert(rate == 5);
}
END_TEST

START_TEST(sgd_options_are_checked) {
    dae_optimizer *sgd = NULL, *adam = NULL;
    ok(dae_optimizer_create_sgd(&sgd, 0.1));
    ok(dae_optimizer_create_adam(&adam, 0.1));
    fails(dae_optimizer_set(NULL, "momentum", 0.5), DAE_ERROR_ARGUMENT, "optimizer");
    fails(dae_optimizer_set(sgd, "momentum", -0.125), DAE_ERROR_ARGUMENT, "-0.125");
    fails(dae_optimizer_set(sgd, "momentum", 1.0), DAE_ERROR_ARGUMENT, "momentum");
    fails(dae_optimizer_set(sgd, "momentum", nextafter(1, 0)), DAE_ERROR_ARGUMENT,
          "momentum"); /* 1 in float32 */
    fails(dae_optimizer_set(sgd, "momentum", NAN), DAE_ERROR_ARGUMENT, "momentum");
    fails(dae_optimizer_set(adam, "momentum", 0.5), DAE_ERROR_ARGUMENT, "");
    ok(dae_optimizer_set(sgd, "momentum", 0.0));
    ok(dae_optimizer_set(sgd, "momentum", 0.999));
    fails(dae_optimizer_set(NULL, "nesterov", 1), DAE_ERROR_ARGUMENT, "optimizer");
    fails(dae_optimizer_set(sgd, "nesterov", 2), DAE_ERROR_ARGUMENT, "nesterov");
    fails(dae_optimizer_set(sgd, "nesterov", -1), DAE_ERROR_ARGUMENT, "nesterov");
    fails(dae_optimizer_set(adam, "nesterov", 1), DAE_ERROR_ARGUMENT, "");
    ok(dae_optimizer_set(sgd, "nesterov", 1));
    ok(dae_optimizer_set(sgd, "nesterov", 0));
    dae_optimizer_free(sgd);
    dae_optimizer_free(adam);
}
END_TEST

START_TEST(adam_options_are_checked) {
    dae_optimizer *sgd = NULL, *adam = NULL;
    ok(dae_optimizer_create_sgd(&sgd, 0.1));
    ok(dae_optimizer_create_adam(&adam, 0.1));
    const double bad_beta[] = {-0.125, 1.0, 1.5, NAN, INFINITY};
    for (size_t i = 0; i < 5; i++) {
        fails(dae_optimizer_set(adam, "beta1", bad_beta[i]), DAE_ERROR_ARGUMENT, "beta1");
        fails(dae_optimizer_set(adam, "beta2", bad_beta[i]), DAE_ERROR_ARGUMENT, "beta2");
    }
    fails(dae_optimizer_set(sgd, "beta1", 0.5), DAE_ERROR_ARGUMENT, "parameter is 'beta1'");
    ok(dae_optimizer_set(adam, "beta1", 0.0));
    ok(dae_optimizer_set(adam, "beta2", 0.0));
    const double bad_epsilon[] = {0.0, -1e-7, 0.9e-30, NAN, INFINITY};
    for (size_t i = 0; i < 5; i++)
        fails(dae_optimizer_set(adam, "epsilon", bad_epsilon[i]), DAE_ERROR_ARGUMENT, "epsilon");
    fails(dae_optimizer_set(NULL, "epsilon", 1e-7), DAE_ERROR_ARGUMENT, "optimizer");
    fails(dae_optimizer_set(sgd, "epsilon", 1e-7), DAE_ERROR_ARGUMENT, "");
    ok(dae_optimizer_set(adam, "epsilon", 1e-30));
    ok(dae_optimizer_set(adam, "epsilon", 1.0));
    dae_optimizer_free(sgd);
    dae_optimizer_free(adam);
}
END_TEST

/* Where v can die away before m, a step of m / epsilon must be finite. */
START_TEST(adam_options_that_would_overflow_are_refused) {
    dae_optimizer *adam = NULL;
    ok(dae_optimizer_create_adam(&adam, 1e6));
    ok(dae_optimizer_set(adam, "epsilon", 1e-30));
    fails(dae_optimizer_set(adam, "beta2", 0.8), DAE_ERROR_ARGUMENT, "beta1^2 <= beta2");
    ok(dae_optimizer_set(adam, "beta1", 0.9));
    ok(dae_optimizer_set(adam, "beta2", 0.82));
    ok(dae_optimizer_set(adam, "epsilon", 1e-11));
    ok(dae_optimizer_set(adam, "beta1", 0.9));
    ok(dae_optimizer_set(adam, "beta2", 0.0));
    fails(dae_optimizer_set(adam, "epsilon", 0.9e-11), DAE_ERROR_ARGUMENT, "1e-11");
    /* what is left is finite, even so */
    network net = {1, 1, {{1, "linear"}}, 0};
    dae_model *model = network_model(&net, 1);
    dae_trainer *trainer = NULL;
    ok(dae_trainer_create(&trainer, model, adam, "mae"));
    for (int step = 0; step < 4; step++) {
        float x = step == 0 ? 1e17f : 0, t = step == 0 ? 1e30f : 0;
        (void)dae_trainer_step(trainer, &x, &t, 1, NULL);
        float *values = parameters_of(model, NULL);
        ck_assert(isfinite(values[0]) && isfinite(values[1]));
        free(values);
    }
    dae_trainer_free(trainer);
    dae_model_free(model);
    dae_optimizer_free(adam);
}
END_TEST

/* ---- Formulae --------------------------------------------------------------------------------- */

enum { INPUTS = 21, UNITS = 3, PARAMETERS = UNITS * (INPUTS + 1), STEPS = 12 };

/* Puts known gradients, those of one step after the other, in the place of what the model would learn. */
typedef struct {
    const float *gradients;
    size_t step;
} known_gradients;

static int32_t give_known(float *gradients, size_t count, void *user) {
    known_gradients *known = user;
    ck_assert_uint_eq(count, PARAMETERS);
    memcpy(gradients, known->gradients + known->step++ * PARAMETERS, sizeof(float) * PARAMETERS);
    return 0;
}

typedef struct {
    bool adam, nesterov;
    double rate, momentum, beta1, beta2, epsilon;
    /* From this step on the rate is a tenth. */
    size_t slower_from;
} rule;

/* The formulae of optimizer.h for one parameter in double precision. */
static double expected_after(const rule *r, double w, const float *gradients, size_t parameter) {
    double m = 0, v = 0;
    for (size_t t = 1; t <= STEPS; t++) {
        double g = (double)gradients[(t - 1) * PARAMETERS + parameter];
        double rate = t - 1 >= r->slower_from ? r->rate / 10 : r->rate;
        if (r->adam) {
            m += (1 - r->beta1) * (g - m);
            v += (1 - r->beta2) * (g * g - v);
            double corrected = rate * sqrt(1 - pow(r->beta2, (double)t)) / (1 - pow(r->beta1, (double)t));
            w -= corrected * m / (sqrt(v) + r->epsilon);
        } else {
            v = r->momentum * v - rate * g;
            w += r->nesterov ? r->momentum * v - rate * g : v;
        }
    }
    return w;
}

static dae_optimizer *made_by(const rule *r, bool by_default) {
    dae_optimizer *optimizer = NULL;
    if (r->adam)
        ok(dae_optimizer_create_adam(&optimizer, r->rate));
    else
        ok(dae_optimizer_create_sgd(&optimizer, r->rate));
    if (!by_default && r->adam) {
        ok(dae_optimizer_set(optimizer, "beta1", r->beta1));
        ok(dae_optimizer_set(optimizer, "beta2", r->beta2));
        ok(dae_optimizer_set(optimizer, "epsilon", r->epsilon));
    }
    if (!by_default && !r->adam) {
        ok(dae_optimizer_set(optimizer, "momentum", r->momentum));
        ok(dae_optimizer_set(optimizer, "nesterov", r->nesterov));
    }
    return optimizer;
}

static void follows(const rule *r, bool by_default) {
    network net = {INPUTS, 1, {{UNITS, "linear"}}, 0};
    dae_model *model = network_model(&net, 5);
    dae_optimizer *optimizer = made_by(r, by_default);
    dae_trainer *trainer = NULL;
    const float inputs[INPUTS] = {0.5f}, targets[UNITS] = {0.25f};
    float *gradients = random_floats(STEPS * PARAMETERS, -1, 1, 11);
    float *before = parameters_of(model, NULL);
    known_gradients known = {gradients, 0};
    ok(dae_trainer_create(&trainer, model, optimizer, "mse"));
    ok(dae_trainer_set_gradient_hook(trainer, give_known, &known));
    for (size_t t = 0; t < STEPS; t++) {
        if (t == r->slower_from)
            ok(dae_optimizer_set(optimizer, "learning_rate", r->rate / 10));
        ok(dae_trainer_step(trainer, inputs, targets, 1, NULL));
    }
    float *after = parameters_of(model, NULL);
    for (size_t i = 0; i < PARAMETERS; i++)
        near(after[i], expected_after(r, (double)before[i], gradients, i), 1e-6);
    ck_assert_uint_eq(known.step, STEPS);
    free(before);
    free(after);
    free(gradients);
    dae_trainer_free(trainer);
    dae_optimizer_free(optimizer);
    dae_model_free(model);
}

START_TEST(sgd_follows_its_formula) {
    follows(&(rule){.rate = 0.05, .slower_from = STEPS}, true);
    follows(&(rule){.rate = 0.05, .slower_from = 6}, true);
    follows(&(rule){.rate = 0.05, .momentum = 0.8, .slower_from = STEPS}, false);
    follows(&(rule){.rate = 0.05, .momentum = 0.8, .slower_from = 4}, false);
    follows(&(rule){.rate = 0.05, .momentum = 0.8, .nesterov = true, .slower_from = 4}, false);
    follows(&(rule){.rate = 0.05, .momentum = 0, .nesterov = true, .slower_from = STEPS}, false);
}
END_TEST

START_TEST(adam_follows_its_formula) {
    const rule defaults = {
        .adam = true, .rate = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-7, .slower_from = STEPS};
    rule other = defaults;
    follows(&defaults, true);
    follows(&defaults, false);
    other.slower_from = 5;
    follows(&other, true);
    /* An epsilon this large tells where it stands in the formula. */
    other.epsilon = 0.1;
    other.beta1 = 0.5;
    other.beta2 = 0.75;
    follows(&other, false);
    other.beta1 = other.beta2 = 0;
    follows(&other, false);
}
END_TEST

/* ---- What decides about memory -------------------------------------------------------------------- */

START_TEST(what_decides_about_memory_cannot_be_changed) {
    static const char *const texts[][2] = {
        {"adam(0.1)", "amsgrad"}, {"adamw(0.1)", "amsgrad"}, {"rmsprop(0.1)", "centered"}};
    for (size_t i = 0; i < 3; i++) {
        dae_optimizer *optimizer = NULL;
        ok(dae_optimizer_parse(&optimizer, texts[i][0]));
        ok(dae_optimizer_set(optimizer, texts[i][1], 0));
        fails(dae_optimizer_set(optimizer, texts[i][1], 1), DAE_ERROR_ARGUMENT,
              "set when an optimizer is made");
        dae_optimizer_free(optimizer);
    }
}
END_TEST

/* What is remembered belongs to the trainer: two of them on one optimizer go as if each had its own. */
START_TEST(one_optimizer_serves_two_trainers) {
    network net = {INPUTS, 1, {{UNITS, "linear"}}, 0};
    float *inputs = random_floats(INPUTS, -1, 1, 3);
    const float targets[UNITS] = {1, 2, 3};
    dae_model *models[3];
    dae_trainer *trainers[3];
    dae_optimizer *shared = NULL;
    ok(dae_optimizer_create_adam(&shared, 0.01));
    for (size_t i = 0; i < 3; i++)
        models[i] = network_model(&net, 5);
    ok(dae_trainer_create(&trainers[0], models[0], shared, "mse"));
    ok(dae_trainer_create(&trainers[1], models[1], shared, "mse"));
    trainers[2] = adam_trainer(models[2], 0.01, "mse");
    dae_optimizer_free(shared);
    for (size_t t = 0; t < STEPS; t++)
        for (size_t i = 0; i < 3; i++)
            ok(dae_trainer_step(trainers[i], inputs, targets, 1, NULL));
    same_parameters(models[0], models[2]);
    same_parameters(models[1], models[2]);
    for (size_t i = 0; i < 3; i++) {
        dae_trainer_free(trainers[i]);
        dae_model_free(models[i]);
    }
    free(inputs);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("optimizer");
    TCase *texts = add_case(suite, "texts");
    tcase_add_test(texts, optimizers_are_read_and_written);
    tcase_add_test(texts, optimizers_made_by_calls_are_written);
    tcase_add_test(texts, texts_of_no_optimizer_are_refused);
    tcase_add_test(texts, options_have_names);
    TCase *options = add_case(suite, "options");
    tcase_add_test(options, creating_refuses_bad_arguments);
    tcase_add_test(options, learning_rate_is_checked_and_kept);
    tcase_add_test(options, sgd_options_are_checked);
    tcase_add_test(options, adam_options_are_checked);
    tcase_add_test(options, adam_options_that_would_overflow_are_refused);
    TCase *formulae = add_case(suite, "formulae");
    tcase_add_test(formulae, sgd_follows_its_formula);
    tcase_add_test(formulae, adam_follows_its_formula);
    tcase_add_test(formulae, one_optimizer_serves_two_trainers);
    tcase_add_test(formulae, what_decides_about_memory_cannot_be_changed);
    return suite_main(suite);
}
