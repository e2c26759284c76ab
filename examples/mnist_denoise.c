/* The denoising autoencoder of the tutorials, on MNIST, from files to pictures.
 *
 * Images with Gaussian noise go into 784-128-784 and the clean ones are to come out. The steps are in
 * run(), from top to bottom; what each is made of stands above it. What has to do with files, pictures
 * and the terminal rather than with libdae is in the folder mnist/.
 */
#define _DEFAULT_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dae.h>

#include "mnist/complain.h"
#include "mnist/images.h"
#include "mnist/options.h"
#include "mnist/output.h"
#include "mnist/pictures.h"
#include "mnist/progress.h"
#include "mnist/signals.h"
#include "mnist/summary.h"

enum {
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_SIGNAL = 128 /* plus the number of the signal, as shells count */
};

enum {
    RATE_MAX = 512,
    NOISE_MAX = 8192 /* a recipe of as many steps as there can be */
};

typedef struct experiment {
    options chosen;
    images data;
    dae_noise *noise;
    dae_dataset *train;      /* noisy inputs, clean targets */
    dae_dataset *validation; /* the same for the test images */
    dae_model *model;
    dae_optimizer *optimizer;
    dae_trainer *trainer;
    dae_report *report;
    history figures;
    progress_display display;
    char setting[512]; /* one line that says what was done */
    size_t done;       /* epochs of an earlier run that this one continues */
    bool stopped;      /* by a signal, before the last epoch was done */
} experiment;

/* ---- Data and noise --------------------------------------------------------------------------- */

static bool open_data(experiment *e) {
    const char *folder = e->chosen.data ? e->chosen.data : BUNDLED_DATA;
    if (!images_open(&e->data, folder)) {
        return false;
    }
    if (!e->chosen.data) {
        printf(
            "No --data given: this run uses the small slice of MNIST that comes with the source, %zu + %zu\n"
            "images. It shows how things work, not how well: examples/run_mnist.sh gets all 70,000.\n",
            e->data.train_count, e->data.test_count);
    }
    printf("%zu training and %zu test images of %zu x %zu pixels from %s\n", e->data.train_count,
           e->data.test_count, e->data.height, e->data.width, folder);
    return true;
}

static bool make_noise(experiment *e) {
    const double values[] = {e->chosen.noise_mean, e->chosen.noise_stddev};
    const char *recipe = e->chosen.clip ? "gaussian(mean=?, stddev=?) | clip(0, 1)"
                                        : "gaussian(mean=?, stddev=?)";
    char text[128];
    return worked(dae_recipe_fill(text, sizeof text, NULL, recipe, values, 2)) &&
           worked(dae_noise_parse(&e->noise, text));
}

/* Adds noise to the inputs of `clean`. What is drawn once is kept, so that no epoch draws it again. */
static bool corrupt(dae_dataset **out, dae_dataset *clean, dae_noise *noise, int32_t mode, uint64_t seed) {
    if (mode == DAE_NOISE_FRESH) {
        return worked(dae_dataset_corrupt(out, clean, noise, mode, seed));
    }
    dae_dataset *noisy = NULL;
    bool made = worked(dae_dataset_corrupt(&noisy, clean, noise, mode, seed)) &&
                worked(dae_dataset_view(out, noisy, "cache", 0));
    dae_dataset_free(noisy);
    return made;
}

static bool add_noise(experiment *e) {
    /* The same seed would give test image i the noise of training image i; seeds that people choose do
     * not differ in the highest bit. */
    uint64_t training_seed = e->chosen.seed, validation_seed = e->chosen.seed ^ UINT64_C(1) << 63;
    return corrupt(&e->train, e->data.train, e->noise, e->chosen.noise_mode, training_seed) &&
           corrupt(&e->validation, e->data.test, e->noise, DAE_NOISE_ONCE, validation_seed);
}

/* ---- Model and training ----------------------------------------------------------------------- */

static bool make_model(experiment *e) {
    size_t size = e->data.height * e->data.width;
    dae_layer *hidden = NULL, *output = NULL;
    bool made = worked(dae_model_create(&e->model, 1, &size)) &&
                worked(dae_layer_create_dense(&hidden, e->chosen.hidden, e->chosen.hidden_activation)) &&
                worked(dae_layer_create_dense(&output, size, e->chosen.output_activation)) &&
                worked(dae_model_add(e->model, hidden)) && worked(dae_model_add(e->model, output)) &&
                worked(dae_model_initialize(e->model, e->chosen.seed));
    dae_layer_free(hidden);
    dae_layer_free(output);
    return made;
}

