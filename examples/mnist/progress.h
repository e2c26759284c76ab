/* Shows the progress of training: a moving bar on a terminal, else one plain line per epoch. */
#ifndef MNIST_PROGRESS_H
#define MNIST_PROGRESS_H

#include <stdbool.h>

#include <dae.h>

typedef struct progress_display {
    bool terminal;
    bool line_open; /* a bar stands on a line that has not been ended yet */
    double shown;   /* seconds into the fit at which the bar was last drawn */
    double before;  /* batches that were done before this fit; below 0 while that isn't known */
} progress_display;

/* Looks whether standard output is a terminal. */
void progress_start(progress_display *display);

/* A dae_progress_fn; `user` is the display. Never asks to stop. */
int32_t progress_show(const dae_progress *progress, void *user);

/* Ends a bar's line, so that other text can follow. */
void progress_end_line(progress_display *display);

/* Writes seconds as "0:07", "12:34" or "1:02:03". */
void progress_format_time(double seconds, char *text, size_t capacity);

#endif
