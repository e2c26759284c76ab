/* Learning-rate schedules: their values, their text, and training by them. */
#include "network.h"
#include "oracle/schedules.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846

static dae_optimizer *scheduled(bool adam, double learning_rate, const char *text) {
    dae_optimizer *optimizer = NULL;
    char whole[256];
    snprintf(whole, sizeof whole, "%s(1) | %s", adam ? "adam" : "sgd", text != NULL ? text : "constant");
    ok(dae_optimizer_parse(&optimizer, whole));
    ok(dae_optimizer_set(optimizer, "learning_rate", learning_rate));
    return optimizer;
}

static double rate_at(const dae_optimizer *optimizer, uint64_t step) {
    double rate = NAN;
    ok(dae_optimizer_get_rate_at(optimizer, step, ORACLE_STEPS_PER_EPOCH, &rate));
    return rate;
}

/* ---- Values ----------------------------------------------------------------------------------- */

/* Rates of Keras' schedules, worked out from the formulae in its documentation. */
typedef double (*formula)(double lr, double t);

static double keras_exponential(double lr, double t) {
    return lr * exp(log(0.96) * t / 1000);
}

static double keras_exponential_staircase(double lr, double t) {
    double rate = lr;
    for (uint64_t period = 0; period < (uint64_t)t / 1000; period++)
        rate *= 0.96;
    return rate;
}

static double keras_inverse_time(double lr, double t) {
    return lr / (1 + 0.5 * t / 100);
}

static double keras_inverse_time_staircase(double lr, double t) {
    return lr / (1 + 0.5 * (double)((uint64_t)t / 100));
}

static double keras_polynomial(double lr, double t) {
    double step = t < 1000 ? t : 1000;
    return (lr - 0.0001) * (1 - step / 1000) + 0.0001;
}

static double keras_polynomial_power(double lr, double t) {
    double step = t < 1000 ? t : 1000;
    return (lr - 0.25) * sqrt(1 - step / 1000) + 0.25;
}

static double keras_cosine(double lr, double t) {
    double fraction = (t < 11750 ? t : 11750) / 11750;
    return lr * 0.5 * (1 + cos(PI * fraction));
}

static double keras_cosine_warmup(double lr, double t) {
    if (t < 235)
        return lr * t / 235;
    double fraction = fmin(t - 235, 1000) / 1000;
    double decayed = (1 - 0.125) * (0.5 * (1 + cos(PI * fraction))) + 0.125;
    return lr * decayed;
}

static double keras_constant(double lr, double t) {
    (void)t;
    return lr;
}

static const struct {
    const char *text;
    formula rate;
} formulae[] = {
    {NULL, keras_constant},
    {"constant", keras_constant},
    {"exponential(steps=1000, rate=0.96)", keras_exponential},
    {"exponential(1000, 0.96, staircase=1)", keras_exponential_staircase},
    {"inverse_time(steps=100, rate=0.5)", keras_inverse_time},
    {"inverse_time(steps=100, rate=0.5, staircase=1)", keras_inverse_time_staircase},
    {"polynomial(steps=1000)", keras_polynomial},
    {"polynomial(steps=1000, end=0.25, power=0.5)", keras_polynomial_power},
    {"cosine(steps=11750)", keras_cosine},
    {"cosine(steps=1000, alpha=0.125, warmup=235)", keras_cosine_warmup},
};

START_TEST(rates_are_those_of_keras_formulae) {
    const uint64_t steps[] = {0,   1,    2,    99,   100,  101,  234,   235,   236,   499,   500,
                              999, 1000, 1001, 1234, 1235, 5000, 11749, 11750, 11751, 123456};
    const double rates[] = {1e-3, 0.1, 1, 1e6};
    dae_optimizer *optimizer = scheduled(_i % 2, rates[0], formulae[_i].text);
    for (size_t r = 0; r < 4; r++) {
        ok(dae_optimizer_set(optimizer, "learning_rate", rates[r]));
        for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
            double expected = formulae[_i].rate(rates[r], (double)steps[s]);
            near(rate_at(optimizer, steps[s]), expected, 1e-12 * rates[r]);
        }
    }
    dae_optimizer_free(optimizer);
}
END_TEST

