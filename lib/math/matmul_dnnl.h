/* Matrix products by oneDNN: an optional backend. */
#ifndef DAE_MATH_MATMUL_DNNL_H
#define DAE_MATH_MATMUL_DNNL_H

#include "math/matmul.h"

/* Whether this build has oneDNN. */
bool dae_dnnl_is_built_in(void);

/* Which units multiply bfloat16 here, such as "AMX"; NULL without oneDNN or without such units. */
const char *dae_dnnl_bfloat16_units(void);

/* Version and use, such as "oneDNN 2.6.3"; NULL without oneDNN. */
const char *dae_dnnl_name(void);

/* Code compiled for each shape; threads may share it. *out stays NULL without oneDNN. */
struct dae_dnnl;

dae_status dae_dnnl_create(struct dae_dnnl **out);
void dae_dnnl_free(struct dae_dnnl *kept);

/* Makes a product, in the calling thread, without its hook; false when oneDNN cannot. */
bool dae_dnnl_multiply(struct dae_dnnl *kept, const struct dae_product *product);

#endif
