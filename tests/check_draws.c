/* What training draws by its seed: the order of samples, and dropout. */
#include "network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- The order of samples --------------------------------------------------------------------- */

enum { SAMPLES = 60, EPOCHS = 4 };

/* Sample i is 1 at place i and 0 elsewhere, so the gradient of a batch of one tells which it was. */
typedef struct {
    size_t order[EPOCHS * SAMPLES];
    size_t steps;
} tale;

static int32_t note_sample(float *gradients, size_t count, void *user) {
    tale *told = user;
    ck_assert_uint_eq(count, SAMPLES + 1);
    ck_assert_uint_lt(told->steps, EPOCHS * SAMPLES);
    for (size_t i = 0; i < SAMPLES; i++)
        if (gradients[i] != 0.0f)
            told->order[told->steps] = i;
    told->steps++;
    memset(gradients, 0, count * sizeof *gradients);
    return 0;
}

static tale orders(uint64_t seed, int32_t shuffle, const size_t *parts) {
    const network net = {SAMPLES, 1, {{1, "linear"}}, 0};
    dae_model *model = network_model(&net, 1);
    dae_trainer *trainer = sgd_trainer(model, 1e-3, "mse");
    float inputs[SAMPLES * SAMPLES] = {0}, targets[SAMPLES];
    tale told = {{0}, 0};
    for (size_t i = 0; i < SAMPLES; i++) {
        inputs[i * SAMPLES + i] = 1.0f;
        targets[i] = 100.0f;
    }
    dae_dataset *data = pair_dataset(inputs, SAMPLES, targets, 1, SAMPLES);
    ok(dae_trainer_set_batch_size(trainer, 1));
    ok(dae_trainer_set_seed(trainer, seed));
    if (shuffle >= 0)
        ok(dae_trainer_set_shuffle(trainer, shuffle));
    ok(dae_trainer_set_gradient_hook(trainer, note_sample, &told));
    for (; *parts > 0; parts++)
        ok(dae_trainer_fit(trainer, data, *parts));
    ck_assert_uint_eq(told.steps, EPOCHS * SAMPLES);
    dae_dataset_free(data);
    dae_trainer_free(trainer);
    dae_model_free(model);
    return told;
}

static size_t equal_places(const size_t *a, const size_t *b) {
    size_t equal = 0;
    for (size_t i = 0; i < SAMPLES; i++)
        equal += a[i] == b[i];
    return equal;
}

static const size_t AT_ONCE[] = {EPOCHS, 0};

START_TEST(every_epoch_is_another_permutation) {
    tale told = orders(3, -1, AT_ONCE);
    size_t sorted[SAMPLES];
    for (size_t i = 0; i < SAMPLES; i++)
        sorted[i] = i;
    for (size_t epoch = 0; epoch < EPOCHS; epoch++) {
        const size_t *order = told.order + epoch * SAMPLES;
        size_t seen[SAMPLES] = {0};
        for (size_t i = 0; i < SAMPLES; i++)
            seen[order[i]]++;
        for (size_t i = 0; i < SAMPLES; i++)
            ck_assert_uint_eq(seen[i], 1);
        /* Of a random order one place is right on average; ten are a matter of 1 in 10^7. */
        ck_assert_uint_lt(equal_places(order, sorted), 10);
        for (size_t other = 0; other < epoch; other++)
            ck_assert_uint_lt(equal_places(order, told.order + other * SAMPLES), 10);
    }
}
END_TEST

START_TEST(the_seed_decides_the_order) {
    tale a = orders(3, 1, AT_ONCE), b = orders(3, 1, (const size_t[]){1, 2, 1, 0}), c = orders(4, 1, AT_ONCE);
    ck_assert_mem_eq(a.order, b.order, sizeof a.order);
    for (size_t epoch = 0; epoch < EPOCHS; epoch++)
        ck_assert_uint_lt(equal_places(a.order + epoch * SAMPLES, c.order + epoch * SAMPLES), 10);
}
END_TEST

START_TEST(without_shuffling_the_order_is_the_datasets) {
    tale told = orders(3, 0, AT_ONCE);
    for (size_t i = 0; i < EPOCHS * SAMPLES; i++)
        ck_assert_uint_eq(told.order[i], i % SAMPLES);
}
END_TEST

