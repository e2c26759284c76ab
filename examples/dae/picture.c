/* The report as a picture: the loss, and examples before, after and clean. */
#include "train.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../mnist/canvas.h"
#include "../mnist/loss_chart.h"
#include "say.h"

/* The sheet, in units of which `zoom` makes pixels; the chart of losses is what is above `chart_height`. */
static const double sheet_width = 800, chart_height = 500, margin = 28, gap = 10, zoom = 1.6,
                    signal_height = 110;

static double cell_width(void) {
    return (sheet_width - 2 * margin - 2 * gap) / 3;
}

static double cell_height(const examples *e) {
    return e->height > 1 ? fmin(cell_width() * (double)e->height / (double)e->width, 2 * cell_width())
                         : signal_height;
}

static bool paint_pixels(cairo_t *canvas, const examples *e, const float *values) {
    cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)e->width, (int)e->height);
    if (cairo_surface_status(image) != CAIRO_STATUS_SUCCESS) {
        cairo_surface_destroy(image);
        return false;
    }
    unsigned char *bytes = cairo_image_surface_get_data(image);
    size_t stride = (size_t)cairo_image_surface_get_stride(image);
    for (size_t i = 0; i < e->height * e->width; i++) {
        double share = ((double)values[i] - e->low) / (e->high - e->low);
        uint32_t gray = (uint32_t)lround(fmin(fmax(share, 0), 1) * 255),
                 pixel = gray << 16 | gray << 8 | gray;
        memcpy(bytes + i / e->width * stride + i % e->width * sizeof pixel, &pixel, sizeof pixel);
    }
    cairo_surface_mark_dirty(image);
    cairo_scale(canvas, cell_width() / (double)e->width, cell_height(e) / (double)e->height);
    cairo_set_source_surface(canvas, image, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(canvas), CAIRO_FILTER_NEAREST);
    cairo_rectangle(canvas, 0, 0, (double)e->width, (double)e->height);
    cairo_fill(canvas);
    cairo_surface_destroy(image);
    return true;
}

static void paint_curve(cairo_t *canvas, const examples *e, const float *values) {
    canvas_color(canvas, ink);
    cairo_set_line_width(canvas, 0.8);
    cairo_new_path(canvas); /* not on from where text ended */
    for (size_t i = 0; i < e->width; i++) {
        double share = ((double)values[i] - e->low) / (e->high - e->low);
        cairo_line_to(canvas, cell_width() * (double)i / (double)e->width,
                      cell_height(e) * (1 - fmin(fmax(share, 0), 1)));
    }
    cairo_stroke(canvas);
}

/* Example number `row`, what was made of it in column `column`. */
static bool paint_cell(cairo_t *canvas, const examples *e, size_t row, size_t column) {
    const float *arrays[] = {e->before, e->after, e->clean},
                *values = arrays[column] + row * e->height * e->width;
    bool painted = true;
    cairo_save(canvas);
    cairo_translate(canvas, margin + (double)column * (cell_width() + gap),
                    chart_height + 36 + (double)row * (cell_height(e) + gap));
    if (e->height > 1)
        painted = paint_pixels(canvas, e, values);
    else
        paint_curve(canvas, e, values);
    cairo_restore(canvas);
    return painted;
}

static bool paint_examples(cairo_t *canvas, const examples *e) {
    static const char *const titles[] = {"before", "after", "clean"};
    bool painted = true;
    canvas_color(canvas, ink);
    canvas_font(canvas, 15, true);
    for (size_t column = 0; column < 3; column++)
        canvas_text(canvas, titles[column], margin + (double)column * (cell_width() + gap), chart_height + 26,
                    ALIGN_LEFT);
    for (size_t i = 0; painted && i < 3 * e->count; i++)
        painted = paint_cell(canvas, e, i / 3, i % 3);
    return painted;
}

bool draw_report(const char *path, const char *title, const history *h, const examples *e) {
    double height = chart_height +
                    (e->count > 0 ? 36 + (double)e->count * (cell_height(e) + gap) + margin : 0);
    cairo_t *canvas = canvas_open(sheet_width, height, zoom, path);
    if (canvas == NULL)
        return false;
    paint_loss_chart(canvas, title, "loss, logarithmic", h->loss, h->validation_loss, h->epochs);
    if (e->count > 0 && !paint_examples(canvas, e)) {
        cairo_destroy(canvas);
        return complain("cannot draw '%s': there is not enough memory", path);
    }
    return canvas_write(canvas, path);
}
