#include "run/cover.h"
#include "core/fpu.h"
#include "core/memory.h"

#include <string.h>

static const struct dae_kind *const kinds[] = {DAE_COVER_ROWS, NULL};

const struct dae_category dae_cover_category = {
    .name = "cover",
    .what = "how a model is run on a sample of any size",
    .text = "cover",
    .kinds = kinds,
};

const struct dae_cover_kind *dae_cover_of(const struct dae_recipe *cover) {
    return (const struct dae_cover_kind *)cover->steps[0].kind;
}

/* ---- Choosing ---------------------------------------------------------------------------------------- */

dae_status dae_cover_choose(struct dae_recipe **out, const char *text, const dae_model *model) {
    struct dae_axis axes[DAE_AXES];
    if (text != NULL)
        return dae_recipe_bind_one(out, &dae_cover_category, text);
    dae_status status = dae_axes_find(axes, model);
    if (status == DAE_OK)
        return dae_recipe_bind_one(out, &dae_cover_category, "tiles");
    if (status == DAE_ERROR_MEMORY || dae_shape_is_open(&model->input))
        return status;
    return dae_recipe_bind_one(out, &dae_cover_category, "overlap");
}

/* ---- Mirrors ----------------------------------------------------------------------------------------- */

size_t dae_mirrored(ptrdiff_t at, size_t size) {
    size_t period = 2 * (size - 1), distance = at < 0 ? 0 - (size_t)at : (size_t)at;
    if (period == 0)
        return 0;
    distance %= period;
    return distance < size ? distance : period - distance;
}

void dae_copy_mirrored(float *to, const float *row, ptrdiff_t first, size_t length, size_t size) {
    size_t i = 0;
    for (; i < length && first + (ptrdiff_t)i < 0; i++)
        to[i] = row[dae_mirrored(first + (ptrdiff_t)i, size)];
    size_t at = (size_t)(first + (ptrdiff_t)i), count = at < size ? dae_size_min(length - i, size - at) : 0;
    if (count > 0)
        memcpy(to + i, row + at, count * sizeof *to);
    for (i += count; i < length; i++)
        to[i] = row[dae_mirrored(first + (ptrdiff_t)i, size)];
}

/* ---- Running ----------------------------------------------------------------------------------------- */

dae_status dae_cover_channels(size_t *out, const dae_model *at) {
    const struct dae_shape *output = dae_model_output(at), *input = &at->input;
    char made[DAE_SHAPE_TEXT_SIZE], found[DAE_SHAPE_TEXT_SIZE];
    size_t places = input->rank > 1 ? input->size / input->dims[0] : input->size;
    bool same = output->rank == 1 ? output->size % places == 0 : output->rank == input->rank;
    for (size_t i = 1; same && output->rank > 1 && i < input->rank; i++)
        same = output->dims[i] == input->dims[i];
    if (!same)
        return dae_fail(DAE_ERROR_UNSUPPORTED,
                        "the model gives %s for %s, expected as many places as it takes",
                        dae_shape_text(output, made), dae_shape_text(input, found));
    *out = output->size / places;
    return DAE_OK;
}

size_t dae_cover_group(const dae_model *model) {
    enum { GROUP = 8 }; /* up to so many, dense layers make no product (run/session.c) */
    return dae_plan_least_product(model) > GROUP ? GROUP : 1;
}

dae_status dae_cover_run(dae_session *session, struct dae_pool *pool, const float *inputs, size_t count,
                         float *outputs) {
    bool multiplies = session->max_batch >= session->least_product;
    uint64_t fpu = dae_fpu_prepare();
    if (multiplies)
        dae_matmul_enter();
    dae_status status = dae_session_forward(session, pool, inputs, count, outputs, DAE_OUTPUTS);
    if (multiplies)
        dae_matmul_leave();
    dae_fpu_restore(fpu);
    return status;
}

dae_status dae_cover_report(const struct dae_field *field, size_t done, size_t total) {
    if (field->progress == NULL || field->progress(done, total, field->user) == 0)
        return DAE_OK;
    return dae_fail(DAE_ERROR_CANCELLED, "the progress callback asked to stop after %zu of %zu parts", done,
                    total);
}

/* ---- The call ---------------------------------------------------------------------------------------- */

/* Finds channels and sides in a shape that may have more or fewer leading dimensions of 1 than the model. */
static bool read_shape(struct dae_field *field, const struct dae_shape *shape) {
    const struct dae_shape *input = &field->model->input;
    size_t rank = input->rank > 1 ? input->rank : 2, dims[1 + DAE_AXES] = {1, 1, 1};
    size_t channels = input->rank > 1 ? input->dims[0] : 1;
    for (size_t i = 1; i <= shape->rank; i++) {
        size_t dim = shape->dims[shape->rank - i];
        if (i > rank && dim != 1)
            return false;
        if (i <= rank)
            dims[rank - i] = dim;
    }
    field->in = channels;
    field->sides[0] = rank > 2 ? dims[1] : 1;
    field->sides[1] = dims[rank - 1];
    return dims[0] == channels;
}

