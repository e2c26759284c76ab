/* Objectives of several terms: values and gradients against formulae in double precision, columns of the history,
 * missing targets, emphasis, refusals, and going on to the bit. */
#include "training.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IN = 5, CODE = 4, ROWS = 7, TERMS = 4, PARAMETERS = CODE * IN + CODE + IN * CODE + IN };

/* ---- The objective, written again ------------------------------------------------------------------- */

enum kind { MSE, MAE, HUBER, LOG_COSH, BCE, L1, L2, L1_CODE, L2_CODE, KL, CONTRACTIVE };

/* A term of a case; `number` is its delta or target. */
typedef struct {
    enum kind kind;
    const char *name; /* its column */
    double weight, number, corrupted, intact;
    bool skips;
} term;

/* x[IN] -> code[CODE] -> output[IN], in double precision. */
typedef struct {
    const char *text, *code, *output;
    term terms[TERMS];
} objective_case;

static const objective_case cases[] = {
    {"huber(0.2)", "sigmoid", "linear", {{HUBER, "huber", 1, 0.2, 1, 1, false}}},
    {"log_cosh", "tanh", "linear", {{LOG_COSH, "log_cosh", 1, 0, 1, 1, false}}},
    {"mse(weight=0.5)", "tanh", "relu", {{MSE, "mse", 0.5, 0, 1, 1, false}}},
    {"mse | mae(weight=0.5)",
     "tanh",
     "leaky_relu",
     {{MSE, "mse", 1, 0, 1, 1, false}, {MAE, "mae", 0.5, 0, 1, 1, false}}},
    {"bce | mse(weight=2)",
     "tanh",
     "sigmoid",
     {{BCE, "bce", 1, 0, 1, 1, false}, {MSE, "mse", 2, 0, 1, 1, false}}},
    {"bce | l1(weight=0.01) | l2(weight=0.02)",
     "sigmoid",
     "sigmoid",
     {{BCE, "bce", 1, 0, 1, 1, false}, {L1, "l1", 0.01, 0, 1, 1, false}, {L2, "l2", 0.02, 0, 1, 1, false}}},
    {"mse | l1(of=code, weight=0.1)",
     "tanh",
     "linear",
     {{MSE, "mse", 1, 0, 1, 1, false}, {L1_CODE, "l1.code", 0.1, 0, 1, 1, false}}},
    {"kl_sparsity(0.05, of=code, weight=0.3) | log_cosh | contractive(of=code, weight=0.2)",
     "sigmoid",
     "tanh",
     {{KL, "kl_sparsity.code", 0.3, 0.05, 1, 1, false},
      {LOG_COSH, "log_cosh", 1, 0, 1, 1, false},
      {CONTRACTIVE, "contractive.code", 0.2, 0, 1, 1, false}}},
    {"mse | contractive(of=code, weight=0.1) | l2(layer=code, weight=0.3)",
     "tanh",
     "linear",
     {{MSE, "mse", 1, 0, 1, 1, false},
      {CONTRACTIVE, "contractive.code", 0.1, 0, 1, 1, false},
      {L2_CODE, "l2.code", 0.3, 0, 1, 1, false}}},
    {"mse(missing=skip)", "tanh", "sigmoid", {{MSE, "mse", 1, 0, 1, 1, true}}},
    {"bce(missing=skip) | mae(weight=3, missing=skip)",
     "tanh",
     "sigmoid",
     {{BCE, "bce", 1, 0, 1, 1, true}, {MAE, "mae", 3, 0, 1, 1, true}}},
    {"mse(corrupted=2, intact=0.5)", "tanh", "linear", {{MSE, "mse", 1, 0, 2, 0.5, false}}},
    {"mse(corrupted=3, intact=3)", "tanh", "tanh", {{MSE, "mse", 1, 0, 3, 3, false}}},
    {"huber(0.3, missing=skip, corrupted=1, intact=0.25)",
     "tanh",
     "linear",
     {{HUBER, "huber", 1, 0.3, 1, 0.25, true}}},
};
enum { CASES = sizeof cases / sizeof *cases };

typedef struct {
    float x[ROWS * IN], t[ROWS * IN];
    double parameters[PARAMETERS];
} world;

static double activate(const char *name, double z) {
    if (strcmp(name, "sigmoid") == 0)
        return 1 / (1 + exp(-z));
    if (strcmp(name, "tanh") == 0)
        return tanh(z);
    double slope = strcmp(name, "relu") == 0 ? 0 : strcmp(name, "leaky_relu") == 0 ? 0.3 : 1;
    return z > 0 ? z : slope * z;
}

