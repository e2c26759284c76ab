/* What the options of dae train ask for, made. */
#include "train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "say.h"
#include "suit.h"
#include "text.h"

static uint64_t seed_of(const training *t) {
    return (uint64_t)t->a->number[OPTION_SEED];
}

/* ---- Data --------------------------------------------------------------------------------------------- */

/* Moments of one recording, as files of numbers hold them, become one sample. */
static bool join_moments(dae_dataset **data) {
    shape s = data_shape(*data, DAE_ALL_SAMPLES);
    return s.rank != 1 || s.dims[0] != 1 || data_view(data, "series", 0);
}

bool open_training_data(training *t) {
    arguments *a = t->a;
    dae_dataset *noisy = NULL;
    char *path = a->text[OPTION_NOISY] != NULL ? text_of("%s", a->text[OPTION_NOISY]) : NULL;
    bool opened = data_open(&t->data, a->operands, a->operand_count, a->text[OPTION_SOURCE]) &&
                  join_moments(&t->data);
    if (opened && path != NULL) {
        opened = data_open(&noisy, &path, 1, a->text[OPTION_SOURCE]) && join_moments(&noisy) &&
                 pair_with(&noisy, t->data);
        if (opened) {
            dae_dataset_free(t->data);
            t->data = noisy;
        }
    }
    if (opened)
        t->rate = data_fact(t->data, 0, "rate");
    if (!opened && noisy != t->data)
        dae_dataset_free(noisy);
    free(path);
    return opened;
}

static bool view_part(dae_dataset **out, dae_dataset *data, double from, double to) {
    char view[96];
    return worked(dae_recipe_fill(view, sizeof view, NULL, "part(?, ?)", (double[]){from, to}, 2)) &&
           worked_on(dae_dataset_view(out, data, view, 0), "the part that is held out");
}

/* Whether all of the last samples are smaller than what a view cuts out of them. */
static bool are_small(dae_dataset *data, size_t count, const char *view) {
    dae_dataset *last = NULL, *seen = NULL;
    if (!worked(dae_dataset_slice(&last, data, data_count(data) - count, count)))
        return false;
    dae_status status = dae_dataset_view(&seen, last, view, 0);
    dae_dataset_free(seen);
    dae_dataset_free(last);
    return status == DAE_ERROR_SHAPE;
}

/* Samples in a random order, the last of which are held out: more than the share of the options where these
 * have nothing that the view shows. */
static bool split_samples(training *t, dae_dataset *data, const char *view) {
    size_t count = data_count(data),
           held = (size_t)floor((double)count * t->a->number[OPTION_HELD_OUT] + 0.5);
    dae_dataset *shuffled = NULL;
    if (count < 2)
        return complain("there is one sample, and one more is needed to be held out");
    held = held < 1 ? 1 : held >= count ? count - 1 : held;
    bool split = worked(dae_dataset_view(&shuffled, data, "shuffle", seed_of(t)));
    while (split && 2 * held < count && are_small(shuffled, held, view))
        held *= 2;
    split = split && worked(dae_dataset_split(&t->train, &t->validation, shuffled, count - held));
    dae_dataset_free(shuffled);
    return split;
}

/* The view of the options, and what --blind adds. */
static bool view_both(training *t, const char *view) {
    const char *blind = t->a->text[OPTION_BLIND] != NULL ? "blind_spots(rate=0.02, radius=2)" : NULL;
    return data_view(&t->train, view, seed_of(t)) && data_view(&t->validation, view, seed_of(t)) &&
           data_view(&t->train, blind, seed_of(t)) && data_view(&t->validation, blind, seed_of(t));
}

/* Of one sample that is a signal its end is held out, of one picture some of the places that the view
 * shows. */
