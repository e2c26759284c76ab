/* What is chosen where options are left out: a table of cases, by what the data are. */
#include "train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"
#include "text.h"

/* ---- What the data are -------------------------------------------------------------------------------- */

/* The length of a signal, or the smaller side of a picture, and all values of it. */
typedef struct extent {
    size_t side;
    double size;
} extent;

typedef struct look {
    size_t count;
    shape common;               /* 0 where samples differ */
    size_t least[DAE_MAX_RANK]; /* of each dimension */
    extent *extents;            /* [count], the smallest side first */
    double rate;                /* of sound; 0 where none is known */
    bool is_table;              /* a file of columns */
    double low, high, stddev;   /* of some samples */
    double held_out;            /* the share of the data */
    bool has_missing;           /* values that are NaN */
    bool has_infinite;
} look;

enum { MOST_LOOKED_AT = 64, SMALL_SIDE = 48, CROP = 64, VECTOR = 64 };

/* Sums over values, whose first one is taken off for accuracy. */
typedef struct sums {
    double count, first, sum, squares;
} sums;

static void add_values(look *l, sums *s, const float *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        double value = (double)values[i];
        if (isnan(value)) {
            l->has_missing = true;
            continue;
        }
        l->has_infinite = l->has_infinite || isinf(value);
        s->first = s->count == 0 ? value : s->first;
        s->count++;
        s->sum += value - s->first;
        s->squares += (value - s->first) * (value - s->first);
        l->low = fmin(l->low, value);
        l->high = fmax(l->high, value);
    }
}

static bool check_values(const look *l, const sums *s) {
    if (s->count == 0)
        return complain("all values that were looked at are missing: there is nothing to learn");
    if (l->has_infinite)
        return complain("some values are infinite, expected numbers, or NaN where they are missing");
    return l->stddev > 0 ||
           complain("all values that were looked at are the same: there is nothing to learn");
}

static bool look_at_values(look *l, const dae_dataset *data) {
    sums s = {0};
    /* All rows of a table, of which a single one may have something missing. */
    size_t step = l->common.rank == 1 ? 1 : (l->count + MOST_LOOKED_AT - 1) / MOST_LOOKED_AT;
    bool read = true;
    l->low = INFINITY;
    l->high = -INFINITY;
    for (size_t i = 0; read && i < l->count; i += step) {
        shape sample = data_shape(data, i);
        float *values = allocate(shape_size(&sample), sizeof *values);
        read = worked(dae_dataset_read(data, 0, i, 1, NULL, values));
        if (read)
            add_values(l, &s, values, shape_size(&sample));
        free(values);
    }
    double mean = s.count > 0 ? s.sum / s.count : 0;
    l->stddev = s.count > 0 ? sqrt(fmax(s.squares / s.count - mean * mean, 0)) : 0;
    return read && check_values(l, &s);
}

static void look_at_shapes(look *l, const dae_dataset *data) {
    l->count = data_count(data);
    l->common = data_shape(data, DAE_ALL_SAMPLES);
    for (size_t k = 0; k < l->common.rank; k++)
        l->least[k] = l->common.dims[k];
    for (size_t i = 0; i < l->count; i++) {
        shape s = data_shape(data, i);
        for (size_t k = 0; k < s.rank; k++)
            if (l->common.dims[k] == 0 && (i == 0 || s.dims[k] < l->least[k]))
                l->least[k] = s.dims[k];
    }
}

static bool is_picture(const look *l);

static int compare_sides(const void *a, const void *b) {
    size_t x = ((const extent *)a)->side, y = ((const extent *)b)->side;
    return (x > y) - (x < y);
}

static void look_at_extents(look *l, const dae_dataset *data) {
    l->extents = allocate(l->count, sizeof *l->extents);
    for (size_t i = 0; i < l->count; i++) {
        shape s = data_shape(data, i);
        size_t width = s.dims[s.rank - 1], height = is_picture(l) ? s.dims[s.rank - 2] : width;
        l->extents[i] = (extent){height < width ? height : width, (double)shape_size(&s)};
    }
    qsort(l->extents, l->count, sizeof *l->extents, compare_sides);
}

