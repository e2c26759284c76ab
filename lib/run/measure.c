/* Figures without a report. */
#include "core/fpu.h"
#include "core/memory.h"
#include "run/figure.h"

#include <dae/report.h>

static dae_status visit(void *context, struct dae_pool *pool, const struct dae_sweep_batch *batch) {
    (void)pool; /* sums follow the order of samples */
    dae_figures_add_batch(context, batch);
    return DAE_OK;
}

static dae_status check_count(const struct dae_figures *figures, size_t count) {
    size_t expected = dae_figures_count(figures);
    if (count == expected)
        return DAE_OK;
    return dae_fail(DAE_ERROR_ARGUMENT, "dae_model_measure: count is %zu, expected %zu, one for each figure",
                    count, expected);
}

static dae_status measure(struct dae_figures *figures, dae_model *model, dae_dataset *dataset, double *values,
                          size_t count) {
    uint64_t fpu = dae_fpu_prepare();
    dae_figures_start(figures, model);
    dae_status status = dae_sweep_over(model, dataset, fpu, NULL, visit, figures);
    for (size_t i = 0; status == DAE_OK && i < count; i++)
        values[i] = dae_figures_get(figures, i);
    dae_fpu_restore(fpu);
    return status;
}

dae_status dae_model_measure(dae_model *model, dae_dataset *dataset, const char *figures, double *values,
                             size_t count) {
    struct dae_figures *taken = NULL;
    DAE_TRY(dae_model_check_ready(model, __func__));
    DAE_REQUIRE(dataset);
    DAE_REQUIRE(figures);
    DAE_REQUIRE(values);
    dae_model *at = NULL;
    DAE_TRY(dae_model_for_dataset(&at, model, dataset, __func__));
    /* both are kept meanwhile: a callback that gives samples may drop the caller's references */
    dae_dataset_keep(dataset);
    dae_status status = dae_figures_open(&taken, figures);
    if (status == DAE_OK)
        status = check_count(taken, count);
    if (status == DAE_OK)
        status = measure(taken, at, dataset, values, count);
    dae_release(taken);
    dae_dataset_free(dataset);
    dae_model_free(at);
    return status;
}
