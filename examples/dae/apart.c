#include "apart.h"

#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "say.h"
#include "text.h"

bool goes_apart(const denoiser *d, const dae_dataset *data) {
    shape sample = data_shape(data, DAE_ALL_SAMPLES), input = {0};
    worked(dae_model_get_input_shape(d->model, &input.rank, input.dims));
    size_t taken = input.dims[0] - (d->level != NULL);
    return sample.rank == input.rank && sample.rank > 1 && taken == 1 && sample.dims[0] > 1;
}

/* Channel number `channel` of all samples, values [count, 1, ...], into [count, channels, ...]. */
static bool map_channel(float *all, denoiser *d, dae_dataset *data, size_t channel, const arguments *a) {
    shape s = data_shape(data, DAE_ALL_SAMPLES);
    size_t count = data_count(data), size = shape_size(&s) / s.dims[0];
    char *view = text_of("channels(%zu, 1)", channel);
    dae_dataset *one = NULL, *clean = NULL;
    bool done = worked(dae_dataset_view(&one, data, view, 0)) && data_view(&one, d->fill, 0) &&
                (d->level == NULL || add_known_level(&one, d->level, a->number[OPTION_LEVEL])) &&
                worked(dae_model_map(&clean, d->model, one, a->text[OPTION_COVER]));
    for (size_t i = 0; done && i < count; i++)
        done = worked(dae_dataset_read(clean, 0, i, 1, all + (i * s.dims[0] + channel) * size, NULL));
    dae_dataset_free(clean);
    dae_dataset_free(one);
    free(view);
    return done;
}

bool map_apart(dae_dataset **clean, denoiser *d, dae_dataset *data, const arguments *a) {
    shape s = data_shape(data, DAE_ALL_SAMPLES);
    size_t count = data_count(data);
    if (shape_size(&s) == 0)
        return complain("samples of several channels have several sizes in one file, expected one");
    float *all = allocate(count * shape_size(&s), sizeof *all);
    bool done = true;
    for (size_t channel = 0; done && channel < s.dims[0]; channel++)
        done = map_channel(all, d, data, channel, a);
    done = done && worked(dae_dataset_copy_array(clean, all, count, s.rank, s.dims));
    free(all);
    return done;
}
