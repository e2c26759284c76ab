/* What multiplies matrices of bfloat16: units made for it where the processor has some, otherwise the
 * kernels, whose float32 gives the same as exact products of bfloat16 would. */
#ifndef DAE_MATH_BFLOAT16_H
#define DAE_MATH_BFLOAT16_H

#include "math/kernels.h"

struct dae_bfloat16_units {
    const char *name; /* such as "AMX" */
    dae_multiply_fn *multiply;
};

/* Of units made for it: pairs_target.c. */
extern dae_multiply_fn dae_multiply_amx, dae_multiply_avx512_bf16;

/* The best units. The first use in a process may have to ask the system for them, for as long as the process
 * lives. */
const struct dae_bfloat16_units *dae_bfloat16_units(void);

/* The name of those that dae_bfloat16_units() would give, without asking for anything. */
const char *dae_bfloat16_units_name(void);

/* For tests: how many kinds of units can be used, and each, best first. */
size_t dae_bfloat16_units_count(void);
const struct dae_bfloat16_units *dae_bfloat16_units_get(size_t index);

#endif
