#include "filters.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "say.h"
#include "text.h"

/* Samples as planes of `height` x `width`; signals have height 1. */
typedef struct plane {
    size_t height, width;
} plane;

static int compare(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* A place as a mirror on the last value shows it. */
static size_t reflect(long at, size_t side) {
    long last = (long)side - 1;
    if (last == 0)
        return 0;
    at = labs(at) % (2 * last);
    return (size_t)(at > last ? 2 * last - at : at);
}

/* The median of windows of (2 `reach` + 1) values along each side. */
static void filter_median(const float *in, float *out, plane p, long reach) {
    float window[49];
    long down = p.height > 1 ? reach : 0;
    for (size_t y = 0; y < p.height; y++)
        for (size_t x = 0; x < p.width; x++) {
            size_t count = 0;
            for (long i = -down; i <= down; i++)
                for (long k = -reach; k <= reach; k++)
                    window[count++] =
                        in[reflect((long)y + i, p.height) * p.width + reflect((long)x + k, p.width)];
            qsort(window, count, sizeof *window, compare);
            out[y * p.width + x] = window[count / 2];
        }
}

/* 10 log10(peak^2 / MSE), at most 100, as in dae/report.h */
static double psnr_of(const float *values, const float *clean, size_t count, double peak) {
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += pow((double)values[i] - (double)clean[i], 2);
    return fmin(10 * log10(peak * peak * (double)count / squares), 100);
}

static bool filter_gaussian(float *values, const shape *s, double stddev) {
    char recipe[64];
    dae_noise *blur = NULL;
    bool done = worked(dae_recipe_fill(recipe, sizeof recipe, NULL, "blur(?)", &stddev, 1)) &&
                worked(dae_noise_parse(&blur, recipe)) &&
                worked(dae_noise_apply(blur, values, 1, s->rank, s->dims, 0, 0, 0));
    dae_noise_free(blur);
    return done;
}

enum { GAUSSIANS = 8, MEDIANS = 3, FILTERS = GAUSSIANS + MEDIANS, MOST_VALUES = 1 << 18 };
static const double stddevs[GAUSSIANS] = {0.35, 0.5, 0.7, 1, 1.4, 2, 2.8, 4};

static void name_filter(char name[48], size_t filter, bool is_picture) {
    if (filter < GAUSSIANS)
        snprintf(name, 48, "a Gaussian of stddev %g", stddevs[filter]);
    else if (is_picture)
        snprintf(name, 48, "a median of %zu x %zu", 2 * (filter - GAUSSIANS) + 3,
                 2 * (filter - GAUSSIANS) + 3);
    else
        snprintf(name, 48, "a median of %zu", 2 * (filter - GAUSSIANS) + 3);
}

static bool run_filter(const float *noisy, float *out, const shape *s, size_t filter) {
    size_t size = shape_size(s), width = s->dims[s->rank - 1];
    bool is_picture = s->rank == 3;
    plane p = {is_picture ? s->dims[1] : 1, width};
    memcpy(out, noisy, size * sizeof *out);
    if (filter < GAUSSIANS)
        return filter_gaussian(out, s, stddevs[filter]);
    for (size_t at = 0; at < size; at += p.height * p.width)
        filter_median(noisy + at, out + at, p, (long)(filter - GAUSSIANS) + 1);
    return true;
}

/* Adds the PSNR of each filter on a sample. */
static bool add_sample(double sums[FILTERS], dae_dataset *data, size_t index, double peak, const shape *s) {
    size_t size = shape_size(s);
    float *values = allocate(3 * size, sizeof *values);
    bool done = worked(dae_dataset_read(data, 0, index, 1, values, values + size));
    for (size_t k = 0; done && k < FILTERS; k++) {
        done = run_filter(values, values + 2 * size, s, k);
        sums[k] += psnr_of(values + 2 * size, values + size, size, peak);
    }
    free(values);
    return done;
}

bool find_best_filter(filtered *best, dae_dataset *data, size_t count, double peak) {
    double sums[FILTERS] = {0};
    size_t used = 0;
    *best = (filtered){"", NAN};
    bool is_picture = data_shape(data, 0).rank == 3;
    for (size_t i = 0; i < count; i++) {
        shape s = data_shape(data, i);
        if (s.rank < 2 || s.dims[s.rank - 1] < 16 || shape_size(&s) > MOST_VALUES)
            continue;
        if (s.rank == 2)
            s = (shape){2, {s.dims[0], s.dims[1]}};
        if (!add_sample(sums, data, i, peak, &s))
            return false;
        used++;
    }
    for (size_t k = 0; used > 0 && k < FILTERS; k++)
        if (isnan(best->psnr) || sums[k] / (double)used > best->psnr) {
            best->psnr = sums[k] / (double)used;
            name_filter(best->name, k, is_picture);
        }
    return true;
}
