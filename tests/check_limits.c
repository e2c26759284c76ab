/* Ends of ranges that no other suite comes to: sizes that just do not fit, models without parameters, nothing to do,
 * and texts in other spellings. */
#include "network.h"
#include "safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Sizes ------------------------------------------------------------------------------------ */

/* A layer takes and gives at most 2^31 - 1 values, and all parameters together are at most 2^61 - 1 (as doubles they
 * can still be addressed): products that just fit, and sums that do not. */
enum { MOST_UNITS = INT32_MAX };
static const size_t many_inputs = (size_t)1 << 30;

static dae_layer *dense(size_t units) {
    dae_layer *layer = NULL;
    ok(dae_layer_create_dense(&layer, units, DAE_ACTIVATION_LINEAR));
    return layer;
}

START_TEST(parameters_of_a_layer_must_be_addressable) {
    dae_model *model = NULL, *small = NULL;
    dae_layer *layer = dense(MOST_UNITS);
    /* the weights fit, with the biases they do not */
    ok(dae_model_create(&model, many_inputs));
    fails(dae_model_add(model, layer), DAE_ERROR_ARGUMENT, "addressed");
    /* layer and model are as before */
    ok(dae_model_create(&small, 2));
    ok(dae_model_add(small, layer));
    dae_layer_free(layer);
    layer = dense(1);
    ok(dae_model_add(model, layer));
    dae_layer_free(layer);
    dae_model_free(small);
    dae_model_free(model);
}
END_TEST

START_TEST(parameters_of_a_model_must_be_addressable) {
    dae_model *model = NULL;
    dae_layer *first = dense(MOST_UNITS - 4), *second = dense(4);
    ok(dae_model_create(&model, many_inputs));
    ok(dae_model_add(model, first));
    fails(dae_model_add(model, second), DAE_ERROR_ARGUMENT, "addressed");
    dae_layer_free(first);
    dae_layer_free(second);
    dae_model_free(model);
}
END_TEST

static int32_t give_nothing(uint64_t first, size_t count, float *out, void *user) {
    (void)first, (void)count, (void)out, (void)user;
    return 1;
}

START_TEST(noise_has_a_largest_sample) {
    const size_t most = (size_t)1 << 26, over = most + 1;
    dae_dataset *dataset = NULL, *noisy = NULL;
    dae_noise *noise = NULL;
    ok(dae_noise_create(&noise));
    ok(dae_dataset_create_callback(&dataset, 1, 1, &over, give_nothing, NULL, NULL));
    fails(dae_dataset_corrupt(&noisy, dataset, noise, DAE_NOISE_FRESH, 1), DAE_ERROR_ARGUMENT, "67108865");
    ck_assert_ptr_null(noisy);
    dae_dataset_free(dataset);
    ok(dae_dataset_create_callback(&dataset, 1, 1, &most, give_nothing, NULL, NULL));
    ok(dae_dataset_corrupt(&noisy, dataset, noise, DAE_NOISE_FRESH, 1));
    dae_dataset_free(noisy);
    dae_dataset_free(dataset);
    dae_noise_free(noise);
}
END_TEST

/* ---- Sources ---------------------------------------------------------------------------------- */

enum { COUNT = 60, SIDE = 5 };

/* The parameters after two epochs on the dataset, which is freed; to free(). */
static float *trained_on(dae_dataset *dataset, size_t *count) {
    network net = autoencoder(SIDE * SIDE, 7, DAE_ACTIVATION_RELU, DAE_ACTIVATION_SIGMOID);
    dae_model *model = network_model(&net, 1);
    dae_trainer *trainer = adam_trainer(model, 1e-2, DAE_LOSS_BCE);
    ok(dae_trainer_fit(trainer, dataset, 2));
    float *parameters = parameters_of(model, count);
    dae_trainer_free(trainer);
    dae_model_free(model);
    dae_dataset_free(dataset);
    return parameters;
}

/* Bytes of a file, an array, and an array kept by a cache: where samples lie makes no difference. */
START_TEST(training_does_not_depend_on_where_samples_lie) {
    unsigned char bytes[16 + COUNT * SIDE * SIDE] = {0, 0, 8, 3,    0, 0, 0, COUNT,
                                                     0, 0, 0, SIDE, 0, 0, 0, SIDE};
    float values[COUNT * SIDE * SIDE];
    for (size_t i = 0; i < COUNT * SIDE * SIDE; i++) {
        bytes[16 + i] = (unsigned char)(i * i % 251);
        values[i] = (float)bytes[16 + i] / 255.0f;
    }
    size_t count;
    dae_dataset *array = array_dataset(values, COUNT, SIDE * SIDE), *cached = NULL, *idx = NULL;
    ok(dae_dataset_cache(&cached, array));
    ok(dae_dataset_parse_idx(&idx, bytes, sizeof bytes));
    float *of_array = trained_on(array, &count);
    float *of_cache = trained_on(cached, &count), *of_idx = trained_on(idx, &count);
    same_floats(of_cache, of_array, count);
    same_floats(of_idx, of_array, count);
    free(of_array);
    free(of_cache);
    free(of_idx);
}
END_TEST

/* ---- Nothing ---------------------------------------------------------------------------------- */

START_TEST(a_model_may_have_no_parameters) {
    dae_model *model = NULL;
    dae_layer *layer = NULL;
    size_t count = 7;
    ok(dae_model_create(&model, 3));
    ok(dae_layer_create_dropout(&layer, 0.5));
    ok(dae_model_add(model, layer));
    ok(dae_model_initialize(model, 1));
    ok(dae_model_get_parameter_count(model, &count));
    ck_assert_uint_eq(count, 0);
    ok(dae_model_get_parameters(model, NULL, 0));
    ok(dae_model_set_parameters(model, NULL, 0));
    char *text = text_by_the_rules((text_fn)dae_model_describe, model);
    ck_assert_ptr_null(strstr(text, "Code:"));
    free(text);
    dae_layer_free(layer);
    dae_model_free(model);
}
END_TEST