START_TEST(rates_are_those_of_pytorch) {
    const oracle_schedule *c = &ORACLE_SCHEDULES[_i];
    dae_optimizer *optimizer = scheduled(false, c->learning_rate, c->text);
    for (uint64_t t = 0; t < ORACLE_SCHEDULE_STEPS; t++)
        ck_assert_msg(fabs(rate_at(optimizer, t) - c->rates[t]) <= 1e-11 * c->learning_rate,
                      "%s at %llu is %.12g, but %s is %.12g", c->text, (unsigned long long)t,
                      rate_at(optimizer, t), c->scheduler, c->rates[t]);
    dae_optimizer_free(optimizer);
}
END_TEST

/* The ends of a schedule are exact, and nothing is ever negative, no number, or above the limit. */
START_TEST(ends_are_exact) {
    const double base = 0.1;
    static const struct {
        const char *text;
        double first, last;
    } cases[] = {
        {"constant", 0.1, 0.1},
        {"exponential(steps=3, rate=0.1)", 0.1, 0},
        {"inverse_time(steps=3, rate=0)", 0.1, 0.1},
        {"polynomial(steps=3)", 0.1, 1e-4},
        {"polynomial(steps=3, end=0)", 0.1, 0},
        {"polynomial(steps=3, end=1e6, power=3)", 0.1, 1e6},
        {"cosine(steps=3)", 0.1, 0},
        {"cosine(steps=3, alpha=1)", 0.1, 0.1},
        {"cosine(steps=3, warmup=5)", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dae_optimizer *optimizer = scheduled(true, base, cases[i].text);
        ck_assert_msg(rate_at(optimizer, 0) == cases[i].first, "%s begins with %.17g", cases[i].text,
                      rate_at(optimizer, 0));
        ck_assert_msg(rate_at(optimizer, 1000000) == cases[i].last, "%s ends with %.17g", cases[i].text,
                      rate_at(optimizer, 1000000));
        dae_optimizer_free(optimizer);
    }
}
END_TEST

START_TEST(extremes_stay_in_range) {
    static const char *const texts[] = {
        "exponential(1, 5e-324)",
        "exponential(1e15, 1e-300, staircase=yes)",
        "inverse_time(1, 1e308)",
        "inverse_time(1e15, 1e-300)",
        "polynomial(1, end=1e6, power=1e-300)",
        "polynomial(1e15, end=1e6, power=1e308)",
        "polynomial(7, end=1e6, power=0.3)",
        "polynomial(7, end=0, power=4e-320)",
        "cosine(1, alpha=1, warmup=1)",
        "cosine(7, alpha=0.3, warmup=3)",
        "cosine(1e15, alpha=1e-300, warmup=1e15)",
        "step(1, factor=5e-324)",
        "one_cycle(1, rise=0)",
        "one_cycle(7, rise=0.9999999999999999, start=1e30, end=1e30)",
        "cosine_restarts(3, stretch=1, shrink=0.5)",
        "cosine_restarts(1, stretch=1000, shrink=1e-300)",
        "cosine_restarts(2, stretch=1.0000000000000002, alpha=1)",
        "plateau(factor=0.5, min_rate=1e6)",
        "polynomial(1000, end=1e6, power=20)", /* rounds to above 1e6 if it is not stopped there */
    };
    const uint64_t steps[] = {1000, UINT32_MAX, UINT64_MAX / 2, UINT64_MAX};
    const double rates[] = {1e6, 0.1, 1e-30};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        dae_optimizer *optimizer = scheduled(true, 1, texts[i]);
        for (size_t r = 0; r < 3; r++) {
            ok(dae_optimizer_set(optimizer, "learning_rate", rates[r]));
            for (uint64_t s = 0; s < 1000 + sizeof steps / sizeof *steps; s++) {
                uint64_t step = s < 1000 ? s : steps[s - 1000];
                double rate = rate_at(optimizer, step);
                ck_assert_msg(rate >= 0 && rate <= 1e6, "%s from %g at %llu is %.17g", texts[i], rates[r],
                              (unsigned long long)step, rate);
            }
        }
        dae_optimizer_free(optimizer);
    }
}
END_TEST

