/* The grid of digits: a row for each stage, a column for each image. */
#include "pictures.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "canvas.h"
#include "complain.h"

static const double margin = 28, head_height = 84, label_width = 132, gap = 8;

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

/* Mean over `count` images of the PSNR in dB, 10 log10(1 / MSE), which counts as 100 where the MSE is below
 * 1e-10: dae/report.h has the same. */
static double mean_psnr(const float *images, const float *clean, size_t count, size_t size) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double squares = 0;
        for (size_t k = i * size; k < (i + 1) * size; k++) {
            double difference = (double)images[k] - (double)clean[k];
            squares += difference * difference;
        }
        sum += -10 * log10(fmax(squares / (double)size, 1e-10));
    }
    return sum / (double)count;
}

/* What is written beside a row, around the height y: its name, and its PSNR unless it is the clean one. */
static void write_label(cairo_t *canvas, const grid_row *row, const grid_row *clean, size_t count,
                        size_t size, double y) {
    canvas_color(canvas, ink);
    canvas_font(canvas, 22, false);
    if (row == clean) {
        canvas_text(canvas, row->label, margin, y + 7, ALIGN_LEFT);
        return;
    }
    char psnr[48];
    snprintf(psnr, sizeof psnr, "%.1f dB", mean_psnr(row->values, clean->values, count, size));
    canvas_text(canvas, row->label, margin, y - 5, ALIGN_LEFT);
    canvas_color(canvas, faded);
    canvas_font(canvas, 20, false);
    canvas_text(canvas, psnr, margin, y + 23, ALIGN_LEFT);
}

bool draw_digit_grid(const char *path, const char *title, const char *setting, const grid_row *rows,
                     size_t row_count, size_t count, size_t height, size_t width) {
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
    canvas_text(canvas, title, margin, 40, ALIGN_LEFT);
    canvas_color(canvas, faded);
    canvas_subtitle(canvas, setting, margin, 66, 17, right - margin);

    bool painted = true;
    for (size_t row = 0; row < row_count && painted; row++) {
        double y = head_height + (double)row * cell_height;
        write_label(canvas, &rows[row], &rows[row_count - 1], count, height * width,
                    y + (cell_height - gap) / 2);
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
