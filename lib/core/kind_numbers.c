/* Numbers of kinds: their bounds, and kinds of which all parameters are single numbers. */
#include "core/kind.h"

#include <math.h>
#include <string.h>

#define MOST_COUNT 9007199254740992.0 /* 2^53: whole numbers up to here are exact */

/* ---- Bounds ------------------------------------------------------------------------------------- */

static bool is_within_bounds(const struct dae_parameter *p, double x) {
    if (!isfinite(x) || (p->type == DAE_TYPE_COUNT && !(x >= 0 && x <= MOST_COUNT && x == floor(x))))
        return false;
    if (p->type == DAE_TYPE_FLAG)
        return x == 0 || x == 1;
    bool low = (p->flags & DAE_OPEN_LOW) ? x > p->low : x >= p->low;
    bool high = (p->flags & DAE_OPEN_HIGH) ? x < p->high : x <= p->high;
    return (p->low == 0 && p->high == 0) || (low && high);
}

bool dae_parameter_allows(const struct dae_parameter *p, double x) {
    return is_within_bounds(p, x) && (!(p->flags & DAE_FLOAT) || is_within_bounds(p, (double)(float)x));
}

void dae_parameter_refuse(struct dae_text *text, const struct dae_parameter *p, double x) {
    dae_text_add(text, "%s is ", p->name);
    dae_text_add_number(text, x);
    dae_text_add(text, ", expected ");
    if (p->type == DAE_TYPE_FLAG) {
        dae_text_add(text, "0 or 1");
        return;
    }
    dae_text_add(text, p->type == DAE_TYPE_COUNT ? "a whole number" : "a finite number");
    if (p->low != 0 || p->high != 0) {
        dae_text_add(text, ", ");
        if (isfinite(p->low))
            dae_text_add(text, "%g %s ", p->low, p->flags & DAE_OPEN_LOW ? "<" : "<=");
        dae_text_add(text, "%s", p->name);
        if (isfinite(p->high))
            dae_text_add(text, " %s %g", p->flags & DAE_OPEN_HIGH ? "<" : "<=", p->high);
    }
    dae_text_add(text, "%s", p->flags & DAE_FLOAT ? ", in float32" : "");
}

void dae_step_write_clash(struct dae_text *text, const struct dae_step *step, const char *expected) {
    const char *before = "found ";
    for (size_t i = 0; i < dae_kind_parameter_count(step->kind); i++)
        if (step->values[i].count > 0) {
            dae_text_add(text, "%s%s = ", before, step->kind->parameters[i].name);
            dae_value_write(text, &step->kind->parameters[i], &step->values[i]);
            before = ", ";
        }
    dae_text_add(text, ", expected %s", expected);
}

/* ---- Kinds of numbers --------------------------------------------------------------------------- */

static struct dae_step step_of(const struct dae_kind *kind, const double *numbers,
                               struct dae_value values[DAE_KIND_MAX_PARAMETERS]) {
    for (size_t i = 0; i < dae_kind_parameter_count(kind); i++)
        values[i] = (struct dae_value){.count = !isnan(numbers[i]), .number = numbers[i]};
    return (struct dae_step){.kind = kind, .values = values};
}

double dae_parameter_default(const struct dae_parameter *p) {
    double number;
    if (p->fallback == NULL)
        return NAN;
    if (p->type == DAE_TYPE_FLAG && strcmp(p->fallback, "yes") == 0)
        return 1;
    if (p->type == DAE_TYPE_FLAG && strcmp(p->fallback, "no") == 0)
        return 0;
    return dae_text_read_number(p->fallback, strlen(p->fallback), &number) > 0 ? number : NAN;
}

void dae_kind_get_defaults(const struct dae_kind *kind, double *numbers) {
    for (size_t i = 0; i < dae_kind_parameter_count(kind); i++)
        numbers[i] = dae_parameter_default(&kind->parameters[i]);
}

void dae_step_get_numbers(const struct dae_step *step, double *numbers) {
    for (size_t i = 0; i < dae_kind_parameter_count(step->kind); i++)
        numbers[i] = step->values[i].count > 0 ? step->values[i].number : NAN;
}

/* Whether another one is given instead of a parameter. */
static bool is_replaced(const struct dae_kind *kind, const struct dae_parameter *p, const double *numbers) {
    for (size_t i = 0; p->other != NULL && i < dae_kind_parameter_count(kind); i++)
        if (strcmp(kind->parameters[i].name, p->other) == 0)
            return !isnan(numbers[i]);
    return false;
}

dae_status dae_kind_check_numbers(const struct dae_kind *kind, const double *numbers, const char *context) {
    struct dae_value values[DAE_KIND_MAX_PARAMETERS] = {{0}};
    struct dae_step step = step_of(kind, numbers, values);
    char reason[DAE_REASON_SIZE] = "";
    struct dae_text text = {reason, sizeof reason, 0};
    for (size_t i = 0; i < dae_kind_parameter_count(kind); i++) {
        const struct dae_parameter *p = &kind->parameters[i];
        if (isnan(numbers[i]) ? is_replaced(kind, p, numbers) : dae_parameter_allows(p, numbers[i]))
            continue;
        dae_parameter_refuse(&text, p, numbers[i]);
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: %s", context, reason);
    }
    const char *expected = kind->check != NULL ? kind->check(values) : NULL;
    if (expected == NULL)
        return DAE_OK;
    dae_step_write_clash(&text, &step, expected);
    return dae_fail(DAE_ERROR_ARGUMENT, "%s: %s", context, reason);
}

void dae_kind_write_numbers(struct dae_text *text, const struct dae_kind *kind, const double *numbers) {
    struct dae_value values[DAE_KIND_MAX_PARAMETERS] = {{0}};
    struct dae_step step = step_of(kind, numbers, values);
    dae_step_write(text, &step);
}
