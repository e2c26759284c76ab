#include "summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"

bool summary_setting(char *text, size_t capacity, const options *chosen, const dae_noise *noise,
                     size_t image_size, size_t train_count) {
    char recipe[256], momentum[64] = "";
    if (!worked(dae_noise_format(noise, recipe, sizeof recipe, NULL))) {
        return false;
    }
    bool scheduled = strcmp(chosen->schedule, "constant") != 0;
    bool usual = strcmp(chosen->hidden_activation, "relu") == 0;
    if (chosen->sgd) {
        snprintf(momentum, sizeof momentum, ", momentum %g", chosen->momentum);
    }
    snprintf(text, capacity, "%zu-%zu-%zu, %s%s%s output, noise %s %s, %s %g%s%s%s, batch %zu, %zu images",
             image_size, chosen->hidden, image_size, usual ? "" : chosen->hidden_activation,
             usual ? "" : " hidden, ", chosen->output_activation, recipe,
             chosen->noise_mode == DAE_NOISE_ONCE ? "drawn once" : "drawn fresh",
             chosen->sgd ? "sgd" : "adam", chosen->learning_rate, scheduled ? " by " : "",
             scheduled ? chosen->schedule : "", momentum, chosen->batch_size, train_count);
    return true;
}

bool summary_print_runtime(void) {
    char line[256];
    if (!worked(dae_runtime_describe(line, sizeof line, NULL))) {
        return false;
    }
    printf("%s\n", line);
    return true;
}

bool summary_print_model(const dae_model *model) {
    size_t length;
    if (!worked(dae_model_describe(model, NULL, 0, &length))) {
        return false;
    }
    char *table = malloc(length + 1);
    if (!table) {
        return complain("there is not enough memory to describe the model");
    }
    bool described = worked(dae_model_describe(model, table, length + 1, NULL));
    if (described) {
        printf("\n%s%s\n", table, length && table[length - 1] == '\n' ? "" : "\n");
    }
    free(table);
    return described;
}

/* A figure of a report, which has it. */
static double figure(const dae_report *report, const char *name) {
    double value = NAN;
    worked(dae_report_get(report, name, &value));
    return value;
}

void summary_print_wrapped(const char *text) {
    const size_t most = 88;
    size_t column = 0;
    while (*text) {
        size_t word = strcspn(text, " ");
        if (column && column + 1 + word > most) {
            putchar('\n');
            column = 0;
        }
        column += (size_t)printf("%s%.*s", column ? " " : "", (int)word, text);
        text += word;
        text += strspn(text, " ");
    }
    putchar('\n');
}

/* What harmful dead outputs mean, and what to try, is a finding of the library; of harmless ones it does
 * not speak. */
static void print_dead_outputs(const dae_report *report) {
    double dead = figure(report, "dead_outputs");
    printf("Dead outputs: %.1f %%\n", 100 * dead);
    if (dead <= 0) {
        summary_print_wrapped("Every pixel of the result changes with the image, as it should.");
    } else if (figure(report, "harmful_dead_outputs") <= 0.01) {
        summary_print_wrapped(
            "These pixels of the result are the same for every image. They do no harm: nearly all of "
            "them are the same in every clean image, too.");
    }
}

static bool print_findings(const dae_report *report) {
    size_t count;
    if (!worked(dae_report_get_finding_count(report, &count))) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const char *text;
        if (!worked(dae_report_get_finding(report, i, NULL, &text))) {
            return false;
        }
        summary_print_wrapped(text);
    }
    return true;
}

bool summary_print_result(const dae_report *report, const char *folder) {
    printf("\nResult on the %.0f test images of %s, with noise that training has not seen\n\n",
           figure(report, "samples"), folder);
    printf("                            MSE    PSNR, mean over images    PSNR of the mean MSE\n");
    printf("  noisy input           %.5f    %18.2f dB    %17.2f dB\n", figure(report, "input_mse"),
           figure(report, "input_psnr"), figure(report, "input_psnr_of_mean"));
    printf("  denoised              %.5f    %18.2f dB    %17.2f dB\n", figure(report, "mse"),
           figure(report, "psnr"), figure(report, "psnr_of_mean"));
    printf("  mean test image       %.5f\n\n", figure(report, "mean_image_mse"));

    print_dead_outputs(report);
    return print_findings(report);
}

bool summary_print_training(const dae_trainer *trainer) {
    size_t count;
    if (!worked(dae_trainer_get_finding_count(trainer, &count))) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const char *text;
        if (!worked(dae_trainer_get_finding(trainer, i, NULL, &text))) {
            return false;
        }
        summary_print_wrapped(text);
    }
    return true;
}
