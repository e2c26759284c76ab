/* dae denoise: files and folders, through a model. */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apart.h"
#include "data.h"
#include "json.h"
#include "outputs.h"
#include "say.h"
#include "pipe.h"
#include "suit.h"
#include "text.h"

/* Samples become what they were before the model took them, such as {28, 28} for {1, 28, 28}, or the moments
 * of a series: those of arrays, which have one shape. Files of pictures and sound have the model's anyway. */
static bool restore_shape(dae_dataset **clean, const dae_dataset *before, bool series) {
    shape was = data_shape(before, DAE_ALL_SAMPLES), is = data_shape(*clean, DAE_ALL_SAMPLES);
    size_t size = shape_size(&was);
    if (!series && (was.rank == is.rank || size == 0 || shape_size(&is) != size))
        return true;
    text view = {0};
    text_add(&view, "%sreshape(", series ? "cache | windows(1) | " : "");
    for (size_t i = 0; i < was.rank; i++)
        text_add(&view, i > 0 ? ", %zu" : "%zu", was.dims[i]);
    text_add(&view, ")");
    bool done = data_view(clean, view.bytes, 0);
    text_free(&view);
    return done;
}

static bool denoise_one(denoiser *d, dae_dataset *data, const output *o, const arguments *a) {
    dae_dataset *part = NULL, *ready = NULL, *clean = NULL;
    bool done = worked(dae_dataset_slice(&part, data, o->first, o->count));
    bool apart = done && goes_apart(d, part), replace = a->text[OPTION_FORCE] != NULL;
    const char *series = done ? series_view(part, d->model) : NULL;
    if (apart)
        done = map_apart(&clean, d, part, a) && output_save(clean, o->path, part, replace);
    else
        done = done && worked(dae_dataset_view(&ready, part, series != NULL ? series : "", 0)) &&
               data_view(&ready, d->fill, 0) &&
               (d->level == NULL || add_known_level(&ready, d->level, a->number[OPTION_LEVEL])) &&
               worked_on(dae_model_map(&clean, d->model, ready, a->text[OPTION_COVER]), o->path) &&
               restore_shape(&clean, part, series != NULL) && output_save(clean, o->path, part, replace);
    dae_dataset_free(clean);
    dae_dataset_free(ready);
    dae_dataset_free(part);
    return done;
}

static bool denoise_files(denoiser *d, const arguments *a) {
    dae_dataset *data = NULL;
    outputs o = {0};
    bool json = a->text[OPTION_JSON] != NULL, dry = a->text[OPTION_DRY_RUN] != NULL;
    bool done = data_open(&data, a->operands, a->operand_count, a->text[OPTION_SOURCE]) &&
                outputs_plan(&o, data, a);
    if (done)
        compare_rates(d, data);
    if (done && json)
        json_begin(NULL, '[');
    for (size_t i = 0; done && i < o.count; i++) {
        done = dry || denoise_one(d, data, &o.all[i], a);
        if (done && json)
            json_text(NULL, o.all[i].path);
        else if (done && loudness != QUIET)
            printf("%s\n", o.all[i].path);
        fflush(stdout);
    }
    if (json && o.count > 0)
        json_end(']');
    outputs_free(&o);
    dae_dataset_free(data);
    return done;
}

int command_denoise(arguments *a) {
    denoiser d = {0};
    bool streams = a->text[OPTION_STREAM] != NULL;
    if (a->text[OPTION_MODEL_FILE] == NULL || (!streams && a->text[OPTION_OUTPUT] == NULL)) {
        complain("denoise needs -m MODEL%s", streams ? "" : " and -o OUT, the file or the folder to write");
        return STATUS_USAGE;
    }
    int status = STATUS_FAILED;
    if (denoiser_load(&d, a))
        status = streams ? denoise_stream(&d, a) : denoise_files(&d, a) ? STATUS_DONE : STATUS_FAILED;
    denoiser_free(&d);
    return status;
}
