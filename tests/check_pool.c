/* Threads of one call, inside the library: tasks that fail. */
#include "core/pool.h"
#include "support.h"

#include <dae/runtime.h>

#include <stdatomic.h>

enum { TASKS = 100 };

/* Work whose tasks from `first_bad` on fail, each with a message of its own. */
struct work {
    const char *name;
    size_t first_bad;
    atomic_size_t runs;
};

static dae_status run_task(void *context, size_t task) {
    struct work *work = context;
    atomic_fetch_add(&work->runs, 1);
    return task < work->first_bad ? DAE_OK : dae_fail(DAE_ERROR_IO, "task %zu of %s", task, work->name);
}

static void run_both(struct dae_pool *pool, size_t first_bad, size_t second_bad, const char *message) {
    struct work first = {"first", first_bad, 0}, second = {"second", second_bad, 0};
    struct dae_work works[] = {{run_task, &first, TASKS}, {run_task, &second, TASKS}};
    dae_status status = dae_pool_run_all(pool, works, 2);
    ck_assert_int_eq(status, message == NULL ? DAE_OK : DAE_ERROR_IO);
    if (message != NULL)
        ck_assert_str_eq(dae_last_error(), message);
    else
        ck_assert_uint_eq(atomic_load(&first.runs) + atomic_load(&second.runs), 2 * TASKS);
}

START_TEST(the_lowest_failure_is_told) {
    const size_t threads[] = {1, 2, 3, 7};
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        struct dae_pool *pool = NULL;
        ok(dae_set_num_threads(threads[i]));
        ok(dae_pool_open(&pool));
        for (int repeat = 0; repeat < 20; repeat++) {
            run_both(pool, 0, TASKS, "task 0 of first");
            run_both(pool, 37, 5, "task 37 of first");
            run_both(pool, TASKS, 99, "task 99 of second");
            run_both(pool, TASKS, TASKS, NULL); /* a failure before is forgotten */
        }
        dae_pool_close(pool);
    }
    ok(dae_set_num_threads(0));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pool");
    tcase_add_test(add_case(suite, "tasks"), the_lowest_failure_is_told);
    return suite_main(suite);
}
