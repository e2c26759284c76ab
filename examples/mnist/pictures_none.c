/* Stands in for the pictures in a build without cairo. */
#include "pictures.h"

#include "complain.h"

const bool pictures_available = false;

bool draw_loss_chart(const char *path, const char *setting, const double *loss, const double *validation_loss,
                     size_t epochs) {
    (void)setting;
    (void)loss;
    (void)validation_loss;
    (void)epochs;
    return complain("cannot draw '%s': this build has no cairo", path);
}

bool draw_digit_grid(const char *path, const char *title, const char *setting, const grid_row *rows,
                     size_t row_count, size_t count, size_t height, size_t width) {
    (void)title;
    (void)setting;
    (void)rows;
    (void)row_count;
    (void)count;
    (void)height;
    (void)width;
    return complain("cannot draw '%s': this build has no cairo", path);
}
