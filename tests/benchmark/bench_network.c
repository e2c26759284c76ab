/* Networks that people denoise with: a training step, and running them. The data are random: they decide no
 * time, for nothing here has units that are dead for a whole batch. bench_torch.py has the same networks by
 * the same names. */
#include "bench.h"
#include "peak.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WEIGHTS = 8, WARM_UP = 2, SINGLE_FACTOR = 10, SEED = 20, INPUT_STREAM = 1, TARGET_STREAM = 2 };

static const struct network {
    const char *name, *text, *objective;
    size_t batch;
    bool is_set; /* an epoch is one of `--samples` samples, not of one batch */
    /* How often each layer's weights are used for a sample: values of a channel that a convolution gives, or
     * that a transposed one takes; 1 in a dense layer. */
    size_t places[MAX_WEIGHTS];
} networks[] = {
    {.name = "conv_autoencoder", /* that of Keras' documentation */
     .text = "input(1, 28, 28)"
             "| conv2d(32, 3, activation=relu) | max_pool(2) | conv2d(32, 3, activation=relu) | max_pool(2)"
             "| conv2d_transpose(32, 3, stride=2, activation=relu)"
             "| conv2d_transpose(32, 3, stride=2, activation=relu) | conv2d(1, 3, activation=sigmoid)",
     .objective = "bce",
     .batch = 128,
     .places = {28 * 28, 14 * 14, 7 * 7, 14 * 14, 28 * 28}},
    {.name = "residual32", /* input - f(input), f of 8 layers */
     .text = "input(1, 40, 40) | dncnn(8, 32)",
     .objective = "mse",
     .batch = 32,
     .places = {1600, 1600, 1600, 1600, 1600, 1600, 1600, 1600}},
    {.name = "residual64",
     .text = "input(1, 40, 40) | dncnn(8, 64)",
     .objective = "mse",
     .batch = 16,
     .places = {1600, 1600, 1600, 1600, 1600, 1600, 1600, 1600}},
    {.name = "signal",
     .text = "input(1, 1024) | conv1d(32, 9, activation=relu) | conv1d(32, 9, activation=relu)"
             "| conv1d(32, 9, activation=relu) | conv1d(32, 9, activation=relu) | conv1d(1, 9)",
     .objective = "mse",
     .batch = 64,
     .places = {1024, 1024, 1024, 1024, 1024}},
    {.name = "living", /* the reference experiment with units that cannot die */
     .text = "input(784) | dense(128, activation=leaky_relu) | dense(784)",
     .objective = "mse",
     .batch = 256,
     .is_set = true,
     .places = {1, 1}},
};

const char *network_name(size_t index) {
    return index < sizeof networks / sizeof *networks ? networks[index].name : NULL;
}

static struct network find_network(const char *name) {
    if (!name)
        fail("network: --network NAME is expected; `bench describe` lists the names");
    for (size_t i = 0; network_name(i); i++)
        if (strcmp(name, network_name(i)) == 0)
            return networks[i];
    fail("--network: there is no '%s'; `bench describe` lists the names", name);
}

/* Floating point operations for one sample: each weight multiplies and adds once for each of its places; in
 * training likewise for the gradient of the weights and that of the inputs, which the first layer has not. */
static double count_operations(const struct network *network, const dae_model *model, bool is_training) {
    size_t tensors, layer = 0;
    double sum = 0, first = 0;
    check(dae_model_get_tensor_count(model, &tensors));
    for (size_t i = 0; i < tensors; i++) {
        char name[256];
        size_t rank, shape[DAE_MAX_RANK];
        check(dae_model_get_tensor_info(model, i, name, sizeof name, NULL, &rank, shape));
        if (!strstr(name, ".weight"))
            continue;
        double operations = 2.0 * (double)network->places[layer++];
        for (size_t d = 0; d < rank; d++)
            operations *= (double)shape[d];
        first = layer == 1 ? operations : first;
        sum += operations;
    }
    return is_training ? 3 * sum - first : sum;
}

