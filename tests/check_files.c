/* Many files as one dataset: folders, patterns and lists; what is left out, what changes meanwhile, threads and
 * memory. */
#define _POSIX_C_SOURCE 200809L

#include "network.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROOM = 4200 };

/* ---- Folders ---------------------------------------------------------------------------------- */

static char folder[ROOM];

/* A new empty folder, for `at()`; its path ends in '/'. */
static void begin(void) {
    static size_t serial;
    do
        snprintf(folder, sizeof folder, "%s%zu", temp_path("files"), serial++);
    while (mkdir(folder, 0777) != 0 && errno == EEXIST); /* of another test */
    strcat(folder, "/");
}

static const char *at(const char *name) {
    static char paths[8][2 * ROOM];
    static size_t turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s%s", folder, name);
    return path;
}

/* Samples [1, height, 5] in a file; each value tells of the file, its sample and its place. */
static void make(const char *name, size_t count, size_t height, float first) {
    dae_dataset *dataset = NULL;
    float *values = malloc(count * height * 5 * sizeof *values);
    for (size_t i = 0; i < count * height * 5; i++)
        values[i] = first + (float)i / 1024;
    ok(dae_dataset_copy_array(&dataset, values, count, 3, (size_t[]){1, height, 5}));
    ok(dae_dataset_save(dataset, at(name), "npy(overwrite=yes)"));
    dae_dataset_free(dataset);
    free(values);
}

static dae_dataset *opened(const char *path, const char *format) {
    dae_dataset *dataset = NULL;
    ok(dae_dataset_open(&dataset, path, format));
    return dataset;
}

static size_t count_of(const dae_dataset *dataset) {
    size_t count = 0;
    ok(dae_dataset_get_count(dataset, &count));
    return count;
}

static const char *fact_of(const dae_dataset *dataset, size_t index, const char *fact) {
    static char text[2 * ROOM];
    ok(dae_dataset_get_fact(dataset, index, fact, text, sizeof text, NULL));
    return text;
}

/* The dataset is these files, in this order; `first` is what each value of theirs begins with. */
static void holds(const char *path, const char *format, const char *const *names, const float *first,
                  size_t count) {
    dae_dataset *dataset = opened(path, format);
    ck_assert_uint_eq(count_of(dataset), count);
    for (size_t i = 0; i < count; i++) {
        float value[3 * 5], target[3 * 5];
        ck_assert_str_eq(fact_of(dataset, i, "path"), at(names[i]));
        ok(dae_dataset_read(dataset, 0, i, 1, value, target));
        ck_assert_float_eq(value[0], first[i]);
        same_floats(value, target, 15);
    }
    dae_dataset_free(dataset);
}

/* ---- What there is ---------------------------------------------------------------------------- */

START_TEST(a_folder_is_its_files_by_name) {
    static const char *const names[] = {"B.npy", "a.npy", "a10.npy", "a9.npy", "b.npy", "\xC3\xA4.npy"};
    static const float first[] = {1, 2, 3, 4, 5, 6};
    begin();
    for (size_t i = 6; i-- > 0;)
        make(names[i], 1, 3, first[i]);
    write_file(at(".hidden"), "x", 1);
    ck_assert(mkdir(at("folder.npy"), 0777) == 0);
    ck_assert(mkfifo(at("pipe.npy"), 0600) == 0);
    holds(folder, NULL, names, first, 6);
    holds(folder, "npy", names, first, 6);
    holds(folder, "files", names, first, 6);
    holds(folder, "files(npy, cache=0)", names, first, 6);
    ck_assert(symlink("a9.npy", at("z.npy")) == 0);
    dae_dataset *dataset = opened(folder, NULL);
    ck_assert_uint_eq(count_of(dataset), 7);
    ck_assert_str_eq(fact_of(dataset, 5, "path"), at("z.npy"));
    dae_dataset_free(dataset);
    folder[strlen(folder) - 1] = '\0'; /* a folder without its slash is one, too */
    dataset = opened(folder, NULL);
    ck_assert_uint_eq(count_of(dataset), 7);
    ck_assert_str_eq(strrchr(fact_of(dataset, 0, "path"), '/'), "/B.npy");
    dae_dataset_free(dataset);
}
END_TEST

