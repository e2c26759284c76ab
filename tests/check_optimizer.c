/* Optimizers: what their setters refuse, and their formulae. */
#include "network.h"
#include "oracle/optimizers.h"

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

/* ---- Every rule ----------------------------------------------------------------------------------- */

/* Gradients of a hook, `count` a step, one step after the other. */
typedef struct {
    const float *values;
    size_t count, step;
} planned;

static int32_t give_planned(float *gradients, size_t count, void *user) {
    planned *plan = user;
    ck_assert_uint_eq(count, plan->count);
    memcpy(gradients, plan->values + plan->step++ * count, count * sizeof *gradients);
    return 0;
}

/* Gradients of magnitudes that the hook chooses take the place of the model's own. */
typedef struct {
    dae_model *model;
    dae_trainer *trainer;
    planned plan;
} planned_training;

static planned_training plan_training(const char *text, size_t parameters, const float *gradients) {
    network net = {parameters - 1, 1, {{1, "linear"}}, 0};
    planned_training t = {.model = network_model(&net, 5), .plan = {gradients, parameters, 0}};
    dae_optimizer *optimizer = NULL;
    ok(dae_optimizer_parse(&optimizer, text));
    ok(dae_trainer_create(&t.trainer, t.model, optimizer, "mae"));
    dae_optimizer_free(optimizer);
    return t;
}

static void take_planned_step(planned_training *t) {
    float inputs[64] = {0}, target = 0.25f; /* a loss that is finite as long as parameters are */
    ck_assert_uint_le(t->plan.count, 64);
    ok(dae_trainer_set_gradient_hook(t->trainer, give_planned, &t->plan));
    ok(dae_trainer_step(t->trainer, inputs, &target, 1, NULL));
}

static void end_planned(planned_training *t) {
    dae_trainer_free(t->trainer);
    dae_model_free(t->model);
}

enum { MOST_RULES = 20 }; /* that loops go over */

enum { ORACLES = sizeof ORACLE_OPTIMIZERS / sizeof *ORACLE_OPTIMIZERS };

START_TEST(rules_give_what_the_oracle_has) {
    const oracle_optimizer *c = &ORACLE_OPTIMIZERS[_i];
    enum { COUNT = ORACLE_OPTIMIZER_COUNT };
    float gradients[ORACLE_OPTIMIZER_STEPS * COUNT], parameters[COUNT];
    dae_rng *rng = NULL;
    ok(dae_rng_create(&rng, ORACLE_OPTIMIZER_SEED, ORACLE_OPTIMIZER_GRADIENTS));
    ok(dae_rng_fill_uniform(rng, gradients, ORACLE_OPTIMIZER_STEPS * COUNT, -1, 1));
    dae_rng_free(rng);
    ok(dae_rng_create(&rng, ORACLE_OPTIMIZER_SEED, ORACLE_OPTIMIZER_PARAMETERS));
    ok(dae_rng_fill_uniform(rng, parameters, COUNT, -0.5, 0.5));
    dae_rng_free(rng);
    for (size_t i = 0; i < ORACLE_OPTIMIZER_STEPS * COUNT; i += 4)
        gradients[i] *= 0.01f;
    planned_training t = plan_training(c->text, COUNT, gradients);
    ok(dae_model_set_parameters(t.model, parameters, COUNT));
    for (size_t step = 0; step < ORACLE_OPTIMIZER_STEPS; step++)
        take_planned_step(&t);
    float *after = parameters_of(t.model, NULL);
    for (size_t i = 0; i < COUNT; i++)
        ck_assert_msg(fabs((double)after[i] - c->after[i]) <= 2e-6, "%s: parameter %zu is %.9g, of %s %.9g",
                      c->text, i, (double)after[i], c->by, c->after[i]);
    free(after);
    end_planned(&t);
}
END_TEST

static const char *kind_name(const char *category, size_t index) {
    const char *name = NULL;
    ok(dae_kind_list(category, NULL, index, &name));
    return name;
}

START_TEST(the_oracle_has_every_rule) {
    const char *name;
    for (size_t k = 0; (name = kind_name("optimizer", k)) != NULL; k++) {
        bool found = false;
        for (size_t i = 0; i < ORACLES; i++)
            found |= strncmp(ORACLE_OPTIMIZERS[i].text, name, strlen(name)) == 0 &&
                     ORACLE_OPTIMIZERS[i].text[strlen(name)] == '(';
        ck_assert_msg(found, "no case of %s", name);
    }
}
END_TEST

