/* The model file: what it keeps, that it is valid safetensors, and how it is written. Broken files are in
 * check_model_broken.c. */
#define _DEFAULT_SOURCE

#include "golden_files.h"
#include "network.h"
#include "safetensors.h"

#include <dirent.h>
#include <float.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file's bytes as dae_model_serialize() gives them, to free(). */
static unsigned char *serialized(const dae_model *model, size_t *size) {
    size_t again = 0;
    ok(dae_model_serialize(model, NULL, 0, size));
    unsigned char *bytes = must_have(*size);
    ok(dae_model_serialize(model, bytes, *size, &again));
    ck_assert_uint_eq(again, *size);
    return bytes;
}

static dae_model *through_memory(const dae_model *model) {
    size_t size = 0;
    unsigned char *bytes = serialized(model, &size);
    dae_model *loaded = NULL;
    ok(dae_model_deserialize(&loaded, bytes, size));
    free(bytes);
    return loaded;
}

/* ---- What a file keeps ------------------------------------------------------------------------ */

START_TEST(parameters_are_kept_to_the_bit) {
    dae_model *model = trained_model(), *loaded = NULL;
    size_t count = 0;
    float *values = parameters_of(model, &count);
    values[0] = -0.0f;
    values[1] = 1e-44f;
    values[2] = 3.4028235e38f;
    ok(dae_model_set_parameters(model, values, count));
    ok(dae_model_save(model, temp_path("bits.safetensors")));
    ok(dae_model_load(&loaded, temp_path("bits.safetensors")));
    same_parameters(loaded, model);
    free(values);
    dae_model_free(model);
    dae_model_free(loaded);
}
END_TEST

START_TEST(file_and_memory_are_the_same) {
    dae_model *model = trained_model();
    size_t size = 0, file_size = 0, again = 0;
    unsigned char *bytes = serialized(model, &size);
    ok(dae_model_save(model, temp_path("same.safetensors")));
    unsigned char *file = read_file(temp_path("same.safetensors"), &file_size);
    ck_assert_uint_eq(size, file_size);
    ck_assert_mem_eq(bytes, file, size);
    /* and a file that is loaded and saved again is the file that it was */
    dae_model *loaded = through_memory(model);
    unsigned char *second = serialized(loaded, &again);
    ck_assert_uint_eq(again, size);
    ck_assert_mem_eq(bytes, second, size);
    free(bytes);
    free(file);
    free(second);
    dae_model_free(model);
    dae_model_free(loaded);
}
END_TEST

START_TEST(shapes_are_kept) {
    dae_model *model = trained_model(), *loaded = through_memory(model);
    size_t rank = 0, shape[DAE_MAX_RANK], layers = 0;
    ok(dae_model_get_input_shape(loaded, &rank, shape));
    ck_assert(rank == 2 && shape[0] == 2 && shape[1] == 6);
    ok(dae_model_get_output_shape(loaded, &rank, shape));
    ck_assert(rank == 1 && shape[0] == 12);
    ok(dae_model_get_layer_count(loaded, &layers));
    ck_assert_uint_eq(layers, 3);
    dae_model_free(model);
    dae_model_free(loaded);
}
END_TEST

/* Activations, slope, initialisers and dropout have no getter: what both models do with them must be the
 * same, to the bit. */
START_TEST(layers_are_kept) {
    enum { SAMPLES = 20 };
    dae_model *models[2] = {trained_model(), NULL};
    float *inputs = random_floats(SAMPLES * 12, -2, 2, 4), outputs[2][SAMPLES * 12];
    models[1] = through_memory(models[0]);
    for (size_t i = 0; i < 2; i++) {
        dae_session *session = NULL;
        ok(dae_session_create(&session, models[i], SAMPLES));
        ok(dae_session_run(session, inputs, SAMPLES, outputs[i]));
        dae_session_free(session);
    }
    same_floats(outputs[1], outputs[0], SAMPLES * 12);
    for (size_t i = 0; i < 2; i++)
        ok(dae_model_initialize(models[i], 77));
    same_parameters(models[0], models[1]);
    for (size_t i = 0; i < 2; i++) {
        dae_trainer *trainer = sgd_trainer(models[i], 0.5, "mse");
        dae_dataset *data = random_dataset(SAMPLES, 12, 0, 1, 5);
        ok(dae_trainer_fit(trainer, data, 2));
        dae_dataset_free(data);
        dae_trainer_free(trainer);
    }
    same_parameters(models[0], models[1]);
    dae_model_free(models[0]);
    dae_model_free(models[1]);
    free(inputs);
}
END_TEST