static bool make_optimizer(experiment *e) {
    char text[RATE_MAX];
    snprintf(text, sizeof text, "%s(1) | %s", e->chosen.sgd ? "sgd" : "adam",
             e->chosen.schedule != NULL ? e->chosen.schedule : "constant");
    return worked(dae_optimizer_parse(&e->optimizer, text)) &&
           worked(dae_optimizer_set(e->optimizer, "learning_rate", e->chosen.learning_rate)) &&
           (!e->chosen.sgd || worked(dae_optimizer_set(e->optimizer, "momentum", e->chosen.momentum)));
}

static bool make_trainer(experiment *e) {
    progress_start(&e->display);
    return worked(dae_trainer_create(&e->trainer, e->model, e->optimizer, "mse")) &&
           worked(dae_trainer_set_batch_size(e->trainer, e->chosen.batch_size)) &&
           worked(dae_trainer_set_seed(e->trainer, e->chosen.seed)) &&
           worked(dae_trainer_set_precision(e->trainer, e->chosen.precision)) &&
           worked(dae_trainer_set_validation(e->trainer, e->validation)) &&
           worked(dae_trainer_set_progress(e->trainer, progress_show, &e->display));
}

/* What differs in `option` between the run that wrote the checkpoint and this one ends this one. */
static bool is_same(const experiment *e, const char *option, const char *first, const char *now) {
    return strcmp(first, now) == 0 ||
           complain("%s: the checkpoint was written with the %s %s, this run has %s", e->chosen.checkpoint,
                    option, first, now);
}

/* A learning rate and what stands after the rule, as the optimizer has them. */
static bool get_rate(const experiment *e, char rate[RATE_MAX]) {
    char text[RATE_MAX / 2];
    double value = 0;
    if (!worked(dae_optimizer_get(e->optimizer, "learning_rate", &value)) ||
        !worked(dae_optimizer_format(e->optimizer, text, sizeof text, NULL))) {
        return false;
    }
    const char *bar = strchr(text, '|');
    snprintf(rate, RATE_MAX, "%.15g (schedule %s)", value, bar ? bar + 2 : "constant");
    return true;
}

static bool check_noise(const experiment *e) {
    char first[NOISE_MAX] = "none", now[NOISE_MAX];
    dae_noise *noise = NULL;
    bool same = worked(dae_model_get_noise(e->model, &noise)) &&
                (!noise || worked(dae_noise_format(noise, first, sizeof first, NULL))) &&
                worked(dae_noise_format(e->noise, now, sizeof now, NULL)) &&
                (!noise || is_same(e, "noise", first, now));
    dae_noise_free(noise);
    return same;
}

/* What the earlier run has done. With other data, which the fit refuses, batches and epochs do not go
 * together: then there is nothing to say here. */
static void print_done(const experiment *e, uint64_t steps) {
    uint64_t per_epoch = (e->data.train_count + e->chosen.batch_size - 1) / e->chosen.batch_size;
    if (e->done == e->chosen.epochs) {
        printf("All %zu epochs are done in %s: nothing is left to train. More --epochs continue there.\n",
               e->done, e->chosen.checkpoint);
    } else if (steps / per_epoch == e->done) {
        printf("Continuing from %s: %zu of %zu epochs are done, and %llu of %llu batches of the next\n\n",
               e->chosen.checkpoint, e->done, e->chosen.epochs, (unsigned long long)(steps % per_epoch),
               (unsigned long long)per_epoch);
    }
}

/* Loads the checkpoint of an earlier run. The library takes learning rate and schedule from the file, and
 * sees the noise only when it trains: what the command line says of them would be ignored without a word. */
static bool resume(experiment *e) {
    const char *file = e->chosen.checkpoint;
    char now[RATE_MAX], first[RATE_MAX];
    uint64_t steps = 0;
    if (!get_rate(e, now) || !worked(dae_trainer_load_checkpoint(e->trainer, file)) || !get_rate(e, first) ||
        !is_same(e, "learning rate", first, now) || !check_noise(e) ||
        !worked(dae_trainer_get_step_count(e->trainer, &steps)) ||
        !worked(dae_trainer_get_epoch_count(e->trainer, &e->done))) {
        return false;
    }
    if (e->done > e->chosen.epochs) {
        return complain("%s: %zu epochs are done, which is more than --epochs %zu", file, e->done,
                        e->chosen.epochs);
    }
    print_done(e, steps);
    return true;
}

