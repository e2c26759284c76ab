/* The walk over all public functions: each is called as it should be, then with each argument spoiled in turn, then
 * with each of its allocations failing, then from a progress callback of its own trainer. The calls are generated from
 * the headers and from walk_table.py, so that a new function cannot be forgotten.
 *
 * A call must not crash, gives a status that its comment names, and after a failure: the message says what it is
 * about, everything is as before, and no output has been written. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "walk.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Larger requests are refused: a huge size that is legal is then out of memory at once, on any machine. */
#define MOST_MEMORY ((size_t)256 << 20)

/* For the last line; in memory that forked tests share. */
static struct { size_t functions, calls, failures, allocations; } * counts;

/* Of the world before a call (files may hold what the clock said), and of any fresh world. */
static uint64_t fresh_look, fresh_use;

/* The call that a failed assertion is about. In memory that forked tests share, one for each walk with each function,
 * so that it is known also of a test that crashed. */
enum { WALKS = 3, PLACE_SIZE = 300 };
static char (*places)[PLACE_SIZE];
static char *place;

static void enter(const struct row *row, size_t attack, const char *circumstance) {
    snprintf(place, PLACE_SIZE, "%s, %s%s", row->name, row->attacks[attack].what, circumstance);
    counts->calls++;
}

static void begin(struct world *w, int walk, int function) {
    place = places[walk * (int)row_count + function];
    snprintf(place, PLACE_SIZE, "%s, before any call", rows[function].name);
    const char *folder = temp_path("world");
    (void)mkdir(folder, 0700); /* it stays from one test to the next */
    ck_assert_int_eq(chdir(folder), 0);
    heap_watch();
    heap_limit(MOST_MEMORY);
    world_make(w);
    fresh_use = world_use(w);
    world_free(w);
    world_make(w);
    fresh_look = world_look(w);
}

static void end(struct world *w) {
    world_free(w);
    heap_unwatch();
    ck_assert_int_eq(chdir("/"), 0);
    place[0] = '\0';
}

static void renew(struct world *w) {
    heap_resume();
    world_free(w);
    ck_assert_msg(heap_live() == 0, "%s: %zu blocks leaked", place, heap_live());
    world_make(w);
    fresh_look = world_look(w);
}

/* ---- One call ------------------------------------------------------------------------------------- */

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool has_word(const char *text, const char *word) {
    size_t length = strlen(word);
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        if ((at == text || !is_letter(at[-1])) && !is_letter(at[length]))
            return true;
    return false;
}

/* It speaks of the function, of an argument or of a file, or says why there is no result. */
static bool is_about(const char *text, const struct row *row, dae_status status) {
    static const char *const of_files[] = {"could not",   "offset",        "position",       "gzip",
                                           "not a model", "IDX in memory", "model in memory"};
    for (size_t i = 0; i < sizeof row->words / sizeof *row->words && row->words[i] != NULL; i++)
        if (has_word(text, row->words[i]))
            return true;
    for (size_t i = 0; i < sizeof of_files / sizeof *of_files; i++)
        if ((status == DAE_ERROR_IO || status == DAE_ERROR_FORMAT || status == DAE_ERROR_UNSUPPORTED) &&
            strstr(text, of_files[i]) != NULL)
            return true;
    return (status == DAE_ERROR_MEMORY && strstr(text, "out of memory") != NULL) ||
           (status == DAE_ERROR_CANCELLED && strstr(text, "stopped by") != NULL) ||
           (status == DAE_ERROR_NOT_FINITE && has_word(text, "step"));
}

/* A message that no call of the walk gives. */
static const char mark[] = "dae_set_num_threads: count is 99999, expected 0 to 1024";

static void check_message(const struct row *row, dae_status status, const char *text) {
    if (status == DAE_OK) {
        ck_assert_msg(strcmp(text, mark) == 0, "%s: worked and left a message: %s", place, text);
        return;
    }
    ck_assert_msg(strcmp(text, mark) != 0 && text[0] != '\0', "%s: failed without a message", place);
    ck_assert_msg(is_printable_utf8(text) && strlen(text) <= 1023, "%s: not one line of UTF-8: %s", place,
                  text);
    ck_assert_msg(is_about(text, row, status),
                  "%s: %s: the message names neither the function nor an argument: %s", place,
                  dae_status_name(status), text);
}

