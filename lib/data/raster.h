/* Pictures: what is read from a file as a dataset of one sample, and what is written of a sample. */
#ifndef DAE_DATA_RASTER_H
#define DAE_DATA_RASTER_H

#include "data/destination.h"
#include "data/source.h"

/* Pixels [height, width, channels], each value of `size` bytes, 1 or 2, the higher one first. */
struct dae_raster {
    const char *name; /* of the file */
    unsigned char *bytes;
    size_t begin; /* of the first pixel in them */
    size_t height, width;
    size_t channels; /* 1 or 3 */
    size_t size;
    unsigned most; /* the value that stands for 1 */
};

/* The parameters that all formats of pictures have. */
enum { DAE_RASTER_CHANNELS };

#define DAE_RASTER_PARAMETERS                                                                                \
    {                                                                                                        \
        {                                                                                                    \
            "channels", "1 of brightness, or 3 of red, green and blue; any: as in the file", DAE_TYPE_COUNT, \
                DAE_ANY, 1, 3, .fallback = "any"                                                             \
        }                                                                                                    \
    }

/* The check of a kind with these parameters. */
const char *dae_raster_check(const struct dae_value *values);

/* A dataset of one sample [channels, height, width] of values in [0, 1]. Takes over the bytes, also when it
 * fails.
 *
 * Brightness is that of Rec. 601, 0.299 red + 0.587 green + 0.114 blue, rounded to the file's type as Pillow
 * does it: (19595 red + 38470 green + 7471 blue + 32768) / 65536, rounded down. */
dae_status dae_raster_create(dae_dataset **out, struct dae_raster *picture, const struct dae_value *values);

/* Sets count and shape as a picture of this size has them, whose `channels` may be wished otherwise; leaves
 * them where opening refuses such a size. */
dae_status dae_raster_preview(const struct dae_content *start, size_t channels, size_t height, size_t width,
                              struct dae_preview *preview);

/* ---- Writing -------------------------------------------------------------------------------------- */

/* The parameters of all formats that pictures are written in. */
enum { DAE_RASTER_BITS };

#define DAE_RASTER_SAVING_PARAMETERS \
    { {"bits", "of a value: 8 or 16", DAE_TYPE_COUNT, 0, 8, 16, "8"}, DAE_DESTINATION_OVERWRITE }

const char *dae_raster_check_bits(const struct dae_value *values);

/* Refuses samples that are no pictures: [height, width], [1, height, width] or [3, height, width]. */
dae_status dae_raster_check_saving(const struct dae_saving *saving);

/* The sample as pixels, whose bytes become the caller's (dae_release): value times the largest, to which 0.5
 * is added before it is rounded down, and what is not in [0, 1] as 0 and 1; NaN is refused. */
dae_status dae_raster_read(const struct dae_saving *saving, struct dae_raster *picture);

#endif
