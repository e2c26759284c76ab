/* dae noise: what a recipe does. */
#include "commands.h"

#include <stdio.h>

#include "data.h"
#include "json.h"
#include "outputs.h"
#include "say.h"
#include "suit.h"

static bool write_one(dae_dataset *noisy, const output *o, const arguments *a) {
    dae_dataset *part = NULL;
    bool done = worked(dae_dataset_slice(&part, noisy, o->first, o->count)) &&
                output_save(part, o->path, part, a->text[OPTION_FORCE] != NULL);
    dae_dataset_free(part);
    tell_more("%s", o->path);
    return done;
}

static void print_paths(const outputs *o, bool json) {
    if (json)
        json_begin(NULL, '[');
    for (size_t i = 0; i < o->count; i++)
        if (json)
            json_text(NULL, o->all[i].path);
        else if (loudness != QUIET)
            printf("%s\n", o->all[i].path);
    if (json)
        json_end(']');
}

int command_noise(arguments *a) {
    dae_dataset *data = NULL;
    dae_noise *noise = NULL;
    outputs o = {0};
    bool dry = a->text[OPTION_DRY_RUN] != NULL;
    bool done = make_noise(&noise, a->operands[1], a) &&
                data_open(&data, a->operands, 1, a->text[OPTION_SOURCE]) && outputs_plan(&o, data, a) &&
                add_noise(&data, noise, DAE_NOISE_ONCE, (uint64_t)a->number[OPTION_SEED]);
    for (size_t i = 0; done && !dry && i < o.count; i++)
        done = write_one(data, &o.all[i], a);
    if (done)
        print_paths(&o, a->text[OPTION_JSON] != NULL);
    outputs_free(&o);
    dae_noise_free(noise);
    dae_dataset_free(data);
    return done ? STATUS_DONE : a->text[OPTION_OUTPUT] == NULL ? STATUS_USAGE : STATUS_FAILED;
}
