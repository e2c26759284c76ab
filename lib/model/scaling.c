/* Kinds of scalings, and the loops that apply them: in double precision, so that data far from 0 lose nothing
 * and powers of two are exact.
 *
 *     standard         z = (x - mean) / stddev
 *     range(low, high) z = low + (high - low) (x - least) / (most - least)
 *     divide(by)       z = x / by
 *     affine           z = scale x + offset */
#include "model/scaling.h"

DAE_DECLARE_LOOP(dae_scaling_loop, scale)
DAE_DECLARE_LOOP(dae_scaling_loop, unscale)

#ifdef DAE_KERNELS_TARGET

void DAE_LOOP(scale)(const float *from, float *to, size_t count, const struct dae_unit *unit) {
    double scale = unit->scale, offset = unit->offset;
    for (size_t i = 0; i < count; i++)
        to[i] = (float)((double)from[i] * scale + offset);
}

void DAE_LOOP(unscale)(const float *from, float *to, size_t count, const struct dae_unit *unit) {
    double offset = unit->offset, inverse = unit->inverse;
    for (size_t i = 0; i < count; i++)
        to[i] = (float)(((double)from[i] - offset) * inverse);
}

#else

#include "core/memory.h"

#include <math.h>

static dae_scaling_loop *const scale_loops[DAE_TARGETS] = DAE_LOOPS(scale);
static dae_scaling_loop *const unscale_loops[DAE_TARGETS] = DAE_LOOPS(unscale);

struct dae_scaling *dae_scaling_keep(struct dae_scaling *scaling) {
    if (scaling != NULL)
        dae_references_keep(&scaling->references);
    return scaling;
}

void dae_scaling_drop(struct dae_scaling *scaling) {
    if (scaling != NULL && dae_references_drop(&scaling->references))
        dae_release(scaling);
}

/* ---- Use ------------------------------------------------------------------------------------------ */

static void run(const struct dae_scaler *scaler, size_t column, size_t count, const float *from, float *to,
                dae_scaling_loop *loop) {
    const struct dae_scaling *scaling = scaler->scaling;
    while (count > 0) {
        size_t channel = column / scaler->values, left = (channel + 1) * scaler->values - column;
        size_t now = left < count ? left : count;
        struct dae_unit unit = scaling->units[channel < scaling->count ? channel : scaling->count - 1];
        if (channel >= scaler->channels)
            unit.offset = 0;
        loop(from, to, now, &unit);
        from += now;
        to += now;
        column += now;
        count -= now;
    }
}

void dae_scaler_apply(const struct dae_scaler *scaler, size_t column, size_t count, const float *from,
                      float *to) {
    run(scaler, column, count, from, to, scale_loops[dae_kernels()->target]);
}

void dae_scaler_undo(const struct dae_scaler *scaler, size_t column, size_t count, const float *from,
                     float *to) {
    run(scaler, column, count, from, to, unscale_loops[dae_kernels()->target]);
}

double dae_scaler_magnitude(const struct dae_scaler *scaler, double low, double high) {
    const struct dae_scaling *scaling = scaler->scaling;
    double most = scaling == NULL ? fmax(fabs(low), fabs(high)) : 0;
    for (size_t i = 0; scaling != NULL && i < scaling->count; i++) {
        const struct dae_unit *u = &scaling->units[i];
        most = fmax(most, fmax(fabs(low * u->scale + u->offset), fabs(high * u->scale + u->offset)));
    }
    return most;
}

/* ---- Kinds ---------------------------------------------------------------------------------------- */

static const struct dae_kind *const kinds[] = {DAE_SCALING_ROWS, NULL};

const struct dae_category dae_scaling_category = {
    .name = "scaling",
    .what = "the unit of the data, in which the network does not work",
    .text = "scaling",
    .kinds = kinds,
};

#define PER                                                                                                  \
    {                                                                                                        \
        "per", "whether each channel, or all of them, are measured together", DAE_TYPE_WORD, 0, 0, 0, "all", \
            "all, channel"                                                                                   \
    }

static double measured_range(const struct dae_value *v, const struct dae_measured *m) {
    (void)v;
    return m->high - m->low;
}

