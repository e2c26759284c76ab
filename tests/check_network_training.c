/* Training networks that are no chains: ten steps against PyTorch's (oracle/README.md), the same bytes on any number of
 * threads, going on from a checkpoint, and bfloat16. */
#include "oracle/networks.h"
#include "training.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- The oracle's steps ----------------------------------------------------------------------- */

static float *drawn(uint64_t seed, uint64_t stream, size_t count, double low, double high) {
    dae_rng *rng = NULL;
    float *values = must_have(count * sizeof *values);
    ok(dae_rng_create(&rng, seed, stream));
    ok(dae_rng_fill_uniform(rng, values, count, low, high));
    dae_rng_free(rng);
    return values;
}

static dae_model *oracle_model(const oracle_network *c) {
    dae_model *model = model_from(1, "%s", c->text);
    float *parameters = drawn(c->seed, ORACLE_PARAMETER_STREAM, c->parameter_count, -0.5, 0.5);
    ok(dae_model_set_parameters(model, parameters, c->parameter_count));
    free(parameters);
    return model;
}

static dae_optimizer *oracle_optimizer(const oracle_network *c) {
    dae_optimizer *optimizer = NULL;
    if (c->adam) {
        ok(dae_optimizer_create_adam(&optimizer, c->learning_rate));
        ok(dae_optimizer_set(optimizer, "beta1", c->beta1));
        ok(dae_optimizer_set(optimizer, "beta2", c->beta2));
        ok(dae_optimizer_set(optimizer, "epsilon", c->epsilon));
    } else {
        ok(dae_optimizer_create_sgd(&optimizer, c->learning_rate));
        ok(dae_optimizer_set(optimizer, "momentum", c->momentum));
        ok(dae_optimizer_set(optimizer, "nesterov", c->nesterov));
    }
    return optimizer;
}

/* PyTorch's own float32 and float64 runs differ by up to 2e-7 in a loss and in a parameter. */
static void ends_as(const oracle_network *c, const dae_model *model) {
    size_t count = 0;
    float *parameters = parameters_of(model, &count);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)parameters[i];
        squares += (double)parameters[i] * (double)parameters[i];
    }
    for (size_t i = 0; i < ORACLE_CHOSEN; i++)
        ck_assert_msg(fabs((double)parameters[c->chosen[i]] - c->values[i]) <= 2e-6,
                      "%s: parameter %zu is %.8g, not %.8g", c->name, c->chosen[i],
                      (double)parameters[c->chosen[i]], c->values[i]);
    near(sum, c->sum, 1e-6 * (double)count);
    near(squares, c->sum_of_squares, 1e-6 * (double)count);
    free(parameters);
}

START_TEST(trajectories_are_the_oracles) {
    const oracle_network *c = &ORACLE_NETWORKS[_i];
    dae_model *model = oracle_model(c);
    dae_optimizer *optimizer = oracle_optimizer(c);
    dae_trainer *trainer = NULL;
    size_t inputs_size = ORACLE_BATCH * c->inputs, targets_size = ORACLE_BATCH * c->outputs;
    float *inputs = drawn(c->seed, ORACLE_INPUT_STREAM, 2 * inputs_size, -1, 1);
    float *targets = drawn(c->seed, ORACLE_TARGET_STREAM, 2 * targets_size, 0, 1);
    ok(dae_trainer_create(&trainer, model, optimizer, c->loss));
    for (size_t step = 0; step < ORACLE_STEPS; step++) {
        double loss = 0;
        ok(dae_trainer_step(trainer, inputs + step % 2 * inputs_size, targets + step % 2 * targets_size,
                            ORACLE_BATCH, &loss));
        ck_assert_msg(fabs(loss - c->losses[step]) <= 2e-6 * c->losses[step],
                      "%s: loss %zu is %.9g, not %.9g", c->name, step, loss, c->losses[step]);
    }
    ends_as(c, model);
    dae_trainer_free(trainer);
    dae_optimizer_free(optimizer);
    dae_model_free(model);
    free(inputs);
    free(targets);
}
END_TEST

