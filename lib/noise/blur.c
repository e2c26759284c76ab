/* Blur: one dimension after the other, each value becomes a mean of its neighbours at distances d of up to
 * round(4 stddev), weighted by exp(-d^2 / (2 stddev^2)), with values reflected at borders (b a | a b). */
#include "core/memory.h"
#include "math/elementary.h"
#include "noise/noise.h"

#include <math.h>
#include <string.h>

enum { COLUMNS = 64 }; /* that are blurred together */

/* out[i] = weights[0] x[i] + sum over j of weights[j] (x[i - j stride] + x[i + j stride]) */
typedef void blur_loop(float *out, const float *x, size_t count, size_t stride, const float *weights,
                       size_t radius);

DAE_DECLARE_LOOP(blur_loop, blur)

#ifdef DAE_KERNELS_TARGET

static inline void blur_strip(float *out, const float *x, size_t count, size_t stride, const float *weights,
                              size_t radius) {
    float sums[COLUMNS];
    for (size_t i = 0; i < count; i++)
        sums[i] = weights[0] * x[i];
    for (size_t j = 1; j <= radius; j++) {
        const float *before = x - j * stride, *after = x + j * stride;
        for (size_t i = 0; i < count; i++)
            sums[i] += weights[j] * (before[i] + after[i]);
    }
    memcpy(out, sums, count * sizeof *out);
}

void DAE_LOOP(blur)(float *out, const float *x, size_t count, size_t stride, const float *weights,
                    size_t radius) {
    for (; count >= COLUMNS; count -= COLUMNS, x += COLUMNS, out += COLUMNS)
        blur_strip(out, x, COLUMNS, stride, weights, radius);
    if (count > 0)
        blur_strip(out, x, count, stride, weights, radius);
}

#else

static blur_loop *const blurs[] = DAE_LOOPS(blur);

struct blur {
    blur_loop *loop;
    size_t radius;
    float *weights; /* [radius + 1] */
    float *lines;   /* what is blurred, with borders */
};

/* exp(-j^2 / (2 stddev^2)), over the sum of all on both sides */
static void make_weights(struct blur *blur, double stddev) {
    double sum = 1;
    blur->weights[0] = 1;
    for (size_t j = 1; j <= blur->radius; j++) {
        double t = (double)j / stddev;
        blur->weights[j] = dae_exp((float)(-0.5 * t * t));
        sum += 2 * (double)blur->weights[j];
    }
    for (size_t j = 0; j <= blur->radius; j++)
        blur->weights[j] = (float)((double)blur->weights[j] / sum);
}

/* Which of `count` values stands at place i - radius: a b c as ... b a | a b c | c b ... */
static size_t reflect(size_t i, size_t radius, size_t count) {
    size_t round = 2 * count, place = (i + round - radius % round) % round;
    return place < count ? place : round - 1 - place;
}

/* x[count, width], rows of which are `row` values apart, along the first of both; width is at most COLUMNS */
static void blur_lines(const struct blur *blur, float *x, size_t count, size_t row, size_t width) {
    for (size_t i = 0; i < count + 2 * blur->radius; i++)
        memcpy(blur->lines + i * width, x + reflect(i, blur->radius, count) * row, width * sizeof *x);
    const float *line = blur->lines + blur->radius * width;
    for (size_t i = 0; i < count; i++, line += width)
        blur->loop(x + i * row, line, width, width, blur->weights, blur->radius);
}

static void blur_row(const struct blur *blur, float *x, size_t count) {
    memcpy(blur->lines + blur->radius, x, count * sizeof *x);
    for (size_t i = 0; i < blur->radius; i++) {
        blur->lines[i] = x[reflect(i, blur->radius, count)];
        size_t after = blur->radius + count + i;
        blur->lines[after] = x[reflect(after, blur->radius, count)];
    }
    blur->loop(x, blur->lines + blur->radius, count, 1, blur->weights, blur->radius);
}

static dae_status blur(const struct dae_noise_sample *sample, const double *p, struct dae_draw from) {
    const struct dae_shape *shape = sample->shape;
    size_t width = dae_noise_length(shape);
    size_t height = p[1] > 1 && shape->rank > 1 ? shape->dims[shape->rank - 2] : 1;
    struct blur blur = {blurs[sample->target], (size_t)floor(4 * p[0] + 0.5), NULL, NULL};
    (void)from;
    if (blur.radius == 0)
        return DAE_OK;
    size_t border = 2 * blur.radius, columns = dae_size_min(width, COLUMNS);
    size_t row_room = width + border, lines_room = height > 1 ? (height + border) * columns : 0;
    blur.weights = dae_allocate_raw(blur.radius + 1 + (row_room > lines_room ? row_room : lines_room),
                                    sizeof(float));
    if (blur.weights == NULL)
        return DAE_ERROR_MEMORY;
    blur.lines = blur.weights + blur.radius + 1;
    make_weights(&blur, p[0]);
    for (float *x = sample->x, *end = x + shape->size; x < end; x += height * width) {
        for (size_t c = 0; height > 1 && c < width; c += COLUMNS)
            blur_lines(&blur, x + c, height, width, dae_size_min(width - c, COLUMNS));
        for (size_t y = 0; y < height; y++)
            blur_row(&blur, x + y * width, width);
    }
    dae_release(blur.weights);
    return DAE_OK;
}

const struct dae_noise_kind dae_noise_blur = {
    {
        .name = "blur",
        .what = "takes means of neighbours, weighted by exp(-d^2 / (2 stddev^2)), reflected at borders",
        .example = "blur(1.5)",
        .parameters =
            {
                {"stddev", "in values", DAE_TYPE_NUMBER, DAE_BY_PLACE, 0, 1000, .of = DAE_DRAWN},
                {"dims", "how many dimensions: 2 for pictures, 1 for signals", DAE_TYPE_COUNT, 0, 1, 2,
                 .fallback = "2", .of = DAE_DRAWN},
            },
    },
    .whole = blur,
};

#endif
