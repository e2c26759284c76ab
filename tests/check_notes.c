/* Notes: facts of the user's own that stay with a model, its copies and its files. */
#include "network.h"
#include "safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every character that JSON escapes, two to four bytes of UTF-8, and what would end the string. */
static const char strange[] =
    "\x01\t\n\x1f \"quoted\" \\ / \x7f \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 \",\"dae.format\":\"9";

static dae_model *small_model(void) {
    dae_model *model = NULL;
    ok(dae_model_parse(&model, "input(3) | dense(2, activation=relu) as code | dense(3)"));
    ok(dae_model_initialize(model, 5));
    return model;
}

/* The note is there, by all rules of texts; or is not, where `text` is NULL. */
static void has_note(const dae_model *model, const char *key, const char *text) {
    char buffer[DAE_MAX_NOTE_TEXT + 1];
    size_t length = 0;
    if (text == NULL) {
        fails(dae_model_get_note(model, key, buffer, sizeof buffer, NULL), DAE_ERROR_ARGUMENT, "no note");
        return;
    }
    ok(dae_model_get_note(model, key, buffer, sizeof buffer, &length));
    ck_assert_str_eq(buffer, text);
    ck_assert_uint_eq(length, strlen(text));
}

static size_t count_notes(const dae_model *model) {
    const char *key = NULL;
    size_t count = 0;
    do
        ok(dae_model_list_note(model, count++, &key));
    while (key != NULL);
    return count - 1;
}

static dae_model *through_memory(const dae_model *model) {
    unsigned char bytes[1 << 17];
    size_t size = 0;
    dae_model *loaded = NULL;
    ok(dae_model_serialize(model, bytes, sizeof bytes, &size));
    ok(dae_model_deserialize(&loaded, bytes, size));
    return loaded;
}

START_TEST(notes_are_set_replaced_and_forgotten) {
    dae_model *model = small_model();
    const char *key = "";
    ck_assert_uint_eq(count_notes(model), 0);
    ok(dae_model_set_note(model, "b", "second"));
    ok(dae_model_set_note(model, "c", "third"));
    ok(dae_model_set_note(model, "a", "first"));
    ok(dae_model_set_note(model, "b", strange));
    ck_assert_uint_eq(count_notes(model), 3);
    ok(dae_model_list_note(model, 1, &key));
    ck_assert_str_eq(key, "b");
    has_note(model, "a", "first");
    has_note(model, "b", strange);
    ok(dae_model_set_note(model, "b", NULL));
    ok(dae_model_set_note(model, "b", NULL)); /* which is not there */
    has_note(model, "b", NULL);
    has_note(model, "c", "third");
    ok(dae_model_set_note(model, "a", NULL));
    ok(dae_model_set_note(model, "c", NULL));
    ck_assert_uint_eq(count_notes(model), 0);
    dae_model_free(model);
}
END_TEST

static dae_status get_strange(const void *model, char *buffer, size_t capacity, size_t *length) {
    return dae_model_get_note(model, "strange", buffer, capacity, length);
}

START_TEST(a_note_is_a_text_like_every_other) {
    dae_model *model = small_model();
    ok(dae_model_set_note(model, "strange", strange));
    char *text = text_by_the_rules(get_strange, model);
    ck_assert_str_eq(text, strange);
    free(text);
    dae_model_free(model);
}
END_TEST

START_TEST(copies_slices_and_files_have_them) {
    dae_model *model = small_model(), *copy = NULL, *slice = NULL;
    ok(dae_model_set_note(model, strange + 4, strange));
    ok(dae_model_set_note(model, "empty", ""));
    ok(dae_model_copy(&copy, model));
    ok(dae_model_slice(&slice, model, NULL, "code"));
    dae_model *models[] = {copy, slice, through_memory(model), through_memory(slice)};
    ok(dae_model_set_note(model, "empty", "no more")); /* of others no longer */
    for (size_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(count_notes(models[i]), 2);
        has_note(models[i], strange + 4, strange);
        has_note(models[i], "empty", "");
        dae_model_free(models[i]);
    }
    ok(dae_model_initialize(model, 6));
    has_note(model, "empty", "no more");
    dae_model_free(model);
}
END_TEST

