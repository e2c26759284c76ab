/* Datasets inside the library. A source or a view is one file with one table of operations. */
#ifndef DAE_DATA_DATASET_H
#define DAE_DATA_DATASET_H

#include "core/handle.h"
#include "core/pool.h"
#include "core/size.h"
#include "data/facts.h"
#include "noise/noise.h"

#include <dae/dataset.h>

/* Values [first, first + count) of a sample; `first` is a multiple of 4, as random words come in blocks of
 * 4. */
struct dae_part {
    size_t first, count;
};

/* What a sample consists of. */
enum dae_half { DAE_INPUT_HALF, DAE_TARGET_HALF };

/* Reads a part of samples [first, first + count), which lie in the dataset and are of one shape, as they are
 * in an epoch, into out[count, part.count]. Datasets that are not `concurrent` are asked for whole samples
 * only, and so are those of which that is said below. */
typedef dae_status (*dae_dataset_reader)(const dae_dataset *dataset, enum dae_half half, uint64_t epoch,
                                         size_t first, size_t count, struct dae_part part, float *out);

/* Where the stored bytes of a sample lie, so that they can be fetched into the cache ahead of reading. */
struct dae_stored {
    const void *bytes; /* NULL when there are none */
    size_t size;
};

typedef struct dae_stored (*dae_dataset_locator)(const dae_dataset *dataset, enum dae_half half,
                                                 size_t sample);

/* The shape of one sample's input or target. */
typedef struct dae_shape (*dae_dataset_measurer)(const dae_dataset *dataset, enum dae_half half,
                                                 size_t sample);

/* The value of the draw with this label in the noise of a sample's inputs, 0 where that noise is not applied
 * to the sample; false: there is no such draw. */
typedef bool (*dae_dataset_leveller)(const dae_dataset *dataset, const char *label, uint64_t epoch,
                                     size_t sample, double *level);

/* Whether the noise of any sample's inputs has a draw with this label. */
typedef bool (*dae_dataset_asker)(const dae_dataset *dataset, const char *label);

/* The sample that one of a view is of: its number, and the dataset below that has it. */
typedef const dae_dataset *(*dae_dataset_origin)(const dae_dataset *dataset, size_t *sample);

/* What is known of a sample under this name; NULL: nothing. */
typedef const char *(*dae_dataset_teller)(const dae_dataset *dataset, size_t sample, const char *fact);

/* Is told that a sample will be read soon. */
typedef void (*dae_dataset_fetcher)(const dae_dataset *dataset, size_t sample);

struct dae_dataset_operations {
    dae_dataset_reader read;
    dae_dataset_locator locate; /* NULL where samples are not stored */
    /* Gives back what the kind holds beside the members below. */
    void (*destroy)(dae_dataset *dataset);
    dae_dataset_leveller level;   /* NULL where what is below tells */
    dae_dataset_asker has_draw;   /* likewise */
    dae_dataset_origin origin;    /* NULL where samples are those of the source, in the same order */
    dae_dataset_fetcher fetch;    /* NULL where what is below is told */
    dae_dataset_teller tell;      /* NULL where it is the same of all samples, or what is below tells */
    dae_dataset_measurer measure; /* NULL where all samples have one shape */
};

/* What all kinds have in common; the first member of each kind's struct. */
struct dae_dataset {
    dae_references references;
    const struct dae_dataset_operations *operations;
    size_t count;
    struct dae_shape shape, target_shape; /* of all samples; a dimension in which they differ is 0 */
    bool concurrent;                      /* any number of threads may read at once */
    bool alike;                           /* the targets are the inputs */
    bool whole_inputs, whole_targets;     /* asked for whole samples only, as they are made as a whole */
    bool fetches;                         /* what is below can make use of being told what will be read */
    dae_dataset *source;                  /* of a view: kept; NULL where there is none */
    size_t depth;                         /* how many views stand upon each other here; 0 for a source */
    size_t draws;                         /* of these, how many draw random numbers */
    size_t steps;                         /* of noise that the inputs have had, in this view and below */
    dae_noise *noise;       /* all of these; kept; NULL where there is none, or more than a recipe can hold */
    struct dae_facts facts; /* of all samples of a source */
};

/* A new dataset of `size` bytes, with a shape given by a caller; `context` begins the message. */
dae_status dae_dataset_create_source(void **out, size_t size, const struct dae_dataset_operations *operations,
                                     size_t count, size_t rank, const size_t *shape, const char *context);

/* A new view of `size` bytes that looks like its source and keeps it; `context` begins the message. */
dae_status dae_dataset_create_view(void **out, size_t size, const struct dae_dataset_operations *operations,
                                   dae_dataset *source, const char *context);

