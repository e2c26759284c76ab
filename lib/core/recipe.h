/* Recipes, the one language in which kinds are written: from text to a tree and back. Words have no meaning
 * here; kind.h gives them one.
 *
 *     recipe   = [ steps ]
 *     steps    = step { "|" step }
 *     step     = word [ "(" [ argument { "," argument } ] ")" ] [ "as" word ]
 *     argument = [ word "=" ] value
 *     value    = number [ ":" steps ] | list | steps            (a bare word is a step without arguments)
 *     list     = "[" [ value { "," value } ] "]"
 *     word     = letter-or-_ { letter | digit | _ } { "." (letter | digit | _)+ }
 *     space    = blank, tab, newline, "#" to the end of the line */
#ifndef DAE_CORE_RECIPE_H
#define DAE_CORE_RECIPE_H

#include "core/text.h"

enum { DAE_RECIPE_MAX_DEPTH = 8, DAE_RECIPE_MAX_ARGUMENTS = 64, DAE_RECIPE_MAX_WORD = 63 };

enum dae_syntax_type { DAE_SYNTAX_STEP, DAE_SYNTAX_NUMBER, DAE_SYNTAX_LIST, DAE_SYNTAX_STEPS };

/* A step, or a value: a number, a list, or steps. An argument is a value, with a name or without. */
struct dae_syntax {
    enum dae_syntax_type type;
    size_t position;   /* in the text, from 0 */
    const char *name;  /* of a step; of an argument by name, else NULL */
    const char *label; /* of a step, or NULL */
    double number;     /* of a number */
    const struct dae_syntax
        *first; /* a step's arguments, a list's values, the steps; those that `number:` stands before */
    const struct dae_syntax *next; /* of the same parent */
};

/* Reads a text into a tree of one block, which dae_release() frees; its root has type DAE_SYNTAX_STEPS. Fails
 * with DAE_ERROR_FORMAT, or DAE_ERROR_ARGUMENT for a number that no double holds, before anything is
 * allocated; or with DAE_ERROR_MEMORY. `what` names the text in messages. */
dae_status dae_recipe_read(struct dae_syntax **out, const char *what, const char *text);

/* Writes a tree in the one way that everything is written. */
void dae_recipe_write(struct dae_text *text, const struct dae_syntax *syntax);

#endif
