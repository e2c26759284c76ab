/* Progress: what is told and when, and every way to stop. */
#define _POSIX_C_SOURCE 200809L

#include "network.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIZE = 8,
    SAMPLES = 50,
    BATCH = 16,
    STEPS = 4,
    MOST_EVENTS = 200,
    PARAMETERS = 2 * SIZE * 5 + 5 + SIZE
};

/* Notes all events, and answers with 1 at one of them. */
typedef struct {
    dae_progress event[MOST_EVENTS];
    size_t count;
    /* Stop at this event, epoch and (for steps) step; epoch 0: never. */
    int32_t stop_event;
    uint64_t stop_epoch, stop_step;
    /* What the model was like at the last event, if `model` is set. */
    const dae_model *model;
    float parameters[PARAMETERS];
    /* Is called for every event, if set. */
    void (*also)(void *user);
    void *also_user;
    pthread_t thread;
} diary;

static int32_t note(const dae_progress *progress, void *user) {
    diary *d = user;
    if (d->count < MOST_EVENTS)
        d->event[d->count] = *progress;
    d->count++;
    d->thread = pthread_self();
    if (d->model != NULL)
        ok(dae_model_get_parameters(d->model, d->parameters, PARAMETERS));
    if (d->also != NULL)
        d->also(d->also_user);
    return progress->event == d->stop_event && progress->epoch == d->stop_epoch &&
           (d->stop_event == DAE_PROGRESS_EPOCH || progress->step == d->stop_step);
}

typedef struct {
    dae_model *model;
    dae_trainer *trainer;
    dae_dataset *data, *validation;
    diary told;
} stage;

static stage *set_up(void) {
    const network net = autoencoder(SIZE, 5, "tanh", "linear");
    stage *s = must_have(sizeof *s);
    memset(s, 0, sizeof *s);
    s->model = network_model(&net, 1);
    s->trainer = adam_trainer(s->model, 1e-2, "mse");
    s->data = random_dataset(SAMPLES, SIZE, 0, 1, 2);
    s->validation = random_dataset(20, SIZE, 0, 1, 3);
    ok(dae_trainer_set_batch_size(s->trainer, BATCH));
    ok(dae_trainer_set_progress(s->trainer, note, &s->told));
    return s;
}

static void tear_down(stage *s) {
    dae_dataset_free(s->data);
    dae_dataset_free(s->validation);
    dae_trainer_free(s->trainer);
    dae_model_free(s->model);
    free(s);
}

/* ---- What is told ----------------------------------------------------------------------------- */

static void check_common(const dae_progress *p, uint64_t epoch, uint64_t epochs, uint64_t step) {
    ck_assert_uint_eq(p->size, sizeof *p);
    ck_assert_uint_eq(p->epoch, epoch);
    ck_assert_uint_eq(p->epochs, epochs);
    ck_assert_uint_eq(p->step, step);
    ck_assert_uint_eq(p->steps, STEPS);
    ck_assert(p->loss > 0 && p->loss < 10);
    ck_assert(p->epoch_seconds >= 0 && p->epoch_seconds <= p->seconds && p->seconds < 60);
    ck_assert_uint_eq(p->skipped, 0);
    for (size_t i = 0; i < 7; i++)
        ck_assert_uint_eq(p->reserved[i], 0);
}

/* The events of epochs [first, last] in their order, with their figures. */
static void check_events(const stage *s, uint64_t first, uint64_t last, bool validated) {
    double *losses = history_of(s->trainer, "loss", NULL);
    double *validation = history_of(s->trainer, "validation_loss", NULL);
    double *psnr = history_of(s->trainer, "validation_psnr", NULL);
    const dae_progress *p = s->told.event;
    double seconds = 0;
    ck_assert_uint_eq(s->told.count, (last - first + 1) * (STEPS + 1));
    for (uint64_t epoch = first; epoch <= last; epoch++) {
        for (uint64_t step = 1; step <= STEPS; step++, p++) {
            ck_assert_int_eq(p->event, DAE_PROGRESS_STEP);
            check_common(p, epoch, last, step);
            ck_assert(isnan(p->validation_loss) && isnan(p->validation_psnr));
            ck_assert(p->seconds >= seconds);
            seconds = p->seconds;
        }
        ck_assert_int_eq(p->event, DAE_PROGRESS_EPOCH);
        check_common(p, epoch, last, STEPS);
        ck_assert(p->loss == losses[epoch - 1] && p->loss == p[-1].loss);
        if (validated)
            ck_assert(p->validation_loss == validation[epoch - 1] && p->validation_psnr == psnr[epoch - 1]);
        else
            ck_assert(isnan(p->validation_loss) && isnan(p->validation_psnr));
        p++;
    }
    free(losses);
    free(validation);
    free(psnr);
}

