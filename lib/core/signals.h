/* Keeping signals of the host away from threads that do not want them. Whoever includes this asks for POSIX
 * first. */
#ifndef DAE_CORE_SIGNALS_H
#define DAE_CORE_SIGNALS_H

#include <signal.h>
#include <stddef.h>

/* Blocks all signals in this thread but those of faults. A thread that has made one cannot go on before it
 * has been handled: by a host that brings memory in when it is touched, by a reporter of crashes, a debugger
 * or a sandbox. */
static inline void dae_signals_block(sigset_t *before) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    sigset_t others;
    sigfillset(&others);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&others, faults[i]);
    pthread_sigmask(SIG_BLOCK, &others, before);
}

static inline void dae_signals_restore(const sigset_t *before) {
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

#endif