static bool split(training *t) {
    const char *view = t->a->text[OPTION_VIEW] != NULL ? t->a->text[OPTION_VIEW] : "";
    double held_out = t->a->number[OPTION_HELD_OUT];
    shape s = data_shape(t->data, 0);
    if (data_count(t->data) > 1)
        return split_samples(t, t->data, view) && view_both(t, view);
    if (s.rank == 1)
        return complain("there is one sample, and one more is needed to be held out");
    if (s.rank == 2 && s.dims[1] > 8 * s.dims[0])
        return view_part(&t->train, t->data, 0, 1 - held_out) &&
               view_part(&t->validation, t->data, 1 - held_out, 1) && view_both(t, view);
    dae_dataset *pieces = NULL;
    bool done = worked_on(dae_dataset_view(&pieces, t->data, view, seed_of(t)), "--view") &&
                split_samples(t, pieces, "") && view_both(t, NULL);
    dae_dataset_free(pieces);
    return done;
}

/* The name under which noise draws how strong it is: what stands after the first " as ". */
static char *find_level(const char *noise) {
    const char *as = strstr(noise, " as ");
    return as != NULL
               ? text_of(
                     "%.*s",
                     (int)strspn(as + 4, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"),
                     as + 4)
               : NULL;
}

static bool add_both_noises(training *t) {
    const char *recipe = t->a->text[OPTION_NOISE];
    if (recipe == NULL || strcmp(recipe, "none") == 0)
        return true;
    /* The same seed would give a held-out sample the noise of another one; people's seeds do not have the
     * highest bit. */
    uint64_t held_out_seed = seed_of(t) ^ UINT64_C(1) << 63;
    t->level = find_level(recipe);
    return make_noise(&t->noise, recipe, t->a) &&
           add_noise(&t->train, t->noise, DAE_NOISE_FRESH, seed_of(t)) &&
           add_noise(&t->validation, t->noise, DAE_NOISE_ONCE, held_out_seed) &&
           add_level(&t->train, t->level) && add_level(&t->validation, t->level);
}

bool make_datasets(training *t) {
    dae_dataset_free(t->train);
    dae_dataset_free(t->validation);
    dae_noise_free(t->noise);
    free(t->level);
    t->train = t->validation = NULL;
    t->noise = NULL;
    t->level = NULL;
    return split(t) && add_both_noises(t);
}

/* ---- What is left out ---------------------------------------------------------------------------------- */

static size_t count_told(const dae_dataset *data, const char *fact) {
    char *told = data_fact(data, 0, fact);
    size_t count = told != NULL ? strtoul(told, NULL, 10) : 0;
    free(told);
    return count;
}

void tell_left_out(const training *t) {
    size_t files = count_told(t->data, "left_out"),
           small = count_told(t->train, "skipped") + count_told(t->validation, "skipped");
    if (files > 0)
        tell("  files that cannot be read, and are left out: %zu", files);
    if (small > 0)
        tell("  samples that are smaller than such pieces, and are left out: %zu of %zu", small,
             data_count(t->data));
}

/* ---- The model ---------------------------------------------------------------------------------------- */

/* "input(1, any, any) | ", or with its sizes. */
static char *input_text(const shape *s, bool any) {
    text t = {0};
    text_add(&t, "input(");
    for (size_t i = 0; i < s->rank; i++)
        if (any && i > 0)
            text_add(&t, ", any");
        else
            text_add(&t, i > 0 ? ", %zu" : "%zu", s->dims[i]);
    text_add(&t, ") | ");
    return text_take(&t);
}

/* The text itself where it says what it takes; else for any size, where its layers allow that, else for that
 * of the data. */
static bool parse_model(dae_model **out, const char *network, const shape *s) {
    if (strncmp(network + strspn(network, " \t\n"), "input", 5) == 0)
        return worked_on(dae_model_parse(out, network), "--model");
    for (int any = s->rank > 1; any >= 0; any--) {
        char *input = input_text(s, any != 0), *whole = text_of("%s%s", input, network);
        dae_status status = dae_model_parse(out, whole);
        free(input);
        free(whole);
        if (status == DAE_OK)
            return true;
        if (any == 0)
            return worked_on(status, "--model");
    }
    return false;
}

static char *read_text_file(const char *path) {
    char bytes[16000];
    FILE *file = fopen(path, "r");
    size_t length = file != NULL ? fread(bytes, 1, sizeof bytes, file) : 0;
    bool whole = file != NULL && !ferror(file) && feof(file);
    if (file != NULL)
        fclose(file);
    if (whole)
        return text_of("%.*s", (int)length, bytes);
    complain("cannot read the text of a network from '%s', of at most %zu bytes", path, sizeof bytes - 1);
    return NULL;
}

/* Ready networks give as many channels as they read: the level that they are told is not to come out. */
static bool drop_level(training *t) {
    shape target = {0}, output = {0};
    if (t->level == NULL || !worked(dae_dataset_get_target_shape(t->train, 0, &target.rank, target.dims)) ||
        !worked(dae_model_get_output_shape(t->model, &output.rank, output.dims)))
        return t->level == NULL;
    if (output.rank != target.rank || output.dims[0] != target.dims[0] + 1)
        return true;
    char *layer = text_of("channels(0, %zu)", target.dims[0]);
    bool dropped = worked(dae_model_extend(t->model, layer));
    free(layer);
    return dropped;
}

bool make_model(training *t) {
    arguments *a = t->a;
    shape s = data_shape(t->train, DAE_ALL_SAMPLES);
    if (a->text[OPTION_MODEL][0] == '@') {
        char *network = read_text_file(a->text[OPTION_MODEL] + 1);
        if (network == NULL || !arguments_set(a, OPTION_MODEL, keep(network)))
            return false;
    }
    dae_model_free(t->model);
    t->model = NULL;
    return parse_model(&t->model, a->text[OPTION_MODEL], &s) && drop_level(t) &&
           worked(dae_model_initialize(t->model, seed_of(t))) &&
           worked_on(dae_model_set_scaling(t->model, a->text[OPTION_SCALING], t->train), "--scaling");
}

/* ---- The trainer -------------------------------------------------------------------------------------- */

/* The schedule that is understood where none is given. */
static char *optimizer_text(const training *t) {
    const char *rule = t->a->text[OPTION_OPTIMIZER];
    return strchr(rule, '|') != NULL ? text_of("%s", rule)
                                     : text_of("%s | cosine(epochs=%zu)", rule, t->epochs);
}

bool make_trainer(training *t) {
    const arguments *a = t->a;
    int32_t precision = strcmp(a->text[OPTION_PRECISION], "bfloat16") == 0 ? DAE_PRECISION_BFLOAT16
                                                                           : DAE_PRECISION_FLOAT32;
    char *rule = optimizer_text(t);
    dae_trainer_free(t->trainer);
    dae_optimizer_free(t->optimizer);
    t->trainer = NULL;
    t->optimizer = NULL;
    /* Early stopping remembers the best epoch; its patience is more than there are epochs. */
    bool made = worked_on(dae_optimizer_parse(&t->optimizer, rule), "--optimizer") &&
                worked_on(dae_trainer_create(&t->trainer, t->model, t->optimizer, a->text[OPTION_OBJECTIVE]),
                          "--objective") &&
                worked(dae_trainer_set_batch_size(t->trainer, (size_t)a->number[OPTION_BATCH])) &&
                worked(dae_trainer_set_seed(t->trainer, seed_of(t))) &&
                worked(dae_trainer_set_precision(t->trainer, precision)) &&
                worked(dae_trainer_set_validation(t->trainer, t->validation)) &&
                worked(dae_trainer_set_early_stopping(t->trainer, 10000000, 0));
    free(rule);
    return made;
}

/* ---- Settings ----------------------------------------------------------------------------------------- */

static bool is_noted(const arguments *a, enum option_id id) {
    return options[id].is_setting && a->text[id] != NULL && option_is_of(id, &commands[COMMAND_TRAIN]);
}

static bool note(dae_model *model, const char *name, const char *value) {
    char key[DAE_MAX_NOTE_KEY + 1];
    snprintf(key, sizeof key, "train.%s", name);
    return value == NULL || worked(dae_model_set_note(model, key, value));
}

static char *join_lines(const char *const *lines, size_t count) {
    text t = {0};
    for (size_t i = 0; i < count; i++)
        text_add(&t, "%s%s", i > 0 ? "\n" : "", lines[i]);
    return text_take(&t);
}

bool note_settings(training *t) {
    const arguments *a = t->a;
    bool noted = note(t->model, "level", t->level) && note(t->model, "rate", t->rate) &&
                 note(t->model, "seen", t->seen);
    for (enum option_id id = 0; noted && id < OPTION_COUNT; id++)
        if (is_noted(a, id))
            noted = note(t->model, options[id].name, a->text[id]);
    char *data = join_lines((const char *const *)a->operands, a->operand_count),
         *recordings = join_lines(a->recordings, a->recording_count);
    noted = noted && note(t->model, "data", strlen(data) <= DAE_MAX_NOTE_TEXT ? data : NULL) &&
            (a->recording_count == 0 || note(t->model, "recordings", recordings));
    free(data);
    free(recordings);
    return noted;
}

/* The lines of a note, which live as long as the program. */
static size_t split_lines(char *lines, char ***out) {
    size_t count = 0;
    *out = NULL;
    for (char *line = lines; line != NULL; count++) {
        char *end = strchr(line, '\n');
        *out = reallocate(*out, count + 1, sizeof **out);
        (*out)[count] = line;
        if (end != NULL)
            *end = '\0';
        line = end != NULL ? end + 1 : NULL;
    }
    keep(*out);
    return count;
}

static bool recall_lists(arguments *a, const dae_model *from) {
    char *data = ask_note(from, "train.data"), *recordings = ask_note(from, "train.recordings"), **lines;
    if (data == NULL && a->operand_count == 0)
        return complain("the checkpoint does not say which data it was trained on: name them");
    keep(data);
    keep(recordings);
    if (a->operand_count == 0)
        a->operand_count = split_lines(data, &a->operands);
    size_t count = a->recording_count == 0 ? split_lines(recordings, &lines) : 0;
    for (size_t i = 0; i < count; i++)
        if (!arguments_set(a, OPTION_RECORDINGS, lines[i]))
            return false;
    return true;
}

bool recall_settings(training *t, dae_model *from) {
    arguments *a = t->a;
    for (enum option_id id = 0; id < OPTION_COUNT; id++) {
        char key[DAE_MAX_NOTE_KEY + 1];
        snprintf(key, sizeof key, "train.%s", options[id].name);
        char *first = options[id].is_setting && option_is_of(id, a->command) ? ask_note(from, key) : NULL;
        if (keep(first) == NULL)
            continue;
        if (a->given[id] && strcmp(first, a->text[id]) != 0 && a->text[id][0] != '@')
            return complain("--%s is '%s', the training that goes on has '%s'; leave it out, or start anew "
                            "without --resume",
                            options[id].name, a->text[id], first);
        if (!arguments_set(a, id, first))
            return false;
    }
    return recall_lists(a, from);
}

char *spell_out(const arguments *a) {
    text t = {0};
    text_add(&t, "dae train");
    for (size_t i = 0; i < a->operand_count; i++) {
        text_add(&t, " ");
        text_add_word(&t, a->operands[i]);
    }
    for (enum option_id id = 0; id < OPTION_COUNT; id++) {
        bool is_time = id == OPTION_TIME && a->text[id] != NULL && a->text[OPTION_EPOCHS] == NULL;
        if (!is_time && !is_noted(a, id))
            continue;
        text_add(&t, " --%s", options[id].name);
        if (options[id].value != VALUE_NONE) {
            text_add(&t, " ");
            text_add_word(&t, a->text[id]);
        }
    }
    for (size_t i = 0; i < a->recording_count; i++) {
        text_add(&t, " --recordings ");
        text_add_word(&t, a->recordings[i]);
    }
    text_add(&t, " -o ");
    text_add_word(&t, a->text[OPTION_OUTPUT]);
    return text_take(&t);
}