START_TEST(a_pattern_is_what_matches) {
    static const char *const all[] = {"a1.npy", "a2.npy", "b[1].npy", "c.d.npy"};
    static const float first[] = {1, 2, 3, 4};
    static const struct {
        const char *pattern;
        size_t from, count;
    } patterns[] = {{"*", 0, 4},          {"*.npy", 0, 4},    {"a*", 0, 2},       {"a?.npy", 0, 2},
                    {"a[2-9].npy", 1, 1}, {"a[!1]*", 1, 1},   {"[ab]*", 0, 3},    {"*.*.npy", 3, 1},
                    {"*[[]1].npy", 2, 1}, {"b[1].npy", 2, 1}, {"?[.]d*", 3, 1},   {"*a*1*n*", 0, 1},
                    {"[]a]1*", 0, 1},     {"a[^2]*", 0, 1},   {"c.d.np[y]", 3, 1}};
    begin();
    for (size_t i = 0; i < 4; i++)
        make(all[i], 1, 3, first[i]);
    write_file(at(".a1.npy"), "x", 1);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        holds(at(patterns[i].pattern), NULL, all + patterns[i].from, first + patterns[i].from,
              patterns[i].count);
    dae_dataset *dataset = (void *)&dataset;
    fails(dae_dataset_open(&dataset, at("*.png"), NULL), DAE_ERROR_IO, "found no file");
    fails(dae_dataset_open(&dataset, at("absent/*"), NULL), DAE_ERROR_IO, "absent");
    ck_assert_ptr_eq(dataset, &dataset);
}
END_TEST

START_TEST(a_pattern_may_have_folders) {
    static const char *const names[] = {"x1/a.npy", "x1/b.npy", "x2/a.npy"};
    static const float first[] = {1, 2, 3};
    begin();
    ck_assert(mkdir(at("x1"), 0777) == 0 && mkdir(at("x2"), 0777) == 0 && mkdir(at("x3"), 0777) == 0);
    for (size_t i = 0; i < 3; i++)
        make(names[i], 1, 3, first[i]);
    holds(at("x*/*.npy"), NULL, names, first, 3);
    holds(at("*/[ab].npy"), "npy", names, first, 3);
    holds(at("x1/?.npy"), NULL, names, first, 2);
    holds(at("x?/a.npy"), NULL, (const char *const[]){names[0], names[2]}, (float[]){1, 3}, 2);
}
END_TEST

/* In its own order, from its own folder; files may be named more than once. */
START_TEST(a_list_is_a_path_a_line) {
    static const char *const names[] = {"b.npy", "a.npy", "b.npy"};
    static const float first[] = {2, 1, 2};
    char text[3 * ROOM];
    begin();
    make("a.npy", 1, 3, 1);
    make("b.npy", 1, 3, 2);
    snprintf(text, sizeof text, "b.npy\r\n\n%s\nb.npy", at("a.npy"));
    write_file(at("list.txt"), text, strlen(text));
    holds(at("list.txt"), "files", names, first, 3);
    holds(at("list.txt"), "files(npy)", names, first, 3);
    dae_dataset *dataset = NULL;
    write_file(at("list.txt"), "a.npy\nc.npy\n", 12);
    fails(dae_dataset_open(&dataset, at("list.txt"), "files"), DAE_ERROR_IO, "c.npy");
    dataset = opened(at("list.txt"), "files(skip=yes)");
    ck_assert_uint_eq(count_of(dataset), 1);
    ck_assert_str_eq(fact_of(dataset, 0, "left_out"), "1");
    dae_dataset_free(dataset);
    write_file(at("list.txt"), "\n\n", 2);
    fails(dae_dataset_open(&dataset, at("list.txt"), "files"), DAE_ERROR_IO, "found no file");
    write_file(at("list.txt"), "a\0b", 3);
    fails(dae_dataset_open(&dataset, at("list.txt"), "files"), DAE_ERROR_FORMAT, "zero byte");
    fails(dae_dataset_open(&dataset, at("list.txt"), "files(files)"), DAE_ERROR_ARGUMENT, "another format");
}
END_TEST

/* ---- Sizes ------------------------------------------------------------------------------------ */

