/* A dataset with noise on its inputs. */
#include "data/view.h"

#include <string.h>

struct corrupt {
    dae_dataset base;
    dae_noise *noise; /* kept */
    uint64_t seed;
    bool once;
};

static struct dae_noise_place place_of(const struct corrupt *corrupt, uint64_t epoch, size_t sample) {
    return (struct dae_noise_place){corrupt->seed, corrupt->once ? 0 : epoch, sample,
                                    corrupt->base.source->steps};
}

static dae_status read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                       size_t count, struct dae_part part, float *out) {
    const struct corrupt *corrupt = (const struct corrupt *)dataset;
    DAE_TRY(dae_dataset_pass_read(dataset, half, epoch, first, count, part, out));
    if (half == DAE_TARGET_HALF)
        return DAE_OK;
    struct dae_shape shape = dae_dataset_measure(dataset, half, first);
    for (size_t i = 0; i < count; i++) {
        struct dae_noise_place place = place_of(corrupt, epoch, first + i);
        struct dae_noise_values values = {out + i * part.count, &shape, part.first, part.count};
        DAE_TRY(dae_noise_apply_at(corrupt->noise, &place, &values));
    }
    return DAE_OK;
}

static bool level(const dae_dataset *dataset, const char *label, uint64_t epoch, size_t sample,
                  double *level) {
    const struct corrupt *corrupt = (const struct corrupt *)dataset;
    struct dae_noise_place place = place_of(corrupt, epoch, sample);
    return dae_noise_level(corrupt->noise, &place, label, level) ||
           dae_dataset_level(dataset->source, label, epoch, sample, level);
}

static bool has_draw(const dae_dataset *dataset, const char *label) {
    const char *name;
    for (size_t i = 0; (name = dae_noise_label(((const struct corrupt *)dataset)->noise, i)) != NULL; i++)
        if (strcmp(name, label) == 0)
            return true;
    return false;
}

static void destroy(dae_dataset *dataset) {
    dae_noise_free(((struct corrupt *)dataset)->noise);
}

static const struct dae_dataset_operations operations = {
    .read = read,
    .locate = dae_dataset_pass_locate,
    .destroy = destroy,
    .level = level,
    .has_draw = has_draw,
    .measure = dae_dataset_pass_measure,
};

/* Adds a recipe to what describes the inputs. */
static dae_status describe(dae_dataset *dataset, dae_noise *noise) {
    dae_noise *all = NULL;
    dataset->steps += noise->step_count;
    if (dataset->noise == NULL && dataset->steps == noise->step_count)
        DAE_TRY(dae_noise_describe(&all, noise));
    else if (dataset->noise != NULL && dataset->steps <= DAE_NOISE_MAX_STEPS)
        DAE_TRY(dae_noise_join(&all, dataset->noise, noise));
    dae_noise_free(dataset->noise);
    dataset->noise = all;
    return DAE_OK;
}

/* A label tells one draw among all that inputs have had. */
static dae_status check_labels(const dae_dataset *source, const dae_noise *noise, const char *context) {
    const char *label;
    for (size_t i = 0; (label = dae_noise_label(noise, i)) != NULL; i++)
        if (dae_dataset_has_draw(source, label))
            return dae_fail(DAE_ERROR_ARGUMENT,
                            "%s: the inputs have had noise with a draw called '%s', expected another label",
                            context, label);
    return DAE_OK;
}

static dae_status create(dae_dataset **out, dae_dataset *source, dae_noise *noise, bool once, uint64_t seed,
                         const char *context) {
    void *created = NULL;
    if (source->steps + noise->step_count > DAE_NOISE_MOST_APPLIED)
        return dae_fail(
            DAE_ERROR_ARGUMENT,
            "%s: with %zu steps of noise more, the inputs would have had %zu, expected at most %d", context,
            noise->step_count, source->steps + noise->step_count, DAE_NOISE_MOST_APPLIED);
    DAE_TRY(check_labels(source, noise, context));
    DAE_TRY(dae_noise_check_recordings(noise, dae_noise_channels(&source->shape), context));
    DAE_TRY(dae_dataset_create_view(&created, sizeof(struct corrupt), &operations, source, context));
    struct corrupt *corrupt = created;
    corrupt->base.alike = false;
    corrupt->base.whole_inputs = source->whole_inputs || noise->is_whole;
    corrupt->noise = dae_noise_keep(noise);
    corrupt->seed = seed;
    corrupt->once = once;
    dae_status status = dae_dataset_read_recordings(&corrupt->base, noise, context);
    if (status == DAE_OK)
        status = describe(&corrupt->base, noise);
    if (status != DAE_OK) {
        dae_dataset_free(&corrupt->base);
        return status;
    }
    *out = &corrupt->base;
    return DAE_OK;
}

dae_status dae_dataset_corrupt(dae_dataset **out, dae_dataset *source, dae_noise *noise, int32_t mode,
                               uint64_t seed) {
    DAE_REQUIRE(out);
    DAE_REQUIRE(source);
    DAE_REQUIRE(noise);
    if (mode != DAE_NOISE_FRESH && mode != DAE_NOISE_ONCE)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_dataset_corrupt: mode is %d, expected DAE_NOISE_FRESH or DAE_NOISE_ONCE",
                        (int)mode);
    for (size_t i = 0; i < dae_dataset_count_different(source); i++)
        if (dae_dataset_measure(source, DAE_INPUT_HALF, i).size > UINT64_C(1) << 26)
            return dae_fail(DAE_ERROR_ARGUMENT,
                            "dae_dataset_corrupt: a sample has %zu values, expected at most 2^26",
                            dae_dataset_measure(source, DAE_INPUT_HALF, i).size);
    return create(out, source, noise, mode == DAE_NOISE_ONCE, seed, __func__);
}

static dae_status clip(dae_dataset **out, dae_dataset *source, double low, double high, const char *context) {
    dae_noise *noise = NULL;
    char recipe[100] = "";
    dae_kind_write_numbers(&(struct dae_text){recipe, sizeof recipe, 0}, &dae_noise_clip.kind,
                           (double[]){low, high});
    DAE_TRY(dae_noise_parse(&noise, recipe));
    dae_status status = create(out, source, noise, true, 0, context);
    dae_noise_free(noise);
    return status;
}

dae_status dae_dataset_clip(dae_dataset **out, dae_dataset *source, double low, double high) {
    DAE_REQUIRE(out);
    DAE_REQUIRE(source);
    DAE_TRY(dae_kind_check_numbers(&dae_noise_clip.kind, (double[]){low, high}, __func__));
    return clip(out, source, low, high, __func__);
}

static const char *check_clip(const struct dae_value *values) {
    return dae_noise_clip.kind.check(values);
}

static dae_status make_clip(dae_dataset **out, const struct dae_viewing *v) {
    return clip(out, v->source, v->values[0].number, v->values[1].number, v->context);
}

const struct dae_view_kind dae_view_clip = {
    .kind = {.name = "clip",
             .what = "inputs below low become low, and those above high become high, as by the noise clip",
             .example = "clip(0, 1)",
             .check = check_clip,
             .parameters = {{"low", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT},
                            {"high", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT}}},
    .make = make_clip,
};