static bool look_at(look *l, const dae_dataset *data) {
    *l = (look){0};
    look_at_shapes(l, data);
    char *rate = data_fact(data, 0, "rate"), *columns = data_fact(data, 0, "columns");
    l->rate = rate != NULL ? strtod(rate, NULL) : 0;
    l->is_table = columns != NULL;
    free(rate);
    free(columns);
    look_at_extents(l, data);
    return look_at_values(l, data);
}

/* ---- Cases -------------------------------------------------------------------------------------------- */

static bool is_picture(const look *l) {
    return l->rate == 0 && !l->is_table &&
           (l->common.rank == 3 ||
            (l->common.rank == 2 && l->least[0] >= 8 && l->least[1] <= 8 * l->least[0]));
}

static size_t count_smaller(const look *l, size_t side) {
    size_t count = 0;
    while (count < l->count && l->extents[count].side < side)
        count++;
    return count;
}

/* The side of pieces, `most` or less: samples that are smaller, which are left out then, have a tenth of all
 * values at most. */
static size_t side_of_pieces(const look *l, size_t most) {
    double all = 0, lost = 0;
    size_t i = 0;
    for (size_t k = 0; k < l->count; k++)
        all += l->extents[k].size;
    while (i + 1 < l->count && l->extents[i].side < most && lost + l->extents[i].size <= all / 10)
        lost += l->extents[i++].size;
    return l->extents[i].side < most ? l->extents[i].side : most;
}

static bool is_large_picture(const look *l) {
    return is_picture(l) && side_of_pieces(l, CROP) > SMALL_SIDE;
}

static bool is_signal(const look *l) {
    return l->common.rank == 2 && !is_picture(l);
}

static bool is_table(const look *l) {
    return l->common.rank == 1 && (l->is_table || l->common.dims[0] < VECTOR);
}

static bool is_vector(const look *l) {
    return l->common.rank == 1;
}

/* What a case sets, each text of its own; NULL for what needs no view. */
typedef struct choice {
    char *view, *noise, *model;
    char *smaller;                           /* why pieces are smaller than usual, or NULL */
    const char *scaling, *batch, *optimizer; /* the last NULL for the usual one */
} choice;

static size_t between(size_t value, size_t low, size_t high) {
    return value < low ? low : value > high ? high : value;
}

/* Noise up to a share of how values vary, in two digits. */
static char *noise_by_stddev(const look *l) {
    char recipe[64];
    double digit = pow(10, floor(log10(l->stddev)) - 1), most = fmax(round(l->stddev / 2 / digit), 1) * digit;
    snprintf(recipe, sizeof recipe, "%.2g", most);
    most = strtod(recipe, NULL);
    worked(dae_recipe_fill(recipe, sizeof recipe, NULL, "gaussian(uniform(0, ?))", &most, 1));
    return text_of("%s", recipe);
}

static bool is_in_unit(const look *l) {
    return l->low >= 0 && l->high <= 1 && l->high > 1.0 / 16;
}

static void set_noise_of_pictures(choice *c, const look *l) {
    c->noise = is_in_unit(l) ? text_of("gaussian(uniform(0, 0.196))") : noise_by_stddev(l);
    c->scaling = is_in_unit(l) ? "none" : "standard";
}

/* Pieces at random places, as many of a sample as make `all`, up to `most`; `sides` is how their size is
 * written. */
static void choose_crops(choice *c, const look *l, const char *sides, size_t side, size_t all, size_t most) {
    size_t smaller = count_smaller(l, side), left = smaller < l->count ? l->count - smaller : 1;
    c->view = text_of("crops(%s, count=%zu%s)", sides, between(all / left, 1, most),
                      smaller > 0 && smaller < l->count ? ", skip=yes" : "");
}

/* Says why pieces are smaller than usual, where samples differ. */
static void explain_side(choice *c, const look *l, size_t side, size_t usual) {
    if (side < usual && l->extents[0].side < l->extents[l->count - 1].side)
        c->smaller = text_of("pieces of %zu, as %zu of %zu samples are smaller than the usual %zu", side,
                             count_smaller(l, usual), l->count, usual);
}

