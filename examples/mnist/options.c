#define _DEFAULT_SOURCE
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "output.h"

enum { SCHEDULE_MAX = 200 };

enum {
    OPTION_DATA = 256,
    OPTION_EPOCHS,
    OPTION_BATCH_SIZE,
    OPTION_HIDDEN,
    OPTION_LEARNING_RATE,
    OPTION_SCHEDULE,
    OPTION_OPTIMIZER,
    OPTION_MOMENTUM,
    OPTION_NOISE_MEAN,
    OPTION_NOISE_STDDEV,
    OPTION_CLIP,
    OPTION_NO_CLIP,
    OPTION_NOISE,
    OPTION_HIDDEN_ACTIVATION,
    OPTION_OUTPUT_ACTIVATION,
    OPTION_SEED,
    OPTION_THREADS,
    OPTION_PRECISION,
    OPTION_CHECKPOINT,
    OPTION_CHECKPOINT_EVERY,
    OPTION_RESUME,
    OPTION_OUTPUT,
    OPTION_HELP
};

static const struct option known[] = {
    {"data", required_argument, NULL, OPTION_DATA},
    {"epochs", required_argument, NULL, OPTION_EPOCHS},
    {"batch-size", required_argument, NULL, OPTION_BATCH_SIZE},
    {"hidden", required_argument, NULL, OPTION_HIDDEN},
    {"learning-rate", required_argument, NULL, OPTION_LEARNING_RATE},
    {"schedule", required_argument, NULL, OPTION_SCHEDULE},
    {"optimizer", required_argument, NULL, OPTION_OPTIMIZER},
    {"momentum", required_argument, NULL, OPTION_MOMENTUM},
    {"noise-mean", required_argument, NULL, OPTION_NOISE_MEAN},
    {"noise-stddev", required_argument, NULL, OPTION_NOISE_STDDEV},
    {"clip", no_argument, NULL, OPTION_CLIP},
    {"no-clip", no_argument, NULL, OPTION_NO_CLIP},
    {"noise", required_argument, NULL, OPTION_NOISE},
    {"hidden-activation", required_argument, NULL, OPTION_HIDDEN_ACTIVATION},
    {"output-activation", required_argument, NULL, OPTION_OUTPUT_ACTIVATION},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"threads", required_argument, NULL, OPTION_THREADS},
    {"precision", required_argument, NULL, OPTION_PRECISION},
    {"checkpoint", required_argument, NULL, OPTION_CHECKPOINT},
    {"checkpoint-every", required_argument, NULL, OPTION_CHECKPOINT_EVERY},
    {"resume", no_argument, NULL, OPTION_RESUME},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0}};

/* A word that an option takes, and what it stands for. */
typedef struct choice {
    const char *word;
    int32_t value;
} choice;

static const choice optimizers[] = {{"adam", 0}, {"sgd", 1}, {NULL, 0}};
static const choice noise_modes[] = {{"once", DAE_NOISE_ONCE}, {"fresh", DAE_NOISE_FRESH}, {NULL, 0}};
static const choice precisions[] = {
    {"float32", DAE_PRECISION_FLOAT32}, {"bfloat16", DAE_PRECISION_BFLOAT16}, {NULL, 0}};
static const choice hidden_activations[] = {{"relu", 0}, {"leaky_relu", 1}, {"tanh", 2}, {NULL, 0}};
static const choice output_activations[] = {{"relu", 0}, {"sigmoid", 1}, {"linear", 2}, {NULL, 0}};

static bool parse_choice(const char *option, const char *text, const choice *choices, int32_t *value) {
    for (const choice *c = choices; c->word; c++) {
        if (strcmp(text, c->word) == 0) {
            *value = c->value;
            return true;
        }
    }
    char words[64] = "";
    for (const choice *c = choices; c->word; c++) {
        const char *joint = c == choices ? "" : c[1].word ? ", " : " or ";
        size_t used = strlen(words);
        snprintf(words + used, sizeof words - used, "%s%s", joint, c->word);
    }
    return complain("--%s must be %s, not '%s'", option, words, text);
}

/* Likewise where the word itself is wanted; the choices are numbered from 0. */
static bool parse_word(const char *option, const char *text, const choice *choices, const char **word) {
    int32_t index = 0;
    bool parsed = parse_choice(option, text, choices, &index);
    *word = parsed ? choices[index].word : *word;
    return parsed;
}

static bool parse_count(const char *option, const char *text, uint64_t low, uint64_t high, uint64_t *value) {
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    /* strtoull() would take "-1" and " 1" too. */
    if (!isdigit((unsigned char)text[0]) || *end || errno || number < low || number > high) {
        return complain("--%s must be a whole number from %llu to %llu, not '%s'", option,
                        (unsigned long long)low, (unsigned long long)high, text);
    }
    *value = number;
    return true;
}

static bool parse_size(const char *option, const char *text, size_t low, size_t high, size_t *value) {
    uint64_t number;
    if (!parse_count(option, text, low, high, &number)) {
        return false;
    }
    *value = (size_t)number;
    return true;
}

