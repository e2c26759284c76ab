/* Status names, messages, version, threads, the allocator: status.h, version.h and runtime.h. */
#define _GNU_SOURCE

#include "support.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Status ----------------------------------------------------------------------------------- */

START_TEST(every_status_has_its_name) {
    static const struct {
        dae_status status;
        int32_t value;
        const char *name;
    } all[] = {
        {DAE_OK, 0, "DAE_OK"},
        {DAE_ERROR_ARGUMENT, -1, "DAE_ERROR_ARGUMENT"},
        {DAE_ERROR_SHAPE, -2, "DAE_ERROR_SHAPE"},
        {DAE_ERROR_MEMORY, -3, "DAE_ERROR_MEMORY"},
        {DAE_ERROR_IO, -4, "DAE_ERROR_IO"},
        {DAE_ERROR_FORMAT, -5, "DAE_ERROR_FORMAT"},
        {DAE_ERROR_STATE, -6, "DAE_ERROR_STATE"},
        {DAE_ERROR_NOT_FINITE, -7, "DAE_ERROR_NOT_FINITE"},
        {DAE_ERROR_CANCELLED, -8, "DAE_ERROR_CANCELLED"},
        {DAE_ERROR_UNSUPPORTED, -9, "DAE_ERROR_UNSUPPORTED"},
        {DAE_ERROR_CALLBACK, -10, "DAE_ERROR_CALLBACK"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ck_assert_int_eq(all[i].status, all[i].value);
        ck_assert_str_eq(dae_status_name(all[i].status), all[i].name);
    }
}
END_TEST

START_TEST(other_numbers_are_unknown) {
    static const dae_status unknown[] = {1, 2, 10, -11, -12, 1000, INT32_MAX, INT32_MIN, INT32_MIN + 1};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        ck_assert_str_eq(dae_status_name(unknown[i]), "unknown status");
}
END_TEST

/* What a thread sees before, between and after its failures; asserting is left to the main thread. */
struct talk {
    pthread_barrier_t *meet;
    double stddev;
    bool null_text, empty_first;
    char own[1024], later[1024];
};

static void *fail_and_listen(void *user) {
    struct talk *talk = user;
    dae_rng *rng = NULL;
    float x = 0;
    talk->null_text = dae_last_error() == NULL;
    talk->empty_first = !talk->null_text && dae_last_error()[0] == '\0';
    if (dae_rng_create(&rng, 1, 0) == DAE_OK &&
        dae_add_gaussian_noise(&x, 1, 0.0, talk->stddev, rng) == DAE_ERROR_ARGUMENT)
        snprintf(talk->own, sizeof talk->own, "%s", dae_last_error());
    pthread_barrier_wait(talk->meet);
    snprintf(talk->later, sizeof talk->later, "%s", dae_last_error());
    dae_rng_free(rng);
    return NULL;
}

START_TEST(each_thread_has_its_own_message) {
    pthread_barrier_t meet;
    struct talk talks[2] = {{.meet = &meet, .stddev = -17.0}, {.meet = &meet, .stddev = -29.0}};
    pthread_t threads[2];
    ck_assert_int_eq(pthread_barrier_init(&meet, NULL, 2), 0);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, fail_and_listen, &talks[i]), 0);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    pthread_barrier_destroy(&meet);
    for (int i = 0; i < 2; i++) {
        ck_assert(!talks[i].null_text);
        ck_assert_msg(talks[i].empty_first, "a new thread starts with an empty message");
        ck_assert_str_eq(talks[i].own, talks[i].later);
        ck_assert_ptr_nonnull(strstr(talks[i].own, "stddev"));
    }
    ck_assert_ptr_nonnull(strstr(talks[0].own, "-17"));
    ck_assert_ptr_nonnull(strstr(talks[1].own, "-29"));
}
END_TEST

START_TEST(success_leaves_the_message_alone) {
    char before[1024];
    fails(dae_set_num_threads(1025), DAE_ERROR_ARGUMENT, "1025");
    snprintf(before, sizeof before, "%s", dae_last_error());
    ok(dae_set_num_threads(0));
    dae_rng *rng = NULL;
    ok(dae_rng_create(&rng, 1, 2));
    dae_rng_free(rng);
    ck_assert_str_eq(dae_last_error(), before);
}
END_TEST

/* What dae_model_load() says about a path, without the reason of the operating system. */
static void message_of_path(const char *path, char shown[1024]) {
    dae_model *model = NULL;
    fails(dae_model_load(&model, path), DAE_ERROR_IO, "");
    ck_assert_msg(is_printable_utf8(dae_last_error()), "the message is not UTF-8: %s", dae_last_error());
    snprintf(shown, 1024, "%s", dae_last_error());
    char *reason = strstr(shown, ": could not");
    if (reason != NULL)
        *reason = '\0';
}

