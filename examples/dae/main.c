/* dae: denoising from the command line.
 *
 * options.c is the table of commands and options; each command has a file of its own. Nothing here reaches
 * below the public headers of the library. */
#include "say.h"

#include <stdio.h>
#include <string.h>

#include "options.h"

static int run(arguments *a) {
    const char *threads = a->text[OPTION_THREADS];
    loudness = a->text[OPTION_QUIET] != NULL ? QUIET : a->text[OPTION_VERBOSE] != NULL ? VERBOSE : NORMAL;
    if (threads != NULL && !worked(dae_set_num_threads((size_t)a->number[OPTION_THREADS])))
        return STATUS_FAILED;
    return finish_output(a->command->run(a));
}

int main(int argc, char **argv) {
    arguments parsed;
    if (argc > 1 && strcmp(argv[1], "generate") == 0) /* for the build */
        return generate(argc - 2, argv + 2);
    int status = arguments_parse(&parsed, argc, argv);
    return status == ARGUMENTS_RUN ? run(&parsed) : status;
}