START_TEST(every_step_and_epoch_is_told) {
    stage *s = set_up();
    ok(dae_trainer_fit(s->trainer, s->data, 3));
    check_events(s, 1, 3, false);
    ck_assert(pthread_equal(s->told.thread, pthread_self()));
    /* epochs count over the life of the trainer */
    s->told.count = 0;
    ok(dae_trainer_set_validation(s->trainer, s->validation));
    ok(dae_trainer_fit(s->trainer, s->data, 2));
    check_events(s, 4, 5, true);
    s->told.count = 0;
    ok(dae_trainer_set_progress(s->trainer, NULL, NULL));
    ok(dae_trainer_fit(s->trainer, s->data, 1));
    ck_assert_uint_eq(s->told.count, 0);
    tear_down(s);
}
END_TEST

/* The loss is the mean over the samples so far, each batch's from before its update. */
START_TEST(losses_are_means_so_far) {
    stage *s = set_up();
    dae_model *model = NULL;
    float x[SAMPLES * SIZE];
    double sum = 0;
    ok(dae_model_copy(&model, s->model));
    ok(dae_dataset_read(s->data, 0, 0, SAMPLES, x, NULL));
    ok(dae_trainer_set_shuffle(s->trainer, 0));
    ok(dae_trainer_fit(s->trainer, s->data, 1));
    dae_trainer *step = adam_trainer(model, 1e-2, "mse");
    for (size_t i = 0, done = 0; i < STEPS; i++) {
        size_t count = SAMPLES - done < BATCH ? SAMPLES - done : BATCH;
        double loss = 0;
        ok(dae_trainer_step(step, x + done * SIZE, x + done * SIZE, count, &loss));
        done += count;
        sum += loss * (double)count;
        near(s->told.event[i].loss, sum / (double)done, 1e-12);
    }
    dae_trainer_free(step);
    dae_model_free(model);
    tear_down(s);
}
END_TEST

/* A callback may change the optimizer's options, which count from the next step on. */
static void slow_down(void *user) {
    ok(dae_optimizer_set(user, "learning_rate", 1e-30));
}

START_TEST(a_callback_may_change_the_learning_rate) {
    stage *s = set_up();
    dae_optimizer *sgd = NULL;
    dae_trainer *trainer = NULL;
    float once[PARAMETERS];
    ok(dae_optimizer_create_sgd(&sgd, 0.5));
    ok(dae_trainer_create(&trainer, s->model, sgd, "mse"));
    ok(dae_trainer_set_progress(trainer, note, &s->told));
    s->told.also = slow_down;
    s->told.also_user = sgd;
    float *before = parameters_of(s->model, NULL);
    ok(dae_trainer_set_batch_size(trainer, SAMPLES));
    ok(dae_trainer_fit(trainer, s->data, 1));
    ok(dae_model_get_parameters(s->model, once, PARAMETERS));
    ck_assert_uint_lt(first_difference(before, once, PARAMETERS), PARAMETERS);
    ok(dae_trainer_fit(trainer, s->data, 3));
    float *after = parameters_of(s->model, NULL);
    same_floats(after, once, PARAMETERS);
    free(before);
    free(after);
    dae_trainer_free(trainer);
    dae_optimizer_free(sgd);
    tear_down(s);
}
END_TEST

/* ---- Stopping --------------------------------------------------------------------------------- */

START_TEST(stopping_at_a_step) {
    stage *s = set_up();
    s->told.model = s->model;
    s->told.stop_event = DAE_PROGRESS_STEP;
    s->told.stop_epoch = 3;
    s->told.stop_step = 2;
    fails(dae_trainer_fit(s->trainer, s->data, 10), DAE_ERROR_CANCELLED, "");
    ck_assert_uint_eq(s->told.count, 2 * (STEPS + 1) + 2);
    ck_assert_uint_eq(epochs_of(s->trainer), 2);
    ck_assert_uint_eq(steps_of(s->trainer), 2 * STEPS + 2);
    float *after = parameters_of(s->model, NULL);
    same_floats(after, s->told.parameters, PARAMETERS);
    free(after);
    /* The next fit goes on where this one stopped: what is left of the epoch counts as its first. */
    s->told.count = 0;
    s->told.stop_epoch = 0;
    ok(dae_trainer_fit(s->trainer, s->data, 2));
    ck_assert_uint_eq(s->told.event[0].epoch, 3);
    ck_assert_uint_eq(s->told.event[0].step, 3);
    ck_assert_uint_eq(s->told.event[0].epochs, 4);
    ck_assert_uint_eq(epochs_of(s->trainer), 4);
    ck_assert_uint_eq(steps_of(s->trainer), 4 * STEPS);
    tear_down(s);
}
END_TEST

