#define _DEFAULT_SOURCE
#include "signals.h"

#include <signal.h>
#include <stddef.h>

/* The handler can reach no other data than static ones. */
static dae_trainer *volatile running;
static volatile sig_atomic_t caught;

static void stop_training(int signal_number) {
    caught = signal_number;
    dae_trainer_stop(running);
}

void signals_catch(dae_trainer *trainer) {
    struct sigaction action = {.sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
    running = trainer;
    action.sa_handler = stop_training;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void signals_release(void) {
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    running = NULL;
}

int signals_caught(void) {
    return (int)caught;
}