static size_t count_values(const dae_model *model) {
    size_t rank, shape[DAE_MAX_RANK], count = 1;
    check(dae_model_get_input_shape(model, &rank, shape));
    for (size_t d = 0; d < rank; d++)
        count *= shape[d];
    return count;
}

/* Samples of the model's shape with values in [0,1). */
static float *make_samples(const dae_model *model, size_t count, uint64_t stream) {
    size_t size = count * count_values(model);
    float *values = make_array(size, sizeof *values);
    dae_rng *rng;
    check(dae_rng_create(&rng, SEED, stream));
    check(dae_rng_fill_uniform(rng, values, size, 0, 1));
    dae_rng_free(rng);
    return values;
}

/* ---- Training ------------------------------------------------------------------------------------- */

/* When each epoch ended. */
struct ends {
    double *times;
    size_t count;
};

static int32_t on_progress(const dae_progress *progress, void *user) {
    struct ends *ends = user;
    if (progress->event == DAE_PROGRESS_EPOCH)
        ends->times[ends->count++] = now();
    return 0;
}

static dae_trainer *start_trainer(const struct network *network, dae_model *model, struct ends *ends) {
    dae_optimizer *adam;
    dae_trainer *trainer;
    check(dae_optimizer_create_adam(&adam, 1e-3));
    check(dae_trainer_create(&trainer, model, adam, network->objective));
    check(dae_trainer_set_batch_size(trainer, network->batch));
    check(dae_trainer_set_progress(trainer, on_progress, ends));
    dae_optimizer_free(adam);
    return trainer;
}

/* Sorted seconds of so many epochs, after one that does not count. Returns how many processors were used. */
static double time_epochs(const struct network *network, dae_model *model, size_t samples, double *seconds,
                          size_t epochs) {
    size_t rank, shape[DAE_MAX_RANK];
    float *inputs = make_samples(model, samples, INPUT_STREAM);
    float *targets = make_samples(model, samples, TARGET_STREAM);
    struct ends ends = {.times = make_array(epochs + 1, sizeof(double))};
    dae_trainer *trainer = start_trainer(network, model, &ends);
    dae_dataset *input_set, *target_set, *pairs;
    check(dae_model_get_input_shape(model, &rank, shape));
    check(dae_dataset_borrow_array(&input_set, inputs, samples, rank, shape, NULL, NULL));
    check(dae_dataset_borrow_array(&target_set, targets, samples, rank, shape, NULL, NULL));
    check(dae_dataset_pair(&pairs, input_set, target_set));
    double cpu_began = cpu_seconds(), began = now();
    check(dae_trainer_fit(trainer, pairs, epochs + 1));
    double cpus = (cpu_seconds() - cpu_began) / (now() - began);
    for (size_t i = 0; i < epochs; i++)
        seconds[i] = ends.times[i + 1] - ends.times[i];
    sort_values(seconds, epochs);
    dae_trainer_free(trainer);
    dae_dataset_free(pairs);
    dae_dataset_free(target_set);
    dae_dataset_free(input_set);
    free(ends.times);
    free(targets);
    free(inputs);
    return cpus;
}

static void print_training(const struct options *options, const struct network *network, dae_model *model) {
    size_t samples = network->is_set ? options->samples : network->batch;
    size_t repeats = options->repeats ? options->repeats : 10;
    size_t epochs = network->is_set ? (repeats + 3) / 4 : repeats; /* they are hundreds of steps */
    double *seconds = make_array(epochs, sizeof *seconds);
    double cpus = time_epochs(network, model, samples, seconds, epochs);
    double steps = (double)samples / (double)network->batch;
    double gflop = 1e-9 * count_operations(network, model, true) * (double)network->batch;
    double peak = peak_fma_gflops(dae_get_num_threads());
    double least = seconds[0] / steps, median = quantile(seconds, epochs, 0.5) / steps;
    printf("\"samples\": %zu, \"epochs\": %zu, \"gflop_per_step\": %.4g, \"step_min_ms\": %.6g, "
           "\"step_median_ms\": %.6g, \"cpus_used\": %.2f, \"peak_gflops\": %.6g, \"peak_share\": %.6g, ",
           samples, epochs, gflop, 1e3 * least, 1e3 * median, cpus, peak, gflop / least / peak);
    free(seconds);
}

