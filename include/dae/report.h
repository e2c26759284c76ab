/* Reports: how well a model denoises, and what is wrong with it.
 *
 * A figure is asked for by its text (recipe.h), such as "mse" or "psnr(peak=4095)". y are a sample's
 * outputs, t its targets; the MSE of a sample is the mean of (y - t)^2 over its values.
 *
 *   mse                   mean squared error: the mean over samples of their MSE
 *   mae                   mean absolute error, |y - t|
 *   psnr(peak=1)          dB: mean over samples of 10 log10(peak^2 / MSE), none counting more than 100. The
 *                         peak is the largest value that data can have, less the least: 1e-30 to 1e30
 *   psnr_of_mean(peak=1)  dB: the same of the mean MSE; but for rounding never above psnr while no sample
 *                         reaches the 100 dB
 *   snr                   dB: mean over samples of 10 log10(mean of t^2 / MSE), none counting more than 100;
 *                         a sample whose targets are all 0 is left out
 *   snr_of_mean           dB: the same of the mean of t^2 over all samples and the mean MSE
 *   ssim(peak=1)          structural similarity, -1 to 1 (Wang et al. 2004), mean over samples, channels and
 *                         places: (2 my mt + c1) (2 cov + c2) / ((my^2 + mt^2 + c1) (vy + vt + c2)), with
 *                         means m, variances v and the covariance in a Gaussian window of 11 x 11, stddev
 *                         1.5, wherever it lies in the image; c1 = (0.01 peak)^2, c2 = (0.03 peak)^2. NaN
 *                         where targets are no images, [c, h, w] or [h, w], of at least 11 x 11
 *   error_rate            share (0 to 1) of samples whose largest output is not that of their class. Targets
 *                         name it: of all outputs 1 for the class and 0 for the others, or one value that is
 *                         its number, from 0; NaN where the former do not
 *   mean_image_mse        mean squared error of the best constant image, the mean of these targets
 *   dead_outputs          share of output values that are the same for every sample
 *   harmful_dead_outputs  share of output values that are dead though their target is not the same for every
 *                         sample
 *   inputs_out_of_range   share of input values outside the range that the model was trained on; NaN if it
 *                         knows none
 *   dead_hidden_units     share of the units of hidden layers that give the same value for every sample; NaN
 *                         without hidden layers
 *   samples               number of samples
 *
 * Of samples that differ in size each counts the same in a mean over samples, whatever it has of values.
 * mean_image_mse, dead_outputs and harmful_dead_outputs compare values at the same place: they are NaN there.
 * Crops or patches of the samples have them.
 *
 * `input_mse`, `input_mae`, `input_psnr`, `input_psnr_of_mean`, `input_snr`, `input_snr_of_mean` and
 * `input_ssim` are those of the input itself, taken as if it were the model's output: NaN when inputs and
 * targets differ in size. A figure is NaN if it is made of a value that is NaN or infinite.
 *
 * Figures are in the unit of the data, also where a model has a scaling (dae_model_set_scaling()). A peak
 * that is not given is then that of the targets which the scaling was measured on, or what it divides by,
 * not 1.
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
     * `mean_image_mse` */
    DAE_FINDING_TARGETS_OUT_OF_REACH = 7,
    /** inputs or targets are far from 0, large or small, and the model does badly with them */
    DAE_FINDING_SCALE = 8,
    /** inputs and targets are the same */
    DAE_FINDING_NOTHING_TO_DENOISE = 9,
    /** the targets are the same for every sample, of at least 10 */
    DAE_FINDING_CONSTANT_TARGETS = 10,
    /** what the outputs leave of the targets is white noise, and more than a tenth of their variance. Seen
     * only in data whose neighbouring values are alike, such as signals and images. Says, too, when more than
     * a twentieth of them are the least or the greatest one, as of noise that was clipped */
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
 * Samples may differ in size (dae_dataset_join()) where the model takes inputs of any size. They are run one
 * at a time then, whole, in memory for one that is as large as the largest along each side, and each gives
 * what it gives alone. Findings that compare values at the same place - dead outputs, the mean image, noisy
 * or constant targets, targets out of reach - are left out. A model that takes one size needs crops or
 * patches.
 *
 * "The same for every sample" is judged from two samples on; of a single sample nothing is dead. Where a
 * value is NaN or infinite, a finding names sample and place. Findings say what is so at 95 %: a unit that
 * gives one value for n samples gives another in less than 1 - 0.05^(1/n) of such samples. "Worse" is by a
 * one-sided t test of the samples' errors (3 standard deviations), from 10 samples on, and by more than a
 * millionth.
 *
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY; DAE_ERROR_STATE when the model has no parameters;
 * DAE_ERROR_SHAPE when the dataset does not fit the model, with the number of the sample where they differ in
 * size; DAE_ERROR_ARGUMENT also for a target that is the
 * number of no class; DAE_ERROR_CALLBACK from reading the dataset.
 * Threads: uses dae_get_num_threads(); the result does not depend on it. @since 0.1.0
 */
DAE_API dae_status dae_model_evaluate(dae_report **out, dae_model *model, dae_dataset *dataset);

/** Runs a model over a dataset, as it is in epoch 0, and takes the figures of a text, without findings: those
 * that are means over samples, with any parameters. Takes what a report cannot, such as "ssim(peak=255)".
 *
 * @param figures  one or more, such as "mse | ssim(peak=255)"; not those from mean_image_mse on (above)
 * @param values   [count], in the order of the text
 * @param count    as many as the text has figures
 * Errors: as dae_model_evaluate(); DAE_ERROR_ARGUMENT also for a parameter out of its range or another
 * figure, DAE_ERROR_FORMAT for a text that is none of figures.
 * Threads: as dae_model_evaluate(). @since 0.1.0
 */
DAE_API dae_status dae_model_measure(dae_model *model, dae_dataset *dataset, const char *figures,
                                     double *values, size_t count);

/** Drops a reference; NULL is allowed. @since 0.1.0 */
DAE_API void dae_report_free(dae_report *report);

/** Gets a figure; dae_kind_list("figure", NULL, ...) lists them.
 *
 * @param figure  its text, such as "psnr" or "psnr(peak=255)"
 * Errors: DAE_ERROR_ARGUMENT, also for a parameter out of its range, and for ssim with another peak than by
 * default, which needs the samples (dae_model_measure()); DAE_ERROR_FORMAT for a text that is no figure;
 * DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_report_get(const dae_report *report, const char *figure, double *value);

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
