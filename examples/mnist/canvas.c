#include "canvas.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "complain.h"
#include "output.h"

const color ink = {0.13, 0.15, 0.18};
const color faded = {0.42, 0.45, 0.50};

static bool refuse(const char *path, cairo_status_t status) {
    const char *reason = status == CAIRO_STATUS_WRITE_ERROR && errno ? strerror(errno)
                                                                     : cairo_status_to_string(status);
    return complain("cannot write the picture '%s': %s", path, reason);
}

cairo_t *canvas_open(double width, double height, double zoom, const char *path) {
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(width * zoom),
                                                          (int)(height * zoom));
    cairo_t *canvas = cairo_create(surface);
    cairo_surface_destroy(surface); /* the canvas holds it */
    cairo_status_t status = cairo_status(canvas);
    if (status != CAIRO_STATUS_SUCCESS) {
        cairo_destroy(canvas);
        refuse(path, status);
        return NULL;
    }
    cairo_scale(canvas, zoom, zoom);
    cairo_set_source_rgb(canvas, 1, 1, 1);
    cairo_paint(canvas);
    return canvas;
}

bool canvas_write(cairo_t *canvas, const char *path) {
    char part[OUTPUT_PATH_MAX];
    output_part_path(part, path);
    cairo_status_t status = cairo_status(canvas);
    errno = 0;
    if (status == CAIRO_STATUS_SUCCESS) {
        status = cairo_surface_write_to_png(cairo_get_target(canvas), part);
    }
    int reason = errno;
    cairo_destroy(canvas);
    errno = reason;
    if (output_finish(path, status == CAIRO_STATUS_SUCCESS)) {
        return true;
    }
    return refuse(path, status != CAIRO_STATUS_SUCCESS ? status : CAIRO_STATUS_WRITE_ERROR);
}

void canvas_color(cairo_t *canvas, color c) {
    cairo_set_source_rgb(canvas, c.red, c.green, c.blue);
}

void canvas_font(cairo_t *canvas, double size, bool bold) {
    cairo_select_font_face(canvas, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(canvas, size);
}

double canvas_text_width(cairo_t *canvas, const char *text) {
    cairo_text_extents_t extents;
    cairo_text_extents(canvas, text, &extents);
    return extents.x_advance;
}

void canvas_text(cairo_t *canvas, const char *text, double x, double y, alignment align) {
    double width = canvas_text_width(canvas, text);
    double shift = align == ALIGN_RIGHT ? width : align == ALIGN_CENTER ? width / 2 : 0;
    cairo_move_to(canvas, x - shift, y);
    cairo_show_text(canvas, text);
}

void canvas_text_within(cairo_t *canvas, const char *text, double x, double y, double size, double room) {
    canvas_font(canvas, size, false);
    double width = canvas_text_width(canvas, text);
    if (width > room) {
        canvas_font(canvas, size * room / width, false);
    }
    canvas_text(canvas, text, x, y, ALIGN_LEFT);
}
