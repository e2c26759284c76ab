/* Pictures of the examples, in the simplest format that viewers know. */
#ifndef EXAMPLES_PGM_H
#define EXAMPLES_PGM_H

#include "check.h"

/* Writes grey values [height, width] as a PGM file, 0 black and 1 white. */
static inline void write_pgm(const char *path, const float *values, size_t height, size_t width) {
    FILE *file = fopen(path, "wb");
    if (!file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    fprintf(file, "P5\n%zu %zu\n255\n", width, height);
    for (size_t i = 0; i < height * width; i++) {
        float value = values[i] < 0 ? 0 : values[i] > 1 ? 1 : values[i];
        fputc((int)(value * 255 + 0.5F), file);
    }
    if (fclose(file) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    printf("%s is written\n", path);
}

/* Draws a signal of `width` values from -limit to limit as a black line into picture[height, width]. */
static inline void draw_signal(float *picture, size_t height, size_t width, const float *signal,
                               double limit) {
    size_t previous = height / 2;
    for (size_t x = 0; x < width; x++) {
        double place = (0.5 - 0.5 * (double)signal[x] / limit) * (double)(height - 1);
        size_t y = place < 0 ? 0 : place > (double)(height - 1) ? height - 1 : (size_t)place;
        size_t low = x == 0 || y < previous ? y : previous, high = x > 0 && y < previous ? previous : y;
        for (size_t row = 0; row < height; row++)
            picture[row * width + x] = row >= low && row <= high ? 0 : 1;
        previous = y;
    }
}

#endif
