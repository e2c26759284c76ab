/* The grid of digits: a row for each stage, a column for each image. */
#include "pictures.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "canvas.h"
#include "complain.h"

static const double margin = 28, head_height = 84, label_width = 128, gap = 8;

enum {
    CELL_PIXELS = 112,  /* an image is enlarged by a whole number to about this size */
    MOST_PIXELS = 30000 /* cairo's surfaces end at 32767 */
};

/* Paints one image [height, width] at (x, y), each value a square of `scale` pixels with sharp edges. */
static bool paint_image(cairo_t *canvas, const float *values, size_t height, size_t width, double x, double y,
                        double scale) {
    cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    if (cairo_surface_status(image) != CAIRO_STATUS_SUCCESS) {
        cairo_surface_destroy(image);
        return false;
    }
    unsigned char *bytes = cairo_image_surface_get_data(image);
    size_t stride = (size_t)cairo_image_surface_get_stride(image);
    for (size_t row = 0; row < height; row++) {
        for (size_t column = 0; column < width; column++) {
            float value = fminf(fmaxf(values[row * width + column], 0.0f), 1.0f);
            uint32_t gray = (uint32_t)lroundf(value * 255.0f);
            uint32_t pixel = gray << 16 | gray << 8 | gray;
            memcpy(bytes + row * stride + column * sizeof pixel, &pixel, sizeof pixel);
        }
    }
    cairo_surface_mark_dirty(image);

    cairo_save(canvas);
    cairo_translate(canvas, x, y);
    cairo_scale(canvas, scale, scale);
    cairo_set_source_surface(canvas, image, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(canvas), CAIRO_FILTER_NEAREST);
    cairo_rectangle(canvas, 0, 0, (double)width, (double)height);
    cairo_fill(canvas);
    cairo_restore(canvas);
    cairo_surface_destroy(image);
    return true;
}

bool draw_digit_grid(const char *path, const char *setting, const grid_row *rows, size_t row_count,
                     size_t count, size_t height, size_t width) {
    if (count * width > MOST_PIXELS || row_count * height > MOST_PIXELS) {
        return complain("cannot draw '%s': images of %zu x %zu pixels are too large", path, height, width);
    }
    double scale = floor(fmax(1, (double)CELL_PIXELS / (double)(height > width ? height : width)));
    double cell_width = scale * (double)width + gap, cell_height = scale * (double)height + gap;
    double right = margin + label_width + (double)count * cell_width - gap;
    double bottom = head_height + (double)row_count * cell_height - gap;

    cairo_t *canvas = canvas_open(right + margin, bottom + margin, 1, path);
    if (!canvas) {
        return false;
    }
    canvas_color(canvas, ink);
    canvas_font(canvas, 26, true);
    canvas_text(canvas, "Test digits: noisy, denoised, clean", margin, 40, ALIGN_LEFT);
    canvas_color(canvas, faded);
    canvas_subtitle(canvas, setting, margin, 66, 17, right - margin);

    bool painted = true;
    for (size_t row = 0; row < row_count && painted; row++) {
        double y = head_height + (double)row * cell_height;
        canvas_color(canvas, ink);
        canvas_font(canvas, 22, false);
        canvas_text(canvas, rows[row].label, margin, y + (cell_height - gap) / 2 + 7, ALIGN_LEFT);
        for (size_t i = 0; i < count && painted; i++) {
            double x = margin + label_width + (double)i * cell_width;
            painted = paint_image(canvas, rows[row].values + i * height * width, height, width, x, y, scale);
        }
    }
    if (!painted) {
        cairo_destroy(canvas);
        return complain("cannot draw '%s': there is not enough memory", path);
    }
    return canvas_write(canvas, path);
}
