#include "run/report.h"
#include "core/memory.h"
#include "core/status.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

double dae_psnr(double mse) {
    return mse < 1e-10 ? 100 : -10 * log10(mse);
}

__attribute__((format(printf, 3, 4))) static void add(struct dae_report *report, int32_t code,
                                                      const char *format, ...) {
    struct dae_finding *finding = &report->findings[report->finding_count++];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding->text, sizeof finding->text, format, arguments);
    va_end(arguments);
    finding->code = code;
}

/* Two plain sentences each: what is found with its figure, and what to try. */
static const char dead_text[] = "%.1f %% of the outputs are dead: they give the same value for every sample, "
                                "%.1f %% although their targets "
                                "vary. A ReLU that gives 0 for all of its data has no gradient and never "
                                "recovers. Try a sigmoid or linear "
                                "output, leaky ReLU, or a smaller learning rate.";
static const char mean_text[] = "An MSE of %.5g is worse than the %.5g of always answering with the mean of "
                                "the targets. Train longer, or with "
                                "another learning rate, and look whether inputs and targets belong together.";
static const char input_text[] = "An MSE of %.5g is worse than the %.5g of the input itself: leaving it "
                                 "alone would be better. Train longer or "
                                 "with a larger code; for little noise, expect little from a small code.";
static const char range_text[] = "%.1f %% of the input values lie outside the range that the model was "
                                 "trained on. Corrupt, clip and scale these "
                                 "data as the training data were.";
static const char finite_text[] = "%.1f %% of the outputs are NaN or infinite. Look for such values in the "
                                  "inputs first, then train with a smaller "
                                  "learning rate.";

static const char unit_text[] =
    "%.1f %% of the hidden units are dead: they give the same value for every sample, which leaves "
    "the work to %zu of %zu. Inputs "
    "that are nearly all positive push ReLUs there. Try leaky ReLU in hidden layers, inputs "
    "around 0, or a smaller learning rate.";

/* By more than float32 rounds. */
static bool is_worse(double mse, double than) {
    return mse > than * (1 + 1e-6);
}

/* A finding is one text above, one `if` here and one constant in report.h. */
void dae_report_find(struct dae_report *report) {
    const double *f = report->figures;
    if (report->not_finite > 0)
        add(report, DAE_FINDING_NOT_FINITE, finite_text, 100 * report->not_finite);
    if (f[DAE_METRIC_HARMFUL_DEAD_OUTPUTS] > 0.01)
        add(report, DAE_FINDING_DEAD_OUTPUTS, dead_text, 100 * f[DAE_METRIC_DEAD_OUTPUTS],
            100 * f[DAE_METRIC_HARMFUL_DEAD_OUTPUTS]);
    if (f[DAE_METRIC_SAMPLES] > 1 && is_worse(f[DAE_METRIC_MSE], f[DAE_METRIC_MEAN_IMAGE_MSE]))
        add(report, DAE_FINDING_WORSE_THAN_MEAN_IMAGE, mean_text, f[DAE_METRIC_MSE],
            f[DAE_METRIC_MEAN_IMAGE_MSE]);
    if (is_worse(f[DAE_METRIC_MSE], f[DAE_METRIC_INPUT_MSE]))
        add(report, DAE_FINDING_WORSE_THAN_INPUT, input_text, f[DAE_METRIC_MSE], f[DAE_METRIC_INPUT_MSE]);
    if (f[DAE_METRIC_DEAD_HIDDEN_UNITS] > 0.25)
        add(report, DAE_FINDING_DEAD_HIDDEN_UNITS, unit_text, 100 * f[DAE_METRIC_DEAD_HIDDEN_UNITS],
            report->live_units, report->hidden_units);
    if (f[DAE_METRIC_INPUTS_OUT_OF_RANGE] > 0.01)
        add(report, DAE_FINDING_INPUTS_OUT_OF_RANGE, range_text, 100 * f[DAE_METRIC_INPUTS_OUT_OF_RANGE]);
}

void dae_report_free(dae_report *report) {
    if (report != NULL && dae_references_drop(&report->references))
        dae_release(report);
}

dae_status dae_report_get(const dae_report *report, int32_t metric, double *value) {
    DAE_REQUIRE(report);
    DAE_REQUIRE(value);
    if (metric < 0 || metric >= DAE_METRIC_COUNT)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_report_get: metric is %d, expected one of DAE_METRIC_*",
                        (int)metric);
    *value = report->figures[metric];
    return DAE_OK;
}

dae_status dae_report_get_finding_count(const dae_report *report, size_t *count) {
    DAE_REQUIRE(report);
    DAE_REQUIRE(count);
    *count = report->finding_count;
    return DAE_OK;
}

dae_status dae_report_get_finding(const dae_report *report, size_t index, int32_t *code, const char **text) {
    DAE_REQUIRE(report);
    if (index >= report->finding_count)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_report_get_finding: index is %zu, expected less than %zu",
                        index, report->finding_count);
    if (code != NULL)
        *code = report->findings[index].code;
    if (text != NULL)
        *text = report->findings[index].text;
    return DAE_OK;
}
