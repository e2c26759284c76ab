/* Model files that are cut, damaged or made to do harm: each gives a clean error or a valid model, asks for
 * no more memory than the file could need, and leaves nothing behind. */
#include "network.h"
#include "safetensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A good file; its header's places are known. */
static unsigned char *good;
static size_t good_size;
static safetensors places;

static void make_good(void) {
    dae_model *model = trained_model();
    ok(dae_model_serialize(model, NULL, 0, &good_size));
    good = must_have(good_size);
    ok(dae_model_serialize(model, good, good_size, &good_size));
    safetensors_read(&places, good, good_size);
    dae_model_free(model);
}

static void free_good(void) {
    free(good);
}

enum {
    /* Most bytes that reading a file of some 2 KB may ask for at once. */
    MODEST = 1 << 18
};

static void put_length(unsigned char *file, uint64_t length) {
    for (size_t i = 0; i < 8; i++)
        file[i] = (unsigned char)(length >> 8 * i);
}

/* Reads a file and checks what must hold for any bytes at all; returns the status. */
static dae_status reading(const unsigned char *bytes, size_t size) {
    dae_model *model = NULL;
    heap_watch();
    heap_limit(MODEST);
    dae_status status = dae_model_deserialize(&model, bytes, size);
    ck_assert_msg(heap_largest() <= MODEST, "%zu bytes asked for at once", heap_largest());
    if (status == DAE_OK) {
        size_t count = 0;
        float *values = parameters_of(model, &count);
        for (size_t i = 0; i < count; i++)
            ck_assert(isfinite(values[i]));
        free(values);
    } else {
        ck_assert_ptr_null(model);
        ck_assert_msg(status == DAE_ERROR_FORMAT || status == DAE_ERROR_NOT_FINITE ||
                          status == DAE_ERROR_UNSUPPORTED,
                      "unexpected %s: %s", dae_status_name(status), dae_last_error());
        ck_assert(message_has(""));
    }
    dae_model_free(model);
    heap_unwatch();
    return status;
}

/* The good file with bytes of its header replaced, and the length put right; to free(). */
static unsigned char *with_header(span place, const char *text, size_t *size) {
    size_t added = strlen(text), rest = place.at + place.length;
    *size = good_size - place.length + added;
    unsigned char *file = must_have(*size);
    memcpy(file, good, place.at);
    memcpy(file + place.at, text, added);
    memcpy(file + place.at + added, good + rest, good_size - rest);
    put_length(file, places.data_at - 8 - place.length + added);
    return file;
}

static dae_status reading_with(span place, const char *text) {
    size_t size = 0;
    unsigned char *file = with_header(place, text, &size);
    dae_status status = reading(file, size);
    free(file);
    return status;
}

/* The replacement must be refused as DAE_ERROR_FORMAT. */
#define refused(place, text)                                                                \
    do {                                                                                    \
        const char *text_ = (text);                                                         \
        dae_status status_ = reading_with((place), text_);                                  \
        ck_assert_msg(status_ == DAE_ERROR_FORMAT, "%s: %.200s gave %s: %s", #place, text_, \
                      dae_status_name(status_), status_ == DAE_OK ? "" : dae_last_error()); \
    } while (0)

static span place_before(span place) {
    span result = {place.at, 0};
    return result;
}

static span place_behind(span place) {
    span result = {place.at + place.length, 0};
    return result;
}

/* The place's text with `tail` behind it, to free(). */
static char *text_of(span place, const char *tail) {
    char *text = must_have(place.length + strlen(tail) + 1);
    memcpy(text, good + place.at, place.length);
    strcpy(text + place.length, tail);
    return text;
}

/* ---- Cut and damaged -------------------------------------------------------------------------- */

START_TEST(the_good_file_is_good) {
    ck_assert_int_eq(reading(good, good_size), DAE_OK);
    ck_assert_int_eq(reading_with(places.tensor[0].dtype, "\"F32\""), DAE_OK);
}
END_TEST

