#include "training.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int32_t on_progress(const dae_progress *progress, void *user) {
    training *t = user;
    uint64_t steps = steps_of(t->trainer);
    if (progress->event == DAE_PROGRESS_CHECKPOINT_FAILED) {
        t->failures++;
        ck_assert(message_has("could not"));
        ck_assert(isnan(progress->validation_loss) && isnan(progress->validation_psnr));
        return 0;
    }
    if (progress->event == DAE_PROGRESS_STEP && steps == 9 && t->change_rate)
        ok(dae_optimizer_set(t->optimizer, "learning_rate", 0.004));
    return progress->event == DAE_PROGRESS_STEP && steps == t->stop_at;
}

dae_model *make_model(const setting *s) {
    if (s->network != NULL)
        return model_from(5, "%s", s->network);
    size_t hidden = s->hidden != 0 ? s->hidden : HIDDEN;
    return model_from(
        5, "input(%d) | dense(%zu, activation=relu) | dropout(0.25) | dense(%d, activation=sigmoid)", SIZE,
        hidden, SIZE);
}

training *set_up(const setting *s) {
    training *t = must_have(sizeof *t);
    *t = (training){.model = make_model(s)};
    char optimizer[256];
    snprintf(optimizer, sizeof optimizer, "%s | %s",
             s->rule != NULL ? s->rule
             : s->sgd        ? "sgd(0.5, momentum=0.9, nesterov=yes)"
                             : "adam(0.01)",
             s->schedule != NULL ? s->schedule : "constant");
    ok(dae_optimizer_parse(&t->optimizer, optimizer));
    ok(dae_trainer_create(&t->trainer, t->model, t->optimizer, s->loss));
    ok(dae_trainer_set_batch_size(t->trainer, s->batch != 0 ? s->batch : BATCH));
    ok(dae_trainer_set_seed(t->trainer, s->seed));
    ok(dae_trainer_set_shuffle(t->trainer, !s->shuffle_off));
    ok(dae_trainer_set_skip_not_finite(t->trainer, s->skip));
    ok(dae_trainer_set_progress(t->trainer, on_progress, t));
    ok(dae_trainer_set_precision(t->trainer, s->bfloat16 ? DAE_PRECISION_BFLOAT16 : DAE_PRECISION_FLOAT32));
    if (s->frozen != NULL)
        ok(dae_trainer_set_frozen(t->trainer, s->frozen, 1));
    if (s->figures != NULL)
        ok(dae_trainer_set_figures(t->trainer, s->figures));
    if (s->patience > 0)
        ok(dae_trainer_set_early_stopping(t->trainer, s->patience, s->min_delta));
    if (s->validation || s->patience > 0) {
        dae_dataset *validation = random_dataset(20, SIZE, 0, 1, 8);
        ok(dae_trainer_set_validation(t->trainer, validation));
        dae_dataset_free(validation);
    }
    t->data = corrupted(random_dataset(SAMPLES, SIZE, 0, 1, 6), "gaussian(mean=0.1, stddev=0.2) | clip(0, 1)",
                        s->once ? DAE_NOISE_ONCE : DAE_NOISE_FRESH, 7 + s->noise_seed);
    return t;
}

void tear_down(training *t) {
    dae_dataset_free(t->data);
    dae_trainer_free(t->trainer);
    dae_optimizer_free(t->optimizer);
    dae_model_free(t->model);
    free(t);
}

unsigned char *checkpoint_of(const training *t, size_t *size) {
    ok(dae_trainer_serialize_checkpoint(t->trainer, NULL, 0, size));
    unsigned char *bytes = must_have(*size);
    ok(dae_trainer_serialize_checkpoint(t->trainer, bytes, *size, size));
    return bytes;
}

void finish(training *t) {
    size_t done = epochs_of(t->trainer);
    if (done < EPOCHS)
        ok(dae_trainer_fit(t->trainer, t->data, EPOCHS - done));
}

void same_training(const training *a, const training *b) {
    size_t sizes[2] = {0, 0}, epochs = epochs_of(a->trainer);
    unsigned char *files[2];
    const training *both[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        ok(dae_model_serialize(both[i]->model, NULL, 0, &sizes[i]));
        files[i] = must_have(sizes[i]);
        ok(dae_model_serialize(both[i]->model, files[i], sizes[i], &sizes[i]));
    }
    ck_assert_uint_eq(sizes[0], sizes[1]);
    ck_assert_mem_eq(files[0], files[1], sizes[0]);
    free(files[0]);
    free(files[1]);
    ck_assert_uint_eq(epochs_of(b->trainer), epochs);
    ck_assert_uint_eq(steps_of(a->trainer), steps_of(b->trainer));
    const char *column = "";
    for (size_t k = 0; column != NULL; k++) {
        ok(dae_trainer_list_history(a->trainer, k, &column));
        if (column == NULL || strcmp(column, "seconds") == 0)
            continue;
        double *x = history_of(a->trainer, column, NULL), *y = history_of(b->trainer, column, NULL);
        for (size_t i = 0; i < epochs; i++)
            ck_assert(x[i] == y[i] || (isnan(x[i]) && isnan(y[i])));
        free(x);
        free(y);
    }
    uint64_t best[2] = {0, 0};
    double loss[2] = {0, 0};
    dae_status known = dae_trainer_get_best(a->trainer, &best[0], &loss[0]);
    ck_assert_int_eq(dae_trainer_get_best(b->trainer, &best[1], &loss[1]), known);
    ck_assert(best[0] == best[1] && loss[0] == loss[1]);
}

void load_from(training *t, const training *from) {
    size_t size;
    unsigned char *bytes = checkpoint_of(from, &size);
    ok(dae_trainer_deserialize_checkpoint(t->trainer, bytes, size));
    free(bytes);
}