/* A number; `expected` says in words which, and is true of it when `low` and `high` enclose it. */
static bool parse_real(const char *option, const char *text, double low, double high, const char *expected,
                       double *value) {
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end || !isfinite(number) || number < low || number > high) {
        return complain("--%s must be %s, not '%s'", option, expected, text);
    }
    *value = number;
    return true;
}

static bool parse_path(const char *option, const char *what, const char *text, const char **value) {
    if (!*text) {
        return complain("--%s must name a %s, not ''", option, what);
    }
    *value = text;
    return true;
}

/* A schedule that the library takes. */
static bool parse_schedule(const char *text, const char **value) {
    dae_optimizer *optimizer = NULL;
    char whole[SCHEDULE_MAX + 16];
    if (strlen(text) > SCHEDULE_MAX) {
        return complain("--schedule must have at most %d characters, not %zu", SCHEDULE_MAX, strlen(text));
    }
    snprintf(whole, sizeof whole, "adam(1) | %s", text);
    bool read = dae_optimizer_parse(&optimizer, whole) == DAE_OK ||
                complain("--schedule: %s", dae_last_error());
    dae_optimizer_free(optimizer);
    *value = text;
    return read;
}

/* What noise and learning rates may be at most: within float32 with room for sums of squares. Messages name
 * it. */
static const double largest = 1e6;

static bool set_option(options *chosen, int code, const char *text) {
    int32_t optimizer;
    switch (code) {
    case OPTION_DATA:
        return parse_path("data", "folder", text, &chosen->data);
    case OPTION_OUTPUT:
        return parse_path("output", "folder", text, &chosen->output);
    case OPTION_CHECKPOINT:
        return parse_path("checkpoint", "file", text, &chosen->checkpoint);
    case OPTION_CHECKPOINT_EVERY:
        return parse_count("checkpoint-every", text, 1, 1000000000, &chosen->checkpoint_every);
    case OPTION_RESUME:
        chosen->resume = true;
        return true;
    case OPTION_EPOCHS:
        return parse_size("epochs", text, 1, 1000000, &chosen->epochs);
    case OPTION_BATCH_SIZE:
        return parse_size("batch-size", text, 1, (size_t)1 << 20, &chosen->batch_size);
    case OPTION_HIDDEN:
        return parse_size("hidden", text, 1, (size_t)1 << 20, &chosen->hidden);
    case OPTION_THREADS:
        return parse_size("threads", text, 0, 1024, &chosen->threads);
    case OPTION_SEED:
        return parse_count("seed", text, 0, UINT64_MAX, &chosen->seed);
    case OPTION_LEARNING_RATE:
        return parse_real("learning-rate", text, 1e-30, largest, "a number from 1e-30 to 1e6",
                          &chosen->learning_rate);
    case OPTION_SCHEDULE:
        return parse_schedule(text, &chosen->schedule);
    case OPTION_MOMENTUM:
        return parse_real("momentum", text, 0, nextafter(1, 0), "a number from 0 to below 1",
                          &chosen->momentum);
    case OPTION_NOISE_MEAN:
        return parse_real("noise-mean", text, -largest, largest, "a number from -1e6 to 1e6",
                          &chosen->noise_mean);
    case OPTION_NOISE_STDDEV:
        return parse_real("noise-stddev", text, 0, largest, "a number from 0 to 1e6", &chosen->noise_stddev);
    case OPTION_NOISE:
        return parse_choice("noise", text, noise_modes, &chosen->noise_mode);
    case OPTION_HIDDEN_ACTIVATION:
        return parse_word("hidden-activation", text, hidden_activations, &chosen->hidden_activation);
    case OPTION_OUTPUT_ACTIVATION:
        return parse_word("output-activation", text, output_activations, &chosen->output_activation);
    case OPTION_PRECISION:
        return parse_choice("precision", text, precisions, &chosen->precision);
    case OPTION_OPTIMIZER:
        if (!parse_choice("optimizer", text, optimizers, &optimizer)) {
            return false;
        }
        chosen->sgd = optimizer == 1;
        return true;
    case OPTION_CLIP:
    case OPTION_NO_CLIP:
        chosen->clip = code == OPTION_CLIP;
        return true;
    default: /* getopt_long() has said what is wrong */
        return false;
    }
}

/* A momentum that nobody asks for. */
static const double not_given = -1;

/* What options say of each other, and the defaults of those that need another one. */
static bool check_together(options *chosen) {
    if (chosen->resume && !chosen->checkpoint) {
        return complain("--resume needs --checkpoint FILE, the file to continue from");
    }
    if (chosen->checkpoint_every && !chosen->checkpoint) {
        return complain("--checkpoint-every needs --checkpoint FILE, the file to write");
    }
    if (chosen->momentum >= 0 && !chosen->sgd) {
        return complain("--momentum needs --optimizer sgd: adam has none");
    }
    if (chosen->checkpoint && output_is_written(chosen->output, chosen->checkpoint)) {
        return complain("--checkpoint must not name '%s', which is a file that --output '%s' gets in the end",
                        chosen->checkpoint, chosen->output);
    }
    if (!chosen->checkpoint_every) {
        chosen->checkpoint_every = 50;
    }
    if (chosen->momentum < 0) {
        chosen->momentum = 0.8;
    }
    return true;
}

