/* What a training has come to: figures of what was held out, a classical filter beside it, findings, a
 * picture. */
#include "train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "figures.h"
#include "filters.h"
#include "json.h"
#include "progress.h"
#include "say.h"
#include "suit.h"
#include "text.h"

enum { MOST_SAMPLES = 64, MOST_SIDE = 256, SIGNAL_SHOWN = 512, MOST_TEXTS = 24, WIDTH = 100 };

typedef struct outcome {
    size_t samples;
    estimate before, after,
        gain; /* PSNR of samples, in dB; of rows of tables the mean squared error, and the dB */
    bool of_rows;
    filtered filter;
    char *findings[MOST_TEXTS];
    size_t finding_count;
    history h;
    char *picture; /* its path, or NULL */
} outcome;

/* ---- Figures ------------------------------------------------------------------------------------------ */

/* Rows without noise have no PSNR to speak of: the errors of all of them together count. */
static void take_errors(outcome *o, const figures *before, const figures *after) {
    o->before = estimate_mean(before->values[FIGURE_MSE], o->samples);
    o->after = estimate_mean(after->values[FIGURE_MSE], o->samples);
    o->gain = (estimate){10 * log10(o->before.mean / o->after.mean), NAN, o->samples};
}

static bool take_gain(outcome *o, const training *t, dae_dataset *noisy, dae_dataset *clean) {
    figures before = {0}, after = {0};
    double peak = ask_peak(t->model), gain[MOST_SAMPLES];
    bool taken = figures_take(&before, noisy, o->samples, peak) &&
                 figures_take(&after, clean, o->samples, peak);
    for (size_t i = 0; taken && i < o->samples; i++)
        gain[i] = after.values[FIGURE_PSNR][i] - before.values[FIGURE_PSNR][i];
    shape s = data_shape(noisy, 0);
    o->of_rows = s.dims[s.rank - 1] == 1 || s.rank == 1;
    if (taken && o->of_rows) {
        take_errors(o, &before, &after);
    } else if (taken) {
        o->before = estimate_mean(before.values[FIGURE_PSNR], o->samples);
        o->after = estimate_mean(after.values[FIGURE_PSNR], o->samples);
        o->gain = estimate_mean(gain, o->samples);
    }
    figures_free(&before);
    figures_free(&after);
    return taken && find_best_filter(&o->filter, noisy, o->samples, peak);
}

static void add_finding(outcome *o, const char *finding) {
    if (o->finding_count < MOST_TEXTS)
        o->findings[o->finding_count++] = text_of("%s", finding);
}

static bool take_findings(outcome *o, const training *t) {
    dae_report *report = NULL;
    const char *finding = NULL;
    size_t count = 0;
    if (!worked(dae_trainer_get_finding_count(t->trainer, &count)))
        return false;
    for (size_t i = 0; i < count && worked(dae_trainer_get_finding(t->trainer, i, NULL, &finding)); i++)
        add_finding(o, finding);
    if (!has_truth(t) || dae_model_evaluate(&report, t->model, t->validation) != DAE_OK)
        return true;
    worked(dae_report_get_finding_count(report, &count));
    for (size_t i = 0; i < count && worked(dae_report_get_finding(report, i, NULL, &finding)); i++)
        add_finding(o, finding);
    dae_report_free(report);
    return true;
}

static bool take_history(outcome *o, const training *t) {
    o->h.epochs = t->done;
    o->h.loss = allocate(t->done, sizeof *o->h.loss);
    o->h.validation_loss = allocate(t->done, sizeof *o->h.loss);
    return worked(dae_trainer_get_history(t->trainer, "loss", o->h.loss, t->done)) &&
           worked(dae_trainer_get_history(t->trainer, "validation_loss", o->h.validation_loss, t->done));
}

