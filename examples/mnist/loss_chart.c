/* The chart of the losses against the epoch. */
#include "pictures.h"

#include <math.h>
#include <stdio.h>

#include "canvas.h"
#include "loss_chart.h"

const bool pictures_available = true;

/* The sheet, in units of which `zoom` makes pixels: 1280 x 800. Labels of the lines are to the right of
 * `right`. */
static const double sheet_width = 800, sheet_height = 500, zoom = 1.6;
static const double left = 96, right = 684, top = 92, bottom = 436, text_right = 776;

/* Blue and orange stay apart for every kind of colour vision. */
static const color training_color = {0.12, 0.40, 0.74};
static const color validation_color = {0.90, 0.45, 0.07};
static const color grid_color = {0.90, 0.91, 0.93};

/* What the axis of epochs shows: values from low to high, with a tick at every multiple of step. */
typedef struct epoch_axis {
    double low;
    double high;
    double step;
} epoch_axis;

enum { MOST_TICKS = 8 };

/* What the logarithmic axis of losses shows, 0 < low < high, and its ticks. */
typedef struct loss_axis {
    double low;
    double high;
    double ticks[MOST_TICKS];
    int tick_count;
} loss_axis;

typedef struct curves {
    const double *loss;
    const double *validation_loss;
    size_t epochs;
} curves;

/* The least of 1, 2 and 5 times a power of ten that cuts `range` into at most `most` parts. */
static double choose_step(double range, double most) {
    double rough = range / most;
    double power = pow(10, floor(log10(rough)));
    double leading = rough / power;
    return power * (leading <= 1 ? 1 : leading <= 2 ? 2 : leading <= 5 ? 5 : 10);
}

static epoch_axis choose_epoch_axis(size_t epochs) {
    if (epochs == 1) {
        return (epoch_axis){0.5, 1.5, 1};
    }
    double range = (double)(epochs - 1), step = range <= 15 ? 1 : choose_step(range, 10);
    /* A tick is at 1, the others are at multiples of the step: those at 1 and 2 would crowd. */
    return (epoch_axis){1, (double)epochs, step == 2 ? 5 : step};
}

/* Adds a tick if it is on the axis; false when there is no room for it. */
static bool add_tick(loss_axis *axis, double value) {
    if (value < axis->low || value > axis->high) {
        return true;
    }
    if (axis->tick_count == MOST_TICKS) {
        return false;
    }
    axis->ticks[axis->tick_count++] = value;
    return true;
}

/* Ticks at 1, 2 and 5 times powers of ten, say, or at every second or third power of ten only, ...: `leading`
 * ends with 0, `stride` is in powers. False when there are too many. */
static bool set_decade_ticks(loss_axis *axis, const double *leading, int stride) {
    int first = stride * (int)floor(log10(axis->low) / stride), last = (int)ceil(log10(axis->high));
    axis->tick_count = 0;
    for (int power = first; power <= last; power += stride) {
        for (const double *digits = leading; *digits != 0; digits++) {
            if (!add_tick(axis, *digits * pow(10, power))) {
                return false;
            }
        }
    }
    return true;
}

/* Ticks at the same distances in value, for losses so near to each other that the axis is nearly linear. */
static void set_even_ticks(loss_axis *axis) {
    double step = choose_step(axis->high - axis->low, MOST_TICKS - 1);
    axis->tick_count = 0;
    for (double i = ceil(axis->low / step); add_tick(axis, i * step) && i * step < axis->high; i++) {
    }
}

static void set_ticks(loss_axis *axis) {
    static const double finest[] = {1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 0}, fine[] = {1, 1.5, 2, 3, 4, 6, 8, 0},
                        medium[] = {1, 2, 3, 5, 0}, coarse[] = {1, 2, 5, 0}, coarsest[] = {1, 0};
    static const double *const sets[] = {finest, fine, medium, coarse, coarsest};
    if (axis->high < 3.5 * axis->low) {
        set_even_ticks(axis);
        return;
    }
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        if (set_decade_ticks(axis, sets[i], 1)) {
            return;
        }
    }
    for (int stride = 2; !set_decade_ticks(axis, coarsest, stride); stride++) {
    }
}

/* A loss of 0 has no place on the axis, and is drawn at its lower end. */
static loss_axis choose_loss_axis(const curves *data) {
    double low = INFINITY, high = 0;
    for (size_t i = 0; i < 2 * data->epochs; i++) {
        double value = i < data->epochs ? data->loss[i] : data->validation_loss[i - data->epochs];
        low = value > 0 ? fmin(low, value) : low;
        high = fmax(high, value);
    }
    if (!(high > 0)) {
        low = high = 1;
    }
    /* Losses that are all alike still need an axis with some height. Below there is room for labels. */
    double room = fmax(0.06 * log(high / low), 0.01);
    loss_axis axis = {.low = low * exp(-2 * room), .high = high * exp(room)};
    set_ticks(&axis);
    return axis;
}

static double place_x(const epoch_axis *epochs, double epoch) {
    double inset = 14; /* the first and last points stand free of the frame */
    double share = (epoch - epochs->low) / (epochs->high - epochs->low);
    return left + inset + share * (right - left - 2 * inset);
}

static double place_y(const loss_axis *losses, double loss) {
    double share = log(fmax(loss, losses->low) / losses->low) / log(losses->high / losses->low);
    return bottom - share * (bottom - top);
}

static void draw_line(cairo_t *canvas, double x0, double y0, double x1, double y1) {
    cairo_move_to(canvas, x0, y0);
    cairo_line_to(canvas, x1, y1);
    cairo_stroke(canvas);
}

