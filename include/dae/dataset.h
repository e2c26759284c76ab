/* Datasets: where samples come from, and views that change what is seen of them without a copy.
 *
 * A dataset is `count` samples, each an input and a target, read as float32. A source
 * gives the same array as input and as target: what an autoencoder learns to give back. A view holds
 * its source. corrupt() changes inputs and keeps targets clean, so that
 *
 *   dae_dataset_open(&clean, "train-images-idx3-ubyte.gz", NULL);
 *   dae_dataset_corrupt(&noisy, clean, noise, DAE_NOISE_FRESH, seed);
 *
 * gives noisy inputs with clean targets; pair() puts any two datasets together.
 *
 * Datasets do not change after they are created: any number of threads may read one at the same time,
 * and the arrays that one borrows must not be written while it lives.
 */
#ifndef DAE_DATASET_H
#define DAE_DATASET_H

#include <dae/noise.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Samples, of one shape or of several. */
typedef struct dae_dataset dae_dataset;

enum {
    /** Most dimensions of a sample: a shape has 1 to 8 entries, each at least 1. */
    DAE_MAX_RANK = 8
};

/** In place of the index of a sample: all of them. */
#define DAE_ALL_SAMPLES SIZE_MAX

/** When noise is drawn. */
enum {
    /** A new draw in every epoch: the default choice for training from clean data. */
    DAE_NOISE_FRESH = 0,
    /** One draw that is the same in every epoch, as if the corrupted data had been stored. A model can
     * learn such noise by heart. */
    DAE_NOISE_ONCE = 1
};

/** Tells the owner of borrowed data that the library no longer uses it. Called once, from the thread
 * that drops the last reference. */
typedef void (*dae_dataset_release_fn)(void *user);

/** Reads samples [first, first + count) into `out` [count, shape]. Returns 0, or any other number to
 * make the call that needed the samples fail with DAE_ERROR_CALLBACK. The library makes one such call
 * at a time for one dataset within a fit, an evaluation or a read.
 *
 * Fits and evaluations ask for one sample a call, in the order of the batch: first all inputs of the batch,
 * then all targets, so that a sample that is both is asked for twice. Fits ask for the first and the last
 * sample before, to know the data again when training is resumed. dae_dataset_read() and the view cache
 * ask for whole ranges. */
typedef int32_t (*dae_dataset_read_fn)(uint64_t first, size_t count, float *out, void *user);

/* ---- Sources ---------------------------------------------------------------------------------- */