/* ---- Threads ---------------------------------------------------------------------------------- */

/* Large enough for several tiles and tasks; each has 90 inputs and outputs. */
static const char *const networks[] = {
    "input(90) | dense(120, activation=relu) as h | dense(120, activation=relu) | dense(120) | add(h) | relu"
    " | dense(90) as noise | from(input) | subtract(noise)",
    "input(90) | dense(140, activation=relu) as e1 | dense(100, activation=relu) as e2"
    " | dense(70, activation=leaky_relu(0.1)) as e3 | dropout(0.3) | dense(33, activation=tanh) as code"
    " | dense(70, activation=relu) | concatenate(e3, code) | dense(100, activation=relu) | concatenate(e2, "
    "code)"
    " | dense(140, activation=relu) | concatenate(e1) | dense(90, activation=sigmoid)",
    "input(90) | dense(200, activation=relu) as h1 | dense(80, activation=relu) as h2 | dense(17) as h3"
    " | dense(tied=h3, activation=relu) | dense(tied=h2, activation=relu) | dense(tied=h1) as y | from(h1)"
    " | dense(tied=h1, bias=no) | add(y) | sigmoid",
    "input(3, 30) | gain | channels(0, 2) as c | reshape(60) | tanh | dense(150, activation=relu) as d"
    " | concatenate(d) | dense(30) | reshape(1, 30) | concatenate(c) | gain | sigmoid",
};
enum { NETWORKS = sizeof networks / sizeof *networks, WIDTH = 90 };

/* All that a training leaves behind. */
typedef struct {
    float *parameters;
    size_t count;
    double loss[2], validation[2], figures[MOST_FIGURES];
} outcome;

/* Products leave columns of zeros out. */
static void kill_some_inputs(float *x, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (i % WIDTH % 3 != 0)
            x[i] = 0;
}

static outcome run(const char *text, size_t threads, int32_t precision) {
    outcome o = {NULL, 0, {0}, {0}, {0}};
    dae_model *model = model_from(5, "%s", text);
    dae_trainer *trainer = adam_trainer(model, 3e-3, "mse");
    float *x = random_floats(300 * WIDTH, -1, 1, 6), *t = random_floats(300 * WIDTH, 0, 1, 7);
    kill_some_inputs(x, 300 * WIDTH);
    dae_dataset *data = pair_dataset(x, WIDTH, t, WIDTH, 300), *validation = NULL;
    dae_report *report = NULL;
    ok(dae_dataset_slice(&validation, data, 10, 67));
    ok(dae_set_num_threads(threads));
    ok(dae_trainer_set_precision(trainer, precision));
    ok(dae_trainer_set_batch_size(trainer, 130));
    ok(dae_trainer_set_validation(trainer, validation));
    ok(dae_trainer_fit(trainer, data, 2));
    ok(dae_model_evaluate(&report, model, data));
    get_figures(report, o.figures);
    ok(dae_trainer_get_history(trainer, "loss", o.loss, 2));
    ok(dae_trainer_get_history(trainer, "validation_loss", o.validation, 2));
    ok(dae_set_num_threads(0));
    o.parameters = parameters_of(model, &o.count);
    dae_report_free(report);
    dae_dataset_free(validation);
    dae_dataset_free(data);
    dae_trainer_free(trainer);
    dae_model_free(model);
    free(x);
    free(t);
    return o;
}

START_TEST(threads_make_no_difference) {
    static const size_t threads[] = {2, 3, 7};
    const char *text = networks[_i / 2];
    int32_t precision = _i % 2 == 0 ? DAE_PRECISION_FLOAT32 : DAE_PRECISION_BFLOAT16;
    outcome one = run(text, 1, precision);
    ck_assert_msg(one.loss[1] < one.loss[0], "%s: %g, then %g", text, one.loss[0], one.loss[1]);
    for (size_t i = 0; i < 3; i++) {
        outcome other = run(text, threads[i], precision);
        same_floats(other.parameters, one.parameters, one.count);
        ck_assert_mem_eq(other.loss, one.loss, sizeof one.loss);
        ck_assert_mem_eq(other.validation, one.validation, sizeof one.validation);
        ck_assert_mem_eq(other.figures, one.figures, sizeof one.figures);
        free(other.parameters);
    }
    free(one.parameters);
}
END_TEST

