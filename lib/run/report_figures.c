/* Figures that are facts of a whole evaluation. */
#include "run/report.h"

/* The figure that a member of the evidence is. */
#define DEFINE_FIGURE(member, sides, text)                             \
    static double get_##member(const struct dae_evidence *evidence) {  \
        return evidence->member;                                       \
    }                                                                  \
    const struct dae_figure dae_figure_##member = {                    \
        .kind = {.name = #member, .what = (text), .example = #member}, \
        .made_of = (sides),                                            \
        .of_report = get_##member,                                     \
    };

DEFINE_FIGURE(mean_image_mse, DAE_OF_TARGET, "mean squared error of the mean of these targets")
DEFINE_FIGURE(dead_outputs, DAE_OF_OUTPUT, "share of output values that are the same for every sample")
DEFINE_FIGURE(harmful_dead_outputs, DAE_OF_OUTPUT | DAE_OF_TARGET,
              "share of output values that are dead though their targets are not the same")
DEFINE_FIGURE(inputs_out_of_range, DAE_OF_INPUT, "share of input values outside the range of training")
DEFINE_FIGURE(dead_hidden_units, DAE_OF_OUTPUT,
              "share of hidden units that give the same value for every sample")
DEFINE_FIGURE(samples, 0, "number of samples")
