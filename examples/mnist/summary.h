/* What the experiment prints in words: the setting before training, the result after it. */
#ifndef MNIST_SUMMARY_H
#define MNIST_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>

#include <dae.h>

#include "options.h"

/* "784-128-784, relu output, noise gaussian(mean=0.5, stddev=0.5) drawn once, adam 0.001, ..." */
bool summary_setting(char *text, size_t capacity, const options *chosen, const dae_noise *noise,
                     size_t image_size, size_t train_count);

/* Prints the library's line about itself and the table of the model. */
bool summary_print_runtime(void);
bool summary_print_model(const dae_model *model);

/* Prints errors and PSNR of input and output, dead outputs, and what the report has found. */
bool summary_print_result(const dae_report *report, const char *folder);

/* Prints what training itself has to say: nothing where all went well. */
bool summary_print_training(const dae_trainer *trainer);

/* Prints text in lines of up to 88 letters, broken at spaces. */
void summary_print_wrapped(const char *text);

#endif