START_TEST(the_learning_rate_stays_what_was_set) {
    dae_optimizer *optimizer = scheduled(true, 0.25, "exponential(10, 0.5)");
    double rate = 0;
    ok(dae_optimizer_get(optimizer, "learning_rate", &rate));
    ck_assert(rate == 0.25);
    ok(dae_optimizer_set(optimizer, "learning_rate", 1));
    ck_assert(rate_at(optimizer, 10) == 0.5);
    ok(dae_optimizer_get(optimizer, "learning_rate", &rate));
    ck_assert(rate == 1);
    dae_optimizer_free(optimizer);
}
END_TEST

/* ---- Text ------------------------------------------------------------------------------------- */

static dae_status format(const void *optimizer, char *buffer, size_t capacity, size_t *length) {
    return dae_optimizer_format(optimizer, buffer, capacity, length);
}

/* What stands after the rule. */
static char *schedule_of(const dae_optimizer *optimizer) {
    char *text = text_by_the_rules(format, optimizer), *bar = strchr(text, '|');
    const char *schedule = bar != NULL ? bar + 2 : "constant";
    memmove(text, schedule, strlen(schedule) + 1);
    return text;
}

static void reads_as(const char *text, const char *expected) {
    dae_optimizer *optimizer = scheduled(false, 0.1, text), *again = NULL;
    char *written = schedule_of(optimizer);
    ck_assert_str_eq(written, expected);
    again = scheduled(false, 0.1, written);
    char *twice = schedule_of(again);
    ck_assert_str_eq(twice, written);
    for (uint64_t t = 0; t < 50; t++)
        ck_assert(rate_at(optimizer, t) == rate_at(again, t));
    free(written);
    free(twice);
    dae_optimizer_free(optimizer);
    dae_optimizer_free(again);
}

static const char *const texts_read[][2] = {
    {NULL, "constant"},
    {"constant", "constant"},
    {" constant ( ) ", "constant"},
    {"exponential(1000, 0.96)", "exponential(steps=1000, rate=0.96, staircase=0)"},
    {"exponential(rate=0.96, steps=1000)", "exponential(steps=1000, rate=0.96, staircase=0)"},
    {"exponential(1e3, rate=.1, staircase=1)", "exponential(steps=1000, rate=0.1, staircase=1)"},
    {"exponential(7, 0.33333333333333331)", "exponential(steps=7, rate=0.3333333333333333, staircase=0)"},
    {"inverse_time(steps=20, rate=1.5)", "inverse_time(steps=20, rate=1.5, staircase=0)"},
    {"polynomial(30)", "polynomial(steps=30, end=0.0001, power=1)"},
    {"polynomial(30, power=2.5)", "polynomial(steps=30, end=0.0001, power=2.5)"},
    {"cosine(11750)", "cosine(steps=11750, alpha=0, warmup=0)"},
    {"cosine(123456789012345, alpha=0.1, warmup=1e15)",
     "cosine(steps=123456789012345, alpha=0.1, warmup=1e+15)"},
};

START_TEST(texts_are_read_and_written) {
    for (size_t i = 0; i < sizeof texts_read / sizeof *texts_read; i++)
        reads_as(texts_read[i][0], texts_read[i][1]);
    dae_optimizer *fresh = NULL;
    ok(dae_optimizer_create_adam(&fresh, 0.1));
    char *text = schedule_of(fresh);
    ck_assert_str_eq(text, "constant");
    free(text);
    dae_optimizer_free(fresh);
}
END_TEST

START_TEST(the_locale_does_not_matter) {
    if (!use_comma_locale()) {
        fprintf(stderr, "the_locale_does_not_matter: left out, no localedef on this machine\n");
        return;
    }
    reads_as("exponential(1000, 0.96)", "exponential(steps=1000, rate=0.96, staircase=0)");
    leave_comma_locale();
}
END_TEST

/* ---- What is refused -------------------------------------------------------------------------- */

static void refused(const char *text, dae_status status, const char *word) {
    dae_optimizer *optimizer = NULL;
    char whole[256];
    snprintf(whole, sizeof whole, "adam(1) | %s", text);
    fails(dae_optimizer_parse(&optimizer, whole), status, word);
    ck_assert(message_has("expected") || status == DAE_ERROR_FORMAT);
    ck_assert_ptr_null(optimizer);
}

