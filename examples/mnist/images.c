#define _DEFAULT_SOURCE
#include "images.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "complain.h"

enum { PATH_CAPACITY = 4096 };

/* Finds `name` or `name`.gz in a folder. */
static bool find_file(char path[PATH_CAPACITY], const char *folder, const char *name) {
    for (int packed = 0; packed < 2; packed++) {
        int length = snprintf(path, PATH_CAPACITY, "%s/%s%s", folder, name, packed ? ".gz" : "");
        if (length < PATH_CAPACITY && access(path, F_OK) == 0) {
            return true;
        }
    }
    return false;
}

static bool open_images(dae_dataset **out, const char *folder, const char *name, size_t *count,
                        size_t *height, size_t *width) {
    char path[PATH_CAPACITY];
    if (!find_file(path, folder, name)) {
        return complain("there is neither %s nor %s.gz in the data folder '%s'; examples/run_mnist.sh "
                        "without --data gets the MNIST files",
                        name, name, folder);
    }
    size_t rank, shape[DAE_MAX_RANK];
    if (!worked(dae_dataset_open_idx(out, path)) || !worked(dae_dataset_get_count(*out, count)) ||
        !worked(dae_dataset_get_shape(*out, &rank, shape))) {
        return false;
    }
    if (rank != 2) {
        return complain("'%s' holds samples with %zu dimension%s, and images have 2", path, rank,
                        rank == 1 ? "" : "s");
    }
    *height = shape[0];
    *width = shape[1];
    return true;
}

/* Reads test labels [*count], or NULL where there are none that fit: the picture can do without. */
static float *read_labels(const images *opened) {
    char path[PATH_CAPACITY];
    dae_dataset *labels = NULL;
    float *values = NULL;
    size_t count, rank, shape[DAE_MAX_RANK];
    if (find_file(path, opened->folder, "t10k-labels-idx1-ubyte") &&
        dae_dataset_open_idx(&labels, path) == DAE_OK && dae_dataset_get_count(labels, &count) == DAE_OK &&
        dae_dataset_get_shape(labels, &rank, shape) == DAE_OK && count == opened->test_count && rank == 1 &&
        shape[0] == 1) {
        values = calloc(count, sizeof *values);
        if (values && dae_dataset_read(labels, 0, 0, count, values, NULL) != DAE_OK) {
            free(values);
            values = NULL;
        }
    }
    dae_dataset_free(labels);
    return values;
}

static void choose_shown(images *opened) {
    bool found[SHOWN_DIGITS] = {false};
    size_t classes = 0;
    float *labels = read_labels(opened);
    for (size_t i = 0; labels && classes < SHOWN_DIGITS && i < opened->test_count; i++) {
        long digit = lroundf(labels[i] * 255.0f); /* IDX bytes are read as value / 255 */
        if (digit >= 0 && digit < SHOWN_DIGITS && !found[digit]) {
            found[digit] = true;
            opened->shown[digit] = i;
            classes++;
        }
    }
    free(labels);
    opened->shown_by_class = classes == SHOWN_DIGITS;
    opened->shown_count = opened->test_count < SHOWN_DIGITS ? opened->test_count : SHOWN_DIGITS;
    for (size_t i = 0; !opened->shown_by_class && i < opened->shown_count; i++) {
        opened->shown[i] = i;
    }
}

bool images_open(images *opened, const char *folder) {
    *opened = (images){.folder = folder};
    size_t height, width;
    if (!open_images(&opened->train, folder, "train-images-idx3-ubyte", &opened->train_count, &opened->height,
                     &opened->width) ||
        !open_images(&opened->test, folder, "t10k-images-idx3-ubyte", &opened->test_count, &height, &width)) {
        return false;
    }
    if (height != opened->height || width != opened->width) {
        return complain("training images are %zu x %zu pixels and test images %zu x %zu in '%s'",
                        opened->height, opened->width, height, width, folder);
    }
    choose_shown(opened);
    return true;
}

void images_close(images *opened) {
    dae_dataset_free(opened->train);
    dae_dataset_free(opened->test);
    opened->train = opened->test = NULL;
}