START_TEST(every_prefix_is_refused) {
    for (size_t size = 1; size < good_size; size++) {
        /* a copy of that size, so that reading beyond it shows */
        unsigned char *prefix = must_have(size);
        memcpy(prefix, good, size);
        ck_assert_msg(reading(prefix, size) == DAE_ERROR_FORMAT, "a prefix of %zu bytes was taken", size);
        free(prefix);
    }
    write_file(temp_path("empty"), "", 0);
    dae_model *model = NULL;
    fails(dae_model_load(&model, temp_path("empty")), DAE_ERROR_FORMAT, "empty");
    ck_assert_ptr_null(model);
}
END_TEST

START_TEST(every_flipped_bit_is_survived) {
    size_t refusals = 0;
    unsigned char *file = must_have(good_size);
    memcpy(file, good, good_size);
    for (size_t bit = 0; bit < places.data_at * 8; bit++) {
        unsigned char mask = (unsigned char)(1 << bit % 8);
        file[bit / 8] ^= mask;
        refusals += reading(file, good_size) != DAE_OK;
        file[bit / 8] ^= mask;
    }
    ck_assert_uint_gt(refusals, places.data_at * 8 / 2);
    free(file);
}
END_TEST

START_TEST(every_damaged_byte_is_survived) {
    const unsigned char bytes[] = {0, ' ', '"', '0', '9', '-', 'e', '{', '}', '[', ']', ',', ':', '\\', 0xFF};
    unsigned char *file = must_have(good_size);
    memcpy(file, good, good_size);
    for (size_t at = 8; at < places.data_at; at++)
        for (size_t i = 0; i < sizeof bytes; i++) {
            file[at] = bytes[i];
            reading(file, good_size);
            file[at] = good[at];
        }
    free(file);
}
END_TEST

START_TEST(trailing_bytes_are_refused) {
    unsigned char *file = must_have(good_size + 4);
    memcpy(file, good, good_size);
    memset(file + good_size, 0, 4);
    ck_assert_int_eq(reading(file, good_size + 1), DAE_ERROR_FORMAT);
    ck_assert_int_eq(reading(file, good_size + 4), DAE_ERROR_FORMAT);
    free(file);
}
END_TEST

START_TEST(messages_name_the_file) {
    dae_model *model = NULL;
    write_file(temp_path("cut.safetensors"), good, good_size / 2);
    fails(dae_model_load(&model, temp_path("cut.safetensors")), DAE_ERROR_FORMAT, "cut.safetensors");
    write_file(temp_path("short.safetensors"), good, 5);
    fails(dae_model_load(&model, temp_path("short.safetensors")), DAE_ERROR_FORMAT, "short.safetensors");
    write_file(temp_path("text.safetensors"), "This is no model at all.", 24);
    fails(dae_model_load(&model, temp_path("text.safetensors")), DAE_ERROR_FORMAT, "text.safetensors");
    ck_assert_ptr_null(model);
}
END_TEST

/* ---- Tensors ---------------------------------------------------------------------------------- */

START_TEST(weights_must_be_finite) {
    const uint32_t words[] = {0x7FC00000, 0x7F800000, 0xFF800000, 0x7F800001, 0xFFFFFFFF};
    unsigned char *file = must_have(good_size);
    for (size_t i = 0; i < 5; i++)
        for (size_t at = places.data_at; at < good_size; at += 4) {
            memcpy(file, good, good_size);
            for (size_t b = 0; b < 4; b++)
                file[at + b] = (unsigned char)(words[i] >> 8 * b);
            ck_assert_int_eq(reading(file, good_size), DAE_ERROR_NOT_FINITE);
        }
    free(file);
}
END_TEST

