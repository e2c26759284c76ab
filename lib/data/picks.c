/* Views that choose samples and their order: shuffle, repeat, index. */
#include "data/view.h"
#include "core/memory.h"

#include <math.h>

struct picks {
    dae_dataset base;
    size_t *order; /* which samples of the source; NULL: all, again and again */
};

static size_t pick(const dae_dataset *dataset, size_t sample) {
    const size_t *order = ((const struct picks *)dataset)->order;
    return order != NULL ? order[sample] : sample % dataset->source->count;
}

/* One after the other, with those that are neighbours in the source together. */
static dae_status read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                       size_t count, struct dae_part part, float *out) {
    for (size_t done = 0, run; done < count; done += run) {
        size_t begin = pick(dataset, first + done);
        for (run = 1; done + run < count && pick(dataset, first + done + run) == begin + run;)
            run++;
        DAE_TRY(
            dae_dataset_read_part(dataset->source, half, epoch, begin, run, part, out + done * part.count));
    }
    return DAE_OK;
}

static struct dae_stored locate(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    return dae_dataset_pass_locate(dataset, half, pick(dataset, sample));
}

static struct dae_shape measure(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    return dae_dataset_pass_measure(dataset, half, pick(dataset, sample));
}

static const dae_dataset *origin(const dae_dataset *dataset, size_t *sample) {
    *sample = pick(dataset, *sample);
    return dataset->source;
}

static void destroy(dae_dataset *dataset) {
    dae_release(((struct picks *)dataset)->order);
}

static const struct dae_dataset_operations operations = {
    .read = read,
    .locate = locate,
    .destroy = destroy,
    .origin = origin,
    .measure = measure,
};

/* `count` samples, of which the order is still to be set, if there is one. */
static dae_status create(struct picks **out, const struct dae_viewing *v, size_t count, bool ordered) {
    void *created = NULL;
    DAE_TRY(dae_dataset_create_view(&created, sizeof **out, &operations, v->source, v->context));
    struct picks *picks = created;
    picks->base.count = count;
    if (ordered) {
        picks->order = dae_allocate(count, sizeof *picks->order);
        if (picks->order == NULL) {
            dae_dataset_free(&picks->base);
            return DAE_ERROR_MEMORY;
        }
    }
    *out = picks;
    return DAE_OK;
}

/* ---- The kinds ------------------------------------------------------------------------------------ */

static dae_status make_shuffle(dae_dataset **out, const struct dae_viewing *v) {
    struct picks *picks = NULL;
    DAE_TRY(create(&picks, v, v->source->count, true));
    dae_rng_shuffle(picks->order, v->source->count, dae_view_draw(v->source, v->seed, 0, 0));
    *out = &picks->base;
    return DAE_OK;
}

static dae_status make_repeat(dae_dataset **out, const struct dae_viewing *v) {
    struct picks *picks = NULL;
    size_t count, times = (size_t)v->values[0].number;
    if (!dae_size_multiply(v->source->count, times, &count))
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: %zu times %zu samples are more than can be counted",
                        v->context, times, v->source->count);
    DAE_TRY(create(&picks, v, count, false));
    *out = &picks->base;
    return DAE_OK;
}

static double sample_at(const struct dae_value *samples, size_t i) {
    return samples->items != NULL ? samples->items[i].number : samples->number;
}

static dae_status make_index(dae_dataset **out, const struct dae_viewing *v) {
    struct picks *picks = NULL;
    for (size_t i = 0; i < v->values[0].count; i++)
        if (sample_at(&v->values[0], i) >= (double)v->source->count)
            return dae_fail(DAE_ERROR_ARGUMENT, "%s: sample %.0f is not in the dataset, expected 0 to %zu",
                            v->context, sample_at(&v->values[0], i), v->source->count - 1);
    DAE_TRY(create(&picks, v, v->values[0].count, true));
    for (size_t i = 0; i < picks->base.count; i++)
        picks->order[i] = (size_t)sample_at(&v->values[0], i);
    dae_dataset_agree(&picks->base);
    *out = &picks->base;
    return DAE_OK;
}

const struct dae_view_kind dae_view_shuffle = {
    .kind = {.name = "shuffle",
             .what = "all samples in a random order, the same in every epoch",
             .example = "shuffle"},
    .draws = true,
    .make = make_shuffle,
};

const struct dae_view_kind dae_view_repeat = {
    .kind = {.name = "repeat",
             .what = "all samples, and all of them again",
             .example = "repeat(4)",
             .parameters = {{.name = "times",
                             .what = "how often each sample is there",
                             .type = DAE_TYPE_COUNT,
                             .flags = DAE_BY_PLACE,
                             .low = 1,
                             .high = DAE_MOST_SIZE}}},
    .make = make_repeat,
};

const struct dae_view_kind dae_view_index = {
    .kind = {.name = "index",
             .what = "these samples in this order",
             .example = "index(0, 2, 1)",
             .parameters = {{.name = "samples",
                             .what = "numbers of samples, from 0",
                             .type = DAE_TYPE_COUNT,
                             .flags = DAE_BY_PLACE | DAE_MANY}}},
    .make = make_index,
};
