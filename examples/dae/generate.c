/* What the build installs beside the program: the man page, as scdoc takes it, and the completions of bash
 * and zsh, from the one table of options. */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "say.h"

/* ---- The man page ------------------------------------------------------------------------------------- */

/* A text in which scdoc finds nothing of its own. */
static void print_escaped(const char *words) {
    for (const char *c = words; *c != '\0'; c++) {
        if (strchr("_*\\`#~|[]", *c) != NULL)
            putchar('\\');
        putchar(*c);
        if (*c == '\n')
            putchar('\n'); /* a paragraph */
    }
}

static void print_man_option(const option_row *row) {
    if (row->letter != 0)
        printf("*-%c*, ", row->letter);
    printf("*--%s*", row->name);
    if (row->argument != NULL) {
        printf(" _");
        print_escaped(row->argument);
        printf("_");
    }
    printf("\n\t");
    print_escaped(row->what);
    if (row->usual != NULL)
        printf(" (%s)", row->usual);
    printf("\n\n");
}

static void print_man_command(const command *of) {
    printf("# DAE %s\n\n*dae %s* [OPTIONS] ", of->name, of->name);
    print_escaped(of->operands);
    printf("\n\n");
    print_escaped(of->text);
    printf("\n\n");
    for (enum option_id id = 0; id < OPTION_COUNT; id++)
        if (option_is_of(id, of))
            print_man_option(&options[id]);
    printf("Examples:\n\n```\n%s\n```\n\n", of->examples);
}

static void print_man(void) {
    printf("dae(1)\n\n# NAME\n\ndae - takes noise off pictures, recordings, arrays and tables\n\n# "
           "SYNOPSIS\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        printf("*dae %s* [OPTIONS] ", commands[i].name);
        print_escaped(commands[i].operands);
        printf(i + 1 < COMMAND_COUNT ? "++\n" : "\n\n");
    }
    printf("# DESCRIPTION\n\nTrains small neural networks that take noise off data, denoising autoencoders, "
           "and runs them.\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        printf("*dae %s*\n\t", commands[i].name);
        print_escaped(commands[i].what);
        printf("\n\n");
    }
    printf("Texts of networks, noise and the rest are the same as in C and in Python; *dae kinds* lists what "
           "may stand in "
           "them. Results go to standard output, all else to standard error.\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        print_man_command(&commands[i]);
    printf(
        "# FILES\n\n_MODEL_.checkpoint\n\tWhile *dae train* works, all that training is, for *--resume*.\n\n"
        "_MODEL_.png\n\tWhat *dae train* has to show: the loss, and three examples before, after and "
        "clean; of _NAME_.safetensors it is _NAME_.png.\n\n"
        "# EXIT STATUS\n\n*0*\n\tAll went well.\n\n*1*\n\tSomething failed; standard error says what.\n\n"
        "*2*\n\tWrong usage.\n\n*130*\n\tInterrupted, as by Ctrl-C.\n");
}

/* ---- Completion of bash ------------------------------------------------------------------------------- */

/* What bash completes after an option that takes a value. */
static void print_bash_value(const option_row *row) {
    const char *joint = "    ";
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if ((row->commands >> i & 1) == 0)
            continue;
        printf("%s%s:--%s", joint, commands[i].name, row->name);
        joint = " | ";
        if (row->letter != 0)
            printf(" | %s:-%c", commands[i].name, row->letter);
    }
    switch (row->value) {
    case VALUE_PATH:
        printf(") _dae_files ;;\n");
        break;
    case VALUE_WORD:
        printf(") _dae_words '%s' ;;\n", row->words);
        break;
    case VALUE_RECIPE:
        printf(") _dae_kinds %s ;;\n", row->words);
        break;
    default:
        printf(") ;;\n");
    }
}

static void print_bash_command(const command *of) {
    printf("    %s:*) _dae_options '", of->name);
    for (enum option_id id = 0; id < OPTION_COUNT; id++)
        if (option_is_of(id, of))
            printf("--%s ", options[id].name);
    printf("' %s ;;\n", of->operand == OPERAND_KIND ? "_dae_kind_operand" : "_dae_files");
}

static void print_command_names(const char *joint) {
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("%s%s", i > 0 ? joint : "", commands[i].name);
}