/* What is left of an epoch goes on in batches of another size. */
START_TEST(steps_of_an_epoch_with_two_sizes_of_batches) {
    stage *s = set_up();
    s->told.stop_event = DAE_PROGRESS_STEP;
    s->told.stop_epoch = 1;
    s->told.stop_step = 2;
    fails(dae_trainer_fit(s->trainer, s->data, 1), DAE_ERROR_CANCELLED, "");
    s->told.count = 0;
    s->told.stop_epoch = 0;
    ok(dae_trainer_set_batch_size(s->trainer, SAMPLES));
    ok(dae_trainer_fit(s->trainer, s->data, 2));
    ck_assert_uint_eq(s->told.event[0].step, 3);
    ck_assert_uint_eq(s->told.event[0].steps, 3);
    ck_assert_uint_eq(s->told.event[2].step, 1);
    ck_assert_uint_eq(s->told.event[2].steps, 1);
    tear_down(s);
}
END_TEST

START_TEST(stopping_at_an_epoch) {
    stage *s = set_up();
    dae_model *straight = NULL;
    ok(dae_model_copy(&straight, s->model));
    ok(dae_trainer_set_validation(s->trainer, s->validation));
    s->told.stop_event = DAE_PROGRESS_EPOCH;
    s->told.stop_epoch = 2;
    fails(dae_trainer_fit(s->trainer, s->data, 10), DAE_ERROR_CANCELLED, "");
    ck_assert_uint_eq(s->told.count, 2 * (STEPS + 1));
    ck_assert_uint_eq(epochs_of(s->trainer), 2);
    ck_assert_uint_eq(steps_of(s->trainer), 2 * STEPS);
    double *validation = history_of(s->trainer, "validation_loss", NULL);
    ck_assert(validation[0] > 0 && validation[1] > 0);
    free(validation);
    /* Nothing was lost between two epochs: going on is as if it had not stopped. */
    s->told.count = 0;
    ok(dae_trainer_fit(s->trainer, s->data, 3));
    ck_assert_uint_eq(s->told.event[0].epoch, 3);
    ck_assert_uint_eq(s->told.event[0].epochs, 5);
    dae_trainer *trainer = adam_trainer(straight, 1e-2, "mse");
    ok(dae_trainer_set_batch_size(trainer, BATCH));
    ok(dae_trainer_fit(trainer, s->data, 5));
    same_parameters(s->model, straight);
    dae_trainer_free(trainer);
    dae_model_free(straight);
    tear_down(s);
}
END_TEST

START_TEST(stopping_at_the_very_end_is_stopping) {
    stage *s = set_up();
    s->told.stop_event = DAE_PROGRESS_EPOCH;
    s->told.stop_epoch = 2;
    fails(dae_trainer_fit(s->trainer, s->data, 2), DAE_ERROR_CANCELLED, "");
    ck_assert_uint_eq(epochs_of(s->trainer), 2);
    /* after the last step: the epoch is not complete without its validation */
    s->told.stop_event = DAE_PROGRESS_STEP;
    s->told.stop_epoch = 3;
    s->told.stop_step = STEPS;
    fails(dae_trainer_fit(s->trainer, s->data, 1), DAE_ERROR_CANCELLED, "");
    ck_assert_uint_eq(steps_of(s->trainer), 3 * STEPS);
    ck_assert_uint_eq(epochs_of(s->trainer), 2);
    tear_down(s);
}
END_TEST

static void stop_it(void *user) {
    dae_trainer_stop(user);
}

START_TEST(stop_from_the_callback) {
    stage *s = set_up();
    s->told.also = stop_it;
    s->told.also_user = s->trainer;
    fails(dae_trainer_fit(s->trainer, s->data, 5), DAE_ERROR_CANCELLED, "");
    ck_assert_uint_le(steps_of(s->trainer), 2);
    ck_assert_uint_eq(epochs_of(s->trainer), 0);
    tear_down(s);
}
END_TEST