/** Creates a dataset from a copy of `data` [count, shape].
 *
 * @param rank, shape  dimensions of one sample, such as 2, {28, 28}
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_dataset_copy_array(dae_dataset **out, const float *data, size_t count, size_t rank,
                                          const size_t *shape);

/** Creates a dataset that reads `data` [count, shape] where it lies.
 *
 * @param data     stays the caller's, must live and stay unchanged until `release` is called
 * @param release  called when the dataset and everything made from it are gone; may be NULL. It is not
 *                 called when this call fails
 * @param user     handed to `release`; may be NULL
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_dataset_borrow_array(dae_dataset **out, const float *data, size_t count, size_t rank,
                                            const size_t *shape, dae_dataset_release_fn release, void *user);

/** Creates a dataset whose samples come from a function: data larger than memory, or made on the fly.
 *
 * @param read     gives samples as dae_dataset_read_fn says; the same index must give the same sample
 * @param release  as for dae_dataset_borrow_array(); may be NULL
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_dataset_create_callback(dae_dataset **out, size_t count, size_t rank,
                                               const size_t *shape, dae_dataset_read_fn read,
                                               dae_dataset_release_fn release, void *user);

/** Opens a file of samples, plain or gzip (of one member or of several, one after the other, with nothing but
 * zeros after them).
 *
 *   dae_dataset_open(&images, "train-images-idx3-ubyte.gz", NULL);
 *   dae_dataset_open(&labels, "train-labels-idx1-ubyte.gz", "idx(scaled=no)");
 *
 * Formats are the kinds of the category `source`, which dae_kind_list() lists. In arrays the first
 * dimension counts samples, and the others are the shape of one; what has one dimension holds samples of
 * shape {1}. 1 to 9 dimensions, none of them 0. The file is read whole, kept in its own type, and closed; one
 * that changes its length meanwhile is refused.
 *
 * `idx` is LeCun's format, of the MNIST files: two zero bytes, a type, the number of dimensions, the
 * dimensions as big-endian 32-bit numbers, the values. Bytes (type 0x08) are read as value / 255, so that
 * images are in [0,1], unless it is `idx(scaled=no)`, as labels need it. Types 0x09, 0x0B, 0x0C, 0x0D and
 * 0x0E (signed byte, 16 and 32 bit integers, float, double) are read as they are.
 *
 * `npy` is what numpy.save() writes: format versions 1.0, 2.0 and 3.0 (numpy.lib.format). Values are read as
 * they are, bytes too: what numpy shows is what a model gets. Types: f2, f4, f8, i1 to i8, u1 to u8, in
 * either byte order and by the other names that numpy has for them, such as float32, each rounded to float32
 * as C does; b1 as 0 and 1. An array in Fortran order, such as numpy.save() makes of a table of pandas, is
 * put into C order as it is read, which takes its memory twice meanwhile.
 *
 * `npz` is what numpy.savez() and savez_compressed() write: a zip archive with an `npy` file NAME.npy for
 * each array. npz(array=NAME), or npz(array=2) by the number of the array from 0, where there are several.
 * Members are stored or deflated (with zlib); sizes of 64 bits, a comment, and, where the format is named,
 * bytes before the archive are fine. Checksums are checked.
 *
 * `csv` is a table as text. A line is a sample of shape {columns}.
 * - separator=comma, semicolon, tab or blank, which is any number of blanks; by default the first of tab,
 *   semicolon, comma, blank that all lines have alike. decimal=comma for numbers such as 1,5.
 * - header=yes: the first line has names, which are the fact "columns" then. By default it has where none of
 *   its cells is a number.
 * - columns=[0, load]: these columns, in this order, by number from 0 or by name; without=[date]: all others.
 *   So columns of text are left out. A cell that is no number is refused with its line and column.
 * - Empty cells, NA, N/A, #N/A, <NA>, NaN, null, None (in letters of either size) and ? are NaN. So is the
 *   number that missing=-999 says.
 * - Numbers are read as strtod() does in the C locale, but for hexadecimal ones, and rounded to float32.
 *   Cells may stand in double quotes, and have separators, line ends and doubled quotes in them then. Lines
 *   end in LF, CR LF or CR. Blank lines, lines that begin with #, and a byte order mark of UTF-8 are passed
 *   over.
 *
 * `raw` is a file without header, which has to be named: raw(type=f4, shape=[2, 256], offset=0,
 * order=little). type is one of those of `npy` but b1, shape that of a sample (by default {1}), offset the
 * bytes before the first value, order that of bytes, little or big. There are as many samples as the size
 * gives, with nothing left.
 *
 * `png` (libpng) and `pnm` (PBM, PGM, PPM: P1 to P6) are pictures, one sample [channels, height, width] a
 * file, of values in [0,1]: value / largest value. 1 channel or 3, red, green, blue, as in the file, or as
 * `png(channels=1)` and `pnm(channels=3)` say; brightness is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601),
 * rounded to the file's own type. Alpha is dropped; gamma and colour profiles are ignored.
 *
 * `wav` is a recording, one sample [channels, length]: PCM of 8, 16, 24 and 32 bits as values in [-1,1),
 * which is value / 2^(bits - 1) (8 bits: (value - 128) / 128), floats of 32 and 64 bits as they are. RIFF,
 * RF64, RIFX; of data whose size the writer did not know, as in pipes, all that is there.
 *
 * docs/file-formats.md has the details.
 *
 * A path may stand for many files, which are one dataset, sample after sample:
 *
 *   dae_dataset_open(&photos, "photos/", "png(channels=1)");       a folder; the format is that of each file
 *   dae_dataset_open(&speech, "speech/[0-4]*.wav", NULL);          a pattern
 *   dae_dataset_open(&listed, "train.txt", "files");               a list: a path a line
 *   dae_dataset_open(&photos, "photos/", "files(skip=yes)");
 *
 * Files of a folder or a pattern are sorted by the bytes of their paths, so that the order is the same on
 * every machine; folders in it are left out, and so are names that begin with '.', unless the pattern does.
 * In a pattern `*` is any bytes but '/', `?` one of them, `[a-z]` one of these and `[!a-z]` none of these. A
 * list is in its own order; its paths begin at its folder. Samples have as many dimensions in all files, and
 * may differ in size.
 *
 * Opening looks at each file; it is read when its samples are, by as many threads as read, and those that
 * were read last are held in their own type, up to `files(cache=64000000)` bytes, and one for each thread in
 * any case. A file that cannot be read is refused by its name; with `files(skip=yes)`, which reads all of
 * them, it is left out and counted: the fact "left_out". One that changes or vanishes later makes the call
 * that reads it fail with DAE_ERROR_IO.
 *
 * @param path    of a regular file, a folder, or a pattern where there is no file of that name
 * @param format  a recipe of one step, such as "idx(scaled=no)"; NULL: known by how the content starts
 * Errors: DAE_ERROR_ARGUMENT, also for an array or a column that the file does not have, and for a file of
 * several arrays where none is named; DAE_ERROR_MEMORY; DAE_ERROR_IO with the path and the system's reason,
 * also for what is not a regular file; DAE_ERROR_FORMAT for a format that is not written rightly or that
 * there is not, and for content with offset or line, value found and value expected, before memory is taken
 * for more than the start of the file where that tells; DAE_ERROR_UNSUPPORTED for values of another type, a
 * later version of a format, an encrypted archive, for gzip and deflate in a build without zlib, and for PNG
 * in one without libpng. @since 0.1.0
 */