/* Texts of callers come back in messages: as UTF-8 in one line, whatever they are. */
START_TEST(messages_are_utf8) {
    static const struct {
        const char *path, *shown;
    } all[] = {
        {"gone/plain", "gone/plain"},
        {"", "empty path"},
        {"gone/gr\303\274n \342\202\254 \360\237\220\261", "gone/gr\303\274n \342\202\254 \360\237\220\261"},
        {"gone/\302\240 \337\277 \340\240\200 \355\237\277 \356\200\200 \360\220\200\200 \364\217\277\277",
         "gone/\302\240 \337\277 \340\240\200 \355\237\277 \356\200\200 \360\220\200\200 \364\217\277\277"},
        {"gone/\377\376\200x", "gone/???x"},                     /* no character begins like this */
        {"gone/\300\257 \340\237\277", "gone/?? ???"},           /* longer than it needs to be */
        {"gone/\360\217\277\277", "gone/????"},                  /* the same */
        {"gone/\355\240\200 \364\220\200\200", "gone/??? ????"}, /* half a pair; above U+10FFFF */
        {"gone/\303", "gone/?"},                                 /* the rest is missing */
        {"gone/\342\202 \360\237\220", "gone/?? ???"},           /* the same */
        {"gone/\303\303\274", "gone/?\303\274"},                 /* a good one behind a bad one */
        {"gone/a\nb\tc\033[31m\177", "gone/a?b?c?[31m?"},
        {"gone/\302\205", "gone/??"}, /* U+0085, a new line too */
        {"gone/%s%n%d", "gone/%s%n%d"},
    };
    char shown[1024];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        message_of_path(all[i].path, shown);
        ck_assert_str_eq(shown, all[i].shown);
    }
}
END_TEST

/* What a long message begins with and what it ends with are there, and between them whole characters only. */
START_TEST(long_messages_lose_their_middle) {
    static const char *const characters[] = {"p", "\303\274", "\342\202\254", "\360\237\220\261"};
    static const char start[] = "from", end[] = "to: could not open: File name too long";
    static char path[4000];
    for (size_t c = 0; c < 4; c++)
        for (size_t shift = 0; shift < 4; shift++) {
            dae_dataset *dataset = NULL;
            size_t size = strlen(characters[c]),
                   length = (size_t)sprintf(path, "%s%.*s", start, (int)shift, "abc");
            for (; length < 3000; length += size)
                memcpy(path + length, characters[c], size + 1);
            strcpy(path + length, "to");
            fails(dae_dataset_open(&dataset, path, NULL), DAE_ERROR_IO, "...");
            const char *message = dae_last_error();
            ck_assert_uint_le(strlen(message), 1023);
            ck_assert_uint_gt(strlen(message), 500);
            ck_assert(is_printable_utf8(message) && strchr(message, '?') == NULL);
            ck_assert(strncmp(message, start, strlen(start)) == 0);
            ck_assert_str_eq(message + strlen(message) - strlen(end), end);
        }
}
END_TEST

START_TEST(messages_of_any_length) {
    static const size_t ranges[][2] = {{950, 1080}, {8100, 8200}, {100000, 100001}};
    static const char reason[] = ": could not open: File name too long";
    static char path[100001];
    for (size_t r = 0; r < 3; r++)
        for (size_t length = ranges[r][0]; length < ranges[r][1]; length++) {
            dae_dataset *dataset = NULL;
            memset(path, 'p', length);
            path[length] = '\0';
            fails(dae_dataset_open(&dataset, path, NULL), DAE_ERROR_IO, "ppp");
            ck_assert_uint_le(strlen(dae_last_error()), 1023);
            ck_assert((strstr(dae_last_error(), "...") != NULL) == (length + strlen(reason) > 1023));
        }
}
END_TEST

/* ---- Version ---------------------------------------------------------------------------------- */

START_TEST(library_and_headers_agree) {
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", DAE_VERSION_MAJOR, DAE_VERSION_MINOR, DAE_VERSION_PATCH);
    ck_assert_uint_eq(dae_version_number(), DAE_VERSION_NUMBER);
    ck_assert_uint_eq(DAE_VERSION_NUMBER,
                      DAE_VERSION_MAJOR * 10000 + DAE_VERSION_MINOR * 100 + DAE_VERSION_PATCH);
    ck_assert_str_eq(dae_version_string(), text);
}
END_TEST

/* ---- Threads ---------------------------------------------------------------------------------- */

START_TEST(number_of_threads_has_a_range) {
    static const size_t good[] = {1, 2, 3, 7, 1023, 1024};
    static const size_t bad[] = {1025, 1026, 65536, SIZE_MAX};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ok(dae_set_num_threads(good[i]));
        ck_assert_uint_eq(dae_get_num_threads(), good[i]);
    }
    ok(dae_set_num_threads(5));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char number[32];
        snprintf(number, sizeof number, "%zu", bad[i]);
        fails(dae_set_num_threads(bad[i]), DAE_ERROR_ARGUMENT, number);
        ck_assert_uint_eq(dae_get_num_threads(), 5);
    }
    ok(dae_set_num_threads(0));
}
END_TEST