START_TEST(every_activation_is_kept) {
    const float inputs[4] = {-1.5f, -0.25f, 0.5f, 2.0f};
    for (size_t a = 0; a < ACTIVATIONS; a++) {
        network net = {1, 1, {{3, ACTIVATION[a]}}, 0.6};
        float outputs[2][12];
        dae_model *model = network_model(&net, 2), *loaded = through_memory(model);
        dae_model *both[2] = {model, loaded};
        for (size_t i = 0; i < 2; i++) {
            dae_session *session = NULL;
            ok(dae_session_create(&session, both[i], 4));
            ok(dae_session_run(session, inputs, 4, outputs[i]));
            dae_session_free(session);
            dae_model_free(both[i]);
        }
        same_floats(outputs[1], outputs[0], 12);
    }
}
END_TEST

/* A file of the library before slopes were written as leaky_relu(0.1). */
START_TEST(older_files_load) {
    static unsigned char bytes[8 + sizeof OLD_MODEL_HEADER + sizeof OLD_MODEL_DATA];
    size_t size = safetensors_join(bytes, OLD_MODEL_HEADER, OLD_MODEL_DATA, sizeof OLD_MODEL_DATA);
    dae_model *model = NULL, *again = NULL;
    dae_session *session = NULL;
    float samples[12], outputs[12], *parameters;
    ok(dae_model_deserialize(&model, bytes, size));
    char *text = text_by_the_rules((text_fn)dae_model_format, model);
    ck_assert_str_eq(text, "input(1, 3) | dense(units=2, activation=leaky_relu(0.1), initializer=he_normal)"
                           " | dropout(rate=0.25)"
                           " | dense(units=2, activation=leaky_relu(0.3), initializer=glorot_uniform)"
                           " | dense(units=3, activation=sigmoid, initializer=glorot_uniform)");
    for (size_t i = 0; i < 12; i++)
        samples[i] = (float)i / 12;
    ok(dae_session_create(&session, model, 4));
    ok(dae_session_run(session, samples, 4, outputs));
    for (size_t i = 0; i < 12; i++)
        near(outputs[i], OLD_OUTPUTS[i], 1e-6);
    parameters = parameters_of(model, NULL);
    ck_assert_mem_eq(parameters, OLD_MODEL_DATA, sizeof OLD_MODEL_DATA);
    /* and what it is written as now loads, too */
    again = through_memory(model);
    same_parameters(again, model);
    free(parameters);
    free(text);
    dae_session_free(session);
    dae_model_free(again);
    dae_model_free(model);
}
END_TEST

START_TEST(noise_and_range_are_kept) {
    dae_model *model = trained_model(), *loaded = through_memory(model);
    dae_noise *noise = NULL;
    char text[128] = "";
    double range[4] = {0, 0, 0, 0};
    ok(dae_model_get_noise(loaded, &noise));
    ck_assert_ptr_nonnull(noise);
    ok(dae_noise_format(noise, text, sizeof text, NULL));
    ck_assert_str_eq(text, "masking(rate=0.1) | gaussian(mean=0.3, stddev=0.7)");
    ok(dae_model_get_range(model, &range[0], &range[1]));
    ok(dae_model_get_range(loaded, &range[2], &range[3]));
    ck_assert(range[0] == range[2] && range[1] == range[3] && range[0] < 0 && range[1] > 1);
    dae_noise_free(noise);
    dae_model_free(model);
    dae_model_free(loaded);
}
END_TEST

/* Inputs of any size have been seen by a model that need not learn from them. */
/* Whether the header of the model's file has a text in it. */
static bool contains(const dae_model *model, const char *text) {
    size_t size = 0;
    unsigned char *bytes = serialized(model, &size);
    bool found = false;
    for (size_t i = 0; i + strlen(text) <= size; i++)
        found |= memcmp(bytes + i, text, strlen(text)) == 0;
    free(bytes);
    return found;
}