DAE_API dae_status dae_dataset_open(dae_dataset **out, const char *path, const char *format);

/** As dae_dataset_open(), from `size` bytes in memory, which are copied. @since 0.1.0 */
DAE_API dae_status dae_dataset_parse(dae_dataset **out, const void *bytes, size_t size, const char *format);

/** Writes the inputs of a dataset, as they are in epoch 0, to a file, or to a folder with a file for each
 * sample.
 *
 *   dae_dataset_save(clean, "clean.npy", NULL);
 *   dae_dataset_save(clean, "clean/", "npy(overwrite=yes)");
 *
 * Formats are the kinds of the category `destination`, which dae_kind_list() lists. A path that ends in '/'
 * is a folder, which is made where it is missing; a file in it is named as the one that its sample comes from
 * (its fact "path"), with the ending of the format. Where several samples come from files of one name, a
 * number follows it, "digits-07.npy", and where they come from none, a number is all there is of it. Samples
 * are read one at a time there; elsewhere some at a time, so that memory is bounded.
 *
 * Each file is written as model files are: a reader sees the old one or the new one, whole. One that is there
 * is replaced only where the format says `overwrite=yes`. Before the first file is written, all are refused
 * where one has to be: samples that a format does not take, a file that is there, two files of one name.
 * After a failure that comes later, files that are written already stay.
 *
 * `npy` is float32 in C order, the bytes that numpy.save() writes; the first dimension counts samples, and
 * they have one shape. `npz(array=NAME, compressed=no)` is a zip archive with such a file, NAME.npy, by
 * default arr_0.npy, stored or deflated (with zlib). `raw` is the values alone, low bytes first.
 *
 * `csv(separator=comma, decimal=point, header=yes)` is a table: a sample of one dimension is a row, of the
 * fewest digits that read back to the same float32; NaN, inf and -inf are written so. The first row has the
 * names of the columns where they are known (the fact "columns") and as many as there are values, unless
 * header=no. Separators are comma, semicolon, tab and blank; with decimal=comma it is another one than the
 * comma.
 *
 * `png` and `pnm` (PGM, PPM) are pictures, a file each: samples [height, width], [1, height, width] or
 * [3, height, width] of values in [0,1]; what is beyond is 0 or 1. `bits` is 8 or 16; a value is rounded to
 * floor(value * (2^bits - 1) + 0.5).
 *
 * `wav` is a recording, a file each: samples [length] or [channels, length]. `bits` is 16 or 24, PCM of
 * values in [-1,1), floor(value * 2^(bits - 1) + 0.5), or the nearest that there is; or 32, floats as they
 * are. `rate`, in values a second, is that of the file that a sample comes from, or has to be given. Less
 * than 4 GB.
 *
 * Values that are NaN are refused where they become whole numbers, and names that end in ".gz" for a file, as
 * none is compressed.
 *
 * @param path    of a file, or of a folder with its '/'
 * @param format  a recipe of one step, such as "npy(overwrite=yes)"; NULL: known by the ending of the path,
 *                or of the file that a sample comes from
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_FORMAT for a format that is not written rightly, DAE_ERROR_SHAPE,
 * DAE_ERROR_MEMORY, DAE_ERROR_CALLBACK; DAE_ERROR_UNSUPPORTED for PNG in a build without libpng; DAE_ERROR_IO
 * with the path and the system's reason. @since 0.1.0
 */
