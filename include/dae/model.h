/* Models: a list of layers, its parameters, and the file that keeps them.
 *
 * Each layer makes one value. It reads the value before it, and those that it names: `input` is what the
 * model is given, others have the label of their layer. So a network is a text:
 *
 *   input(784) | dense(128, activation=relu) as code | dense(784, activation=sigmoid)
 *   input(64) | dense(64, activation=relu) | dense(64) as noise | from(input) | subtract(noise)
 *
 *   input(1, any, any) | unet(channels=32, depth=2)
 *
 * The last one names a ready network: layer.h lists them, and which layers they stand for.
 *
 * A dimension after the first may be `any`: input(1, any, any). Such a model is trained with data of any
 * size, one size in a fit, and runs at others (dae_session_create_shaped()), as long as every layer takes
 * them. Layers whose parameters depend on a size, such as dense, are refused.
 *
 * from(LABEL) lets the next layer read that value. The last layer gives the model's output. layer.h lists the
 * layers. Labels begin neither with `best.` nor with `optimizer.`, which tensors of checkpoints do.
 *
 * Parameters of a model are one contiguous block of float32, layer by layer, and within a layer in the order
 * of layer.h. Each tensor has a name: label or number of the layer, counted from 0, a point, name of the
 * parameter, such as "0.weight" or "code.weight"; layouts are PyTorch's, so that torch.nn.Linear loads them
 * as they are.
 *
 * Files are in the safetensors format (an eight-byte little-endian length, a JSON header, the tensors in
 * little-endian order). The header's "__metadata__" holds the text of the network, the noise recipe and the
 * range, so one file is the whole model; docs/file-formats.md describes it.
 */
#ifndef DAE_MODEL_H
#define DAE_MODEL_H

#include <dae/dataset.h>
#include <dae/layer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A list of layers and their parameters. May be read by any number of threads at once, and changed by one
 * (add, extend, initialize, set, fit) while no other uses it. */
typedef struct dae_model dae_model;

/* ---- Making ----------------------------------------------------------------------------------- */

/** Creates a model without layers for samples of a shape, such as 3, {1, 28, 28}. dae_dataset.h says which
 * data fit.
 *
 * @param rank, shape  1 to DAE_MAX_RANK dimensions, each at least 1; all but the first may be 0, for any
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_model_create(dae_model **out, size_t rank, const size_t *shape);

/** Creates a model from a text that begins with input(...) and has at least one layer.
 *
 * Errors: DAE_ERROR_ARGUMENT, also for labels that are not there or are there already; DAE_ERROR_FORMAT;
 * DAE_ERROR_SHAPE when a layer cannot take what it reads; each with dae_last_error_position();
 * DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_model_parse(dae_model **out, const char *text);

/** Adds the layers of a text to those that are there: all of them, or none.
 *
 * Errors: as dae_model_parse(); DAE_ERROR_STATE as dae_model_add(). @since 0.1.0
 */
DAE_API dae_status dae_model_extend(dae_model *model, const char *text);

/** Drops a reference; NULL is allowed. @since 0.1.0 */
DAE_API void dae_model_free(dae_model *model);

/** Adds a layer to those that are there. It reads the value before it, and those that it names.
 *
 * Errors: DAE_ERROR_ARGUMENT, also for labels that are not there or are there already; DAE_ERROR_STATE when
 * the layer is in a model already, or the model has its parameters, or 256 layers; DAE_ERROR_SHAPE when the
 * layer cannot take what it reads; DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_model_add(dae_model *model, dae_layer *layer);

/** Gives the model its parameters, drawn by each layer's initialiser; called again, it draws anew, and noise
 * and range of earlier training are forgotten.
 *
 * @param seed  the same seed gives the same parameters on any machine
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY; DAE_ERROR_STATE when there are no layers. @since 0.1.0
 */
DAE_API dae_status dae_model_initialize(dae_model *model, uint64_t seed);

/** A model of the layers of another that lead from one value to a later one, sharing their parameters: what
 * trains one changes the other. An encoder and a decoder are slices of an autoencoder. Its `input` is the
 * first value; unlabelled layers are counted from there. A decoder whose weights are tied to an encoder uses
 * those; saved or copied, it keeps them as its own.
 *
 * @param from, to  "input", a label, or the number of an unlabelled layer, as in "0"; NULL: input, output
 * Errors: DAE_ERROR_ARGUMENT when there is no such value, when `to` is not after `from`, or when a layer in
 * between reads a value that is made before `from`; DAE_ERROR_MEMORY; DAE_ERROR_STATE before
 * dae_model_initialize(). @since 0.1.0
 */
DAE_API dae_status dae_model_slice(dae_model **out, dae_model *model, const char *from, const char *to);

/** A model with equal layers and its own copy of the parameters.
 *
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY; DAE_ERROR_STATE before dae_model_initialize().
 * @since 0.1.0 */
DAE_API dae_status dae_model_copy(dae_model **out, const dae_model *model);

