/* Streams: a signal made clean as it comes. */
#ifndef DAE_STREAM_H
#define DAE_STREAM_H

#include <dae/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A model that is run along a signal, which comes in pieces of any length. One thread at a time uses a
 * stream: a call while another thread is in one is DAE_ERROR_STATE. Any number of streams run one model at
 * once, as long as nobody trains or changes it meanwhile. */
typedef struct dae_stream dae_stream;

/** Creates a stream, with all memory that it will need.
 *
 * What comes out is what dae_model_apply() makes of the whole signal with the same cover, to the bit, however
 * the signal is cut; but for NULL and a signal exactly as long as the model's own input, which
 * dae_model_apply() runs once. With `tiles`, each layer keeps what it will look at again, and goes along the
 * signal in parts: tiles(latency=4800) takes the longest parts with which the output is no more than 4800
 * values late; by default they are as long as what the network looks at around them, or longer. The parameter
 * memory has no meaning here. With `overlap`, each window is run once.
 *
 * @param model  is kept; parameters changed later are seen by the next part. It takes signals,
 *               [channels, length], or [values], which is one channel
 * @param cover  as for dae_model_apply(), but for `whole`; NULL: what the model needs
 * Errors: DAE_ERROR_ARGUMENT, also for `whole`; DAE_ERROR_FORMAT for a cover that cannot be read;
 * DAE_ERROR_SHAPE, also for a model of pictures; DAE_ERROR_UNSUPPORTED as dae_model_apply();
 * DAE_ERROR_STATE before dae_model_initialize(); DAE_ERROR_MEMORY. @since 0.1.0 */
DAE_API dae_status dae_stream_create(dae_stream **out, dae_model *model, const char *cover);

/** Drops a reference; NULL is allowed. @since 0.1.0 */
DAE_API void dae_stream_free(dae_stream *stream);

/** Takes the next values of a signal, and gives as many clean ones: those of `latency` values ago, 0 before
 * the first one. Runs in the calling thread, allocates nothing, and takes no lock where sessions of up to 8
 * samples take none.
 *
 * @param input   [channels, count], the channels that the model takes
 * @param count   values of each channel, any number
 * @param output  [channels, count], the channels that it gives; memory that input has no part of
 * Errors: DAE_ERROR_ARGUMENT, also when both overlap; DAE_ERROR_STATE while another thread uses the stream,
 * and when the model has been given another scaling since.
 * @since 0.1.0 */
DAE_API dae_status dae_stream_push(dae_stream *stream, const float *input, size_t count, float *output);

/** Ends the signal, and gives the clean values that are missing: the last `latency` ones, with 0 before the
 * first where the signal was shorter. Then the stream is as new, and the next push begins another signal.
 *
 * @param output  [channels, latency]
 * Errors: DAE_ERROR_ARGUMENT; DAE_ERROR_STATE as dae_stream_push(); DAE_ERROR_SHAPE for a
 * signal too short for a layer, such as one that mirrors more than there is: the stream is as new then, too.
 * @since 0.1.0 */
DAE_API dae_status dae_stream_flush(dae_stream *stream, float *output);

/** By how many values the output is late, the same for the whole life of the stream.
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_stream_get_latency(const dae_stream *stream, size_t *count);

#ifdef __cplusplus
}
#endif
#endif
