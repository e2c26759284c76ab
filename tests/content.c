#include "content.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void content_put(content *file, const void *bytes, size_t size) {
    ck_assert_uint_le(size, CONTENT_MOST - file->size);
    memcpy(file->bytes + file->size, bytes, size);
    file->size += size;
}

void content_put_little(content *file, uint64_t number, size_t size) {
    for (; size > 0; size--, number /= 256)
        content_put(file, &(unsigned char){number % 256}, 1);
}

void content_put_big(content *file, uint64_t number, size_t size) {
    for (; size > 0; size--)
        content_put(file, &(unsigned char){(unsigned char)(number >> 8 * (size - 1))}, 1);
}

static void has_sample(dae_dataset *dataset, size_t rank, const size_t *shape, const float *expected) {
    static float inputs[CONTENT_MOST], targets[CONTENT_MOST];
    size_t found_rank = 0, found[DAE_MAX_RANK], count = 0, size = 1;
    ok(dae_dataset_get_count(dataset, &count));
    ck_assert_uint_eq(count, 1);
    ok(dae_dataset_get_shape(dataset, 0, &found_rank, found));
    ck_assert_uint_eq(found_rank, rank);
    for (size_t i = 0; i < rank; i++) {
        ck_assert_uint_eq(found[i], shape[i]);
        size *= shape[i];
    }
    ok(dae_dataset_read(dataset, 0, 0, 1, inputs, targets));
    same_floats(inputs, expected, size);
    same_floats(targets, expected, size);
    dae_dataset_free(dataset);
}

void content_reads(const content *file, const char *format, size_t rank, const size_t *shape,
                   const float *expected) {
    const char *path = temp_path("content"), *formats[] = {format, NULL};
    write_file(path, file->bytes, file->size);
    for (size_t i = 0; i < (strchr(format, '(') != NULL ? 1 : 2); i++) {
        dae_dataset *dataset = NULL;
        ok(dae_dataset_parse(&dataset, file->bytes, file->size, formats[i]));
        has_sample(dataset, rank, shape, expected);
        ok(dae_dataset_open(&dataset, path, formats[i]));
        has_sample(dataset, rank, shape, expected);
    }
}

void content_is_refused(const content *file, const char *format, dae_status status, const char *word,
                        size_t most) {
    dae_dataset *const untouched = (dae_dataset *)&most, *dataset = untouched;
    const char *path = temp_path("broken");
    unsigned char *exact = malloc(file->size + 1); /* so that reading beyond it shows */
    ck_assert_ptr_nonnull(exact);
    memcpy(exact + 1, file->bytes, file->size); /* at an odd address, too */
    write_file(path, file->bytes, file->size);
    heap_watch();
    fails(dae_dataset_parse(&dataset, exact + 1, file->size, format), status, word);
    fails(dae_dataset_open(&dataset, path, format), status, word);
    ck_assert_msg(message_has(path), "the message does not name the file: %s", dae_last_error());
    ck_assert_msg(message_has("offset"), "the message names no offset: %s", dae_last_error());
    ck_assert_ptr_eq(dataset, untouched);
    ck_assert_uint_le(heap_largest(), most);
    heap_unwatch();
    free(exact);
}

void content_bears_cuts(const content *file, const char *format, size_t most) {
    content cut = *file;
    for (cut.size = 0; cut.size < file->size; cut.size++)
        content_is_refused(&cut, format, DAE_ERROR_FORMAT, "offset", most);
}

/* Whether the file is refused; if not, it can be read. */
static bool is_refused_or_read(const content *file, const char *format, size_t most) {
    static float values[1 << 16];
    size_t rank, shape[DAE_MAX_RANK], size = 1;
    dae_dataset *dataset = NULL;
    heap_watch();
    dae_status status = dae_dataset_parse(&dataset, file->bytes, file->size, format);
    if (status == DAE_OK) {
        ok(dae_dataset_get_shape(dataset, 0, &rank, shape));
        for (size_t i = 0; i < rank; i++)
            size *= shape[i];
        ck_assert_uint_le(size, sizeof values / sizeof *values);
        ok(dae_dataset_read(dataset, 0, 0, 1, values, NULL));
        dae_dataset_free(dataset);
    } else {
        ck_assert(status == DAE_ERROR_FORMAT || status == DAE_ERROR_UNSUPPORTED);
        ck_assert_msg(message_has("offset"), "the message names no offset: %s", dae_last_error());
        ck_assert_ptr_null(dataset);
    }
    ck_assert_uint_le(heap_largest(), most);
    heap_unwatch();
    return status != DAE_OK;
}

size_t content_bears_flips(const content *file, const char *format, size_t size, size_t most) {
    size_t refused = 0;
    for (size_t bit = 0; bit < size * 8; bit++) {
        content flipped = *file;
        flipped.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        refused += is_refused_or_read(&flipped, format, most);
    }
    return refused;
}

struct attempt {
    const void *bytes;
    size_t size;
    const char *format;
};

static dae_status open_content(void *user) {
    const struct attempt *attempt = user;
    dae_dataset *const untouched = user, *dataset = untouched;
    dae_status status = dae_dataset_parse(&dataset, attempt->bytes, attempt->size, attempt->format);
    if (status == DAE_OK)
        dae_dataset_free(dataset);
    else
        ck_assert_ptr_eq(dataset, untouched);
    return status;
}

size_t content_bears_lack_of_memory(const void *bytes, size_t size, const char *format) {
    struct attempt attempt = {bytes, size, format};
    return every_allocation_fails(open_content, &attempt);
}

dae_dataset *content_dataset(const float *values, size_t rank, const size_t *shape) {
    dae_dataset *dataset = NULL;
    ok(dae_dataset_copy_array(&dataset, values, 1, rank, shape));
    return dataset;
}

struct saving {
    const dae_dataset *dataset;
    const char *path, *format;
};

static dae_status save(void *user) {
    const struct saving *saving = user;
    dae_status status = dae_dataset_save(saving->dataset, saving->path, saving->format);
    ck_assert_int_eq(file_exists(saving->path), status == DAE_OK);
    remove(saving->path);
    return status;
}

void content_is_written(dae_dataset *dataset, const char *ending, const char *format,
                        const content *expected) {
    char name[64];
    snprintf(name, sizeof name, "saved%s", ending);
    struct saving saving = {dataset, temp_path(name), format};
    size_t size;
    ck_assert_uint_ge(every_allocation_fails(save, &saving), 2);
    ok(dae_dataset_save(dataset, saving.path, format));
    unsigned char *bytes = read_file(saving.path, &size);
    ck_assert_uint_eq(size, expected->size);
    ck_assert_mem_eq(bytes, expected->bytes, size);
    free(bytes);
    remove(saving.path);
    dae_dataset_free(dataset);
}

void content_is_not_written(dae_dataset *dataset, const char *format, dae_status status, const char *word) {
    const char *path = temp_path("not-saved");
    heap_watch();
    fails(dae_dataset_save(dataset, path, format), status, word);
    ck_assert_msg(message_has(path), "the message does not name the file: %s", dae_last_error());
    ck_assert(!file_exists(path));
    heap_unwatch();
    dae_dataset_free(dataset);
}

void content_has_fact(const content *file, const char *fact, const char *expected) {
    dae_dataset *dataset = NULL;
    char text[64];
    ok(dae_dataset_parse(&dataset, file->bytes, file->size, NULL));
    ok(dae_dataset_get_fact(dataset, 0, fact, text, sizeof text, NULL));
    ck_assert_str_eq(text, expected);
    dae_dataset_free(dataset);
}
