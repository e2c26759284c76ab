#include "run/figure.h"
#include "core/memory.h"

#include <math.h>

static const struct dae_kind *const kinds[] = {DAE_FIGURE_ROWS, NULL};

const struct dae_category dae_figure_category = {
    .name = "figure",
    .what = "what says how good a model's answers are",
    .text = "figure",
    .kinds = kinds,
};

struct taken {
    const struct dae_figure *kind;
    size_t position;                              /* in the text */
    double parameters[DAE_FIGURE_MAX_PARAMETERS]; /* NaN where they are not given */
    double used[DAE_FIGURE_MAX_PARAMETERS];
    double sums[DAE_FIGURE_SUMS];
};

struct dae_figures {
    size_t input, output; /* values of a sample */
    struct dae_shape target;
    bool comparable; /* all inputs so far have had the size of their target */
    double peak;     /* where it is not given */
    size_t samples;
    unsigned flawed; /* sides with a value that is not finite, by 1 << DAE_SIDE_* */
    size_t count;
    struct taken list[];
};

/* ---- What to take ------------------------------------------------------------------------------------ */

static dae_status reserve(struct dae_figures **out, size_t count) {
    size_t size;
    if (!dae_size_multiply(count, sizeof(struct taken), &size) ||
        !dae_size_add(size, sizeof(struct dae_figures), &size))
        return DAE_ERROR_MEMORY;
    *out = dae_allocate(1, size);
    return *out != NULL ? DAE_OK : DAE_ERROR_MEMORY;
}

static dae_status open_all(struct dae_figures **out) {
    struct dae_figures *figures;
    DAE_TRY(reserve(&figures, sizeof kinds / sizeof *kinds));
    for (size_t i = 0; kinds[i] != NULL; i++) {
        struct taken *taken = &figures->list[figures->count];
        taken->kind = (const struct dae_figure *)kinds[i];
        dae_kind_get_defaults(kinds[i], taken->parameters);
        figures->count += taken->kind->add != NULL;
    }
    *out = figures;
    return DAE_OK;
}

static dae_status open_steps(struct dae_figures **out, const struct dae_recipe *recipe) {
    if (recipe->count == 0)
        return dae_fail_at(DAE_ERROR_FORMAT, dae_figure_category.text, 0,
                           "found the end of the text, expected at least one figure");
    for (size_t i = 0; i < recipe->count; i++)
        if (((const struct dae_figure *)recipe->steps[i].kind)->add == NULL)
            return dae_fail_at(DAE_ERROR_ARGUMENT, dae_figure_category.text, recipe->steps[i].position,
                               "%s is a figure of a report, expected one that is a mean over samples",
                               recipe->steps[i].kind->name);
    DAE_TRY(reserve(out, recipe->count));
    for (size_t i = 0; i < recipe->count; i++) {
        struct taken *taken = &(*out)->list[(*out)->count++];
        taken->kind = (const struct dae_figure *)recipe->steps[i].kind;
        taken->position = recipe->steps[i].position;
        dae_step_get_numbers(&recipe->steps[i], taken->parameters);
    }
    return DAE_OK;
}

dae_status dae_figures_open(struct dae_figures **out, const char *text) {
    struct dae_recipe *recipe = NULL;
    if (text != NULL)
        DAE_TRY(dae_recipe_bind(&recipe, &dae_figure_category, text));
    dae_status status = text != NULL ? open_steps(out, recipe) : open_all(out);
    dae_release(recipe);
    return status;
}

size_t dae_figures_count(const struct dae_figures *figures) {
    return figures->count;
}

size_t dae_figures_position(const struct dae_figures *figures, size_t index) {
    return figures->list[index].position;
}

static bool are_equal(const struct taken *a, const struct taken *b) {
    size_t same = 0, count = dae_kind_parameter_count(&a->kind->kind);
    while (a->kind == b->kind && same < count && a->used[same] == b->used[same])
        same++;
    return a->kind == b->kind && same == count;
}

/* Parameters that are not given are peaks. */
static void use_parameters(const struct dae_figures *figures, struct taken *taken) {
    for (size_t i = 0; i < dae_kind_parameter_count(&taken->kind->kind); i++)
        taken->used[i] = isnan(taken->parameters[i]) ? figures->peak : taken->parameters[i];
}

void dae_figures_write_name(struct dae_text *text, const struct dae_figures *figures, size_t index) {
    const struct taken *taken = &figures->list[index];
    if (dae_kind_parameter_count(&taken->kind->kind) == 0 || isnan(taken->parameters[0]))
        dae_text_add(text, "%s", taken->kind->kind.name);
    else
        dae_kind_write_numbers(text, &taken->kind->kind, taken->parameters);
}

/* ---- Sample by sample -------------------------------------------------------------------------------- */