START_TEST(default_is_what_the_process_may_use) {
    cpu_set_t all, one;
    ck_assert_int_eq(sched_getaffinity(0, sizeof all, &all), 0);
    ok(dae_set_num_threads(3));
    ok(dae_set_num_threads(0));
    ck_assert_uint_eq(dae_get_num_threads(), (size_t)CPU_COUNT(&all));

    CPU_ZERO(&one);
    for (int cpu = 0; CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    ok(dae_set_num_threads(0));
    size_t pinned = dae_get_num_threads();
    ck_assert_int_eq(sched_setaffinity(0, sizeof all, &all), 0);
    ck_assert_uint_eq(pinned, 1);
}
END_TEST

static dae_status describe_runtime(const void *object, char *buffer, size_t capacity, size_t *length) {
    (void)object;
    return dae_runtime_describe(buffer, capacity, length);
}

START_TEST(runtime_describes_itself) {
    ok(dae_set_num_threads(7));
    char *text = text_by_the_rules(describe_runtime, NULL);
    char start[64];
    snprintf(start, sizeof start, "libdae %s, ", dae_version_string());
    ck_assert_msg(strncmp(text, start, strlen(start)) == 0, "the text is: %s", text);
    bool names_products = strstr(text, ", own products, ") != NULL ||
                          strstr(text, ", portable products, ") != NULL || strstr(text, ", BLAS ") != NULL;
    ck_assert_msg(names_products, "the text is: %s", text);
    ck_assert_ptr_nonnull(strstr(text, ", bfloat16 "));
    ck_assert_ptr_nonnull(strstr(text, ", kernels "));
    ck_assert_ptr_nonnull(strstr(text, ", 7 threads"));
    ck_assert_ptr_null(strchr(text, '\n'));
    free(text);
    ok(dae_set_num_threads(0));
}
END_TEST

/* ---- The allocator ---------------------------------------------------------------------------- */

static void *refuse(size_t size, void *user) {
    (void)size, (void)user;
    return NULL;
}

static void release_nothing(void *memory, void *user) {
    (void)memory, (void)user;
}

START_TEST(allocator_needs_both_functions) {
    heap_watch();
    fails(dae_set_allocator(refuse, NULL, NULL), DAE_ERROR_ARGUMENT, "release");
    fails(dae_set_allocator(NULL, release_nothing, NULL), DAE_ERROR_ARGUMENT, "allocate");
    /* the watched allocator is still in force */
    dae_rng *rng = NULL;
    ok(dae_rng_create(&rng, 1, 0));
    ck_assert_uint_ge(heap_live(), 1);
    dae_rng_free(rng);
    ok(dae_set_allocator(NULL, NULL, &rng));
    ok(dae_rng_create(&rng, 1, 0));
    ck_assert_uint_eq(heap_live(), 0);
    dae_rng_free(rng);
    heap_unwatch();
}
END_TEST

START_TEST(memory_returns_to_where_it_came_from) {
    dae_noise *made_before = NULL, *made_during = NULL, *parsed = NULL;
    ok(dae_noise_parse(&made_before, ""));
    heap_watch();
    ok(dae_noise_parse(&made_during, "clip(0, 1)"));
    ok(dae_noise_parse(&parsed, "gaussian(1) | clip(0, 1)"));
    ck_assert_uint_ge(heap_live(), 2);
    /* malloc()'s memory goes back to free(), or the watcher would complain */
    dae_noise_free(made_before);
    ok(dae_set_allocator(NULL, NULL, NULL));
    size_t live = heap_live();
    dae_noise_free(made_during);
    ck_assert_uint_lt(heap_live(), live);
    dae_noise_free(parsed);
    ck_assert_uint_eq(heap_live(), 0);
    heap_unwatch();
}
END_TEST

START_TEST(out_of_memory_is_reported_without_memory) {
    ok(dae_set_allocator(refuse, release_nothing, NULL));
    dae_rng *rng = (dae_rng *)&rng;
    dae_status status = dae_rng_create(&rng, 1, 0);
    bool told = message_has("");
    ok(dae_set_allocator(NULL, NULL, NULL));
    ck_assert_int_eq(status, DAE_ERROR_MEMORY);
    ck_assert(told);
    ck_assert_ptr_eq(rng, (dae_rng *)&rng);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("status");
    TCase *status = add_case(suite, "status");
    tcase_add_test(status, every_status_has_its_name);
    tcase_add_test(status, other_numbers_are_unknown);
    tcase_add_test(status, each_thread_has_its_own_message);
    tcase_add_test(status, success_leaves_the_message_alone);
    tcase_add_test(status, messages_are_utf8);
    tcase_add_test(status, long_messages_lose_their_middle);
    tcase_add_test(status, messages_of_any_length);
    TCase *version = add_case(suite, "version");
    tcase_add_test(version, library_and_headers_agree);
    TCase *threads = add_case(suite, "threads");
    tcase_add_test(threads, number_of_threads_has_a_range);
    tcase_add_test(threads, default_is_what_the_process_may_use);
    tcase_add_test(threads, runtime_describes_itself);
    TCase *allocator = add_case(suite, "allocator");
    tcase_add_test(allocator, allocator_needs_both_functions);
    tcase_add_test(allocator, memory_returns_to_where_it_came_from);
    tcase_add_test(allocator, out_of_memory_is_reported_without_memory);
    return suite_main(suite);
}
