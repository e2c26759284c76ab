/* What must come out the same on every processor: prints a hash of random numbers, of noise, of the parameters of a training and
 * of the file of a model, and one of what the model from that file makes of inputs. cross.sh compares the lines of one
 * processor with those of another.
 *
 * usage: platform FILE   writes the model's file */
#include <dae.h>

#include <stdio.h>
#include <stdlib.h>

enum { SIZE = 48, SAMPLES = 200, HIDDEN = 40, DRAWN = 10 * 1000 };

static void ok(dae_status status) {
    if (status == DAE_OK)
        return;
    fprintf(stderr, "platform: %s\n", dae_last_error());
    exit(1);
}

/* FNV-1a */
static void print_hash(const char *what, const void *bytes, size_t size) {
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3;
    printf("%s 0x%016llx\n", what, (unsigned long long)hash);
}

static void show_draws(void) {
    static uint32_t bits[DRAWN];
    static float uniform[DRAWN], normal[DRAWN];
    dae_rng *rng = NULL;
    ok(dae_rng_create(&rng, 7, 3));
    ok(dae_rng_fill_bits(rng, bits, DRAWN));
    ok(dae_rng_fill_uniform(rng, uniform, DRAWN, -1, 2));
    ok(dae_rng_fill_normal(rng, normal, DRAWN, 0.5, 1.5));
    dae_rng_free(rng);
    print_hash("random words", bits, sizeof bits);
    print_hash("uniform numbers", uniform, sizeof uniform);
    print_hash("normal numbers", normal, sizeof normal);
}

static void show_noise(void) {
    static float x[SAMPLES][SIZE];
    dae_noise *noise = NULL;
    ok(dae_noise_parse(
        &noise, "gaussian(mean=0.5, stddev=0.5) | masking(rate=0.2) | salt_pepper(rate=0.1, low=0, high=1)"
                " | uniform(low=-0.1, high=0.1) | clip(low=0, high=1)"));
    ok(dae_noise_apply(noise, x[0], SAMPLES, 1, (const size_t[]){SIZE}, 5, 2, 9));
    dae_noise_free(noise);
    print_hash("noise", x, sizeof x);
}

/* Signals that integers make, so that no other library's functions count. */
static dae_dataset *new_data(void) {
    static float clean[SAMPLES][SIZE];
    for (size_t sample = 0; sample < SAMPLES; sample++)
        for (size_t i = 0; i < SIZE; i++)
            clean[sample][i] = (float)((sample * 37 + i * (1 + sample % 5) * 11) % 64) / 64;
    dae_dataset *data = NULL, *noisy = NULL;
    dae_noise *noise = NULL;
    ok(dae_dataset_copy_array(&data, clean[0], SAMPLES, 1, (const size_t[]){SIZE}));
    ok(dae_noise_parse(&noise, "gaussian(stddev=0.2)"));
    ok(dae_dataset_corrupt(&noisy, data, noise, DAE_NOISE_FRESH, 11));
    dae_noise_free(noise);
    dae_dataset_free(data);
    return noisy;
}

static dae_model *new_model(void) {
    dae_model *model = NULL;
    dae_layer *layers[3] = {NULL};
    ok(dae_model_create(&model, 1, (const size_t[]){SIZE}));
    ok(dae_layer_create_dense(&layers[0], HIDDEN, "relu"));
    ok(dae_layer_create_dense(&layers[1], HIDDEN / 2, "tanh"));
    ok(dae_layer_create_dense(&layers[2], SIZE, "sigmoid"));
    for (int i = 0; i < 3; i++) {
        ok(dae_model_add(model, layers[i]));
        dae_layer_free(layers[i]);
    }
    ok(dae_model_initialize(model, 1));
    return model;
}

static void train(dae_model *model, dae_dataset *data) {
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    ok(dae_optimizer_create_adam(&adam, 1e-2));
    ok(dae_trainer_create(&trainer, model, adam, "mse"));
    ok(dae_trainer_fit(trainer, data, 3));
    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
}

static void show_parameters(const dae_model *model) {
    size_t count = 0;
    ok(dae_model_get_parameter_count(model, &count));
    float *values = calloc(count, sizeof *values);
    if (values == NULL)
        exit(1);
    ok(dae_model_get_parameters(model, values, count));
    print_hash("parameters after training", values, count * sizeof *values);
    free(values);
}

static void show_file(const char *path) {
    static unsigned char bytes[1 << 20];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        exit(1);
    print_hash("model file", bytes, fread(bytes, 1, sizeof bytes, file));
    fclose(file);
}

static void show_run(const char *path, dae_dataset *data) {
    static float inputs[SAMPLES][SIZE], outputs[SAMPLES][SIZE];
    dae_model *model = NULL;
    dae_session *session = NULL;
    ok(dae_dataset_read(data, 0, 0, SAMPLES, inputs[0], NULL));
    ok(dae_model_load(&model, path));
    ok(dae_session_create(&session, model, SAMPLES));
    ok(dae_session_run(session, inputs[0], SAMPLES, outputs[0]));
    print_hash("outputs of the loaded model", outputs, sizeof outputs);
    dae_session_free(session);
    dae_model_free(model);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: platform FILE\n");
        return 2;
    }
    char text[256];
    ok(dae_set_num_threads(2));
    ok(dae_runtime_describe(text, sizeof text, NULL));
    fprintf(stderr, "%s\n", text);
    show_draws();
    show_noise();
    dae_dataset *data = new_data();
    dae_model *model = new_model();
    train(model, data);
    show_parameters(model);
    ok(dae_model_save(model, argv[1]));
    show_file(argv[1]);
    show_run(argv[1], data);
    dae_model_free(model);
    dae_dataset_free(data);
    return 0;
}
