/* What is no checkpoint of this training is refused, and changes nothing; so does memory that runs out. */
#include "training.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(another_trainer_is_refused) {
    setting usual = {.patience = 2, .min_delta = 0.5};
    const struct {
        setting other;
        const char *word;
    } cases[] = {
        {{.patience = 2, .min_delta = 0.5, .batch = 9}, "batch size '8', the trainer has '9'"},
        {{.patience = 2, .min_delta = 0.5, .seed = 1}, "seed '0', the trainer has '1'"},
        {{.patience = 2, .min_delta = 0.5, .shuffle_off = 1}, "shuffle '1', the trainer has '0'"},
        {{.patience = 2, .min_delta = 0.5, .skip = 1}, "skip_not_finite '0', the trainer has '1'"},
        {{.patience = 2, .min_delta = 0.5, .bfloat16 = true},
         "precision 'float32', the trainer has 'bfloat16'"},
        {{.patience = 2, .min_delta = 0.5, .loss = "mae"}, "objective 'mse', the trainer has 'mae'"},
        {{.patience = 2, .min_delta = 0.5, .hidden = 9}, "layers"},
        {{.patience = 2, .min_delta = 0.5, .sgd = true}, "optimizer 'adam("},
        {{.patience = 3, .min_delta = 0.5}, "patience '2', the trainer has '3'"},
        {{.patience = 2, .min_delta = 0.25}, "min_delta '0.5', the trainer has '0.25'"},
        {{.validation = true}, "patience '2', the trainer has '0'"},
    };
    training *t = set_up(&usual);
    finish(t);
    ok(dae_trainer_save_checkpoint(t->trainer, temp_path("refused")));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        training *other = set_up(&cases[i].other);
        size_t sizes[2];
        unsigned char *before = checkpoint_of(other, &sizes[0]);
        fails(dae_trainer_load_checkpoint(other->trainer, temp_path("refused")), DAE_ERROR_STATE,
              cases[i].word);
        unsigned char *after = checkpoint_of(other, &sizes[1]);
        ck_assert_uint_eq(sizes[0], sizes[1]);
        ck_assert_mem_eq(before, after, sizes[0]);
        free(before);
        free(after);
        tear_down(other);
    }
    dae_model *model = NULL;
    fails(dae_model_load(&model, temp_path("refused")), DAE_ERROR_FORMAT, "checkpoint");
    ck_assert_ptr_null(model);
    ok(dae_model_save(t->model, temp_path("model")));
    fails(dae_trainer_load_checkpoint(t->trainer, temp_path("model")), DAE_ERROR_FORMAT, "not a checkpoint");
    tear_down(t);
}
END_TEST

/* Whatever a file holds, it is taken over whole or not at all. */
static void is_whole_or_refused(training *t, const unsigned char *own, size_t own_size,
                                const unsigned char *bytes, size_t size) {
    dae_status status = dae_trainer_deserialize_checkpoint(t->trainer, bytes, size);
    if (status == DAE_OK) {
        ok(dae_trainer_deserialize_checkpoint(t->trainer, own, own_size));
        return;
    }
    ck_assert(status == DAE_ERROR_FORMAT || status == DAE_ERROR_STATE || status == DAE_ERROR_NOT_FINITE);
    ck_assert(message_has(""));
    size_t after_size;
    unsigned char *after = checkpoint_of(t, &after_size);
    ck_assert_uint_eq(after_size, own_size);
    ck_assert_mem_eq(after, own, own_size);
    free(after);
}

/* Trained, in the middle of an epoch. */
static training *stopped_training(const setting *s) {
    training *t = set_up(s);
    t->stop_at = 15;
    fails(dae_trainer_fit(t->trainer, t->data, EPOCHS), DAE_ERROR_CANCELLED, "");
    return t;
}

static training *rich_training(void) {
    return stopped_training(&(setting){.patience = 5});
}

START_TEST(every_prefix_is_refused) {
    training *t = rich_training(), *u = set_up(&(setting){.patience = 5});
    size_t size, own_size;
    unsigned char *bytes = checkpoint_of(t, &size), *own = checkpoint_of(u, &own_size);
    for (size_t length = 0; length < size; length++) {
        unsigned char *cut = must_have(length + 1);
        memcpy(cut, bytes, length);
        fails(dae_trainer_deserialize_checkpoint(u->trainer, cut, length), DAE_ERROR_FORMAT, "");
        free(cut);
    }
    is_whole_or_refused(u, own, own_size, bytes, size / 2);
    ok(dae_trainer_deserialize_checkpoint(u->trainer, bytes, size));
    same_training(t, u);
    free(bytes);
    free(own);
    tear_down(t);
    tear_down(u);
}
END_TEST