static void run(const objective_case *c, const world *w, size_t row, double code[CODE], double output[IN]) {
    const double *first = w->parameters, *second = first + CODE * IN + CODE;
    for (size_t j = 0; j < CODE; j++) {
        double z = first[CODE * IN + j];
        for (size_t i = 0; i < IN; i++)
            z += first[j * IN + i] * (double)w->x[row * IN + i];
        code[j] = activate(c->code, z);
    }
    for (size_t j = 0; j < IN; j++) {
        double z = second[IN * CODE + j];
        for (size_t i = 0; i < CODE; i++)
            z += second[j * CODE + i] * code[i];
        output[j] = activate(c->output, z);
    }
}

static double compare(const term *m, double a, double t) {
    double d = fabs(a - t);
    switch (m->kind) {
    case MSE:
        return d * d;
    case MAE:
        return d;
    case HUBER:
        return d <= m->number ? d * d / 2 : m->number * (d - m->number / 2);
    case LOG_COSH:
        return log(cosh(d));
    default:
        return -(t * log(a) + (1 - t) * log(1 - a));
    }
}

static double sum_of_parameters(const world *w, const term *m) {
    double sum = 0;
    for (size_t i = 0; i < (m->kind == L2_CODE ? CODE * IN + CODE : PARAMETERS); i++)
        sum += m->kind == L1 ? fabs(w->parameters[i]) : w->parameters[i] * w->parameters[i];
    return sum;
}

/* What a penalty makes of the code of all rows. */
static double of_code(const objective_case *c, const world *w, const term *m) {
    double mean[CODE] = {0}, sum = 0, code[CODE], output[IN];
    for (size_t row = 0; row < ROWS; row++) {
        run(c, w, row, code, output);
        for (size_t j = 0; j < CODE; j++) {
            double slope = strcmp(c->code, "sigmoid") == 0 ? code[j] * (1 - code[j]) : 1 - code[j] * code[j];
            mean[j] += code[j] / ROWS;
            for (size_t i = 0; i < IN && m->kind == CONTRACTIVE; i++)
                sum += pow(slope * w->parameters[j * IN + i], 2) / ROWS;
            sum += m->kind == L1_CODE ? fabs(code[j]) / ROWS : 0;
        }
    }
    for (size_t j = 0; j < CODE && m->kind == KL; j++)
        sum += m->number * log(m->number / mean[j]) + (1 - m->number) * log((1 - m->number) / (1 - mean[j]));
    return sum;
}

static double value_of(const objective_case *c, const world *w, const term *m) {
    double sum = 0, code[CODE], output[IN];
    size_t known = 0;
    if (m->kind == L1 || m->kind == L2 || m->kind == L2_CODE)
        return sum_of_parameters(w, m);
    if (m->kind > L2_CODE || m->kind == L1_CODE)
        return of_code(c, w, m);
    for (size_t row = 0; row < ROWS; row++) {
        run(c, w, row, code, output);
        for (size_t i = 0; i < IN; i++) {
            double t = (double)w->t[row * IN + i];
            if (m->skips && isnan(t))
                continue;
            known++;
            sum += (w->x[row * IN + i] != w->t[row * IN + i] ? m->corrupted : m->intact) *
                   compare(m, output[i], t);
        }
    }
    return sum / (double)known;
}

static double objective_of(const objective_case *c, const world *w) {
    double sum = 0;
    for (size_t i = 0; i < TERMS && c->terms[i].name != NULL; i++)
        sum += c->terms[i].weight * value_of(c, w, &c->terms[i]);
    return sum;
}

/* ---- Values and gradients ------------------------------------------------------------------------------- */

static dae_model *model_of(const objective_case *c) {
    return model_from(3, "input(%d) | dense(%d, activation=%s) as code | dense(%d, activation=%s)", IN, CODE,
                      c->code, IN, c->output);
}

/* Some inputs are their targets, and where a case skips them, some targets are missing. */
static void fill(world *w, const objective_case *c, const dae_model *model) {
    float *x = random_floats(ROWS * IN, 0.05, 0.95, 11), *t = random_floats(ROWS * IN, 0.05, 0.95, 12);
    double *parameters = doubles_of(model);
    for (size_t i = 0; i < ROWS * IN; i++) {
        w->t[i] = t[i];
        w->x[i] = i % 3 == 0 ? t[i] : x[i];
        if (c->terms[0].skips && i % 4 == 1)
            w->t[i] = NAN;
    }
    memcpy(w->parameters, parameters, sizeof w->parameters);
    free(parameters);
    free(x);
    free(t);
}

