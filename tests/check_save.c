/* Saving datasets: what is written, under which names, what is refused, and that nothing is lost. */
#define _POSIX_C_SOURCE 200809L

#include "npy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROOM = 4200 };

static dae_dataset *numbers(size_t count, size_t rank, const size_t *shape) {
    dae_dataset *dataset = NULL;
    size_t size = count;
    for (size_t i = 0; i < rank; i++)
        size *= shape[i];
    float *values = malloc(size * sizeof *values);
    for (size_t i = 0; i < size; i++)
        values[i] = (float)i * 0.25F - 3;
    ok(dae_dataset_copy_array(&dataset, values, count, rank, shape));
    free(values);
    return dataset;
}

static dae_dataset *opened(const char *path) {
    dae_dataset *dataset = NULL;
    ok(dae_dataset_open(&dataset, path, NULL));
    return dataset;
}

static const char *fact_of(const dae_dataset *dataset, size_t index, const char *fact) {
    static char text[ROOM];
    ok(dae_dataset_get_fact(dataset, index, fact, text, sizeof text, NULL));
    return text;
}

/* A path in a new folder, with its slash where the name has one. */
static const char *fresh(const char *name) {
    static char paths[4][ROOM];
    static size_t serial, turn;
    char *path = paths[turn++ % 4];
    do
        snprintf(path, ROOM, "%s%zu", temp_path("save"), serial++);
    while (mkdir(path, 0777) != 0 && errno == EEXIST); /* of another test */
    snprintf(path + strlen(path), ROOM - strlen(path), "/%s", name);
    return path;
}

static const char *in(const char *folder, const char *name) {
    static char paths[4][2 * ROOM];
    static size_t serial;
    char *path = paths[serial++ % 4];
    snprintf(path, sizeof paths[0], "%s%s", folder, name);
    return path;
}

/* Every sample of a dataset is that of another. */
static void same_samples(const dae_dataset *a, const dae_dataset *b) {
    size_t counts[2] = {0}, ranks[2], shapes[2][DAE_MAX_RANK];
    ok(dae_dataset_get_count(a, &counts[0]));
    ok(dae_dataset_get_count(b, &counts[1]));
    ck_assert_uint_eq(counts[0], counts[1]);
    for (size_t i = 0; i < counts[0]; i++) {
        size_t size = 1;
        ok(dae_dataset_get_shape(a, i, &ranks[0], shapes[0]));
        ok(dae_dataset_get_shape(b, i, &ranks[1], shapes[1]));
        ck_assert_uint_eq(ranks[0], ranks[1]);
        for (size_t k = 0; k < ranks[0]; k++) {
            ck_assert_uint_eq(shapes[0][k], shapes[1][k]);
            size *= shapes[0][k];
        }
        float *values = malloc(2 * size * sizeof *values);
        ok(dae_dataset_read(a, 0, i, 1, values, NULL));
        ok(dae_dataset_read(b, 0, i, 1, values + size, NULL));
        same_floats(values, values + size, size);
        free(values);
    }
}

/* ---- A file ----------------------------------------------------------------------------------- */

