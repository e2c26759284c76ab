/* A host with signal handlers: signals that arrive in the middle of training change nothing, and faults reach their handlers. */
#define _GNU_SOURCE /* setitimer(), mmap(), feenableexcept() */

#include "network.h"

#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

enum { SIZE = 784, SAMPLES = 400, EPOCHS = 20 };

static volatile sig_atomic_t arrived;

/* A frame of some size, with values that would be found if they were where they don't belong. */
static void handle(int number) {
    volatile unsigned char noise[2048];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (unsigned char)(0xA5 + number);
    arrived = arrived + (noise[7] != 0);
}

/* The parameters that a training has come to, to free(); everything else is freed. */
static float *end_training(dae_trainer *trainer, dae_model *model, dae_dataset *data, size_t *count) {
    float *parameters = parameters_of(model, count);
    dae_dataset_free(data);
    dae_trainer_free(trainer);
    dae_model_free(model);
    return parameters;
}

/* Parameters after some epochs, to free(); with a signal every `microseconds`, or none for 0. */
static float *train(long microseconds, size_t *count) {
    network net = autoencoder(SIZE, 128, "relu", "relu");
    dae_model *model = network_model(&net, 1);
    dae_trainer *trainer = adam_trainer(model, 1e-3, "mse");
    dae_dataset *data = random_dataset(SAMPLES, SIZE, 0, 1, 2);
    struct itimerval every = {{0, microseconds}, {0, microseconds}}, off = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_flags = SA_RESTART}, before;
    action.sa_handler = handle;
    sigemptyset(&action.sa_mask);
    ck_assert_int_eq(sigaction(SIGALRM, &action, &before), 0);
    ok(dae_trainer_set_batch_size(trainer, 200));
    ck_assert_int_eq(setitimer(ITIMER_REAL, &every, NULL), 0);
    ok(dae_trainer_fit(trainer, data, EPOCHS));
    ck_assert_int_eq(setitimer(ITIMER_REAL, &off, NULL), 0);
    sigaction(SIGALRM, &before, NULL);
    return end_training(trainer, model, data, count);
}

START_TEST(signals_change_nothing) {
    for (size_t threads = 1; threads <= 2; threads++) {
        size_t count;
        ok(dae_set_num_threads(threads));
        float *quiet = train(0, &count);
        arrived = 0;
        float *disturbed = train(500, &count);
        ck_assert_int_gt(arrived, 0);
        same_floats(disturbed, quiet, count);
        free(quiet);
        free(disturbed);
    }
}
END_TEST

/* What the host has blocked stays blocked, and what it has not stays open. */
START_TEST(the_mask_is_left_as_it_was) {
    sigset_t set, before, after;
    size_t count;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &before);
    sigprocmask(SIG_BLOCK, NULL, &set);
    free(train(0, &count));
    sigprocmask(SIG_BLOCK, NULL, &after);
    for (int number = 1; number < 32; number++)
        ck_assert_int_eq(sigismember(&after, number), sigismember(&set, number));
    sigprocmask(SIG_SETMASK, &before, NULL);
}
END_TEST

/* ---- Memory that comes in when it is touched ------------------------------------------------------ */

static struct {
    char *start;
    size_t size, page;
    atomic_int faults;
    pthread_t host;
    atomic_int open, shut; /* faults of other threads, which take other signals or do not */
} lazy;

/* Whether a thread that was interrupted takes signals that are for any thread of the process. */
static bool takes_others(const ucontext_t *interrupted) {
    static const int others[] = {SIGALRM, SIGUSR1, SIGTERM, SIGINT, SIGPROF, SIGCHLD};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (sigismember(&interrupted->uc_sigmask, others[i]) == 0)
            return true;
    return false;
}

/* What the host's collector, or its cache of a file, would do. */
static void bring_in(int number, siginfo_t *info, void *context) {
    if (!pthread_equal(pthread_self(), lazy.host))
        atomic_fetch_add(takes_others(context) ? &lazy.open : &lazy.shut, 1);
    uintptr_t offset = (uintptr_t)info->si_addr - (uintptr_t)lazy.start;
    if (offset < lazy.size)
        mprotect(lazy.start + offset / lazy.page * lazy.page, lazy.page, PROT_READ);
    else
        signal(number, SIG_DFL);
    atomic_fetch_add(&lazy.faults, 1);
}