static struct dae_unit make_standard(const struct dae_value *v, size_t channel,
                                     const struct dae_measured *m) {
    (void)v, (void)channel;
    return (struct dae_unit){.scale = 1 / m->stddev, .offset = -(m->mean * (1 / m->stddev))};
}

const struct dae_scaling_kind dae_scaling_standard = {
    .kind = {.name = "standard",
             .what = "the targets have mean 0 and stddev 1",
             .example = "standard",
             .parameters = {PER}},
    .measures = true,
    .make = make_standard,
    .peak = measured_range,
};

/* The least target becomes exactly `low`. */
static struct dae_unit make_range(const struct dae_value *v, size_t channel, const struct dae_measured *m) {
    double scale = (v[1].number - v[0].number) / (m->high - m->low);
    (void)channel;
    return (struct dae_unit){.scale = scale, .offset = v[0].number - scale * m->low};
}

static const char *check_range(const struct dae_value *v) {
    return v[0].number < v[1].number ? NULL : "low < high";
}

const struct dae_scaling_kind dae_scaling_range = {
    .kind = {.name = "range",
             .what = "the targets go from low to high",
             .example = "range(0, 1)",
             .check = check_range,
             .parameters = {{"low", "of the least target", DAE_TYPE_NUMBER, DAE_BY_PLACE, -1e6, 1e6},
                            {"high", "of the greatest target", DAE_TYPE_NUMBER, DAE_BY_PLACE, -1e6, 1e6},
                            PER}},
    .measures = true,
    .make = make_range,
    .peak = measured_range,
};

static struct dae_unit make_divided(const struct dae_value *v, size_t channel, const struct dae_measured *m) {
    (void)channel, (void)m;
    return (struct dae_unit){.scale = 1 / v[0].number, .offset = 0};
}

static double first_number(const struct dae_value *v, const struct dae_measured *m) {
    (void)m;
    return v[0].number;
}

const struct dae_scaling_kind dae_scaling_divide = {
    .kind = {.name = "divide",
             .what = "divides by a number, such as the largest that the data can have",
             .example = "divide(255)",
             .parameters = {{"by", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE, 1e-30, 1e30}}},
    .make = make_divided,
    .peak = first_number,
};

enum { SCALE, OFFSET, PEAK, CHANNELS, ENDS };

static const char *check_affine(const struct dae_value *v) {
    return v[SCALE].count == v[OFFSET].count ? NULL : "as many offsets as scales";
}

static struct dae_unit make_affine(const struct dae_value *v, size_t channel, const struct dae_measured *m) {
    (void)m;
    return (struct dae_unit){.scale = dae_value_item(&v[SCALE], channel)->number,
                             .offset = dae_value_item(&v[OFFSET], channel)->number};
}

static double given_peak(const struct dae_value *v, const struct dae_measured *m) {
    (void)m;
    return v[PEAK].number;
}

const struct dae_scaling_kind dae_scaling_affine = {
    .kind = {.name = "affine",
             .what = "multiplies and adds: z = scale x + offset, as every scaling is kept",
             .example = "affine(scale=0.5, offset=-1)",
             .check = check_affine,
             .parameters = {{"scale", "a number, or a list with one for each channel", DAE_TYPE_NUMBER,
                             DAE_BY_PLACE | DAE_LIST, -1e30, 1e30},
                            {"offset", "likewise, in the network's unit", DAE_TYPE_NUMBER,
                             DAE_BY_PLACE | DAE_LIST, -1e30, 1e30},
                            {"peak", "the largest value that the data can have, less the least",
                             DAE_TYPE_NUMBER, 0, 1e-30, 1e30, "1"},
                            {"channels", "of the input that have the offset, from the first on; 0: all",
                             DAE_TYPE_COUNT, DAE_LATER, 0, 1e6, "0"},
                            {"ends", "which ends of the network have it", DAE_TYPE_WORD, DAE_LATER, 0, 0,
                             "both", "both, input, output"}}},
    .make = make_affine,
    .peak = given_peak,
};

const struct dae_scaling_kind dae_scaling_none = {
    .kind = {.name = "none", .what = "the network works in the unit of the data", .example = "none"},
};

/* ---- Making --------------------------------------------------------------------------------------- */

bool dae_scaling_is_per_channel(const struct dae_step *step) {
    const struct dae_scaling_kind *kind = (const struct dae_scaling_kind *)step->kind;
    return kind->measures && step->values[dae_kind_parameter_count(step->kind) - 1].number == 1;
}