START_TEST(every_flipped_bit_of_the_header_is_harmless) {
    training *t = rich_training(), *u = set_up(&(setting){.patience = 5});
    size_t size, own_size, header = 0;
    unsigned char *bytes = checkpoint_of(t, &size), *own = checkpoint_of(u, &own_size);
    for (size_t i = 0; i < 8; i++)
        header |= (size_t)bytes[i] << 8 * i;
    for (size_t i = 0; i < 8 + header; i++)
        for (int bit = 0; bit < 8; bit += i < 8 ? 1 : 3) {
            bytes[i] ^= (unsigned char)(1 << bit);
            is_whole_or_refused(u, own, own_size, bytes, size);
            bytes[i] ^= (unsigned char)(1 << bit);
        }
    free(bytes);
    free(own);
    tear_down(t);
    tear_down(u);
}
END_TEST

/* The first place of `text` in the file is overwritten by `other`, of the same length. */
static void refused_of(const setting *s, const char *text, const char *other, dae_status status,
                       const char *word) {
    training *t = stopped_training(s), *u = set_up(s);
    size_t size, at = 0, length = strlen(text);
    unsigned char *bytes = checkpoint_of(t, &size);
    while (at + length < size && memcmp(bytes + at, text, length) != 0)
        at++;
    ck_assert_msg(at + length < size, "no %s in the file", text);
    ck_assert_uint_eq(strlen(other), length);
    memcpy(bytes + at, other, length);
    fails(dae_trainer_deserialize_checkpoint(u->trainer, bytes, size), status, word);
    free(bytes);
    tear_down(t);
    tear_down(u);
}

static void refused_with(const char *text, const char *other, dae_status status, const char *word) {
    refused_of(&(setting){.patience = 5}, text, other, status, word);
}

/* What only some trainings have. */
START_TEST(nonsense_of_options_is_refused) {
    const setting s = {.patience = 5,
                       .schedule = "clip_norm(1) | average(decay=0.5)",
                       .loss = "mse | l2(weight=0.01)",
                       .figures = "mae",
                       .frozen = "0"};
    refused_of(&s, "\"dae.open.sums\"", "\"dae.open.sumz\"", DAE_ERROR_FORMAT, "no dae.open.sums");
    refused_of(&s, "validation_mae\"", "validation_mse\"", DAE_ERROR_STATE, "columns");
    refused_of(&s, "\"dae.columns\"", "\"dae.column_\"", DAE_ERROR_STATE, "columns");
    refused_of(&s, "\"dae.frozen\":\"0\"", "\"dae.frozen\":\"2\"", DAE_ERROR_STATE, "frozen layers '2'");
    refused_of(&s, "\"dae.frozen\"", "\"dae.frozem\"", DAE_ERROR_STATE, "frozen layers ''");
    refused_of(&s, "average(decay=0.5)", "average(decay=1.5)", DAE_ERROR_FORMAT, "decay");
    refused_of(&s, "optimizer.average.0", "optimizer.avirage.0", DAE_ERROR_FORMAT, "optimizer.average.0");
}
END_TEST

START_TEST(nonsense_is_refused) {
    refused_with("\"dae.steps\":\"15\"", "\"dae.steps\":\"-5\"", DAE_ERROR_FORMAT, "dae.steps is '-5'");
    refused_with("\"dae.steps\":", "\"xyz.steps\":", DAE_ERROR_FORMAT, "no dae.steps");
    refused_with("\"dae.history\":\"2\"", "\"dae.history\":\"3\"", DAE_ERROR_FORMAT, "dae.history is '3'");
    refused_with("\"dae.history\":\"2\"", "\"dae.history\":\"1\"", DAE_ERROR_FORMAT,
                 "history has shape 2 x 4");
    refused_with("\"dae.history\":\"2\"", "\"dae.history\":\"0\"", DAE_ERROR_FORMAT, "found 17 tensors");
    refused_with("\"dae.open.counted\":\"24\"", "\"dae.open.counted\":\"25\"", DAE_ERROR_FORMAT,
                 "dae.open.counted");
    refused_with("\"dae.best.epoch\":\"2\"", "\"dae.best.epoch\":\"3\"", DAE_ERROR_FORMAT,
                 "dae.best.epoch is '3'");
    refused_with("\"dae.best.epoch\":\"2\"", "\"dae.best.epoch\":\"0\"", DAE_ERROR_FORMAT, "tensors");
    refused_with("\"dae.stopped\":\"0\"", "\"dae.stopped\":\"2\"", DAE_ERROR_FORMAT, "dae.stopped");
    refused_with("\"dae.checkpoint\":\"1\"", "\"dae.checkpoint\":\"3\"", DAE_ERROR_FORMAT, "newer version");
    refused_with("beta1=0.9", "beta1=9.9", DAE_ERROR_FORMAT, "beta1");
    refused_with("beta2=0.999, epsilon=1e-07", "beta2=0.001, epsilon=1e-30", DAE_ERROR_FORMAT,
                 "expected beta1^2 <= beta2 or an epsilon of at least 1e-11");
    refused_with("\"constant", "\"constanz", DAE_ERROR_FORMAT, "constanz");
    refused_with("\"dae.range\":\"0 1\"", "\"dae.range\":\"1 0\"", DAE_ERROR_FORMAT, "dae.range");
}
END_TEST

