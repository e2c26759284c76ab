/* Ends of ranges that no other suite comes to: sizes that just do not fit, models without parameters, nothing
 * to do, and texts in other spellings. */
#include "network.h"
#include "safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Sizes ------------------------------------------------------------------------------------ */

/* A layer takes and gives at most 2^31 - 1 values, and all parameters together are at most SIZE_MAX / 8 (as
 * doubles they can still be addressed), 2^61 - 1 or 2^29 - 1: products that just fit, and sums that do not.
 */
enum { HALF = SIZE_MAX > UINT32_MAX ? 30 : 14, MOST_UNITS = (int)((UINT32_C(2) << HALF) - 1) };
static const size_t many_inputs = (size_t)1 << HALF;

static dae_layer *dense(size_t units) {
    dae_layer *layer = NULL;
    ok(dae_layer_create_dense(&layer, units, "linear"));
    return layer;
}

START_TEST(parameters_of_a_layer_must_be_addressable) {
    dae_model *model = NULL, *small = NULL;
    dae_layer *layer = dense(MOST_UNITS);
    /* the weights fit, with the biases they do not */
    ok(dae_model_create(&model, 1, (const size_t[]){many_inputs}));
    fails(dae_model_add(model, layer), DAE_ERROR_ARGUMENT, "addressed");
    /* layer and model are as before */
    ok(dae_model_create(&small, 1, (const size_t[]){2}));
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
    ok(dae_model_create(&model, 1, (const size_t[]){many_inputs}));
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
    ok(dae_noise_parse(&noise, "masking(0.5)"));
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

/* The parameters after steps of 120 sizes, all of them twice; to free(). */
static float *stepped_with_many_sizes(size_t *count) {
    enum { SIZE = 12, LEAST = 9, MOST = 128 };
    network net = autoencoder(SIZE, 8, "relu", "linear");
    dae_model *model = network_model(&net, 1);
    dae_trainer *trainer = sgd_trainer(model, 1e-2, "mse");
    float *values = random_floats(MOST * SIZE, 0, 1, 3);
    for (size_t round = 0; round < 2; round++)
        for (size_t size = LEAST; size <= MOST; size++)
            ok(dae_trainer_step(trainer, values, values, size, NULL));
    float *parameters = parameters_of(model, count);
    free(values);
    dae_trainer_free(trainer);
    dae_model_free(model);
    return parameters;
}

/* A backend keeps what it has compiled for 256 products at most, and gets along with more. */
START_TEST(batches_may_have_many_sizes) {
    size_t count;
    ok(dae_set_num_threads(1));
    float *alone = stepped_with_many_sizes(&count);
    ok(dae_set_num_threads(2));
    float *together = stepped_with_many_sizes(&count);
    same_floats(together, alone, count);
    free(alone);
    free(together);
}
END_TEST

/* ---- Sources ---------------------------------------------------------------------------------- */

enum { COUNT = 60, SIDE = 5 };

/* The parameters after two epochs on the dataset, which is freed; to free(). */
static float *trained_on(dae_dataset *dataset, size_t *count) {
    network net = autoencoder(SIDE * SIDE, 7, "relu", "sigmoid");
    dae_model *model = network_model(&net, 1);
    dae_trainer *trainer = adam_trainer(model, 1e-2, "bce");
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
    ok(dae_dataset_view(&cached, array, "cache", 0));
    ok(dae_dataset_parse(&idx, bytes, sizeof bytes, "idx"));
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
    dae_model *model = model_from(1, "input(3) | dropout(0.5)");
    size_t count = 7;
    ok(dae_model_get_parameter_count(model, &count));
    ck_assert_uint_eq(count, 0);
    ok(dae_model_get_parameters(model, NULL, 0));
    ok(dae_model_set_parameters(model, NULL, 0));
    fails(dae_model_get_tensor_info(model, 0, NULL, 0, &count, NULL, NULL), DAE_ERROR_ARGUMENT, "index is 0");
    char *text = text_by_the_rules((text_fn)dae_model_describe, model);
    ck_assert_ptr_null(strstr(text, "Code:"));
    free(text);
    dae_model_free(model);
}
END_TEST

/* Which value is the narrowest depends on the size of the input. */
START_TEST(a_model_for_any_size_tells_no_code) {
    dae_model *model = model_from(1, "input(1, any) | conv1d(2, 3) | conv1d(1, 3)");
    char *text = text_by_the_rules((text_fn)dae_model_describe, model);
    ck_assert_ptr_nonnull(strstr(text, "1 x any"));
    ck_assert_ptr_null(strstr(text, "Code:"));
    free(text);
    dae_model_free(model);
}
END_TEST

START_TEST(rank_and_shape_come_together) {
    dae_model *model = trained_model();
    size_t length, shape[DAE_MAX_RANK];
    fails(dae_model_get_tensor_info(model, 0, NULL, 0, &length, NULL, shape), DAE_ERROR_ARGUMENT, "rank");
    fails(dae_model_get_tensor_info(model, 0, NULL, 0, &length, shape, NULL), DAE_ERROR_ARGUMENT, "shape");
    dae_model_free(model);
}
END_TEST

START_TEST(no_samples_are_no_work) {
    network net = autoencoder(3, 2, "relu", "linear");
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
    network net = autoencoder(10, hidden, "relu", "linear");
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

/* A model's file in which part of the header is replaced, and to whose end a zero float is added if `longer`;
 * to free(). `part` says what: the place in front of the metadata or of the tensors, or the architecture. */
enum part { NOTE, TENSOR, ARCHITECTURE };

static unsigned char *changed_file(enum part part, const char *text, bool longer, size_t *size) {
    dae_model *model = trained_model();
    const char *path = temp_path("limits.safetensors");
    safetensors file;
    ok(dae_model_save(model, path));
    dae_model_free(model);
    unsigned char *bytes = read_file(path, size);
    safetensors_read(&file, bytes, *size);
    span at = {part == NOTE ? file.note[0].key.at : file.tensor[0].entry.at, 0};
    for (size_t i = 0; part == ARCHITECTURE && i < file.notes; i++)
        if (memcmp(bytes + file.note[i].key.at, "\"dae.architecture\"", file.note[i].key.length) == 0)
            at = file.note[i].value;
    size_t length = strlen(text), behind = at.at + at.length;
    unsigned char *changed = must_have(*size + length + 4);
    memcpy(changed, bytes, at.at);
    memcpy(changed + at.at, text, length);
    memcpy(changed + at.at + length, bytes + behind, *size - behind);
    uint64_t header = file.data_at - 8 + length - at.length;
    for (int i = 0; i < 8; i++)
        changed[i] = (unsigned char)(header >> 8 * i);
    free(bytes);
    *size += length - at.length;
    if (longer) {
        memset(changed + *size, 0, 4);
        *size += 4;
    }
    return changed;
}

static void is_refused(enum part part, const char *text, bool longer, const char *word) {
    size_t size;
    dae_model *model = NULL;
    unsigned char *bytes = changed_file(part, text, longer, &size);
    fails(dae_model_deserialize(&model, bytes, size), DAE_ERROR_FORMAT, word);
    ck_assert_ptr_null(model);
    free(bytes);
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
        unsigned char *bytes = changed_file(NOTE, notes[i], false, &size);
        ok(dae_model_deserialize(&model, bytes, size));
        same_parameters(model, same);
        dae_model_free(model);
        free(bytes);
    }
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        is_refused(NOTE, broken[i], false, "");
    dae_model_free(same);
}
END_TEST

START_TEST(files_hold_what_the_architecture_says_and_no_more) {
    is_refused(ARCHITECTURE, "\"input(2, 6)\"", false, "found no layer");
    char extra[400];
    dae_model *model = trained_model();
    size_t count;
    ok(dae_model_get_parameter_count(model, &count));
    dae_model_free(model);
    snprintf(extra, sizeof extra, "\"more\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%zu,%zu]},",
             4 * count, 4 * count + 4);
    is_refused(TENSOR, extra, true, "the architecture needs");
    snprintf(extra, sizeof extra, "\"%0200d\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%zu,%zu]},",
             0, 4 * count, 4 * count + 4);
    is_refused(TENSOR, extra, true, "too long");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("limits");
    TCase *sizes = add_case(suite, "sizes");
    tcase_add_test(sizes, parameters_of_a_layer_must_be_addressable);
    tcase_add_test(sizes, parameters_of_a_model_must_be_addressable);
    tcase_add_test(sizes, noise_has_a_largest_sample);
    tcase_add_test(sizes, batches_may_have_many_sizes);
    TCase *sources = add_case(suite, "sources");
    tcase_add_test(sources, training_does_not_depend_on_where_samples_lie);
    TCase *nothing = add_case(suite, "nothing");
    tcase_add_test(nothing, a_model_may_have_no_parameters);
    tcase_add_test(nothing, a_model_for_any_size_tells_no_code);
    tcase_add_test(nothing, rank_and_shape_come_together);
    tcase_add_test(nothing, no_samples_are_no_work);
    tcase_add_test(nothing, arrays_may_be_empty);
    TCase *texts = add_case(suite, "texts");
    tcase_add_test(texts, a_description_says_how_wide_the_code_is);
    tcase_add_test(texts, one_thread_is_no_threads);
    tcase_add_test(texts, notes_of_others_may_have_any_characters);
    tcase_add_test(texts, files_hold_what_the_architecture_says_and_no_more);
    return suite_main(suite);
}