START_TEST(training_and_checkpoints_keep_them) {
    dae_model *model = small_model(), *other = small_model();
    dae_trainer *trainer = sgd_trainer(model, 0.1, "mse"), *second = sgd_trainer(other, 0.1, "mse");
    float data[6] = {1, 2, 3, 4, 5, 6};
    unsigned char bytes[1 << 16];
    size_t size = 0;
    dae_dataset *dataset = array_dataset(data, 2, 3);
    ok(dae_model_set_note(model, "sensor", strange));
    ok(dae_model_set_note(other, "lost", "not in the file"));
    ok(dae_trainer_fit(trainer, dataset, 2));
    has_note(model, "sensor", strange);
    ok(dae_trainer_serialize_checkpoint(trainer, bytes, sizeof bytes, &size));
    ok(dae_trainer_deserialize_checkpoint(second, bytes, size));
    has_note(other, "sensor", strange);
    has_note(other, "lost", NULL);
    dae_trainer_free(trainer);
    dae_trainer_free(second);
    dae_dataset_free(dataset);
    dae_model_free(model);
    dae_model_free(other);
}
END_TEST

START_TEST(the_model_of_a_checkpoint_has_them) {
    dae_model *model = trained_model(), *loaded = NULL;
    dae_trainer *trainer = sgd_trainer(model, 0.1, "mse");
    float first[512], second[512];
    double bounds[4];
    size_t count = 0;
    ok(dae_model_set_note(model, "sensor", strange));
    ok(dae_trainer_save_checkpoint(trainer, "notes.checkpoint"));
    ok(dae_model_load_checkpoint(&loaded, "notes.checkpoint"));
    has_note(loaded, "sensor", strange);
    ok(dae_model_get_parameter_count(model, &count));
    ck_assert_uint_le(count, 512);
    ok(dae_model_get_parameters(model, first, count));
    ok(dae_model_get_parameters(loaded, second, count));
    ck_assert_mem_eq(first, second, count * sizeof *first);
    ok(dae_model_get_range(model, &bounds[0], &bounds[1]));
    ok(dae_model_get_range(loaded, &bounds[2], &bounds[3]));
    ck_assert(bounds[0] == bounds[2] && bounds[1] == bounds[3]);
    dae_model_free(loaded);
    loaded = NULL;
    ok(dae_model_save(model, "notes.safetensors"));
    fails(dae_model_load_checkpoint(&loaded, "notes.safetensors"), DAE_ERROR_FORMAT, "not a checkpoint");
    fails(dae_model_load_checkpoint(&loaded, "nowhere.checkpoint"), DAE_ERROR_IO, "nowhere.checkpoint");
    ck_assert_ptr_null(loaded);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

START_TEST(bounds_are_said_and_kept) {
    static const char *const bad[] = {"\x80",
                                      "a\xc0\xaf",
                                      "\xc3",
                                      "\xe0\x80\x80",
                                      "\xed\xa0\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf8\x88\x80\x80\x80"};
    dae_model *model = small_model();
    char key[DAE_MAX_NOTE_KEY + 2] = "", *text = must_have(DAE_MAX_NOTE_TEXT + 2);
    memset(key, 'k', sizeof key - 1);
    memset(text, '\x01', DAE_MAX_NOTE_TEXT + 1);
    text[DAE_MAX_NOTE_TEXT + 1] = '\0';
    fails(dae_model_set_note(model, "", "text"), DAE_ERROR_ARGUMENT, "0 bytes, expected 1 to 63");
    fails(dae_model_set_note(model, key, "text"), DAE_ERROR_ARGUMENT, "64 bytes, expected 1 to 63");
    fails(dae_model_set_note(model, "key", text), DAE_ERROR_ARGUMENT, "16001 bytes, expected 0 to 16000");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fails(dae_model_set_note(model, "key", bad[i]), DAE_ERROR_ARGUMENT, "text of a note is not UTF-8");
        fails(dae_model_set_note(model, bad[i], ""), DAE_ERROR_ARGUMENT, "key of a note is not UTF-8");
    }
    ck_assert_uint_eq(count_notes(model), 0);
    key[DAE_MAX_NOTE_KEY] = text[DAE_MAX_NOTE_TEXT] = '\0';
    ok(dae_model_set_note(model, key, text));
    dae_model *loaded = through_memory(model);
    has_note(loaded, key, text);
    for (int i = 1; i < DAE_MAX_NOTES; i++) {
        snprintf(key, sizeof key, "%d", i);
        ok(dae_model_set_note(model, key, key));
    }
    fails(dae_model_set_note(model, "more", ""), DAE_ERROR_ARGUMENT, "64 notes");
    ok(dae_model_set_note(model, "7", "seven"));
    ck_assert_uint_eq(count_notes(model), DAE_MAX_NOTES);
    free(text);
    dae_model_free(model);
    dae_model_free(loaded);
}
END_TEST