DAE_API dae_status dae_dataset_save(const dae_dataset *dataset, const char *path, const char *format);

/* ---- Views ------------------------------------------------------------------------------------
 *
 * A view reads its source when it is read itself, and holds a reference of it. Up to 1000 may be nested;
 * one more is DAE_ERROR_ARGUMENT. */

/** Samples [first, first + count) of a dataset.
 *
 * Errors: DAE_ERROR_ARGUMENT when the range does not lie in the source or is empty, DAE_ERROR_MEMORY.
 * @since 0.1.0 */
DAE_API dae_status dae_dataset_slice(dae_dataset **out, dae_dataset *source, size_t first, size_t count);

/** Two slices: the first `count` samples, and the rest.
 *
 * @param count  at least 1 and less than the number of samples
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_dataset_split(dae_dataset **first, dae_dataset **rest, dae_dataset *source,
                                     size_t count);

/** Applies a noise recipe to the inputs; targets stay as they are.
 *
 * What a sample gets depends on (seed, epoch, index in `source`) only, as noise.h says; use another seed for
 * training than for validation. Upon a dataset whose inputs have had noise already, by this call or
 * dae_dataset_clip(), steps are counted on, those in other steps too: with the same seed and mode, one view
 * upon another is the same to the bit as one view with the steps of both. That is also the recipe that a
 * model remembers, up to 64 steps; with more it remembers none.
 *
 * @param source  of samples of up to 2^26 values
 * @param noise  kept
 * @param mode   DAE_NOISE_FRESH or DAE_NOISE_ONCE
 * Errors: DAE_ERROR_ARGUMENT, also when the inputs would have had more than 256 steps, or have had noise with
 * a draw of the same label, or when recordings are missing or have other channels; DAE_ERROR_MEMORY.
 * @since 0.1.0
 */
DAE_API dae_status dae_dataset_corrupt(dae_dataset **out, dae_dataset *source, dae_noise *noise, int32_t mode,
                                       uint64_t seed);

/** Gives a recipe the recordings that its steps `mix(NAME, snr=...)` add stretches of: the inputs of a
 * dataset.
 *
 *   dae_noise_parse(&noise, "mix(street, snr=uniform(0, 20))");
 *   dae_noise_bind(noise, "street", recordings);
 *   dae_dataset_corrupt(&noisy, clean, noise, DAE_NOISE_FRESH, seed);
 *
 * A sample of [channels, length], or of any other shape with time as its last dimension, gets a stretch of
 * `length` values of a recording, from a random place on; a recording that is shorter goes round, from its
 * end to its beginning. Recordings of one channel are added to all channels, others need as many as the
 * sample. All recordings are read as of the epoch of the sample.
 *
 * Until all its names are bound, a recipe cannot be applied. A name is bound once, before the recipe is in
 * use by datasets, so that it never changes while it is. What a model remembers of it are names, not
 * recordings.
 *
 * @param noise    of which the caller has the only reference, used by no other thread meanwhile
 * @param name     one that is in the recipe and not bound yet
 * @param dataset  kept by the recipe; up to 2^32 recordings of up to 2^32 values a channel
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_noise_bind(dae_noise *noise, const char *name, dae_dataset *dataset);

/** Clips the inputs to [low, high]; targets stay as they are.
 *
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_dataset_clip(dae_dataset **out, dae_dataset *source, double low, double high);

/** The inputs of one dataset with the inputs of another as targets. Shapes may differ.
 *
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY; DAE_ERROR_SHAPE when the numbers of samples differ.
 * @since 0.1.0 */
DAE_API dae_status dae_dataset_pair(dae_dataset **out, dae_dataset *inputs, dae_dataset *targets);

