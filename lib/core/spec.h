/* The small language of noise recipes, architectures and schedules: steps such as
 * `gaussian(mean=0.5, stddev=0.5) | clip(0, 1)`, read one at a time. */
#ifndef DAE_CORE_SPEC_H
#define DAE_CORE_SPEC_H

#include "core/text.h"

#include <stdbool.h>

enum { DAE_SPEC_NAME_SIZE = 32, DAE_SPEC_MAX_ARGUMENTS = 8 };

/* One argument: `name` is empty when it is given by place; a value is a number or a word. */
struct dae_spec_argument {
    char name[DAE_SPEC_NAME_SIZE];
    char word[DAE_SPEC_NAME_SIZE];
    double number;
    bool is_number;
    size_t position;
};

struct dae_spec_step {
    char name[DAE_SPEC_NAME_SIZE];
    struct dae_spec_argument arguments[DAE_SPEC_MAX_ARGUMENTS];
    size_t argument_count;
    size_t position;
};

/* A kind of step whose parameters are all numbers: how it is written, which values it takes. */
struct dae_spec_kind {
    const char *name;
    size_t parameter_count;
    struct {
        const char *name;
        bool has_default;
        double fallback;
    } parameters[DAE_SPEC_MAX_ARGUMENTS];
    /* NULL when the parameters are fine, otherwise what was expected of them. */
    const char *(*check)(const double *p);
};

/* A text being read; `what` names it in messages. */
struct dae_spec_reader {
    const char *what;
    const char *text;
    size_t position;
    bool started;
};

/* Reads the next step; *more is false when there is none left. */
dae_status dae_spec_next(struct dae_spec_reader *reader, struct dae_spec_step *step, bool *more);

/* Reads the step of a text that has exactly one. */
dae_status dae_spec_only(struct dae_spec_reader *reader, struct dae_spec_step *step);

/* The parameters of a step of this kind, in the kind's order, from arguments by place, by name or by default. */
dae_status dae_spec_read_parameters(const struct dae_spec_reader *reader, const struct dae_spec_step *step,
                                    const struct dae_spec_kind *kind, double *values);

/* Refuses parameters that the kind does not take, with DAE_ERROR_ARGUMENT; `context` begins the message. */
dae_status dae_spec_check(const struct dae_spec_kind *kind, const double *values, const char *context);

/* Writes a step with every parameter by name. */
void dae_spec_write(struct dae_text *text, const struct dae_spec_kind *kind, const double *values);

/* DAE_ERROR_FORMAT with the text's name and a position, counted from 1. */
__attribute__((format(printf, 3, 4))) dae_status dae_spec_fail(const struct dae_spec_reader *reader,
                                                               size_t position, const char *format, ...);

#ifdef __clang_analyzer__ /* as dae_fail() in status.h */
#define dae_spec_fail(...) (dae_spec_fail(__VA_ARGS__), dae_status_again(DAE_ERROR_FORMAT))
#endif

#endif
