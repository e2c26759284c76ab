/* Pictures that were read from a file, as datasets of one sample. */
#ifndef DAE_DATA_PICTURE_H
#define DAE_DATA_PICTURE_H

#include "data/source.h"

/* Pixels [height, width, channels], each value of `size` bytes, 1 or 2, the higher one first. */
struct dae_picture {
    const char *name; /* of the file */
    unsigned char *bytes;
    size_t begin; /* of the first pixel in them */
    size_t height, width;
    size_t channels; /* 1 or 3 */
    size_t size;
    unsigned most; /* the value that stands for 1 */
};

/* The parameters that all formats of pictures have. */
enum { DAE_PICTURE_CHANNELS };

#define DAE_PICTURE_PARAMETERS                                                                               \
    {                                                                                                        \
        {                                                                                                    \
            "channels", "1 of brightness, or 3 of red, green and blue; any: as in the file", DAE_TYPE_COUNT, \
                DAE_ANY, 1, 3, .fallback = "any"                                                             \
        }                                                                                                    \
    }

/* The check of a kind with these parameters. */
const char *dae_picture_check(const struct dae_value *values);

/* A dataset of one sample [channels, height, width] of values in [0, 1]. Takes over the bytes, also when it
 * fails.
 *
 * Brightness is that of Rec. 601, 0.299 red + 0.587 green + 0.114 blue, rounded to the file's type as Pillow
 * does it: (19595 red + 38470 green + 7471 blue + 32768) / 65536, rounded down. */
dae_status dae_picture_create(dae_dataset **out, struct dae_picture *picture, const struct dae_value *values);

#endif