/* Borrowed samples whose pages are taken away before each epoch. */
static float *train_on_lazy_memory(size_t *count) {
    network net = autoencoder(SIZE, 16, "relu", "relu");
    dae_model *model = network_model(&net, 1);
    dae_trainer *trainer = adam_trainer(model, 1e-3, "mse");
    dae_dataset *data = NULL;
    const float *samples = (const float *)(const void *)lazy.start;
    ok(dae_dataset_borrow_array(&data, samples, SAMPLES, 1, (size_t[]){SIZE}, NULL, NULL));
    ok(dae_trainer_set_batch_size(trainer, SAMPLES));
    for (int epoch = 0; epoch < 3; epoch++) {
        ck_assert_int_eq(mprotect(lazy.start, lazy.size, PROT_NONE), 0);
        ok(dae_trainer_fit(trainer, data, 1));
    }
    return end_training(trainer, model, data, count);
}

/* And nothing else does: handlers of the host run in its own threads. */
START_TEST(faults_reach_their_handler_in_every_thread) {
    struct sigaction action = {.sa_sigaction = bring_in, .sa_flags = SA_SIGINFO}, before;
    sigemptyset(&action.sa_mask);
    lazy.page = (size_t)sysconf(_SC_PAGESIZE);
    lazy.size = (SAMPLES * SIZE * sizeof(float) + lazy.page - 1) / lazy.page * lazy.page;
    void *memory = mmap(NULL, lazy.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(memory, MAP_FAILED);
    lazy.start = memory;
    for (size_t i = 0; i < (size_t)SAMPLES * SIZE; i++)
        ((float *)memory)[i] = (float)(i % 97) / 97;
    lazy.host = pthread_self();
    ck_assert_int_eq(sigaction(SIGSEGV, &action, &before), 0);
    size_t count;
    ok(dae_set_num_threads(1));
    float *alone = train_on_lazy_memory(&count);
    atomic_store(&lazy.faults, 0);
    ok(dae_set_num_threads(3));
    float *together = train_on_lazy_memory(&count);
    ck_assert_int_ge(atomic_load(&lazy.faults), 3 * (int)(lazy.size / lazy.page));
    sigaction(SIGSEGV, &before, NULL);
    int open = atomic_load(&lazy.open), shut = atomic_load(&lazy.shut);
    ck_assert_int_eq(open, 0);
    ck_assert_int_gt(shut, 0);
    same_floats(together, alone, count);
    free(alone);
    free(together);
    munmap(memory, lazy.size);
}
END_TEST

/* ---- Arithmetic that traps ------------------------------------------------------------------------ */

static double psnr_of(dae_model *model, dae_dataset *data) {
    dae_report *report = NULL;
    double psnr = NAN;
    ok(dae_model_evaluate(&report, model, data));
    ok(dae_report_get(report, "psnr", &psnr));
    dae_report_free(report);
    return psnr;
}

static void train_and_evaluate(int32_t precision, const char *activation, const char *loss) {
    network net = autoencoder(SIZE, 16, activation, "linear");
    dae_model *model = network_model(&net, 1);
    dae_trainer *trainer = adam_trainer(model, 1e-3, loss);
    dae_dataset *data = corrupted(random_dataset(SAMPLES, SIZE, 0, 1, 2), "masking(rate=0.5)",
                                  DAE_NOISE_FRESH, 3);
    ok(dae_trainer_set_precision(trainer, precision));
    ok(dae_trainer_set_validation(trainer, data));
    ok(dae_trainer_fit(trainer, data, 2));
    ck_assert_double_gt(psnr_of(model, data), 0);
    size_t count;
    free(end_training(trainer, model, data, &count));
}

/* Outputs are the targets: a division by an error of zero is near. */
static void evaluate_what_is_right(void) {
    dae_model *model = model_from(1, "input(%d) | dropout(0.5)", SIZE);
    dae_dataset *data = random_dataset(SAMPLES, SIZE, 0, 1, 2);
    ck_assert_double_eq(psnr_of(model, data), 100);
    dae_model_free(model);
    dae_dataset_free(data);
}

START_TEST(a_host_whose_arithmetic_traps_goes_on) {
    if (feenableexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW) == -1)
        return; /* this processor does not trap */
    for (size_t threads = 1; threads <= 3; threads += 2) {
        ok(dae_set_num_threads(threads));
        evaluate_what_is_right();
        for (size_t i = 0; i < ACTIVATIONS; i++) {
            train_and_evaluate(DAE_PRECISION_FLOAT32, ACTIVATION[i], "mse");
            train_and_evaluate(DAE_PRECISION_BFLOAT16, ACTIVATION[i], "mae");
        }
    }
    ck_assert_int_eq(fegetexcept(), FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW);
    fedisableexcept(FE_ALL_EXCEPT);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("signals");
    TCase *signals = add_case(suite, "signals");
    tcase_add_test(signals, signals_change_nothing);
    tcase_add_test(signals, the_mask_is_left_as_it_was);
    tcase_add_test(signals, faults_reach_their_handler_in_every_thread);
    tcase_add_test(signals, a_host_whose_arithmetic_traps_goes_on);
    return suite_main(suite);
}
