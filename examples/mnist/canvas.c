#include "canvas.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "output.h"

enum { CANVAS_LINE_MAX = 1024 };

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

/* The size of letters, from `size` down to `least`, in which a line of text fits into the room, if there is
 * one. */
static double fit_size(cairo_t *canvas, const char *text, double size, double least, double room) {
    for (;;) {
        canvas_font(canvas, size, false);
        double width = canvas_text_width(canvas, text);
        if (width <= room + 0.5 || size <= least) {
            return size;
        }
        /* A letter is whole pixels wide: in letters of half the size a line is not quite half as wide. */
        size = fmax(least, size * room / width);
    }
}

/* Writes a line at the left, and of one that does not fit into the room as much as does. */
static void write_cut(cairo_t *canvas, char *line, double x, double y, double size, double room) {
    canvas_font(canvas, size, false);
    for (size_t length = strlen(line); length > 3 && canvas_text_width(canvas, line) > room + 0.5; length--) {
        memcpy(line + length - 4, "...", sizeof "...");
    }
    canvas_text(canvas, line, x, y, ALIGN_LEFT);
}

/* How much of a text is to be its first line of two: up to the comma outside of parentheses that is nearest
 * to the middle, or all of it. */
static size_t find_break(const char *text) {
    size_t length = strlen(text), best = length;
    long depth = 0, nearest = (long)length;
    for (size_t end = 1; end < length; end++) {
        char last = text[end - 1];
        long distance = labs((long)length / 2 - (long)end);
        depth += (last == '(') - (last == ')');
        if (last == ',' && depth == 0 && distance < nearest) {
            best = end;
            nearest = distance;
        }
    }
    return best;
}

void canvas_subtitle(cairo_t *canvas, const char *text, double x, double y, double size, double room) {
    const double smallest = 0.75; /* letters of one line, and of two lines again */
    char lines[2][CANVAS_LINE_MAX];
    size_t end = find_break(text);
    canvas_font(canvas, size, false);
    if (smallest * canvas_text_width(canvas, text) <= room || !text[end]) {
        snprintf(lines[0], sizeof lines[0], "%s", text);
        write_cut(canvas, lines[0], x, y, fit_size(canvas, text, size, smallest * size, room), room);
        return;
    }
    snprintf(lines[0], sizeof lines[0], "%.*s", (int)end, text);
    snprintf(lines[1], sizeof lines[1], "%s", text + end + strspn(text + end, " "));
    size *= 0.85;
    double least = smallest * size;
    size = fit_size(canvas, lines[0], size, least, room);
    size = fit_size(canvas, lines[1], size, least, room);
    write_cut(canvas, lines[0], x, y - 0.5 * size, size, room);
    write_cut(canvas, lines[1], x, y + 0.65 * size, size, room);
}
