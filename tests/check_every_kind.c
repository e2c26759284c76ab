/* Every kind that the library lists, in a small training: gradients against differences of the loss, the same bytes on
 * any number of threads, after a checkpoint and from a file, and each allocation failing. Nothing here names a kind, so
 * that a new one is tested as it is listed. */
#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 1024, PIXELS = 28 * 28, COUNT = 20, OUTPUTS = 3 };

/* A training as texts. */
struct recipe {
    char model[ROOM], objective[ROOM], optimizer[ROOM], noise[ROOM];
};

struct running {
    dae_model *model;
    dae_trainer *trainer;
    dae_dataset *data;
};

static const char *list(const char *category, size_t index) {
    const char *name = NULL;
    ok(dae_kind_list(category, NULL, index, &name));
    return name;
}

static dae_status begin(struct running *t, const struct recipe *r) {
    dae_optimizer *optimizer = NULL;
    dae_status status = dae_model_parse(&t->model, r->model);
    if (status == DAE_OK)
        status = dae_model_initialize(t->model, 1);
    if (status == DAE_OK)
        status = dae_optimizer_parse(&optimizer, r->optimizer);
    if (status == DAE_OK)
        status = dae_trainer_create(&t->trainer, t->model, optimizer, r->objective);
    if (status == DAE_OK)
        status = dae_trainer_set_batch_size(t->trainer, 8);
    dae_optimizer_free(optimizer);
    return status;
}

static void end(struct running *t) {
    dae_trainer_free(t->trainer);
    dae_model_free(t->model);
    dae_dataset_free(t->data);
}

/* Whether a training can begin like that. */
static bool suits(const struct recipe *r) {
    struct running t = {NULL};
    dae_status status = begin(&t, r);
    end(&t);
    return status == DAE_OK;
}

/* A training that has the example of a kind in it. Layers get the labels that examples read. */
static struct recipe recipe_with(const char *category, const char *kind) {
    const char *example = NULL;
    struct recipe r = {"input(28, 28) | dense(8, activation=tanh) | dense(3)", "mse", "adam(0.01)",
                       "gaussian(0.1)"};
    ok(dae_kind_get_text(category, kind, NULL, "example", &example));
    if (strcmp(category, "layer") == 0)
        snprintf(r.model, ROOM, "%s%s | flatten | dense(3)",
                 strncmp(example, "input", 5) == 0 ? "" : "input(4, 14, 14) | gain as noise | gain as e1 | ",
                 example);
    if (strcmp(category, "layer") == 0 && !suits(&r)) /* a layer of signals */
        snprintf(r.model, ROOM, "input(4, 196) | gain as noise | gain as e1 | %s | flatten | dense(3)",
                 example);
    if (strcmp(category, "activation") == 0)
        snprintf(r.model, ROOM, "input(28, 28) | dense(8, activation=%s) | dense(3)", example);
    if (strcmp(category, "initializer") == 0)
        snprintf(r.model, ROOM, "input(28, 28) | dense(8, initializer=%s) | dense(3)", example);
    if (strcmp(category, "objective") == 0) {
        snprintf(r.model, ROOM,
                 "input(28, 28) | dense(8, activation=sigmoid) as code | dense(3, activation=sigmoid)");
        snprintf(r.objective, ROOM, "%s", example);
        if (!suits(&r)) /* a penalty */
            snprintf(r.objective, ROOM, "mse | %s", example);
    }
    if (strcmp(category, "optimizer") == 0)
        snprintf(r.optimizer, ROOM, "%s", example);
    if (strcmp(category, "governor") == 0)
        snprintf(r.optimizer, ROOM, "sgd(0.01) | %s", example);
    if (strcmp(category, "noise") == 0)
        snprintf(r.noise, ROOM, "%s", example);
    return r;
}

/* Networks are layers, each of which is here by itself; check_network_text.c knows which. */
static bool is_network(const char *kind) {
    size_t i = 0;
    while (list("network", i) != NULL && strcmp(list("network", i), kind) != 0)
        i++;
    return list("network", i) != NULL;
}