/* ---- bfloat16 --------------------------------------------------------------------------------- */

/* A rounded run is near the other: each factor is off by up to 2^-9, and what comes out is below 1 or so. */
START_TEST(sessions_run_in_bfloat16) {
    enum { COUNT = 70 };
    dae_model *model = model_from(5, "%s", networks[_i]);
    float *x = random_floats(COUNT * WIDTH, -1, 1, 6), exact[COUNT * WIDTH], rounded[COUNT * WIDTH];
    dae_session *session = NULL;
    double apart = 0, squares = 0;
    kill_some_inputs(x, COUNT * WIDTH);
    ok(dae_session_create(&session, model, 32));
    ok(dae_session_run(session, x, COUNT, exact));
    ok(dae_session_set_precision(session, DAE_PRECISION_BFLOAT16));
    ok(dae_session_run(session, x, COUNT, rounded));
    for (size_t i = 0; i < COUNT * WIDTH; i++) {
        apart += ((double)rounded[i] - (double)exact[i]) * ((double)rounded[i] - (double)exact[i]);
        squares += (double)exact[i] * (double)exact[i];
    }
    ck_assert_msg(sqrt(apart) <= 0.02 * sqrt(squares), "off by %g of %g", sqrt(apart), sqrt(squares));
    ok(dae_session_set_precision(session, DAE_PRECISION_FLOAT32));
    ok(dae_session_run(session, x, COUNT, rounded));
    same_floats(rounded, exact, COUNT * WIDTH);
    dae_session_free(session);
    dae_model_free(model);
    free(x);
}
END_TEST

/* ---- Sessions --------------------------------------------------------------------------------- */

/* Buffers are used again and again: what a sample gives depends on no other one, nor on what ran before. */
START_TEST(samples_are_worked_on_alone) {
    enum { COUNT = 41 };
    dae_model *model = model_from(5, "%s", networks[_i]);
    float *x = random_floats(COUNT * WIDTH, -1, 1, 6), *all = must_have(COUNT * WIDTH * sizeof *all);
    float alone[WIDTH], bad[2 * WIDTH], out[2 * WIDTH];
    dae_session *session = NULL;
    ok(dae_session_create(&session, model, 8));
    ok(dae_session_run(session, x, COUNT, all));
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < 2 * WIDTH; k++)
            bad[k] = k < WIDTH ? NAN : x[i * WIDTH + k - WIDTH];
        ok(dae_session_run(session, bad, 2, out));
        ok(dae_session_run(session, x + i * WIDTH, 1, alone));
        if (_i != 2) /* weights that are used transposed make products, which depend on the batch */
            same_floats(alone, all + i * WIDTH, WIDTH);
        for (size_t k = 0; k < WIDTH; k++) {
            near(alone[k], all[i * WIDTH + k], 1e-5);
            near(out[WIDTH + k], all[i * WIDTH + k], 1e-5);
        }
    }
    dae_session_free(session);
    dae_model_free(model);
    free(x);
    free(all);
}
END_TEST

/* ---- Reports ---------------------------------------------------------------------------------- */

/* Half of the units of h are dead. Those that nobody reads are not worked out, and so neither dead nor alive. */
START_TEST(reports_leave_out_what_nobody_reads) {
    dae_model *model = model_from(
        5, "input(6) | dense(40) as unread | from(input) | dense(8, activation=relu) as h"
           " | dense(30) | from(h) | dense(6)");
    dae_dataset *data = random_dataset(50, 6, 0, 1, 3);
    dae_report *report = NULL;
    float bias[8] = {5, -1000, 5, -1000, 5, -1000, 5, -1000};
    double dead = -1;
    ok(dae_model_set_tensor(model, "h.bias", bias, 8));
    ok(dae_model_evaluate(&report, model, data));
    ok(dae_report_get(report, "dead_hidden_units", &dead));
    ck_assert(dead == 0.5);
    dae_report_free(report);
    dae_dataset_free(data);
    dae_model_free(model);
}
END_TEST