/* A rule with its learning rate, and all its flags, shares and its epsilon as given; the rest as it is. */
static void write_rule(char *text, size_t size, const char *name, double rate, const char *flag, double share,
                       double epsilon) {
    const char *parameter = NULL, *type = NULL;
    size_t used = (size_t)snprintf(text, size, "%s(%g", name, rate);
    for (size_t i = 1;; i++) {
        ok(dae_kind_list("optimizer", name, i, &parameter));
        if (parameter == NULL)
            break;
        double open = 0;
        ok(dae_kind_get_text("optimizer", name, parameter, "type", &type));
        ok(dae_kind_get_number("optimizer", name, parameter, "open_high", &open));
        if (strcmp(type, "flag") == 0)
            used += (size_t)snprintf(text + used, size - used, ", %s=%s", parameter, flag);
        else if (strcmp(parameter, "epsilon") == 0)
            used += (size_t)snprintf(text + used, size - used, ", epsilon=%g", epsilon);
        else if (open == 1)
            used += (size_t)snprintf(text + used, size - used, ", %s=%.9g", parameter, share);
    }
    snprintf(text + used, size - used, ")");
}

/* The greatest gradients that are taken, the least, none, and all between, in any order. */
static float wild_gradient(uint64_t *state) {
    static const float magnitudes[] = {1e18f, 1e18f, 1e-20f, 0, 1e-38f, 1, 1e-15f, 1e9f};
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    float g = magnitudes[*state >> 40 & 7];
    return *state >> 50 & 1 ? g : -g;
}

/* Whatever gradients come, parameters stay finite, and what is remembered is what checkpoints take. */
START_TEST(steps_stay_finite_whatever_gradients_come) {
    enum { COUNT = 40, WILD = 300 };
    static const double shares[] = {0, 0.9, 0.9999999}, epsilons[] = {1e-30, 1e-7, 1e30};
    static float gradients[WILD * COUNT];
    const char *name = kind_name("optimizer", (size_t)_i);
    uint64_t state = 1;
    if (name == NULL)
        return;
    for (size_t i = 0; i < WILD * COUNT; i++)
        gradients[i] = i % COUNT < 8 ? (i / COUNT % 50 == 0 ? 1e18f : 0) : wild_gradient(&state);
    for (size_t i = 0; i < 18; i++) {
        char text[256];
        static unsigned char bytes[1 << 16];
        size_t size;
        write_rule(text, sizeof text, name, 1e6, i % 2 ? "yes" : "no", shares[i / 2 % 3], epsilons[i / 6]);
        planned_training t = plan_training(text, COUNT, gradients);
        for (size_t step = 0; step < WILD; step++) {
            take_planned_step(&t);
            float *values = parameters_of(t.model, NULL);
            for (size_t k = 0; k < COUNT; k++)
                ck_assert_msg(isfinite(values[k]), "%s: parameter %zu is %g after step %zu", text, k,
                              (double)values[k], step);
            free(values);
            if (step % 7 > 0)
                continue;
            ok(dae_trainer_serialize_checkpoint(t.trainer, bytes, sizeof bytes, &size));
            dae_status status = dae_trainer_deserialize_checkpoint(t.trainer, bytes, size);
            ck_assert_msg(status == DAE_OK, "%s after step %zu: %s", text, step, dae_last_error());
        }
        end_planned(&t);
    }
}
END_TEST

/* Several chunks of parameters, so that the norm is a sum of sums. */
static float *fit_on_threads(const char *text, size_t threads, size_t *count) {
    network net = {60, 2, {{300, "tanh"}, {60, "linear"}}, 0};
    dae_model *model = network_model(&net, 5);
    dae_optimizer *optimizer = NULL;
    dae_trainer *trainer = NULL;
    dae_dataset *data = random_dataset(40, 60, 0, 1, 3);
    ok(dae_set_num_threads(threads));
    ok(dae_optimizer_parse(&optimizer, text));
    ok(dae_trainer_create(&trainer, model, optimizer, "mse"));
    ok(dae_trainer_fit(trainer, data, 2));
    float *values = parameters_of(model, count);
    dae_trainer_free(trainer);
    dae_optimizer_free(optimizer);
    dae_dataset_free(data);
    dae_model_free(model);
    return values;
}

START_TEST(every_rule_has_the_same_bytes_on_any_number_of_threads) {
    const char *name = kind_name("optimizer", (size_t)_i);
    char text[256];
    size_t count;
    if (name == NULL)
        return;
    snprintf(text, sizeof text, "%s(0.01) | clip_norm(0.01) | cosine(epochs=3) | clip_value(0.001)", name);
    float *alone = fit_on_threads(text, 1, &count);
    for (size_t threads = 2; threads <= 7; threads += 1 + 3 * (threads == 3)) {
        float *together = fit_on_threads(text, threads, &count);
        same_floats(together, alone, count);
        free(together);
    }
    free(alone);
}
END_TEST

/* ---- The norm of the whole gradient --------------------------------------------------------------- */

static int32_t keep_norm(float *gradients, size_t count, void *user) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)gradients[i] * (double)gradients[i];
    *(double *)user = sqrt(sum);
    return 0;
}

