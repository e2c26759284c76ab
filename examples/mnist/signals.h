/* A training that Ctrl-C, or a signal that asks to end, stops after its step. */
#ifndef EXAMPLES_SIGNALS_H
#define EXAMPLES_SIGNALS_H

#include <dae.h>

/* From here on SIGINT and SIGTERM stop the trainer; a second one does what it always does. */
void signals_catch(dae_trainer *trainer);

void signals_release(void);

/* The number of the signal that came; 0: none did. */
int signals_caught(void);

#endif
