/* The chart of losses as part of a larger sheet. */
#ifndef MNIST_LOSS_CHART_H
#define MNIST_LOSS_CHART_H

#include <stddef.h>

#include <cairo.h>

/* Paints it where the sheet begins, 800 x 500 units of it; `what` is written along the axis of losses. */
void paint_loss_chart(cairo_t *canvas, const char *setting, const char *what, const double *loss,
                      const double *validation_loss, size_t epochs);

#endif
