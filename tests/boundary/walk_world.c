/* The objects, arrays and files that the walk makes its calls with, and two ways to see whether they changed. */
#define _POSIX_C_SOURCE 200809L
#include "network.h"
#include "walk.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

/* ---- Functions to hand over --------------------------------------------------------------------- */

int32_t walk_read(uint64_t first, size_t count, float *out, void *user) {
    (void)user;
    for (size_t i = 0; i < count * SIZE; i++)
        out[i] = (float)((first * SIZE + i) % 16) / 16;
    return 0;
}

static int32_t read_nothing(uint64_t first, size_t count, float *out, void *user) {
    (void)first, (void)count, (void)out, (void)user;
    return 1;
}

void walk_dataset_release(void *user) {
    (void)user;
}

int32_t walk_progress(const dae_progress *progress, void *user) {
    (void)progress, (void)user;
    return 0;
}

int32_t walk_apply(uint64_t done, uint64_t total, void *user) {
    (void)done, (void)total, (void)user;
    return 0;
}

int32_t walk_gradient(float *gradients, size_t count, void *user) {
    (void)gradients, (void)count, (void)user;
    return 0;
}

void *walk_allocate(size_t size, void *user) {
    (void)user;
    return malloc(size);
}

void walk_release(void *memory, void *user) {
    (void)user;
    free(memory);
}

/* ---- Making ------------------------------------------------------------------------------------- */

static void empty_folder(void) {
    DIR *folder = opendir(".");
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        (void)unlink(entry->d_name); /* "." and ".." stay */
    closedir(folder);
}

static void make_arrays(struct world *w) {
    static const unsigned char idx_head[16] = {0, 0, 8, 3, 0, 0, 0, SAMPLES, 0, 0, 0, 2, 0, 0, 0, 3};
    /* gzip of idx_head and zeros */
    static const unsigned char packed[PACKED_SIZE] = {0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02,
                                                      0x03, 0x63, 0x60, 0xE0, 0x60, 0x66, 0x60, 0x60, 0xE0,
                                                      0x02, 0x62, 0x26, 0x20, 0x06, 0xB1, 0xC9, 0x06, 0x00,
                                                      0xC6, 0x26, 0xB1, 0x47, 0x4C, 0x00, 0x00, 0x00};
    w->samples = random_floats(SAMPLES * SIZE, 0, 1, 5);
    w->floats = random_floats(FLOATS, 0, 1, 6);
    w->outputs = random_floats(SAMPLES * SIZE, 0, 1, 7);
    w->parameters = random_floats(PARAMETERS, -1, 1, 8);
    w->nans = must_have(NUMBERS * sizeof *w->nans);
    w->infinities = must_have(NUMBERS * sizeof *w->infinities);
    for (size_t i = 0; i < NUMBERS; i++) {
        w->nans[i] = NAN;
        w->infinities[i] = INFINITY;
    }
    w->words = memset(must_have(WORDS * sizeof *w->words), 1, WORDS * sizeof *w->words);
    w->history = memset(must_have(sizeof *w->history), 0, sizeof *w->history);
    w->buffer = memset(must_have(BUFFER_SIZE), '#', BUFFER_SIZE);
    w->long_text = memset(must_have(5001), 'a', 5000);
    w->long_text[5000] = '\0';
    w->bytes = memset(must_have(BYTES), '#', BYTES);
    w->garbage = memset(must_have(BYTES), 0x5B, BYTES);
    w->idx_bytes = memset(must_have(IDX_SIZE), 100, IDX_SIZE);
    memcpy(w->idx_bytes, idx_head, sizeof idx_head);
    w->packed_bytes = memcpy(must_have(PACKED_SIZE), packed, PACKED_SIZE);
    w->npy_bytes = memset(must_have(NPY_SIZE), ' ', NPY_SIZE);
    memcpy(w->npy_bytes, "\x93NUMPY\1\0\x76\0", 10);
    snprintf((char *)w->npy_bytes + 10, 118,
             "{'descr': '|u1', 'fortran_order': False, 'shape': (%d, 2, 3), }", SAMPLES);
    for (size_t i = 10; i < 127; i++)
        w->npy_bytes[i] = w->npy_bytes[i] == 0 ? ' ' : w->npy_bytes[i];
    w->npy_bytes[127] = '\n';
    w->shape[0] = 2, w->shape[1] = 3;
    w->zero_shape[0] = 2, w->zero_shape[1] = 0;
    w->huge_shape[0] = w->huge_shape[1] = MUCH;
}

