/* Many files as one dataset: those of a folder, of a pattern or of a list. */
#ifndef DAE_DATA_FILES_H
#define DAE_DATA_FILES_H

#include "data/source.h"

/* Whether a path reads as one of many files: a folder with its '/', or a pattern that is not the name of a
 * file. */
bool dae_files_are_many(const char *path);

/* A dataset of the files that such a path stands for. `format` is that of each of them, or `files`; NULL:
 * each is known by its content. */
dae_status dae_files_find(dae_dataset **out, const char *path, const struct dae_step *format);

#endif
