/* Kinds: what the library can do, as rows of tables.
 *
 * A kind says how it is written, which values its parameters take, and what they are for. From its row come
 * reading and writing as text, what is refused and how, and what a program is told about the loaded library.
 * A row of a floor begins with a struct dae_kind, and goes on with the functions that do the work. */
#ifndef DAE_CORE_KIND_H
#define DAE_CORE_KIND_H

#include "core/recipe.h"

enum { DAE_KIND_MAX_PARAMETERS = 16 };

enum { DAE_REASON_SIZE = 800 }; /* of a part of a message */

/* The upper bound of a count that becomes a size_t; 2^53 is the last whole number of which all before are
 * doubles. */
#define DAE_MOST_SIZE ((double)(SIZE_MAX < UINT64_C(1) << 53 ? SIZE_MAX : UINT64_C(1) << 53))

enum dae_type {
    DAE_TYPE_NUMBER, /* or, where a category `of` draws is named, one of its kinds, such as uniform(0, 1) */
    DAE_TYPE_COUNT,  /* a whole number from 0 to 2^53; or one of `words`, which has a label then; or a draw,
                        which is rounded down */
    DAE_TYPE_FLAG,   /* yes or no; 1 and 0 are read too */
    DAE_TYPE_WORD,   /* one of `words` */
    DAE_TYPE_LABEL,  /* any word */
    DAE_TYPE_KIND,   /* one step of the category `of` */
    DAE_TYPE_RECIPE, /* steps of the category `of` */
};

enum {
    DAE_BY_PLACE = 1 << 0,  /* may be given without its name, in the order of such parameters */
    DAE_OPTIONAL = 1 << 1,  /* may be missing, though it has no default */
    DAE_LATER = 1 << 2,     /* came after files with this kind: written only where it is not the default */
    DAE_HIDDEN = 1 << 3,    /* read because older files have it; neither written nor listed */
    DAE_OPEN_LOW = 1 << 4,  /* above `low`, not equal to it */
    DAE_OPEN_HIGH = 1 << 5, /* below `high` */
    DAE_FLOAT = 1 << 6,     /* used as float32: within its bounds when rounded, too */
    DAE_DIGIT = 1 << 7,     /* a flag that is written as 1 or 0, as the files of 0.1 have it */
    DAE_ANY = 1 << 8,       /* a count, or `any`, which is 0 */
    DAE_NAMED = 1 << 13,    /* a count, or any word: the place or the name of something */
    DAE_LIST = 1 << 9,      /* one value or a list of them */
    DAE_MANY = 1 << 10,     /* all values that are left by place, at least one */
    DAE_PLACED = 1 << 12,   /* written without its name too */
    DAE_WEIGHTED = 1 << 11, /* a recipe that may have a weight, as in 0.3: masking(0.5); it is 1 otherwise */
};

struct dae_category;

struct dae_parameter {
    const char *name;
    const char *what; /* one line for people: what it is, its unit */
    enum dae_type type;
    unsigned flags;
    double low, high;     /* both 0: any */
    const char *fallback; /* the default as it is written; NULL when there is none */
    const char *words;    /* "same, valid" */
    const char *other;    /* the parameter that is given instead of this one: exactly one of both */
    const struct dae_category *of;
    const char *since; /* the version that it came with, if that is not its kind's */
};

/* The value of a parameter. */
struct dae_value {
    size_t count;      /* of values, of `items` or `steps` if there are any; 0: not given */
    double number;     /* the number (NAN where it is drawn), count or weight; flag: 1 or 0; word: which */
    const char *label; /* or the word that is given in the place of a count */
    const struct dae_step *steps;
    const struct dae_value *items; /* of a list */
};

struct dae_kind {
    const char *name;
    const char *what;    /* one line for people */
    const char *example; /* as it could stand in a text */
    const char *since;   /* the version that it came with; NULL: 0.1.0 */
    /* NULL when the values suit each other, otherwise what was expected; each is within its own bounds. Asked
     * about both ends of what is drawn. May be NULL. */
    const char *(*check)(const struct dae_value *values);
    struct dae_parameter parameters[DAE_KIND_MAX_PARAMETERS]; /* the first without a name ends them */
};