START_TEST(malformed_texts_are_refused) {
    static const char *const texts[][2] = {
        {"", "position 11: found the end of the text"},
        {" ", "position 12: found the end of the text"},
        {"linear(10)",
         "found 'linear', expected constant, exponential, inverse_time, polynomial, cosine, step, one_cycle, "
         "cosine_restarts, plateau, clip_value, clip_norm or average"},
        {"Cosine(10)", "position 11: found 'Cosine', expected constant"},
        {"exponential", "exponential needs steps or epochs"},
        {"exponential(10)", "exponential needs rate"},
        {"exponential(rate=0.5)", "exponential needs steps or epochs"},
        {"cosine()", "cosine needs steps or epochs"},
        {"cosine(alpha=0.1)", "cosine needs steps or epochs"},
        {"cosine(10, 0)",
         "position 22: cosine takes 1 value without a name, expected one with its name, as in alpha="},
        {"cosine(10, end=0)",
         "position 22: cosine has no parameter 'end', expected steps, alpha, warmup or epochs"},
        {"cosine(10, steps=10)", "steps of cosine is given twice"},
        {"cosine(steps=10, 0)", "a value without a name"},
        {"cosine(many)", "steps: found 'many', expected a whole number"},
        {"constant(1)", "constant has no parameters"},
        {"cosine(10) | cosine(10)",
         "position 24: found 'cosine' after 'cosine', expected at most one schedule"},
        {"cosine(10) cosine(10)", "position 22: found 'c', expected '|' or the end of the text"},
        {"cosine(10", "found the end of the text"},
        {"cosine(10;1)", "found ';'"},
        {"0.1", "found '0'"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        refused(texts[i][0], DAE_ERROR_FORMAT, texts[i][1]);
}
END_TEST

START_TEST(values_out_of_range_are_refused) {
    static const char *const texts[][2] = {
        {"exponential(0, 0.5)", "steps is 0"},
        {"exponential(-1, 0.5)", "steps is -1"},
        {"exponential(1.5, 0.5)", "steps is 1.5"},
        {"exponential(2e15, 0.5)", "steps is 2e+15"},
        {"exponential(1e999, 0.5)", "found 1e999, expected a number of at most 1.7e308"},
        {"exponential(10, 0)", "rate is 0"},
        {"exponential(10, -0.5)", "rate is -0.5"},
        {"exponential(10, 1.000001)", "rate is 1.000001, expected a finite number, 0 < rate <= 1"},
        {"exponential(10, 0.5, staircase=0.5)", "staircase is 0.5"},
        {"exponential(10, 0.5, staircase=2)", "staircase is 2, expected 0 or 1"},
        {"inverse_time(0, 1)", "steps is 0"},
        {"inverse_time(10, -1)", "rate is -1"},
        {"inverse_time(10, 1e999)", "found 1e999, expected a number of at most 1.7e308"},
        {"inverse_time(10, 1, staircase=-1)", "staircase is -1"},
        {"polynomial(0)", "steps is 0"},
        {"polynomial(10, end=-1e-9)", "end is -1e-09"},
        {"polynomial(10, end=1.5e6)", "end is 1500000"},
        {"polynomial(10, end=0, power=0)", "power is 0"},
        {"polynomial(10, end=0, power=-1)", "power is -1"},
        {"polynomial(10, end=0, power=1e999)", "found 1e999, expected a number of at most 1.7e308"},
        {"cosine(0)", "steps is 0"},
        {"cosine(10, alpha=-0.1)", "alpha is -0.1"},
        {"cosine(10, alpha=1.1)", "alpha is 1.1"},
        {"cosine(10, alpha=0, warmup=-1)", "warmup is -1"},
        {"cosine(10, alpha=0, warmup=0.5)", "warmup is 0.5"},
        {"cosine(10, alpha=0, warmup=1e16)", "warmup is 1e+16"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        refused(texts[i][0], DAE_ERROR_ARGUMENT, texts[i][1]);
}
END_TEST

START_TEST(null_is_refused) {
    dae_optimizer *optimizer = scheduled(true, 0.1, NULL);
    double rate = 5;
    fails(dae_optimizer_get_rate_at(NULL, 0, 1, &rate), DAE_ERROR_ARGUMENT, "optimizer is NULL");
    fails(dae_optimizer_get_rate_at(optimizer, 0, 1, NULL), DAE_ERROR_ARGUMENT, "rate is NULL");
    ck_assert(rate == 5);
    dae_optimizer_free(optimizer);
}
END_TEST

/* ---- Training --------------------------------------------------------------------------------- */

enum { SIZE = 24, HIDDEN = 9, SAMPLES = 70, BATCH = 16, STEPS_AN_EPOCH = 5, EPOCHS = 8 };

static const char *const curves[] = {
    "exponential(steps=3, rate=0.9)",
    "exponential(steps=7, rate=0.5, staircase=1)",
    "inverse_time(steps=10, rate=2)",
    "polynomial(steps=50, end=0.001, power=2)",
    "cosine(steps=60, alpha=0.125)",
    /* the rest have epochs, as only fits do */
    "cosine(epochs=9)",
    "one_cycle(epochs=9)",
    "step(epochs=2, factor=0.5)",
    "cosine_restarts(epochs=2)",
    "exponential(epochs=2, rate=0.5)",
    "inverse_time(epochs=2, rate=1, staircase=yes)",
    "polynomial(epochs=9, end=0)",
    "constant",
};
enum { CURVES = sizeof curves / sizeof *curves, CURVES_IN_STEPS = 5 };

static dae_model *small_model(void) {
    network net = autoencoder(SIZE, HIDDEN, "tanh", "sigmoid");
    return network_model(&net, 5);
}

static dae_dataset *noisy_data(void) {
    return corrupted(random_dataset(SAMPLES, SIZE, 0, 1, 3), "gaussian(0.25)", DAE_NOISE_FRESH, 4);
}

static dae_trainer *trainer_with(dae_model *model, dae_optimizer *optimizer) {
    dae_trainer *trainer = NULL;
    ok(dae_trainer_create(&trainer, model, optimizer, "mse"));
    ok(dae_trainer_set_batch_size(trainer, BATCH));
    ok(dae_trainer_set_seed(trainer, 6));
    return trainer;
}

/* Every second case has momentum, so that the rate goes into what is remembered as well. */
static dae_optimizer *kind_of_optimizer(int i, double learning_rate, const char *text) {
    dae_optimizer *optimizer = scheduled(i % 3 == 0, learning_rate, text);
    if (i % 3 == 2) {
        ok(dae_optimizer_set(optimizer, "momentum", 0.875));
        ok(dae_optimizer_set(optimizer, "nesterov", 1));
    }
    return optimizer;
}

/* By hand: the rate that the schedule has for the next step, as the learning rate of another optimizer. */
typedef struct {
    const dae_optimizer *schedule;
    dae_optimizer *by_hand;
    uint64_t steps;
} hand;

static int32_t set_next_rate(const dae_progress *progress, void *user) {
    hand *h = user;
    if (progress->event == DAE_PROGRESS_STEP)
        ok(dae_optimizer_set(h->by_hand, "learning_rate", rate_at(h->schedule, ++h->steps)));
    return 0;
}

START_TEST(a_fit_by_schedule_is_a_fit_by_hand) {
    dae_optimizer *schedule = kind_of_optimizer(_i, 0.05, curves[_i % CURVES]);
    dae_optimizer *by_hand = kind_of_optimizer(_i, 0.05, NULL);
    dae_model *model = small_model(), *other = small_model(), *constant = small_model();
    dae_trainer *trainer = trainer_with(model, schedule), *hand_trainer = trainer_with(other, by_hand);
    dae_dataset *data = noisy_data();
    hand h = {schedule, by_hand, 0};
    ok(dae_optimizer_set(by_hand, "learning_rate", rate_at(schedule, 0)));
    ok(dae_trainer_set_progress(hand_trainer, set_next_rate, &h));
    ok(dae_trainer_fit(trainer, data, EPOCHS));
    ok(dae_trainer_fit(hand_trainer, data, EPOCHS));
    ck_assert_uint_eq(h.steps, EPOCHS * STEPS_AN_EPOCH);
    same_parameters(model, other);
    /* A schedule that did nothing would be the same, too. */
    bool does_nothing = strcmp(curves[_i % CURVES], "constant") == 0;
    dae_optimizer *no_schedule = kind_of_optimizer(_i, 0.05, NULL);
    dae_trainer *plain = trainer_with(constant, no_schedule);
    ok(dae_trainer_fit(plain, data, EPOCHS));
    size_t count = 0;
    float *a = parameters_of(model, &count), *b = parameters_of(constant, NULL);
    ck_assert_int_eq(first_difference(a, b, count) < count, !does_nothing);
    free(a);
    free(b);
    dae_trainer_free(trainer);
    dae_trainer_free(hand_trainer);
    dae_trainer_free(plain);
    dae_optimizer_free(no_schedule);
    dae_optimizer_free(schedule);
    dae_optimizer_free(by_hand);
    dae_dataset_free(data);
    dae_model_free(model);
    dae_model_free(other);
    dae_model_free(constant);
}
END_TEST

START_TEST(steps_by_schedule_are_steps_by_hand) {
    dae_optimizer *schedule = kind_of_optimizer(_i, 0.05, curves[_i % CURVES]);
    dae_optimizer *by_hand = kind_of_optimizer(_i, 0.05, NULL);
    dae_model *model = small_model(), *other = small_model();
    dae_trainer *trainer = trainer_with(model, schedule), *hand_trainer = trainer_with(other, by_hand);
    float *inputs = random_floats(SIZE * 4, 0, 1, 8);
    for (uint64_t t = 0; t < 30; t++) {
        ok(dae_optimizer_set(by_hand, "learning_rate", rate_at(schedule, t)));
        ok(dae_trainer_step(trainer, inputs, inputs, 4, NULL));
        ok(dae_trainer_step(hand_trainer, inputs, inputs, 4, NULL));
        same_parameters(model, other);
    }
    free(inputs);
    dae_trainer_free(trainer);
    dae_trainer_free(hand_trainer);
    dae_optimizer_free(schedule);
    dae_optimizer_free(by_hand);
    dae_model_free(model);
    dae_model_free(other);
}
END_TEST

START_TEST(steps_from_outside_are_part_of_no_epoch) {
    dae_optimizer *optimizer = scheduled(true, 0.05, "cosine(epochs=5)");
    dae_model *model = small_model(), *untouched = small_model();
    dae_trainer *trainer = trainer_with(model, optimizer);
    float *inputs = random_floats(SIZE, 0, 1, 8);
    double rate = 7;
    fails(dae_trainer_step(trainer, inputs, inputs, 1, NULL), DAE_ERROR_STATE, "counts epochs");
    same_parameters(model, untouched);
    fails(dae_optimizer_get_rate_at(optimizer, 3, 0, &rate), DAE_ERROR_ARGUMENT, "steps_per_epoch is 0");
    ck_assert(rate == 7);
    free(inputs);
    dae_trainer_free(trainer);
    dae_optimizer_free(optimizer);
    dae_model_free(model);
    dae_model_free(untouched);
}
END_TEST

/* ReduceLROnPlateau, as Keras has it. */
typedef struct {
    double factor, min_delta, min_rate;
    int patience, cooldown;
} plateau_options;

typedef struct {
    const plateau_options *options;
    dae_optimizer *by_hand;
    double rate, best;
    int wait, cooling, reductions;
} plateau_state;

static int32_t reduce_by_hand(const dae_progress *progress, void *user) {
    plateau_state *s = user;
    const plateau_options *o = s->options;
    if (progress->event != DAE_PROGRESS_EPOCH)
        return 0;
    if (s->cooling > 0) {
        s->cooling--;
        s->wait = 0;
        if (progress->validation_loss < s->best - o->min_delta)
            s->best = progress->validation_loss;
        return 0;
    }
    if (progress->validation_loss < s->best - o->min_delta) {
        s->best = progress->validation_loss;
        s->wait = 0;
        return 0;
    }
    if (++s->wait >= o->patience) {
        s->rate = fmax(s->rate * o->factor, o->min_rate);
        ok(dae_optimizer_set(s->by_hand, "learning_rate", s->rate));
        s->cooling = o->cooldown;
        s->wait = 0;
        s->reductions++;
    }
    return 0;
}

START_TEST(a_plateau_is_what_keras_makes_of_the_validation_loss) {
    static const plateau_options cases[] = {
        {0.5, 1, 0, 1, 0}, {0.25, 1, 0.01, 2, 0}, {0.5, 1, 0, 1, 2}, {0.5, 0.004, 0, 1, 1}};
    const plateau_options *o = &cases[_i];
    char text[256];
    snprintf(text, sizeof text, "plateau(factor=%g, patience=%d, min_delta=%g, cooldown=%d, min_rate=%g)",
             o->factor, o->patience, o->min_delta, o->cooldown, o->min_rate);
    dae_optimizer *schedule = scheduled(true, 0.03125, text), *by_hand = scheduled(true, 0.03125, NULL);
    dae_model *model = small_model(), *other = small_model();
    dae_trainer *trainer = trainer_with(model, schedule), *hand_trainer = trainer_with(other, by_hand);
    dae_dataset *data = noisy_data(), *validation = random_dataset(20, SIZE, 0, 1, 12);
    plateau_state state = {.options = o, .by_hand = by_hand, .rate = 0.03125, .best = INFINITY};
    fails(dae_trainer_fit(trainer, data, 1), DAE_ERROR_STATE, "needs validation data");
    ok(dae_trainer_set_validation(trainer, validation));
    ok(dae_trainer_set_validation(hand_trainer, validation));
    ok(dae_trainer_set_progress(hand_trainer, reduce_by_hand, &state));
    ok(dae_trainer_fit(trainer, data, 12));
    ok(dae_trainer_fit(hand_trainer, data, 12));
    ck_assert_int_ge(state.reductions, 2); /* else this tests nothing */
    same_parameters(model, other);
    dae_trainer_free(trainer);
    dae_trainer_free(hand_trainer);
    dae_optimizer_free(schedule);
    dae_optimizer_free(by_hand);
    dae_dataset_free(data);
    dae_dataset_free(validation);
    dae_model_free(model);
    dae_model_free(other);
}
END_TEST

static dae_model *fitted(int i, size_t first, size_t second) {
    dae_optimizer *optimizer = kind_of_optimizer(i, 0.05, curves[i % CURVES]);
    dae_model *model = small_model();
    dae_trainer *trainer = trainer_with(model, optimizer);
    dae_dataset *data = noisy_data();
    ok(dae_trainer_fit(trainer, data, first));
    if (second > 0)
        ok(dae_trainer_fit(trainer, data, second));
    ck_assert_uint_eq(steps_of(trainer), (first + second) * STEPS_AN_EPOCH);
    dae_trainer_free(trainer);
    dae_optimizer_free(optimizer);
    dae_dataset_free(data);
    return model;
}

START_TEST(two_fits_are_one) {
    dae_model *once = fitted(_i, 8, 0), *twice = fitted(_i, 5, 3);
    same_parameters(once, twice);
    dae_model_free(once);
    dae_model_free(twice);
}
END_TEST

START_TEST(any_number_of_threads_gives_the_same_bytes) {
    ok(dae_set_num_threads(1));
    dae_model *alone = fitted(_i, 4, 0);
    const size_t numbers[] = {2, 3, 7};
    for (size_t i = 0; i < 3; i++) {
        ok(dae_set_num_threads(numbers[i]));
        dae_model *together = fitted(_i, 4, 0);
        same_parameters(alone, together);
        dae_model_free(together);
    }
    dae_model_free(alone);
}
END_TEST

/* Two trainers that are not equally far each have the rate of their own step. */
START_TEST(each_trainer_counts_its_own_steps) {
    dae_optimizer *shared = scheduled(false, 0.5, "exponential(4, 0.5)");
    dae_model *ahead = small_model(), *behind = small_model();
    dae_trainer *first = trainer_with(ahead, shared), *second = trainer_with(behind, shared);
    float *inputs = random_floats(SIZE, 0, 1, 8);
    for (size_t t = 0; t < 6; t++)
        ok(dae_trainer_step(first, inputs, inputs, 1, NULL));
    for (size_t t = 0; t < 6; t++)
        ok(dae_trainer_step(second, inputs, inputs, 1, NULL));
    same_parameters(ahead, behind);
    free(inputs);
    dae_trainer_free(first);
    dae_trainer_free(second);
    dae_optimizer_free(shared);
    dae_model_free(ahead);
    dae_model_free(behind);
}
END_TEST

/* The first step of a warm-up and all after a fall to 0 have the rate 0. */
START_TEST(a_rate_of_zero_changes_no_parameter) {
    static const char *const ends[] = {"cosine(steps=4)", "polynomial(steps=4, end=0)"};
    bool adam = _i % 2;
    float *inputs = random_floats(SIZE, 0, 1, 8);
    dae_optimizer *optimizer = scheduled(adam, 0.1, "cosine(steps=10, warmup=3)");
    dae_model *model = small_model(), *untouched = small_model();
    dae_trainer *trainer = trainer_with(model, optimizer);
    ok(dae_trainer_step(trainer, inputs, inputs, 1, NULL));
    same_parameters(model, untouched);
    ok(dae_trainer_step(trainer, inputs, inputs, 1, NULL));
    size_t count = 0;
    float *after = parameters_of(model, &count), *before = parameters_of(untouched, NULL);
    ck_assert_uint_lt(first_difference(after, before, count), count);
    free(after);
    free(before);
    ck_assert_uint_eq(steps_of(trainer), 2);
    dae_trainer_free(trainer);
    dae_optimizer_free(optimizer);
    optimizer = scheduled(adam, 0.1, ends[_i / 2]);
    trainer = trainer_with(model, optimizer);
    for (size_t t = 0; t < 4; t++)
        ok(dae_trainer_step(trainer, inputs, inputs, 1, NULL));
    after = parameters_of(model, NULL);
    for (size_t t = 0; t < 3; t++)
        ok(dae_trainer_step(trainer, inputs, inputs, 1, NULL));
    before = after;
    after = parameters_of(model, NULL);
    same_floats(after, before, count);
    ck_assert_uint_eq(steps_of(trainer), 7);
    free(after);
    free(before);
    free(inputs);
    dae_trainer_free(trainer);
    dae_optimizer_free(optimizer);
    dae_model_free(model);
    dae_model_free(untouched);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("schedule");
    TCase *values = add_case(suite, "values");
    tcase_add_loop_test(values, rates_are_those_of_keras_formulae, 0, sizeof formulae / sizeof *formulae);
    tcase_add_loop_test(values, rates_are_those_of_pytorch, 0,
                        sizeof ORACLE_SCHEDULES / sizeof *ORACLE_SCHEDULES);
    tcase_add_test(values, ends_are_exact);
    tcase_add_test(values, extremes_stay_in_range);
    tcase_add_test(values, the_learning_rate_stays_what_was_set);
    TCase *texts = add_case(suite, "texts");
    tcase_add_test(texts, texts_are_read_and_written);
    tcase_add_test(texts, the_locale_does_not_matter);
    tcase_add_test(texts, malformed_texts_are_refused);
    tcase_add_test(texts, values_out_of_range_are_refused);
    tcase_add_test(texts, null_is_refused);
    TCase *training = add_case(suite, "training");
    tcase_add_loop_test(training, a_fit_by_schedule_is_a_fit_by_hand, 0, 2 * CURVES);
    tcase_add_loop_test(training, steps_by_schedule_are_steps_by_hand, 0, CURVES_IN_STEPS);
    tcase_add_test(training, steps_from_outside_are_part_of_no_epoch);
    tcase_add_loop_test(training, a_plateau_is_what_keras_makes_of_the_validation_loss, 0, 4);
    tcase_add_loop_test(training, two_fits_are_one, 0, 2 * CURVES);
    tcase_add_loop_test(training, any_number_of_threads_gives_the_same_bytes, 0, CURVES);
    tcase_add_test(training, each_trainer_counts_its_own_steps);
    tcase_add_loop_test(training, a_rate_of_zero_changes_no_parameter, 0, 4);
    return suite_main(suite);
}
