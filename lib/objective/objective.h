/* Objectives: what training makes small, a sum of terms. A term is one file, and its name in lib/meson.build.
 *
 * Terms that compare outputs with targets are loops over values. Penalties look at a value of the network, or
 * at parameters. A row has what its term can be. */
#ifndef DAE_OBJECTIVE_OBJECTIVE_H
#define DAE_OBJECTIVE_OBJECTIVE_H

#include "kinds.h"
#include "math/loops.h"
#include "model/model.h"

enum { DAE_OBJECTIVE_MAX_TERMS = 8, DAE_TERM_NAME_SIZE = 96, DAE_OBJECTIVE_STRIP = 1024 };

/* Returns the sum of the losses of a[count] by targets t; replaces `a` by scale times their gradient by what
 * a rectifier of this slope was given: 1 for the gradient by `a` itself. p has the term's parameters. */
typedef double dae_compare_loop(float *a, const float *t, size_t count, float scale, float slope,
                                const double *p);

struct dae_tap;

/* A penalty on a value of the network: for each of its columns, a sum over samples and what that costs. */
struct dae_value_penalty {
    /* NULL when it suits what the layer gives, otherwise what the penalty takes. */
    const char *(*expects)(const dae_layer *maker);
    /* Weighs columns by the squared norm of their unit's weights, of a dense layer. */
    bool weighs;
    /* sums[i] += f(y[i]) */
    void (*add)(const struct dae_tap *tap, const float *y, size_t count, double *sums);
    /* The loss of column `column` over all samples of its sum. */
    double (*loss)(const struct dae_tap *tap, size_t column);
    /* out[i] = scale times the gradient of that by y[i], of columns from `column` on */
    void (*slope)(const struct dae_tap *tap, size_t column, const float *y, size_t count, float *out);
};

/* A penalty on parameters. */
struct dae_parameter_penalty {
    double (*loss)(const float *w, size_t count);
    /* gradient[i] += scale times the gradient by w[i] */
    void (*add)(float *gradient, const float *w, size_t count, float scale);
};

/* A row: one kind of term. */
struct dae_term_kind {
    struct dae_kind kind;
    /* Of terms that compare: from outputs; and from what a last layer of kind `logits_of` was given. */
    dae_compare_loop *compare[DAE_TARGETS], *compare_logits[DAE_TARGETS];
    const struct dae_kind *logits_of;
    bool whole_rows;   /* compare_logits takes whole samples */
    bool per_place;    /* a mean over samples and places, of sums over channels; else over all values */
    bool unit_targets; /* takes targets in [0,1] only */
    bool classes;      /* takes the number of a class as a target, too */
    /* Penalties, one of them or both: of a value where `of` names one, else of parameters. */
    const struct dae_value_penalty *of_value;
    const struct dae_parameter_penalty *of_parameters;
};

extern const struct dae_term_kind DAE_OBJECTIVE_KINDS;

extern const struct dae_category dae_objective_category;

/* Parameters that terms have in common. */
#define DAE_TERM_WEIGHT \
    { "weight", "factor of the term in the sum", DAE_TYPE_NUMBER, DAE_LATER, 0, 1e6, "1" }
#define DAE_TERM_LAYER                                                                                       \
    {                                                                                                        \
        .name = "layer", .what = "label of the layer whose parameters it looks at; those of all without it", \
        .type = DAE_TYPE_LABEL, .flags = DAE_OPTIONAL                                                        \
    }
#define DAE_TERM_MISSING                                                                         \
    {                                                                                            \
        .name = "missing",                                                                       \
        .what = "what a target that is NaN does: ends the fit, or is left out of the mean",      \
        .type = DAE_TYPE_WORD, .flags = DAE_LATER, .fallback = "refuse", .words = "refuse, skip" \
    }
#define DAE_TERM_COMPARES                                                                                 \
    DAE_TERM_WEIGHT, DAE_TERM_MISSING, {"corrupted",                                                      \
                                        "factor of values whose input is not their target",               \
                                        DAE_TYPE_NUMBER,                                                  \
                                        DAE_LATER,                                                        \
                                        0,                                                                \
                                        1e6,                                                              \
                                        "1"},                                                             \
    {                                                                                                     \
        "intact", "factor of values whose input is their target", DAE_TYPE_NUMBER, DAE_LATER, 0, 1e6, "1" \
    }