START_TEST(types_other_than_float32_are_refused) {
    const char *types[] = {"\"F64\"", "\"F16\"", "\"BF16\"", "\"I32\"", "\"f32\"", "\"\"", "32", "null"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        refused(places.tensor[i % places.tensors].dtype, types[i]);
}
END_TEST

START_TEST(shapes_must_be_the_architectures) {
    const safetensors_entry *weight = safetensors_find(&places, "0.weight");
    const char *shapes[] = {"[12,7]",
                            "[84]",
                            "[7,12,1]",
                            "[7,11]",
                            "[07,12]",
                            "[]",
                            "[7]",
                            "7",
                            "[-7,-12]",
                            "[7.0,12]x",
                            "[7,\"12\"]",
                            "[0,12]",
                            "[1,1,1,1,1,1,1,7,12]",
                            "[1099511627776,1099511627776]",
                            "[4294967296,4294967296]",
                            "[9223372036854775808,2]",
                            "[18446744073709551615,18446744073709551615]",
                            "[99999999999999999999999,7]"};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        refused(weight->shape, shapes[i]);
}
END_TEST

START_TEST(offsets_must_fill_the_data) {
    const safetensors_entry *weight = safetensors_find(&places, "0.weight");
    char shifted[64], open[64], shorter[64];
    snprintf(shifted, sizeof shifted, "[%zu,%zu]", weight->begin + 4, weight->end + 4);
    snprintf(shorter, sizeof shorter, "[%zu,%zu]", weight->begin, weight->end - 4);
    snprintf(open, sizeof open, "[%zu]", weight->begin);
    const char *offsets[] = {shifted,
                             shorter,
                             open,
                             "[336,0]",
                             "[-336,0]",
                             "[0,1099511627776]",
                             "[1099511627776,1099511628112]",
                             "[18446744073709551280,0]",
                             "[18446744073709551615,335]",
                             "[9223372036854775808,9223372036854776144]",
                             "[0,336,672]",
                             "[]",
                             "0",
                             "[0,\"336\"]",
                             "[1e999,1e999]",
                             "[null,null]"};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++)
        refused(weight->offsets, offsets[i]);
    /* the last tensor beyond the end, with a gap in front of it */
    for (size_t i = 0; i < places.tensors; i++)
        if (places.tensor[i].end == places.data_size) {
            char beyond[64];
            size_t far[] = {4, 1000, (size_t)1 << 30};
            for (size_t j = 0; j < 3; j++) {
                snprintf(beyond, sizeof beyond, "[%zu,%zu]", places.tensor[i].begin + far[j],
                         places.tensor[i].end + far[j]);
                refused(places.tensor[i].offsets, beyond);
            }
        }
    /* two tensors in one place */
    const safetensors_entry *bias = safetensors_find(&places, "0.bias");
    char same[64];
    snprintf(same, sizeof same, "[%zu,%zu]", weight->begin, weight->begin + (bias->end - bias->begin));
    refused(bias->offsets, same);
}
END_TEST

START_TEST(tensors_must_be_the_architectures) {
    const safetensors_entry *bias = safetensors_find(&places, "0.bias");
    const span name = {bias->entry.at, strlen(bias->name) + 2};
    refused(name, "\"0.other\"");
    refused(name, "\"1.bias\"");
    refused(name, "\"0.weight\"");
    refused(name, "\"\"");
    refused(name, "0");
    char *twice = text_of(bias->entry, ",");
    refused(place_before(bias->entry), twice);
    free(twice);
    refused(place_before(bias->entry),
            "\"9.extra\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},");
    refused(bias->entry, "\"0.bias\":null");
    refused(bias->entry, "\"0.bias\":[]");
    refused(bias->entry, "\"0.bias\":{}");
    refused(bias->entry, "\"0.bias\":{\"dtype\":\"F32\",\"shape\":[7]}");
    refused(bias->entry, "\"0.bias\":{\"shape\":[7],\"data_offsets\":[336,364]}");
    refused(bias->entry, "\"0.bias\":{\"dtype\":\"F32\",\"data_offsets\":[336,364]}");
}
END_TEST

