/* Work of convolutions, transposed ones and their gradients: what reads the wide side or spreads over it, cut
 * into bands. */
#ifndef DAE_LAYERS_CONVOLUTION_BANDS_H
#define DAE_LAYERS_CONVOLUTION_BANDS_H

#include "layers/convolution.h"

/* Work is cut into bands, some rows and columns of a sample, such that what a band reads stays in the second
 * cache: about so many floats. How, depends on shapes only. */
enum { DAE_BAND = 1 << 16 };

/* How an operation goes along an axis. It works on cells q: value s q + f - origin of what comes out, of each
 * phase f < s, is made of values t (q + shift) + r - before of what goes in, one for each tap of the phase.
 * One of the strides, s going out and t going in, is 1. */
struct dae_cells {
    struct dae_window window;
    bool spreads;
    size_t in, out;               /* values */
    size_t stride_in, stride_out; /* t, s */
    size_t before, origin;
    size_t reach; /* the greatest shift */
    size_t first, cells;
};

/* Memory for passes: weights in the order in which they are used, and of the taps of all phases, where they
 * read in a plane, and which of the weights they are. */
struct dae_convolution_own {
    size_t weight_count;
    uint64_t revision; /* of what is packed, which stays, but for training; or 0 */
    float *packed;
    size_t *offsets, *weights;
};

struct dae_bands {
    const struct dae_pass *pass;
    struct dae_convolution_own *own;
    struct dae_convolution c;
    struct dae_cells y, x;
    size_t in, out; /* channels */
    enum dae_padding mode;
    const float *from;    /* [batch, in, y.in, x.in] */
    const float *bias;    /* [out], or NULL */
    struct dae_rows *to;  /* whose Y or D is made, */
    float *values;        /* [batch, out, y.out, x.out] */
    bool backward;        /* it is D */
    bool folds;           /* what is made has padding that goes back to where it came from */
    size_t rows, columns; /* cells of a band */
    size_t bands, bands_x;
    size_t pitch, plane; /* of what a band reads: from row to row, from channel to channel */
    size_t strip;        /* floats for a unit's results */
};

/* Some cells of a sample. */
struct dae_band {
    size_t sample, y, x, rows, columns;
};

/* What gathers on the wide side, or spreads over it. */
struct dae_bands dae_bands_of(const struct dae_pass *pass, bool spreads);

/* Sets how the cells of a sample are cut, with so many channels that a band has in memory. */
void dae_bands_cut(struct dae_bands *o, size_t channels);

struct dae_band dae_band_at(const struct dae_bands *o, size_t index);

/* Copies what a band reads: for each channel and offset within a stride, rows of cells. */
void dae_band_copy(const struct dae_bands *o, const struct dae_band *b, float *to);

/* Taps that a phase has along an axis. */
size_t dae_cells_taps(const struct dae_cells *a, size_t phase);

/* Values [first, end) of what comes out, of which each is of one of some cells; returns the first. */
size_t dae_cells_values(const struct dae_cells *a, size_t cell, size_t cells, size_t *end);

/* Notes the taps of a phase, from number `first` on. Returns the number after them. */
size_t dae_bands_write_taps(const struct dae_bands *o, size_t fy, size_t fx, size_t first);

bool dae_convolution_has_bias(const struct dae_pass *pass);

#endif
