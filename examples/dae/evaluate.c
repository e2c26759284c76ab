/* dae evaluate: how good a model is. */
#include "commands.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "data.h"
#include "figures.h"
#include "json.h"
#include "say.h"
#include "suit.h"
#include "text.h"

typedef struct evaluation {
    const arguments *a;
    denoiser d;
    dae_dataset *data; /* noisy inputs, clean targets */
    char *noise;       /* what is said of it */
    figures before, after;
    double *gain; /* dB, of each sample */
} evaluation;

/* ---- Data --------------------------------------------------------------------------------------------- */

static bool add_own_noise(evaluation *e) {
    const char *given = e->a->text[OPTION_NOISE];
    dae_noise *noise = NULL;
    e->noise = given != NULL ? text_of("%s", given) : ask_noise(e->d.model);
    if (e->noise == NULL)
        return false;
    if (*e->noise == '\0')
        return complain(
            "%s says of no noise: --noise RECIPE says which is to be added, --noisy PATH has noisy files",
            e->a->text[OPTION_MODEL_FILE]);
    /* Another seed than that of training, which has the same usual one: people's seeds do not have the
     * highest bit. */
    uint64_t seed = (uint64_t)e->a->number[OPTION_SEED] ^ UINT64_C(1) << 63;
    bool added = make_noise(&noise, e->noise, e->a) && add_noise(&e->data, noise, DAE_NOISE_ONCE, seed) &&
                 add_level(&e->data, e->d.level);
    dae_noise_free(noise);
    return added;
}

static bool open_noisy(evaluation *e) {
    char *path = text_of("%s", e->a->text[OPTION_NOISY]);
    dae_dataset *noisy = NULL;
    bool opened = data_open(&noisy, &path, 1, e->a->text[OPTION_SOURCE]) && pair_with(&noisy, e->data);
    e->noise = path;
    if (!opened) {
        dae_dataset_free(noisy);
        return false;
    }
    dae_dataset_free(e->data);
    e->data = noisy;
    return true;
}

static bool open_data(evaluation *e) {
    const arguments *a = e->a;
    if (!data_open(&e->data, a->operands, a->operand_count, a->text[OPTION_SOURCE]))
        return false;
    compare_rates(&e->d, e->data);
    bool paired = a->text[OPTION_NOISY] == NULL || open_noisy(e);
    if (!paired || !data_view(&e->data, series_view(e->data, e->d.model), 0) ||
        !data_view(&e->data, e->d.fill, 0) ||
        !data_view(&e->data, a->text[OPTION_VIEW], (uint64_t)a->number[OPTION_SEED]))
        return false;
    if (a->text[OPTION_NOISY] == NULL)
        return add_own_noise(e);
    return e->d.level == NULL ||
           (a->text[OPTION_LEVEL] != NULL ? add_known_level(&e->data, e->d.level, a->number[OPTION_LEVEL])
                                          : complain("the model is told how strong the noise is: --level X"));
}

/* ---- Figures ------------------------------------------------------------------------------------------ */

/* The channels that the model is to clean, without the level. */
static bool take_before(evaluation *e, size_t count) {
    dae_dataset *plain = NULL;
    bool taken;
    if (e->d.level != NULL) {
        shape s = data_shape(e->data, DAE_ALL_SAMPLES);
        char *view = text_of("channels(0, %zu)", s.dims[0] - 1);
        taken = worked(dae_dataset_view(&plain, e->data, view, 0)) &&
                figures_take(&e->before, plain, count, e->d.peak);
        free(view);
    } else {
        taken = figures_take(&e->before, e->data, count, e->d.peak);
    }
    dae_dataset_free(plain);
    return taken;
}

static bool take_figures(evaluation *e) {
    dae_dataset *clean = NULL;
    size_t count = data_count(e->data);
    tell_more("%zu samples, noise %s", count, e->noise);
    bool taken = worked(dae_model_map(&clean, e->d.model, e->data, e->a->text[OPTION_COVER])) &&
                 figures_take(&e->after, clean, count, e->d.peak) && take_before(e, count);
    dae_dataset_free(clean);
    if (!taken)
        return false;
    e->gain = allocate(count, sizeof *e->gain);
    for (size_t i = 0; i < count; i++)
        e->gain[i] = e->after.values[FIGURE_PSNR][i] - e->before.values[FIGURE_PSNR][i];
    return true;
}

/* The samples of least PSNR, the worst first; returns how many. */
static size_t find_worst(const evaluation *e, size_t *worst, size_t most) {
    const double *psnr = e->after.values[FIGURE_PSNR];
    size_t found = 0;
    for (size_t i = 0; i < e->after.count; i++) {
        size_t at = found;
        while (at > 0 && psnr[i] < psnr[worst[at - 1]])
            at--;
        if (at == most)
            continue;
        found += found < most;
        memmove(worst + at + 1, worst + at, (found - at - 1) * sizeof *worst);
        worst[at] = i;
    }
    return found;
}