/* Files of several samples, and of other sizes: the same as their datasets joined. */
START_TEST(samples_of_all_files_follow_each_other) {
    dae_dataset *parts[3], *joined = NULL;
    size_t rank, shape[DAE_MAX_RANK];
    begin();
    make("a.npy", 2, 3, 1);
    make("b.npy", 3, 4, 2);
    make("c.npy", 1, 3, 3);
    for (size_t i = 0; i < 3; i++)
        parts[i] = opened(at((const char *const[]){"a.npy", "b.npy", "c.npy"}[i]), NULL);
    ok(dae_dataset_join(&joined, parts, 3));
    dae_dataset *dataset = opened(folder, NULL);
    ck_assert_uint_eq(count_of(dataset), 6);
    ok(dae_dataset_get_shape(dataset, DAE_ALL_SAMPLES, &rank, shape));
    ck_assert(rank == 3 && shape[0] == 1 && shape[1] == 0 && shape[2] == 5);
    for (size_t i = 0; i < 6; i++) {
        float values[4][20] = {{0}};
        ok(dae_dataset_read(dataset, 0, i, 1, values[0], values[1]));
        ok(dae_dataset_read(joined, 0, i, 1, values[2], values[3]));
        same_floats(values[0], values[2], 20);
        same_floats(values[1], values[3], 20);
        ck_assert_str_eq(fact_of(dataset, i, "path"), fact_of(joined, i, "path"));
    }
    float range[4][20];
    ok(dae_dataset_read(dataset, 0, 3, 2, range[0], NULL));
    fails(dae_dataset_read(dataset, 0, 0, 6, range[0], NULL), DAE_ERROR_SHAPE, "sample 2 has");
    dae_dataset_free(dataset);
    dae_dataset_free(joined);
    for (size_t i = 0; i < 3; i++)
        dae_dataset_free(parts[i]);
}
END_TEST

/* ---- What cannot be read ---------------------------------------------------------------------- */

START_TEST(what_cannot_be_read_is_named_or_left_out) {
    static const char *const names[] = {"a.npy", "c.npy"};
    static const float first[] = {1, 3};
    dae_dataset *dataset = NULL;
    begin();
    make("a.npy", 1, 3, 1);
    make("c.npy", 1, 3, 3);
    write_file(at("b.npy"), "\x01\x02\x03\x04\x05", 5);
    fails(dae_dataset_open(&dataset, folder, NULL), DAE_ERROR_FORMAT, at("b.npy"));
    fails(dae_dataset_open(&dataset, folder, "npy"), DAE_ERROR_FORMAT, at("b.npy"));
    holds(folder, "files(skip=yes)", names, first, 2);
    dataset = opened(folder, "files(skip=yes)");
    ck_assert_str_eq(fact_of(dataset, DAE_ALL_SAMPLES, "left_out"), "1");
    ck_assert_str_eq(fact_of(dataset, 1, "left_out"), "1");
    dae_dataset_free(dataset);
    ck_assert(remove(at("a.npy")) == 0 && remove(at("c.npy")) == 0);
    fails(dae_dataset_open(&dataset, folder, "files(skip=yes)"), DAE_ERROR_FORMAT, "none of its 1 files");
    ck_assert(remove(at("b.npy")) == 0);
    fails(dae_dataset_open(&dataset, folder, NULL), DAE_ERROR_IO, "found no file");
    ck_assert(symlink("nowhere", at("dangling.npy")) == 0);
    fails(dae_dataset_open(&dataset, folder, NULL), DAE_ERROR_IO, "dangling.npy");
    fails(dae_dataset_open(&dataset, at("absent/"), NULL), DAE_ERROR_IO, "absent");
}
END_TEST

START_TEST(other_dimensions_are_refused) {
    dae_dataset *flat = NULL, *dataset = NULL;
    begin();
    make("a.npy", 1, 3, 1);
    ok(dae_dataset_copy_array(&flat, (float[]){1, 2}, 1, 1, (size_t[]){2}));
    ok(dae_dataset_save(flat, at("b.npy"), NULL));
    fails(dae_dataset_open(&dataset, folder, NULL), DAE_ERROR_SHAPE, "b.npy: its samples have 1 dimensions");
    dataset = opened(folder, "files(skip=yes)");
    ck_assert_uint_eq(count_of(dataset), 1);
    dae_dataset_free(dataset);
    dae_dataset_free(flat);
}
END_TEST