/* The bytes are those that numpy writes (npy_made() has them from numpy.save()). */
START_TEST(an_npy_file_is_what_numpy_writes) {
    static const struct {
        size_t count, rank, shape[4];
        const char *text;
    } cases[] = {{2, 1, {3}, "(2, 3)"},
                 {1, 1, {1}, "(1, 1)"},
                 {3, 3, {1, 2, 5}, "(3, 1, 2, 5)"},
                 {7, 4, {2, 1, 3, 2}, "(7, 2, 1, 3, 2)"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size = cases[i].count, file_size;
        float values[256];
        for (size_t k = 0; k < cases[i].rank; k++)
            size *= cases[i].shape[k];
        for (size_t k = 0; k < size; k++)
            values[k] = (float)k * 0.25F - 3;
        npy_file expected = npy_made(1, "<f4", cases[i].text, values, size * sizeof *values);
        dae_dataset *dataset = numbers(cases[i].count, cases[i].rank, cases[i].shape);
        const char *path = fresh("samples.npy");
        ok(dae_dataset_save(dataset, path, NULL));
        unsigned char *bytes = read_file(path, &file_size);
        ck_assert_uint_eq(file_size, expected.size);
        ck_assert_mem_eq(bytes, expected.bytes, file_size);
        free(bytes);
        dae_dataset_free(dataset);
    }
}
END_TEST

/* Large samples are written in parts, small ones many at a time; a view that is read whole, whole. */
START_TEST(any_size_comes_back) {
    static const size_t sizes[][2] = {{1, 3000000}, {3, 1048577}, {2500, 999}, {100000, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int view = 0; view < 2; view++) {
            dae_dataset *plain = numbers(sizes[i][0], 1, &sizes[i][1]), *turned = NULL;
            ok(dae_dataset_view(&turned, plain, view ? "augment(polarity=yes)" : "", 3));
            const char *path = fresh("samples.npy");
            ok(dae_dataset_save(turned, path, NULL));
            dae_dataset *back = opened(path);
            same_samples(back, turned);
            dae_dataset_free(back);
            dae_dataset_free(turned);
            dae_dataset_free(plain);
        }
}
END_TEST

START_TEST(a_file_that_is_there_stays) {
    dae_dataset *old = numbers(2, 1, (size_t[]){3}), *new = numbers(4, 1, (size_t[]){3});
    const char *path = fresh("samples.npy");
    ok(dae_dataset_save(old, path, NULL));
    fails(dae_dataset_save(new, path, NULL), DAE_ERROR_IO, "overwrite=yes");
    fails(dae_dataset_save(new, path, "npy(overwrite=no)"), DAE_ERROR_IO, path);
    dae_dataset *back = opened(path);
    same_samples(back, old);
    dae_dataset_free(back);
    ok(dae_dataset_save(new, path, "npy(overwrite=yes)"));
    back = opened(path);
    same_samples(back, new);
    dae_dataset_free(back);
    dae_dataset_free(new);
    dae_dataset_free(old);
}
END_TEST

START_TEST(what_cannot_be_saved_is_said) {
    dae_dataset *parts[] = {numbers(2, 1, (size_t[]){3}), numbers(2, 1, (size_t[]){4})}, *both = NULL;
    ok(dae_dataset_join(&both, parts, 2));
    const char *path = fresh("samples.npy");
    fails(dae_dataset_save(both, path, NULL), DAE_ERROR_SHAPE, "sample 2 has 4");
    fails(dae_dataset_save(parts[0], fresh("samples.abc"), NULL), DAE_ERROR_ARGUMENT, ".npy");
    fails(dae_dataset_save(parts[0], fresh("npy"), NULL), DAE_ERROR_ARGUMENT, "expected");
    fails(dae_dataset_save(parts[0], fresh("samples.npy.gz"), NULL), DAE_ERROR_ARGUMENT, "without .gz");
    fails(dae_dataset_save(parts[0], fresh("samples.GZ"), "npy"), DAE_ERROR_ARGUMENT, "without .gz");
    fails(dae_dataset_save(parts[0], path, "abc"), DAE_ERROR_FORMAT, "npy");
    fails(dae_dataset_save(parts[0], path, "npy(overwrite=2)"), DAE_ERROR_ARGUMENT, "overwrite");
    fails(dae_dataset_save(parts[0], path, ""), DAE_ERROR_FORMAT, "");
    fails(dae_dataset_save(parts[0], "", "npy"), DAE_ERROR_IO, "");
    fails(dae_dataset_save(parts[0], in(path, "/samples.npy"), NULL), DAE_ERROR_IO, "samples.npy");
    fails(dae_dataset_save(parts[0], in(path, "/absent/"), "npy"), DAE_ERROR_IO, "absent");
    fails(dae_dataset_save(parts[0], fresh("new/"), NULL), DAE_ERROR_ARGUMENT, "expected a format");
    ck_assert(!file_exists(path));
    dae_dataset_free(both);
    dae_dataset_free(parts[0]);
    dae_dataset_free(parts[1]);
}
END_TEST

/* ---- A folder --------------------------------------------------------------------------------- */

START_TEST(samples_from_no_file_get_numbers) {
    dae_dataset *dataset = numbers(12, 2, (size_t[]){2, 3});
    const char *folder = fresh("new/");
    ok(dae_dataset_save(dataset, folder, "npy"));
    for (size_t i = 0; i < 12; i++) {
        char name[16];
        dae_dataset *one = NULL;
        snprintf(name, sizeof name, "%02zu.npy", i);
        dae_dataset *back = opened(in(folder, name));
        ok(dae_dataset_slice(&one, dataset, i, 1));
        same_samples(back, one);
        dae_dataset_free(one);
        dae_dataset_free(back);
    }
    fails(dae_dataset_save(dataset, folder, "npy"), DAE_ERROR_IO, "00.npy");
    ok(dae_dataset_save(dataset, folder, "npy(overwrite=yes)"));
    dae_dataset_free(dataset);
}
END_TEST

/* Names are those of the sources, with numbers where several share one; facts are handed on by every view. */
START_TEST(files_are_named_as_their_sources) {
    dae_dataset *one = numbers(1, 1, (size_t[]){3}), *three = numbers(3, 1, (size_t[]){5});
    const char *from = fresh(""), *folder = fresh("new/");
    ok(dae_dataset_save(one, in(from, "a.b.npy"), NULL));
    ok(dae_dataset_save(three, in(from, "c.npy"), NULL));
    dae_dataset *parts[] = {opened(in(from, "c.npy")), opened(in(from, "a.b.npy"))}, *both = NULL;
    ok(dae_dataset_join(&both, parts, 2));
    ok(dae_dataset_save(both, folder, NULL)); /* the format, too */
    static const char *const names[] = {"c-0.npy", "c-1.npy", "c-2.npy", "a.b.npy"};
    for (size_t i = 0; i < 4; i++) {
        dae_dataset *back = opened(in(folder, names[i])), *slice = NULL;
        ok(dae_dataset_slice(&slice, both, i, 1));
        same_samples(back, slice);
        ck_assert_str_eq(fact_of(slice, 0, "path"), in(from, i < 3 ? "c.npy" : "a.b.npy"));
        dae_dataset_free(slice);
        dae_dataset_free(back);
    }
    dae_dataset_free(both);
    dae_dataset_free(parts[0]);
    dae_dataset_free(parts[1]);
    dae_dataset_free(three);
    dae_dataset_free(one);
}
END_TEST

/* All that is refused is, before the first file is written. */
START_TEST(two_files_of_one_name_are_refused) {
    dae_dataset *one = numbers(1, 1, (size_t[]){3}), *two = numbers(2, 1, (size_t[]){3}), *all = NULL;
    const char *from = fresh(""), *folder = fresh("new/");
    ok(dae_dataset_save(one, in(from, "a-1.npy"), NULL));
    ok(dae_dataset_save(two, in(from, "a.npy"), NULL));
    dae_dataset *parts[] = {opened(in(from, "a.npy")), opened(in(from, "a-1.npy"))};
    ok(dae_dataset_join(&all, parts, 2));
    fails(dae_dataset_save(all, folder, NULL), DAE_ERROR_ARGUMENT, "a-1.npy");
    ck_assert(!file_exists(folder));
    ok(dae_dataset_save(parts[1], folder, NULL));
    fails(dae_dataset_save(one, in(folder, "a-1.npy"), NULL), DAE_ERROR_IO, "a-1.npy");
    dae_dataset_free(all);
    dae_dataset_free(parts[0]);
    dae_dataset_free(parts[1]);
    dae_dataset_free(two);
    dae_dataset_free(one);
}
END_TEST

/* ---- Facts ------------------------------------------------------------------------------------ */

START_TEST(facts_go_through_views) {
    static const struct {
        const char *text;
        size_t sample, of;
    } views[] = {{"", 3, 3},
                 {"part(0.5, 1)", 1, 3},
                 {"index(3, 0)", 0, 3},
                 {"repeat(3)", 7, 3},
                 {"windows(2)", 5, 2},
                 {"crops(2, count=3)", 8, 2},
                 {"augment(flips=yes)", 1, 1},
                 {"clip(0, 1)", 2, 2},
                 {"fill(0)", 2, 2},
                 {"cache", 2, 2},
                 {"blind_spots(rate=0.5, radius=1)", 2, 2}};
    dae_dataset *parts[4], *all = NULL;
    char paths[4][2 * ROOM];
    const char *from = fresh("");
    for (size_t i = 0; i < 4; i++) {
        dae_dataset *one = numbers(1, 2, (size_t[]){1, 5});
        snprintf(paths[i], sizeof paths[i], "%s%zu.npy", from, i);
        ok(dae_dataset_save(one, paths[i], NULL));
        parts[i] = opened(paths[i]);
        dae_dataset_free(one);
    }
    ok(dae_dataset_join(&all, parts, 4));
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        dae_dataset *view = NULL, *pair = NULL;
        ok(dae_dataset_view(&view, all, views[i].text, 1));
        ck_assert_str_eq(fact_of(view, views[i].sample, "path"), paths[views[i].of]);
        ck_assert_str_eq(fact_of(view, views[i].sample, "rate"), "");
        ck_assert_str_eq(fact_of(view, DAE_ALL_SAMPLES, "path"), "");
        ok(dae_dataset_pair(&pair, view, view));
        ck_assert_str_eq(fact_of(pair, views[i].sample, "path"), paths[views[i].of]);
        dae_dataset_free(pair);
        dae_dataset_free(view);
    }
    ck_assert_str_eq(fact_of(parts[1], DAE_ALL_SAMPLES, "path"), paths[1]);
    fails(dae_dataset_get_fact(all, 4, "path", NULL, 0, NULL), DAE_ERROR_ARGUMENT, "4");
    for (size_t i = 0; i < 4; i++)
        dae_dataset_free(parts[i]);
    dae_dataset_free(all);
}
END_TEST

/* ---- Memory ----------------------------------------------------------------------------------- */

static dae_status save_everywhere(void *user) {
    const char *const *paths = user;
    dae_dataset *dataset = NULL;
    static const float values[12];
    dae_status status = dae_dataset_copy_array(&dataset, values, 4, 1, (size_t[]){3});
    if (status == DAE_OK)
        status = dae_dataset_save(dataset, paths[0], "npy(overwrite=yes)");
    if (status == DAE_OK)
        status = dae_dataset_save(dataset, paths[1], "npy(overwrite=yes)");
    dae_dataset_free(dataset);
    if (status == DAE_OK)
        status = dae_dataset_open(&dataset, paths[0], NULL);
    return status == DAE_OK ? (dae_dataset_free(dataset), status) : status;
}

START_TEST(any_allocation_may_fail) {
    const char *paths[] = {fresh("samples.npy"), fresh("new/")};
    ck_assert_uint_gt(every_allocation_fails(save_everywhere, paths), 10);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("save");
    TCase *file = add_case(suite, "a file");
    tcase_add_test(file, an_npy_file_is_what_numpy_writes);
    tcase_add_test(file, any_size_comes_back);
    tcase_add_test(file, a_file_that_is_there_stays);
    tcase_add_test(file, what_cannot_be_saved_is_said);
    TCase *folder = add_case(suite, "a folder");
    tcase_add_test(folder, samples_from_no_file_get_numbers);
    tcase_add_test(folder, files_are_named_as_their_sources);
    tcase_add_test(folder, two_files_of_one_name_are_refused);
    TCase *facts = add_case(suite, "facts");
    tcase_add_test(facts, facts_go_through_views);
    tcase_add_test(facts, any_allocation_may_fail);
    return suite_main(suite);
}