/* A step of rate 1 is as long as the bound, or as the gradient where that is shorter, over several chunks of
 * parameters. */
START_TEST(the_norm_is_that_of_all_parameters) {
    static const double bounds[] = {0.0625, 1e9};
    network net = {60, 2, {{300, "tanh"}, {60, "linear"}}, 0};
    float *inputs = random_floats(60, -8, 8, 4), *targets = random_floats(60, -8, 8, 5);
    for (size_t i = 0; i < 2; i++) {
        char text[64];
        double norm = 0, sum = 0;
        size_t count;
        dae_model *model = network_model(&net, 5);
        dae_optimizer *optimizer = NULL;
        dae_trainer *trainer = NULL;
        snprintf(text, sizeof text, "sgd(1) | clip_norm(%g)", bounds[i]);
        ok(dae_optimizer_parse(&optimizer, text));
        ok(dae_trainer_create(&trainer, model, optimizer, "mse"));
        ok(dae_trainer_set_gradient_hook(trainer, keep_norm, &norm));
        float *before = parameters_of(model, &count);
        ok(dae_trainer_step(trainer, inputs, targets, 1, NULL));
        float *after = parameters_of(model, NULL);
        for (size_t k = 0; k < count; k++)
            sum += pow((double)after[k] - (double)before[k], 2);
        ck_assert_double_gt(norm, bounds[0]);
        near(sqrt(sum), fmin(norm, bounds[i]), 1e-5);
        free(before);
        free(after);
        dae_trainer_free(trainer);
        dae_optimizer_free(optimizer);
        dae_model_free(model);
    }
    free(inputs);
    free(targets);
}
END_TEST

/* The column of the history is the mean of norms that a hook can take for itself, which clips leave alone. */
typedef struct {
    double norms[16];
    size_t count;
} norms;

static int32_t note_norm(float *gradients, size_t count, void *user) {
    norms *n = user;
    return keep_norm(gradients, count, &n->norms[n->count++]);
}

START_TEST(the_history_has_the_norm) {
    enum { BATCHES = 4, ROWS = 3 };
    network net = {INPUTS, 1, {{INPUTS, "linear"}}, 0};
    dae_dataset *data = random_dataset(BATCHES * ROWS, INPUTS, -1, 1, 7);
    dae_model *model = network_model(&net, 5);
    dae_optimizer *optimizer = NULL;
    dae_trainer *trainer = NULL;
    norms seen = {.count = 0};
    ok(dae_optimizer_parse(&optimizer,
                           _i == 0 ? "sgd(0.1) | clip_norm(1e-3)" : "sgd(0.1) | clip_value(1e-3)"));
    ok(dae_trainer_create(&trainer, model, optimizer, _i == 0 ? "mse | l2(weight=0.01)" : "mse"));
    ok(dae_trainer_set_batch_size(trainer, ROWS));
    ok(dae_trainer_set_gradient_hook(trainer, note_norm, &seen));
    ok(dae_trainer_fit(trainer, data, 2));
    ck_assert_uint_eq(seen.count, 2 * BATCHES);
    double column[2];
    if (_i == 0) {
        const char *names[2];
        ok(dae_trainer_list_history(trainer, 6, &names[0]));
        ok(dae_trainer_list_history(trainer, 7, &names[1]));
        ck_assert_str_eq(names[0], "gradient_norm");
        ck_assert_str_eq(names[1], "validation_mse");
        ok(dae_trainer_get_history(trainer, "gradient_norm", column, 2));
        for (size_t epoch = 0; epoch < 2; epoch++) {
            double sum = 0;
            for (size_t i = 0; i < BATCHES; i++)
                sum += seen.norms[epoch * BATCHES + i];
            near(column[epoch], sum / BATCHES, 1e-9);
        }
    } else {
        fails(dae_trainer_get_history(trainer, "gradient_norm", column, 2), DAE_ERROR_ARGUMENT, "seconds");
    }
    dae_trainer_free(trainer);
    dae_optimizer_free(optimizer);
    dae_model_free(model);
    dae_dataset_free(data);
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
    TCase *rules = add_case(suite, "rules");
    tcase_add_loop_test(rules, rules_give_what_the_oracle_has, 0, ORACLES);
    tcase_add_test(rules, the_oracle_has_every_rule);
    tcase_add_loop_test(rules, steps_stay_finite_whatever_gradients_come, 0, MOST_RULES);
    tcase_add_loop_test(rules, every_rule_has_the_same_bytes_on_any_number_of_threads, 0, MOST_RULES);
    tcase_add_test(rules, the_norm_is_that_of_all_parameters);
    tcase_add_loop_test(rules, the_history_has_the_norm, 0, 2);
    tcase_add_test(rules, what_decides_about_memory_cannot_be_changed);
    return suite_main(suite);
}