static void check_status(const struct row *row, const struct attack *attack, dae_status status,
                         const char *text) {
    unsigned right = attack->expected == WORKS     ? 1u | attack->may_give
                     : attack->expected == REFUSED ? 1u << -DAE_ERROR_ARGUMENT
                                                   : 1u | row->documented;
    ck_assert_msg(status <= DAE_OK && status >= DAE_ERROR_CALLBACK && (right >> -status & 1) != 0,
                  "%s: gave %s%s: %s", place, dae_status_name(status),
                  attack->expected == MAY_FAIL ? ", which the function's comment does not name" : "", text);
}

/* Makes a call and looks at status, message, handles and allocator. */
static dae_status call(const struct row *row, struct world *w, size_t attack, size_t *requests) {
    char text[1200];
    w->touched = false;
    (void)dae_set_num_threads(99999);
    ck_assert_str_eq(dae_last_error(), mark);
    size_t before = heap_requests();
    dae_status status = row->call(w, attack);
    *requests = heap_requests() - before;
    heap_fail_at(0, false);
    heap_resume();
    snprintf(text, sizeof text, "%s", dae_last_error());
    counts->failures += status != DAE_OK;
    check_message(row, status, text);
    ck_assert_msg(!w->touched, "%s: gave %s, and an output handle that does not go with it", place,
                  dae_status_name(status));
    ck_assert_msg(row->allocates || *requests == 0,
                  "%s: allocated %zu times, its comment says that it does not", place, *requests);
    return status;
}

/* After a failure: what shows at a look, and what shows only in use, which uses the world up. */
static void check_unchanged(struct world *w, const struct row *row, dae_status status) {
    bool partly = (row->partly >> -status & 1) != 0; /* done, as the function's comment says */
    world_forget(w, row, status);
    ck_assert_msg(partly || world_look(w) == fresh_look, "%s: failed and changed something", place);
    if (!row->takes_object)
        return;
    ck_assert_msg(partly || world_use(w) == fresh_use,
                  "%s: failed and changed how an object works from then on", place);
    renew(w);
}

/* ---- The walks ------------------------------------------------------------------------------------- */

START_TEST(the_table_is_complete) {
    for (size_t i = 0; problems[i] != NULL; i++)
        printf("%s\n", problems[i]);
    ck_assert_msg(problems[0] == NULL, "%s", problems[0]);
    ck_assert_uint_gt(row_count, 100);
}
END_TEST

/* _i is the function. */
START_TEST(arguments_are_spoiled) {
    const struct row *row = &rows[_i];
    struct world w;
    counts->functions++;
    begin(&w, 0, _i);
    for (size_t attack = 0; attack < row->attack_count; attack++) {
        size_t requests;
        char text[1200];
        enter(row, attack, "");
        dae_status status = call(row, &w, attack, &requests);
        snprintf(text, sizeof text, "%s", dae_last_error());
        check_status(row, &row->attacks[attack], status, text);
        if (status == DAE_OK)
            renew(&w);
        else
            check_unchanged(&w, row, status);
    }
    end(&w);
}
END_TEST

/* Fails allocation k of a working call; true when the call made fewer. An object may keep for later what it got: only
 * renew() finds what leaked. */
static bool fail_allocation(const struct row *row, struct world *w, size_t attack, size_t k,
                            bool ever_after) {
    size_t requests;
    char circumstance[80];
    snprintf(circumstance, sizeof circumstance, ", when allocation %zu%s fails", k,
             ever_after ? " and all later" : "");
    enter(row, attack, circumstance);
    heap_fail_at(k, ever_after);
    dae_status status = call(row, w, attack, &requests);
    if (requests < k)
        return true;
    counts->allocations++;
    ck_assert_msg(status == DAE_ERROR_MEMORY, "%s: gave %s: %s", place, dae_status_name(status),
                  dae_last_error());
    world_forget(w, row, status);
    ck_assert_msg(world_look(w) == fresh_look, "%s: failed and changed something", place);
    if (ever_after) {
        ck_assert_msg(world_use(w) == fresh_use, "%s: failed and changed how an object works from then on",
                      place);
        return false;
    }
    strcat(circumstance, ", and again");
    enter(row, attack, circumstance);
    status = call(row, w, attack, &requests);
    check_status(row, &row->attacks[attack], status, dae_last_error());
    return false;
}

