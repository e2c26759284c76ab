/* Figures: what says how good answers are. A kind is one row: either it adds something up over samples, which
 * validation can do as well, or it is a fact of a whole evaluation, which only a report has. */
#ifndef DAE_RUN_FIGURE_H
#define DAE_RUN_FIGURE_H

#include "core/kind.h"
#include "core/size.h"
#include "kinds.h"
#include "run/over_dataset.h"

enum { DAE_FIGURE_MAX_PARAMETERS = 1, DAE_FIGURE_SUMS = 2 };

enum dae_side { DAE_SIDE_INPUT, DAE_SIDE_TARGET, DAE_SIDE_OUTPUT, DAE_SIDES };

/* What a figure is made of: it is NaN where one of those values is not finite. */
enum {
    DAE_OF_INPUT = 1 << DAE_SIDE_INPUT,
    DAE_OF_TARGET = 1 << DAE_SIDE_TARGET,
    DAE_OF_OUTPUT = DAE_OF_INPUT | 1 << DAE_SIDE_OUTPUT,
};

/* An answer to one sample, the model's or the input taken for one, and what was wanted. Where only the MSE is
 * known, nothing else is there. */
struct dae_answer {
    const float *values, *targets;
    size_t size;                   /* of the values */
    const struct dae_shape *shape; /* of the targets, as their dataset has it */
    double mse, signal;            /* mean square of values less targets, and of targets */
};

struct dae_evidence;

struct dae_figure {
    struct dae_kind kind;
    unsigned made_of; /* DAE_OF_* */
    bool of_input;    /* the answer is the input, not the output */
    bool from_mse;    /* `add` reads nothing but the MSE of an answer */
    /* Adds what a sample says to sums that begin at 0, and makes the figure of them; p are the parameters. */
    void (*add)(double *sums, const struct dae_answer *answer, const double *p);
    double (*conclude)(const double *sums, double samples, const double *p);
    /* Instead of both: a fact of an evaluation. */
    double (*of_report)(const struct dae_evidence *evidence);
};

extern const struct dae_figure DAE_FIGURE_KINDS;

extern const struct dae_category dae_figure_category;

#define DAE_FIGURE_PEAK                                                                                     \
    {                                                                                                       \
        "peak",                                                                                             \
            "largest value that data can have, less the least; without it that of the model's scaling, or " \
            "1",                                                                                            \
            DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_OPTIONAL, 1e-30, 1e30                                       \
    }

/* A figure that is the mean over samples of what they add. */
double dae_figure_mean(const double *sums, double samples, const double *p);

/* ---- Figures over the samples of a dataset ----------------------------------------------------------- */

struct dae_figures;

/* MSE of a sample's output, and of its input: NaN where it differs from the target in size. */
struct dae_errors {
    double output, input;
};

/* The figures of a text, in its order, such as "mse | psnr(peak=255)"; those of the text NULL are all that
 * add something up. Fails with DAE_ERROR_FORMAT, DAE_ERROR_ARGUMENT, also for what only a report has, or
 * DAE_ERROR_MEMORY. dae_release() frees them. */
dae_status dae_figures_open(struct dae_figures **out, const char *text);

size_t dae_figures_count(const struct dae_figures *figures);

/* A figure's name, with its parameters where those are not the usual ones; where it stands in the text. */
void dae_figures_write_name(struct dae_text *text, const struct dae_figures *figures, size_t index);
size_t dae_figures_position(const struct dae_figures *figures, size_t index);

/* Begins with the first sample that a model answers, in memory that is there. */
void dae_figures_start(struct dae_figures *figures, const dae_model *model);

/* The shapes of the samples that come next. */
void dae_figures_set_shapes(struct dae_figures *figures, const struct dae_sweep_batch *batch);

/* Takes the next sample; sums follow the order of samples. The output must be what a session gives, not
 * logits. */
struct dae_errors dae_figures_add(struct dae_figures *figures, const float *input, const float *output,
                                  const float *target);

/* Takes the samples of a batch, with its shapes. */
void dae_figures_add_batch(struct dae_figures *figures, const struct dae_sweep_batch *batch);

/* Figure number `index` of the text, after at least one sample. */
double dae_figures_get(const struct dae_figures *figures, size_t index);

/* Any figure from what figures of the text NULL have seen, and the errors of their samples. Fails with
 * DAE_ERROR_ARGUMENT for one that needs the samples themselves. */
dae_status dae_figures_get_step(const struct dae_figures *figures, const struct dae_step *step,
                                const struct dae_errors *errors, const struct dae_evidence *evidence,
                                double *value);

/* 10 log10(1 / mse) dB, at most 100. */
double dae_psnr(double mse);

#endif
