/* Several datasets as one; their samples may differ in size. */
#include "core/memory.h"
#include "data/dataset.h"

#include <string.h>

struct join {
    dae_dataset base;    /* its source is the first part */
    size_t count;        /* of parts */
    dae_dataset **parts; /* kept */
    size_t *starts;      /* the first sample of each */
};

/* The part that a sample is in, with its number there. */
static const dae_dataset *part_of(const dae_dataset *dataset, size_t *sample) {
    const struct join *join = (const struct join *)dataset;
    size_t part = dae_size_bisect(join->starts, join->count, *sample);
    *sample -= join->starts[part];
    return join->parts[part];
}

/* ---- Reading -------------------------------------------------------------------------------------- */

static dae_status read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                       size_t count, struct dae_part part, float *out) {
    for (size_t done = 0, now; done < count; done += now) {
        size_t sample = first + done;
        const dae_dataset *from = part_of(dataset, &sample);
        now = dae_size_min(count - done, from->count - sample);
        DAE_TRY(dae_dataset_read_part(from, half, epoch, sample, now, part, out + done * part.count));
    }
    return DAE_OK;
}

static bool has_draw(const dae_dataset *dataset, const char *label) {
    const struct join *join = (const struct join *)dataset;
    for (size_t i = 0; i < join->count; i++)
        if (dae_dataset_has_draw(join->parts[i], label))
            return true;
    return false;
}

static struct dae_stored locate(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    const dae_dataset *from = part_of(dataset, &sample);
    return dae_dataset_locate(from, half, sample);
}

static struct dae_shape measure(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    const dae_dataset *from = part_of(dataset, &sample);
    return dae_dataset_measure(from, half, sample);
}

static void destroy(dae_dataset *dataset) {
    struct join *join = (struct join *)dataset;
    for (size_t i = 0; join->parts != NULL && i < join->count; i++)
        dae_dataset_free(join->parts[i]);
    dae_release(join->parts);
    dae_release(join->starts);
}

static const struct dae_dataset_operations operations = {
    .read = read,
    .locate = locate,
    .destroy = destroy,
    .origin = part_of,
    .has_draw = has_draw,
    .measure = measure,
};

/* ---- Making --------------------------------------------------------------------------------------- */

static dae_status check_part(const dae_dataset *first, const dae_dataset *part, size_t i) {
    if (part == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_dataset_join: parts[%zu] is NULL, expected a dataset", i);
    if (part->shape.rank != first->shape.rank || part->target_shape.rank != first->target_shape.rank)
        return dae_fail(
            DAE_ERROR_SHAPE,
            "dae_dataset_join: samples of parts[%zu] have %zu dimensions and targets %zu, expected %zu "
            "and %zu, as parts[0] has",
            i, part->shape.rank, part->target_shape.rank, first->shape.rank, first->target_shape.rank);
    return dae_dataset_check_depth(part, "dae_dataset_join");
}

/* Dimensions in which both differ become 0. */
static void meet(struct dae_shape *shape, const struct dae_shape *other) {
    for (size_t k = 0; k < shape->rank; k++)
        if (shape->dims[k] != other->dims[k])
            shape->size = shape->dims[k] = 0;
}

/* What one more part changes for all. Noise is known where it is the same of all parts. */
static void add(dae_dataset *base, const dae_dataset *part) {
    meet(&base->shape, &part->shape);
    meet(&base->target_shape, &part->target_shape);
    base->concurrent = base->concurrent && part->concurrent;
    base->whole_inputs = base->whole_inputs || part->whole_inputs;
    base->whole_targets = base->whole_targets || part->whole_targets;
    base->fetches = base->fetches || part->fetches;
    base->alike = base->alike && part->alike;
    base->depth = dae_size_max(base->depth, part->depth + 1);
    base->draws = dae_size_max(base->draws, part->draws);
    if (base->noise != part->noise || base->steps != part->steps) {
        dae_noise_free(base->noise);
        base->noise = NULL;
    }
    base->steps = dae_size_max(base->steps, part->steps);
}

static dae_status fill(struct join *join, dae_dataset *const *parts, size_t count) {
    join->parts = dae_allocate(count, sizeof(dae_dataset *));
    join->starts = dae_allocate(count, sizeof *join->starts);
    if (join->parts == NULL || join->starts == NULL)
        return DAE_ERROR_MEMORY;
    join->base.count = 0;
    for (size_t i = 0; i < count; i++) {
        join->starts[i] = join->base.count;
        if (!dae_size_add(join->base.count, parts[i]->count, &join->base.count))
            return dae_fail(DAE_ERROR_ARGUMENT, "dae_dataset_join: the samples are more than can be counted");
        join->parts[join->count++] = dae_dataset_keep(parts[i]);
        add(&join->base, parts[i]);
    }
    return DAE_OK;
}

dae_status dae_dataset_join(dae_dataset **out, dae_dataset *const *parts, size_t count) {
    void *created = NULL;
    DAE_REQUIRE(out);
    DAE_REQUIRE(parts);
    if (count == 0)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_dataset_join: count is 0, expected at least 1");
    DAE_TRY(dae_array_check(count, sizeof(dae_dataset *), "count", __func__));
    for (size_t i = 0; i < count; i++)
        DAE_TRY(check_part(parts[0], parts[i], i));
    DAE_TRY(dae_dataset_create_view(&created, sizeof(struct join), &operations, parts[0], __func__));
    struct join *join = created;
    dae_status status = fill(join, parts, count);
    if (status != DAE_OK)
        dae_dataset_free(&join->base);
    else
        *out = &join->base;
    return status;
}