/* _i is the function. */
START_TEST(allocations_fail) {
    enum { UNLIKELY_MANY = 10000 };
    const struct row *row = &rows[_i];
    struct world w;
    size_t failed = 0;
    if (!row->allocates)
        return;
    begin(&w, 1, _i);
    for (size_t attack = 0; attack < row->call_count; attack++)
        for (int ever_after = 0; ever_after < 2; ever_after++) {
            bool through = false;
            for (size_t k = 1; !through && k < UNLIKELY_MANY; k++, failed++) {
                through = fail_allocation(row, &w, attack, k, ever_after != 0);
                renew(&w);
            }
            ck_assert_msg(through, "%s: never gets through", place);
        }
    /* for each call twice one that came through */
    ck_assert_msg(failed > 2 * row->call_count || row->attacks[row->call_count - 1].may_give != 0,
                  "%s says that it allocates, and does not", row->name);
    end(&w);
}
END_TEST

/* A call from the progress callback of the trainer that it is about. */
struct visit {
    const struct row *row;
    struct world *world;
    bool done, passed;
    dae_status status;
    char text[1200];
};

static int32_t visit(const dae_progress *progress, void *user) {
    struct visit *v = user;
    (void)progress;
    if (v->done)
        return 0;
    v->done = true;
    v->status = v->row->call(v->world, 0);
    snprintf(v->text, sizeof v->text, "%s", dae_last_error());
    return 0;
}

/* _i is the function. Those that would change the trainer are refused; none disturbs the fit. */
START_TEST(trainers_are_running) {
    const struct row *row = &rows[_i];
    struct world w;
    if (!row->takes_trainer || row->frees)
        return;
    begin(&w, 2, _i);
    struct visit v = {.row = row, .world = &w};
    ok(dae_trainer_set_progress(w.trainer, visit, &v));
    enter(row, 0, ", from the trainer's own callback");
    dae_status status = dae_trainer_fit(w.trainer, w.view, 2), expected = DAE_OK;
    ck_assert_msg(v.done, "%s: the callback was not called", place);
    if (row->changes_trainer)
        ck_assert_msg(v.status == DAE_ERROR_STATE && has_word(v.text, row->name), "%s: gave %s: %s", place,
                      dae_status_name(v.status), v.text);
    if (strcmp(row->name, "dae_trainer_stop") == 0)
        expected = DAE_ERROR_CANCELLED;
    ck_assert_msg(status == expected, "%s: the fit gave %s: %s", place, dae_status_name(status),
                  dae_last_error());
    renew(&w);
    /* the fit that world_use() makes, with a visit in it */
    v.done = expected != DAE_OK;
    v.world = &w;
    ok(dae_trainer_set_progress(w.trainer, visit, &v));
    ck_assert_msg(world_use(&w) == fresh_use, "%s: disturbed the fit", place);
    end(&w);
}
END_TEST

static void *shared_memory(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

int main(void) {
    counts = shared_memory(sizeof *counts);
    places = shared_memory(WALKS * row_count * sizeof *places);
    if (counts == NULL || places == NULL)
        return EXIT_FAILURE;
    Suite *suite = suite_create("walk");
    TCase *table = add_case(suite, "table");
    tcase_add_test(table, the_table_is_complete);
    TCase *walks = add_case(suite, "walks");
    tcase_add_loop_test(walks, arguments_are_spoiled, 0, (int)row_count);
    tcase_add_loop_test(walks, allocations_fail, 0, (int)row_count);
    tcase_add_loop_test(walks, trainers_are_running, 0, (int)row_count);
    int result = suite_main(suite);
    for (size_t i = 0; i < WALKS * row_count; i++)
        if (places[i][0] != '\0')
            printf("failed or crashed in: %s\n", places[i]);
    printf("%zu functions, %zu calls, of which %zu failed as they should; %zu allocations failed\n",
           counts->functions, counts->calls, counts->failures, counts->allocations);
    return result;
}
