#include "run/report.h"
#include "core/memory.h"

#include <math.h>

double dae_psnr(double mse) {
    return mse < 1e-10 ? 100 : -10 * log10(mse);
}

struct dae_text dae_findings_add(struct dae_findings *findings, int32_t code) {
    struct dae_finding *finding = &findings->list[findings->count++];
    finding->code = code;
    return (struct dae_text){finding->text, sizeof finding->text, 0};
}

dae_status dae_findings_get(const struct dae_findings *findings, size_t index, int32_t *code,
                            const char **text, const char *context) {
    if (index >= findings->count)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: index is %zu, expected less than %zu", context, index,
                        findings->count);
    if (code != NULL)
        *code = findings->list[index].code;
    if (text != NULL)
        *text = findings->list[index].text;
    return DAE_OK;
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
    *count = report->findings.count;
    return DAE_OK;
}

dae_status dae_report_get_finding(const dae_report *report, size_t index, int32_t *code, const char **text) {
    DAE_REQUIRE(report);
    return dae_findings_get(&report->findings, index, code, text, __func__);
}