/* Samples [first, first + count), which lie in the source. */
dae_status dae_dataset_create_slice(dae_dataset **out, dae_dataset *source, size_t first, size_t count,
                                    const char *context);

/* Refuses a view upon this dataset when it is as deep as views may be: reading and freeing go down through
 * all of them. */
dae_status dae_dataset_check_depth(const dae_dataset *dataset, const char *context);

/* Makes a view one that reads the recordings of a recipe, too. */
dae_status dae_dataset_read_recordings(dae_dataset *view, const dae_noise *noise, const char *context);

dae_dataset *dae_dataset_keep(dae_dataset *dataset);

struct dae_shape dae_dataset_measure(const dae_dataset *dataset, enum dae_half half, size_t sample);

static inline dae_status dae_dataset_read_part(const dae_dataset *dataset, enum dae_half half, uint64_t epoch,
                                               size_t first, size_t count, struct dae_part part, float *out) {
    return dataset->operations->read(dataset, half, epoch, first, count, part, out);
}

struct dae_stored dae_dataset_locate(const dae_dataset *dataset, enum dae_half half, size_t sample);

/* Whether no parts of samples may be asked for. */
bool dae_dataset_is_whole(const dae_dataset *dataset, enum dae_half half);

/* Reads any values of a sample, which need not be a part; from whole samples where that must be. */
dae_status dae_dataset_read_run(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t sample,
                                struct dae_part run, float *out);

/* The number of samples to look at for all shapes that there are: one, or all. */
size_t dae_dataset_count_different(const dae_dataset *dataset);

/* Sets `shape` and `target_shape`, where they are open, to what all samples have in common. These have as
 * many dimensions as the first. */
void dae_dataset_agree(dae_dataset *dataset);

/* What views hand on that change nothing about it. */
dae_status dae_dataset_pass_read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                                 size_t count, struct dae_part part, float *out);
struct dae_stored dae_dataset_pass_locate(const dae_dataset *dataset, enum dae_half half, size_t sample);
struct dae_shape dae_dataset_pass_measure(const dae_dataset *dataset, enum dae_half half, size_t sample);

bool dae_dataset_level(const dae_dataset *dataset, const char *label, uint64_t epoch, size_t sample,
                       double *level);

bool dae_dataset_has_draw(const dae_dataset *dataset, const char *label);

/* Of views whose inputs have had no noise that could be told. */
bool dae_dataset_no_level(const dae_dataset *dataset, const char *label, uint64_t epoch, size_t sample,
                          double *level);

/* Tells those below that a sample will be read soon. */
void dae_dataset_fetch(const dae_dataset *dataset, size_t sample);

/* A fact of a sample; NULL where there is none. */
const char *dae_dataset_tell(const dae_dataset *dataset, size_t sample, const char *fact);

/* What messages call a sample: "sample 3 (speech/hello.wav)", without a path where there is none; returns
 * `name`. */
enum { DAE_SAMPLE_NAME_SIZE = 320 };
const char *dae_dataset_name_sample(const dae_dataset *dataset, size_t sample,
                                    char name[DAE_SAMPLE_NAME_SIZE]);

/* Whether a target is a class, of so many; NaN, for one that is not known, is. */
bool dae_target_is_class(float target, size_t classes);

/* Targets [first, first + count) of a class: 1 for itself, 0 for the others; NaN where it is not known. */
void dae_class_to_targets(float class, size_t first, size_t count, float *targets);

/* Bytes that are worth fetching for `values` values: not those of a recording of which a window is read. */
static inline size_t dae_stored_ahead(struct dae_stored stored, size_t values) {
    return stored.size <= values * sizeof(double) ? stored.size : 0;
}

/* Is shown row `row` right after it has been read; rows of one slot, which is below DAE_GATHER_SLOTS, come
 * from one thread. */
typedef void (*dae_gather_fn)(void *context, size_t slot, size_t row, const float *values);

enum { DAE_GATHER_SLOTS = 64 };

/* Where samples go that are gathered. */
struct dae_gathering {
    float *inputs, *targets; /* [count, values]; either may be NULL */
    bool passing;            /* inputs are for `after` alone, and take turns in a part of their memory */
    dae_gather_fn after;     /* sees the inputs; may be NULL */
    void *context;
    uint64_t fpu; /* the host's setting, which functions of its own run under (core/fpu.h) */
};

/* Reads samples order[0] ... order[count - 1], at least one, all of one size. Each thread reads the rows that
 * it will multiply, if there are enough for all (matmul.c). */
dae_status dae_dataset_gather(const dae_dataset *dataset, struct dae_pool *pool, uint64_t epoch,
                              const size_t *order, size_t count, const struct dae_gathering *to);

#endif
