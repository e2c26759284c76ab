#include "train/governor.h"
#include "core/memory.h"

#include <math.h>
#include <string.h>

static const struct dae_kind *const kinds[] = {DAE_GOVERNOR_ROWS, NULL};

const struct dae_category dae_governor_category = {
    .name = "governor",
    .what = "what governs an optimizer: its schedule, clips of gradients, an average of parameters",
    .text = "schedule",
    .kinds = kinds,
};

static bool is_schedule(const struct dae_governor_kind *kind) {
    return kind->rate != NULL;
}

static bool is_constant(const struct dae_governor_kind *kind) {
    return kind == &dae_governor_constant;
}

/* ---- Text ----------------------------------------------------------------------------------------- */

static dae_status check_beside(const struct dae_governors *governors, const struct dae_step *step,
                               const char *what) {
    const struct dae_governor_kind *kind = (const struct dae_governor_kind *)step->kind;
    for (size_t i = 0; i < governors->count; i++) {
        const struct dae_governor_kind *other = governors->list[i].kind;
        if (is_schedule(kind) && is_schedule(other))
            return dae_fail_at(DAE_ERROR_FORMAT, what, step->position,
                               "found '%s' after '%s', expected at most one schedule", kind->kind.name,
                               other->kind.name);
        if (kind == other)
            return dae_fail_at(DAE_ERROR_FORMAT, what, step->position,
                               "found '%s' again, expected it at most once", kind->kind.name);
    }
    return DAE_OK;
}

dae_status dae_governors_take(struct dae_governors *governors, const struct dae_step *steps, size_t count,
                              const char *what) {
    struct dae_governors taken = {0};
    for (size_t i = 0; i < count; i++) {
        DAE_TRY(check_beside(&taken, &steps[i], what));
        struct dae_governor *next = &taken.list[taken.count++];
        next->kind = (const struct dae_governor_kind *)steps[i].kind;
        dae_step_get_numbers(&steps[i], next->parameters);
    }
    *governors = taken;
    return DAE_OK;
}

dae_status dae_governors_read(struct dae_governors *governors, const char *text) {
    struct dae_recipe *recipe = NULL;
    DAE_TRY(dae_recipe_bind(&recipe, &dae_governor_category, text));
    dae_status status = dae_governors_take(governors, recipe->steps, recipe->count,
                                           dae_governor_category.text);
    if (recipe->count == 0)
        status = dae_fail_at(DAE_ERROR_FORMAT, dae_governor_category.text, strlen(text),
                             "found the end of the text, expected at least one step");
    dae_release(recipe);
    return status;
}

bool dae_governor_write(struct dae_text *text, const struct dae_governor *governor, const char *before) {
    if (is_constant(governor->kind))
        return false;
    dae_text_add(text, "%s", before);
    dae_kind_write_numbers(text, &governor->kind->kind, governor->parameters);
    return true;
}

void dae_governors_write(struct dae_text *text, const void *object) {
    const struct dae_governors *governors = object;
    const char *before = "";
    for (size_t i = 0; i < governors->count; i++)
        if (dae_governor_write(text, &governors->list[i], before))
            before = " | ";
    if (before[0] == '\0')
        dae_text_add(text, "constant");
}

/* ---- The learning rate ---------------------------------------------------------------------------- */

const struct dae_governor *dae_governors_schedule(const struct dae_governors *governors) {
    for (size_t i = 0; i < governors->count; i++)
        if (is_schedule(governors->list[i].kind))
            return &governors->list[i];
    return NULL;
}

/* Where `epochs` stands among the parameters, if it is given; 0 if not. */
static size_t find_epochs(const struct dae_governor *governor) {
    const struct dae_kind *kind = &governor->kind->kind;
    for (size_t i = 1; i < dae_kind_parameter_count(kind); i++)
        if (strcmp(kind->parameters[i].name, "epochs") == 0 && !isnan(governor->parameters[i]))
            return i;
    return 0;
}

bool dae_governors_count_epochs(const struct dae_governors *governors) {
    const struct dae_governor *schedule = dae_governors_schedule(governors);
    return schedule != NULL && find_epochs(schedule) > 0;
}

double dae_governors_rate(const struct dae_governors *governors, double base, const struct dae_moment *at) {
    const struct dae_governor *schedule = dae_governors_schedule(governors);
    double p[DAE_GOVERNOR_MAX_PARAMETERS], t = (double)at->step;
    if (schedule == NULL)
        return base;
    memcpy(p, schedule->parameters, sizeof p);
    size_t epochs = find_epochs(schedule);
    if (epochs > 0) {
        p[0] = p[epochs];
        t /= (double)at->steps_per_epoch;
    }
    if (schedule->kind->note != NULL)
        t = (double)at->reductions;
    /* A polynomial between two rates near the limit may round to above it. */
    return fmin(schedule->kind->rate(base, t, p), DAE_MAX_RATE);
}

bool dae_governors_follow_loss(const struct dae_governors *governors) {
    const struct dae_governor *schedule = dae_governors_schedule(governors);
    return schedule != NULL && schedule->kind->note != NULL;
}

void dae_governors_note(const struct dae_governors *governors, struct dae_plateau *state, double loss) {
    const struct dae_governor *schedule = dae_governors_schedule(governors);
    if (dae_governors_follow_loss(governors))
        schedule->kind->note(state, schedule->parameters, loss);
}

/* ---- Gradients ------------------------------------------------------------------------------------ */

/* Where the governor stands that takes the norm; their number, if there is none. */
static size_t find_norm(const struct dae_governors *governors) {
    size_t i = 0;
    while (i < governors->count && !governors->list[i].kind->takes_norm)
        i++;
    return i;
}

bool dae_governors_take_norm(const struct dae_governors *governors) {
    return find_norm(governors) < governors->count;
}

static void clip(const struct dae_governors *governors, size_t first, size_t end, double norm,
                 float *gradient, size_t count) {
    for (size_t i = first; i < end; i++) {
        const struct dae_governor *governor = &governors->list[i];
        if (governor->kind->loops[DAE_TARGET_portable] != NULL)
            governor->kind->loops[dae_kernels()->target](gradient, count, norm, governor->parameters);
    }
}

double dae_governors_look(const struct dae_governors *governors, float *gradient, size_t count) {
    clip(governors, 0, find_norm(governors), NAN, gradient, count);
    return dae_governors_take_norm(governors) ? dae_sum_of_squares(gradient, count) : 0;
}

void dae_governors_clip(const struct dae_governors *governors, double norm, float *gradient, size_t count) {
    clip(governors, find_norm(governors), governors->count, norm, gradient, count);
}

/* ---- Parameters ----------------------------------------------------------------------------------- */

static const struct dae_governor *find_average(const struct dae_governors *governors) {
    for (size_t i = 0; i < governors->count; i++)
        if (governors->list[i].kind->averages[DAE_TARGET_portable] != NULL)
            return &governors->list[i];
    return NULL;
}

bool dae_governors_keep_average(const struct dae_governors *governors) {
    return find_average(governors) != NULL;
}

void dae_governors_move_average(const struct dae_governors *governors, float *average, const float *values,
                                size_t count) {
    const struct dae_governor *governor = find_average(governors);
    governor->kind->averages[dae_kernels()->target](average, values, count,
                                                    (float)(1 - governor->parameters[0]));
}
