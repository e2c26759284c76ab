/* Columns that are zero for every sample of a batch, which products leave out.
 *
 * After a rectifier these are the units that are dead for the batch: of the reference experiment, four of
 * five hidden units and half of the outputs, and with them three of five multiplications. A term that is left
 * out is zero times a finite number, so nothing changes but where a long sum is cut. Factors that are rounded
 * to bfloat16 are so here, whole or compact. */
#ifndef DAE_MATH_LIVE_COLUMNS_H
#define DAE_MATH_LIVE_COLUMNS_H

#include "core/size.h"
#include "math/matmul.h"

struct dae_live;

/* The matrices of an affine layer: Y[b,n] = X[b,k] W[n,k]^T, or with a weight V[k,n] that is used
 * transposed. */
struct dae_affine {
    struct dae_pool *pool;
    size_t batch, inputs, units;
    const float *x;      /* [batch, inputs] */
    const uint16_t *x16; /* the same, rounded already; or NULL */
    const float *weight;
    const uint16_t *weight16; /* rounded; NULL in float32 */
    bool transposed;
    const float *d;        /* [batch, units]; NULL going forward */
    bool goes_back;        /* D of X is wanted */
    bool blocks_at_zero;   /* no gradient passes where X is 0 */
    struct dae_live *live; /* NULL: matrices are used as they are */
};

/* The columns of a matrix that count, and the matrix made of them alone. */
struct dae_columns {
    size_t all;
    size_t count;     /* of those that are not zero */
    size_t width;     /* of the compact matrix, zeros from `count` on; 0: the matrix is used as it is */
    uint32_t *seen;   /* [all], 0 for columns of zeros; then what each task has seen */
    uint32_t *places; /* [count], which column of the matrix each compact one is */
    float *values;    /* [batch, width]; NULL in bfloat16 */
    uint16_t
        *values16; /* the same, rounded, or the whole matrix where it is used as it is; NULL in float32 */
};

/* Memory of one layer. Without training, there is nothing for D. */
struct dae_live {
    struct dae_columns x, d;
    bool whole;            /* nothing is left out, only rounded */
    float *weights;        /* [units, x.width] */
    float *weights_before; /* [d.width, inputs or x.width] */
    uint16_t *weights16, *weights_before16;
    float *d_before; /* [batch, x.width] */
};

/* Makes room for a layer of `units` and batches of up to `batch`; *out stays NULL where there is nothing to
 * do. A weight that is used transposed is always used whole. */
dae_status dae_live_create(struct dae_live **out, size_t units, size_t inputs, bool transposed, size_t batch,
                           bool training, bool bfloat16);
void dae_live_free(struct dae_live *live);

/* Looks at X before products read it, or at D, and rounds to bfloat16 what they are to read. */
dae_status dae_live_find_x(const struct dae_affine *affine);
dae_status dae_live_find_d(const struct dae_affine *affine);

/* Factors of a layer's products, compact or as they are. */
struct dae_factor {
    size_t columns;
    size_t used; /* the first of them, which need be summed over */
    const float *values;
    const uint16_t *values16; /* what to read instead; NULL in float32 */
};

struct dae_factor dae_factor_x(const struct dae_affine *affine);       /* [batch, x] */
struct dae_factor dae_factor_weights(const struct dae_affine *affine); /* [units, x] */
struct dae_factor dae_factor_d(const struct dae_affine *affine);       /* [batch, d] */
/* [d, x] if no gradient passes where the input is 0, otherwise [d, inputs] */
struct dae_factor dae_factor_weights_before(const struct dae_affine *affine);

/* How many of the columns that count lie before a column. */
size_t dae_columns_before(const struct dae_columns *columns, size_t column);

/* The columns in use of a compact factor; NULL when it is used as it is. */
const struct dae_columns *dae_live_x(const struct dae_affine *affine);
const struct dae_columns *dae_live_d(const struct dae_affine *affine);
/* Likewise, of the D before that backward_input makes. */
const struct dae_columns *dae_live_before(const struct dae_affine *affine);

#endif