static void draw_loss_axis(cairo_t *canvas, const loss_axis *losses, const char *what) {
    canvas_font(canvas, 13, false);
    cairo_set_line_width(canvas, 1);
    for (int i = 0; i < losses->tick_count; i++) {
        double y = place_y(losses, losses->ticks[i]);
        char number[48];
        snprintf(number, sizeof number, "%.4g", losses->ticks[i]);
        canvas_color(canvas, grid_color);
        draw_line(canvas, left, y, right, y);
        canvas_color(canvas, faded);
        canvas_text(canvas, number, left - 10, y + 4.5, ALIGN_RIGHT);
    }
    canvas_color(canvas, ink);
    canvas_font(canvas, 14, false);
    cairo_save(canvas);
    cairo_translate(canvas, 24, (top + bottom) / 2);
    cairo_rotate(canvas, -acos(-1) / 2);
    canvas_text(canvas, what, 0, 0, ALIGN_CENTER);
    cairo_restore(canvas);
}

static void draw_epoch_tick(cairo_t *canvas, const epoch_axis *epochs, double epoch) {
    double x = place_x(epochs, epoch);
    char number[48];
    snprintf(number, sizeof number, "%.0f", epoch);
    canvas_color(canvas, grid_color);
    draw_line(canvas, x, top, x, bottom);
    canvas_color(canvas, faded);
    canvas_text(canvas, number, x, bottom + 20, ALIGN_CENTER);
}

static void draw_epoch_axis(cairo_t *canvas, const epoch_axis *epochs, size_t count) {
    canvas_font(canvas, 13, false);
    cairo_set_line_width(canvas, 1);
    draw_epoch_tick(canvas, epochs, 1);
    for (double epoch = epochs->step; epoch <= (double)count; epoch += epochs->step) {
        if (epoch > 1) {
            draw_epoch_tick(canvas, epochs, epoch);
        }
    }
    canvas_color(canvas, ink);
    canvas_font(canvas, 14, false);
    canvas_text(canvas, "epoch", (left + right) / 2, bottom + 46, ALIGN_CENTER);
}

static void draw_curve(cairo_t *canvas, const epoch_axis *epochs, const loss_axis *losses,
                       const double *values, size_t count, color c) {
    canvas_color(canvas, c);
    cairo_set_line_width(canvas, 2.2);
    cairo_set_line_join(canvas, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(canvas, CAIRO_LINE_CAP_ROUND);
    for (size_t i = 0; i < count; i++) {
        cairo_line_to(canvas, place_x(epochs, (double)(i + 1)), place_y(losses, values[i]));
    }
    cairo_stroke(canvas);
    /* Points show where the epochs are, as long as they do not run together. */
    for (size_t i = 0; count <= 30 && i < count; i++) {
        cairo_arc(canvas, place_x(epochs, (double)(i + 1)), place_y(losses, values[i]), 3, 0, 2 * acos(-1));
        cairo_fill(canvas);
    }
}

/* Name and last value of a line, to the right of its end; y is the middle of the two lines of text. */
static void draw_end_label(cairo_t *canvas, const char *name, double last, color c, double y) {
    char value[48];
    snprintf(value, sizeof value, last < 1000 ? "%#.4g" : "%.4g", last);
    canvas_color(canvas, c);
    canvas_font(canvas, 14, true);
    canvas_text(canvas, name, right - 2, y - 2, ALIGN_LEFT);
    canvas_font(canvas, 13, false);
    canvas_text(canvas, value, right - 2, y + 14, ALIGN_LEFT);
}

/* Labels stand at the heights of the ends of their lines, or as near to them as they can beside each
 * other. */
static void draw_end_labels(cairo_t *canvas, const loss_axis *losses, const curves *data) {
    const double height = 38;
    double training = data->loss[data->epochs - 1], validation = data->validation_loss[data->epochs - 1];
    double training_y = place_y(losses, training), validation_y = place_y(losses, validation);
    double missing = fmax(height - fabs(training_y - validation_y), 0) / 2;
    double shift = training >= validation ? -missing : missing;
    training_y += shift;
    validation_y -= shift;
    double lowest = fmax(training_y, validation_y), up = fmax(lowest + height / 2 - bottom, 0);
    draw_end_label(canvas, "training", training, training_color, training_y - up);
    draw_end_label(canvas, "validation", validation, validation_color, validation_y - up);
}

static void draw_head(cairo_t *canvas, const char *setting) {
    canvas_color(canvas, ink);
    canvas_font(canvas, 20, true);
    canvas_text(canvas, "Loss in each epoch", left, 38, ALIGN_LEFT);
    canvas_color(canvas, faded);
    canvas_subtitle(canvas, setting, left, 64, 13, text_right - left);
}

void paint_loss_chart(cairo_t *canvas, const char *setting, const char *what, const double *loss,
                      const double *validation_loss, size_t epochs) {
    curves data = {loss, validation_loss, epochs};
    epoch_axis across = choose_epoch_axis(epochs);
    loss_axis up = choose_loss_axis(&data);
    draw_head(canvas, setting);
    draw_loss_axis(canvas, &up, what);
    draw_epoch_axis(canvas, &across, epochs);
    canvas_color(canvas, faded);
    cairo_set_line_width(canvas, 1.2);
    draw_line(canvas, left, bottom, right, bottom);
    draw_curve(canvas, &across, &up, loss, epochs, training_color);
    draw_curve(canvas, &across, &up, validation_loss, epochs, validation_color);
    draw_end_labels(canvas, &up, &data);
}

bool draw_loss_chart(const char *path, const char *setting, const double *loss, const double *validation_loss,
                     size_t epochs) {
    cairo_t *canvas = canvas_open(sheet_width, sheet_height, zoom, path);
    if (!canvas) {
        return false;
    }
    paint_loss_chart(canvas, setting, "mean squared error, logarithmic", loss, validation_loss, epochs);
    return canvas_write(canvas, path);
}