/* ---- Running ---------------------------------------------------------------------------------------- */

/* Samples that one thread runs, in a session of its own. */
struct part {
    pthread_t thread;
    dae_session *session;
    size_t count;
    const float *inputs;
    float *outputs;
};

static void *run_part(void *argument) {
    struct part *part = argument;
    check(dae_session_run(part->session, part->inputs, part->count, part->outputs));
    return NULL;
}

/* Sorted seconds of running all parts at once. */
static void time_runs(struct part *parts, size_t count, double *seconds, size_t repeats) {
    for (size_t i = 0; i < repeats + WARM_UP; i++) {
        double began = now();
        for (size_t p = 1; p < count; p++)
            if (pthread_create(&parts[p].thread, NULL, run_part, &parts[p]) != 0)
                fail("thread %zu could not be started", p);
        run_part(&parts[0]);
        for (size_t p = 1; p < count; p++)
            pthread_join(parts[p].thread, NULL);
        if (i >= WARM_UP)
            seconds[i - WARM_UP] = now() - began;
    }
    sort_values(seconds, repeats);
}

/* Sorted seconds of running `batch` samples cut into parts for so many threads. */
static void time_batch(dae_model *model, size_t batch, size_t threads, double *seconds, size_t repeats) {
    size_t size = count_values(model);
    float *inputs = make_samples(model, batch, INPUT_STREAM);
    float *outputs = make_array(batch * size, sizeof *outputs);
    struct part *parts = make_array(threads, sizeof *parts);
    threads = threads < batch ? threads : batch;
    for (size_t p = 0; p < threads; p++) {
        size_t first = batch * p / threads;
        parts[p].count = batch * (p + 1) / threads - first;
        parts[p].inputs = inputs + first * size;
        parts[p].outputs = outputs + first * size;
        check(dae_session_create(&parts[p].session, model, parts[p].count));
    }
    time_runs(parts, threads, seconds, repeats);
    for (size_t p = 0; p < threads; p++)
        dae_session_free(parts[p].session);
    free(parts);
    free(outputs);
    free(inputs);
}

static void print_inference(const struct options *options, const struct network *network, dae_model *model) {
    size_t batches = 2 * (options->repeats ? options->repeats : 10), singles = SINGLE_FACTOR * batches;
    double *seconds = make_array(singles, sizeof *seconds);
    double gflop = 1e-9 * count_operations(network, model, false) * (double)network->batch;
    time_batch(model, network->batch, dae_get_num_threads(), seconds, batches);
    printf("\"gflop_per_batch\": %.4g, \"batch_min_ms\": %.4f, \"batch_median_ms\": %.4f", gflop,
           1e3 * seconds[0], 1e3 * quantile(seconds, batches, 0.5));
    if (dae_get_num_threads() == 1) {
        time_batch(model, 1, 1, seconds, singles);
        printf(", \"sample_min_us\": %.3f, \"sample_median_us\": %.3f", 1e6 * seconds[0],
               1e6 * quantile(seconds, singles, 0.5));
    }
    free(seconds);
}

void bench_network(const struct options *options) {
    struct network network = find_network(options->network);
    size_t parameters;
    dae_model *model;
    if (options->batch)
        network.batch = options->batch;
    check(dae_model_parse(&model, network.text));
    check(dae_model_initialize(model, 1));
    check(dae_model_get_parameter_count(model, &parameters));
    printf("{\"event\": \"summary\", \"benchmark\": \"network\", \"library\": \"libdae\", \"way\": \"\", "
           "\"network\": \"%s\", \"threads\": %zu, \"parameters\": %zu, \"batch\": %zu, ",
           network.name, dae_get_num_threads(), parameters, network.batch);
    print_training(options, &network, model);
    print_inference(options, &network, model);
    printf("}\n");
    dae_model_free(model);
}
