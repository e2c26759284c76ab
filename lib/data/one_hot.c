/* Numbers of classes become targets: 1 for the class, 0 for the others. */
#include "data/view.h"

#include <math.h>

bool dae_target_is_class(float target, size_t classes) {
    return isnan(target) || (target >= 0 && target < (float)classes && target == floorf(target));
}

void dae_class_to_targets(float class, size_t first, size_t count, float *targets) {
    for (size_t i = 0; i < count; i++)
        targets[i] = isnan(class) ? class : (float)first + (float)i == class;
}

static dae_status read_target(const dae_dataset *dataset, uint64_t epoch, size_t sample, struct dae_part part,
                              float *out) {
    size_t classes = dataset->target_shape.size;
    float class;
    DAE_TRY(
        dae_dataset_pass_read(dataset, DAE_TARGET_HALF, epoch, sample, 1, (struct dae_part){0, 1}, &class));
    if (!dae_target_is_class(class, classes))
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "one_hot: the target of sample %zu is %g, expected a class from 0 to %zu", sample,
                        (double)class, classes - 1);
    dae_class_to_targets(class, part.first, part.count, out);
    return DAE_OK;
}

static dae_status read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                       size_t count, struct dae_part part, float *out) {
    if (half == DAE_INPUT_HALF)
        return dae_dataset_pass_read(dataset, half, epoch, first, count, part, out);
    for (size_t i = 0; i < count; i++)
        DAE_TRY(read_target(dataset, epoch, first + i, part, out + i * part.count));
    return DAE_OK;
}

static const struct dae_dataset_operations operations = {
    .read = read,
    .locate = dae_dataset_pass_locate,
    .measure = dae_dataset_pass_measure,
};

static dae_status make(dae_dataset **out, const struct dae_viewing *v) {
    void *created = NULL;
    char found[DAE_SHAPE_TEXT_SIZE];
    if (v->source->target_shape.size != 1)
        return dae_fail(DAE_ERROR_SHAPE,
                        "%s: targets have shape %s, expected one value: the number of a class", v->context,
                        dae_shape_text(&v->source->target_shape, found));
    DAE_TRY(dae_dataset_create_view(&created, sizeof(dae_dataset), &operations, v->source, v->context));
    dae_dataset *base = created;
    base->alike = false;
    base->target_shape = dae_shape_flat((size_t)v->values[0].number);
    *out = base;
    return DAE_OK;
}

const struct dae_view_kind dae_view_one_hot = {
    .kind =
        {.name = "one_hot",
         .what =
             "targets that are numbers of classes become one value for each class: 1 for it, 0 for others",
         .example = "one_hot(10)",
         .parameters = {{.name = "classes",
                         .what = "how many there are; their numbers are 0 to one less",
                         .type = DAE_TYPE_COUNT,
                         .flags = DAE_BY_PLACE,
                         .low = 1,
                         .high = 1 << 24}}},
    .make = make,
};
