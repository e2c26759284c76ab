/* White box: the BLAS library's number of threads, which the library borrows, and a fork() at any moment. */
#define _POSIX_C_SOURCE 200809L

#include "support.h"

#include "math/matmul.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern void openblas_set_num_threads(int count) __attribute__((weak));
extern int openblas_get_num_threads(void) __attribute__((weak));

enum { CHILDREN = 200, SECONDS = 60 };

static int blas_threads(void) {
    return openblas_get_num_threads != NULL ? openblas_get_num_threads() : 1;
}

static void set_blas_threads(int count) {
    if (openblas_set_num_threads != NULL)
        openblas_set_num_threads(count);
}

/* BLAS threads while somebody is inside, of `before`: one if it is BLAS that multiplies; else they are not touched. */
static int inside(int before) {
    return strncmp(dae_matmul_name(), "BLAS", 4) == 0 ? 1 : before;
}

START_TEST(one_thread_until_the_last_has_left) {
    set_blas_threads(2);
    int before = blas_threads();
    for (int round = 0; round < 3; round++) {
        dae_matmul_enter();
        ck_assert_int_eq(blas_threads(), inside(before));
        dae_matmul_enter();
        dae_matmul_leave();
        ck_assert_int_eq(blas_threads(), inside(before));
        dae_matmul_leave();
        ck_assert_int_eq(blas_threads(), before);
    }
}
END_TEST

static void *enter_and_leave(void *user) {
    atomic_bool *enough = user;
    while (!atomic_load(enough)) {
        dae_matmul_enter();
        dae_matmul_leave();
    }
    return NULL;
}

/* A child that is forked while another thread holds the lock would wait for ever; with this many children that
 * happens for certain. BLAS has one thread here, so that its own locks have no part in it. */
START_TEST(a_child_never_waits_for_a_thread_that_it_has_not_got) {
    atomic_bool enough = false;
    pthread_t threads[2];
    set_blas_threads(1);
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, enter_and_leave, &enough), 0);
    for (size_t i = 0; i < CHILDREN; i++) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            alarm(SECONDS);
            dae_matmul_enter();
            dae_matmul_leave();
            _exit(42);
        }
        int status = 0;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 42, "child %zu ended with status %d", i,
                      status);
    }
    atomic_store(&enough, true);
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}
END_TEST

/* Forked in the middle of a call of another thread: that call is not the child's, and the setting comes back. */
START_TEST(a_child_gives_back_what_its_parent_has_borrowed) {
    atomic_bool enough = true;
    pthread_t thread;
    set_blas_threads(2);
    int before = blas_threads();
    dae_matmul_enter();
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        /* in this thread's call, which came along */
        dae_matmul_enter();
        dae_matmul_leave();
        bool right = blas_threads() == inside(before);
        dae_matmul_leave();
        right = right && blas_threads() == before;
        /* in a new thread, as a process like any other */
        right = right && pthread_create(&thread, NULL, enter_and_leave, &enough) == 0;
        right = right && pthread_join(thread, NULL) == 0 && blas_threads() == before;
        _exit(right ? 42 : 43);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 42, "the child ended with status %d", status);
    ck_assert_int_eq(blas_threads(), inside(before));
    dae_matmul_leave();
    ck_assert_int_eq(blas_threads(), before);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("blas threads");
    TCase *all = add_case(suite, "blas threads");
    tcase_add_test(all, one_thread_until_the_last_has_left);
    tcase_add_test(all, a_child_never_waits_for_a_thread_that_it_has_not_got);
    tcase_add_test(all, a_child_gives_back_what_its_parent_has_borrowed);
    return suite_main(suite);
}
