/* Reports: how well a model denoises, and what is wrong with it.
 *
 * PSNR of a sample is 10 log10(1 / MSE) dB: the peak is 1, for data in [0,1] (for a range of r add
 * 20 log10(r)). A sample with an MSE below 1e-10 counts as 100 dB.
 */
#ifndef DAE_REPORT_H
#define DAE_REPORT_H

#include <dae/dataset.h>
#include <dae/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The figures of one evaluation; does not change. */
typedef struct dae_report dae_report;

/** Figures. "input" stands for the corrupted input itself, taken as if it were the model's output: NaN
 * when inputs and targets differ in size. */
enum {
    /** mean squared error of the output against the target */
    DAE_METRIC_MSE = 0,
    /** mean absolute error of the output */
    DAE_METRIC_MAE = 1,
    /** PSNR in dB, mean over samples */
    DAE_METRIC_PSNR = 2,
    /** PSNR in dB of the mean MSE; but for rounding never above DAE_METRIC_PSNR while no sample reaches the
     * 100 dB */
    DAE_METRIC_PSNR_OF_MEAN = 3,
    /** mean squared error of the input */
    DAE_METRIC_INPUT_MSE = 4,
    /** PSNR in dB of the input, mean over samples */
    DAE_METRIC_INPUT_PSNR = 5,
    /** PSNR in dB of the mean MSE of the input */
    DAE_METRIC_INPUT_PSNR_OF_MEAN = 6,
    /** mean squared error of the best constant image, the mean of these targets */
    DAE_METRIC_MEAN_IMAGE_MSE = 7,
    /** share (0 to 1) of output values that are the same for every sample */
    DAE_METRIC_DEAD_OUTPUTS = 8,
    /** share of output values that are dead though their target is not the same for every sample */
    DAE_METRIC_HARMFUL_DEAD_OUTPUTS = 9,
    /** share of input values outside the range that the model was trained on; NaN if it knows none */
    DAE_METRIC_INPUTS_OUT_OF_RANGE = 10,
    /** number of samples */
    DAE_METRIC_SAMPLES = 11,
    /** share of the units of hidden layers that give the same value for every sample; NaN without hidden
     * layers */
    DAE_METRIC_DEAD_HIDDEN_UNITS = 12
};

/** Findings: what a report, and what a trainer, has to say beyond figures. A report's come first, causes
 * before what they bring about; DAE_FINDING_OVERFITTING and those after it are a trainer's
 * (dae_trainer_get_finding()). */
enum {
    /** more than 1 % of the outputs are dead though their targets vary, judged from 299 samples on; of a
     * model whose outputs are all dead from 29 on */
    DAE_FINDING_DEAD_OUTPUTS = 1,
    /** the model does worse than the mean image */
    DAE_FINDING_WORSE_THAN_MEAN_IMAGE = 2,
    /** the model does worse than leaving the input alone */
    DAE_FINDING_WORSE_THAN_INPUT = 3,
    /** more than 1 % of the input values lie outside the range of training */
    DAE_FINDING_INPUTS_OUT_OF_RANGE = 4,
    /** some inputs, targets or outputs are NaN or infinite */
    DAE_FINDING_NOT_FINITE = 5,
    /** more than a quarter of the hidden units are dead, judged from 299 samples on; all of a layer from 29
     * on */
    DAE_FINDING_DEAD_HIDDEN_UNITS = 6,
    /** the last activation cannot give some targets, and the MSE that this alone leaves is more than 1 % of
     * DAE_METRIC_MEAN_IMAGE_MSE */
    DAE_FINDING_TARGETS_OUT_OF_REACH = 7,
    /** inputs or targets are far from 0, large or small, and the model does badly with them */
    DAE_FINDING_SCALE = 8,
    /** inputs and targets are the same */
    DAE_FINDING_NOTHING_TO_DENOISE = 9,
    /** the targets are the same for every sample, of at least 10 */
    DAE_FINDING_CONSTANT_TARGETS = 10,
    /** what the outputs leave of the targets is white noise, and more than a tenth of their variance. Seen
     * only in data whose neighbouring values are alike, such as signals and images */
    DAE_FINDING_NOISY_TARGETS = 11,
    /** the training loss falls while that on the validation data no longer does, or rises */
    DAE_FINDING_OVERFITTING = 12,
    /** the loss falls evenly, and hardly */
    DAE_FINDING_LEARNING_RATE_TOO_SMALL = 13,
    /** the loss jumps, or is above what it was */
    DAE_FINDING_LEARNING_RATE_TOO_LARGE = 14,
    /** the loss stopped at once, and has been the same since */
    DAE_FINDING_NO_PROGRESS = 15
};

/** Runs a model over a dataset, as it is in epoch 0, and takes all figures.
 *
 * For an honest figure corrupt the evaluation data with another seed than the training data.
 *
 * "The same for every sample" is judged from two samples on; of a single sample nothing is dead. A figure is
 * NaN if it is made of a value that is NaN or infinite, and the finding names sample and place. Findings say
 * what is so at 95 %: a unit that gives one value for n samples gives another in less than 1 - 0.05^(1/n) of
 * such samples. "Worse" is by a one-sided t test of the samples' errors (3 standard deviations), from 10
 * samples on, and by more than a millionth.
 *
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY; DAE_ERROR_STATE when the model has no parameters;
 * DAE_ERROR_SHAPE when the dataset does not fit the model; DAE_ERROR_CALLBACK from reading the dataset.
 * Threads: uses dae_get_num_threads(); the result does not depend on it. @since 0.1.0
 */
DAE_API dae_status dae_model_evaluate(dae_report **out, dae_model *model, dae_dataset *dataset);

/** Drops a reference; NULL is allowed. @since 0.1.0 */
DAE_API void dae_report_free(dae_report *report);

/** Gets a figure: one of DAE_METRIC_*. Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_report_get(const dae_report *report, int32_t metric, double *value);

/** Number of findings. Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_report_get_finding_count(const dae_report *report, size_t *count);

/** A finding: its code and a few plain sentences with the figure, what it means and what to try.
 *
 * @param index  below the number of findings
 * @param code   receives one of DAE_FINDING_*; may be NULL
 * @param text   receives the sentences; may be NULL; borrowed until the report is freed
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_report_get_finding(const dae_report *report, size_t index, int32_t *code,
                                          const char **text);

#ifdef __cplusplus
}
#endif
#endif