START_TEST(files_may_change_or_vanish) {
    float values[60];
    begin();
    make("a.npy", 1, 3, 1);
    make("b.npy", 1, 3, 2);
    make("c.npy", 1, 3, 3);
    dae_dataset *dataset = opened(folder, NULL);
    ok(dae_dataset_read(dataset, 0, 2, 1, values, NULL));
    ck_assert(remove(at("a.npy")) == 0 && remove(at("c.npy")) == 0);
    make("b.npy", 1, 4, 2);
    fails(dae_dataset_read(dataset, 0, 0, 1, values, NULL), DAE_ERROR_IO, at("a.npy"));
    fails(dae_dataset_read(dataset, 0, 1, 1, values, NULL), DAE_ERROR_IO, at("b.npy"));
    ok(dae_dataset_read(dataset, 0, 2, 1, values, NULL)); /* held */
    ck_assert_float_eq(values[0], 3);
    make("a.npy", 1, 3, 1); /* another file, though it has the same values */
    dae_dataset_free(dataset);
}
END_TEST

/* ---- Threads ---------------------------------------------------------------------------------- */

static void make_many(size_t count) {
    begin();
    for (size_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "%03zu.npy", i);
        make(name, 1 + i % 2, 6 + i % 3, (float)i / 64);
    }
}

/* The parameters after two epochs of crops of all files. */
static uint64_t train(const char *format, int32_t threads) {
    dae_dataset *dataset = opened(folder, format), *crops = NULL, *noisy = NULL;
    dae_noise *noise = NULL;
    dae_model *model = NULL;
    ok(dae_set_num_threads(threads));
    ok(dae_dataset_view(&crops, dataset, "crops(4, 4, count=3) | augment(flips=yes)", 2));
    ok(dae_noise_parse(&noise, "gaussian(0.1)"));
    ok(dae_dataset_corrupt(&noisy, crops, noise, DAE_NOISE_FRESH, 3));
    ok(dae_model_parse(&model, "input(1, 4, 4) | flatten | dense(8, activation=tanh) | dense(16)"));
    ok(dae_model_initialize(model, 4));
    dae_trainer *trainer = adam_trainer(model, 0.01, "mse");
    ok(dae_trainer_set_batch_size(trainer, 64));
    ok(dae_trainer_fit(trainer, noisy, 2));
    unsigned char *bytes = NULL;
    size_t size = 0;
    const char *path = temp_path("trained");
    ok(dae_model_save(model, path));
    bytes = read_file(path, &size);
    uint64_t hash = 14695981039346656037U;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 1099511628211U;
    free(bytes);
    dae_trainer_free(trainer);
    dae_model_free(model);
    dae_noise_free(noise);
    dae_dataset_free(noisy);
    dae_dataset_free(crops);
    dae_dataset_free(dataset);
    return hash;
}

START_TEST(any_number_of_threads_reads_the_same) {
    make_many(40);
    uint64_t one = train(NULL, 1);
    for (int32_t threads = 2; threads <= 7; threads += threads == 3 ? 4 : 1) {
        ck_assert_uint_eq(train(NULL, threads), one);
        ck_assert_uint_eq(train("files(npy, cache=0)", threads), one);
        ck_assert_uint_eq(train("files(npy, cache=500)", threads), one);
    }
}
END_TEST

struct hammering {
    const dae_dataset *dataset;
    unsigned seed;
    bool right;
};

static void *hammer(void *context) {
    struct hammering *h = context;
    h->right = true;
    for (int i = 0; i < 2000; i++) {
        float values[40];
        h->seed = h->seed * 1664525 + 1013904223;
        size_t file = h->seed / 65536 % 40, sample = file / 2 * 3 + file % 2;
        h->right = h->right && dae_dataset_read(h->dataset, 0, sample, 1, values, NULL) == DAE_OK &&
                   values[0] == (float)file / 64;
    }
    return NULL;
}

/* Threads of the host, more than the library was told of. */
START_TEST(threads_may_read_one_dataset) {
    make_many(40);
    dae_dataset *dataset = opened(folder, "files(cache=600)");
    struct hammering work[5];
    pthread_t threads[5];
    for (unsigned i = 0; i < 5; i++) {
        work[i] = (struct hammering){dataset, i, false};
        ck_assert(pthread_create(&threads[i], NULL, hammer, &work[i]) == 0);
    }
    for (unsigned i = 0; i < 5; i++) {
        pthread_join(threads[i], NULL);
        ck_assert(work[i].right);
    }
    dae_dataset_free(dataset);
}
END_TEST

/* ---- Memory ----------------------------------------------------------------------------------- */

