/* What is chosen where options are left out: a table of cases, by what the data are. */
#include "train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"
#include "text.h"

/* ---- What the data are -------------------------------------------------------------------------------- */

typedef struct look {
    size_t count;
    shape common;               /* 0 where samples differ */
    size_t least[DAE_MAX_RANK]; /* of each dimension */
    double rate;                /* of sound; 0 where none is known */
    bool is_table;              /* a file of columns */
    double low, high, stddev;   /* of some samples */
    double held_out;            /* the share of the data */
    bool has_missing;           /* values that are NaN */
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
        s->first = s->count == 0 ? value : s->first;
        s->count++;
        s->sum += value - s->first;
        s->squares += (value - s->first) * (value - s->first);
        l->low = fmin(l->low, value);
        l->high = fmax(l->high, value);
    }
}

static bool look_at_values(look *l, const dae_dataset *data) {
    sums s = {0};
    size_t step = (l->count + MOST_LOOKED_AT - 1) / MOST_LOOKED_AT;
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
    return read && (l->stddev > 0 ||
                    complain("all values that were looked at are the same: there is nothing to learn"));
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

static bool look_at(look *l, const dae_dataset *data) {
    *l = (look){0};
    look_at_shapes(l, data);
    char *rate = data_fact(data, 0, "rate"), *columns = data_fact(data, 0, "columns");
    l->rate = rate != NULL ? strtod(rate, NULL) : 0;
    l->is_table = columns != NULL;
    free(rate);
    free(columns);
    return look_at_values(l, data);
}

/* ---- Cases -------------------------------------------------------------------------------------------- */

static bool is_picture(const look *l) {
    return l->rate == 0 && !l->is_table &&
           (l->common.rank == 3 ||
            (l->common.rank == 2 && l->least[0] >= 8 && l->least[1] <= 8 * l->least[0]));
}

static size_t side(const look *l) {
    size_t rank = l->common.rank;
    return l->least[rank - 1] < l->least[rank - 2] ? l->least[rank - 1] : l->least[rank - 2];
}

static bool is_large_picture(const look *l) {
    return is_picture(l) && side(l) > SMALL_SIDE;
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

static void choose_large_picture(choice *c, const look *l) {
    size_t crop = between(side(l), 16, CROP), count = between(2048 / l->count, 1, 64);
    if (l->count == 1)
        c->view = text_of("patches(%zu, %zu, stride=%zu) | augment(flips=yes, turns=yes)", crop, crop,
                          crop / 2);
    else
        c->view = text_of("crops(%zu, %zu, count=%zu) | augment(flips=yes, turns=yes)", crop, crop, count);
    set_noise_of_pictures(c, l);
    c->model = text_of("dncnn(depth=8, channels=32, bias=no)");
    c->optimizer = "adam(3e-3)";
    c->batch = "16";
}

static void choose_small_picture(choice *c, const look *l) {
    size_t rank = l->common.rank, height = l->least[rank - 2], width = l->least[rank - 1];
    if (l->common.dims[rank - 1] == 0 || l->common.dims[rank - 2] == 0)
        c->view = text_of("crops(%zu, %zu)", height, width);
    else if (rank == 2)
        c->view = text_of("patches(%zu, %zu)", height, width);
    set_noise_of_pictures(c, l);
    c->model = height % 4 == 0 && width % 4 == 0 ? text_of("unet(channels=16, depth=2)")
                                                 : text_of("dncnn(depth=6, channels=24)");
    c->batch = "32";
}

static void choose_signal(choice *c, const look *l) {
    size_t second = l->rate > 0 ? (size_t)l->rate : 2048;
    /* Of one recording, the end is held out, and has room for several pieces. */
    size_t room = l->count == 1 ? (size_t)((double)l->least[1] * l->held_out / 4) : l->least[1];
    size_t length = between(second, 16, room > 16 ? room : 16) / 16 * 16;
    c->view = text_of("crops(%zu, count=%zu)", length, between(256 / l->count, 1, 256));
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
    {"small pictures", is_picture, choose_small_picture, "each as it is",
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

bool choose(training *t) {
    look l;
    choice c = {0};
    size_t at = 0;
    if (!look_at(&l, t->data))
        return false;
    if (t->a->text[OPTION_VIEW] == NULL && !check_channels(&l))
        return false;
    l.held_out = t->a->number[OPTION_HELD_OUT];
    while (at < sizeof cases / sizeof cases[0] && !cases[at].is(&l))
        at++;
    char *sizes = shape_text(&l.common);
    bool known = at < sizeof cases / sizeof cases[0];
    if (known) {
        tell("%zu sample%s of %s, values from %.4g to %.4g: %s", l.count, l.count == 1 ? "" : "s", sizes,
             l.low, l.high, cases[at].what);
        cases[at].choose(&c, &l);
        keep(c.view);
        keep(c.noise);
        keep(c.model);
    } else {
        complain("samples are %s, expected values, [channels, length] or [channels, height, width]", sizes);
    }
    free(sizes);
    bool done = known && set_all(t, &l, &c, at);
    return done;
}
