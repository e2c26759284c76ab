/* Memory that runs out at every possible place while networks are made, extended, cut, kept, run and trained: nothing is
 * leaked, all objects are as before, and the call works at once when there is memory again. */
#include "network.h"

#include <stdlib.h>
#include <string.h>

static const char text[] = "input(12) | dense(70, activation=relu) as h1 | dropout(0.1) | dense(9) as h2"
                           " | dense(tied=h2) | add(h1) | relu as g | gain | dense(tied=h1, bias=no) as y"
                           " | from(h2) | dense(12) | subtract(y)";

/* An attempt makes its objects by the watched allocator, and frees them whatever happened; `status` is the first failure. */
typedef struct {
    dae_status status;
    dae_model *model, *slice, *copy, *other;
    dae_session *session;
    dae_optimizer *optimizer;
    dae_trainer *trainer;
    dae_report *report;
} objects;

static dae_status free_all(objects *o) {
    dae_report_free(o->report);
    dae_trainer_free(o->trainer);
    dae_optimizer_free(o->optimizer);
    dae_session_free(o->session);
    dae_model_free(o->other);
    dae_model_free(o->copy);
    dae_model_free(o->slice);
    dae_model_free(o->model);
    return o->status;
}

/* Goes on only while nothing has failed. When memory fails the call, `unchanged` must hold, and the call must work with
 * enough memory. */
#define does(o, call, unchanged)                   \
    do {                                           \
        if ((o)->status == DAE_OK) {               \
            (o)->status = (call);                  \
            if ((o)->status == DAE_ERROR_MEMORY) { \
                ck_assert(unchanged);              \
                heap_fail_at(0, false);            \
                ok(call);                          \
            }                                      \
        }                                          \
    } while (0)

static bool has_layers(const dae_model *model, size_t expected) {
    size_t count = 0;
    ok(dae_model_get_layer_count(model, &count));
    return count == expected;
}

static dae_status attempt_making(void *user) {
    objects o = {0};
    (void)user;
    does(&o, dae_model_parse(&o.model, text), o.model == NULL);
    does(&o, dae_model_extend(o.model, "relu as z | add(y) | concatenate(z, input)"),
         has_layers(o.model, 10));
    does(&o, dae_model_initialize(o.model, 3), has_layers(o.model, 13));
    return free_all(&o);
}

START_TEST(making) {
    ck_assert_uint_ge(every_allocation_fails(attempt_making, NULL), 20);
}
END_TEST

static dae_status attempt_cutting(void *user) {
    objects o = {0};
    unsigned char bytes[65536];
    size_t size = 0;
    const char *path = user;
    does(&o, dae_model_parse(&o.model, text), o.model == NULL);
    does(&o, dae_model_initialize(o.model, 3), true);
    /* it uses the weight of h1, which is outside */
    does(&o, dae_model_slice(&o.slice, o.model, "g", "y"), o.slice == NULL);
    does(&o, dae_model_copy(&o.copy, o.slice), o.copy == NULL);
    does(&o, dae_model_save(o.slice, path), true);
    does(&o, dae_model_load(&o.other, path), o.other == NULL);
    dae_model_free(o.other);
    o.other = NULL;
    does(&o, dae_model_serialize(o.slice, bytes, sizeof bytes, &size), true);
    does(&o, dae_model_deserialize(&o.other, bytes, size), o.other == NULL);
    return free_all(&o);
}

START_TEST(cutting_and_keeping) {
    char path[4096];
    strcpy(path, temp_path("cut"));
    ck_assert_uint_ge(every_allocation_fails(attempt_cutting, path), 30);
}
END_TEST

static dae_status attempt_running(void *user) {
    objects o = {0};
    float y[40 * 12];
    does(&o, dae_model_parse(&o.model, text), o.model == NULL);
    does(&o, dae_model_initialize(o.model, 3), true);
    does(&o, dae_session_create(&o.session, o.model, 32), o.session == NULL);
    does(&o, dae_session_set_precision(o.session, DAE_PRECISION_BFLOAT16), true);
    if (o.status == DAE_OK)
        ok(dae_session_run(o.session, user, 40, y));
    return free_all(&o);
}

START_TEST(running) {
    float *x = random_floats(40 * 12, -1, 1, 3);
    every_allocation_fails(attempt_running, x);
    free(x);
}
END_TEST

static dae_status attempt_training(void *user) {
    objects o = {0};
    ok(dae_set_num_threads(1));
    does(&o, dae_model_parse(&o.model, text), o.model == NULL);
    does(&o, dae_model_initialize(o.model, 3), true);
    does(&o, dae_optimizer_create_adam(&o.optimizer, 1e-3), o.optimizer == NULL);
    does(&o, dae_trainer_create(&o.trainer, o.model, o.optimizer, "mse"), o.trainer == NULL);
    does(&o, dae_trainer_set_precision(o.trainer, DAE_PRECISION_BFLOAT16), true);
    does(&o, dae_trainer_step(o.trainer, user, user, 40, NULL), steps_of(o.trainer) == 0);
    does(&o, dae_trainer_set_precision(o.trainer, DAE_PRECISION_FLOAT32), true);
    does(&o, dae_trainer_step(o.trainer, user, user, 40, NULL), steps_of(o.trainer) == 1);
    return free_all(&o);
}

START_TEST(training) {
    float *x = random_floats(40 * 12, -1, 1, 3);
    every_allocation_fails(attempt_training, x);
    free(x);
}
END_TEST

static dae_status attempt_evaluating(void *user) {
    objects o = {0};
    ok(dae_set_num_threads(1));
    does(&o, dae_model_parse(&o.model, text), o.model == NULL);
    does(&o, dae_model_initialize(o.model, 3), true);
    does(&o, dae_model_evaluate(&o.report, o.model, user), o.report == NULL);
    return free_all(&o);
}

START_TEST(evaluating) {
    dae_dataset *data = random_dataset(50, 12, 0, 1, 3);
    every_allocation_fails(attempt_evaluating, data);
    dae_dataset_free(data);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("network_memory");
    TCase *memory = add_case(suite, "memory");
    tcase_add_test(memory, making);
    tcase_add_test(memory, cutting_and_keeping);
    tcase_add_test(memory, running);
    tcase_add_test(memory, training);
    tcase_add_test(memory, evaluating);
    return suite_main(suite);
}
