#include "options.h"

#include "commands.h"

#define BIT(command) (1U << COMMAND_##command)
#define ALL          ((1U << COMMAND_COUNT) - 1)
#define WRITES       (BIT(TRAIN) | BIT(DENOISE) | BIT(NOISE))
#define READS        (BIT(TRAIN) | BIT(DENOISE) | BIT(EVALUATE) | BIT(NOISE) | BIT(INFO))
#define USES_MODEL   (BIT(DENOISE) | BIT(EVALUATE))
#define MOST_SEED    9007199254740992.0 /* whole numbers up to here are exact as double */

const command commands[COMMAND_COUNT] = {
    [COMMAND_TRAIN] =
        {
            .name = "train",
            .operands = "DATA...",
            .what = "trains a denoiser on clean data, or on noisy data",
            .text = "DATA are files or folders of clean pictures, recordings, arrays or tables, or - for raw "
                    "float32 values "
                    "of one signal on standard input. What is not chosen by options is chosen by what the "
                    "data are, in ten "
                    "minutes of training, and said, with the command line that gives the same model again. A "
                    "part of the "
                    "data is held out, and tells how good the model is.\n"
                    "Ctrl-C keeps the best model so far; --resume goes on from there, also after a crash, "
                    "and ends in the "
                    "same bytes as if nothing had happened.",
            .examples =
                "dae train clean/ -o denoiser.safetensors\n"
                "dae train speech/ --noise 'mix(street, snr=uniform(0, 20))' --recordings street=street/ "
                "-o speech.safetensors\n"
                "dae train noisy/ --blind --time 10m -o denoiser.safetensors",
            .operand = OPERAND_DATA,
            .least = 1,
            .most = (size_t)-1,
            .run = command_train,
        },
    [COMMAND_DENOISE] =
        {
            .name = "denoise",
            .operands = "DATA...",
            .what = "takes noise off files with a model",
            .text = "One file becomes the file OUT; several, and folders, become files of the same names in "
                    "the folder OUT. "
                    "Sizes and formats stay what they were. With --stream, raw float32 values come from "
                    "standard input, "
                    "channels taking turns, and go to standard output as soon as they are clean.",
            .examples =
                "dae denoise noisy.png -m denoiser.safetensors -o clean.png\n"
                "dae denoise scans/ -m denoiser.safetensors -o clean/\n"
                "arecord -t raw -f FLOAT_LE -r 16000 | dae denoise - --stream -m speech.safetensors | "
                "aplay -t raw -f FLOAT_LE -r 16000",
            .operand = OPERAND_DATA,
            .least = 1,
            .most = (size_t)-1,
            .run = command_denoise,
        },
    [COMMAND_EVALUATE] =
        {
            .name = "evaluate",
            .operands = "DATA...",
            .what = "says how good a model is on data that it has not seen",
            .text = "DATA are clean; noise is added as the model has learned it, or as --noise says. With "
                    "--noisy they are "
                    "compared with what the model makes of noisy files of the same names. Figures are means "
                    "over samples, "
                    "with the interval that the mean of all such samples lies in at 95 %.",
            .examples = "dae evaluate test/ -m denoiser.safetensors\n"
                        "dae evaluate clean/ --noisy scans/ -m denoiser.safetensors --json",
            .operand = OPERAND_DATA,
            .least = 1,
            .most = (size_t)-1,
            .run = command_evaluate,
        },
    [COMMAND_NOISE] =
        {
            .name = "noise",
            .operands = "DATA RECIPE",
            .what = "adds noise to a file, to see or hear what a recipe does",
            .text = "RECIPE is a text of steps, such as 'gaussian(0.1) | clip(0, 1)'; dae kinds noise lists "
                    "them.",
            .examples = "dae noise photo.png 'poisson(peak=30)' -o look.png",
            .operand = OPERAND_DATA_AND_NOISE,
            .least = 2,
            .most = 2,
            .run = command_noise,
        },
    [COMMAND_INFO] =
        {
            .name = "info",
            .operands = "FILE...",
            .what = "says what a model, a checkpoint or a file of data is",
            .text = "Of a model: its network, what it was trained for, its notes, how many values it looks "
                    "at, and by how "
                    "many values a stream of it is late. Of data: how many samples, of which shape, and what "
                    "the file says "
                    "of them.",
            .examples = "dae info denoiser.safetensors\ndae info photo.png --json",
            .operand = OPERAND_FILE,
            .least = 1,
            .most = (size_t)-1,
            .run = command_info,
        },
    [COMMAND_KINDS] =
        {
            .name = "kinds",
            .operands = "[CATEGORY [NAME]]",
            .what = "lists what the library has: layers, noise, optimizers, ...",
            .text = "All categories; the kinds of one; or what one kind is and the parameters that it takes. "
                    "With --quiet, "
                    "names only.",
            .examples = "dae kinds\ndae kinds noise\ndae kinds noise gaussian",
            .operand = OPERAND_KIND,
            .least = 0,
            .most = 2,
            .run = command_kinds,
        },
};