static dae_status check_unit(const struct dae_unit *unit, const struct dae_kind *kind) {
    double size = fabs(unit->scale);
    if (size >= 1e-30 && size <= 1e30 && fabs(unit->offset) <= 1e30)
        return DAE_OK;
    return dae_fail(
        DAE_ERROR_ARGUMENT,
        "%s: a scale of %g and an offset of %g, expected a scale from 1e-30 to 1e30 and an offset "
        "of at most 1e30",
        kind->name, unit->scale, unit->offset);
}

static dae_status fill(struct dae_scaling *scaling, const struct dae_step *step,
                       const struct dae_measured *measured) {
    const struct dae_scaling_kind *kind = (const struct dae_scaling_kind *)step->kind;
    for (size_t i = 0; i < scaling->count; i++) {
        const struct dae_measured *m = measured != NULL ? &measured[i] : NULL;
        scaling->units[i] = kind->make(step->values, i, m);
        DAE_TRY(check_unit(&scaling->units[i], step->kind));
        scaling->units[i].inverse = 1 / scaling->units[i].scale;
        scaling->peak = fmax(scaling->peak, kind->peak(step->values, m));
    }
    if (kind == &dae_scaling_affine)
        scaling->channels = (size_t)step->values[CHANNELS].number;
    return DAE_OK;
}

dae_status dae_scaling_make(struct dae_scaling **out, const struct dae_step *step,
                            const struct dae_measured *measured, size_t count) {
    *out = NULL;
    if (step->kind == &dae_scaling_none.kind)
        return DAE_OK;
    if (step->kind == &dae_scaling_affine.kind)
        count = step->values[SCALE].count;
    if (count == 0 || count > DAE_SCALING_MAX_CHANNELS)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: %zu channels, expected 1 to %d", step->kind->name, count,
                        DAE_SCALING_MAX_CHANNELS);
    struct dae_scaling *scaling = dae_allocate(1, sizeof *scaling + count * sizeof scaling->units[0]);
    if (scaling == NULL)
        return DAE_ERROR_MEMORY;
    dae_references_start(&scaling->references);
    scaling->count = count;
    dae_status status = fill(scaling, step, measured);
    if (status == DAE_OK)
        *out = scaling;
    else
        dae_scaling_drop(scaling);
    return status;
}

/* ---- Text ----------------------------------------------------------------------------------------- */

void dae_scaling_write(struct dae_text *text, const struct dae_scaling *scaling, enum dae_ends ends) {
    static const char *const names[] = {"affine(scale=", ", offset="};
    for (size_t k = 0; k < 2; k++) {
        dae_text_add(text, "%s%s", names[k], scaling->count > 1 ? "[" : "");
        for (size_t i = 0; i < scaling->count; i++) {
            dae_text_add(text, "%s", i > 0 ? ", " : "");
            dae_text_add_number(text, k == 0 ? scaling->units[i].scale : scaling->units[i].offset);
        }
        dae_text_add(text, "%s", scaling->count > 1 ? "]" : "");
    }
    dae_text_add(text, ", peak=");
    dae_text_add_number(text, scaling->peak);
    if (scaling->channels > 0)
        dae_text_add(text, ", channels=%zu", scaling->channels);
    if (ends != DAE_END_BOTH)
        dae_text_add(text, ", ends=%s", ends == DAE_END_INPUT ? "input" : "output");
    dae_text_add(text, ")");
}

dae_status dae_scaling_read(struct dae_scaling **out, enum dae_ends *ends, const char *text) {
    struct dae_recipe *recipe = NULL;
    DAE_TRY(dae_recipe_bind_one(&recipe, &dae_scaling_category, text));
    dae_status status = DAE_OK;
    if (recipe->steps->kind != &dae_scaling_affine.kind)
        status = dae_fail(DAE_ERROR_FORMAT, "found %s, expected affine", recipe->steps->kind->name);
    else
        *ends = (enum dae_ends)recipe->steps->values[ENDS].number;
    if (status == DAE_OK)
        status = dae_scaling_make(out, recipe->steps, NULL, 1);
    dae_release(recipe);
    return status;
}

#endif