/* ---- The picture -------------------------------------------------------------------------------------- */

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* The first channel of a sample, as much of it as is shown. */
static bool copy_shown(float *to, const examples *e, dae_dataset *data, size_t index, bool targets) {
    shape s = data_shape(data, index);
    float *values = allocate(shape_size(&s), sizeof *values);
    bool read = worked(dae_dataset_read(data, 0, index, 1, targets ? NULL : values, targets ? values : NULL));
    size_t width = s.dims[s.rank - 1];
    for (size_t y = 0; read && y < e->height; y++)
        memcpy(to + y * e->width, values + y * width, e->width * sizeof *to);
    free(values);
    return read;
}

static void find_range(examples *e, size_t size) {
    e->low = INFINITY;
    e->high = -INFINITY;
    for (size_t i = 0; i < e->count * size; i++) {
        e->low = fmin(e->low, (double)e->clean[i]);
        e->high = fmax(e->high, (double)e->clean[i]);
    }
    if (e->height == 1) { /* noise goes beyond it */
        double more = (e->high - e->low) / 4;
        e->low -= more;
        e->high += more;
    }
    if (!(e->high > e->low))
        e->high = e->low + 1;
}

static bool show_examples(examples *e, dae_dataset *noisy, dae_dataset *clean) {
    shape s = data_shape(noisy, 0);
    size_t count = data_count(noisy);
    for (size_t i = 1; i < least(count, MOST_EXAMPLES); i++) { /* as much as all have */
        shape other = data_shape(noisy, i * count / MOST_EXAMPLES);
        for (size_t k = 0; k < s.rank; k++)
            s.dims[k] = least(s.dims[k], other.dims[k]);
    }
    e->count = least(count, MOST_EXAMPLES);
    e->height = s.rank == 3 ? least(s.dims[1], MOST_SIDE) : 1;
    e->width = least(s.dims[s.rank - 1], s.rank == 3 ? MOST_SIDE : SIGNAL_SHOWN);
    size_t size = e->height * e->width;
    bool read = true;
    float **arrays[] = {&e->before, &e->after, &e->clean};
    for (size_t k = 0; k < 3; k++)
        *arrays[k] = allocate(e->count * size, sizeof(float));
    for (size_t i = 0; read && i < e->count; i++) {
        size_t at = i * count / MOST_EXAMPLES;
        read = copy_shown(e->before + i * size, e, noisy, at, false) &&
               copy_shown(e->after + i * size, e, clean, at, false) &&
               copy_shown(e->clean + i * size, e, noisy, at, true);
    }
    find_range(e, size);
    return read;
}

static bool draw(outcome *o, const training *t, dae_dataset *noisy, dae_dataset *clean) {
    examples e = {0};
    shape s = data_shape(noisy, 0);
    bool shown = !has_truth(t) || s.rank < 2 || s.dims[s.rank - 1] < 8 || show_examples(&e, noisy, clean);
    char *network = text_of("%s, noise %s", t->a->text[OPTION_MODEL], t->a->text[OPTION_NOISE]);
    o->picture = text_of("%s", t->picture);
    if (!shown || !draw_report(o->picture, network, &o->h, &e)) {
        free(o->picture);
        o->picture = NULL;
    }
    free(network);
    free(e.before);
    free(e.after);
    free(e.clean);
    return shown;
}

/* ---- What is printed ---------------------------------------------------------------------------------- */

static void print_gain(const outcome *o) {
    if (o->of_rows) {
        printf("%zu samples that were held out: mean squared error %.4g before, %.4g after, %.2f dB gained\n",
               o->samples, o->before.mean, o->after.mean, o->gain.mean);
        return;
    }
    printf("%zu sample%s held out: PSNR %.2f dB before, %.2f dB after, %.2f", o->samples,
           o->samples == 1 ? " that was" : "s that were", o->before.mean, o->after.mean, o->gain.mean);
    if (!isnan(o->gain.margin))
        printf(" \u00b1 %.2g", o->gain.margin);
    printf(" dB gained\n");
    if (!isnan(o->filter.psnr))
        printf("%s, the best of such filters for these samples, tuned on the clean ones: %.2f dB; the model "
               "is %.2f dB %s\n",
               o->filter.name, o->filter.psnr, fabs(o->after.mean - o->filter.psnr),
               o->after.mean >= o->filter.psnr ? "better" : "worse");
}