/* As with a handler that both stops the trainer and sets what the callback answers. */
START_TEST(stopping_twice_stops_one_fit) {
    stage *s = set_up();
    s->told.also = stop_it;
    s->told.also_user = s->trainer;
    s->told.stop_event = DAE_PROGRESS_STEP;
    s->told.stop_epoch = 1;
    s->told.stop_step = 1;
    fails(dae_trainer_fit(s->trainer, s->data, 5), DAE_ERROR_CANCELLED, "callback");
    ck_assert_uint_eq(steps_of(s->trainer), 1);
    ok(dae_trainer_set_progress(s->trainer, NULL, NULL));
    ok(dae_trainer_fit(s->trainer, s->data, 1));
    ck_assert_uint_eq(steps_of(s->trainer), STEPS);
    tear_down(s);
}
END_TEST

static int32_t stop_and_fail(float *gradient, size_t count, void *user) {
    (void)gradient, (void)count;
    dae_trainer_stop(user);
    return 1;
}

/* A fit that ends for another reason has been stopped all the same. */
START_TEST(stopping_is_for_the_running_fit) {
    stage *s = set_up();
    ok(dae_trainer_set_gradient_hook(s->trainer, stop_and_fail, s->trainer));
    fails(dae_trainer_fit(s->trainer, s->data, 1), DAE_ERROR_CALLBACK, "hook");
    ok(dae_trainer_set_gradient_hook(s->trainer, NULL, NULL));
    ok(dae_trainer_fit(s->trainer, s->data, 1));
    tear_down(s);
}
END_TEST

START_TEST(stop_before_a_fit) {
    stage *s = set_up();
    dae_trainer_stop(s->trainer);
    fails(dae_trainer_fit(s->trainer, s->data, 5), DAE_ERROR_CANCELLED, "");
    ck_assert_uint_eq(steps_of(s->trainer), 1);
    ck_assert_uint_eq(s->told.count, 1);
    ck_assert_uint_eq(epochs_of(s->trainer), 0);
    /* it counts once */
    ok(dae_trainer_fit(s->trainer, s->data, 2));
    ck_assert_uint_eq(steps_of(s->trainer), 2 * STEPS);
    ck_assert_uint_eq(epochs_of(s->trainer), 2);
    tear_down(s);
}
END_TEST

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool running;
    dae_trainer *trainer;
} signal_post;

static void tell_running(void *user) {
    signal_post *post = user;
    pthread_mutex_lock(&post->lock);
    post->running = true;
    pthread_cond_signal(&post->moved);
    pthread_mutex_unlock(&post->lock);
}

static void *stop_when_running(void *user) {
    signal_post *post = user;
    pthread_mutex_lock(&post->lock);
    while (!post->running)
        pthread_cond_wait(&post->moved, &post->lock);
    pthread_mutex_unlock(&post->lock);
    dae_trainer_stop(post->trainer);
    return NULL;
}

START_TEST(stop_from_another_thread) {
    stage *s = set_up();
    signal_post post = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, s->trainer};
    pthread_t thread;
    s->told.also = tell_running;
    s->told.also_user = &post;
    ck_assert_int_eq(pthread_create(&thread, NULL, stop_when_running, &post), 0);
    fails(dae_trainer_fit(s->trainer, s->data, UINT32_MAX - 1), DAE_ERROR_CANCELLED, "");
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    size_t epochs = epochs_of(s->trainer);
    ck_assert_uint_ge(steps_of(s->trainer), epochs * STEPS + 1);
    ck_assert_uint_le(steps_of(s->trainer), (epochs + 1) * STEPS);
    s->told.also = NULL;
    ok(dae_trainer_fit(s->trainer, s->data, 1));
    ck_assert_uint_eq(epochs_of(s->trainer), epochs + 1);
    tear_down(s);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("progress");
    TCase *told = add_case(suite, "what is told");
    tcase_add_test(told, every_step_and_epoch_is_told);
    tcase_add_test(told, losses_are_means_so_far);
    tcase_add_test(told, a_callback_may_change_the_learning_rate);
    TCase *stopping = add_case(suite, "stopping");
    tcase_add_test(stopping, stopping_at_a_step);
    tcase_add_test(stopping, stopping_at_an_epoch);
    tcase_add_test(stopping, steps_of_an_epoch_with_two_sizes_of_batches);
    tcase_add_test(stopping, stopping_at_the_very_end_is_stopping);
    tcase_add_test(stopping, stop_from_the_callback);
    tcase_add_test(stopping, stopping_twice_stops_one_fit);
    tcase_add_test(stopping, stop_before_a_fit);
    tcase_add_test(stopping, stopping_is_for_the_running_fit);
    tcase_add_test(stopping, stop_from_another_thread);
    return suite_main(suite);
}
