#include "suit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "data.h"
#include "say.h"
#include "text.h"

/* ---- The model ---------------------------------------------------------------------------------------- */

/* The value of a step of a view if that is of the kind fill, else NULL; *more: whether there is such a step. */
static char *fill_value(const char *view, size_t step, bool *more) {
    char *kind = ask_step("view", view, step, "kind");
    *more = kind != NULL && kind[0] != '\0';
    char *value = *more && strcmp(kind, "fill") == 0 ? ask_step("view", view, step, "value") : NULL;
    free(kind);
    return value;
}

/* The step of the view that a model was trained with which fills in what is missing; NULL where none does. */
static char *find_fill(const dae_model *model) {
    char *view = ask_note(model, "train.view"), *value = NULL;
    bool more = view != NULL;
    for (size_t i = 0; more && value == NULL; i++)
        value = fill_value(view, i, &more);
    char *fill = value != NULL ? text_of("fill(%s)", value) : NULL;
    free(value);
    free(view);
    return fill;
}

bool denoiser_load(denoiser *d, const arguments *a) {
    const char *path = a->text[OPTION_MODEL_FILE];
    *d = (denoiser){0};
    if (path == NULL)
        return complain("%s needs -m MODEL, a file that dae train has written", a->command->name);
    if (!worked(dae_model_load(&d->model, path)))
        return false;
    d->level = ask_note(d->model, "train.level");
    d->rate = ask_note(d->model, "train.rate");
    d->fill = find_fill(d->model);
    d->peak = ask_peak(d->model);
    if (d->level != NULL && a->text[OPTION_LEVEL] == NULL && a->command == &commands[COMMAND_DENOISE])
        return complain("%s is told how strong the noise is: --level X, as noise has it under '%s'", path,
                        d->level);
    if (d->level == NULL && a->text[OPTION_LEVEL] != NULL)
        return complain("%s is not told how strong the noise is: leave out --level", path);
    return true;
}

void denoiser_free(denoiser *d) {
    dae_model_free(d->model);
    free(d->level);
    free(d->rate);
    free(d->fill);
    *d = (denoiser){0};
}

void compare_rates(const denoiser *d, const dae_dataset *data) {
    char *rate = data_fact(data, 0, "rate");
    shape input = {0};
    worked(dae_model_get_input_shape(d->model, &input.rank, input.dims));
    if (rate != NULL && input.rank == 3)
        tell("the model has learned from pictures, and this is sound: it will do little good");
    else if (rate != NULL && d->rate != NULL && strcmp(rate, d->rate) != 0)
        tell("the model has learned from sound at %s Hz, this is at %s Hz: it will do worse than it could",
             d->rate, rate);
    free(rate);
}

const char *series_view(const dae_dataset *data, const dae_model *model) {
    shape sample = data_shape(data, DAE_ALL_SAMPLES), input = {0};
    worked(dae_model_get_input_shape(model, &input.rank, input.dims));
    if (sample.rank != 1 || input.rank != 2 || sample.dims[0] != input.dims[0])
        return NULL;
    return input.dims[1] == 1 ? "series | windows(1)" : "series";
}

/* ---- Noise -------------------------------------------------------------------------------------------- */

static bool bind_recordings(dae_noise *noise, const char *named, const char *format) {
    const char *equals = strchr(named, '=');
    char *name = text_of("%.*s", (int)(equals - named), named), *path = text_of("%s", equals + 1);
    dae_dataset *recordings = NULL;
    bool bound = data_open(&recordings, &path, 1, format);
    if (bound && data_shape(recordings, DAE_ALL_SAMPLES).rank == 1)
        bound = data_view(&recordings, "series", 0);
    bound = bound && worked_on(dae_noise_bind(noise, name, recordings), "--recordings");
    dae_dataset_free(recordings);
    free(path);
    free(name);
    return bound;
}

bool make_noise(dae_noise **out, const char *recipe, const arguments *a) {
    if (!worked_on(dae_noise_parse(out, recipe), "noise"))
        return false;
    for (size_t i = 0; i < a->recording_count; i++)
        if (!bind_recordings(*out, a->recordings[i], a->text[OPTION_SOURCE]))
            return false;
    return true;
}

/* Puts what was made of a dataset in its place. */
static bool replace(dae_dataset **data, dae_dataset *made) {
    dae_dataset_free(*data);
    *data = made;
    return true;
}

bool add_noise(dae_dataset **data, dae_noise *noise, int32_t mode, uint64_t seed) {
    dae_dataset *noisy = NULL;
    return worked_on(dae_dataset_corrupt(&noisy, *data, noise, mode, seed), "noise") && replace(data, noisy);
}

bool add_level(dae_dataset **data, const char *level) {
    char *view = level != NULL ? text_of("level_map(%s)", level) : NULL;
    bool added = data_view(data, view, 0);
    free(view);
    return added;
}

/* Impulses at no value at all change nothing, but their size is drawn under a name, which level_map()
 * shows. */
bool add_known_level(dae_dataset **data, const char *level, double value) {
    char recipe[256];
    dae_noise *noise = NULL;
    char *form = text_of("impulses(0, uniform(?, ?) as %s)", level);
    bool added = worked(dae_recipe_fill(recipe, sizeof recipe, NULL, form, (double[]){value, value}, 2)) &&
                 worked_on(dae_noise_parse(&noise, recipe), "--level") &&
                 add_noise(data, noise, DAE_NOISE_ONCE, 0) && add_level(data, level);
    dae_noise_free(noise);
    free(form);
    return added;
}

/* ---- Pairs -------------------------------------------------------------------------------------------- */

/* What stands after the last slash, without the ending. */
static size_t stem(const char *path, const char **start) {
    const char *slash = strrchr(path, '/');
    *start = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(*start, '.');
    return dot != NULL && dot != *start ? (size_t)(dot - *start) : strlen(*start);
}

static bool same_stem(const char *a, const char *b) {
    const char *first, *second;
    size_t length = stem(a, &first), other = stem(b, &second);
    return length == other && memcmp(first, second, length) == 0;
}

/* Whether samples come from files of their own. */
static bool has_names(const dae_dataset *data) {
    char *common = data_fact(data, DAE_ALL_SAMPLES, "path"), *first = data_fact(data, 0, "path");
    bool has = common == NULL && first != NULL;
    free(common);
    free(first);
    return has;
}

static bool check_names(const dae_dataset *first, const dae_dataset *targets) {
    bool same = true;
    size_t count = has_names(first) && has_names(targets) ? data_count(first) : 0;
    for (size_t i = 0; same && i < count; i++) {
        char *a = data_fact(first, i, "path"), *b = data_fact(targets, i, "path");
        if (a != NULL && b != NULL && !same_stem(a, b))
            same = complain("%s and %s do not belong together: noisy and clean files need the same names", a,
                            b);
        free(a);
        free(b);
    }
    return same;
}

bool pair_with(dae_dataset **first, dae_dataset *targets) {
    dae_dataset *pair = NULL;
    if (data_count(*first) != data_count(targets))
        return complain("there are %zu noisy samples and %zu others, expected as many", data_count(*first),
                        data_count(targets));
    return check_names(*first, targets) && worked(dae_dataset_pair(&pair, *first, targets)) &&
           replace(first, pair);
}