struct dae_term {
    const struct dae_term_kind *kind;
    char name[DAE_TERM_NAME_SIZE]; /* its column of the history: mse, l1.code */
    double parameters[DAE_KIND_MAX_PARAMETERS];
    double weight;
    bool compares, logits;
    bool skips;               /* targets that are NaN */
    double corrupted, intact; /* factors */
    size_t value;             /* that a penalty looks at; 0 for none */
    size_t first, count;      /* parameters that it looks at */
    size_t channels;          /* of a term per place */
};

struct dae_objective {
    struct dae_recipe *recipe;
    size_t term_count;
    struct dae_term terms[DAE_OBJECTIVE_MAX_TERMS];
    size_t only;       /* the only term that compares; term_count where there are more */
    bool whole_rows;   /* a term takes whole samples, before a softmax */
    bool logits;       /* terms start from what the last layer's nonlinearity was given */
    bool skips;        /* some term skips targets that are NaN */
    bool emphasizes;   /* some term asks which values are corrupted */
    bool unit_targets; /* some term takes no others */
    bool penalizes;    /* some term looks at parameters */
    bool classes;      /* some term takes numbers of classes */
    size_t tapped[DAE_OBJECTIVE_MAX_TERMS], tapped_count; /* values that penalties look at */
};

/* From a text; NULL for "mse". Fails as texts do, and with DAE_ERROR_ARGUMENT for a term that does not suit
 * the model. */
dae_status dae_objective_create(struct dae_objective **out, const dae_model *model, const char *text);
void dae_objective_free(struct dae_objective *objective);

/* The sum of terms with their weights. */
double dae_objective_sum(const struct dae_objective *objective, const double *terms);

/* (A dae_text_writer.) */
void dae_objective_write(struct dae_text *text, const void *object);

/* What a term's mean is over, of so many values: these, or places; at least 1. */
double dae_term_divisor(const struct dae_term *term, double values);

/* Whether targets are in [0,1]; NaN counts as such, for others to find. */
bool dae_targets_are_unit(const float *targets, size_t count);

/* Outputs of a part of a sample, of at most DAE_OBJECTIVE_STRIP values. */
struct dae_strip {
    float *values; /* outputs, or logits where the objective has those; replaced by D */
    const float *targets;
    const float *inputs; /* of the same places; NULL unless the objective emphasizes */
    size_t count;
    const float *scales; /* of each term's gradient */
    const struct dae_activation
        *activation; /* that D is taken through; NULL for D by the values themselves */
    const float *z;  /* what it was given, where it is derived from that */
};

/* Applies what was left out to logits, of a whole sample where a term takes those. */
void dae_objective_finish(const struct dae_objective *objective, float *values, size_t count);

/* Adds what terms that compare make of a strip to sums[term_count]. */
void dae_objective_compare(const struct dae_objective *objective, const struct dae_strip *strip,
                           double *sums);

/* ---- Penalties on values --------------------------------------------------------------------------- */

/* A penalty at work on a batch. */
struct dae_tap {
    const struct dae_term *term;
    const dae_model *model;
    const struct dae_activation *activation; /* of the value's maker */
    size_t size;                             /* columns */
    double *sums, *norms;                    /* [size]; norms NULL where they are not asked for */
    double samples;
    float scale; /* of gradients */
};

/* Room for a penalty on a value; `taps` has one for each term, those of others stay empty. */
dae_status dae_taps_create(struct dae_tap **out, const struct dae_objective *objective,
                           const dae_model *model);
void dae_taps_free(struct dae_tap *taps);

/* The loss of a value's rows, summed over the samples: y[count, size]. */
double dae_tap_measure(struct dae_tap *tap, struct dae_pool *pool, const float *y, size_t count);

/* Adds the gradient of what was measured to D of the value, whose last reader this is. */
dae_status dae_tap_go_back(const struct dae_tap *tap, struct dae_pool *pool, struct dae_rows *rows,
                           size_t count);

/* ---- Penalties on parameters ----------------------------------------------------------------------- */

/* The loss of parameters [first, first + count) of the model, and their gradient added to gradient[count],
 * which may be NULL; `tap` is the term's. */
double dae_term_of_parameters(const struct dae_term *term, const struct dae_tap *tap, const dae_model *model,
                              size_t first, size_t count, float *gradient);

#endif