parse_result options_parse(options *chosen, int argc, char **argv) {
    *chosen = (options){.output = "mnist-output",
                        .epochs = 50,
                        .batch_size = 256,
                        .hidden = 128,
                        .seed = 1,
                        .learning_rate = 1e-3,
                        .schedule = "constant",
                        .momentum = not_given,
                        .noise_mean = 0.5,
                        .noise_stddev = 0.5,
                        .clip = true,
                        .noise_mode = DAE_NOISE_ONCE,
                        .hidden_activation = "relu",
                        .output_activation = "relu"};
    static char program[] = PROGRAM; /* getopt_long() begins its own messages with argv[0] */
    if (argc > 0) {
        argv[0] = program;
    }
    int code;
    while ((code = getopt_long(argc, argv, "h", known, NULL)) != -1) {
        if (code == OPTION_HELP || code == 'h') {
            return PARSE_HELP;
        }
        if (!set_option(chosen, code, optarg)) {
            return PARSE_WRONG;
        }
    }
    if (optind < argc) {
        complain("'%s' is not an option", argv[optind]);
        return PARSE_WRONG;
    }
    if (!check_together(chosen)) {
        return PARSE_WRONG;
    }
    return PARSE_RUN;
}

void options_print_help(void) {
    puts("Usage: " PROGRAM " [OPTION]...\n"
         "       examples/run_mnist.sh [OPTION]...    builds it, gets MNIST and runs it\n"
         "\n"
         "Trains a denoising autoencoder on MNIST: images with noise go in, clean images are to come\n"
         "out. Writes the loss curve, noisy digits above denoised ones, the history and the model.\n"
         "\n"
         "Data\n"
         "  --data DIR                 folder with the MNIST files train-images-idx3-ubyte and\n"
         "                             t10k-images-idx3-ubyte, plain or with .gz, and the labels,\n"
         "                             which only choose the digits of the picture. Without --data\n"
         "                             run_mnist.sh uses all of MNIST, and " PROGRAM " by\n"
         "                             itself the 1,000 + 200 digits that come with the source\n"
         "\n"
         "Noise\n"
         "  --noise-mean X             mean of the Gaussian noise (0.5)\n"
         "  --noise-stddev X           standard deviation of the Gaussian noise (0.5)\n"
         "  --clip, --no-clip          clip noisy images to [0,1], or leave them (clip)\n"
         "  --noise once|fresh         training noise drawn once, or anew in every epoch (once)\n"
         "\n"
         "Model\n"
         "  --hidden N                 units of the hidden layer (128)\n"
         "  --hidden-activation relu|leaky_relu|tanh\n"
         "                             activation of the hidden layer (relu)\n"
         "  --output-activation relu|sigmoid|linear\n"
         "                             activation of the output layer (relu)\n"
         "\n"
         "Training\n"
         "  --epochs N                 passes over the training images (50)\n"
         "  --batch-size N             images in a batch (256)\n"
         "  --optimizer adam|sgd       how weights are changed (adam)\n"
         "  --learning-rate X          step size of the optimizer (0.001)\n"
         "  --schedule TEXT            how the step size changes with the batches (constant), such as\n"
         "                             'cosine(steps=11750)': down to 0 in 50 epochs of 235 batches;\n"
         "                             all of them are in include/dae/optimizer.h\n"
         "  --momentum X               momentum of sgd; adam has none (0.8)\n"
         "  --seed N                   of weights, order and noise (1)\n"
         "  --threads N                threads to use; 0 for all processors (0). The result is\n"
         "                             the same with any number\n"
         "  --precision float32|bfloat16\n"
         "                             of matrix products; bfloat16 is faster where the first line\n"
         "                             of the output names units for it (float32)\n"
         "\n"
         "Interruptions\n"
         "  --checkpoint FILE          write all that training is to FILE every 50 batches, and when\n"
         "                             training ends or is stopped\n"
         "  --checkpoint-every N       every N batches instead\n"
         "  --resume                   continue from that file; everything else as on the first command\n"
         "                             line. The result is the same as without the interruption\n"
         "\n"
         "Output\n"
         "  --output DIR               folder for loss.png, denoised.png, history.csv and\n"
         "                             denoiser.safetensors (mnist-output)\n"
         "  --help                     show this text and end\n"
         "\n"
         "Values in parentheses are the defaults. Ctrl-C ends the training after the current batch and\n"
         "writes everything for the epochs that are done; a second Ctrl-C ends the program at once.\n"
         "\n"
         "Exit status: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C (143 by SIGTERM).");
}
