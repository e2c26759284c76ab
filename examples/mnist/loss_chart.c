/* The chart of the losses against the epoch. */
#include "pictures.h"

#include <math.h>
#include <stdio.h>

#include "canvas.h"

const bool pictures_available = true;

/* The sheet, in units of which `zoom` makes pixels: 1280 x 800. */
static const double sheet_width = 800, sheet_height = 500, zoom = 1.6;
static const double left = 84, right = 776, top = 92, bottom = 436;

/* Blue and orange stay apart for every kind of colour vision. */
static const color training_color = {0.12, 0.40, 0.74};
static const color validation_color = {0.90, 0.45, 0.07};
static const color grid_color = {0.90, 0.91, 0.93};

/* What an axis shows: values from low to high, with a tick at every multiple of step. */
typedef struct axis {
    double low;
    double high;
    double step;
} axis;

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

static axis choose_epoch_axis(size_t epochs) {
    if (epochs == 1) {
        return (axis){0.5, 1.5, 1};
    }
    double range = (double)(epochs - 1), step = range <= 15 ? 1 : choose_step(range, 10);
    /* A tick is at 1, the others are at multiples of the step: those at 1 and 2 would crowd. */
    return (axis){1, (double)epochs, step == 2 ? 5 : step};
}

static axis choose_loss_axis(const curves *data) {
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < data->epochs; i++) {
        low = fmin(low, fmin(data->loss[i], data->validation_loss[i]));
        high = fmax(high, fmax(data->loss[i], data->validation_loss[i]));
    }
    /* Losses that are all alike still need an axis with some height. */
    double range = fmax(high - low, fmax(fabs(high) * 0.02, 1e-12));
    double step = choose_step(range * 1.1, 7);
    axis chosen = {step * floor((low - 0.04 * range) / step), step * ceil((high + 0.04 * range) / step),
                   step};
    if (low >= 0 && chosen.low < 0) {
        chosen.low = 0;
    }
    return chosen;
}

static double place_x(const axis *epochs, double epoch) {
    double inset = 14; /* the first and last points stand free of the frame */
    double share = (epoch - epochs->low) / (epochs->high - epochs->low);
    return left + inset + share * (right - left - 2 * inset);
}

static double place_y(const axis *losses, double loss) {
    return bottom - (loss - losses->low) / (losses->high - losses->low) * (bottom - top);
}

static void draw_line(cairo_t *canvas, double x0, double y0, double x1, double y1) {
    cairo_move_to(canvas, x0, y0);
    cairo_line_to(canvas, x1, y1);
    cairo_stroke(canvas);
}

static void draw_loss_axis(cairo_t *canvas, const axis *losses) {
    int decimals = (int)fmax(0, -floor(log10(losses->step) + 1e-9));
    /* Other numbers would run into the label of the axis. */
    bool plain = decimals <= 5 && losses->high < 1e5;
    int ticks = (int)lround((losses->high - losses->low) / losses->step);
    canvas_font(canvas, 13, false);
    cairo_set_line_width(canvas, 1);
    for (int i = 0; i <= ticks; i++) {
        double value = losses->low + i * losses->step;
        double y = place_y(losses, value);
        char number[48];
        snprintf(number, sizeof number, plain ? "%.*f" : "%.*e", plain ? decimals : 1, value);
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
    canvas_text(canvas, "mean squared error", 0, 0, ALIGN_CENTER);
    cairo_restore(canvas);
}

static void draw_epoch_tick(cairo_t *canvas, const axis *epochs, double epoch) {
    double x = place_x(epochs, epoch);
    char number[48];
    snprintf(number, sizeof number, "%.0f", epoch);
    canvas_color(canvas, grid_color);
    draw_line(canvas, x, top, x, bottom);
    canvas_color(canvas, faded);
    canvas_text(canvas, number, x, bottom + 20, ALIGN_CENTER);
}

static void draw_epoch_axis(cairo_t *canvas, const axis *epochs, size_t count) {
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

static void draw_curve(cairo_t *canvas, const axis *epochs, const axis *losses, const double *values,
                       size_t count, color c) {
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

/* One entry of the legend, which ends at x: a stroke, the name and the last value. Returns its left end. */
static double draw_legend_entry(cairo_t *canvas, const char *name, double last, color c, double x) {
    char text[64];
    double y = 38, stroke = 26, gap = 8;
    snprintf(text, sizeof text, last >= 1e-3 && last < 1e3 ? "%s, final %.5f" : "%s, final %.3g", name, last);
    canvas_font(canvas, 14, false);
    double start = x - canvas_text_width(canvas, text) - stroke - gap;
    canvas_color(canvas, c);
    cairo_set_line_width(canvas, 3);
    draw_line(canvas, start, y - 5, start + stroke, y - 5);
    cairo_arc(canvas, start + stroke / 2, y - 5, 4, 0, 2 * acos(-1));
    cairo_fill(canvas);
    canvas_color(canvas, ink);
    canvas_text(canvas, text, start + stroke + gap, y, ALIGN_LEFT);
    return start;
}

static void draw_head(cairo_t *canvas, const char *setting, const curves *data) {
    canvas_color(canvas, ink);
    canvas_font(canvas, 20, true);
    canvas_text(canvas, "Loss in each epoch", left, 38, ALIGN_LEFT);
    canvas_color(canvas, faded);
    canvas_subtitle(canvas, setting, left, 64, 13, right - left);
    size_t last = data->epochs - 1;
    double x = draw_legend_entry(canvas, "validation", data->validation_loss[last], validation_color, right);
    draw_legend_entry(canvas, "training", data->loss[last], training_color, x - 26);
}

bool draw_loss_chart(const char *path, const char *setting, const double *loss, const double *validation_loss,
                     size_t epochs) {
    cairo_t *canvas = canvas_open(sheet_width, sheet_height, zoom, path);
    if (!canvas) {
        return false;
    }
    curves data = {loss, validation_loss, epochs};
    axis epoch_axis = choose_epoch_axis(epochs), loss_axis = choose_loss_axis(&data);
    draw_head(canvas, setting, &data);
    draw_loss_axis(canvas, &loss_axis);
    draw_epoch_axis(canvas, &epoch_axis, epochs);
    canvas_color(canvas, faded);
    cairo_set_line_width(canvas, 1.2);
    draw_line(canvas, left, bottom, right, bottom);
    draw_curve(canvas, &epoch_axis, &loss_axis, loss, epochs, training_color);
    draw_curve(canvas, &epoch_axis, &loss_axis, validation_loss, epochs, validation_color);
    return canvas_write(canvas, path);
}