/* Where the variable DAE_ONLY names kinds, the others are left out: where only these are new. */
static bool is_left_out(const char *kind) {
    const char *only = getenv("DAE_ONLY"), *at = only != NULL ? strstr(only, kind) : NULL;
    size_t length = strlen(kind);
    while (at != NULL && !((at == only || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')))
        at = strstr(at + 1, kind);
    return is_network(kind) || (only != NULL && at == NULL);
}

/* Calls with the recipe of every kind of some categories. */
static void with_kinds(void (*check)(const struct recipe *r), const char *const *categories, size_t count) {
    for (size_t c = 0; c < count; c++)
        for (size_t i = 0; list(categories[c], i) != NULL; i++)
            if (!is_left_out(list(categories[c], i))) {
                struct recipe r = recipe_with(categories[c], list(categories[c], i));
                check(&r);
            }
}

static void with_every_kind(void (*check)(const struct recipe *r)) {
    static const char *const categories[] = {"layer",     "activation", "initializer", "noise",
                                             "objective", "optimizer",  "governor"};
    with_kinds(check, categories, sizeof categories / sizeof *categories);
}

static dae_dataset *make_data(const char *noise) {
    dae_dataset *inputs = random_dataset(COUNT, PIXELS, -1, 1, 3),
                *targets = random_dataset(COUNT, OUTPUTS, 0, 1, 4);
    dae_dataset *pair = NULL;
    ok(dae_dataset_pair(&pair, inputs, targets));
    dae_dataset_free(inputs);
    dae_dataset_free(targets);
    return corrupted(pair, noise, DAE_NOISE_FRESH, 5);
}

static struct running started(const struct recipe *r) {
    struct running t = {NULL};
    ok(begin(&t, r));
    t.data = make_data(r->noise);
    ok(dae_trainer_set_validation(t.trainer, t.data)); /* which some schedules go by */
    return t;
}

/* ---- Gradients ------------------------------------------------------------------------------------ */

struct seen {
    float *gradient;
    size_t count;
};

static int32_t keep_gradient(float *gradient, size_t count, void *user) {
    struct seen *seen = user;
    ck_assert_uint_eq(count, seen->count);
    memcpy(seen->gradient, gradient, count * sizeof *gradient);
    return 0;
}

/* The loss of the first step of a training from these parameters; draws of that step are the same each time. */
static double loss_at(const struct recipe *r, const float *parameters, struct seen *seen) {
    float inputs[COUNT * PIXELS], targets[COUNT * OUTPUTS];
    struct running t = started(r);
    double loss = 0;
    ok(dae_model_set_parameters(t.model, parameters, seen->count));
    ok(dae_dataset_read(t.data, 0, 0, COUNT, inputs, targets));
    if (seen->gradient != NULL)
        ok(dae_trainer_set_gradient_hook(t.trainer, keep_gradient, seen));
    ok(dae_trainer_step(t.trainer, inputs, targets, COUNT, &loss));
    end(&t);
    return loss;
}

/* The slope of the loss along a direction, by differences: as the gradient says. */
static void slope_is(const struct recipe *r, const float *parameters, const float *direction, size_t count,
                     double expected, double size) {
    float *moved = calloc(count, sizeof *moved);
    double step = 1e-4 / size, loss[2];
    ck_assert_ptr_nonnull(moved);
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < count; i++)
            moved[i] = parameters[i] + (float)(side == 0 ? -step : step) * direction[i];
        loss[side] = loss_at(r, moved, &(struct seen){NULL, count});
    }
    free(moved);
    double slope = (loss[1] - loss[0]) / (2 * step);
    ck_assert_msg(fabs(slope - expected) <= 0.01 * size, "%s: slope %g by differences, %g by the gradient",
                  r->model, slope, expected);
}

/* Whether a gradient is more than what rounding leaves where there should be none. */
static bool counts(const struct seen *seen, double square) {
    double whole = 0;
    for (size_t i = 0; i < seen->count; i++)
        whole += (double)seen->gradient[i] * (double)seen->gradient[i];
    return square > 1e-10 * whole;
}

/* Along the gradient of one tensor, [first, first + size), with a random factor for each parameter. */
static bool gradient_of_tensor_is_right(const struct recipe *r, const float *parameters,
                                        const struct seen *seen, size_t first, size_t size) {
    float *direction = calloc(seen->count, sizeof *direction);
    double expected = 0;
    dae_rng *rng = NULL;
    ck_assert_ptr_nonnull(direction);
    ok(dae_rng_create(&rng, first, 0));
    ok(dae_rng_fill_uniform(rng, direction + first, size, 0.25, 2));
    for (size_t i = first; i < first + size; i++) {
        direction[i] *= seen->gradient[i];
        expected += (double)direction[i] * (double)seen->gradient[i];
    }
    if (counts(seen, expected))
        slope_is(r, parameters, direction, seen->count, expected, expected);
    dae_rng_free(rng);
    free(direction);
    return counts(seen, expected);
}

static size_t size_of_tensor(const dae_model *model, size_t index) {
    size_t rank = 0, shape[DAE_MAX_RANK], size = 1;
    char name[ROOM];
    ok(dae_model_get_tensor_info(model, index, name, ROOM, NULL, &rank, shape));
    for (size_t i = 0; i < rank; i++)
        size *= shape[i];
    return size;
}

static void gradient_is_right(const struct recipe *r) {
    struct running t = started(r);
    struct seen seen = {NULL, 0};
    float *parameters = parameters_of(t.model, &seen.count);
    size_t tensors = 0, checked = 0, first = 0;
    seen.gradient = calloc(seen.count, sizeof *seen.gradient);
    ck_assert_ptr_nonnull(seen.gradient);
    (void)loss_at(r, parameters, &seen);
    ok(dae_model_get_tensor_count(t.model, &tensors));
    for (size_t i = 0; i < tensors; i++) {
        size_t size = size_of_tensor(t.model, i);
        checked += gradient_of_tensor_is_right(r, parameters, &seen, first, size);
        first += size;
    }
    ck_assert_uint_eq(first, seen.count);
    ck_assert_uint_ge(checked, 2);
    end(&t);
    free(seen.gradient);
    free(parameters);
}

START_TEST(gradients_of_every_layer) {
    static const char *const categories[] = {"layer", "activation", "objective"};
    with_kinds(gradient_is_right, categories, 3);
}
END_TEST

/* ---- The same bytes -------------------------------------------------------------------------------- */

static void threads_do_not_matter(const struct recipe *r) {
    static const size_t threads[] = {1, 2, 3, 7};
    struct running t[4];
    for (size_t i = 0; i < 4; i++) {
        ok(dae_set_num_threads(threads[i]));
        t[i] = started(r);
        ok(dae_trainer_fit(t[i].trainer, t[i].data, 2));
        same_parameters(t[i].model, t[0].model);
    }
    for (size_t i = 0; i < 4; i++)
        end(&t[i]);
    ok(dae_set_num_threads(0));
}

START_TEST(every_kind_on_1_2_3_and_7_threads) {
    with_every_kind(threads_do_not_matter);
}
END_TEST

static void goes_on_from_a_checkpoint(const struct recipe *r) {
    struct running whole = started(r), resumed = started(r);
    size_t size = 0;
    ok(dae_trainer_fit(whole.trainer, whole.data, 1));
    ok(dae_trainer_serialize_checkpoint(whole.trainer, NULL, 0, &size));
    unsigned char *bytes = malloc(size);
    ck_assert_ptr_nonnull(bytes);
    ok(dae_trainer_serialize_checkpoint(whole.trainer, bytes, size, &size));
    ok(dae_trainer_deserialize_checkpoint(resumed.trainer, bytes, size));
    ok(dae_trainer_fit(whole.trainer, whole.data, 1));
    ok(dae_trainer_fit(resumed.trainer, resumed.data, 1));
    same_parameters(resumed.model, whole.model);
    free(bytes);
    end(&whole);
    end(&resumed);
}

START_TEST(every_kind_through_a_checkpoint) {
    with_every_kind(goes_on_from_a_checkpoint);
}
END_TEST

static void run(dae_model *model, float outputs[COUNT * OUTPUTS]) {
    float inputs[COUNT * PIXELS];
    dae_dataset *data = random_dataset(COUNT, PIXELS, -1, 1, 9);
    dae_session *session = NULL;
    ok(dae_dataset_read(data, 0, 0, COUNT, inputs, NULL));
    ok(dae_session_create(&session, model, COUNT));
    ok(dae_session_run(session, inputs, COUNT, outputs));
    dae_session_free(session);
    dae_dataset_free(data);
}

static void comes_back_from_a_file(const struct recipe *r) {
    float before[COUNT * OUTPUTS], after[COUNT * OUTPUTS];
    struct running t = started(r);
    dae_model *loaded = NULL;
    char texts[2][ROOM];
    ok(dae_trainer_fit(t.trainer, t.data, 1));
    ok(dae_model_save(t.model, temp_path("every-kind")));
    ok(dae_model_load(&loaded, temp_path("every-kind")));
    ok(dae_model_format(t.model, texts[0], ROOM, NULL));
    ok(dae_model_format(loaded, texts[1], ROOM, NULL));
    ck_assert_str_eq(texts[0], texts[1]);
    run(t.model, before);
    run(loaded, after);
    same_floats(after, before, COUNT * OUTPUTS);
    dae_model_free(loaded);
    end(&t);
}

START_TEST(every_kind_through_a_file) {
    with_every_kind(comes_back_from_a_file);
}
END_TEST

/* A sample has its noise wherever it is in a batch. */
static void noise_is_of_the_sample(const struct recipe *r) {
    static const size_t shape[] = {28, 28};
    float whole[COUNT * PIXELS], single[COUNT * PIXELS];
    dae_dataset *data = random_dataset(COUNT, PIXELS, -1, 1, 9);
    dae_noise *noise = NULL;
    ok(dae_noise_parse(&noise, r->noise));
    ok(give_street(noise, data));
    ok(dae_dataset_read(data, 0, 0, COUNT, whole, NULL));
    ok(dae_dataset_read(data, 0, 0, COUNT, single, NULL));
    ok(dae_noise_apply(noise, whole, COUNT, 2, shape, 1, 2, 3));
    for (size_t i = COUNT; i-- > 0;)
        ok(dae_noise_apply(noise, single + i * PIXELS, 1, 2, shape, 1, 2, 3 + i));
    same_floats(single, whole, COUNT * PIXELS);
    dae_noise_free(noise);
    dae_dataset_free(data);
}

START_TEST(noise_of_every_kind_is_of_the_sample) {
    with_every_kind(noise_is_of_the_sample);
}
END_TEST

/* ---- Memory ---------------------------------------------------------------------------------------- */

struct attempt {
    const struct recipe *recipe;
    dae_dataset *clean;
};

static dae_status train(void *user) {
    const struct attempt *a = user;
    struct running t = {NULL};
    dae_noise *noise = NULL;
    dae_status status = begin(&t, a->recipe);
    if (status == DAE_OK)
        status = dae_noise_parse(&noise, a->recipe->noise);
    if (status == DAE_OK)
        status = give_street(noise, a->clean);
    if (status == DAE_OK)
        status = dae_dataset_corrupt(&t.data, a->clean, noise, DAE_NOISE_FRESH, 5);
    if (status == DAE_OK)
        status = dae_trainer_set_validation(t.trainer, t.data);
    if (status == DAE_OK)
        status = dae_trainer_fit(t.trainer, t.data, 1);
    dae_noise_free(noise);
    end(&t);
    return status;
}

static void memory_runs_out(const struct recipe *r) {
    struct attempt a = {r, make_data("")};
    ck_assert_uint_ge(every_allocation_fails(train, &a), 10);
    dae_dataset_free(a.clean);
}

START_TEST(every_kind_without_memory) {
    ok(dae_set_num_threads(2));
    with_every_kind(memory_runs_out);
    ok(dae_set_num_threads(0));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("every kind");
    TCase *every = add_case(suite, "every kind");
    tcase_add_test(every, gradients_of_every_layer);
    tcase_add_test(every, every_kind_on_1_2_3_and_7_threads);
    tcase_add_test(every, every_kind_through_a_checkpoint);
    tcase_add_test(every, every_kind_through_a_file);
    tcase_add_test(every, noise_of_every_kind_is_of_the_sample);
    tcase_add_test(every, every_kind_without_memory);
    return suite_main(suite);
}
