/* Samples in another shape of as many values. */
#include "data/view.h"

static const struct dae_dataset_operations operations = {
    .read = dae_dataset_pass_read,
    .locate = dae_dataset_pass_locate,
    .measure = dae_dataset_pass_measure, /* targets may be of several sizes */
};

static dae_status set_shape(struct dae_shape *out, const struct dae_viewing *v) {
    size_t dims[DAE_SHAPE_MAX_RANK], rank = v->values[0].count;
    for (size_t i = 0; i < rank && i < DAE_SHAPE_MAX_RANK; i++)
        dims[i] = (size_t)dae_value_item(&v->values[0], i)->number;
    return dae_shape_set(out, rank, dims, v->context);
}

static dae_status make(dae_dataset **out, const struct dae_viewing *v) {
    const struct dae_shape *is = &v->source->shape;
    void *created = NULL;
    struct dae_shape shape;
    char texts[2][DAE_SHAPE_TEXT_SIZE];
    DAE_TRY(set_shape(&shape, v));
    if (dae_shape_is_open(is) || is->size != shape.size)
        return dae_fail(DAE_ERROR_SHAPE, "%s: samples have shape %s, expected as many values as %s",
                        v->context, dae_shape_text(is, texts[0]), dae_shape_text(&shape, texts[1]));
    DAE_TRY(dae_dataset_create_view(&created, sizeof(dae_dataset), &operations, v->source, v->context));
    dae_dataset *view = created;
    view->shape = shape;
    if (dae_shape_equals(&v->source->target_shape, is))
        view->target_shape = shape;
    *out = view;
    return DAE_OK;
}

const struct dae_view_kind dae_view_reshape = {
    .kind = {.name = "reshape",
             .what =
                 "samples in another shape of as many values; targets too, where they have that of inputs",
             .example = "reshape(1, 300)",
             .parameters = {{.name = "shape",
                             .what = "the dimensions",
                             .type = DAE_TYPE_COUNT,
                             .flags = DAE_BY_PLACE | DAE_MANY,
                             .low = 1,
                             .high = DAE_MOST_SIZE}}},
    .make = make,
};
