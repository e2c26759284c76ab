#include "figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "json.h"
#include "say.h"
#include "text.h"

const figure_row figure_rows[FIGURE_COUNT] = {
    [FIGURE_PSNR] = {"psnr", true}, [FIGURE_SNR] = {"snr", false}, [FIGURE_SSIM] = {"ssim", true},
    [FIGURE_MSE] = {"mse", false},  [FIGURE_MAE] = {"mae", false},
};

/* "psnr(peak=?) | snr | ..." with the peak in place. */
static char *recipe_of(double peak) {
    double peaks[FIGURE_COUNT];
    size_t count = 0, length = 0;
    text t = {0};
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        text_add(&t, "%s%s%s", i > 0 ? " | " : "", figure_rows[i].name,
                 figure_rows[i].has_peak ? "(peak=?)" : "");
        if (figure_rows[i].has_peak)
            peaks[count++] = peak;
    }
    char *recipe = NULL;
    if (worked(dae_recipe_fill(NULL, 0, &length, t.bytes, peaks, count))) {
        recipe = allocate(length + 1, 1);
        worked(dae_recipe_fill(recipe, length + 1, NULL, t.bytes, peaks, count));
    }
    text_free(&t);
    return recipe;
}

/* A model that gives what it takes, of one shape. */
static bool make_identity(dae_model **out, const shape *s) {
    dae_layer *layer = NULL;
    bool made = worked(dae_model_create(out, s->rank, s->dims)) &&
                worked(dae_layer_parse(&layer, "linear")) && worked(dae_model_add(*out, layer)) &&
                worked(dae_model_initialize(*out, 1));
    dae_layer_free(layer);
    return made;
}

static bool same_shape(const shape *a, const shape *b) {
    return a->rank == b->rank && memcmp(a->dims, b->dims, a->rank * sizeof *a->dims) == 0;
}

/* Measures sample `index` with an identity of its shape, which is made where the last one has another. */
static bool take_one(figures *f, dae_dataset *data, size_t index, const char *recipe, dae_model **identity,
                     shape *last) {
    double values[FIGURE_COUNT];
    dae_dataset *sample = NULL;
    shape s = data_shape(data, index);
    if (*identity == NULL || !same_shape(&s, last)) {
        dae_model_free(*identity);
        *identity = NULL;
        if (!make_identity(identity, &s))
            return false;
        *last = s;
    }
    bool taken = worked(dae_dataset_slice(&sample, data, index, 1)) &&
                 worked(dae_model_measure(*identity, sample, recipe, values, FIGURE_COUNT));
    for (size_t k = 0; taken && k < FIGURE_COUNT; k++)
        f->values[k][index] = values[k];
    dae_dataset_free(sample);
    return taken;
}

bool figures_take(figures *f, dae_dataset *data, size_t count, double peak) {
    char *recipe = recipe_of(peak);
    dae_model *identity = NULL;
    shape last = {0};
    bool taken = recipe != NULL;
    f->count = count;
    for (size_t k = 0; k < FIGURE_COUNT; k++)
        f->values[k] = allocate(count, sizeof **f->values);
    for (size_t i = 0; taken && i < count; i++)
        taken = take_one(f, data, i, recipe, &identity, &last);
    dae_model_free(identity);
    free(recipe);
    return taken;
}

void figures_free(figures *f) {
    for (size_t k = 0; k < FIGURE_COUNT; k++)
        free(f->values[k]);
    *f = (figures){0};
}

bool figures_mean_psnr(double *psnr, dae_dataset *data, double peak) {
    char recipe[64];
    dae_model *identity = NULL;
    shape s = data_shape(data, DAE_ALL_SAMPLES);
    *psnr = NAN;
    if (shape_size(&s) == 0)
        return true;
    bool taken = worked(dae_recipe_fill(recipe, sizeof recipe, NULL, "psnr(peak=?)", &peak, 1)) &&
                 make_identity(&identity, &s) && worked(dae_model_measure(identity, data, recipe, psnr, 1));
    dae_model_free(identity);
    return taken;
}

/* The two-sided 95 % point of Student's t, to 1 % (Cornish and Fisher's expansion from 5 degrees of freedom
 * on). */
static double student(double freedom) {
    static const double few[] = {12.706, 4.303, 3.182, 2.776};
    const double z = 1.959964;
    if (freedom < 5)
        return few[(int)freedom - 1];
    return z + (pow(z, 3) + z) / (4 * freedom) +
           (5 * pow(z, 5) + 16 * pow(z, 3) + 3 * z) / (96 * freedom * freedom);
}

estimate estimate_mean(const double *values, size_t count) {
    double sum = 0, squares = 0;
    estimate e = {NAN, NAN, 0};
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i])) {
            sum += values[i];
            e.count++;
        }
    if (e.count == 0)
        return e;
    double n = (double)e.count;
    e.mean = sum / n;
    for (size_t i = 0; i < count; i++)
        squares += isnan(values[i]) ? 0 : pow(values[i] - e.mean, 2);
    if (e.count > 1)
        e.margin = student(n - 1) * sqrt(squares / (n - 1) / n);
    return e;
}

void estimate_write(const char *name, estimate e) {
    json_begin(name, '{');
    json_number("mean", e.mean);
    json_number("low", e.mean - e.margin);
    json_number("high", e.mean + e.margin);
    json_end('}');
}