static void choose_squares(choice *c, const look *l, size_t side) {
    char *sides = text_of("%zu, %zu", side, side);
    choose_crops(c, l, sides, side, 2048, 64);
    free(sides);
}

static void choose_large_picture(choice *c, const look *l) {
    size_t crop = side_of_pieces(l, CROP);
    if (l->count == 1)
        c->view = text_of("patches(%zu, %zu, stride=%zu)", crop, crop, crop / 2);
    else
        choose_squares(c, l, crop);
    char *pieces = c->view;
    c->view = text_of("%s | augment(flips=yes, turns=yes)", pieces);
    free(pieces);
    explain_side(c, l, crop, CROP);
    set_noise_of_pictures(c, l);
    c->model = text_of("dncnn(depth=8, channels=32, bias=no)");
    c->optimizer = "adam(3e-3)";
    c->batch = "16";
}

static void choose_small_picture(choice *c, const look *l) {
    size_t rank = l->common.rank, height = l->common.dims[rank - 2], width = l->common.dims[rank - 1];
    if (height == 0 || width == 0) {
        size_t side = side_of_pieces(l, SMALL_SIDE);
        height = width = side < 16 ? side : side / 4 * 4;
        choose_squares(c, l, height);
    } else if (rank == 2) {
        c->view = text_of("patches(%zu, %zu)", height, width);
    }
    set_noise_of_pictures(c, l);
    c->model = height % 4 == 0 && width % 4 == 0 ? text_of("unet(channels=16, depth=2)")
                                                 : text_of("dncnn(depth=6, channels=24)");
    c->batch = "32";
}

/* A length that the network can halve four times. */
static size_t halved_four_times(size_t length) {
    return length < 16 ? 16 : length / 16 * 16;
}

static void choose_signal(choice *c, const look *l) {
    size_t second = halved_four_times(l->rate > 0 ? (size_t)l->rate : 2048), length;
    /* Of one recording, the end is held out, and has room for several pieces. */
    if (l->count == 1)
        length = between((size_t)((double)l->extents[0].side * l->held_out / 4), 16, second);
    else
        length = side_of_pieces(l, second);
    length = halved_four_times(length);
    char *sides = text_of("%zu", length);
    choose_crops(c, l, sides, length, 256, 256);
    free(sides);
    explain_side(c, l, length, second);
    c->noise = text_of("gaussian(snr=uniform(0, 20))");
    c->model = text_of("signal_unet(channels=8, depth=4)");
    c->optimizer = "adam(3e-3)";
    c->scaling = "standard";
    c->batch = "8";
}

static void choose_table(choice *c, const look *l) {
    size_t columns = l->common.dims[0];
    c->view = text_of("series | windows(1)%s", l->has_missing ? " | fill(0)" : "");
    c->noise = text_of("masking(0.2)");
    c->model = text_of("dense_autoencoder(%zu)", between(2 * columns, 16, 512));
    c->scaling = "standard(per=channel)";
    c->batch = "32";
}

static void choose_vector(choice *c, const look *l) {
    c->noise = noise_by_stddev(l);
    c->model = text_of("dense_autoencoder(%zu)", between(l->common.dims[0], 64, 512));
    c->scaling = "standard";
    c->batch = "32";
}

static const struct {
    const char *what;
    bool (*is)(const look *l);
    void (*choose)(choice *c, const look *l);
    const char *view, *noise, *model; /* why */
} cases[] = {
    {"pictures", is_large_picture, choose_large_picture,
     "small pieces of each, in all directions: more to learn from",
     "of another strength for each sample, so that one model serves for all",
     "a residual network: it finds the noise, and takes it off"},
    {"small pictures", is_picture, choose_small_picture, "each whole, or as much of it as the others have",
     "of another strength for each sample, so that one model serves for all",
     "a U-Net, which sees all of such a picture"},
    {"sound or signals", is_signal, choose_signal,
     "a piece of each at a time, of a second where the rate is known",
     "white, as strong as the signal or less, down to 20 dB below it", "a U-Net along time"},
    {"a table of numbers", is_table, choose_table, "each row as a sample, whose columns have a scale each",
     "some cells are set to 0: the network learns what the others say of them",
     "dense layers, as columns have no order"},
    {"arrays of values", is_vector, choose_vector, "each as it is", "of another strength for each sample",
     "dense layers down to a code and up again"},
};