static dae_trainer *trainer_of(dae_model *model, const char *objective) {
    return sgd_trainer(model, 0.05, objective);
}

static int32_t copy_gradient(float *gradients, size_t count, void *user) {
    memcpy(user, gradients, count * sizeof *gradients);
    return 1;
}

START_TEST(values_and_gradients_are_those_of_the_formulae) {
    const objective_case *c = &cases[_i];
    dae_model *model = model_of(c);
    dae_trainer *trainer = trainer_of(model, c->text);
    world w;
    float gradient[PARAMETERS];
    double loss = 0, scale = 0, slopes[PARAMETERS];
    fill(&w, c, model);
    ok(dae_trainer_set_gradient_hook(trainer, copy_gradient, gradient));
    fails(dae_trainer_step(trainer, w.x, w.t, ROWS, NULL), DAE_ERROR_CALLBACK, "hook");
    for (size_t i = 0; i < PARAMETERS; i++) {
        const double step = 1e-6, kept = w.parameters[i];
        w.parameters[i] = kept + step;
        slopes[i] = objective_of(c, &w);
        w.parameters[i] = kept - step;
        slopes[i] = (slopes[i] - objective_of(c, &w)) / (2 * step);
        w.parameters[i] = kept;
        scale = fmax(scale, fabs(slopes[i]));
    }
    for (size_t i = 0; i < PARAMETERS; i++)
        ck_assert_msg(fabs((double)gradient[i] - slopes[i]) < 2e-6 * scale,
                      "%s: gradient %zu is %.9g, not %.9g", c->text, i, (double)gradient[i], slopes[i]);
    ok(dae_trainer_set_gradient_hook(trainer, NULL, NULL));
    ok(dae_trainer_step(trainer, w.x, w.t, ROWS, &loss));
    double expected = objective_of(c, &w);
    near(loss, expected, 2e-6 * fabs(expected));
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

/* A training has the columns of the terms, those of validation, and a loss that is their sum. */
START_TEST(terms_are_columns) {
    const objective_case *c = &cases[_i];
    dae_model *model = model_of(c);
    dae_trainer *trainer = trainer_of(model, c->text);
    world w;
    double loss[2], validation[2], sums[2] = {0}, value[2];
    char name[128];
    const char *column;
    fill(&w, c, model);
    dae_dataset *data = pair_dataset(w.x, IN, w.t, IN, ROWS);
    ok(dae_trainer_set_batch_size(trainer, ROWS));
    ok(dae_trainer_set_shuffle(trainer, 0));
    ok(dae_trainer_set_validation(trainer, data));
    for (size_t epoch = 0; epoch < 2; epoch++) { /* validation is of the parameters after an epoch */
        double *parameters = doubles_of(model);
        memcpy(w.parameters, parameters, sizeof w.parameters);
        free(parameters);
        ok(dae_trainer_fit(trainer, data, 1));
    }
    ok(dae_trainer_get_history(trainer, "loss", loss, 2));
    ok(dae_trainer_get_history(trainer, "validation_loss", validation, 2));
    double expected = objective_of(c, &w);
    near(validation[0], expected, 3e-6 * fabs(expected));
    near(loss[1], expected, 3e-6 * fabs(expected));
    size_t terms = 0;
    while (terms < TERMS && c->terms[terms].name != NULL)
        terms++;
    for (size_t i = 0; terms > 1 && i < terms; i++) {
        const term *m = &c->terms[i];
        expected = value_of(c, &w, m);
        ok(dae_trainer_get_history(trainer, m->name, value, 2));
        near(value[1], expected, 5e-6 * fabs(expected));
        sums[0] += m->weight * value[1];
        snprintf(name, sizeof name, "validation_%s", m->name);
        ok(dae_trainer_get_history(trainer, name, value, 2));
        near(value[0], expected, 5e-6 * fabs(expected));
        sums[1] += m->weight * value[0];
        ok(dae_trainer_list_history(trainer, 4 + i, &column));
        ck_assert_str_eq(column, m->name);
        ok(dae_trainer_list_history(trainer, 4 + terms + i, &column));
        ck_assert_str_eq(column, name);
    }
    if (terms > 1) {
        near(sums[0], loss[1], 1e-12);
        near(sums[1], validation[0], 1e-12);
    }
    ok(dae_trainer_list_history(trainer, 4 + (terms > 1 ? 2 * terms : 0), &column));
    ck_assert_ptr_null(column);
    dae_dataset_free(data);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

/* ---- Threads, checkpoints, memory ------------------------------------------------------------------------- */

static const char all_terms[] =
    "bce(missing=skip, corrupted=2, intact=0.5) | huber(0.1, weight=0.2, missing=skip) | "
    "l1(weight=1e-4) | l2(layer=code, weight=1e-3) | l1(of=code, weight=1e-3) | "
    "kl_sparsity(0.1, of=code, weight=0.01) | contractive(of=code, weight=0.01)";
static const char wide_network[] =
    "input(40) | dense(300, activation=sigmoid) as code | dense(40, activation=sigmoid)";

enum { WIDTH = 40, MANY = 90 };

static dae_dataset *wide_data(void) {
    float *x = random_floats(MANY * WIDTH, 0, 1, 5), *t = random_floats(MANY * WIDTH, 0, 1, 6);
    for (size_t i = 0; i < MANY * WIDTH; i++) {
        x[i] = i % 5 == 0 ? t[i] : x[i];
        t[i] = i % 7 == 3 ? NAN : t[i];
    }
    dae_dataset *data = pair_dataset(x, WIDTH, t, WIDTH, MANY);
    free(x);
    free(t);
    return data;
}

static dae_trainer *wide_trainer(dae_model **model) {
    *model = model_from(9, "%s", wide_network);
    dae_trainer *trainer = adam_trainer(*model, 1e-3, all_terms);
    ok(dae_trainer_set_batch_size(trainer, 32));
    return trainer;
}

static void same_histories(const dae_trainer *a, const dae_trainer *b) {
    const char *column = "";
    for (size_t i = 0; column != NULL; i++) {
        ok(dae_trainer_list_history(a, i, &column));
        if (column == NULL || strcmp(column, "seconds") == 0)
            continue;
        size_t epochs;
        double *x = history_of(a, column, &epochs), *y = history_of(b, column, NULL);
        ck_assert_mem_eq(x, y, epochs * sizeof *x);
        free(x);
        free(y);
    }
}

START_TEST(any_number_of_threads_gives_the_same) {
    const size_t numbers[] = {1, 2, 3, 7};
    dae_dataset *data = wide_data();
    dae_model *first = NULL, *model;
    dae_trainer *first_trainer = NULL;
    for (size_t i = 0; i < 4; i++) {
        ok(dae_set_num_threads(numbers[i]));
        dae_trainer *trainer = wide_trainer(&model);
        ok(dae_trainer_set_validation(trainer, data));
        ok(dae_trainer_fit(trainer, data, 2));
        if (i == 0) {
            first = model;
            first_trainer = trainer;
            continue;
        }
        same_parameters(first, model);
        same_histories(first_trainer, trainer);
        dae_trainer_free(trainer);
        dae_model_free(model);
    }
    dae_trainer_free(first_trainer);
    dae_model_free(first);
    dae_dataset_free(data);
}
END_TEST

static int32_t stop_in_the_second(const dae_progress *progress, void *user) {
    (void)user;
    return progress->epoch == 2 && progress->step == 2 && progress->event == DAE_PROGRESS_STEP;
}

START_TEST(a_checkpoint_in_an_epoch_goes_on_to_the_bit) {
    dae_dataset *data = wide_data();
    dae_model *models[2];
    dae_trainer *whole = wide_trainer(&models[0]), *parts = wide_trainer(&models[1]);
    unsigned char *bytes;
    size_t size;
    ok(dae_trainer_fit(whole, data, 3));
    ok(dae_trainer_set_progress(parts, stop_in_the_second, NULL));
    fails(dae_trainer_fit(parts, data, 3), DAE_ERROR_CANCELLED, "callback");
    ok(dae_trainer_serialize_checkpoint(parts, NULL, 0, &size));
    bytes = must_have(size);
    ok(dae_trainer_serialize_checkpoint(parts, bytes, size, &size));
    dae_trainer_free(parts);
    dae_model_free(models[1]);
    parts = wide_trainer(&models[1]);
    ok(dae_trainer_deserialize_checkpoint(parts, bytes, size));
    ok(dae_trainer_fit(parts, data, 2));
    same_parameters(models[0], models[1]);
    same_histories(whole, parts);
    dae_trainer *other = adam_trainer(models[1], 1e-3, "bce | l2(weight=0.1)");
    fails(dae_trainer_deserialize_checkpoint(other, bytes, size), DAE_ERROR_STATE, "objective");
    dae_trainer_free(other);
    dae_trainer_free(whole);
    dae_trainer_free(parts);
    for (size_t i = 0; i < 2; i++)
        dae_model_free(models[i]);
    dae_dataset_free(data);
    free(bytes);
}
END_TEST

static dae_status make_and_train(void *user) {
    dae_trainer *trainer = NULL;
    dae_optimizer *sgd = NULL;
    double loss;
    static float x[2 * WIDTH];
    dae_status status = dae_optimizer_create_sgd(&sgd, 0.1);
    if (status == DAE_OK)
        status = dae_trainer_create(&trainer, user, sgd, all_terms);
    if (status == DAE_OK)
        status = dae_trainer_step(trainer, x, x, 2, &loss);
    dae_trainer_free(trainer);
    dae_optimizer_free(sgd);
    return status;
}

START_TEST(any_allocation_may_fail) {
    dae_model *model = model_from(9, "%s", wide_network);
    ck_assert_uint_gt(every_allocation_fails(make_and_train, model), 5);
    dae_model_free(model);
}
END_TEST

/* ---- Refusals ------------------------------------------------------------------------------------------------ */

static const struct {
    const char *text;
    dae_status status;
    const char *word;
} refused[] = {
    {"", DAE_ERROR_FORMAT, "found no term that compares outputs with targets, expected one, such as mse"},
    {"l2(weight=0.1)", DAE_ERROR_FORMAT, "no term that compares"},
    {"mse | mse(weight=2)", DAE_ERROR_ARGUMENT, "found a second term of that name"},
    {"huber(0)", DAE_ERROR_ARGUMENT, "delta"},
    {"mse(weight=-1)", DAE_ERROR_ARGUMENT, "weight"},
    {"mse | l1(of=nowhere)", DAE_ERROR_ARGUMENT,
     "there is no value 'nowhere', expected input, code or unread"},
    {"mse | l1(of=input)", DAE_ERROR_ARGUMENT, "found of=input, expected a value that is made on the way"},
    {"mse | l1(of=unread)", DAE_ERROR_ARGUMENT, "found of=unread"},
    {"mse | l1(of=code, layer=code)", DAE_ERROR_ARGUMENT, "both of= and layer="},
    {"mse | l2(layer=input)", DAE_ERROR_ARGUMENT, "a layer with parameters"},
    {"mse | kl_sparsity(0.1, of=code)", DAE_ERROR_ARGUMENT, "expected what a sigmoid gives"},
    {"mse | contractive(of=code)", DAE_ERROR_ARGUMENT, "by sigmoid or tanh"},
    {"mse | kl_sparsity(0.1)", DAE_ERROR_FORMAT, "of"},
    {"mse(missing=skip) | mae", DAE_ERROR_ARGUMENT, "in all of those that compare, or in none"},
    {"mse(missing=maybe)", DAE_ERROR_FORMAT, "refuse or skip"},
    {"mse(corrupted=2)", DAE_ERROR_ARGUMENT, "as many values as it takes"},
};

START_TEST(what_does_not_suit_is_refused) {
    dae_model *model = model_from(3, "input(5) | dense(4, activation=relu) as code | dense(2) as unread "
                                     "| from(code) | dense(3)");
    dae_optimizer *sgd = NULL;
    dae_trainer *trainer = NULL;
    ok(dae_optimizer_create_sgd(&sgd, 0.1));
    fails(dae_trainer_create(&trainer, model, sgd, refused[_i].text), refused[_i].status, refused[_i].word);
    ck_assert_ptr_null(trainer);
    dae_optimizer_free(sgd);
    dae_model_free(model);
}
END_TEST

/* A target that is NaN ends a fit unless it may be missing; an infinite one always does. */
START_TEST(missing_targets_are_left_out_only_when_asked_for) {
    float x[4 * IN] = {0}, t[4 * IN] = {0};
    double loss = 7;
    dae_model *model = model_of(&cases[0]);
    dae_trainer *strict = trainer_of(model, "mse"), *lenient = trainer_of(model, "mse(missing=skip)");
    t[6] = NAN;
    fails(dae_trainer_step(strict, x, t, 4, &loss), DAE_ERROR_NOT_FINITE, "target value 1 of sample 1");
    ok(dae_trainer_step(lenient, x, t, 4, &loss));
    ck_assert(isfinite(loss));
    t[7] = INFINITY;
    fails(dae_trainer_step(lenient, x, t, 4, &loss), DAE_ERROR_NOT_FINITE, "target value 2 of sample 1");
    t[7] = 0;
    dae_dataset *data = pair_dataset(x, IN, t, IN, 4);
    ok(dae_trainer_set_validation(lenient, data));
    ok(dae_trainer_fit(lenient, data, 1));
    for (size_t i = 0; i < 4 * IN; i++) /* nothing to learn from, and nothing learnt */
        t[i] = NAN;
    float *before = parameters_of(model, NULL);
    ok(dae_trainer_step(lenient, x, t, 4, &loss));
    float *after = parameters_of(model, NULL);
    same_floats(after, before, PARAMETERS);
    ck_assert(loss == 0);
    free(before);
    free(after);
    dae_dataset_free(data);
    dae_trainer_free(strict);
    dae_trainer_free(lenient);
    dae_model_free(model);
}
END_TEST

/* ---- Classes ------------------------------------------------------------------------------------------------- */

enum { CLASSES = 6 };

/* The loss of class numbers and of one-hot targets, by a softmax in double precision. */
static double cross_entropy_of(const dae_model *model, const float *x, const float *classes, size_t count) {
    double *w = doubles_of(model), sum = 0;
    for (size_t row = 0; row < count; row++) {
        double z[CLASSES], total = 0;
        for (size_t k = 0; k < CLASSES; k++) {
            z[k] = w[CLASSES * IN + k];
            for (size_t i = 0; i < IN; i++)
                z[k] += w[k * IN + i] * (double)x[row * IN + i];
            total += exp(z[k]);
        }
        sum += log(total) - z[(size_t)classes[row]];
    }
    free(w);
    return sum / (double)count;
}

static void one_hot(const float *classes, size_t count, float *targets) {
    for (size_t row = 0; row < count; row++)
        for (size_t k = 0; k < CLASSES; k++)
            targets[row * CLASSES + k] = k == (size_t)classes[row];
}

static const char classifier[] = "input(5) | dense(6) | softmax as class";

/* Fits by numbers and by one-hot targets, and by a softmax that is taken before the logarithm, all the same. */
START_TEST(classes_are_numbers_or_one_hot) {
    float x[ROWS * IN], classes[ROWS] = {0, 5, 2, 2, 4, 1, 3}, targets[ROWS * CLASSES];
    world w;
    const char *const texts[] = {"cross_entropy", "cross_entropy", "cross_entropy | mse(weight=0)"};
    dae_model *models[3];
    double losses[3][3], validation[3], figures[2];
    dae_model *base = model_of(&cases[0]);
    fill(&w, &cases[0], base);
    memcpy(x, w.x, sizeof x);
    dae_model_free(base);
    one_hot(classes, ROWS, targets);
    for (size_t i = 0; i < 3; i++) {
        models[i] = model_from(4, "%s", classifier);
        double expected = cross_entropy_of(models[i], x, classes, ROWS);
        dae_trainer *trainer = trainer_of(models[i], texts[i]);
        dae_dataset *data = i == 0 ? pair_dataset(x, IN, classes, 1, ROWS)
                                   : pair_dataset(x, IN, targets, CLASSES, ROWS);
        ok(dae_trainer_set_validation(trainer, data));
        ok(dae_trainer_set_batch_size(trainer, ROWS));
        ok(dae_trainer_fit(trainer, data, 3));
        ok(dae_trainer_get_history(trainer, "loss", losses[i], 3));
        ok(dae_trainer_get_history(trainer, "validation_loss", validation, 3));
        near(losses[i][0], expected, 2e-6 * expected);
        expected = cross_entropy_of(models[i], x, classes, ROWS);
        near(validation[2], expected, 2e-6 * expected);
        ok(dae_model_measure(models[i], data, "error_rate | mse", figures, 2));
        ok(dae_trainer_get_history(trainer, "validation_psnr", validation, 3));
        ck_assert(isfinite(validation[2]) && validation[2] > 0 && validation[2] < 40);
        dae_dataset_free(data);
        dae_trainer_free(trainer);
    }
    same_parameters(models[0], models[1]);
    ck_assert_mem_eq(losses[0], losses[1], sizeof losses[0]);
    for (size_t epoch = 0; epoch < 3; epoch++)
        near(losses[2][epoch], losses[0][epoch], 1e-6);
    for (size_t i = 0; i < 3; i++)
        dae_model_free(models[i]);
}
END_TEST

START_TEST(classes_that_do_not_exist_are_refused) {
    const float bad[] = {-1, 6, 2.5f, INFINITY};
    float x[2 * IN] = {0}, classes[2] = {3, 0};
    dae_model *model = model_from(4, "%s", classifier), *flat = model_from(4, "input(5) | dense(6)");
    dae_trainer *trainer = trainer_of(model, "cross_entropy"), *other = trainer_of(flat, "mse");
    for (size_t i = 0; i < 4; i++) {
        classes[1] = bad[i];
        dae_dataset *data = pair_dataset(x, IN, classes, 1, 2);
        fails(dae_trainer_fit(trainer, data, 1), DAE_ERROR_ARGUMENT, "a class from 0 to 5");
        ok(dae_trainer_set_validation(trainer, data));
        classes[1] = 1;
        dae_dataset *good = pair_dataset(x, IN, classes, 1, 2);
        fails(dae_trainer_fit(trainer, good, 1), DAE_ERROR_ARGUMENT, "validation: the target of sample 1");
        ok(dae_trainer_set_validation(trainer, NULL));
        fails(dae_trainer_fit(other, good, 1), DAE_ERROR_SHAPE, "targets have shape 1, the model gives 6");
        dae_dataset_free(data);
        dae_dataset_free(good);
    }
    dae_trainer_free(trainer);
    dae_trainer_free(other);
    dae_model_free(model);
    dae_model_free(flat);
}
END_TEST

/* A sample without a class is left out where that is asked for. */
START_TEST(samples_without_a_class_may_be_left_out) {
    float x[3 * IN], classes[3] = {3, NAN, 1};
    float *drawn = random_floats(3 * IN, -1, 1, 3);
    dae_model *models[2] = {model_from(4, "%s", classifier), model_from(4, "%s", classifier)};
    dae_trainer *all = trainer_of(models[0], "cross_entropy(missing=skip)"),
                *known = trainer_of(models[1], "cross_entropy");
    memcpy(x, drawn, sizeof x);
    dae_dataset *some = pair_dataset(x, IN, classes, 1, 3);
    memcpy(x + IN, x + 2 * IN, IN * sizeof *x);
    classes[1] = 1;
    dae_dataset *others = pair_dataset(x, IN, classes, 1, 2);
    ok(dae_trainer_set_shuffle(all, 0));
    ok(dae_trainer_set_shuffle(known, 0));
    ok(dae_trainer_fit(all, some, 1));
    ok(dae_trainer_fit(known, others, 1));
    float *a = parameters_of(models[0], NULL), *b = parameters_of(models[1], NULL);
    for (size_t i = 0; i < CLASSES * IN + CLASSES; i++)
        near(a[i], b[i], 1e-7);
    free(a);
    free(b);
    free(drawn);
    dae_dataset_free(some);
    dae_dataset_free(others);
    dae_trainer_free(all);
    dae_trainer_free(known);
    for (size_t i = 0; i < 2; i++)
        dae_model_free(models[i]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("objective");
    TCase *terms = add_case(suite, "terms"), *whole = add_case(suite, "whole"),
          *edges = add_case(suite, "edges"), *classes = add_case(suite, "classes");
    tcase_add_loop_test(terms, values_and_gradients_are_those_of_the_formulae, 0, CASES);
    tcase_add_loop_test(terms, terms_are_columns, 0, CASES);
    tcase_add_test(whole, any_number_of_threads_gives_the_same);
    tcase_add_test(whole, a_checkpoint_in_an_epoch_goes_on_to_the_bit);
    tcase_add_test(whole, any_allocation_may_fail);
    tcase_add_loop_test(edges, what_does_not_suit_is_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_test(classes, classes_are_numbers_or_one_hot);
    tcase_add_test(classes, classes_that_do_not_exist_are_refused);
    tcase_add_test(classes, samples_without_a_class_may_be_left_out);
    tcase_add_test(edges, missing_targets_are_left_out_only_when_asked_for);
    return suite_main(suite);
}
