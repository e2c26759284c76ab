/* What is seen of a training while it runs, on standard error: a bar on a terminal, else a line an epoch. */
#ifndef DAE_PROGRESS_H
#define DAE_PROGRESS_H

#include <stdbool.h>

#include <dae.h>

typedef struct progress {
    bool terminal;
    bool line_open;                 /* a bar stands on a line that has not been ended */
    double shown;                   /* seconds into the fit at which the bar was drawn last */
    double before;                  /* steps that were done before this fit; below 0 while that isn't known */
    double noisy_psnr;              /* of the held-out inputs, for the dB gained; or NaN */
    double validation_loss, gained; /* of the last epoch, or NaN */
    bool told_failure;              /* that a checkpoint could not be written */
} progress;

void progress_start(progress *p, double noisy_psnr);

/* A dae_progress_fn; `user` is the progress. Never asks to stop. */
int32_t progress_show(const dae_progress *state, void *user);
void progress_end(progress *p);

/* "0:07", "12:34" or "1:02:03" */
void format_time(double seconds, char *text, size_t capacity);

#endif
