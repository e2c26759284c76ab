/* dae denoise --stream. */
#ifndef DAE_PIPE_H
#define DAE_PIPE_H

#include "options.h"
#include "suit.h"

/* Raw float32 values, of whose channels each has one in turn, from standard input to standard output; returns
 * a status of main(). */
int denoise_stream(denoiser *d, const arguments *a);

#endif