/* A sample that is input and target is opened once; what is held is bounded. */
START_TEST(what_is_held_is_bounded) {
    float *values = malloc(2 * sizeof(float) * 5 * 20000);
    begin();
    for (size_t i = 0; i < 6; i++)
        make((char[]){(char)('a' + i), '.', 'n', 'p', 'y', '\0'}, 1, 20000, (float)i); /* 400 kB each */
    ok(dae_set_num_threads(1));
    heap_watch();
    dae_dataset *dataset = opened(folder, "files(cache=1000000)");
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < 6; i++) {
            size_t before = heap_requests();
            ok(dae_dataset_read(dataset, 0, i, 1, values, values + 100000));
            size_t both = heap_requests() - before;
            ok(dae_dataset_read(dataset, 0, i, 1, values, NULL));
            ck_assert_uint_eq(heap_requests() - before, both); /* held: nothing is taken */
            ck_assert_uint_gt(both, 0);
        }
    size_t live = heap_live();
    ok(dae_dataset_read(dataset, 0, 0, 1, values, NULL));
    ck_assert_uint_eq(heap_live(), live); /* one came, one went */
    dae_dataset_free(dataset);
    heap_unwatch();
    free(values);
}
END_TEST

static dae_status use_folder(void *user) {
    float values[2 * 15];
    dae_dataset *dataset = NULL, *out = user;
    (void)out;
    dae_status status = dae_dataset_open(&dataset, folder, "files(npy, skip=yes, cache=100)");
    for (size_t i = 0; i < 3 && status == DAE_OK; i++)
        status = dae_dataset_read(dataset, 0, i, 1, values, values + 15);
    dae_dataset_free(dataset);
    return status;
}

START_TEST(any_allocation_may_fail) {
    begin();
    make("a.npy", 2, 3, 1);
    make("b.npy", 1, 3, 2);
    ck_assert_uint_gt(every_allocation_fails(use_folder, NULL), 10);
}
END_TEST

/* ---- A folder in, a folder out ---------------------------------------------------------------- */

/* Whatever their sizes, with the bytes of dae_model_apply(). */
START_TEST(a_folder_is_mapped_to_a_folder) {
    dae_model *model = NULL;
    dae_dataset *noisy = NULL, *clean = NULL;
    char to[2 * ROOM];
    begin();
    make("a.npy", 1, 6, 1);
    make("b.npy", 1, 9, -2);
    snprintf(to, sizeof to, "%s", at("clean/"));
    ok(dae_model_parse(&model, "input(1, any, any) | conv2d(3, 3, activation=tanh) | conv2d(1, 3)"));
    ok(dae_model_initialize(model, 1));
    ok(dae_dataset_open(&noisy, folder, NULL));
    ok(dae_model_map(&clean, model, noisy, NULL));
    ok(dae_dataset_save(clean, to, NULL));
    for (size_t i = 0; i < 2; i++) {
        size_t shape[] = {1, i == 0 ? 6 : 9, 5};
        float values[3][45] = {{0}};
        dae_dataset *back = opened(at(i == 0 ? "clean/a.npy" : "clean/b.npy"), NULL);
        ok(dae_dataset_read(back, 0, 0, 1, values[0], NULL));
        ok(dae_dataset_read(noisy, 0, i, 1, values[1], NULL));
        ok(dae_model_apply(model, NULL, 3, shape, values[1], values[2], NULL, NULL));
        same_floats(values[0], values[2], shape[1] * 5);
        dae_dataset_free(back);
    }
    dae_dataset_free(clean);
    dae_dataset_free(noisy);
    dae_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("files");
    TCase *there = add_case(suite, "what there is");
    tcase_add_test(there, a_folder_is_its_files_by_name);
    tcase_add_test(there, a_pattern_is_what_matches);
    tcase_add_test(there, a_pattern_may_have_folders);
    tcase_add_test(there, a_list_is_a_path_a_line);
    tcase_add_test(there, samples_of_all_files_follow_each_other);
    TCase *broken = add_case(suite, "what cannot be read");
    tcase_add_test(broken, what_cannot_be_read_is_named_or_left_out);
    tcase_add_test(broken, other_dimensions_are_refused);
    tcase_add_test(broken, files_may_change_or_vanish);
    TCase *threads = add_case(suite, "threads");
    tcase_add_test(threads, any_number_of_threads_reads_the_same);
    tcase_add_test(threads, threads_may_read_one_dataset);
    TCase *memory = add_case(suite, "memory");
    tcase_add_test(memory, what_is_held_is_bounded);
    tcase_add_test(memory, any_allocation_may_fail);
    tcase_add_test(memory, a_folder_is_mapped_to_a_folder);
    return suite_main(suite);
}