/* Kinds of which a text names some. */
struct dae_category {
    const char *name, *what;
    const char *text; /* what messages call a text of it */
    bool has_labels;
    const struct dae_kind *const *kinds; /* ended by NULL */
    const struct dae_category *then;     /* of all steps but the first, if they are of another one */
    /* Of draws: the least and the greatest number that one can be. */
    void (*range)(const struct dae_step *draw, double *low, double *high);
};

/* A step whose parameters all have values: values[i] for parameters[i] of its kind. */
struct dae_step {
    const struct dae_kind *kind;
    const char *label;
    size_t position; /* in the text */
    const struct dae_value *values;
};

/* A text as steps, in one block that dae_release() frees. */
struct dae_recipe {
    size_t count;
    const struct dae_step *steps;
};

/* Reads a text of a category. Fails with DAE_ERROR_FORMAT for what is written wrongly, DAE_ERROR_ARGUMENT for
 * a value out of its range, both with a position, or DAE_ERROR_MEMORY. */
dae_status dae_recipe_bind(struct dae_recipe **out, const struct dae_category *category, const char *text);

/* Likewise for a text that has exactly one step. */
dae_status dae_recipe_bind_one(struct dae_recipe **out, const struct dae_category *category,
                               const char *text);

/* Writes a step: every value by name, but for those whose flags say otherwise. */
void dae_step_write(struct dae_text *text, const struct dae_step *step);

/* Writes steps with | between them. */
void dae_steps_write(struct dae_text *text, const struct dae_step *steps, size_t count);

/* Writes the value of a parameter, which must be given. */
void dae_value_write(struct dae_text *text, const struct dae_parameter *p, const struct dae_value *value);

/* The kind of that name, or NULL. */
const struct dae_kind *dae_kind_find(const struct dae_category *category, const char *name);

size_t dae_kind_parameter_count(const struct dae_kind *kind);

/* Whether a value, one of a number or a count, is drawn. */
static inline bool dae_value_is_drawn(const struct dae_parameter *p, const struct dae_value *value) {
    return p->type <= DAE_TYPE_COUNT && value->steps != NULL;
}

/* How many values one has, and value number i of them: itself, or the items of a list. */
static inline size_t dae_value_items(const struct dae_value *value) {
    return value->items != NULL ? value->count : value->count > 0;
}

static inline const struct dae_value *dae_value_item(const struct dae_value *value, size_t i) {
    return value->items != NULL ? &value->items[i] : value;
}

/* Whether a number is within the bounds. */
bool dae_parameter_allows(const struct dae_parameter *p, double x);

/* Writes "rate is 2, expected a finite number, 0 < rate <= 1". */
void dae_parameter_refuse(struct dae_text *text, const struct dae_parameter *p, double x);

/* Writes "found low = 2, high = 1, expected low <= high". */
void dae_step_write_clash(struct dae_text *text, const struct dae_step *step, const char *expected);

/* ---- Kinds of which all parameters are single numbers, counts or flags ------------------------------- */

/* The default as a number; NAN for what is none. */
double dae_parameter_default(const struct dae_parameter *parameter);

/* The defaults; NAN for a parameter that has none. */
void dae_kind_get_defaults(const struct dae_kind *kind, double *numbers);

/* The values of a step as numbers; NAN for one that is not given. */
void dae_step_get_numbers(const struct dae_step *step, double *numbers);

/* Refuses numbers that the kind does not take, with DAE_ERROR_ARGUMENT; `context` begins the message. One
 * that is given instead of another leaves that NAN. */
dae_status dae_kind_check_numbers(const struct dae_kind *kind, const double *numbers, const char *context);

void dae_kind_write_numbers(struct dae_text *text, const struct dae_kind *kind, const double *numbers);

#endif
