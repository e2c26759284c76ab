/* Sessions: running a model, without allocation, from as many threads as there are sessions. */
#ifndef DAE_SESSION_H
#define DAE_SESSION_H

#include <dae/dataset.h>
#include <dae/model.h>
#include <dae/runtime.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A model with a private workspace. One thread at a time uses a session: a call while another thread is in
 * one is DAE_ERROR_STATE. Any number of sessions run one model at once, as long as nobody trains or changes
 * it meanwhile. */
typedef struct dae_session dae_session;

/** Creates a session, with all memory that running it will need.
 *
 * @param model      is kept; parameters changed later are seen by the next run; with another scaling
 *                   (dae_model_set_scaling()) the session is of no more use
 * @param max_batch  samples worked on at once, at least 1: more samples are run in several parts
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY; DAE_ERROR_STATE before dae_model_initialize().
 * @since 0.1.0 */
DAE_API dae_status dae_session_create(dae_session **out, dae_model *model, size_t max_batch);

/** Creates a session for inputs of one shape, which a model whose dimensions may be any needs, such as
 * input(1, any, any): it runs at any size that all its layers take, whatever it was trained with.
 *
 * @param shape  [rank] of a sample: the model's input, with a size for each dimension that may be any
 * Errors: as dae_session_create(); DAE_ERROR_SHAPE for a shape that the model does not take, and where a
 * layer does not, such as a pooling that does not divide it, which the message names. @since 0.1.0 */
DAE_API dae_status dae_session_create_shaped(dae_session **out, dae_model *model, size_t max_batch,
                                             size_t rank, const size_t *shape);

/** Shape of what the session takes, as dae_dataset_get_shape(): that of the model but for dimensions that may
 * be any. Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_session_get_input_shape(const dae_session *session, size_t *rank, size_t *shape);

/** Shape of what it gives, likewise. Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_session_get_output_shape(const dae_session *session, size_t *rank, size_t *shape);

/** Drops a reference; NULL is allowed. @since 0.1.0 */
DAE_API void dae_session_free(dae_session *session);

/** Sets how matrix products are made. With DAE_PRECISION_BFLOAT16 the session takes a rounded copy of the
 * parameters as they are now; runs of up to 8 samples at once stay float32.
 *
 * @param precision  one of DAE_PRECISION_* (runtime.h); default DAE_PRECISION_FLOAT32
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY; DAE_ERROR_STATE while another thread uses the session, or
 * after its model was given another scaling;
 * DAE_ERROR_UNSUPPORTED with DAE_PRECISION_BFLOAT16 for a slice that is tied to a layer outside of itself: a
 * copy of it can. @since 0.1.0
 */
DAE_API dae_status dae_session_set_precision(dae_session *session, int32_t precision);

/** Runs the model on `count` samples in the calling thread. Noise and dropout have no part in it.
 *
 * Allocates nothing; with up to 8 samples at once, and with "own products" (runtime.h) with any number, it
 * also takes no lock. A NaN in a sample shows in that sample's output only.
 *
 * @param inputs   [count, input size]
 * @param outputs  [count, output size]; memory that inputs have no part of
 * Errors: DAE_ERROR_ARGUMENT, also when outputs and inputs overlap; DAE_ERROR_STATE while another thread uses
 * the session, or after its model was given another scaling. @since 0.1.0
 */
DAE_API dae_status dae_session_run(dae_session *session, const float *inputs, size_t count, float *outputs);

/** Called by dae_model_apply() in the calling thread, when a part of the work is done.
 *
 * @param done   parts that are done, at least 1
 * @param total  all parts
 * @return 0 to go on; anything else ends the call with DAE_ERROR_CANCELLED */
typedef int32_t (*dae_apply_fn)(uint64_t done, uint64_t total, void *user);

