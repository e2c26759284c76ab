/* How fast the library is. See README.md. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    void (*run)(const struct options *options);
    const char *what;
} commands[] = {
    {"train", bench_train, "the reference experiment: seconds per epoch"},
    {"infer", bench_infer, "latency at batch 1, images per second at batch 256, one thread"},
    {"network", bench_network, "a network: milliseconds of a training step and of running a batch"},
    {"noise", bench_noise, "values per second of each kind of noise, one thread"},
    {"load", bench_load, "FILE...: seconds to open IDX files"},
    {"peak", bench_peak, "the most float32 multiply-adds that this processor makes"},
    {"data", bench_data, "FOLDER: write the synthetic images as IDX files"},
    {"describe", bench_describe, "what this build of the library is made of"},
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_usage(FILE *file) {
    fputs("usage: bench COMMAND [OPTIONS]\n\n", file);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(file, "  %-9s %s\n", commands[i].name, commands[i].what);
    fputs("\n"
          "  --data DIR      folder with MNIST's IDX files (default: synthetic images)\n"
          "  --hidden N      units of the hidden layer (128)\n"
          "  --network NAME  one of those that `describe` lists\n"
          "  --noise KIND    once or fresh (once)\n"
          "  --precision P   float32 or bfloat16 (float32)\n"
          "  --threads N     0 for all processors (0)\n"
          "  --epochs N      (5)\n"
          "  --batch N       (256, or what the network is known with)\n"
          "  --samples N     images to train on (60000)\n"
          "  --repeats N     timed calls of infer, noise, load and network (20000, 400, 5, 10)\n"
          "  --started NS    CLOCK_MONOTONIC when this process was started, in nanoseconds\n",
          file);
}

static double parse_number(const char *option, const char *text, double least, double most) {
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end || !(number >= least && number <= most))
        fail("%s: found '%s', expected a number from %.0f to %.0f", option, text, least, most);
    return number;
}

static void set_option(struct options *options, const char *name, const char *value) {
    const struct {
        const char *name;
        size_t *value;
        double least, most;
    } numbers[] = {
        {"--hidden", &options->hidden, 1, 1e6},           {"--threads", &options->threads, 0, 1024},
        {"--epochs", &options->epochs, 1, 1e6},           {"--batch", &options->batch, 1, 1 << 20},
        {"--samples", &options->samples, 1, TRAIN_COUNT}, {"--repeats", &options->repeats, 1, 1e7},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].value = (size_t)parse_number(name, value, numbers[i].least, numbers[i].most);
            return;
        }
    if (strcmp(name, "--data") == 0) {
        options->data = value;
    } else if (strcmp(name, "--network") == 0) {
        options->network = value;
    } else if (strcmp(name, "--noise") == 0) {
        options->is_fresh = strcmp(value, "fresh") == 0;
        if (!options->is_fresh && strcmp(value, "once") != 0)
            fail("--noise: found '%s', expected once or fresh", value);
    } else if (strcmp(name, "--precision") == 0) {
        options->precision = strcmp(value, "bfloat16") == 0 ? DAE_PRECISION_BFLOAT16 : DAE_PRECISION_FLOAT32;
        if (strcmp(value, precision_name(options)) != 0)
            fail("--precision: found '%s', expected float32 or bfloat16", value);
    } else if (strcmp(name, "--started") == 0) {
        options->started = 1e-9 * parse_number(name, value, 0, 9e18);
        options->start = "exec";
    } else {
        print_usage(stderr);
        fail("there is no option %s", name);
    }
}

/* Prints what the library says of itself, the precisions that can be asked for, and the networks. */
void bench_describe(const struct options *options) {
    char text[512];
    (void)options;
    check(dae_runtime_describe(text, sizeof text, NULL));
    fputs("{\"event\": \"summary\", \"benchmark\": \"describe\", \"runtime\": ", stdout);
    print_text(text);
    fputs(", \"precisions\": [\"float32\", \"bfloat16\"], \"networks\": [", stdout);
    for (size_t i = 0; network_name(i); i++)
        printf("%s\"%s\"", i ? ", " : "", network_name(i));
    fputs("]}\n", stdout);
}

int main(int count, char **words) {
    struct options options = {
        .hidden = 128, .epochs = 5, .samples = TRAIN_COUNT, .started = now(), .start = "main"};
    if (count < 2) {
        print_usage(stderr);
        return EXIT_FAILURE;
    }
    int i = 2;
    for (; i < count && strncmp(words[i], "--", 2) == 0; i += 2) {
        if (i + 1 == count)
            fail("%s: a value is expected", words[i]);
        set_option(&options, words[i], words[i + 1]);
    }
    options.words = words + i;
    options.word_count = (size_t)(count - i);
    check(dae_set_num_threads(options.threads));
    for (size_t c = 0; c < COMMAND_COUNT; c++)
        if (strcmp(words[1], commands[c].name) == 0) {
            commands[c].run(&options);
            return EXIT_SUCCESS;
        }
    print_usage(stderr);
    fail("there is no command %s", words[1]);
}
