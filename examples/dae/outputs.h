/* Which file becomes which: names stay, in another folder. */
#ifndef DAE_OUTPUTS_H
#define DAE_OUTPUTS_H

#include <stdbool.h>
#include <stddef.h>

#include <dae.h>

#include "options.h"

/* Samples [first, first + count) come from one file, and go to the file `path`. */
typedef struct output {
    size_t first, count;
    char *path;
} output;

typedef struct outputs {
    output *all;
    size_t count;
} outputs;

/* Says where the samples of a dataset go, by --output: to one file, or to files of their names in a folder,
 * which is made. Refuses, before anything is written, files that are there, unless --force is given, and
 * names that are there twice. */
bool outputs_plan(outputs *o, const dae_dataset *data, const arguments *a);
void outputs_free(outputs *o);

/* Writes samples to a file in the format of its ending, in the form that the file has, such as bits and rate,
 * which the samples `like` come from. */
bool output_save(const dae_dataset *data, const char *path, const dae_dataset *like, bool replace);

#endif