/** Several datasets as one: all samples of the first, then those of the second, and so on. Their samples may
 * differ in size, as recordings and pictures do; dae_dataset_get_shape() has 0 for such dimensions. What is
 * trained on has one size: the views windows, patches and crops cut such samples. Models that take inputs of
 * any size are evaluated and validated on whole samples, one at a time; dae_model_map() takes them with any
 * model that dae_model_apply() runs at their sizes.
 *
 * The noise of the inputs is known where all parts have had the same, by one call of dae_dataset_corrupt()
 * for each with the same handle.
 *
 * @param parts  [count], each kept; of as many dimensions as the first
 * @param count  at least 1
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY; DAE_ERROR_SHAPE when the numbers of dimensions differ.
 * @since 0.1.0
 */
DAE_API dae_status dae_dataset_join(dae_dataset **out, dae_dataset *const *parts, size_t count);

/** Views by text, each upon the one before, without a copy of the samples:
 *
 *   dae_dataset_view(&windows, recording, "part(0, 0.8) | windows(256, hop=64) | repeat(4)", 1);
 *   dae_dataset_view(&crops, photos, "crops(64, 64, count=8) | augment(flips=yes, turns=yes)", 1);
 *   dae_dataset_view(&mixed, images, "shuffle", 1);
 *
 * Steps are the kinds of the category `view`, which dae_kind_list() lists; no step is the dataset itself.
 * Samples of three dimensions are pictures [channels, height, width], of two dimensions signals [channels,
 * length].
 *
 * Which samples:
 * - part(from, to): from a share of the samples to another, 0 <= from < to <= 1, each boundary at the
 *   nearest whole number of share * count, halves up; so part(0, 0.8) and part(0.8, 1) have each sample
 *   once. Of a dataset of one sample: likewise of its length, as a signal [channels, length];
 * - shuffle: all in a random order, the same in every epoch. shuffle | part(0, 0.9) is a random part;
 * - index(i, ...): these, in this order, each as often as it is named; up to 64, or any number of them as
 *   index(samples=[i, ...]);
 * - repeat(times): all, and all of them again.
 *
 * What of a sample: inputs and targets are cut alike, and must have the same height and width, or the same
 * length. Targets of one dimension that have another length, such as classes, stay as they are. Samples may
 * have no channel: those made of them have one.
 * - windows(length, hop=length): windows of signals, hop values apart; floor((n - length) / hop) + 1 of a
 *   signal of n values, so that what is left at its end is in none;
 * - patches(height, width, stride=...): likewise of pictures, line by line; `stride` is for both directions,
 *   by default the height and the width. patches(28, 28) makes [1, 28, 28] of the images of an IDX file;
 * - crops(length, count=1), crops(height, width, count=1): so many of each sample, one after another, at
 *   places that are drawn anew in every epoch, all equally likely;
 * - all three with skip=yes: samples that are smaller than what is cut, which are refused otherwise, are left
 *   out and counted (the fact "skipped"). One at least has to be left;
 * - channels(first, count): channels [first, first + count); of targets, where they have as many channels as
 *   inputs.
 *
 * Other values:
 * - series: all samples, of one dimension [channels], as one recording [channels, samples]; one sample
 *   [length] becomes [1, length]. An array of one dimension holds samples of shape {1}, and is a recording
 *   [1, length] then. Up to 1024 channels;
 * - reshape(n, ...): samples in another shape of as many values, in the same order; targets likewise, where
 *   they have the shape of inputs. windows(1) | reshape(channels) makes moments of a recording again;
 * - augment(flips=no, turns=no, gain=0, polarity=no), drawn anew in every epoch, for inputs and targets
 *   alike: flips mirrors half of the samples, and half of pictures top to bottom, too; turns is by 0, 1, 2
 *   or 3 quarters, for squares only; gain multiplies by a number that is uniform from 1 - gain to 1 + gain,
 *   0 <= gain < 1; polarity changes the sign of half of them. Classes stay as they are;
 * - clip(low, high): as dae_dataset_clip();
 * - fill(value): inputs that are NaN become the value; targets keep theirs;
 * - one_hot(classes): targets of one value, the number of a class from 0 on, become `classes` values, 1 for
 *   the class and 0 for all others, or NaN where it is NaN. Another value is refused when it is read;
 * - blind_spots(rate, radius): to learn from noisy data alone (Noise2Void, Krull, Buchholz and Jug, CVPR
 *   2019), with an objective that skips missing targets, as mse(missing=skip). Each place of a sample is
 *   chosen with probability `rate`, 0 < rate <= 1, in every epoch anew. There inputs are those of another
 *   place, up to `radius` away along each side, each equally likely, in all channels; and targets are what
 *   inputs were. All other targets are NaN. Samples have up to 2^23 places;
 * - level_map(of): inputs with one more channel, which is everywhere the number that their noise has drawn
 *   under this label: after noise gaussian(uniform(0, 0.3) as level), level_map(level) tells how strong it
 *   is. 0 where that noise is not applied. Targets stay as they are, and inputs [length] become [2, length];
 * - cache: inputs and targets, as they are in epoch 0, held in memory as float32. Worth its memory where
 *   they are dear to make and the same in every epoch.
 *
 * What is random is a function of `seed`, epoch, sample and of how many random views there are below, by
 * streams of its own: the same seed may be used for noise and training. A part of a sample of
 * dae_dataset_create_callback() or dae_model_map() is made by reading all of it, as after augment and
 * blind_spots: cache them first. Reading may fail with DAE_ERROR_MEMORY then.
 *
 * @param text  a recipe, such as "windows(256)"
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY, DAE_ERROR_CALLBACK; DAE_ERROR_FORMAT for a text that is not
 * written rightly; DAE_ERROR_SHAPE when samples are too small or not of the shape that a step takes.
 * Messages name the step.
 * @since 0.1.0
 */
