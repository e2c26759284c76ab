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
} images;

/* Opens training and test images in a folder, each as a plain or a gzip IDX file. Whatever happens,
 * images_close() cleans up. */
bool images_open(images *opened, const char *folder);
void images_close(images *opened);

/* Chooses up to ten test images for the picture: the first of each class 0 to 9 where the folder has
 * labels, else the first ten. Returns how many. */
size_t images_choose(const images *opened, size_t chosen[SHOWN_DIGITS]);

#endif