/** Runs a model on one sample of any size: a whole recording, a large picture. The output has as many places
 * as the sample; the model must give as many as it takes. Works with dae_get_num_threads() threads; the
 * number changes no bit.
 *
 * Covers say how, the kinds of category "cover":
 * - `tiles(memory=3e8)` is for networks of layers that look at the places around a value: convolutions,
 *   pooling, upsampling and what works on single values. The sample is cut into parts that overlap by as
 *   much as the network looks at, of a size such that about `memory` bytes are taken beside input and
 *   output. The output is that of one run on the whole sample, to the bit, for any memory. A model made for
 *   one size is run at others too, if its layers allow it.
 * - `whole` is that one run.
 * - `overlap(hop=64)` is for models of one size, such as those with dense layers. Windows of that size lie
 *   `hop` places apart on each side; a quarter of the window, if it is left out. Their outputs are weighted
 *   by a Hann window, sin^2(pi (i + 1/2) / size), over the sum of those that lie on the same place, and
 *   added. Windows are run as if each was alone, and begin so far before the sample that every place is in
 *   as many of them; beyond the ends is what a mirror on the last value shows.
 *
 * Where the network's pooling or strides do not divide a side, `tiles` and `whole` both put at its end what a
 * mirror on the last value shows, up to the next length that they divide, and cut it off the output. Where
 * they do, the output is that of a session for this shape, to the bit.
 *
 * @param cover     one of these, or NULL for what the model needs: one run for a sample of the model's own
 *                  size, else tiles where its layers allow it, else overlap
 * @param rank, shape  of the sample: [channels, length] or [channels, height, width], leading dimensions of 1
 *                  may be left out; a model of [values] takes signals of one channel
 * @param input     [channels, ...]
 * @param output    [the model's channels, ...]; memory that input has no part of. After a failure some of it
 *                  may have been written
 * @param progress  or NULL
 * @param user      handed to `progress`
 * Errors: DAE_ERROR_ARGUMENT, also for a memory that the smallest tiles do not fit into and when output and
 * input overlap; DAE_ERROR_FORMAT for a cover that cannot be read; DAE_ERROR_SHAPE for a sample that the
 * model does not take, also one too small for a layer; DAE_ERROR_UNSUPPORTED for tiles with a layer that
 * looks at whole samples, which the message names, and for a model that does not give as many places as it
 * takes; DAE_ERROR_STATE before dae_model_initialize(); DAE_ERROR_CANCELLED; DAE_ERROR_MEMORY.
 * @since 0.1.0 */
DAE_API dae_status dae_model_apply(dae_model *model, const char *cover, size_t rank, const size_t *shape,
                                   const float *input, float *output, dae_apply_fn progress, void *user);

/** Gets how far a model of signals or pictures looks along a side: what it gives at a place depends on no
 * value that lies more than `before` places before it, or more than `after` places after it; its receptive
 * field is before + 1 + after. Where pooling or strides make places unequal, that of the one that looks
 * furthest, or some places more.
 *
 * @param dimension  of the shape of the input: 1 for the length of signals and the height of pictures, 2 for
 *                   the width of pictures
 * Errors: DAE_ERROR_ARGUMENT, also when the input has no such dimension; DAE_ERROR_UNSUPPORTED for a layer
 * that looks at whole samples, which the message names, and for a model that does not give as many places as
 * it takes; DAE_ERROR_SHAPE for a model of more dimensions; DAE_ERROR_MEMORY. @since 0.1.0 */
DAE_API dae_status dae_model_get_reach(const dae_model *model, size_t dimension, size_t *before,
                                       size_t *after);

/** Creates a dataset of what a model makes of the inputs of another: of codes, to train the next layer on
 * (Vincent et al., JMLR 2010), or of denoised samples. It is a view (dataset.h): the model is run when
 * samples are read, in the epoch that is read, with the parameters that it has then; the view cache
 * (dae_dataset_view()) keeps the outputs where that is dear. Where the targets are the inputs, as those of a
 * file of images, the outputs are both; all other targets, such as labels or the samples without noise, stay
 * what they are.
 *
 * Values are those of dae_session_run() for one sample at a time, to the bit, however they are read. Reading
 * many samples uses dae_get_num_threads(), and any number of threads may read at once, as far as the source
 * may be read so, while nobody trains or changes the model. Reading in more threads than before takes memory,
 * and may fail with DAE_ERROR_MEMORY.
 *
 * Samples of another size than the model's, and all samples where a cover is given, are run as
 * dae_model_apply() runs them: one after another, each with all threads. Such a dataset is read in the
 * calling thread, as one whose samples come from a function. So are samples that differ in size among
 * themselves (dae_dataset_join()); what is made of them differs as they do.
 *
 * @param model, dataset  are kept
 * @param cover  as for dae_model_apply(); NULL: whole, where the model takes such samples, else what it needs
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY; DAE_ERROR_STATE before dae_model_initialize();
 * DAE_ERROR_SHAPE when the model does not take the inputs; DAE_ERROR_FORMAT and DAE_ERROR_UNSUPPORTED as
 * dae_model_apply(), for a cover. @since 0.1.0 */
DAE_API dae_status dae_model_map(dae_dataset **out, dae_model *model, dae_dataset *dataset,
                                 const char *cover);

#ifdef __cplusplus
}
#endif
#endif