START_TEST(a_seed_of_0_is_the_default) {
    float *after[2];
    for (size_t i = 0; i < 2; i++) {
        network net = autoencoder(5, 3, "tanh", "linear");
        dae_model *model = network_model(&net, 1);
        dae_trainer *trainer = sgd_trainer(model, 0.1, "mse");
        dae_dataset *data = random_dataset(40, 5, 0, 1, 2);
        if (i == 1)
            ok(dae_trainer_set_seed(trainer, 0));
        ok(dae_trainer_set_batch_size(trainer, 4));
        ok(dae_trainer_fit(trainer, data, 2));
        after[i] = parameters_of(model, NULL);
        dae_dataset_free(data);
        dae_trainer_free(trainer);
        dae_model_free(model);
    }
    same_floats(after[0], after[1], 38);
    free(after[0]);
    free(after[1]);
}
END_TEST

/* ---- Dropout ---------------------------------------------------------------------------------- */

enum { WIDTH = 20000, ROWS = 4 };

static int32_t copy_gradient(float *gradients, size_t count, void *user) {
    memcpy(user, gradients, count * sizeof *gradients);
    memset(gradients, 0, count * sizeof *gradients);
    return 0;
}

/* A linear unit behind dropout: with one row of ones in a batch of zeros, the gradient of weight k is 0
 * where that row's value k was dropped, and the bias' gradient over 1 - rate elsewhere. */
typedef struct {
    dae_model *model;
    dae_trainer *trainer;
    float gradient[WIDTH + 1];
} dropper;

static dropper *make_dropper(double rate, uint64_t seed, size_t dropouts_in_front) {
    dropper *d = must_have(sizeof *d);
    ok(dae_model_create(&d->model, 1, (const size_t[]){WIDTH}));
    for (size_t i = 0; i <= dropouts_in_front; i++) {
        char dropout[64];
        ok(dae_recipe_fill(dropout, sizeof dropout, NULL, "dropout(?)",
                           (double[]){i == dropouts_in_front ? rate : 0.0}, 1));
        ok(add_layer(d->model, dropout));
    }
    ok(add_layer(d->model, "dense(1)"));
    ok(dae_model_initialize(d->model, 1));
    d->trainer = sgd_trainer(d->model, 0.1, "mse");
    ok(dae_trainer_set_seed(d->trainer, seed));
    ok(dae_trainer_set_gradient_hook(d->trainer, copy_gradient, d->gradient));
    return d;
}

static void free_dropper(dropper *d) {
    dae_trainer_free(d->trainer);
    dae_model_free(d->model);
    free(d);
}

/* One step with a batch of `rows`, all 0 but `row`; notes which of its values were dropped. */
static void dropped(dropper *d, size_t rows, size_t row, bool *out) {
    float *inputs = must_have(rows * WIDTH * sizeof *inputs), targets[ROWS] = {0};
    for (size_t i = 0; i < rows * WIDTH; i++)
        inputs[i] = i / WIDTH == row ? 1.0f : 0.0f;
    targets[row] = 1000.0f; /* so that the error of this row is far from 0 */
    ok(dae_trainer_step(d->trainer, inputs, targets, rows, NULL));
    for (size_t k = 0; k < WIDTH; k++)
        out[k] = d->gradient[k] == 0.0f;
    free(inputs);
}

static size_t in_common(const bool *a, const bool *b) {
    size_t equal = 0;
    for (size_t k = 0; k < WIDTH; k++)
        equal += a[k] == b[k];
    return equal;
}

START_TEST(dropout_keeps_its_rate) {
    const double rates[] = {0.0, 0.1, 0.5, 0.9};
    static bool mask[WIDTH];
    for (size_t i = 0; i < 4; i++) {
        dropper *d = make_dropper(rates[i], 5, 0);
        size_t count = 0;
        dropped(d, 1, 0, mask);
        double kept = (double)d->gradient[WIDTH] / (1 - rates[i]);
        for (size_t k = 0; k < WIDTH; k++) {
            count += mask[k];
            if (!mask[k])
                near(d->gradient[k], kept, 1e-6 * fabs(kept));
        }
        /* five standard errors of a share */
        near((double)count / WIDTH, rates[i], 5 * sqrt(rates[i] * (1 - rates[i]) / WIDTH));
        free_dropper(d);
    }
}
END_TEST

