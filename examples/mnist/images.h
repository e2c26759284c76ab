/* The images of the experiment: MNIST's IDX files, from a folder of the user's or the bundled slice. */
#ifndef MNIST_IMAGES_H
#define MNIST_IMAGES_H

#include <stdbool.h>
#include <stddef.h>

#include <dae.h>

enum { SHOWN_DIGITS = 10 };

typedef struct images {
    const char *folder;
    dae_dataset *train; /* [train_count, height, width] in [0,1] */
    dae_dataset *test;  /* [test_count, height, width] */
    size_t train_count;
    size_t test_count;
    size_t height;
    size_t width;
    size_t shown[SHOWN_DIGITS]; /* test images for the picture, [shown_count] */
    size_t shown_count;
    bool shown_by_class; /* they are the first of each class 0 to 9, by the labels; else the first ten */
} images;

/* Opens training and test images in a folder, each as a plain or a gzip IDX file, and chooses the test images
 * for the picture. Whatever happens, images_close() cleans up. */
bool images_open(images *opened, const char *folder);
void images_close(images *opened);

#endif
