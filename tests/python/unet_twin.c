/* What examples/python/unet.py does, in C: it prints the same lines. usage: unet_twin FILE */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <dae.h>

enum { BATCH = 8, STEPS = 8, SIZE = 28 * 28, PARAMETERS_MAX = 10000 };

static void try(dae_status status) {
    if (status != DAE_OK) {
        fprintf(stderr, "%s\n", dae_last_error());
        exit(1);
    }
}

/* As of ISO 3309, which zlib has, too. */
static uint32_t crc32_of(const void *data, size_t size) {
    const unsigned char *bytes = data;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
        }
    }
    return ~crc;
}

static void print_end(dae_model *model, const float *noisy) {
    static float clean[BATCH * SIZE];
    static unsigned char file[200000];
    size_t size = 0;
    dae_session *session = NULL;
    try(dae_session_create(&session, model, BATCH));
    try(dae_session_run(session, noisy, BATCH, clean));
    try(dae_model_serialize(model, file, sizeof file, &size));
    printf("output %08" PRIx32 ", file %08" PRIx32 "\n", crc32_of(clean, sizeof clean), crc32_of(file, size));
    dae_session_free(session);
}

static void train(dae_model *model, dae_dataset *noisy, float *inputs, float *targets) {
    static float parameters[PARAMETERS_MAX];
    size_t count = 0;
    dae_optimizer *optimizer = NULL;
    dae_trainer *trainer = NULL;
    try(dae_optimizer_parse(&optimizer, "adamw(0.01)"));
    try(dae_trainer_create(&trainer, model, optimizer, "huber(0.1)"));
    try(dae_model_get_parameter_count(model, &count));
    for (size_t step = 0; step < STEPS; step++) {
        double loss = 0;
        try(dae_dataset_read(noisy, 0, BATCH * step, BATCH, inputs, targets));
        try(dae_trainer_step(trainer, inputs, targets, BATCH, &loss));
        try(dae_model_get_parameters(model, parameters, count));
        printf("step %zu: loss %.17g, parameters %08" PRIx32 "\n", step, loss,
               crc32_of(parameters, count * sizeof *parameters));
    }
    dae_trainer_free(trainer);
    dae_optimizer_free(optimizer);
}

int main(int argc, char **argv) {
    static float inputs[BATCH * SIZE], targets[BATCH * SIZE];
    static char text[4096];
    dae_dataset *digits = NULL, *some = NULL, *noisy = NULL;
    dae_noise *noise = NULL;
    dae_model *model = NULL;
    if (argc != 2) {
        fputs("usage: unet_twin FILE\n", stderr);
        return 2;
    }
    try(dae_dataset_open(&digits, argv[1], NULL));
    try(dae_dataset_slice(&some, digits, 0, BATCH * STEPS));
    try(dae_noise_parse(&noise, "gaussian(0.3) | clip(0, 1)"));
    try(dae_dataset_corrupt(&noisy, some, noise, DAE_NOISE_FRESH, 1));
    try(dae_model_parse(
        &model, "input(1, 28, 28) | conv2d(8, 3, activation=relu) as fine | max_pool(2)"
                " | conv2d(16, 3, activation=relu) | conv2d_transpose(8, 2, stride=2, activation=relu)"
                " | concatenate(fine) | conv2d(1, 3)"));
    try(dae_model_initialize(model, 1));
    try(dae_model_format(model, text, sizeof text, NULL));
    puts(text);
    train(model, noisy, inputs, targets);
    try(dae_dataset_read(noisy, 0, 0, BATCH, inputs, targets));
    print_end(model, inputs);
    dae_model_free(model);
    dae_noise_free(noise);
    dae_dataset_free(noisy);
    dae_dataset_free(some);
    dae_dataset_free(digits);
    return 0;
}
