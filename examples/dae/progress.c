#define _DEFAULT_SOURCE
#include "progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "say.h"

enum { BAR_LEAST = 6, BAR_MOST = 20, LINE_MOST = 320 };

/* A bar that moves more often than this only costs time. */
static const double seconds_between_bars = 0.1;

/* Nor do lines of epochs that take less than this. */
static const double seconds_between_lines = 1;

void progress_start(progress *p, double noisy_psnr) {
    const char *term = getenv("TERM");
    bool capable = term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
    *p = (progress){.terminal = capable && isatty(STDERR_FILENO) != 0,
                    .shown = -INFINITY,
                    .before = -1,
                    .noisy_psnr = noisy_psnr,
                    .validation_loss = NAN,
                    .gained = NAN};
}

void format_time(double seconds, char *text, size_t capacity) {
    unsigned long long whole = seconds > 0 ? (unsigned long long)(seconds + 0.5) : 0;
    unsigned long long hours = whole / 3600, minutes = whole / 60 % 60;
    if (hours > 0)
        snprintf(text, capacity, "%llu:%02llu:%02llu", hours, minutes, whole % 60);
    else
        snprintf(text, capacity, "%llu:%02llu", minutes, whole % 60);
}

static int terminal_columns(void) {
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static double steps_done(const dae_progress *state) {
    return (double)(state->epoch - 1) * (double)state->steps + (double)state->step;
}

/* "loss 0.00124, held out 0.00118, +6.1 dB, 1:40 left" */
static void format_figures(const progress *p, const dae_progress *state, char *text, size_t capacity) {
    double missing = (double)state->epochs * (double)state->steps - steps_done(state);
    double done = fmax(steps_done(state) - p->before, 1);
    char left[32], held_out[48] = "", gained[32] = "";
    format_time(state->seconds * missing / done, left, sizeof left);
    if (!isnan(p->validation_loss))
        snprintf(held_out, sizeof held_out, ", held out %.4g", p->validation_loss);
    if (!isnan(p->gained))
        snprintf(gained, sizeof gained, ", %+.1f dB", p->gained);
    snprintf(text, capacity, "loss %.4g%s%s, %s left", state->loss, held_out, gained, left);
}

static void draw_bar(const progress *p, const dae_progress *state) {
    char figures[192], head[64], bar[BAR_MOST + 1], line[LINE_MOST];
    format_figures(p, state, figures, sizeof figures);
    snprintf(head, sizeof head, "epoch %llu/%llu", (unsigned long long)state->epoch,
             (unsigned long long)state->epochs);
    int columns = terminal_columns();
    int room = columns - (int)strlen(head) - (int)strlen(figures) - 5;
    int width = room > BAR_MOST ? BAR_MOST : room < BAR_LEAST ? BAR_LEAST : room;
    double share = steps_done(state) / ((double)state->epochs * (double)fmax((double)state->steps, 1));
    memset(bar, '.', sizeof bar - 1);
    memset(bar, '#', (size_t)(share * width));
    bar[width] = '\0';
    snprintf(line, sizeof line, "%s [%s] %s", head, bar, figures);
    /* A line that wraps could not be drawn over; "\033[K" clears what is left of a longer one. */
    fprintf(stderr, "\r%.*s\033[K", columns - 1, line);
}

static void take_epoch(progress *p, const dae_progress *state) {
    p->validation_loss = state->validation_loss;
    p->gained = state->validation_psnr - p->noisy_psnr;
}

int32_t progress_show(const dae_progress *state, void *user) {
    progress *p = user;
    bool epoch_done = state->event == DAE_PROGRESS_EPOCH;
    if (p->before < 0)
        p->before = steps_done(state) - 1;
    if (epoch_done)
        take_epoch(p, state);
    if (state->event == DAE_PROGRESS_CHECKPOINT_FAILED && !p->told_failure) {
        progress_end(p);
        complain("training goes on without a checkpoint: %s", dae_last_error());
        p->told_failure = true;
    }
    if (loudness == QUIET)
        return 0;
    bool is_last = state->epoch == state->epochs;
    if (!p->terminal && epoch_done && (is_last || state->seconds - p->shown >= seconds_between_lines)) {
        char figures[192];
        format_figures(p, state, figures, sizeof figures);
        tell("epoch %llu of %llu: %s", (unsigned long long)state->epoch, (unsigned long long)state->epochs,
             figures);
    } else if (p->terminal && (epoch_done || state->seconds - p->shown >= seconds_between_bars)) {
        draw_bar(p, state);
        p->shown = state->seconds;
        p->line_open = true;
    }
    return 0;
}

void progress_end(progress *p) {
    if (p->line_open)
        fputc('\n', stderr);
    p->line_open = false;
}