START_TEST(keys_must_be_unique) {
    const safetensors_entry *bias = safetensors_find(&places, "0.bias");
    refused(place_before(bias->dtype), "\"F32\",\"dtype\":");
    char *again = text_of(bias->shape, ",\"shape\":");
    refused(place_before(bias->shape), again);
    free(again);
    char *metadata = text_of(places.metadata, ",\"__metadata__\":");
    refused(place_before(places.metadata), metadata);
    free(metadata);
    for (size_t i = 0; i < places.notes; i++) {
        /* what others may write twice is not read */
        if (memcmp(good + places.note[i].key.at, "\"dae.", 5) != 0)
            continue;
        char *value = text_of(places.note[i].value, ",");
        char *key = text_of(places.note[i].key, ":");
        char *both = must_have(strlen(value) + strlen(key) + 1);
        strcpy(both, value);
        strcat(both, key);
        refused(place_before(places.note[i].value), both);
        free(value);
        free(key);
        free(both);
    }
}
END_TEST

/* ---- Header and metadata ---------------------------------------------------------------------- */

START_TEST(header_lengths_are_checked) {
    const uint64_t lengths[] = {0,
                                1,
                                2,
                                places.data_at - 9,
                                places.data_at - 7,
                                good_size - 8,
                                good_size - 7,
                                good_size,
                                100000000,
                                100000001,
                                UINT64_C(1) << 40,
                                UINT64_C(1) << 63,
                                UINT64_MAX - 8,
                                UINT64_MAX - 7,
                                UINT64_MAX};
    unsigned char *file = must_have(good_size);
    memcpy(file, good, good_size);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        put_length(file, lengths[i]);
        ck_assert_msg(reading(file, good_size) == DAE_ERROR_FORMAT, "length %llu was taken",
                      (unsigned long long)lengths[i]);
    }
    free(file);
}
END_TEST