static void print_bash(void) {
    printf("# shellcheck shell=bash\n"
           "# Completion of dae for bash, made by `dae generate bash`.\n\n"
           "_dae_files() {\n  compopt -o filenames 2>/dev/null\n  mapfile -t COMPREPLY < <(compgen -f -- "
           "\"$word\")\n}\n\n"
           "_dae_words() {\n  mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$word\")\n}\n\n"
           "# The kinds of a category, of the library that is there.\n"
           "_dae_kinds() {\n  compopt -o nospace 2>/dev/null\n  _dae_words \"$(dae kinds --quiet \"$@\" "
           "2>/dev/null)\"\n}\n\n"
           "_dae_kind_operand() {\n"
           "  case $COMP_CWORD in\n"
           "    2) _dae_words \"$(dae kinds --quiet 2>/dev/null)\" ;;\n"
           "    3) _dae_words \"$(dae kinds --quiet \"$before\" 2>/dev/null)\" ;;\n"
           "  esac\n}\n\n"
           "_dae_options() { # options, what completes operands\n"
           "  if [[ $word == -* ]]; then\n    _dae_words \"$1\"\n  else\n    \"$2\"\n  fi\n}\n\n"
           "_dae() {\n"
           "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
           "  COMPREPLY=()\n"
           "  if [ \"$COMP_CWORD\" = 1 ]; then\n    _dae_words '");
    print_command_names(" ");
    printf(" --help --version'\n    return\n  fi\n  case ${COMP_WORDS[1]}:$before in\n");
    for (enum option_id id = 0; id < OPTION_COUNT; id++)
        if (options[id].value != VALUE_NONE)
            print_bash_value(&options[id]);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        print_bash_command(&commands[i]);
    printf("  esac\n}\n\ncomplete -F _dae dae\n");
}

/* ---- Completion of zsh -------------------------------------------------------------------------------- */

/* A text between single quotes, in which _arguments finds nothing of its own. */
static void print_zsh_escaped(const char *words) {
    for (const char *c = words; *c != '\0'; c++) {
        if (strchr("[]:\\", *c) != NULL)
            putchar('\\');
        if (*c == '\'')
            printf("'\\''");
        else
            putchar(*c);
    }
}

static void print_zsh_option(const option_row *row) {
    printf(" \\\n        ");
    if (row->letter != 0)
        printf("'(-%c --%s)'{-%c,--%s}'[", row->letter, row->name, row->letter, row->name);
    else
        printf("'%s--%s[", row->value == VALUE_NAMED_PATH ? "*" : "", row->name);
    print_zsh_escaped(row->what);
    printf("]");
    if (row->argument != NULL)
        printf(":%s:", row->argument);
    switch (row->value) {
    case VALUE_PATH:
        printf("_files");
        break;
    case VALUE_WORD:
        printf("(%s)", row->words);
        break;
    case VALUE_RECIPE:
        printf("_dae_kinds %s", row->words);
        break;
    default:
        break;
    }
    printf("'");
}

static void print_zsh_command(const command *of) {
    printf("    %s)\n      _arguments", of->name);
    for (enum option_id id = 0; id < OPTION_COUNT; id++)
        if (option_is_of(id, of))
            print_zsh_option(&options[id]);
    if (of->operand == OPERAND_KIND)
        printf(" \\\n        '1:category:_dae_kinds' '2:name:_dae_kinds $words[2]' ;;\n");
    else
        printf(" \\\n        '*:file:_files' ;;\n");
}

static void print_zsh(void) {
    printf("#compdef dae\n# Completion of dae for zsh, made by `dae generate zsh`.\n\n"
           "_dae_kinds() {\n  local -a kinds\n  kinds=(${(f)\"$(dae kinds --quiet $1 2>/dev/null)\"})\n"
           "  compadd -S '' -a kinds\n}\n\n"
           "_dae() {\n  local command=$words[2]\n  if (( CURRENT == 2 )); then\n    local -a commands\n    "
           "commands=(");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        printf("\n      '%s:", commands[i].name);
        print_zsh_escaped(commands[i].what);
        printf("'");
    }
    printf(")\n    _describe command commands\n    return\n  fi\n"
           "  shift words\n  (( CURRENT-- ))\n  case $command in\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        print_zsh_command(&commands[i]);
    printf("  esac\n}\n\n_dae \"$@\"\n");
}

int generate(int argc, char **argv) {
    const struct {
        const char *name;
        void (*print)(void);
    } files[] = {{"man", print_man}, {"bash", print_bash}, {"zsh", print_zsh}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (argc == 1 && strcmp(argv[0], files[i].name) == 0) {
            files[i].print();
            return finish_output(STATUS_DONE);
        }
    complain("generate takes one of: man bash zsh");
    return STATUS_USAGE;
}
