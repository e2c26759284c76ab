/* Every kind of view that the library lists, between noise and noise, in a small training: read in any way,
 * the same bytes on any number of threads and after a checkpoint, from a function of the host's, and each
 * allocation failing. Nothing here names a kind, so that a new one is tested as it is listed. */
#include "network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 512 };

/* ---- Data that views are tried on ------------------------------------------------------------------ */

/* Samples of `size` values, and classes as targets or none. */
struct shape {
    size_t count, rank, dims[3], size;
    bool classes;
};

static const struct shape shapes[] = {
    {9, 3, {1, 32, 32}, 1024, false},
    {5, 2, {1, 300}, 300, false},
    {9, 3, {1, 12, 12}, 144, true},
    {40, 1, {1}, 1, false},
};

static int32_t read_values(uint64_t first, size_t count, float *out, void *user) {
    const struct shape *shape = user;
    for (size_t i = 0; i < count * shape->size; i++)
        out[i] = (float)((first * shape->size + i) * 7919 % 1021) / 1021;
    return 0;
}

static dae_dataset *make_source(const struct shape *shape, bool from_function) {
    dae_dataset *source = NULL, *classes = NULL, *pair = NULL;
    float labels[16], *values = must_have(shape->count * shape->size * sizeof *values);
    read_values(0, shape->count, values, (void *)(uintptr_t)shape);
    for (size_t i = 0; i < 16; i++)
        labels[i] = (float)(i % 10);
    if (from_function)
        ok(dae_dataset_create_callback(&source, shape->count, shape->rank, shape->dims, read_values, NULL,
                                       (void *)(uintptr_t)shape));
    else
        ok(dae_dataset_copy_array(&source, values, shape->count, shape->rank, shape->dims));
    free(values);
    if (!shape->classes)
        return source;
    ok(dae_dataset_copy_array(&classes, labels, shape->count, 1, (const size_t[]){1}));
    ok(dae_dataset_pair(&pair, source, classes));
    dae_dataset_free(classes);
    dae_dataset_free(source);
    return pair;
}

/* A view upon noise, with more noise upon it. */
struct recipe {
    const char *text;
    const struct shape *shape;
};

static dae_status add_noise(dae_dataset **out, dae_dataset *source, const char *text) {
    dae_noise *noise = NULL;
    dae_status status = dae_noise_parse(&noise, text);
    if (status == DAE_OK)
        status = dae_dataset_corrupt(out, source, noise, DAE_NOISE_FRESH, 5);
    dae_noise_free(noise);
    return status;
}

/* With the label that examples name. */
static dae_status view(dae_dataset **out, dae_dataset *source, const char *text) {
    dae_dataset *noisy = NULL, *seen = NULL;
    dae_status status = add_noise(&noisy, source, "gaussian(uniform(0.05, 0.1) as level)");
    if (status == DAE_OK)
        status = dae_dataset_view(&seen, noisy, text, 5);
    if (status == DAE_OK)
        status = add_noise(out, seen, "gaussian(0.1)");
    dae_dataset_free(seen);
    dae_dataset_free(noisy);
    return status;
}

static dae_dataset *viewed(const struct recipe *r, bool from_function) {
    dae_dataset *source = make_source(r->shape, from_function), *data = NULL;
    ok(view(&data, source, r->text));
    dae_dataset_free(source);
    return data;
}

/* Calls with the example of every kind, on the first data that it takes. */
static void with_every_kind(void (*check)(const struct recipe *r)) {
    const char *name = NULL;
    size_t i = 0;
    for (; dae_kind_list("view", NULL, i, &name) == DAE_OK && name != NULL; i++) {
        struct recipe r = {NULL, NULL};
        ok(dae_kind_get_text("view", name, NULL, "example", &r.text));
        for (size_t k = 0; k < sizeof shapes / sizeof *shapes && r.shape == NULL; k++) {
            dae_dataset *source = make_source(&shapes[k], false), *data = NULL;
            if (view(&data, source, r.text) == DAE_OK)
                r.shape = &shapes[k];
            dae_dataset_free(data);
            dae_dataset_free(source);
        }
        ck_assert_msg(r.shape != NULL, "no data here are such as %s takes: add some", r.text);
        check(&r);
    }
    ck_assert_uint_ge(i, 10);
}

/* ---- A training on them ---------------------------------------------------------------------------- */

struct running {
    dae_model *model;
    dae_trainer *trainer;
    dae_dataset *data;
};

