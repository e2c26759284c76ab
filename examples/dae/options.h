/* The commands and options of dae: the one table that the command line, the help, the man page and the
 * completions are made of. */
#ifndef DAE_OPTIONS_H
#define DAE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* ---- Commands ----------------------------------------------------------------------------------------- */

enum {
    COMMAND_TRAIN,
    COMMAND_DENOISE,
    COMMAND_EVALUATE,
    COMMAND_NOISE,
    COMMAND_INFO,
    COMMAND_KINDS,
    COMMAND_COUNT
};

/* What operands are, which completion offers. */
enum operand { OPERAND_DATA, OPERAND_FILE, OPERAND_DATA_AND_NOISE, OPERAND_KIND };

struct arguments;

typedef struct command {
    const char *name;
    const char *operands; /* as usage shows them */
    const char *what;     /* one line */
    const char *text;     /* a few sentences, for help and man page */
    const char *examples; /* command lines, one a line */
    enum operand operand;
    size_t least, most; /* operands */
    int (*run)(struct arguments *arguments);
} command;

extern const command commands[COMMAND_COUNT];

/* ---- Options ------------------------------------------------------------------------------------------ */

/* How the value of an option is read, and what completion offers. */
enum value {
    VALUE_NONE, /* it is yes or no */
    VALUE_TEXT,
    VALUE_PATH,
    VALUE_NAMED_PATH, /* NAME=PATH */
    VALUE_COUNT,      /* whole, low to high */
    VALUE_NUMBER,     /* low to high */
    VALUE_TIME,       /* such as 90s, 10m or 2h: low to high seconds */
    VALUE_WORD,       /* one of `words` */
    VALUE_RECIPE      /* a text of steps, of the library's category `words` */
};

enum option_id {
    OPTION_OUTPUT,
    OPTION_MODEL_FILE,
    OPTION_NOISE,
    OPTION_MODEL,
    OPTION_OBJECTIVE,
    OPTION_OPTIMIZER,
    OPTION_SCALING,
    OPTION_SOURCE,
    OPTION_VIEW,
    OPTION_EPOCHS,
    OPTION_TIME,
    OPTION_BATCH,
    OPTION_SEED,
    OPTION_HELD_OUT,
    OPTION_RECORDINGS,
    OPTION_NOISY,
    OPTION_BLIND,
    OPTION_PRECISION,
    OPTION_CHECKPOINT_EVERY,
    OPTION_RESUME,
    OPTION_LEVEL,
    OPTION_COVER,
    OPTION_STREAM,
    OPTION_WORST,
    OPTION_THREADS,
    OPTION_FORCE,
    OPTION_DRY_RUN,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_VERBOSE,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_COUNT
};

typedef struct option_row {
    const char *name;
    char letter;          /* or 0 */
    const char *argument; /* as help shows it; NULL where it takes none */
    const char *what;
    const char *usual; /* its value where it is not given; NULL: none, or one that is chosen by the data */
    unsigned commands; /* 1 << COMMAND_... of those that take it */
    enum value value;
    const char *words; /* of VALUE_WORD, with blanks between them; of VALUE_RECIPE, the category */
    double low, high;
    bool is_setting; /* decides what training gives: kept in the model, and printed as part of the command */
} option_row;

extern const option_row options[OPTION_COUNT];

static inline bool option_is_of(enum option_id id, const command *of) {
    return (options[id].commands >> (of - commands) & 1) != 0;
}

/* ---- The command line --------------------------------------------------------------------------------- */

enum { MOST_RECORDINGS = 16 };

typedef struct arguments {
    const command *command;
    /* Of each option its text, the usual one where it was not given, and NULL without one. "" for a flag that
     * was given. */
    const char *text[OPTION_COUNT];
    double number[OPTION_COUNT]; /* of counts, numbers and times */
    bool given[OPTION_COUNT];
    const char *recordings[MOST_RECORDINGS];
    size_t recording_count;
    char **operands;
    size_t operand_count;
} arguments;

/* Reads a command line; `program` is its name. What it returns is none of the statuses of main() where the
 * command is to be run, and otherwise the status to end with: help has been printed, or a mistake told. */
enum { ARGUMENTS_RUN = -1 };
int arguments_parse(arguments *parsed, int argc, char **argv);

/* Sets an option to a text that lives as long as the arguments; false when it is none for it, which is
 * told. */
bool arguments_set(arguments *parsed, enum option_id id, const char *text);

/* The usual values of a command. */
void arguments_start(arguments *parsed, const command *of);

/* The row nearest to a word that is none, or NULL where none is near: "did you mean". */
const char *nearest_word(const char *word, const char *const *words, size_t count);

/* Prints the help of the program, or of a command where `of` is not NULL. */
void print_help(const command *of);

/* `dae generate man|bash|zsh`: prints what the build installs. */
int generate(int argc, char **argv);

#endif
