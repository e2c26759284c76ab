/* Reports inside the library: figures, and the findings drawn from them. */
#ifndef DAE_RUN_REPORT_H
#define DAE_RUN_REPORT_H

#include "core/handle.h"

#include <dae/report.h>

enum {
    DAE_METRIC_COUNT = DAE_METRIC_DEAD_HIDDEN_UNITS + 1,
    DAE_REPORT_MAX_FINDINGS = 8,
    DAE_FINDING_TEXT_SIZE = 400
};

struct dae_finding {
    int32_t code;
    char text[DAE_FINDING_TEXT_SIZE];
};

struct dae_report {
    dae_references references;
    double figures[DAE_METRIC_COUNT];
    double not_finite;               /* share of output values that are NaN or infinite */
    size_t hidden_units, live_units; /* all, and those that are not dead */
    size_t finding_count;
    struct dae_finding findings[DAE_REPORT_MAX_FINDINGS];
};

/* Draws the findings from the figures. */
void dae_report_find(struct dae_report *report);

/* 10 log10(1 / mse) dB, at most 100. */
double dae_psnr(double mse);

#endif