/* ---- What is printed ---------------------------------------------------------------------------------- */

/* In a column of `width`, 0 for the last one. */
static void print_estimate(estimate e, int width) {
    char number[64];
    if (isnan(e.margin))
        snprintf(number, sizeof number, "%.4g", e.mean);
    else
        snprintf(number, sizeof number, "%.4g \u00b1 %.2g", e.mean, e.margin);
    printf("  %-*s", width + (width > 0 && !isnan(e.margin)), number); /* the sign has two bytes */
}

static void print_figures(const evaluation *e) {
    static const char *const names[FIGURE_COUNT] = {"PSNR, dB", "SNR, dB", "SSIM", "mean squared error",
                                                    "mean absolute error"};
    printf("%zu sample%s, noise %s\n\n%-20s  %-18s  %s\n", e->after.count, e->after.count == 1 ? "" : "s",
           e->noise, "", "before", "after");
    for (size_t k = 0; k < FIGURE_COUNT; k++) {
        estimate before = estimate_mean(e->before.values[k], e->before.count),
                 after = estimate_mean(e->after.values[k], e->after.count);
        if (isnan(before.mean) && isnan(after.mean))
            continue;
        printf("%-20s", names[k]);
        print_estimate(before, 18);
        print_estimate(after, 0);
        printf("\n");
    }
    printf("%-20s  %-18s", "gained, dB", "");
    print_estimate(estimate_mean(e->gain, e->after.count), 0);
    printf("\n");
}

static void print_worst(const evaluation *e, const size_t *worst, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char *name = data_name(e->data, worst[i]);
        printf("%s%s: %.2f dB, gained %.2f\n", i == 0 ? "\nWorst\n  " : "  ", name,
               e->after.values[FIGURE_PSNR][worst[i]], e->gain[worst[i]]);
        free(name);
    }
}

static void write_figures(const evaluation *e) {
    json_number("samples", (double)e->after.count);
    json_text("noise", e->noise);
    json_number("peak", e->d.peak);
    for (size_t k = 0; k < FIGURE_COUNT; k++) {
        char *name = text_of("input_%s", figure_rows[k].name);
        estimate_write(name, estimate_mean(e->before.values[k], e->before.count));
        estimate_write(figure_rows[k].name, estimate_mean(e->after.values[k], e->after.count));
        free(name);
    }
    estimate_write("gain", estimate_mean(e->gain, e->after.count));
}

static void write_worst(const evaluation *e, const size_t *worst, size_t count) {
    json_begin("worst", '[');
    for (size_t i = 0; i < count; i++) {
        char *name = data_name(e->data, worst[i]);
        json_begin(NULL, '{');
        json_text("name", name);
        json_number("psnr", e->after.values[FIGURE_PSNR][worst[i]]);
        json_number("gain", e->gain[worst[i]]);
        json_end('}');
        free(name);
    }
    json_end(']');
}

/* What the library finds, where it can run the samples as they are. */
static void show_findings(const evaluation *e, bool json) {
    dae_report *report = NULL;
    const char *finding = NULL;
    size_t count = 0;
    if (json)
        json_begin("findings", '[');
    if (e->a->text[OPTION_COVER] == NULL && dae_model_evaluate(&report, e->d.model, e->data) == DAE_OK)
        worked(dae_report_get_finding_count(report, &count));
    for (size_t i = 0; i < count && worked(dae_report_get_finding(report, i, NULL, &finding)); i++) {
        if (json) {
            json_text(NULL, finding);
        } else {
            printf("\n");
            print_wrapped(finding, 0, 0, 100);
        }
    }
    if (json)
        json_end(']');
    dae_report_free(report);
}

static void show(const evaluation *e) {
    bool json = e->a->text[OPTION_JSON] != NULL;
    double asked = e->a->number[OPTION_WORST];
    size_t most = asked < (double)e->after.count ? (size_t)asked : e->after.count;
    size_t *worst = allocate(most + 1, sizeof *worst), found = find_worst(e, worst, most);
    if (json) {
        json_begin(NULL, '{');
        write_figures(e);
        write_worst(e, worst, found);
    } else {
        print_figures(e);
        print_worst(e, worst, found);
    }
    show_findings(e, json);
    if (json)
        json_end('}');
    free(worst);
}

int command_evaluate(arguments *a) {
    evaluation e = {.a = a};
    bool done = denoiser_load(&e.d, a) && open_data(&e) && take_figures(&e);
    if (done)
        show(&e);
    figures_free(&e.before);
    figures_free(&e.after);
    free(e.gain);
    free(e.noise);
    dae_dataset_free(e.data);
    denoiser_free(&e.d);
    return done ? STATUS_DONE : a->text[OPTION_MODEL_FILE] == NULL ? STATUS_USAGE : STATUS_FAILED;
}