/** Copies the parameters of layers whose labels are in both models. Layers without a label are left alone:
 * their numbers mean others elsewhere.
 *
 * @param count  receives the number of tensors copied; may be NULL
 * Errors: after each nothing has been copied. DAE_ERROR_ARGUMENT; DAE_ERROR_SHAPE when a tensor of the same
 * name has another shape; DAE_ERROR_STATE before dae_model_initialize() of either. @since 0.1.0
 */
DAE_API dae_status dae_model_copy_parameters(dae_model *model, const dae_model *from, size_t *count);

/* ---- Looking ---------------------------------------------------------------------------------- */

/** Shape of what the model takes, as dae_dataset_get_shape(); 0 for a dimension that may be any.
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_model_get_input_shape(const dae_model *model, size_t *rank, size_t *shape);

/** Shape of what the model gives, as dae_dataset_get_shape(); 0 likewise. Errors: DAE_ERROR_ARGUMENT.
 * @since 0.1.0 */
DAE_API dae_status dae_model_get_output_shape(const dae_model *model, size_t *rank, size_t *shape);

/** Number of layers. Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_model_get_layer_count(const dae_model *model, size_t *count);

/** Number of parameters, known as soon as layers are added; running statistics of batch_norm among them,
 * which are not trained. Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_model_get_parameter_count(const dae_model *model, size_t *count);

/** Copies all parameters out.
 *
 * @param values  [count]; count must be the model's number of parameters
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_SHAPE, DAE_ERROR_STATE before dae_model_initialize().
 * @since 0.1.0 */
DAE_API dae_status dae_model_get_parameters(const dae_model *model, float *values, size_t count);

/** Sets all parameters.
 *
 * @param values  [count], all finite
 * Errors: as dae_model_get_parameters(), and DAE_ERROR_NOT_FINITE. @since 0.1.0
 */
DAE_API dae_status dae_model_set_parameters(dae_model *model, const float *values, size_t count);

/** Number of named tensors. Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_model_get_tensor_count(const dae_model *model, size_t *count);

/** Name and shape of a tensor.
 *
 * @param index   below the number of tensors; tensors stand in the order of the parameters
 * @param buffer, capacity, length  receive the name, as for every text (dae.h)
 * @param rank, shape  as dae_dataset_get_shape(); both may be NULL
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_model_get_tensor_info(const dae_model *model, size_t index, char *buffer,
                                             size_t capacity, size_t *length, size_t *rank, size_t *shape);

/** Copies a tensor out by its name.
 *
 * @param values  [count]; count must be the tensor's number of values
 * Errors: DAE_ERROR_ARGUMENT when there is no such tensor, DAE_ERROR_SHAPE, DAE_ERROR_STATE. @since 0.1.0
 */
DAE_API dae_status dae_model_get_tensor(const dae_model *model, const char *name, float *values,
                                        size_t count);

/** Sets a tensor by its name; all values must be finite.
 *
 * Errors: as dae_model_get_tensor(), and DAE_ERROR_NOT_FINITE. @since 0.1.0
 */
DAE_API dae_status dae_model_set_tensor(dae_model *model, const char *name, const float *values,
                                        size_t count);

/** The recipe of the noise that the model was last trained with.
 *
 * @param out  receives a recipe of the caller's own, or NULL if no noise is known: none was there, or
 *             several recipes upon each other that have more steps than one can hold
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_model_get_noise(const dae_model *model, dae_noise **out);

/** Least and greatest input value that training has shown to the model, noise included.
 *
 * Errors: DAE_ERROR_ARGUMENT; DAE_ERROR_STATE before any training. @since 0.1.0
 */
DAE_API dae_status dae_model_get_range(const dae_model *model, double *low, double *high);

/** The most notes that a model has, and the most bytes of a key and of a text, without the zero. */
#define DAE_MAX_NOTES     64
#define DAE_MAX_NOTE_KEY  63
#define DAE_MAX_NOTE_TEXT 16000

/** Notes a fact of the caller's own: what it says of itself stays with the model, through training, in copies
 * (dae_model_copy()), in slices made after it, in model files and in checkpoints. A slice's later notes are
 * its own. Loading a checkpoint takes over the notes of the file.
 *
 * @param key   UTF-8 of 1 to DAE_MAX_NOTE_KEY bytes, such as "sensor"; a note of that key is replaced
 * @param text  UTF-8 of at most DAE_MAX_NOTE_TEXT bytes; NULL forgets the note, if there is one
 * Errors: after each the notes are as before. DAE_ERROR_ARGUMENT, also for a note beyond DAE_MAX_NOTES;
 * DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_model_set_note(dae_model *model, const char *key, const char *text);

/** The text of a note.
 *
 * @param buffer, capacity, length  as for every text (dae.h)
 * Errors: DAE_ERROR_ARGUMENT, also when there is no such note. @since 0.1.0
 */
DAE_API dae_status dae_model_get_note(const dae_model *model, const char *key, char *buffer, size_t capacity,
                                      size_t *length);