/* "2, 3" */
static size_t write_shape(char text[ROOM], dae_status (*get)(const dae_dataset *, size_t, size_t *, size_t *),
                          const dae_dataset *data) {
    size_t rank = 0, dims[DAE_MAX_RANK], size = 1;
    ok(get(data, DAE_ALL_SAMPLES, &rank, dims));
    text[0] = '\0';
    for (size_t i = 0; i < rank; i++) {
        snprintf(text + strlen(text), ROOM - strlen(text), "%s%zu", i > 0 ? ", " : "", dims[i]);
        size *= dims[i];
    }
    return size;
}

static dae_status begin(struct running *t) {
    char input[ROOM], target[ROOM], text[3 * ROOM];
    dae_optimizer *optimizer = NULL;
    write_shape(input, dae_dataset_get_shape, t->data);
    size_t size = write_shape(target, dae_dataset_get_target_shape, t->data);
    snprintf(text, sizeof text, "input(%s) | flatten | dense(4, activation=tanh) | dense(%zu) | reshape(%s)",
             input, size, target);
    dae_status status = dae_model_parse(&t->model, text);
    if (status == DAE_OK)
        status = dae_model_initialize(t->model, 1);
    if (status == DAE_OK)
        status = dae_optimizer_parse(&optimizer, "adam(0.01)");
    if (status == DAE_OK)
        status = dae_trainer_create(&t->trainer, t->model, optimizer, "mse(missing=skip)");
    if (status == DAE_OK)
        status = dae_trainer_set_batch_size(t->trainer, 4);
    dae_optimizer_free(optimizer);
    return status;
}

static struct running started(dae_dataset *data) {
    struct running t = {.data = data};
    ok(begin(&t));
    return t;
}

static void end(struct running *t) {
    dae_trainer_free(t->trainer);
    dae_model_free(t->model);
    dae_dataset_free(t->data);
}

/* ---- Reading --------------------------------------------------------------------------------------- */

/* All samples of an epoch. */
struct values {
    size_t count, input, target;
    float *inputs, *targets;
};

static struct values values_of(const dae_dataset *data, uint64_t epoch) {
    char text[ROOM];
    struct values v = {.input = write_shape(text, dae_dataset_get_shape, data),
                       .target = write_shape(text, dae_dataset_get_target_shape, data)};
    ok(dae_dataset_get_count(data, &v.count));
    v.inputs = must_have(v.count * v.input * sizeof *v.inputs);
    v.targets = must_have(v.count * v.target * sizeof *v.targets);
    ok(dae_dataset_read(data, epoch, 0, v.count, v.inputs, v.targets));
    return v;
}

static void free_values(struct values *v) {
    free(v->inputs);
    free(v->targets);
}

static void has_values(const dae_dataset *data, uint64_t epoch, const struct values *expected) {
    struct values v = values_of(data, epoch);
    ck_assert_uint_eq(v.count, expected->count);
    ck_assert_uint_eq(v.input, expected->input);
    ck_assert_uint_eq(v.target, expected->target);
    same_floats(v.inputs, expected->inputs, v.count * v.input);
    same_floats(v.targets, expected->targets, v.count * v.target);
    free_values(&v);
}

/* Together and one by one, in any order; from another view that is made likewise; and of a function. */
static void reads_the_same_in_any_way(const struct recipe *r) {
    dae_dataset *data = viewed(r, false), *again = viewed(r, false), *of_function = viewed(r, true);
    for (uint64_t epoch = 0; epoch <= 4; epoch += 4) {
        struct values v = values_of(data, epoch);
        has_values(again, epoch, &v);
        has_values(of_function, epoch, &v);
        float *input = must_have(v.input * sizeof *input), *target = must_have(v.target * sizeof *target);
        for (size_t i = v.count; i-- > 0;) {
            ok(dae_dataset_read(data, epoch, i, 1, input, NULL));
            ok(dae_dataset_read(data, epoch, i, 1, NULL, target));
            same_floats(input, v.inputs + i * v.input, v.input);
            same_floats(target, v.targets + i * v.target, v.target);
        }
        free(input);
        free(target);
        free_values(&v);
    }
    dae_dataset_free(data);
    dae_dataset_free(again);
    dae_dataset_free(of_function);
}

START_TEST(every_view_is_read_in_any_way) {
    with_every_kind(reads_the_same_in_any_way);
}
END_TEST

/* ---- Training -------------------------------------------------------------------------------------- */

static void threads_do_not_matter(const struct recipe *r) {
    static const size_t threads[] = {1, 2, 3, 7, 2};
    struct running t[5];
    for (size_t i = 0; i < 5; i++) {
        ok(dae_set_num_threads(threads[i]));
        t[i] = started(viewed(r, i == 4));
        ok(dae_trainer_fit(t[i].trainer, t[i].data, 2));
        same_parameters(t[i].model, t[0].model);
    }
    for (size_t i = 0; i < 5; i++)
        end(&t[i]);
    ok(dae_set_num_threads(0));
}