const option_row options[OPTION_COUNT] = {
    [OPTION_OUTPUT] = {.name = "output",
                       .letter = 'o',
                       .argument = "OUT",
                       .what = "the file, or the folder, to write",
                       .commands = WRITES,
                       .value = VALUE_PATH},
    [OPTION_MODEL_FILE] = {.name = "model",
                           .letter = 'm',
                           .argument = "MODEL",
                           .what = "the model, a file that dae train or the library has written",
                           .commands = USES_MODEL,
                           .value = VALUE_PATH},
    [OPTION_NOISE] = {.name = "noise",
                      .argument = "RECIPE",
                      .what = "the noise that the model is to take off, such as 'gaussian(uniform(0, 0.2))'",
                      .commands = BIT(TRAIN) | BIT(EVALUATE),
                      .value = VALUE_RECIPE,
                      .words = "noise",
                      .is_setting = true},
    [OPTION_MODEL] =
        {.name = "model",
         .argument = "TEXT",
         .what = "the network: layers, or a ready one, such as 'unet(channels=32, depth=2)'; @FILE reads it "
                 "from a file. What it takes is put before it where it has no input(...)",
         .commands = BIT(TRAIN),
         .value = VALUE_RECIPE,
         .words = "network",
         .is_setting = true},
    [OPTION_OBJECTIVE] = {.name = "objective",
                          .argument = "TEXT",
                          .what = "what training makes small, such as 'mae' or 'mse | l2(weight=1e-5)'",
                          .commands = BIT(TRAIN),
                          .value = VALUE_RECIPE,
                          .words = "objective",
                          .is_setting = true},
    [OPTION_OPTIMIZER] =
        {.name = "optimizer",
         .argument = "TEXT",
         .what = "how parameters are changed, such as 'adam(1e-3)'. Without a schedule, the rate falls to "
                 "0 over all epochs by half a cosine",
         .commands = BIT(TRAIN),
         .value = VALUE_RECIPE,
         .words = "optimizer",
         .is_setting = true},
    [OPTION_SCALING] = {.name = "scaling",
                        .argument = "TEXT",
                        .what = "how values are scaled for the network, such as 'standard'",
                        .commands = BIT(TRAIN),
                        .value = VALUE_RECIPE,
                        .words = "scaling",
                        .is_setting = true},
    [OPTION_SOURCE] =
        {.name = "source",
         .argument = "TEXT",
         .what = "how files are read, where their content does not tell it, such as 'png(channels=1)'",
         .commands = READS,
         .value = VALUE_RECIPE,
         .words = "source",
         .is_setting = true},
    [OPTION_VIEW] = {.name = "view",
                     .argument = "TEXT",
                     .what =
                         "what is made of samples before noise is added, such as 'crops(64, 64, count=16)'",
                     .commands = BIT(TRAIN) | BIT(EVALUATE),
                     .value = VALUE_RECIPE,
                     .words = "view",
                     .is_setting = true},
    [OPTION_EPOCHS] = {.name = "epochs",
                       .argument = "N",
                       .what = "how often training goes through the data",
                       .commands = BIT(TRAIN),
                       .value = VALUE_COUNT,
                       .low = 1,
                       .high = 1e6,
                       .is_setting = true},
    [OPTION_TIME] =
        {.name = "time",
         .argument = "TIME",
         .what =
             "how long training may take, such as 90s, 10m or 2h: the first steps are measured, and as many "
             "epochs chosen; 10m where there is no --epochs",
         .commands = BIT(TRAIN),
         .value = VALUE_TIME,
         .low = 1,
         .high = 1e7},
    [OPTION_BATCH] = {.name = "batch",
                      .argument = "N",
                      .what = "samples that a step takes",
                      .commands = BIT(TRAIN),
                      .value = VALUE_COUNT,
                      .low = 1,
                      .high = 1048576,
                      .is_setting = true},
    [OPTION_SEED] = {.name = "seed",
                     .argument = "N",
                     .what = "of all that is random",
                     .usual = "1",
                     .commands = BIT(TRAIN) | BIT(EVALUATE) | BIT(NOISE),
                     .value = VALUE_COUNT,
                     .high = MOST_SEED,
                     .is_setting = true},
    [OPTION_HELD_OUT] = {.name = "held-out",
                         .argument = "SHARE",
                         .what = "share of the data that is not trained on, and tells how good the model is",
                         .usual = "0.1",
                         .commands = BIT(TRAIN),
                         .value = VALUE_NUMBER,
                         .low = 0.001,
                         .high = 0.9,
                         .is_setting = true},
    [OPTION_RECORDINGS] = {.name = "recordings",
                           .argument = "NAME=PATH",
                           .what = "recordings that mix(NAME) of the noise adds; may be given several times",
                           .commands = BIT(TRAIN) | BIT(EVALUATE),
                           .value = VALUE_NAMED_PATH},
    [OPTION_NOISY] =
        {.name = "noisy",
         .argument = "PATH",
         .what = "noisy versions of the data, with the same names in the same order, in the place of noise "
                 "that is added",
         .commands = BIT(TRAIN) | BIT(EVALUATE),
         .value = VALUE_PATH,
         .is_setting = true},
    [OPTION_BLIND] =
        {.name = "blind",
         .what =
             "the data are noisy, and there are no clean ones: learn from values that the network does not "
             "see (Noise2Void), for noise that is independent from value to value",
         .commands = BIT(TRAIN),
         .is_setting = true},
    [OPTION_PRECISION] =
        {.name = "precision",
         .argument = "WORD",
         .what = "how products are made: float32 or bfloat16, which is faster on some processors",
         .usual = "float32",
         .commands = BIT(TRAIN),
         .value = VALUE_WORD,
         .words = "float32 bfloat16",
         .is_setting = true},
    [OPTION_CHECKPOINT_EVERY] = {.name = "checkpoint-every",
                                 .argument = "TIME",
                                 .what = "how often all that training is, is written to MODEL.checkpoint",
                                 .usual = "20s",
                                 .commands = BIT(TRAIN),
                                 .value = VALUE_TIME,
                                 .low = 1,
                                 .high = 1e7},
    [OPTION_RESUME] =
        {.name = "resume",
         .what = "go on where training was interrupted, from MODEL.checkpoint; settings come from there",
         .commands = BIT(TRAIN)},
    [OPTION_LEVEL] = {.name = "level",
                      .argument = "X",
                      .what = "how strong the noise is, for a model that is told it",
                      .commands = USES_MODEL,
                      .value = VALUE_NUMBER,
                      .low = -1e30,
                      .high = 1e30},
    [OPTION_COVER] = {.name = "cover",
                      .argument = "TEXT",
                      .what = "how samples larger than the model's are run, such as 'tiles(memory=1e8)'",
                      .commands = USES_MODEL,
                      .value = VALUE_RECIPE,
                      .words = "cover"},
    [OPTION_STREAM] = {.name = "stream",
                       .what = "raw float32 values from standard input to standard output, as they come",
                       .commands = BIT(DENOISE)},
    [OPTION_WORST] = {.name = "worst",
                      .argument = "N",
                      .what = "how many of the worst samples are named",
                      .usual = "3",
                      .commands = BIT(EVALUATE),
                      .value = VALUE_COUNT,
                      .high = 1e9},
    [OPTION_THREADS] = {.name = "threads",
                        .argument = "N",
                        .what = "threads to use, 0 for all processors; the result does not depend on it",
                        .usual = "0",
                        .commands = BIT(TRAIN) | BIT(DENOISE) | BIT(EVALUATE),
                        .value = VALUE_COUNT,
                        .high = 1024},
    [OPTION_FORCE] = {.name = "force",
                      .letter = 'f',
                      .what = "replace files that are there",
                      .commands = WRITES},
    [OPTION_DRY_RUN] = {.name = "dry-run",
                        .what = "say what would be done, and do nothing",
                        .commands = WRITES},
    [OPTION_JSON] = {.name = "json", .what = "results as JSON", .commands = ALL},
    [OPTION_QUIET] = {.name = "quiet", .letter = 'q', .what = "results and errors only", .commands = ALL},
    [OPTION_VERBOSE] = {.name = "verbose",
                        .letter = 'v',
                        .what = "more of what is going on",
                        .commands = ALL},
    [OPTION_HELP] = {.name = "help", .letter = 'h', .what = "print this help", .commands = ALL},
    [OPTION_VERSION] = {.name = "version", .what = "print the version", .commands = ALL},
};