static void make_noise(struct world *w) {
    ok(dae_rng_create(&w->rng, 1, 2));
    ok(dae_rng_create(&w->last_rng, 1, 2));
    ok(dae_rng_set_position(w->last_rng, UINT64_MAX));
    ok(dae_noise_parse(&w->noise, "gaussian(stddev=0.5)"));
    ok(dae_noise_parse(&w->used_noise, "masking(rate=0.5)"));
    ok(dae_noise_parse(&w->blur, "blur(0.5)"));
    ok(dae_noise_parse(&w->mixing, "mix(street, snr=10)"));
    w->full_noise = repeated_noise("clip(-1, 1)", 64);
}

static void make_data(struct world *w) {
    static const size_t narrow[] = {3};
    ok(dae_dataset_copy_array(&w->data, w->samples, SAMPLES, 2, w->shape));
    ok(dae_dataset_corrupt(&w->view, w->data, w->used_noise, DAE_NOISE_FRESH, 3));
    ok(dae_dataset_corrupt(&w->blurred, w->data, w->blur, DAE_NOISE_FRESH, 3));
    ok(dae_dataset_copy_array(&w->narrow_data, w->samples, SAMPLES, 1, narrow));
    ok(dae_dataset_copy_array(&w->short_data, w->samples, 4, 2, w->shape));
    ok(dae_dataset_pair(&w->odd_pair, w->data, w->narrow_data));
    ok(dae_dataset_copy_array(&w->nan_data, w->nans, SAMPLES, 2, w->shape));
    ok(dae_dataset_create_callback(&w->failing_data, SAMPLES, 2, w->shape, read_nothing, NULL, NULL));
    ok(dae_dataset_create_callback(&w->endless_data, MUCH, 2, w->shape, read_nothing, NULL, NULL));
}

static dae_model *autoencoder_of(const size_t *shape) {
    dae_model *model = NULL;
    dae_layer *layers[3] = {NULL, NULL, NULL};
    ok(dae_model_create(&model, 2, shape));
    ok(dae_layer_create_dense(&layers[0], HIDDEN, "relu"));
    ok(dae_layer_parse(&layers[1], "dropout(0.25)"));
    ok(dae_layer_parse(&layers[2], "dense(6, activation=sigmoid) as output"));
    for (int i = 0; i < 3; i++) {
        ok(dae_model_add(model, layers[i]));
        dae_layer_free(layers[i]);
    }
    ok(dae_model_initialize(model, 4));
    return model;
}

static void make_models(struct world *w) {
    w->model = autoencoder_of(w->shape);
    ok(dae_model_set_note(w->model, "walked", "yes"));
    w->untrained = autoencoder_of(w->shape);
    ok(dae_layer_create_dense(&w->layer, SIZE, "leaky_relu"));
    ok(dae_layer_create_dense(&w->used_layer, SIZE, "leaky_relu"));
    ok(dae_layer_parse(&w->lost, "add(nowhere)"));
    ok(dae_layer_parse(&w->dropout, "dropout(0.5)"));
    ok(dae_model_create(&w->bare, 2, w->shape));
    ok(dae_model_create(&w->unready, 2, w->shape));
    ok(dae_model_add(w->unready, w->used_layer));
    ok(dae_model_parse(&w->near, "input(2, 3) | conv1d(2, 3)"));
    network narrow = autoencoder(3, 2, "tanh", "linear");
    w->narrow = network_model(&narrow, 3);
    ok(dae_model_slice(&w->part, w->model, NULL, "1"));
    ok(dae_session_create(&w->session, w->model, 9));
    ok(dae_session_create(&w->stale_session, w->untrained, 9));
    ok(dae_stream_create(&w->stream, w->model, NULL));
    ok(dae_stream_create(&w->fresh_stream, w->untrained, NULL));
    ok(dae_stream_push(w->stream, w->samples, 7, w->outputs));
    memset(w->outputs, 0, SAMPLES * SIZE * sizeof *w->outputs);
    ok(dae_model_initialize(w->untrained, 6));
}