static dae_status take_shape(struct dae_field *field, const struct dae_shape *shape) {
    char found[DAE_SHAPE_TEXT_SIZE], taken[DAE_SHAPE_TEXT_SIZE];
    const dae_model *model = field->model;
    struct dae_shape own = model->input;
    DAE_TRY(dae_axes_check(model));
    if (!read_shape(field, shape))
        return dae_fail(DAE_ERROR_SHAPE, "the sample has shape %s, expected the channels of %s",
                        dae_shape_text(shape, found), dae_shape_text(&own, taken));
    if (dae_shape_is_open(&model->input))
        DAE_TRY(dae_cover_channels(&field->out, model->probes[0]));
    else
        DAE_TRY(dae_cover_channels(&field->out, model));
    return DAE_OK;
}

static bool is_own_size(const struct dae_field *field) {
    const struct dae_shape *input = &field->model->input;
    return input->dims[input->rank - 1] == field->sides[1] &&
           (input->rank < 3 || input->dims[1] == field->sides[0]);
}

/* Shapes of as many channels are alike. */
static dae_status write_shape(struct dae_shape *output, const struct dae_field *field,
                              const struct dae_shape *sample) {
    size_t pictures = field->model->input.rank > 2, dims[1 + DAE_AXES] = {field->out, field->sides[0]};
    dims[1 + pictures] = field->sides[1];
    *output = *sample;
    return field->out == field->in ? DAE_OK : dae_shape_set(output, 2 + pictures, dims, "the output");
}

static dae_status measure(struct dae_field *field, struct dae_shape *output, const struct dae_shape *sample) {
    DAE_TRY(take_shape(field, sample));
    return write_shape(output, field, sample);
}

dae_status dae_cover_measure(struct dae_shape *output, dae_model *model, const struct dae_shape *sample) {
    return measure(&(struct dae_field){.model = model}, output, sample);
}

dae_status dae_cover_check(struct dae_shape *output, dae_model *model, const char *text,
                           const struct dae_shape *sample) {
    struct dae_field field = {.model = model};
    struct dae_recipe *cover = NULL;
    DAE_TRY(measure(&field, output, sample));
    DAE_TRY(dae_cover_choose(&cover, text == NULL && is_own_size(&field) ? "whole" : text, model));
    field.values = cover->steps[0].values;
    dae_status status = dae_cover_of(cover)->check(&field);
    dae_release(cover);
    return status;
}

static dae_status check_arrays(const struct dae_field *field, const char *context) {
    size_t places, in, out;
    if (!dae_size_multiply(field->sides[0], field->sides[1], &places) ||
        !dae_size_multiply(places, field->in * sizeof(float), &in) ||
        !dae_size_multiply(places, field->out * sizeof(float), &out))
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: the sample does not fit into memory", context);
    return dae_arrays_check_apart((struct dae_array){"input", field->input, in},
                                  (struct dae_array){"output", field->output, out}, context);
}

static dae_status apply(struct dae_field *field, const char *text) {
    struct dae_recipe *cover = NULL;
    struct dae_message kept;
    dae_message_keep(&kept);
    if (text == NULL && is_own_size(field))
        text = "whole";
    DAE_TRY(dae_cover_choose(&cover, text, field->model));
    field->values = cover->steps[0].values;
    dae_status status = dae_pool_open(&field->pool);
    if (status == DAE_OK)
        status = dae_cover_of(cover)->apply(field);
    dae_pool_close(field->pool);
    dae_release(cover);
    if (status == DAE_OK)
        dae_message_restore(&kept);
    return status;
}

dae_status dae_model_apply(dae_model *model, const char *cover, size_t rank, const size_t *shape,
                           const float *input, float *output, dae_apply_fn progress, void *user) {
    struct dae_field field = {
        .model = model, .input = input, .output = output, .progress = progress, .user = user};
    struct dae_shape given;
    DAE_TRY(dae_model_check_ready(model, __func__));
    DAE_TRY(dae_shape_set(&given, rank, shape, __func__));
    DAE_REQUIRE(input);
    DAE_REQUIRE(output);
    dae_status status = take_shape(&field, &given);
    if (status != DAE_OK)
        return dae_fail_in(status, __func__);
    DAE_TRY(check_arrays(&field, __func__));
    status = apply(&field, cover);
    return status == DAE_OK || status == DAE_ERROR_MEMORY || (cover != NULL && status == DAE_ERROR_FORMAT)
               ? status
               : dae_fail_in(status, __func__);
}