START_TEST(no_samples_are_no_work) {
    network net = autoencoder(3, 2, DAE_ACTIVATION_RELU, DAE_ACTIVATION_LINEAR);
    dae_model *model = network_model(&net, 1);
    dae_session *session = NULL;
    ok(dae_session_create(&session, model, 4));
    ok(dae_session_run(session, NULL, 0, NULL));
    dae_session_free(session);
    dae_model_free(model);
}
END_TEST

START_TEST(arrays_may_be_empty) {
    dae_rng *rng = NULL;
    float value = 3;
    ok(dae_rng_create(&rng, 1, 2));
    ok(dae_add_gaussian_noise(NULL, 0, 0, 1, rng));
    ok(dae_clip(NULL, 0, 0, 1));
    fails(dae_clip(NULL, 1, 0, 1), DAE_ERROR_ARGUMENT, "x is NULL");
    fails(dae_add_gaussian_noise(&value, 1, 0, 1, NULL), DAE_ERROR_ARGUMENT, "rng is NULL");
    fails(dae_add_gaussian_noise(&value, 0, 0, 1, NULL), DAE_ERROR_ARGUMENT, "rng is NULL");
    ck_assert(value == 3);
    dae_rng_free(rng);
}
END_TEST

/* ---- Texts ------------------------------------------------------------------------------------ */

static void described(size_t hidden, const char *kind) {
    network net = autoencoder(10, hidden, DAE_ACTIVATION_RELU, DAE_ACTIVATION_LINEAR);
    dae_model *model = network_model(&net, 1);
    char *text = text_by_the_rules((text_fn)dae_model_describe, model);
    ck_assert_msg(strstr(text, kind) != NULL, "\"%s\" is not in\n%s", kind, text);
    free(text);
    dae_model_free(model);
}

START_TEST(a_description_says_how_wide_the_code_is) {
    described(9, "9 values of 10, under-complete");
    described(10, "10 values of 10, of the input's size");
    described(11, "11 values of 10, over-complete");
}
END_TEST

static dae_status write_runtime(const void *unused, char *buffer, size_t capacity, size_t *length) {
    (void)unused;
    return dae_runtime_describe(buffer, capacity, length);
}

START_TEST(one_thread_is_no_threads) {
    ok(dae_set_num_threads(1));
    char *text = text_by_the_rules(write_runtime, NULL);
    ck_assert_str_eq(strrchr(text, ',') + 2, "1 thread");
    free(text);
    ok(dae_set_num_threads(3));
    text = text_by_the_rules(write_runtime, NULL);
    ck_assert_str_eq(strrchr(text, ',') + 2, "3 threads");
    free(text);
}
END_TEST

/* The bytes of a model's file with `note` put in front of its metadata; to free(). */
static unsigned char *with_note(const char *note, size_t *size) {
    dae_model *model = trained_model();
    const char *path = temp_path("limits.safetensors");
    safetensors file;
    ok(dae_model_save(model, path));
    dae_model_free(model);
    unsigned char *bytes = read_file(path, size);
    safetensors_read(&file, bytes, *size);
    size_t at = file.note[0].key.at, more = strlen(note);
    unsigned char *longer = must_have(*size + more);
    memcpy(longer, bytes, at);
    memcpy(longer + at, note, more);
    memcpy(longer + at + more, bytes + at, *size - at);
    uint64_t header = file.data_at - 8 + more;
    for (int i = 0; i < 8; i++)
        longer[i] = (unsigned char)(header >> 8 * i);
    free(bytes);
    *size += more;
    return longer;
}

START_TEST(notes_of_others_may_have_any_characters) {
    static const char *const notes[] = {
        "\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\":\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\",",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",",
        "\"\xc3\xa9\":\"\xe2\x82\xac\",",
    };
    static const char *const broken[] = {"\"\\u00g9\":\"\",", "\"\\x\":\"\",", "\"a\":\"\\u12\","};
    dae_model *model = NULL, *same = trained_model();
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        size_t size;
        unsigned char *bytes = with_note(notes[i], &size);
        ok(dae_model_deserialize(&model, bytes, size));
        same_parameters(model, same);
        dae_model_free(model);
        free(bytes);
    }
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        size_t size;
        unsigned char *bytes = with_note(broken[i], &size);
        fails(dae_model_deserialize(&model, bytes, size), DAE_ERROR_FORMAT, "");
        free(bytes);
    }
    dae_model_free(same);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("limits");
    TCase *sizes = add_case(suite, "sizes");
    tcase_add_test(sizes, parameters_of_a_layer_must_be_addressable);
    tcase_add_test(sizes, parameters_of_a_model_must_be_addressable);
    tcase_add_test(sizes, noise_has_a_largest_sample);
    TCase *sources = add_case(suite, "sources");
    tcase_add_test(sources, training_does_not_depend_on_where_samples_lie);
    TCase *nothing = add_case(suite, "nothing");
    tcase_add_test(nothing, a_model_may_have_no_parameters);
    tcase_add_test(nothing, no_samples_are_no_work);
    tcase_add_test(nothing, arrays_may_be_empty);
    TCase *texts = add_case(suite, "texts");
    tcase_add_test(texts, a_description_says_how_wide_the_code_is);
    tcase_add_test(texts, one_thread_is_no_threads);
    tcase_add_test(texts, notes_of_others_may_have_any_characters);
    return suite_main(suite);
}