START_TEST(every_view_on_1_2_3_and_7_threads) {
    with_every_kind(threads_do_not_matter);
}
END_TEST

/* What is read in parts while training is what is read whole. */
static void training_sees_what_is_read(const struct recipe *r) {
    struct running t = started(viewed(r, false));
    struct values v = values_of(t.data, 0);
    struct running copy = started(pair_dataset(v.inputs, v.input, v.targets, v.target, v.count));
    ok(dae_trainer_fit(t.trainer, t.data, 1));
    ok(dae_trainer_fit(copy.trainer, copy.data, 1));
    float *parameters = parameters_of(t.model, NULL);
    size_t count;
    float *expected = parameters_of(copy.model, &count);
    same_floats(parameters, expected, count);
    free(parameters);
    free(expected);
    free_values(&v);
    end(&t);
    end(&copy);
}

START_TEST(training_sees_what_every_view_gives) {
    with_every_kind(training_sees_what_is_read);
}
END_TEST

static void goes_on_from_a_checkpoint(const struct recipe *r) {
    struct running whole = started(viewed(r, false)), resumed = started(viewed(r, false));
    size_t size = 0;
    ok(dae_trainer_fit(whole.trainer, whole.data, 1));
    ok(dae_trainer_serialize_checkpoint(whole.trainer, NULL, 0, &size));
    unsigned char *bytes = must_have(size);
    ok(dae_trainer_serialize_checkpoint(whole.trainer, bytes, size, &size));
    ok(dae_trainer_deserialize_checkpoint(resumed.trainer, bytes, size));
    ok(dae_trainer_fit(whole.trainer, whole.data, 1));
    ok(dae_trainer_fit(resumed.trainer, resumed.data, 1));
    same_parameters(resumed.model, whole.model);
    free(bytes);
    end(&whole);
    end(&resumed);
}

START_TEST(every_view_through_a_checkpoint) {
    with_every_kind(goes_on_from_a_checkpoint);
}
END_TEST

/* A model remembers the noise below a view and that upon it. */
static void hands_on_noise(const struct recipe *r) {
    struct running t = started(viewed(r, false));
    dae_noise *noise = NULL;
    char text[ROOM] = "";
    ok(dae_trainer_fit(t.trainer, t.data, 1));
    ok(dae_model_get_noise(t.model, &noise));
    if (noise != NULL)
        ok(dae_noise_format(noise, text, ROOM, NULL));
    dae_noise_free(noise);
    const char *second = strstr(text + (text[0] != '\0'), "gaussian(");
    ck_assert_msg(strncmp(text, "gaussian(", 9) == 0 && second != NULL && strchr(second, '|') == NULL,
                  "%s: the model remembers '%s'", r->text, text);
    end(&t);
}

START_TEST(every_view_hands_on_noise) {
    with_every_kind(hands_on_noise);
}
END_TEST

/* ---- Memory ---------------------------------------------------------------------------------------- */

struct attempt {
    const char *text;
    dae_dataset *source;
    struct values *room; /* of which inputs and targets are written */
};

static dae_status make_and_read(void *user) {
    const struct attempt *a = user;
    dae_dataset *data = NULL;
    dae_status status = view(&data, a->source, a->text);
    if (status == DAE_OK)
        status = dae_dataset_read(data, 1, 0, a->room->count, a->room->inputs, a->room->targets);
    dae_dataset_free(data);
    return status;
}

static void memory_runs_out(const struct recipe *r) {
    for (int from_function = 0; from_function <= 1; from_function++) {
        dae_dataset *data = viewed(r, from_function == 1);
        struct values room = values_of(data, 1);
        struct attempt a = {r->text, make_source(r->shape, from_function == 1), &room};
        ck_assert_uint_ge(every_allocation_fails(make_and_read, &a), 6);
        has_values(data, 1, &room);
        dae_dataset_free(a.source);
        dae_dataset_free(data);
        free_values(&room);
    }
}

START_TEST(every_view_without_memory) {
    with_every_kind(memory_runs_out);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("every view");
    TCase *every = add_case(suite, "every view");
    tcase_add_test(every, every_view_is_read_in_any_way);
    tcase_add_test(every, every_view_on_1_2_3_and_7_threads);
    tcase_add_test(every, training_sees_what_every_view_gives);
    tcase_add_test(every, every_view_through_a_checkpoint);
    tcase_add_test(every, every_view_hands_on_noise);
    tcase_add_test(every, every_view_without_memory);
    return suite_main(suite);
}