/* Networks with the same parameters that read other values are other networks. */
START_TEST(a_checkpoint_is_of_one_network) {
    static const char *const texts[] = {
        "input(6) | dense(6) as a | dense(6) | add(a)",
        "input(6) | dense(6) as a | dense(6) | subtract(a)",
        "input(6) | dense(6) as a | dense(6) | add(input)",
        "input(6) | dense(6) as a | from(input) | dense(6) | add(a)",
        "input(6) | dense(6) as b | dense(6) | add(b)",
    };
    enum { TEXTS = sizeof texts / sizeof *texts };
    unsigned char bytes[8192];
    float x[12] = {1, 2, 3, 4, 5, 6, 1, 0, 1, 0, 1, 0};
    for (size_t i = 0; i < TEXTS; i++)
        for (size_t j = 0; j < TEXTS; j++) {
            dae_model *from = model_from(5, "%s", texts[i]), *to = model_from(5, "%s", texts[j]);
            dae_trainer *saved = adam_trainer(from, 0.1, "mse"), *other = adam_trainer(to, 0.1, "mse");
            size_t size = 0;
            ok(dae_trainer_step(saved, x, x, 2, NULL));
            ok(dae_trainer_serialize_checkpoint(saved, bytes, sizeof bytes, &size));
            if (i == j)
                ok(dae_trainer_deserialize_checkpoint(other, bytes, size));
            else
                fails(dae_trainer_deserialize_checkpoint(other, bytes, size), DAE_ERROR_STATE, "layers");
            ck_assert_uint_eq(steps_of(other), i == j);
            dae_trainer_free(saved);
            dae_trainer_free(other);
            dae_model_free(from);
            dae_model_free(to);
        }
}
END_TEST

/* A network without parameters can be run, kept, and even trained. */
START_TEST(there_may_be_no_parameters) {
    dae_model *model = model_from(5, "input(6) | relu"), *read = NULL;
    dae_trainer *trainer = adam_trainer(model, 0.1, "mse");
    unsigned char bytes[1024];
    float x[6] = {1, -1, 2, -2, 3, -3}, y[6];
    double loss = 0;
    size_t size = 0;
    ok(dae_trainer_step(trainer, x, x, 1, &loss));
    near(loss, 14.0 / 6, 1e-6);
    ok(dae_model_serialize(model, bytes, sizeof bytes, &size));
    ok(dae_model_deserialize(&read, bytes, size));
    dae_session *session = NULL;
    ok(dae_session_create(&session, read, 1));
    ok(dae_session_run(session, x, 1, y));
    same_floats(y, ((float[]){1, 0, 2, 0, 3, 0}), 6);
    dae_session_free(session);
    dae_trainer_free(trainer);
    dae_model_free(read);
    dae_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("network_training");
    TCase *oracle = add_case(suite, "ten steps");
    tcase_add_loop_test(oracle, trajectories_are_the_oracles, 0, ORACLE_NETWORK_COUNT);
    TCase *threads = add_case(suite, "threads");
    tcase_add_loop_test(threads, threads_make_no_difference, 0, 2 * NETWORKS);
    TCase *sessions = add_case(suite, "sessions");
    tcase_add_loop_test(sessions, sessions_run_in_bfloat16, 0, NETWORKS);
    tcase_add_loop_test(sessions, samples_are_worked_on_alone, 0, NETWORKS);
    tcase_add_test(sessions, reports_leave_out_what_nobody_reads);
    tcase_add_test(sessions, a_checkpoint_is_of_one_network);
    tcase_add_test(sessions, there_may_be_no_parameters);
    return suite_main(suite);
}
