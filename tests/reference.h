/* Networks of any form, read from the text that dae_model_format() writes and run in double precision: an oracle that shares
 * no code with the library. */
#ifndef DAE_TESTS_REFERENCE_H
#define DAE_TESTS_REFERENCE_H

#include "network.h"

typedef struct reference reference;

/* The network of a model; the caller's. Dropout passes values on, as outside of training. */
reference *reference_of(const dae_model *model);
void reference_free(reference *r);

size_t reference_inputs(const reference *r);
size_t reference_outputs(const reference *r);

/* One sample: output [outputs]. */
void reference_run(reference *r, const double *parameters, const float *input, double *output);

/* The loss as trainer.h defines it, of `count` samples; NULL for "mse". */
double reference_loss(reference *r, const double *parameters, const float *inputs, const float *targets,
                      size_t count, const char *loss);

#endif