/* ---- The choice --------------------------------------------------------------------------------------- */

static bool set(training *t, enum option_id id, const char *value, const char *why) {
    if (value == NULL || t->a->text[id] != NULL)
        return true;
    if (why != NULL)
        tell("  --%s '%s': %s", options[id].name, value, why);
    return arguments_set(t->a, id, value);
}

static bool set_all(training *t, const look *l, const choice *c, size_t at) {
    const arguments *a = t->a;
    bool adds_noise = a->text[OPTION_NOISY] == NULL && a->text[OPTION_BLIND] == NULL;
    bool skips = a->text[OPTION_BLIND] != NULL || l->has_missing;
    t->chose_view = a->text[OPTION_VIEW] == NULL;
    return set(t, OPTION_VIEW, c->view, cases[at].view) &&
           set(t, OPTION_NOISE, adds_noise ? c->noise : "none", adds_noise ? cases[at].noise : NULL) &&
           set(t, OPTION_MODEL, c->model, cases[at].model) &&
           set(t, OPTION_SCALING, c->scaling,
               strcmp(c->scaling, "none") == 0 ? NULL
                                               : "values as the network likes them, near 0 and of size 1") &&
           set(t, OPTION_OBJECTIVE, skips ? "mse(missing=skip)" : "mse",
               skips ? "missing values do not count" : NULL) &&
           set(t, OPTION_OPTIMIZER, c->optimizer != NULL ? c->optimizer : "adam(1e-3)", NULL) &&
           set(t, OPTION_BATCH, c->batch, NULL) &&
           (a->text[OPTION_EPOCHS] != NULL || set(t, OPTION_TIME, "10m", "as long as that takes"));
}

/* A network takes one number of channels. */
static bool check_channels(const look *l) {
    return l->common.rank < 2 || l->common.dims[0] > 0 ||
           complain("samples have different numbers of channels: --source 'png(channels=1)' makes pictures "
                    "grey, --view "
                    "'channels(0, 1)' takes the first channel of sound");
}

/* Recordings of different rates sound alike to a network only where they are the same thing. */
static void compare_rates(const training *t, const look *l) {
    char *rate = data_fact(t->data, DAE_ALL_SAMPLES, "rate");
    if (rate == NULL && l->rate > 0)
        tell("  recordings are of different rates: the network will do worse than with those of one rate");
    free(rate);
}

static bool choose_case(training *t, const look *l) {
    choice c = {0};
    size_t at = 0;
    while (at < sizeof cases / sizeof cases[0] && !cases[at].is(l))
        at++;
    char *sizes = keep(shape_text(&l->common));
    if (at == sizeof cases / sizeof cases[0])
        return complain("samples are %s, expected values, [channels, length] or [channels, height, width]",
                        sizes);
    tell("%zu sample%s of %s, values from %.4g to %.4g: %s", l->count, l->count == 1 ? "" : "s", sizes,
         l->low, l->high, cases[at].what);
    compare_rates(t, l);
    t->seen = text_of("%zu samples of %s, %.9g to %.9g, stddev %.9g", l->count, sizes, l->low, l->high,
                      l->stddev);
    cases[at].choose(&c, l);
    keep(c.view);
    keep(c.noise);
    keep(c.model);
    keep(c.smaller);
    if (!set_all(t, l, &c, at))
        return false;
    if (c.smaller != NULL && t->chose_view)
        tell("  %s", c.smaller);
    return true;
}

bool choose(training *t) {
    look l;
    bool done = look_at(&l, t->data) && (t->a->text[OPTION_VIEW] != NULL || check_channels(&l));
    l.held_out = t->a->number[OPTION_HELD_OUT];
    done = done && choose_case(t, &l);
    free(l.extents);
    return done;
}
