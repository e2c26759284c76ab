#define _DEFAULT_SOURCE
#include "images.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"

enum {
    PATH_CAPACITY = 4096,
    NAME_ROOM = 64 /* kept free after the folder for the name of a file */
};

/* Finds `name` or `name`.gz in a folder; false when neither is there. What cannot be looked for counts as
 * found: who opens it is told the reason. */
static bool find_file(char path[PATH_CAPACITY], const char *folder, const char *name) {
    for (int packed = 0; packed < 2; packed++) {
        snprintf(path, PATH_CAPACITY, "%s/%s%s", folder, name, packed ? ".gz" : "");
        if (access(path, F_OK) == 0 || errno != ENOENT) {
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
    if (!worked(dae_dataset_open(out, path, NULL)) || !worked(dae_dataset_get_count(*out, count)) ||
        !worked(dae_dataset_get_shape(*out, DAE_ALL_SAMPLES, &rank, shape))) {
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

static bool check_labels(const dae_dataset *labels, const char *path, size_t test_count) {
    size_t count, rank, shape[DAE_MAX_RANK];
    if (!worked(dae_dataset_get_count(labels, &count)) ||
        !worked(dae_dataset_get_shape(labels, DAE_ALL_SAMPLES, &rank, shape))) {
        return false;
    }
    if (rank != 1 || shape[0] != 1) {
        return complain("'%s' holds no labels: they are single numbers", path);
    }
    return count == test_count ||
           complain("'%s' holds %zu labels, and there are %zu test images", path, count, test_count);
}

/* Reads test labels [test_count]; *out stays NULL where there is no file of them: the picture can do
 * without. */
static bool read_labels(float **out, const images *opened) {
    char path[PATH_CAPACITY];
    dae_dataset *labels = NULL;
    if (!find_file(path, opened->folder, "t10k-labels-idx1-ubyte")) {
        return true;
    }
    bool read = worked(dae_dataset_open(&labels, path, "idx(scaled=no)")) &&
                check_labels(labels, path, opened->test_count);
    if (read && !(*out = calloc(opened->test_count, sizeof **out))) {
        read = complain("there is not enough memory for %zu labels", opened->test_count);
    }
    read = read && worked(dae_dataset_read(labels, 0, 0, opened->test_count, *out, NULL));
    dae_dataset_free(labels);
    return read;
}

/* `labels` may be NULL. */
static void choose_shown(images *opened, const float *labels) {
    bool found[SHOWN_DIGITS] = {false};
    size_t classes = 0;
    for (size_t i = 0; labels && classes < SHOWN_DIGITS && i < opened->test_count; i++) {
        long digit = lroundf(labels[i]);
        if (digit >= 0 && digit < SHOWN_DIGITS && !found[digit]) {
            found[digit] = true;
            opened->shown[digit] = i;
            classes++;
        }
    }
    opened->shown_by_class = classes == SHOWN_DIGITS;
    opened->shown_count = opened->test_count < SHOWN_DIGITS ? opened->test_count : SHOWN_DIGITS;
    for (size_t i = 0; !opened->shown_by_class && i < opened->shown_count; i++) {
        opened->shown[i] = i;
    }
}

bool images_open(images *opened, const char *folder) {
    *opened = (images){.folder = folder};
    size_t height, width;
    if (strlen(folder) + NAME_ROOM > PATH_CAPACITY) {
        return complain("the name of the data folder is longer than %d bytes", PATH_CAPACITY - NAME_ROOM);
    }
    if (!open_images(&opened->train, folder, "train-images-idx3-ubyte", &opened->train_count, &opened->height,
                     &opened->width) ||
        !open_images(&opened->test, folder, "t10k-images-idx3-ubyte", &opened->test_count, &height, &width)) {
        return false;
    }
    if (height != opened->height || width != opened->width) {
        return complain("training images are %zu x %zu pixels and test images %zu x %zu in '%s'",
                        opened->height, opened->width, height, width, folder);
    }
    float *labels = NULL;
    bool read = read_labels(&labels, opened);
    if (read) {
        choose_shown(opened, labels);
    }
    free(labels);
    return read;
}

void images_close(images *opened) {
    dae_dataset_free(opened->train);
    dae_dataset_free(opened->test);
    opened->train = opened->test = NULL;
}