static void print_outcome(const outcome *o, const training *t) {
    char time[32];
    size_t parameters = 0;
    format_time(t->seconds, time, sizeof time);
    worked(dae_model_get_parameter_count(t->model, &parameters));
    printf("%s: %zu parameters, %zu of %zu epochs, %s\n", t->a->text[OPTION_OUTPUT], parameters, t->done,
           t->epochs, time);
    if (has_truth(t) && o->samples > 0)
        print_gain(o);
    else
        printf("how clean its answers are, nobody knows: there are no clean samples to compare them with\n");
    for (size_t i = 0; i < o->finding_count; i++)
        print_wrapped(o->findings[i], 0, 0, WIDTH);
    if (o->picture != NULL)
        printf("%s: the loss%s\n", o->picture, has_truth(t) ? ", and examples before, after and clean" : "");
}

static void write_outcome(const outcome *o, const training *t) {
    char *spelled = spell_out(t->a);
    json_begin(NULL, '{');
    json_text("model", t->a->text[OPTION_OUTPUT]);
    json_text("command", spelled);
    json_number("epochs", (double)t->epochs);
    json_number("epochs_done", (double)t->done);
    json_number("seconds", t->seconds);
    json_flag("interrupted", t->stopped);
    json_number("samples", (double)o->samples);
    estimate_write(o->of_rows ? "mse_before" : "psnr_before", o->before);
    estimate_write(o->of_rows ? "mse_after" : "psnr_after", o->after);
    estimate_write("gain", o->gain);
    json_text("filter", isnan(o->filter.psnr) ? NULL : o->filter.name);
    json_number("filter_psnr", o->filter.psnr);
    json_begin("findings", '[');
    for (size_t i = 0; i < o->finding_count; i++)
        json_text(NULL, o->findings[i]);
    json_end(']');
    json_text("picture", o->picture);
    json_end('}');
    free(spelled);
}

/* Where there are more samples than are looked at: in a random order, or all would be pieces of one file. */
static bool view_held_out(dae_dataset **held_out, const training *t) {
    const char *order = data_count(t->validation) > MOST_SAMPLES ? "shuffle" : "";
    return worked(dae_dataset_view(held_out, t->validation, order, (uint64_t)t->a->number[OPTION_SEED]));
}

/* What goes in without the level that the model is told. */
static bool view_plain(dae_dataset **plain, dae_dataset *held_out, const training *t) {
    shape s = data_shape(held_out, 0);
    char *view = t->level != NULL ? text_of("channels(0, %zu)", s.dims[0] - 1) : text_of("%s", "");
    bool done = worked(dae_dataset_view(plain, held_out, view, 0));
    free(view);
    return done;
}

bool summarize(training *t) {
    outcome o = {.before = {NAN, NAN, 0}, .after = {NAN, NAN, 0}, .gain = {NAN, NAN, 0}, .filter = {"", NAN}};
    dae_dataset *held_out = NULL, *noisy = NULL, *clean = NULL;
    bool done = view_held_out(&held_out, t) && view_plain(&noisy, held_out, t) &&
                worked(dae_model_map(&clean, t->model, held_out, NULL));
    o.samples = has_truth(t) ? least(data_count(t->validation), MOST_SAMPLES) : 0;
    done = done && (o.samples == 0 || take_gain(&o, t, noisy, clean)) && take_findings(&o, t) &&
           take_history(&o, t);
    if (done && t->done > 0 && pictures_available)
        done = draw(&o, t, noisy, clean);
    if (done && t->a->text[OPTION_JSON] != NULL)
        write_outcome(&o, t);
    else if (done)
        print_outcome(&o, t);
    for (size_t i = 0; i < o.finding_count; i++)
        free(o.findings[i]);
    free(o.h.loss);
    free(o.h.validation_loss);
    free(o.picture);
    dae_dataset_free(held_out);
    dae_dataset_free(noisy);
    dae_dataset_free(clean);
    return done;
}
