/* Scalings: the affine between the unit of the data and that of the network, z = scale x + offset. A kind is
 * a row that makes its numbers of what the targets are like; models and files keep the numbers alone. */
#ifndef DAE_MODEL_SCALING_H
#define DAE_MODEL_SCALING_H

#include "core/handle.h"
#include "core/kind.h"
#include "kinds.h"
#include "math/loops.h"

enum { DAE_SCALING_MAX_CHANNELS = 1024 };

/* How one gives a model its scaling, for messages. */
#define DAE_SCALING_CALLS "dae_model_set_scaling() or dae train --scaling"

/* That of a channel, or of all. */
struct dae_unit {
    double scale, offset, inverse; /* 1 / scale */
};

/* Does not change once it is made: models, plans and copies share it. */
struct dae_scaling {
    dae_references references;
    double peak;     /* the largest value that the data can have, less the least */
    size_t channels; /* of the input that have the offset, further ones are only multiplied; 0: all */
    size_t count;    /* of units: 1, or one for each channel of the targets */
    struct dae_unit units[];
};

/* NULL is allowed. */
struct dae_scaling *dae_scaling_keep(struct dae_scaling *scaling);
void dae_scaling_drop(struct dae_scaling *scaling);

/* ---- Kinds ------------------------------------------------------------------------------------------- */

/* What the targets are like, or a channel of them; NaN is left out. */
struct dae_measured {
    double mean, stddev, low, high;
};

struct dae_scaling_kind {
    struct dae_kind kind;
    bool measures;
    /* Of a channel, from the parameters and what was measured: its unit, and the peak. */
    struct dae_unit (*make)(const struct dae_value *values, size_t channel, const struct dae_measured *m);
    double (*peak)(const struct dae_value *values, const struct dae_measured *m);
};

extern const struct dae_scaling_kind DAE_SCALING_KINDS;
extern const struct dae_category dae_scaling_category;

/* Whether each channel is to have a unit of its own. */
bool dae_scaling_is_per_channel(const struct dae_step *step);

/* The scaling of a step: measured[count] is of each channel, or of all; count is 1 where nothing was
 * measured. NULL for the kind none. Fails with DAE_ERROR_ARGUMENT or DAE_ERROR_MEMORY. */
dae_status dae_scaling_make(struct dae_scaling **out, const struct dae_step *step,
                            const struct dae_measured *measured, size_t count);

/* Which ends of the network have it: parts of networks have but one. */
enum dae_ends { DAE_END_BOTH, DAE_END_INPUT, DAE_END_OUTPUT };

/* Writes a scaling as the kind affine, and reads such a text: fails with DAE_ERROR_FORMAT or
 * DAE_ERROR_ARGUMENT for others. */
void dae_scaling_write(struct dae_text *text, const struct dae_scaling *scaling, enum dae_ends ends);
dae_status dae_scaling_read(struct dae_scaling **out, enum dae_ends *ends, const char *text);

/* ---- Use --------------------------------------------------------------------------------------------- */

/* A scaling of rows of values; NULL for none. */
struct dae_scaler {
    const struct dae_scaling *scaling;
    size_t values;   /* of a channel */
    size_t channels; /* that have the offset */
};

/* The largest size that values of a range have in the network's unit. */
double dae_scaler_magnitude(const struct dae_scaler *scaler, double low, double high);

typedef void dae_scaling_loop(const float *from, float *to, size_t count, const struct dae_unit *unit);

/* Values [column, column + count) of a row into the network's unit, and back; `to` may be `from`. */
void dae_scaler_apply(const struct dae_scaler *scaler, size_t column, size_t count, const float *from,
                      float *to);
void dae_scaler_undo(const struct dae_scaler *scaler, size_t column, size_t count, const float *from,
                     float *to);

#endif