void dae_figures_start(struct dae_figures *figures, const dae_model *model) {
    figures->comparable = true;
    figures->samples = 0;
    figures->flawed = 0;
    figures->peak = dae_model_peak(model);
    for (size_t i = 0; i < figures->count; i++) {
        use_parameters(figures, &figures->list[i]);
        for (size_t j = 0; j < DAE_FIGURE_SUMS; j++)
            figures->list[i].sums[j] = 0;
    }
}

void dae_figures_set_shapes(struct dae_figures *figures, const struct dae_sweep_batch *batch) {
    figures->input = batch->input->size;
    figures->output = batch->output->size;
    figures->target = *batch->target;
    figures->comparable = figures->comparable && figures->input == figures->target.size;
}

/* Whether targets are such as a figure takes. */
static bool takes(const struct dae_figures *figures, const struct dae_figure *kind) {
    return !kind->of_input || figures->comparable;
}

static double mean_square(const float *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)values[i] * (double)values[i];
    return sum / (double)count;
}

static struct dae_answer answer_of(const struct dae_figures *figures, const float *values, size_t size,
                                   const float *targets) {
    struct dae_answer answer = {values, targets, size, &figures->target, (double)NAN, (double)NAN};
    if (size == figures->target.size)
        answer.mse = dae_kernels()->squared_error(values, targets, size) / (double)size;
    return answer;
}

static unsigned flaw_of(enum dae_side side, const float *values, size_t count) {
    return dae_kernels()->is_finite(values, count) ? 0 : 1U << side;
}

struct dae_errors dae_figures_add(struct dae_figures *figures, const float *input, const float *output,
                                  const float *target) {
    struct dae_answer by_input = answer_of(figures, input, figures->input, target);
    struct dae_answer by_model = answer_of(figures, output, figures->output, target);
    by_input.signal = by_model.signal = mean_square(target, figures->target.size);
    for (size_t i = 0; i < figures->count; i++) {
        struct taken *taken = &figures->list[i];
        if (takes(figures, taken->kind))
            taken->kind->add(taken->sums, taken->kind->of_input ? &by_input : &by_model, taken->used);
    }
    figures->samples++;
    figures->flawed |= flaw_of(DAE_SIDE_INPUT, input, figures->input) |
                       flaw_of(DAE_SIDE_TARGET, target, figures->target.size) |
                       flaw_of(DAE_SIDE_OUTPUT, output, figures->output);
    return (struct dae_errors){by_model.mse, by_input.mse};
}

void dae_figures_add_batch(struct dae_figures *figures, const struct dae_sweep_batch *batch) {
    dae_figures_set_shapes(figures, batch);
    for (size_t i = 0; i < batch->count; i++)
        dae_figures_add(figures, batch->inputs + i * figures->input, batch->outputs + i * figures->output,
                        batch->targets + i * figures->target.size);
}

/* ---- Conclusions ------------------------------------------------------------------------------------- */

/* Made of a value that is not finite. */
static bool is_spoiled(const struct dae_figures *figures, const struct dae_figure *kind) {
    return (kind->made_of & figures->flawed) != 0;
}

static double conclude(const struct dae_figures *figures, const struct taken *taken) {
    if (is_spoiled(figures, taken->kind) || !takes(figures, taken->kind))
        return (double)NAN;
    return taken->kind->conclude(taken->sums, (double)figures->samples, taken->used);
}

double dae_figures_get(const struct dae_figures *figures, size_t index) {
    return conclude(figures, &figures->list[index]);
}

/* With other parameters than those of the figures that were taken. */
static dae_status take_again(const struct dae_figures *figures, struct taken *taken,
                             const struct dae_errors *errors) {
    if (!taken->kind->from_mse)
        return dae_fail(
            DAE_ERROR_ARGUMENT,
            "%s with other parameters than by default needs the samples, which a report does not keep: "
            "ask dae_model_measure(), or for %s",
            taken->kind->kind.name, taken->kind->kind.name);
    for (size_t i = 0; i < figures->samples; i++) {
        struct dae_answer answer = {.mse = taken->kind->of_input ? errors[i].input : errors[i].output};
        taken->kind->add(taken->sums, &answer, taken->used);
    }
    return DAE_OK;
}

dae_status dae_figures_get_step(const struct dae_figures *figures, const struct dae_step *step,
                                const struct dae_errors *errors, const struct dae_evidence *evidence,
                                double *value) {
    struct taken taken = {.kind = (const struct dae_figure *)step->kind};
    size_t i = 0;
    if (taken.kind->of_report != NULL) {
        *value = is_spoiled(figures, taken.kind) ? (double)NAN : taken.kind->of_report(evidence);
        return DAE_OK;
    }
    dae_step_get_numbers(step, taken.parameters);
    use_parameters(figures, &taken);
    while (i < figures->count && !are_equal(&figures->list[i], &taken))
        i++;
    if (i == figures->count)
        DAE_TRY(take_again(figures, &taken, errors));
    *value = conclude(figures, i < figures->count ? &figures->list[i] : &taken);
    return DAE_OK;
}