/* Recipes upon each other that have more steps than a recipe can hold, and one more upon them. */
START_TEST(noise_of_too_many_steps_is_unknown) {
    const network net = autoencoder(12, 7, "relu", "sigmoid");
    dae_model *model = network_model(&net, 1);
    dae_trainer *trainer = adam_trainer(model, 1e-3, "mse");
    dae_noise *noise = NULL;
    dae_dataset *data = random_dataset(10, 12, 0, 1, 2);
    for (size_t step = 0; step < 66; step++) {
        dae_dataset *clipped = NULL;
        ok(dae_dataset_clip(&clipped, data, 0, 1));
        dae_dataset_free(data);
        data = clipped;
    }
    ok(dae_trainer_fit(trainer, data, 1));
    ok(dae_model_get_noise(model, &noise));
    ck_assert_ptr_null(noise);
    ck_assert(!contains(model, "dae.noise"));
    ck_assert(contains(model, "dae.range"));
    ok(dae_model_initialize(model, 2));
    ck_assert(!contains(model, "dae.range"));
    dae_dataset_free(data);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

START_TEST(the_widest_range_is_kept) {
    const float input[] = {-FLT_MAX, 1e-45f, FLT_MAX}, target = 0.0f, zeros[4] = {0};
    const network net = {3, 1, {{1, "linear"}}, 0};
    dae_model *model = network_model(&net, 1);
    dae_trainer *trainer = sgd_trainer(model, 0.1, "mse");
    double low = 0, high = 0;
    ok(dae_model_set_parameters(model, zeros, 4));
    ok(dae_trainer_step(trainer, input, &target, 1, NULL));
    dae_model *loaded = through_memory(model);
    ok(dae_model_get_range(loaded, &low, &high));
    ck_assert(low == -(double)FLT_MAX && high == (double)FLT_MAX);
    dae_trainer_free(trainer);
    dae_model_free(model);
    dae_model_free(loaded);
}
END_TEST

START_TEST(untrained_models_and_slices_are_kept) {
    const network net = autoencoder(12, 7, "relu", "sigmoid");
    dae_model *model = network_model(&net, 1), *loaded = through_memory(model), *decoder = NULL;
    dae_noise *noise = NULL;
    double low = 0, high = 0;
    ok(dae_model_get_noise(loaded, &noise));
    ck_assert_ptr_null(noise);
    fails(dae_model_get_range(loaded, &low, &high), DAE_ERROR_STATE, "");
    dae_model_free(loaded);
    ok(dae_model_slice(&decoder, model, "0", NULL));
    loaded = through_memory(decoder);
    same_parameters(loaded, decoder);
    float bias[12];
    ok(dae_model_get_tensor(loaded, "0.bias", bias, 12));
    dae_model_free(loaded);
    dae_model_free(decoder);
    dae_model_free(model);
}
END_TEST

/* ---- The format ------------------------------------------------------------------------------- */

START_TEST(files_are_valid_safetensors) {
    dae_model *model = trained_model();
    safetensors file;
    size_t size = 0;
    float *parameters = parameters_of(model, NULL);
    unsigned char *bytes = serialized(model, &size);
    const struct {
        const char *name;
        size_t rank, dims[2], first;
    } expected[] = {{"0.weight", 2, {7, 12}, 0},
                    {"0.bias", 1, {7, 0}, 84},
                    {"2.weight", 2, {12, 7}, 91},
                    {"2.bias", 1, {12, 0}, 175}};
    safetensors_read(&file, bytes, size);
    ck_assert_uint_eq(file.tensors, 4);
    ck_assert_uint_gt(file.notes, 0);
    for (size_t i = 0; i < 4; i++) {
        const safetensors_entry *tensor = safetensors_find(&file, expected[i].name);
        ck_assert_uint_eq(tensor->rank, expected[i].rank);
        ck_assert_mem_eq(tensor->dims, expected[i].dims, tensor->rank * sizeof(size_t));
        size_t count = (tensor->end - tensor->begin) / sizeof(float);
        for (size_t j = 0; j < count; j++) {
            const unsigned char *at = bytes + file.data_at + tensor->begin + j * 4;
            uint32_t word = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
                            (uint32_t)at[3] << 24;
            float value;
            memcpy(&value, &word, sizeof value);
            same_floats(&value, parameters + expected[i].first + j, 1);
        }
    }
    free(bytes);
    free(parameters);
    dae_model_free(model);
}
END_TEST

/* Spaces behind the header are in the format: writers use them to align the data. */
START_TEST(padding_is_read) {
    dae_model *model = trained_model(), *loaded = NULL;
    safetensors file;
    size_t size = 0;
    unsigned char *bytes = serialized(model, &size);
    safetensors_read(&file, bytes, size);
    for (size_t pad = 1; pad <= 16; pad++) {
        unsigned char *padded = must_have(size + pad);
        uint64_t length = file.data_at - 8 + pad;
        memcpy(padded, bytes, file.data_at);
        memset(padded + file.data_at, ' ', pad);
        memcpy(padded + file.data_at + pad, bytes + file.data_at, file.data_size);
        for (size_t i = 0; i < 8; i++)
            padded[i] = (unsigned char)(length >> 8 * i);
        ok(dae_model_deserialize(&loaded, padded, size + pad));
        same_parameters(loaded, model);
        dae_model_free(loaded);
        free(padded);
    }
    free(bytes);
    dae_model_free(model);
}
END_TEST

START_TEST(serializing_measures_first) {
    dae_model *model = trained_model();
    size_t size = 0, again = 0;
    unsigned char *bytes = serialized(model, &size), *small = must_have(size);
    memset(small, 0xEE, size);
    fails(dae_model_serialize(model, small, size - 1, &again), DAE_ERROR_ARGUMENT, "capacity");
    ck_assert_uint_eq(again, size);
    for (size_t i = 0; i < size; i++)
        ck_assert_uint_eq(small[i], 0xEE);
    fails(dae_model_serialize(model, NULL, size, &again), DAE_ERROR_ARGUMENT, "bytes");
    fails(dae_model_serialize(model, small, size, NULL), DAE_ERROR_ARGUMENT, "size");
    fails(dae_model_serialize(NULL, small, size, &again), DAE_ERROR_ARGUMENT, "model");
    free(bytes);
    free(small);
    dae_model_free(model);
}
END_TEST

/* ---- Writing ---------------------------------------------------------------------------------- */

/* Entries of a folder other than . and .. */
static size_t entries(const char *folder) {
    size_t count = 0;
    DIR *opened = opendir(folder);
    ck_assert_ptr_nonnull(opened);
    for (struct dirent *entry = readdir(opened); entry != NULL; entry = readdir(opened))
        count += entry->d_name[0] != '.' || (entry->d_name[1] != '\0' && entry->d_name[1] != '.');
    closedir(opened);
    return count;
}

START_TEST(arguments_are_checked) {
    dae_model *model = trained_model(), *loaded = NULL;
    fails(dae_model_save(NULL, temp_path("x")), DAE_ERROR_ARGUMENT, "model");
    fails(dae_model_save(model, NULL), DAE_ERROR_ARGUMENT, "path");
    fails(dae_model_load(NULL, temp_path("x")), DAE_ERROR_ARGUMENT, "out");
    fails(dae_model_load(&loaded, NULL), DAE_ERROR_ARGUMENT, "path");
    fails(dae_model_deserialize(NULL, "x", 1), DAE_ERROR_ARGUMENT, "out");
    fails(dae_model_deserialize(&loaded, NULL, 1), DAE_ERROR_ARGUMENT, "bytes");
    ck_assert_ptr_null(loaded);
    dae_model_free(model);
}
END_TEST

START_TEST(missing_files_are_named) {
    dae_model *model = trained_model(), *loaded = NULL;
    fails(dae_model_load(&loaded, temp_path("absent.safetensors")), DAE_ERROR_IO, "absent.safetensors");
    fails(dae_model_save(model, temp_path("absent/x.safetensors")), DAE_ERROR_IO, "absent");
    ck_assert_ptr_null(loaded);
    dae_model_free(model);
}
END_TEST

START_TEST(saving_replaces_and_leaves_nothing_else) {
    char folder[4096];
    dae_model *model = trained_model(), *loaded = NULL;
    snprintf(folder, sizeof folder, "%s", temp_path("folder"));
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    write_file(temp_path("folder/model"), "something else, and longer than nothing", 39);
    for (int i = 0; i < 2; i++) {
        ok(dae_model_save(model, temp_path("folder/model")));
        ck_assert_uint_eq(entries(folder), 1);
        ok(dae_model_load(&loaded, temp_path("folder/model")));
        dae_model_free(loaded);
    }
    /* a folder cannot be replaced, nor read as a file */
    ck_assert_int_eq(mkdir(temp_path("folder/inner"), 0700), 0);
    loaded = NULL;
    fails(dae_model_save(model, temp_path("folder/inner")), DAE_ERROR_IO, "inner");
    fails(dae_model_load(&loaded, temp_path("folder/inner")), DAE_ERROR_IO, "inner");
    ck_assert_ptr_null(loaded);
    ck_assert_uint_eq(entries(folder), 2);
    dae_model_free(model);
}
END_TEST

/* The file at `path` is as it was, and alone in its folder. */
static void untouched(const char *folder, const char *path, const unsigned char *before, size_t size) {
    size_t after_size = 0;
    unsigned char *after = read_file(path, &after_size);
    ck_assert_uint_eq(after_size, size);
    ck_assert_mem_eq(after, before, size);
    ck_assert_uint_eq(entries(folder), 1);
    free(after);
}

START_TEST(a_full_disk_leaves_the_old_file) {
    char folder[4096];
    dae_model *model = trained_model();
    size_t size = 0, needed = 0;
    struct rlimit limit;
    snprintf(folder, sizeof folder, "%s", temp_path("full"));
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    ok(dae_model_save(model, temp_path("full/model")));
    unsigned char *before = read_file(temp_path("full/model"), &size);
    ok(dae_model_initialize(model, 99));
    ok(dae_model_serialize(model, NULL, 0, &needed));
    /* Writing beyond this many bytes fails as it does on a full disk. */
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    rlim_t usual = limit.rlim_cur;
    for (size_t room = 0; room < needed; room += needed / 3) {
        limit.rlim_cur = (rlim_t)room;
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
        dae_status status = dae_model_save(model, temp_path("full/model"));
        limit.rlim_cur = usual;
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
        ck_assert_msg(status == DAE_ERROR_IO, "%zu bytes of room gave %s", room, dae_status_name(status));
        ck_assert(message_has("full/model"));
        untouched(folder, temp_path("full/model"), before, size);
    }
    ok(dae_model_save(model, temp_path("full/model")));
    free(before);
    dae_model_free(model);
}
END_TEST

START_TEST(an_unwritable_folder_leaves_the_old_file) {
    enum { NOBODY = 65534 };
    char folder[4096], model_path[4096];
    dae_model *model = trained_model();
    size_t size = 0;
    snprintf(folder, sizeof folder, "%s", temp_path("closed"));
    snprintf(model_path, sizeof model_path, "%s", temp_path("closed/model"));
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    ok(dae_model_save(model, model_path));
    unsigned char *before = read_file(model_path, &size);
    ck_assert_int_eq(chmod(folder, 0500), 0);
    bool root = geteuid() == 0; /* root writes everywhere */
    if (root)
        ck_assert_int_eq(seteuid(NOBODY), 0);
    dae_status status = dae_model_save(model, model_path);
    bool named = message_has("closed/model");
    if (root)
        ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(chmod(folder, 0700), 0);
    ck_assert_msg(status == DAE_ERROR_IO, "saving gave %s", dae_status_name(status));
    ck_assert(named);
    untouched(folder, model_path, before, size);
    free(before);
    dae_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("model file");
    TCase *kept = add_case(suite, "what is kept");
    tcase_add_test(kept, parameters_are_kept_to_the_bit);
    tcase_add_test(kept, file_and_memory_are_the_same);
    tcase_add_test(kept, shapes_are_kept);
    tcase_add_test(kept, layers_are_kept);
    tcase_add_test(kept, every_activation_is_kept);
    tcase_add_test(kept, older_files_load);
    tcase_add_test(kept, noise_and_range_are_kept);
    tcase_add_test(kept, noise_of_too_many_steps_is_unknown);
    tcase_add_test(kept, the_widest_range_is_kept);
    tcase_add_test(kept, untrained_models_and_slices_are_kept);
    TCase *format = add_case(suite, "format");
    tcase_add_test(format, files_are_valid_safetensors);
    tcase_add_test(format, padding_is_read);
    tcase_add_test(format, serializing_measures_first);
    TCase *writing = add_case(suite, "writing");
    tcase_add_test(writing, arguments_are_checked);
    tcase_add_test(writing, missing_files_are_named);
    tcase_add_test(writing, saving_replaces_and_leaves_nothing_else);
    tcase_add_test(writing, a_full_disk_leaves_the_old_file);
    tcase_add_test(writing, an_unwritable_folder_leaves_the_old_file);
    return suite_main(suite);
}