/* Its rate is too small to change anything. */
static void make_stuck_trainer(struct world *w) {
    network net = autoencoder(SIZE, 2, "tanh", "linear");
    dae_model *model = network_model(&net, 3);
    w->stuck_trainer = sgd_trainer(model, 1e-30, "mse");
    ok(dae_trainer_fit(w->stuck_trainer, w->data, 4));
    dae_model_free(model);
}

static void make_trainers(struct world *w) {
    ok(dae_optimizer_parse(&w->adam, "adam(0.0625) | average(decay=0.5)"));
    ok(dae_optimizer_create_sgd(&w->sgd, 0.0625));
    ok(dae_trainer_create(&w->trainer, w->model, w->adam, "mse"));
    ok(dae_trainer_create(&w->fresh_trainer, w->untrained, w->adam, "bce"));
    ok(dae_trainer_create(&w->stopped_trainer, w->untrained, w->sgd, "mae"));
    dae_trainer_stop(w->stopped_trainer);
    make_stuck_trainer(w);
    ok(dae_trainer_set_batch_size(w->trainer, 4));
    ok(dae_trainer_set_validation(w->trainer, w->view));
    ok(dae_trainer_set_early_stopping(w->trainer, 100, 0));
    ok(dae_trainer_fit(w->trainer, w->view, 1));
    ok(dae_model_evaluate(&w->report, w->model, w->data));
}

static void make_files(struct world *w) {
    empty_folder();
    w->model_bytes = must_have(BYTES);
    ok(dae_model_serialize(w->model, w->model_bytes, BYTES, &w->model_size));
    write_file(MODEL_FILE, w->model_bytes,
               w->model_size); /* dae_model_save() would wait for the disk each time */
    w->checkpoint_bytes = must_have(BYTES);
    ok(dae_trainer_serialize_checkpoint(w->trainer, w->checkpoint_bytes, BYTES, &w->checkpoint_size));
    write_file(CHECKPOINT_FILE, w->checkpoint_bytes, w->checkpoint_size);
    write_file(IDX_FILE, w->idx_bytes, IDX_SIZE);
    write_file(PACKED_IDX_FILE, w->packed_bytes, PACKED_SIZE);
    write_file(NPY_FILE, w->npy_bytes, NPY_SIZE);
}

void world_make(struct world *w) {
    memset(w, 0, sizeof *w);
    ok(dae_set_num_threads(1)); /* so that there is no way around an allocation that fails */
    make_arrays(w);
    make_noise(w);
    make_data(w);
    make_models(w);
    make_trainers(w);
    make_files(w);
    memset(&w->out, 0x33, sizeof w->out);
}

void world_free(struct world *w) {
    dae_report_free(w->report);
    dae_trainer *trainers[] = {w->trainer, w->fresh_trainer, w->stopped_trainer, w->stuck_trainer};
    for (size_t i = 0; i < sizeof trainers / sizeof *trainers; i++)
        dae_trainer_free(trainers[i]);
    dae_optimizer_free(w->adam);
    dae_optimizer_free(w->sgd);
    dae_session_free(w->session);
    dae_session_free(w->stale_session);
    dae_stream_free(w->stream);
    dae_stream_free(w->fresh_stream);
    dae_model *models[] = {w->model, w->bare, w->unready, w->narrow, w->part, w->untrained, w->near};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        dae_model_free(models[i]);
    dae_layer *layers[] = {w->layer, w->used_layer, w->dropout, w->lost};
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        dae_layer_free(layers[i]);
    dae_dataset *datasets[] = {w->data,     w->view,         w->narrow_data,  w->short_data,
                               w->odd_pair, w->failing_data, w->endless_data, w->nan_data};
    for (size_t i = 0; i < sizeof datasets / sizeof *datasets; i++)
        dae_dataset_free(datasets[i]);
    dae_noise_free(w->noise);
    dae_noise_free(w->used_noise);
    dae_noise_free(w->full_noise);
    dae_noise_free(w->mixing);
    dae_noise_free(w->blur);
    dae_dataset_free(w->blurred);
    dae_rng_free(w->rng);
    dae_rng_free(w->last_rng);
    void *arrays[] = {w->samples,     w->floats,          w->outputs,   w->parameters,   w->nans,
                      w->infinities,  w->words,           w->history,   w->buffer,       w->long_text,
                      w->bytes,       w->garbage,         w->idx_bytes, w->packed_bytes, w->npy_bytes,
                      w->model_bytes, w->checkpoint_bytes};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
}