/* The second moment of Adam cannot be negative; a file that says so would give NaN in the next step. */
START_TEST(memory_that_cannot_be_is_refused) {
    training *t = rich_training();
    size_t size, parameters, header = 0;
    unsigned char *bytes = checkpoint_of(t, &size);
    ok(dae_model_get_parameter_count(t->model, &parameters));
    for (size_t i = 0; i < 8; i++)
        header |= (size_t)bytes[i] << 8 * i;
    unsigned char *data = bytes + 8 + header;
    const struct {
        size_t set;
        float value;
        dae_status status;
        const char *word;
    } cases[] = {
        {0, NAN, DAE_ERROR_NOT_FINITE, "tensor 0.weight"},
        {1, INFINITY, DAE_ERROR_NOT_FINITE, "tensor optimizer.m.0.weight"},
        {1, 1e20f, DAE_ERROR_FORMAT, "optimizer.m."},
        {2, -1e-3f, DAE_ERROR_FORMAT, "optimizer.v."},
        {3, NAN, DAE_ERROR_NOT_FINITE, "tensor best.0.weight"},
        {0, 3e38f, DAE_ERROR_FORMAT, "expected -1e+38 to 1e+38"},
        {3, -3e38f, DAE_ERROR_FORMAT, "best.* ranges from -3e+38"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char *place = data + (cases[i].set * parameters + 5) * sizeof(float), kept[sizeof(float)];
        memcpy(kept, place, sizeof kept);
        memcpy(place, &cases[i].value, sizeof kept);
        fails(dae_trainer_deserialize_checkpoint(t->trainer, bytes, size), cases[i].status, cases[i].word);
        memcpy(place, kept, sizeof kept);
    }
    ok(dae_trainer_deserialize_checkpoint(t->trainer, bytes, size));
    free(bytes);
    tear_down(t);
}
END_TEST

/* The other way round: what loading would refuse is not written. */
START_TEST(parameters_that_could_not_be_loaded_are_not_saved) {
    training *t = set_up(&(setting){0});
    size_t parameters, size;
    ok(dae_trainer_fit(t->trainer, t->data, 1));
    float *values = parameters_of(t->model, &parameters);
    const float far[] = {2e38f, -2e38f, 1e38f};
    for (size_t i = 0; i < 3; i++) {
        values[3] = far[i];
        ok(dae_model_set_parameters(t->model, values, parameters));
        if (i == 2) {
            load_from(t, t);
            continue;
        }
        fails(dae_trainer_save_checkpoint(t->trainer, temp_path("far")), DAE_ERROR_NOT_FINITE, "1e38");
        fails(dae_trainer_serialize_checkpoint(t->trainer, NULL, 0, &size), DAE_ERROR_NOT_FINITE, "1e38");
    }
    free(values);
    tear_down(t);
}
END_TEST

/* Where `text` stands in the file. */
static unsigned char *find(unsigned char *bytes, size_t size, const char *text) {
    size_t at = 0, length = strlen(text);
    while (at + length < size && memcmp(bytes + at, text, length) != 0)
        at++;
    ck_assert_msg(at + length < size, "no %s in the file", text);
    return bytes + at;
}

/* Values that are finite each, and with which a step would make parameters that are not: without this check it returned
 * DAE_OK. The same with an epsilon that bounds the step, and what Adam can have with any epsilon, are taken. */
START_TEST(memory_that_would_overflow_is_refused) {
    const struct {
        bool sgd;
        const char *options, *instead;
        float slots[2];
        bool taken;
    } cases[] = {
        {true, NULL, NULL, {3e38f, 0}, false},
        {true, NULL, NULL, {1e31f, 0}, true},
        {false, "epsilon=1e-07", "epsilon=1e-30", {1e18f, 0}, false},
        {false, "epsilon=1e-07", "epsilon=1e-30", {1e10f, 1e-38f}, false},
        {false, NULL, NULL, {1e18f, 0}, true},
        {false, "epsilon=1e-07", "epsilon=1e-30", {1e18f, 1e35f}, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        training *t = set_up(&(setting){.sgd = cases[i].sgd, .shuffle_off = 1});
        ok(dae_trainer_fit(t->trainer, t->data, 1));
        size_t size, parameters, header = 0;
        unsigned char *bytes = checkpoint_of(t, &size);
        ok(dae_model_get_parameter_count(t->model, &parameters));
        for (size_t k = 0; k < 8; k++)
            header |= (size_t)bytes[k] << 8 * k;
        for (size_t slot = 0; slot < (cases[i].sgd ? 1u : 2u); slot++)
            memcpy(bytes + 8 + header + (slot + 1) * parameters * sizeof(float), &cases[i].slots[slot],
                   sizeof(float));
        if (cases[i].options != NULL)
            memcpy(find(bytes, size, cases[i].options), cases[i].instead, strlen(cases[i].instead));
        dae_status status = dae_trainer_deserialize_checkpoint(t->trainer, bytes, size);
        ck_assert_msg(status == (cases[i].taken ? DAE_OK : DAE_ERROR_FORMAT), "case %zu gave %s", i,
                      dae_status_name(status));
        ck_assert(cases[i].taken || message_has("optimizer."));
        float *x = random_floats(BATCH * SIZE, 0, 1, 9), *values;
        status = dae_trainer_step(t->trainer, x, x, BATCH, NULL);
        ck_assert(status == DAE_OK || status == DAE_ERROR_NOT_FINITE);
        values = parameters_of(t->model, NULL);
        for (size_t k = 0; k < parameters; k++)
            ck_assert_msg(isfinite(values[k]), "case %zu: parameter %zu is not finite", i, k);
        free(values);
        free(x);
        free(bytes);
        tear_down(t);
    }
}
END_TEST

/* ---- Memory ----------------------------------------------------------------------------------- */

static dae_status save_attempt(void *user) {
    return dae_trainer_save_checkpoint(((training *)user)->trainer, temp_path("memory"));
}

static dae_status load_attempt(void *user) {
    return dae_trainer_load_checkpoint(((training *)user)->trainer, temp_path("memory"));
}

static dae_status serialize_attempt(void *user) {
    unsigned char bytes[16 * 1024];
    size_t size;
    return dae_trainer_serialize_checkpoint(((training *)user)->trainer, bytes, sizeof bytes, &size);
}

START_TEST(memory_that_runs_out_changes_nothing) {
    size_t size, after_size;
    training *t = rich_training();
    dae_dataset *plain = random_dataset(SAMPLES, SIZE, 0, 1, 10);
    t->stop_at = 0;
    ok(dae_trainer_fit(t->trainer, plain, 1)); /* a recipe that is loaded would stay with the model */
    unsigned char *before = checkpoint_of(t, &size);
    ck_assert_uint_gt(every_allocation_fails(save_attempt, t), 0);
    ck_assert_uint_gt(every_allocation_fails(load_attempt, t), 0);
    ck_assert_uint_gt(every_allocation_fails(serialize_attempt, t), 0);
    unsigned char *after = checkpoint_of(t, &after_size);
    ck_assert_uint_eq(size, after_size);
    ck_assert_mem_eq(before, after, size);
    free(before);
    free(after);
    dae_dataset_free(plain);
    tear_down(t);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("checkpoint_broken");
    TCase *refused = add_case(suite, "refused");
    tcase_add_test(refused, another_trainer_is_refused);
    tcase_add_test(refused, every_prefix_is_refused);
    tcase_add_test(refused, every_flipped_bit_of_the_header_is_harmless);
    tcase_add_test(refused, nonsense_is_refused);
    tcase_add_test(refused, nonsense_of_options_is_refused);
    tcase_add_test(refused, memory_that_cannot_be_is_refused);
    tcase_add_test(refused, parameters_that_could_not_be_loaded_are_not_saved);
    tcase_add_test(refused, memory_that_would_overflow_is_refused);
    tcase_add_test(refused, memory_that_runs_out_changes_nothing);
    return suite_main(suite);
}
