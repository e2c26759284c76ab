#define _DEFAULT_SOURCE
#include "progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR_LEAST = 10, BAR_MOST = 18, LINE_MOST = 320 };

/* A bar that moves more often than this only costs time. */
static const double seconds_between_bars = 0.1;

void progress_start(progress_display *display) {
    const char *term = getenv("TERM");
    bool capable = term && *term && strcmp(term, "dumb") != 0;
    *display = (progress_display){
        .terminal = capable && isatty(STDOUT_FILENO), .shown = -INFINITY, .before = -1};
}

void progress_format_time(double seconds, char *text, size_t capacity) {
    unsigned long long whole = seconds > 0 ? (unsigned long long)(seconds + 0.5) : 0;
    unsigned long long hours = whole / 3600, minutes = whole / 60 % 60;
    if (hours) {
        snprintf(text, capacity, "%llu:%02llu:%02llu", hours, minutes, whole % 60);
    } else {
        snprintf(text, capacity, "%llu:%02llu", minutes, whole % 60);
    }
}

static int terminal_columns(void) {
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* Number of digits of the greatest epoch, to keep the lines aligned. */
static int width_of(uint64_t number) {
    return snprintf(NULL, 0, "%llu", (unsigned long long)number);
}

/* Batches of all epochs that are done. */
static double batches_done(const dae_progress *progress) {
    return (double)(progress->epoch - 1) * (double)progress->steps + (double)progress->step;
}

/* "  loss 0.03124  val_loss 0.03021  0:12, 1:40 left" */
static void format_figures(const progress_display *display, const dae_progress *progress, char *text,
                           size_t capacity) {
    double missing = (double)progress->epochs * (double)progress->steps - batches_done(progress);
    double done = batches_done(progress) - display->before;
    char elapsed[32], left[32], validation[48] = "";
    progress_format_time(progress->seconds, elapsed, sizeof elapsed);
    progress_format_time(progress->seconds * missing / fmax(done, 1), left, sizeof left);
    if (!isnan(progress->validation_loss)) {
        snprintf(validation, sizeof validation, "  val_loss %.5f", progress->validation_loss);
    }
    snprintf(text, capacity, "  loss %.5f%s  %s, %s left", progress->loss, validation, elapsed, left);
}

static void draw_bar(const progress_display *display, const dae_progress *progress) {
    char figures[160], head[64], line[LINE_MOST + 1];
    format_figures(display, progress, figures, sizeof figures);
    snprintf(head, sizeof head, "Epoch %*llu/%llu", width_of(progress->epochs),
             (unsigned long long)progress->epoch, (unsigned long long)progress->epochs);

    int columns = terminal_columns();
    int room = columns - 1 - (int)strlen(head) - (int)strlen(figures) - (int)strlen(" []");
    int width = room > BAR_MOST ? BAR_MOST : room < BAR_LEAST ? BAR_LEAST : room;
    int full = progress->steps ? (int)((uint64_t)width * progress->step / progress->steps) : width;
    char bar[BAR_MOST + 1];
    memset(bar, '.', (size_t)width);
    memset(bar, '#', (size_t)full);
    bar[width] = '\0';

    snprintf(line, sizeof line, "%s [%s]%s", head, bar, figures);
    /* A line that wraps could not be drawn over; "\033[K" clears what is left of a longer line. */
    printf("\r%.*s\033[K", columns - 1, line);
}

static void print_plain(const dae_progress *progress) {
    printf("epoch %llu/%llu: loss %.5f", (unsigned long long)progress->epoch,
           (unsigned long long)progress->epochs, progress->loss);
    if (!isnan(progress->validation_loss)) {
        printf(", val_loss %.5f, val_psnr %.2f dB", progress->validation_loss, progress->validation_psnr);
    }
    printf(", %.2f s\n", progress->epoch_seconds);
}

int32_t progress_show(const dae_progress *progress, void *user) {
    progress_display *display = user;
    bool epoch_done = progress->event == DAE_PROGRESS_EPOCH;
    if (display->before < 0) {
        display->before = batches_done(progress) - 1;
    }
    if (!display->terminal) {
        if (epoch_done) {
            print_plain(progress);
        }
    } else if (epoch_done || progress->seconds - display->shown >= seconds_between_bars) {
        draw_bar(display, progress);
        display->shown = progress->seconds;
        display->line_open = true;
        if (epoch_done) {
            progress_end_line(display);
        }
        fflush(stdout);
    }
    return 0;
}

void progress_end_line(progress_display *display) {
    if (display->line_open) {
        putchar('\n');
        display->line_open = false;
    }
}