/* Loads a model's file with more in its metadata. */
static dae_status load_with(const char *metadata, dae_model **out) {
    dae_model *model = small_model();
    unsigned char bytes[1 << 12];
    char *header = must_have(1 << 12);
    size_t size = 0;
    ok(dae_model_serialize(model, bytes, sizeof bytes, &size));
    size_t length = bytes[0] + 256U * bytes[1], more = strlen(metadata),
           begin = strlen("{\"__metadata__\":{");
    memcpy(header, bytes + 8, begin);
    memcpy(header + begin, metadata, more);
    memcpy(header + begin + more, bytes + 8 + begin, length - begin);
    size_t total = length + more, data = size - 8 - length;
    unsigned char *file = must_have(8 + total + data);
    memset(file, 0, 8);
    file[0] = (unsigned char)(total % 256);
    file[1] = (unsigned char)(total / 256);
    memcpy(file + 8, header, total);
    memcpy(file + 8 + total, bytes + 8 + length, data);
    dae_status status = dae_model_deserialize(out, file, 8 + total + data);
    free(file);
    free(header);
    dae_model_free(model);
    return status;
}

START_TEST(files_of_others_are_read_and_broken_ones_refused) {
    dae_model *model = NULL;
    ok(load_with("\"dae.note.e\":\"\\ud83d\\ude00\\u00e4\",", &model)); /* as Python's json writes it */
    has_note(model, "e", "\xf0\x9f\x98\x80\xc3\xa4");
    dae_model_free(model);
    model = NULL;
    fails(load_with("\"dae.note.e\":\"\\ud83d\",", &model), DAE_ERROR_FORMAT, "not UTF-8");
    fails(load_with("\"dae.note.e\":\"\\ud83d\\u0041\",", &model), DAE_ERROR_FORMAT, "not UTF-8");
    fails(load_with("\"dae.note.\":\"a\",", &model), DAE_ERROR_FORMAT, "key of a note");
    fails(load_with("\"dae.note.a\":\"b\",\"dae.note.a\":\"c\",", &model), DAE_ERROR_FORMAT,
          "dae.note.a twice");
    ck_assert_ptr_null(model);
}
END_TEST

START_TEST(failed_allocations_change_nothing) {
    dae_model *model = small_model();
    ok(dae_model_set_note(model, "a", "1"));
    heap_watch();
    heap_fail_at(1, false);
    fails(dae_model_set_note(model, "a", "2"), DAE_ERROR_MEMORY, "");
    has_note(model, "a", "1");
    ok(dae_model_set_note(model, "a", NULL));
    heap_unwatch();
    dae_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("notes");
    TCase *notes = add_case(suite, "notes");
    tcase_add_test(notes, notes_are_set_replaced_and_forgotten);
    tcase_add_test(notes, a_note_is_a_text_like_every_other);
    tcase_add_test(notes, copies_slices_and_files_have_them);
    tcase_add_test(notes, training_and_checkpoints_keep_them);
    tcase_add_test(notes, the_model_of_a_checkpoint_has_them);
    tcase_add_test(notes, bounds_are_said_and_kept);
    tcase_add_test(notes, files_of_others_are_read_and_broken_ones_refused);
    tcase_add_test(notes, failed_allocations_change_nothing);
    return suite_main(suite);
}
