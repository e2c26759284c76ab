#include "numbered.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

dae_dataset *numbered(size_t count, size_t rank, const size_t *shape) {
    dae_dataset *dataset = NULL;
    size_t size = count;
    for (size_t i = 0; i < rank; i++)
        size *= shape[i];
    float *values = must_have(size * sizeof *values);
    for (size_t i = 0; i < size; i++)
        values[i] = (float)i;
    ok(dae_dataset_copy_array(&dataset, values, count, rank, shape));
    free(values);
    return dataset;
}

static const size_t picture[] = {CHANNELS, HEIGHT, WIDTH}, signal_[] = {CHANNELS, LENGTH};

dae_dataset *pictures(void) {
    return numbered(PICTURES, 3, picture);
}

dae_dataset *recordings(void) {
    return numbered(SIGNALS, 2, signal_);
}

dae_dataset *view_of(dae_dataset *source, const char *text, uint64_t seed) {
    dae_dataset *view = NULL;
    ok(dae_dataset_view(&view, source, text, seed));
    dae_dataset_free(source);
    return view;
}

size_t count_of(const dae_dataset *dataset) {
    size_t count = 0;
    ok(dae_dataset_get_count(dataset, &count));
    return count;
}

/* "2 x 9 x 11" */
static const char *shape_text(dae_status (*get)(const dae_dataset *, size_t, size_t *, size_t *),
                              const dae_dataset *dataset, size_t index) {
    static char text[100];
    size_t rank = 0, shape[DAE_MAX_RANK];
    ok(get(dataset, index, &rank, shape));
    text[0] = '\0';
    for (size_t i = 0; i < rank; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%zu", i > 0 ? " x " : "", shape[i]);
    return text;
}

void has_shape(const dae_dataset *dataset, const char *inputs, const char *targets) {
    ck_assert_str_eq(shape_text(dae_dataset_get_shape, dataset, DAE_ALL_SAMPLES), inputs);
    ck_assert_str_eq(shape_text(dae_dataset_get_target_shape, dataset, DAE_ALL_SAMPLES), targets);
}

enum { MOST = 20000 };

const float *inputs_of(const dae_dataset *dataset, uint64_t epoch) {
    static float inputs[MOST], targets[MOST];
    memset(inputs, 0, sizeof inputs);
    memset(targets, 0, sizeof targets);
    ok(dae_dataset_read(dataset, epoch, 0, count_of(dataset), inputs, targets));
    same_floats(targets, inputs, MOST);
    return inputs;
}