/** The keys of notes, in the order of their bytes.
 *
 * @param key  receives key number `index`, NULL from their number on; valid until a note is set, a checkpoint
 *             is loaded or the model is freed
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_model_list_note(const dae_model *model, size_t index, const char **key);

/** Lets the network see data in a unit of its own, z = scale x + offset, with numbers that are measured on
 * the targets of training and stay with the model, its files, copies and slices: "standard" (mean 0, stddev
 * 1), "range(0, 1)", "divide(255)", "affine(scale=0.5, offset=-1)", "none". `per=channel`, as in
 * "standard(per=channel)", measures each channel, index of the first of several dimensions, by itself;
 * further channels of the input than the targets have, such as a map of the noise's level, are multiplied by
 * scale, that of the last channel, and have no offset. The category is `scaling` (dae_kind_list()).
 *
 * Only the network and its objective see scaled values. Datasets, noise, ranges, sessions and figures are in
 * the unit of the data; losses, and min_delta of early stopping, are in that of the network. The PSNR of
 * validation has the peak of the measured targets.
 *
 * Set it before training: a model that is trained already keeps its parameters, which then see other values.
 * It takes the place of an earlier one; what parameters and tensors are called does not change. Slices share
 * it, each at the end of the network that it has; dae_model_initialize() keeps it. Sessions that exist refuse
 * to run with another one than they were made with. Loading a checkpoint takes over that of the file.
 *
 * @param data  whose targets are measured, all of epoch 0, but for NaN; they must be such as the model gives.
 *              Not read, and may be NULL, where the text has nothing to measure
 * Errors: after each the model is as before. DAE_ERROR_ARGUMENT, also for targets that are all the same or
 * all NaN; DAE_ERROR_FORMAT, with dae_last_error_position(); DAE_ERROR_SHAPE; DAE_ERROR_NOT_FINITE for an
 * infinite target; DAE_ERROR_STATE before dae_model_initialize(), for a slice that is not all of its model,
 * or while a trainer has the model in a fit or a step; DAE_ERROR_CALLBACK, DAE_ERROR_IO from the data;
 * DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_model_set_scaling(dae_model *model, const char *text, dae_dataset *data);

/** Writes the scaling with what was measured in place, as "affine(scale=0.0033, offset=-6.6, peak=1650)", or
 * "none".
 *
 * @param buffer, capacity, length  as for every text (dae.h)
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_model_format_scaling(const dae_model *model, char *buffer, size_t capacity,
                                            size_t *length);

/** Writes the model as the text that dae_model_parse() reads, with every parameter of its layers.
 *
 * @param buffer, capacity, length  as for every text (dae.h)
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_model_format(const dae_model *model, char *buffer, size_t capacity, size_t *length);

/** Describes the model as a table: layers, output shapes, numbers of parameters, a line that says whether the
 * code is smaller or larger than the input, and the scaling, if there is one.
 *
 * @param buffer, capacity, length  as for every text (dae.h)
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_model_describe(const dae_model *model, char *buffer, size_t capacity, size_t *length);

/* ---- Keeping ---------------------------------------------------------------------------------- */

/** Writes the model to a file: beside it first, then synced and renamed, so that a file of that name is
 * at any time the old one or the new one, whole. It takes room for both meanwhile, and a folder that may be
 * written to.
 *
 * A symbolic link stays, and what it leads to is written. A file that is replaced hands its permissions on;
 * one that is write-protected, and what is not a regular file (a folder, a pipe, a device), is refused.
 *
 * After DAE_ERROR_IO the file is as before and nothing is left beside it, with two exceptions that the
 * message names: the new file could not be removed, or only syncing the folder failed; then the new one
 * stands there, whole, and may be gone after a loss of power.
 *
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY; DAE_ERROR_IO with the path and the system's reason;
 * DAE_ERROR_STATE before dae_model_initialize(). @since 0.1.0
 */
DAE_API dae_status dae_model_save(const dae_model *model, const char *path);

/** Reads a model that dae_model_save() wrote; its parameters are the same to the bit. The file is read whole
 * and closed; one that changes its length meanwhile is refused.
 *
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY; DAE_ERROR_IO with the path and the system's reason, also for
 * what is not a regular file; DAE_ERROR_FORMAT with offset or field, value found and value expected;
 * DAE_ERROR_NOT_FINITE. @since 0.1.0
 */
DAE_API dae_status dae_model_load(dae_model **out, const char *path);

/** As dae_model_save(), into memory.
 *
 * @param bytes     [capacity]; with a capacity of 0 it may be NULL and the call only measures
 * @param capacity  bytes available; fewer than needed is DAE_ERROR_ARGUMENT, with *size set
 * @param size      receives the number of bytes of the whole file
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY, DAE_ERROR_STATE. @since 0.1.0
 */
DAE_API dae_status dae_model_serialize(const dae_model *model, void *bytes, size_t capacity, size_t *size);

/** As dae_model_load(), from memory. @since 0.1.0 */
DAE_API dae_status dae_model_deserialize(dae_model **out, const void *bytes, size_t size);

#ifdef __cplusplus
}
#endif
#endif
