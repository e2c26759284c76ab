/* Keeping signals of the host away from threads that do not want them. */
#ifndef DAE_CORE_SIGNALS_H
#define DAE_CORE_SIGNALS_H

#include <signal.h>

/* Blocks all signals in this thread but those of what it does itself, whose handlers it needs in order to go on: hosts that
 * bring memory in when it is touched have such, reporters of crashes, debuggers, and sandboxes. */
static inline void dae_signals_block(sigset_t *before) {
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    sigset_t others;
    sigfillset(&others);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        sigdelset(&others, own[i]);
    pthread_sigmask(SIG_BLOCK, &others, before);
}

static inline void dae_signals_restore(const sigset_t *before) {
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

#endif
