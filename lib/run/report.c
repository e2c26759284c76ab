#include "run/report.h"
#include "core/fpu.h"
#include "core/memory.h"

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
    if (report == NULL || !dae_references_drop(&report->references))
        return;
    dae_release(report->figures);
    dae_release(report->errors);
    dae_release(report);
}

dae_status dae_report_get(const dae_report *report, const char *figure, double *value) {
    struct dae_recipe *recipe = NULL;
    DAE_REQUIRE(report);
    DAE_REQUIRE(figure);
    DAE_REQUIRE(value);
    DAE_TRY(dae_recipe_bind_one(&recipe, &dae_figure_category, figure));
    uint64_t fpu = dae_fpu_prepare();
    dae_status status = dae_figures_get_step(report->figures, recipe->steps, report->errors,
                                             &report->evidence, value);
    dae_fpu_restore(fpu);
    dae_release(recipe);
    return status;
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
