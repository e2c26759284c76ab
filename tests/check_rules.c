/* Rules of optimizers, all that the library lists: what an oracle has, any gradients, threads, the norm that clips ask for. */
#include "network.h"
#include "oracle/optimizers.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 21 };

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

int main(void) {
    Suite *suite = suite_create("rules");
    TCase *rules = add_case(suite, "rules");
    tcase_add_loop_test(rules, rules_give_what_the_oracle_has, 0, ORACLES);
    tcase_add_test(rules, the_oracle_has_every_rule);
    tcase_add_loop_test(rules, steps_stay_finite_whatever_gradients_come, 0, MOST_RULES);
    tcase_add_loop_test(rules, every_rule_has_the_same_bytes_on_any_number_of_threads, 0, MOST_RULES);
    tcase_add_test(rules, the_norm_is_that_of_all_parameters);
    tcase_add_loop_test(rules, the_history_has_the_norm, 0, 2);
    return suite_main(suite);
}
