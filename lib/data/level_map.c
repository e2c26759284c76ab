/* How strong the noise on a sample's inputs is, as one more channel of them (Zhang, Zuo and Zhang, FFDNet,
 * 2018). */
#include "core/memory.h"
#include "data/view.h"

struct level_map {
    dae_dataset base;
    char *label;
};

/* What a sample has beside its own inputs: the level, at every place. */
static float level_of(const dae_dataset *dataset, uint64_t epoch, size_t sample) {
    double level = 0;
    dae_dataset_level(dataset->source, ((const struct level_map *)dataset)->label, epoch, sample, &level);
    return (float)level;
}

static dae_status read_input(const dae_dataset *dataset, uint64_t epoch, size_t sample, struct dae_part part,
                             float *x) {
    size_t size = dae_dataset_measure(dataset->source, DAE_INPUT_HALF, sample).size;
    size_t own = part.first < size ? dae_size_min(part.count, size - part.first) : 0;
    float level = level_of(dataset, epoch, sample);
    if (own > 0)
        DAE_TRY(dae_dataset_pass_read(dataset, DAE_INPUT_HALF, epoch, sample, 1,
                                      (struct dae_part){part.first, own}, x));
    for (size_t k = own; k < part.count; k++)
        x[k] = level;
    return DAE_OK;
}

static dae_status read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                       size_t count, struct dae_part part, float *out) {
    if (half == DAE_TARGET_HALF)
        return dae_dataset_pass_read(dataset, half, epoch, first, count, part, out);
    for (size_t i = 0; i < count; i++)
        DAE_TRY(read_input(dataset, epoch, first + i, part, out + i * part.count));
    return DAE_OK;
}

/* A shape with one channel more; one without channels has had one. */
static struct dae_shape extended(const struct dae_shape *shape) {
    struct dae_shape more = *shape;
    if (shape->rank == 1)
        more = (struct dae_shape){.rank = 2, .dims = {1, shape->dims[0]}, .size = shape->size};
    if (more.dims[0] > 0) {
        more.size += more.size / more.dims[0];
        more.dims[0]++;
    }
    return more;
}

static struct dae_shape measure(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    struct dae_shape shape = dae_dataset_pass_measure(dataset, half, sample);
    return half == DAE_INPUT_HALF ? extended(&shape) : shape;
}

static void destroy(dae_dataset *dataset) {
    dae_release(((struct level_map *)dataset)->label);
}

static const struct dae_dataset_operations operations = {
    .read = read,
    .locate = dae_dataset_pass_locate,
    .destroy = destroy,
    .measure = measure,
};

static dae_status make(dae_dataset **out, const struct dae_viewing *v) {
    void *created = NULL;
    const char *label = v->values[0].label;
    struct dae_shape shape = extended(&v->source->shape);
    if (!dae_dataset_has_draw(v->source, label))
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: the inputs have had no noise with a draw called '%s'",
                        v->context, label);
    if (!dae_shape_is_open(&shape))
        DAE_TRY(dae_shape_set(&shape, shape.rank, shape.dims, v->context));
    DAE_TRY(dae_dataset_create_view(&created, sizeof(struct level_map), &operations, v->source, v->context));
    struct level_map *map = created;
    map->label = dae_copy_text(label);
    map->base.alike = false;
    map->base.shape = shape;
    if (map->label == NULL) {
        dae_dataset_free(&map->base);
        return DAE_ERROR_MEMORY;
    }
    *out = &map->base;
    return DAE_OK;
}

const struct dae_view_kind dae_view_level_map = {
    .kind = {.name = "level_map",
             .what = "inputs with one more channel, which is a number that their noise has drawn",
             .example = "level_map(level)",
             .parameters = {{.name = "of",
                             .what = "the label of the draw, as in gaussian(uniform(0, 0.3) as level)",
                             .type = DAE_TYPE_LABEL,
                             .flags = DAE_BY_PLACE}}},
    .make = make,
};
