/* The pictures of the experiment, drawn with cairo into PNG files. */
#ifndef MNIST_PICTURES_H
#define MNIST_PICTURES_H

#include <stdbool.h>
#include <stddef.h>

/* False in a build without cairo, where nothing can be drawn. */
extern const bool pictures_available;

/* Draws training and validation loss [epochs] against the epoch, on a logarithmic axis. `setting` is the line
 * below the title. */
bool draw_loss_chart(const char *path, const char *setting, const double *loss, const double *validation_loss,
                     size_t epochs);

/* Rows of images, one array [count, height, width] of values for each row, with what is written beside
 * the row. Values are cut to [0,1]: 0 is black, 1 is white. The last row is the clean one: beside the others
 * stands their PSNR against it, in dB, as mean over these images. */
typedef struct grid_row {
    const char *label;
    const float *values;
} grid_row;

bool draw_digit_grid(const char *path, const char *title, const char *setting, const grid_row *rows,
                     size_t row_count, size_t count, size_t height, size_t width);

#endif
