/* What --help prints. */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { WIDTH = 80, INDENT = 26 };

static void print_option(const option_row *row) {
    char head[64], letter[8] = "    ";
    if (row->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    snprintf(head, sizeof head, "  %s--%s%s%s", letter, row->name, row->argument != NULL ? " " : "",
             row->argument != NULL ? row->argument : "");
    size_t column = strlen(head);
    printf("%s", head);
    if (column + 1 > INDENT)
        printf("\n%*s", INDENT, "");
    else
        printf("%*s", (int)(INDENT - column), "");
    char *what = row->usual != NULL ? text_of("%s (%s)", row->what, row->usual) : text_of("%s", row->what);
    print_wrapped(what, INDENT, INDENT, WIDTH);
    free(what);
}

static void print_examples(const command *of) {
    printf("\nExamples\n");
    for (const char *line = of->examples; *line != '\0'; line += *line == '\n') {
        size_t length = strcspn(line, "\n");
        printf("  %.*s\n", (int)length, line);
        line += length;
    }
}

static void print_command_help(const command *of) {
    printf("Usage: dae %s [OPTIONS] %s\n\n", of->name, of->operands);
    print_wrapped(of->text, 0, 0, WIDTH);
    printf("\nOptions\n");
    for (enum option_id id = 0; id < OPTION_COUNT; id++)
        if (option_is_of(id, of))
            print_option(&options[id]);
    print_examples(of);
}

static void print_program_help(void) {
    printf("Usage: dae COMMAND [OPTIONS] ...\n\nTakes noise off pictures, recordings, arrays and "
           "tables.\n\nCommands\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        printf("  %-10s", commands[i].name);
        print_wrapped(commands[i].what, 12, 12, WIDTH);
    }
    printf("\nFirst steps\n"
           "  dae train clean/ -o denoiser.safetensors\n"
           "  dae denoise noisy.png -m denoiser.safetensors -o clean.png\n"
           "\ndae COMMAND --help says more of a command. Results go to standard output, all\n"
           "else to standard error. Exit status: 0; 1 where something failed; 2 for wrong\n"
           "usage; 130 where it was interrupted.\n");
}

void print_help(const command *of) {
    if (of != NULL)
        print_command_help(of);
    else
        print_program_help();
}