/* The forward pass scales what is left: of inputs of 1 and weights of 1/WIDTH the output is near 1. */
START_TEST(dropout_keeps_the_mean) {
    dropper *d = make_dropper(0.75, 5, 0);
    float *inputs = must_have(WIDTH * sizeof *inputs), *parameters = must_have((WIDTH + 1) * sizeof(float));
    const float target = 0.0f;
    double loss = 0;
    for (size_t k = 0; k < WIDTH; k++) {
        inputs[k] = 1.0f;
        parameters[k] = 1.0f / WIDTH;
    }
    parameters[WIDTH] = 0.0f;
    ok(dae_model_set_parameters(d->model, parameters, WIDTH + 1));
    ok(dae_trainer_step(d->trainer, inputs, &target, 1, &loss));
    near(sqrt(loss), 1.0, 5 * sqrt(0.75 / 0.25 / WIDTH));
    ck_assert(loss != 1.0);
    free(inputs);
    free(parameters);
    free_dropper(d);
}
END_TEST

/* The draw depends on seed, step, place of the layer and row in the batch, and on each of them. */
START_TEST(dropout_depends_on_what_it_says) {
    static bool first[WIDTH], mask[WIDTH];
    dropper *d = make_dropper(0.5, 5, 0), *same = make_dropper(0.5, 5, 0);
    dropper *seed = make_dropper(0.5, 6, 0), *place = make_dropper(0.5, 5, 1);
    const size_t half = WIDTH / 2, far = 5 * 71; /* five standard deviations */
    dropped(d, 1, 0, first);
    dropped(same, ROWS, 0, mask); /* a larger batch gives row 0 the same draw */
    ck_assert_uint_eq(in_common(first, mask), WIDTH);
    dropped(seed, 1, 0, mask);
    near(in_common(first, mask), half, far);
    dropped(place, 1, 0, mask);
    near(in_common(first, mask), half, far);
    dropped(d, 1, 0, mask); /* the next step */
    near(in_common(first, mask), half, far);
    memcpy(first, mask, sizeof first);
    dropped(same, ROWS, 2, mask); /* the same step, another row */
    near(in_common(first, mask), half, far);
    free_dropper(d);
    free_dropper(same);
    free_dropper(seed);
    free_dropper(place);
}
END_TEST

START_TEST(dropout_has_no_part_in_evaluation) {
    enum { COUNT = 30, SIZE = 12 };
    dae_model *model = model_from(1, "input(%d) | dropout(0.5) | dense(%d)", SIZE, SIZE);
    dae_report *report = NULL;
    double mse = 1;
    float parameters[SIZE * SIZE + SIZE] = {0};
    for (size_t i = 0; i < SIZE; i++)
        parameters[i * SIZE + i] = 1.0f;
    ok(dae_model_set_parameters(model, parameters, SIZE * SIZE + SIZE));
    dae_dataset *data = random_dataset(COUNT, SIZE, 0, 1, 2);
    ok(dae_model_evaluate(&report, model, data));
    ok(dae_report_get(report, "mse", &mse));
    near(mse, 0, 1e-12);
    /* and none in validation, but one in training */
    dae_trainer *trainer = sgd_trainer(model, 1e-30, "mse");
    ok(dae_trainer_set_validation(trainer, data));
    ok(dae_trainer_fit(trainer, data, 1));
    double *training = history_of(trainer, "loss", NULL);
    double *validation = history_of(trainer, "validation_loss", NULL);
    near(validation[0], 0, 1e-12);
    ck_assert_double_gt(training[0], 0.05);
    free(training);
    free(validation);
    dae_report_free(report);
    dae_trainer_free(trainer);
    dae_dataset_free(data);
    dae_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("draws");
    TCase *order = add_case(suite, "order");
    tcase_add_test(order, every_epoch_is_another_permutation);
    tcase_add_test(order, the_seed_decides_the_order);
    tcase_add_test(order, without_shuffling_the_order_is_the_datasets);
    tcase_add_test(order, a_seed_of_0_is_the_default);
    TCase *dropout = add_case(suite, "dropout");
    tcase_add_test(dropout, dropout_keeps_its_rate);
    tcase_add_test(dropout, dropout_keeps_the_mean);
    tcase_add_test(dropout, dropout_depends_on_what_it_says);
    tcase_add_test(dropout, dropout_has_no_part_in_evaluation);
    return suite_main(suite);
}