/* Checkpoints from here on, and what an earlier run has done, if this one continues it. The first one is
 * written before training, so that a file that cannot be is found now and not an hour later. */
static bool prepare_checkpoint(experiment *e) {
    if (!e->chosen.checkpoint) {
        return true;
    }
    return (!e->chosen.resume || resume(e)) &&
           worked(dae_trainer_set_checkpoint_interval(e->trainer, DAE_INTERVAL_STEPS,
                                                      e->chosen.checkpoint_every)) &&
           worked(dae_trainer_set_checkpoint(e->trainer, e->chosen.checkpoint)) &&
           worked(dae_trainer_save_checkpoint(e->trainer, e->chosen.checkpoint));
}

static bool train(experiment *e) {
    signals_catch(e->trainer);
    dae_status status = e->done < e->chosen.epochs
                            ? dae_trainer_fit(e->trainer, e->train, e->chosen.epochs - e->done)
                            : DAE_OK;
    signals_release();
    progress_end_line(&e->display);
    if (status != DAE_OK && !(status == DAE_ERROR_CANCELLED && signals_caught() != 0)) {
        return worked(status);
    }
    if (!history_get(&e->figures, e->trainer)) {
        return false;
    }
    e->stopped = signals_caught() != 0 && e->figures.epochs < e->chosen.epochs;
    if (e->stopped) {
        printf("\nStopped by %s with %zu of %zu epochs done. What follows is for these, and the model has\n"
               "learned from the epoch that was under way as well.\n",
               signals_caught() == SIGINT ? "Ctrl-C" : "a signal", e->figures.epochs, e->chosen.epochs);
        if (e->chosen.checkpoint) {
            printf("The same command%s continues from %s.\n", e->chosen.resume ? "" : " with --resume",
                   e->chosen.checkpoint);
        }
    }
    return true;
}

/* ---- Results ---------------------------------------------------------------------------------- */

/* Reads the chosen test images as noisy and clean, and runs the model on them. Each array is
 * [count, height, width]. */
static bool denoise(const experiment *e, const size_t *chosen, size_t count, float *noisy, float *denoised,
                    float *clean) {
    size_t size = e->data.height * e->data.width;
    for (size_t i = 0; i < count; i++) {
        if (!worked(dae_dataset_read(e->validation, 0, chosen[i], 1, noisy + i * size, clean + i * size))) {
            return false;
        }
    }
    dae_session *session = NULL;
    bool ran = worked(dae_session_create(&session, e->model, count)) &&
               worked(dae_session_run(session, noisy, count, denoised));
    dae_session_free(session);
    return ran;
}

static bool write_digits(const experiment *e, const char *path) {
    size_t count = e->data.shown_count, values = count * e->data.height * e->data.width;
    float *pixels = calloc(values, 3 * sizeof *pixels);
    if (!pixels) {
        return complain("there is not enough memory for the picture '%s'", path);
    }
    float *noisy = pixels, *denoised = pixels + values, *clean = pixels + 2 * values;
    grid_row rows[] = {{"noisy", noisy}, {"denoised", denoised}, {"clean", clean}};
    /* Noise that is not clipped, and linear outputs, go far beyond black and white. */
    bool beyond = !e->chosen.clip || strcmp(e->chosen.output_activation, "linear") == 0;
    char caption[sizeof e->setting + 64];
    snprintf(caption, sizeof caption, "%s%s", e->setting, beyond ? "; shown clipped to [0,1]" : "");
    bool written = denoise(e, e->data.shown, count, noisy, denoised, clean) &&
                   draw_digit_grid(path,
                                   "Test digits: noisy, denoised, clean, with the mean PSNR of each row",
                                   caption, rows, 3, count, e->data.height, e->data.width);
    free(pixels);
    return written;
}

static bool write_loss(const experiment *e, const char *path) {
    return draw_loss_chart(path, e->setting, e->figures.loss, e->figures.validation_loss, e->figures.epochs);
}

static bool write_history(const experiment *e, const char *path) {
    return history_write_csv(&e->figures, path);
}

static bool write_model(const experiment *e, const char *path) {
    return worked(dae_model_save(e->model, path));
}