/* ---- Looking ------------------------------------------------------------------------------------ */

/* FNV-1a. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001B3);
    return hash;
}

static uint64_t mix_model(uint64_t hash, const dae_model *model) {
    unsigned char bytes[BYTES];
    size_t size = 0;
    dae_status status = dae_model_serialize(model, bytes, sizeof bytes, &size);
    if (status == DAE_ERROR_STATE)
        ok(dae_model_format(model, (char *)bytes, sizeof bytes, &size));
    else
        ok(status);
    return mix(hash, bytes, size);
}

static uint64_t mix_noise(uint64_t hash, const dae_noise *noise) {
    char text[4096];
    size_t length;
    ok(dae_noise_format(noise, text, sizeof text, &length));
    return mix(hash, text, length);
}

static uint64_t mix_dataset(uint64_t hash, const dae_dataset *dataset) {
    float inputs[4 * SIZE] = {0}, targets[4 * SIZE] = {0};
    size_t count;
    ok(dae_dataset_get_count(dataset, &count));
    ok(dae_dataset_read(dataset, 1, 0, 4, inputs, targets));
    hash = mix(hash, inputs, sizeof inputs);
    return mix(mix(hash, targets, sizeof targets), &count, sizeof count);
}

/* All that a trainer tells but for seconds. */
static uint64_t mix_trainer(uint64_t hash, const dae_trainer *trainer) {
    double values[8];
    size_t epochs;
    uint64_t steps;
    ok(dae_trainer_get_step_count(trainer, &steps));
    ok(dae_trainer_get_epoch_count(trainer, &epochs));
    ck_assert_uint_le(epochs, sizeof values / sizeof *values);
    const char *column = "";
    for (size_t i = 0; column != NULL; i++) {
        ok(dae_trainer_list_history(trainer, i, &column));
        if (column == NULL || strcmp(column, "seconds") == 0)
            continue;
        ok(dae_trainer_get_history(trainer, column, values, epochs));
        hash = mix(hash, values, epochs * sizeof *values);
    }
    return mix(hash, &steps, sizeof steps);
}

static uint64_t mix_session(uint64_t hash, dae_session *session, const float *samples) {
    float outputs[SAMPLES * SIZE];
    ok(dae_session_run(session, samples, SAMPLES, outputs));
    return mix(hash, outputs, sizeof outputs);
}

static uint64_t mix_file(uint64_t hash, const char *name) {
    size_t size = 0;
    unsigned char *bytes = read_file(name, &size);
    hash = mix(mix(hash, name, strlen(name)), bytes, size);
    free(bytes);
    return hash;
}

/* The sum does not depend on the order in which the system lists the files. */
static uint64_t mix_files(uint64_t hash) {
    uint64_t sum = 0;
    DIR *folder = opendir(".");
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            sum += mix_file(1, entry->d_name);
    closedir(folder);
    return mix(hash, &sum, sizeof sum);
}

static uint64_t mix_arrays(uint64_t hash, const struct world *w) {
    hash = mix(hash, w->samples, SAMPLES * SIZE * sizeof(float));
    hash = mix(hash, w->floats, FLOATS * sizeof(float));
    hash = mix(hash, w->outputs, SAMPLES * SIZE * sizeof(float));
    hash = mix(hash, w->parameters, PARAMETERS * sizeof(float));
    hash = mix(hash, w->words, WORDS * sizeof *w->words);
    hash = mix(hash, w->history, sizeof *w->history);
    hash = mix(hash, w->buffer, BUFFER_SIZE);
    hash = mix(hash, w->bytes, BYTES);
    return mix(hash, &w->out, sizeof w->out);
}