DAE_API dae_status dae_dataset_view(dae_dataset **out, dae_dataset *source, const char *text, uint64_t seed);

/* ---- Reading ---------------------------------------------------------------------------------- */

/** Drops a reference; NULL is allowed. @since 0.1.0 */
DAE_API void dae_dataset_free(dae_dataset *dataset);

/** Number of samples. Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_dataset_get_count(const dae_dataset *dataset, size_t *count);

/** Shape of an input.
 *
 * @param index  of the sample, or DAE_ALL_SAMPLES for what all of them have in common: a dimension in which
 *               they differ is 0 then
 * @param rank   receives the number of dimensions
 * @param shape  room for DAE_MAX_RANK entries, of which the first `*rank` are set
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_dataset_get_shape(const dae_dataset *dataset, size_t index, size_t *rank,
                                         size_t *shape);

/** Shape of a target, as dae_dataset_get_shape(). Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_dataset_get_target_shape(const dae_dataset *dataset, size_t index, size_t *rank,
                                                size_t *shape);

/** What is known of a sample beside its values:
 *
 *   path      of the file that it comes from, as it was opened
 *   rate      of a recording, in values a second
 *   bits      of a value of a recording or of a PNG picture, as the file says
 *   alpha     "dropped" where a picture has transparent parts
 *   left_out  of many files: how many have been left out
 *   skipped   of windows, patches and crops with skip=yes: how many samples were too small
 *   columns   the names of the columns of a table, as a row of a CSV file with commas
 *   separator, decimal  of a table, in the words with which `csv` is written: "semicolon", "comma"
 *
 * Views hand on what is known of the samples that theirs come from.
 *
 * @param index  of the sample, or DAE_ALL_SAMPLES for what is the same of all
 * @param fact   its name
 * @param buffer, capacity, length  as for every text (dae.h); empty where nothing is known
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_dataset_get_fact(const dae_dataset *dataset, size_t index, const char *fact,
                                        char *buffer, size_t capacity, size_t *length);

/** Reads samples [first, first + count) as they are in an epoch.
 *
 * @param epoch    below 2^32; matters only with DAE_NOISE_FRESH
 * @param inputs   [count, shape], or NULL if inputs are not wanted
 * @param targets  [count, target shape], or NULL if targets are not wanted
 * Errors: DAE_ERROR_ARGUMENT, also when the arrays overlap each other or borrowed data; DAE_ERROR_SHAPE when
 * samples of the range have different shapes, which are read one at a time; DAE_ERROR_MEMORY;
 * DAE_ERROR_CALLBACK; DAE_ERROR_IO and DAE_ERROR_FORMAT, of many files that are read when their samples are.
 * After a failure the arrays may be partly written. @since 0.1.0
 */
DAE_API dae_status dae_dataset_read(const dae_dataset *dataset, uint64_t epoch, size_t first, size_t count,
                                    float *inputs, float *targets);

#ifdef __cplusplus
}
#endif
#endif