START_TEST(metadata_is_needed_and_made_of_texts) {
    refused(places.metadata, "{}");
    refused(places.metadata, "null");
    refused(places.metadata, "[]");
    refused(places.metadata, "\"x\"");
    for (size_t i = 0; i < places.notes; i++) {
        refused(places.note[i].value, "1");
        refused(places.note[i].value, "null");
        refused(places.note[i].value, "{}");
        reading_with(places.note[i].value, "\"\"");
        reading_with(places.note[i].value, "\"x\"");
        reading_with(places.note[i].key, "\"x\"");
        reading_with(places.note[i].value, "\"\\u0000\"");
        reading_with(places.note[i].value, "\"\\ud800\"");
        refused(places.note[i].value, "\"\\x\"");
    }
    const span whole = {8, places.data_at - 8};
    const char *headers[] = {"{}", "[]", "null", "", " ", "{", "\"", "{\"a\":1}", "0"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        refused(whole, headers[i]);
}
END_TEST

/* Every number of the header, one at a time, becomes one that is too large, negative or absurd. What the
 * metadata says must not be believed before it is checked against the file's size. */
START_TEST(every_number_is_doubted) {
    const char *numbers[] = {"1099511627776",
                             "18446744073709551615",
                             "99999999999999999999",
                             "-1",
                             "4294967295",
                             "2147483648",
                             "1000000",
                             "0",
                             "1e308",
                             "1e999",
                             "nan",
                             "0.5"};
    size_t found = 0;
    for (size_t at = 8; at < places.data_at;) {
        span number = {at, 0};
        while (at < places.data_at && good[at] >= '0' && good[at] <= '9')
            at++;
        number.length = at - number.at;
        at += number.length == 0;
        if (number.length == 0)
            continue;
        found++;
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
            reading_with(number, numbers[i]);
    }
    ck_assert_uint_gt(found, 4 * 3);
}
END_TEST

START_TEST(depth_is_limited) {
    enum { DEPTH = 50000 };
    const char *openings[] = {"[", "{\"a\":", "\"x\":["};
    for (size_t i = 0; i < 3; i++) {
        size_t step = strlen(openings[i]), size = 8 + DEPTH * step + 1;
        unsigned char *file = must_have(size);
        put_length(file, size - 8);
        file[8] = '{';
        for (size_t d = 0; d < DEPTH; d++)
            memcpy(file + 9 + d * step, openings[i], step);
        dae_model *model = NULL;
        fails(dae_model_deserialize(&model, file, size), DAE_ERROR_FORMAT, "");
        file[8] = openings[i][0];
        fails(dae_model_deserialize(&model, file, size), DAE_ERROR_FORMAT, "");
        memset(file + 8, '[', size - 8);
        fails(dae_model_deserialize(&model, file, size), DAE_ERROR_FORMAT, "");
        ck_assert_ptr_null(model);
        free(file);
    }
    char *deep = must_have(DEPTH + 1);
    memset(deep, '[', DEPTH);
    deep[DEPTH] = '\0';
    for (size_t i = 0; i < places.notes; i++) {
        size_t size = 0;
        unsigned char *file = with_header(places.note[i].value, deep, &size);
        dae_model *model = NULL;
        fails(dae_model_deserialize(&model, file, size), DAE_ERROR_FORMAT, "");
        free(file);
    }
    free(deep);
}
END_TEST

/* What stands behind the metadata's last entry must not matter to a reader of this version. */
START_TEST(unknown_metadata_is_ignored) {
    span behind = place_behind(places.note[places.notes - 1].value);
    ck_assert_int_eq(reading_with(behind, ",\"trained_by\":\"somebody\""), DAE_OK);
    ck_assert_int_eq(reading_with(behind, ",\"\\u0000\":\"a zero character: \\u0000\""), DAE_OK);
    enum { LONG = 70000 };
    char *entry = must_have(2 * LONG);
    for (int length = 200; length <= LONG;
         length += 100) { /* on both sides of what is kept of a key and of a value */
        int used = sprintf(entry, ",\"%0*d\":\"", length < 300 ? length : 8, 0);
        sprintf(entry + used, "%0*d\"", length, 0);
        ck_assert_int_eq(reading_with(behind, entry), DAE_OK);
        length += length < 400 ? 0 : 9000;
    }
    free(entry);
}
END_TEST

START_TEST(known_metadata_must_be_readable) {
    size_t known = 0;
    for (size_t i = 0; i < places.notes; i++)
        if (memcmp(good + places.note[i].key.at, "\"dae.architecture\"", 18) == 0) {
            refused(places.note[i].value, "\"\\u0000\"");
            ck_assert_ptr_nonnull(strstr(dae_last_error(), "zero character"));
            known++;
        }
    ck_assert_uint_eq(known, 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("model files that are broken");
    TCase *damaged = add_case(suite, "cut and damaged");
    tcase_add_checked_fixture(damaged, make_good, free_good);
    tcase_add_test(damaged, the_good_file_is_good);
    tcase_add_test(damaged, every_prefix_is_refused);
    tcase_add_test(damaged, every_flipped_bit_is_survived);
    tcase_add_test(damaged, every_damaged_byte_is_survived);
    tcase_add_test(damaged, trailing_bytes_are_refused);
    tcase_add_test(damaged, messages_name_the_file);
    TCase *tensors = add_case(suite, "tensors");
    tcase_add_checked_fixture(tensors, make_good, free_good);
    tcase_add_test(tensors, weights_must_be_finite);
    tcase_add_test(tensors, types_other_than_float32_are_refused);
    tcase_add_test(tensors, shapes_must_be_the_architectures);
    tcase_add_test(tensors, offsets_must_fill_the_data);
    tcase_add_test(tensors, tensors_must_be_the_architectures);
    tcase_add_test(tensors, keys_must_be_unique);
    TCase *header = add_case(suite, "header");
    tcase_add_checked_fixture(header, make_good, free_good);
    tcase_add_test(header, header_lengths_are_checked);
    tcase_add_test(header, metadata_is_needed_and_made_of_texts);
    tcase_add_test(header, every_number_is_doubted);
    tcase_add_test(header, depth_is_limited);
    tcase_add_test(header, unknown_metadata_is_ignored);
    tcase_add_test(header, known_metadata_must_be_readable);
    return suite_main(suite);
}