uint64_t world_look(const struct world *w) {
    uint64_t hash = 1, position;
    double number;
    const dae_model *models[] = {w->model, w->bare, w->unready, w->narrow, w->part, w->untrained, w->near};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        hash = mix_model(hash, models[i]);
    const dae_dataset *datasets[] = {w->data, w->view, w->narrow_data, w->short_data, w->odd_pair};
    for (size_t i = 0; i < sizeof datasets / sizeof *datasets; i++)
        hash = mix_dataset(hash, datasets[i]);
    hash = mix_noise(mix_noise(mix_noise(hash, w->noise), w->used_noise), w->full_noise);
    const dae_trainer *trainers[] = {w->trainer, w->fresh_trainer, w->stopped_trainer, w->stuck_trainer};
    for (size_t i = 0; i < sizeof trainers / sizeof *trainers; i++)
        hash = mix_trainer(hash, trainers[i]);
    hash = mix_session(mix_session(hash, w->session, w->samples), w->stale_session, w->samples);
    ok(dae_rng_get_position(w->rng, &position));
    hash = mix(hash, &position, sizeof position);
    ok(dae_report_get(w->report, "psnr", &number));
    hash = mix(hash, &number, sizeof number);
    hash = mix_files(mix_arrays(hash, w));
    hash += dae_get_num_threads() != 1;
    return hash;
}

/* ---- Using -------------------------------------------------------------------------------------- */

/* A few steps tell all options of an optimizer. */
static uint64_t mix_optimizer(uint64_t hash, const struct world *w, dae_optimizer *optimizer) {
    dae_model *model = NULL;
    dae_trainer *trainer = NULL;
    ok(dae_model_copy(&model, w->narrow));
    ok(dae_trainer_create(&trainer, model, optimizer, "mse"));
    for (int i = 0; i < 3; i++)
        ok(dae_trainer_step(trainer, w->samples, w->samples, 4, NULL));
    hash = mix_model(hash, model);
    dae_trainer_free(trainer);
    dae_model_free(model);
    return hash;
}

/* What a layer's options and state are shows when it is added. */
static uint64_t mix_layer(uint64_t hash, dae_layer *layer) {
    dae_model *model = NULL;
    const size_t size = SIZE;
    ok(dae_model_create(&model, 1, &size));
    ok(dae_model_add(model, layer));
    ok(dae_model_initialize(model, 3));
    hash = mix_model(hash, model);
    dae_model_free(model);
    return hash;
}

/* What a stream has seen shows in what comes next. */
static uint64_t mix_stream(uint64_t hash, dae_stream *stream, const float *samples) {
    float outputs[2 * SIZE] = {0};
    ok(dae_stream_push(stream, samples, SIZE, outputs));
    return mix(hash, outputs, sizeof outputs);
}

static uint64_t mix_fit(uint64_t hash, dae_trainer *trainer, const dae_model *model, dae_dataset *data) {
    ok(dae_trainer_fit(trainer, data, 2));
    return mix_model(mix_trainer(hash, trainer), model);
}

uint64_t world_use(struct world *w) {
    uint32_t words[5];
    uint64_t hash = 1;
    hash = mix_optimizer(mix_optimizer(hash, w, w->adam), w, w->sgd);
    hash = mix_layer(mix_layer(hash, w->layer), w->dropout);
    hash = mix_noise(hash, w->noise);
    ok(dae_noise_bind(w->mixing, "street", w->data)); /* it was not yet */
    hash = mix_stream(mix_stream(hash, w->stream, w->samples), w->fresh_stream, w->samples);
    hash = mix_fit(hash, w->trainer, w->model, w->view);
    hash = mix_fit(hash, w->fresh_trainer, w->untrained, w->view);
    dae_status status = dae_trainer_fit(w->stopped_trainer, w->view, 1);
    ck_assert_int_eq(status, DAE_ERROR_CANCELLED);
    hash = mix_model(mix_trainer(hash, w->stopped_trainer), w->untrained);
    ok(dae_model_initialize(w->unready, 8));
    hash = mix_model(hash, w->unready);
    ok(dae_rng_fill_bits(w->rng, words, 5));
    hash = mix(hash, words, sizeof words);
    ok(dae_rng_fill_bits(w->last_rng, words, 5));
    return mix(hash, words, sizeof words);
}

void world_forget(struct world *w, const struct row *row, dae_status status) {
    if (row->written == LENGTH_TOO && status == DAE_ERROR_ARGUMENT) /* a buffer that is too small */
        memset(&w->out.length, 0x33, sizeof w->out.length);
    if (row->written == FLOATS_TOO) {
        float *floats = random_floats(FLOATS, 0, 1, 6);
        memcpy(w->floats, floats, FLOATS * sizeof *floats);
        free(floats);
    }
}
