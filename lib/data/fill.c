/* Inputs that are missing, which are NaN, become a number; targets keep theirs. */
#include "data/view.h"

#include <math.h>

struct fill {
    dae_dataset base;
    float value;
};

static dae_status read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                       size_t count, struct dae_part part, float *out) {
    float value = ((const struct fill *)dataset)->value;
    DAE_TRY(dae_dataset_pass_read(dataset, half, epoch, first, count, part, out));
    for (size_t i = 0; half == DAE_INPUT_HALF && i < count * part.count; i++)
        out[i] = isnan(out[i]) ? value : out[i];
    return DAE_OK;
}

static const struct dae_dataset_operations operations = {
    .read = read,
    .locate = dae_dataset_pass_locate,
    .measure = dae_dataset_pass_measure,
};

static dae_status make(dae_dataset **out, const struct dae_viewing *v) {
    void *created = NULL;
    DAE_TRY(dae_dataset_create_view(&created, sizeof(struct fill), &operations, v->source, v->context));
    struct fill *fill = created;
    fill->base.alike = false;
    fill->value = (float)v->values[0].number;
    *out = &fill->base;
    return DAE_OK;
}

const struct dae_view_kind dae_view_fill = {
    .kind = {.name = "fill",
             .what = "inputs that are NaN become a number; targets keep theirs",
             .example = "fill(0)",
             .parameters = {{.name = "value",
                             .what = "the number",
                             .type = DAE_TYPE_NUMBER,
                             .flags = DAE_BY_PLACE | DAE_FLOAT}}},
    .make = make,
};
