/* A sheet to draw on: what both pictures share on top of cairo. */
#ifndef MNIST_CANVAS_H
#define MNIST_CANVAS_H

#include <stdbool.h>

#include <cairo.h>

typedef struct color {
    double red;
    double green;
    double blue;
} color;

extern const color ink;   /* titles and labels */
extern const color faded; /* numbers and asides */

typedef enum alignment { ALIGN_LEFT, ALIGN_CENTER, ALIGN_RIGHT } alignment;

/* Opens a white sheet of `width` x `height` units, each `zoom` pixels wide. NULL when it is too large or
 * memory is short; the reason is told. */
cairo_t *canvas_open(double width, double height, double zoom, const char *path);

/* Writes the sheet as PNG and closes it. On failure the reason is told and the file that was there stays. */
bool canvas_write(cairo_t *canvas, const char *path);

void canvas_color(cairo_t *canvas, color c);
void canvas_font(cairo_t *canvas, double size, bool bold);

/* Writes text on the baseline y; x is its left end, middle or right end. */
void canvas_text(cairo_t *canvas, const char *text, double x, double y, alignment align);

/* A line below a title, at the left, at most `room` wide: in smaller letters where it is long, in two lines
 * after a comma where they would be too small, and cut where that is not enough. */
void canvas_subtitle(cairo_t *canvas, const char *text, double x, double y, double size, double room);

double canvas_text_width(cairo_t *canvas, const char *text);

#endif