/* Writes every file that can be written, also when one fails: training may have taken hours. */
static bool write_results(const experiment *e) {
    const struct {
        const char *name;
        const char *meaning;
        bool (*write)(const experiment *e, const char *path);
        bool picture;
        bool needs_epoch;
    } files[] = {{OUTPUT_MODEL, "the trained model", write_model, false, false},
                 {OUTPUT_HISTORY, "loss, time and PSNR of each epoch", write_history, false, false},
                 {OUTPUT_LOSS, "training and validation loss", write_loss, true, true},
                 {OUTPUT_DIGITS,
                  e->data.shown_by_class
                      ? "the first test image of each class: noisy, denoised, clean"
                      : "the first test images, whatever their class: noisy, denoised, clean",
                  write_digits, true, false}};
    bool all = true, any = false;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[OUTPUT_PATH_MAX];
        output_path(path, e->chosen.output, files[i].name);
        if ((files[i].picture && !pictures_available) || (files[i].needs_epoch && !e->figures.epochs)) {
            continue;
        }
        if (files[i].write(e, path)) {
            fputs(any ? "" : "\nWritten\n", stdout);
            any = true;
            printf("  %s  (%s)\n", path, files[i].meaning);
        } else {
            all = false;
        }
    }
    if (!pictures_available) {
        printf("The pictures loss.png and denoised.png were left out: this build has no cairo.\n");
    } else if (!e->figures.epochs) {
        printf("loss.png was left out: no epoch was completed.\n");
    }
    return all;
}

static bool print_result(experiment *e) {
    if (!worked(dae_model_evaluate(&e->report, e->model, e->validation)) ||
        !summary_print_result(e->report, e->data.folder)) {
        return false;
    }
    size_t epochs = e->figures.epochs;
    if (epochs) {
        char time[32];
        double seconds = 0;
        for (size_t i = 0; i < epochs; i++) {
            seconds += e->figures.seconds[i];
        }
        progress_format_time(seconds, time, sizeof time);
        printf("\nAfter %zu epoch%s in %s: training loss %.5f, validation loss %.5f\n", epochs,
               epochs == 1 ? "" : "s", time, e->figures.loss[epochs - 1],
               e->figures.validation_loss[epochs - 1]);
    }
    return summary_print_training(e->trainer);
}

/* ---- The whole -------------------------------------------------------------------------------- */

static bool introduce(experiment *e) {
    if (!summary_setting(e->setting, sizeof e->setting, &e->chosen, e->noise, e->data.height * e->data.width,
                         e->data.train_count) ||
        !summary_print_model(e->model)) {
        return false;
    }
    summary_print_wrapped(e->setting);
    printf("%zu epoch%s, seed %llu\n\n", e->chosen.epochs, e->chosen.epochs == 1 ? "" : "s",
           (unsigned long long)e->chosen.seed);
    return true;
}

static bool prepare(experiment *e) {
    return worked(dae_set_num_threads(e->chosen.threads)) && summary_print_runtime() &&
           output_prepare(e->chosen.output) && open_data(e) && make_noise(e) && make_model(e) &&
           introduce(e) && add_noise(e) && make_optimizer(e) && make_trainer(e) && prepare_checkpoint(e);
}

static bool run(experiment *e) {
    if (!prepare(e) || !train(e)) {
        return false;
    }
    bool reported = print_result(e);
    return write_results(e) && reported;
}

static void clean_up(experiment *e) {
    history_free(&e->figures);
    dae_report_free(e->report);
    dae_trainer_free(e->trainer);
    dae_optimizer_free(e->optimizer);
    dae_model_free(e->model);
    dae_dataset_free(e->validation);
    dae_dataset_free(e->train);
    dae_noise_free(e->noise);
    images_close(&e->data);
}

int main(int argc, char **argv) {
    /* Whoever reads from a pipe or a file shall see each epoch when it is done. Said before the first output,
     * or the C library may not listen. */
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    experiment e = {0};
    switch (options_parse(&e.chosen, argc, argv)) {
    case PARSE_HELP:
        options_print_help();
        return EXIT_SUCCESS;
    case PARSE_WRONG:
        fprintf(stderr, "Try --help.\n");
        return EXIT_USAGE;
    case PARSE_RUN:
        break;
    }
    bool done = run(&e);
    clean_up(&e);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        complain("cannot write to standard output");
        done = false;
    }
    if (!done) {
        return EXIT_FAILED;
    }
    return e.stopped ? EXIT_SIGNAL + signals_caught() : EXIT_SUCCESS;
}
