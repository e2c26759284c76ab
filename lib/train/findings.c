/* What training itself has to say, from its history alone: rules, and texts made from the figures at hand.
 *
 * Losses are compared as means over a tenth of the epochs, at least two, so that noise that is drawn afresh
 * does not count. */
#include "run/report.h"
#include "train/trainer.h"

#include <math.h>
#include <string.h>

enum { LEAST_FOR_OVERFITTING = 10, LEAST_FOR_RATE = 5, LEAST_FOR_PROGRESS = 4 };

/* Epochs of the history that belong together. */
struct course {
    const dae_trainer *trainer;
    struct dae_findings *findings;
    const double *rows;
    size_t first, epochs; /* rows of the history that lie before, and that count */
};

/* Epochs that a mean is taken over. */
static size_t window_of(const struct course *c) {
    return c->epochs < 20 ? 2 : c->epochs / 10;
}

static double loss_at(const struct course *c, int32_t column, size_t epoch) {
    return c->rows[epoch * c->trainer->column_count + (size_t)column];
}

static double mean_over(const struct course *c, int32_t column, size_t first, size_t count) {
    double sum = 0;
    for (size_t i = first; i < first + count; i++)
        sum += loss_at(c, column, i);
    return sum / (double)count;
}

/* Where the window with the lowest mean begins. */
static size_t lowest(const struct course *c, int32_t column, size_t width) {
    size_t best = 0;
    double least = INFINITY;
    for (size_t i = 0; i + width <= c->epochs; i++) {
        double mean = mean_over(c, column, i, width);
        best = mean < least ? i : best;
        least = fmin(mean, least);
    }
    return best;
}

/* How far a loss jumps from epoch to epoch in the second half, as a share of it, if as much up as down. */
static double jumps(const struct course *c, int32_t column) {
    double up = 0, down = 0;
    size_t half = c->epochs / 2;
    for (size_t i = half; i < c->epochs; i++) {
        double step = loss_at(c, column, i) - loss_at(c, column, i - 1);
        up += fmax(step, 0);
        down += fmax(-step, 0);
    }
    double sum = mean_over(c, column, half, c->epochs - half) * (double)(c->epochs - half);
    return up > 0.3 * (up + down) ? (up + down) / sum : 0;
}

static double rate_now(const struct course *c) {
    const dae_trainer *trainer = c->trainer;
    uint64_t in_epochs = trainer->steps - dae_size_min(trainer->open.steps, trainer->steps);
    struct dae_moment last = {
        .step = trainer->steps > 0 ? trainer->steps - 1 : 0,
        .steps_per_epoch = trainer->epoch > 0 && in_epochs > trainer->epoch ? in_epochs / trainer->epoch : 1,
        .reductions = trainer->plateau.reductions,
    };
    return dae_optimizer_rate(trainer->optimizer, &last);
}

/* The last epochs that have a validation loss; with none, `epochs` is 0. */
static struct course validated(const struct course *c) {
    struct course part = *c;
    part.epochs = 0;
    while (part.epochs < c->epochs &&
           isfinite(loss_at(c, DAE_HISTORY_VALIDATION_LOSS, c->epochs - 1 - part.epochs)))
        part.epochs++;
    part.first += c->epochs - part.epochs;
    part.rows += (c->epochs - part.epochs) * c->trainer->column_count;
    return part;
}

/* The loss that noise drawn afresh does not move, if there is one for every epoch. */
static int32_t steadiest(const struct course *c) {
    return validated(c).epochs == c->epochs ? DAE_HISTORY_VALIDATION_LOSS : DAE_HISTORY_LOSS;
}

/* ---- A gap that grows ------------------------------------------------------------------------------- */

static bool has_dropout(const dae_model *model) {
    for (size_t i = 0; i < model->node_count; i++)
        if (model->nodes[i].layer->kind == &dae_layer_dropout)
            return true;
    return false;
}

static void add_overfitting(const struct course *c, size_t since, size_t width) {
    size_t end = c->epochs - width;
    struct dae_text text = dae_findings_add(c->findings, DAE_FINDING_OVERFITTING);
    dae_text_add(&text,
                 "From epoch %zu to %zu the training loss went from %.4g to %.4g, and that on the validation "
                 "data from %.4g "
                 "to %.4g: the model learns its samples by heart, and noise with them if that is drawn once. "
                 "Draw noise "
                 "afresh in every epoch (DAE_NOISE_FRESH), or take more data%s%s.",
                 c->first + since + 1, c->first + c->epochs, mean_over(c, DAE_HISTORY_LOSS, since, width),
                 mean_over(c, DAE_HISTORY_LOSS, end, width),
                 mean_over(c, DAE_HISTORY_VALIDATION_LOSS, since, width),
                 mean_over(c, DAE_HISTORY_VALIDATION_LOSS, end, width),
                 c->trainer->early.patience > 0 ? "" : ", stop early (dae_trainer_set_early_stopping())",
                 has_dropout(c->trainer->model) ? ", more dropout" : ", dropout");
}

/* Learning by heart: the training loss falls, and that on the validation data rises, by more than it jumps
 * anyway; or it falls by less than half as much, and is twice the training loss. */
static void find_overfitting(const struct course *all) {
    struct course c = validated(all);
    if (c.epochs < LEAST_FOR_OVERFITTING || all->trainer->early.stopped) /* which has the best parameters */
        return;
    const int32_t training = DAE_HISTORY_LOSS, validation = DAE_HISTORY_VALIDATION_LOSS;
    size_t width = window_of(&c), end = c.epochs - width, middle = c.epochs / 2;
    size_t best = lowest(&c, validation, width);
    double training_now = mean_over(&c, training, end, width);
    double validation_now = mean_over(&c, validation, end, width);
    double gained = mean_over(&c, training, middle, width) - training_now;
    double carried = mean_over(&c, validation, middle, width) - validation_now;
    double rise = validation_now / mean_over(&c, validation, best, width) - 1;
    if (rise > 0.05 + 2 * jumps(&c, validation) && training_now < 0.95 * mean_over(&c, training, best, width))
        add_overfitting(&c, best, width);
    else if (validation_now > 2 * training_now && gained > 0.1 * training_now && carried < 0.5 * gained)
        add_overfitting(&c, middle, width);
}

/* ---- The learning rate ------------------------------------------------------------------------------- */

/* Whether a loss falls as a line does: surely, evenly, and by less than a tenth. */
static bool falls_hardly(const struct course *c, int32_t column) {
    double n = (double)c->epochs, middle = (n - 1) / 2, mean = mean_over(c, column, 0, c->epochs);
    double xx = 0, xy = 0, yy = 0;
    for (size_t i = 0; i < c->epochs; i++) {
        double x = (double)i - middle, y = loss_at(c, column, i) - mean;
        xx += x * x;
        xy += x * y;
        yy += y * y;
    }
    size_t third = c->epochs / 3;
    double start = mean_over(c, column, 0, third), end = mean_over(c, column, c->epochs - third, third);
    double between = mean_over(c, column, third, c->epochs - 2 * third);
    double slope = xy / xx, rest = fmax(0, yy - slope * xy);
    bool sure = slope * slope * xx * (n - 2) > 25 * rest; /* t > 5 */
    return slope < 0 && sure && between - end > 0.6 * (start - between) && -slope * n < 0.1 * mean;
}

static void find_small_rate(const struct course *c) {
    int32_t column = steadiest(c);
    if (c->epochs < LEAST_FOR_RATE || !falls_hardly(c, column))
        return;
    double before = loss_at(c, column, 0), now = loss_at(c, column, c->epochs - 1);
    struct dae_text text = dae_findings_add(c->findings, DAE_FINDING_LEARNING_RATE_TOO_SMALL);
    dae_text_add(
        &text,
        "In %zu epochs the loss went from %.5g to %.5g, %.2g %% down, and evenly: it does not level off. The "
        "learning "
        "rate is %.3g; try ten times that, and again. (A model that was trained before may look the same.)",
        c->epochs, before, now, 100 * (1 - now / before), rate_now(c));
}

/* Changes below this are the end of a fall, not its failure. */
static double least_of_note(const struct course *c) {
    return 1e-4 * loss_at(c, DAE_HISTORY_LOSS, 0);
}

/* Most that the loss of a model can be that is not trained, where targets are like inputs; INFINITY if it is
 * not known. */
static double highest_start(const dae_trainer *trainer) {
    const dae_model *model = trainer->model;
    struct dae_scaler input = dae_model_input_scaler(model);
    double size = dae_scaler_magnitude(&input, (double)model->low, (double)model->high);
    const struct dae_term_kind *kind = trainer->objective->terms[0].kind;
    if (trainer->objective->term_count > 1 || trainer->objective->terms[0].weight != 1)
        return INFINITY;
    return kind == &dae_objective_mse   ? 2.25 * size * size
           : kind == &dae_objective_mae ? 1.5 * size
           : kind == &dae_objective_bce ? 2
                                        : INFINITY;
}

/* A loss falls but for the noise that is drawn, whatever the model is able to learn; and it starts where the
 * data are. */
static void find_large_rate(const struct course *c) {
    if (c->epochs < LEAST_FOR_RATE)
        return;
    size_t width = window_of(c), best = lowest(c, DAE_HISTORY_LOSS, width);
    double least = mean_over(c, DAE_HISTORY_LOSS, best, width), start = loss_at(c, DAE_HISTORY_LOSS, 0);
    double now = mean_over(c, DAE_HISTORY_LOSS, c->epochs - width, width), jump = jumps(c, steadiest(c));
    bool risen = now > 1.2 * least && now - least > least_of_note(c);
    bool jumping = jump > 0.1 && jump * now > least_of_note(c);
    bool thrown = start > highest_start(c->trainer) && loss_at(c, DAE_HISTORY_LOSS, 1) < start / 3;
    if (!risen && !jumping && !thrown)
        return;
    struct dae_text text = dae_findings_add(c->findings, DAE_FINDING_LEARNING_RATE_TOO_LARGE);
    if (risen)
        dae_text_add(&text, "The training loss is %.4g, after %.4g in epoch %zu.", now, least, best + 1);
    else if (jumping)
        dae_text_add(&text, "The loss jumps by %.0f %% from epoch to epoch, as often up as down.",
                     100 * jump);
    else
        dae_text_add(
            &text, "The training loss was %.4g in epoch 1 and %.4g in epoch 2: the first steps threw it up.",
            start, loss_at(c, DAE_HISTORY_LOSS, 1));
    dae_text_add(
        &text,
        " If the data have not changed since, and targets are about as large as inputs, the learning rate of "
        "%.3g is too large: train anew with a tenth of it.",
        rate_now(c));
}

/* From which epoch on the loss has been the same to 1e-5. */
static size_t same_since(const struct course *c) {
    size_t since = c->epochs - 1;
    double last = loss_at(c, DAE_HISTORY_LOSS, since);
    while (since > 0 && fabs(loss_at(c, DAE_HISTORY_LOSS, since - 1) - last) <= 1e-5 * last)
        since--;
    return since;
}

/* A loss that comes to its end by itself slows down before; one that stops at once has lost its gradient. */
static void find_no_progress(const struct course *c) {
    if (c->epochs < LEAST_FOR_PROGRESS || rate_now(c) <= 0)
        return;
    size_t since = same_since(c);
    double now = loss_at(c, DAE_HISTORY_LOSS, since);
    if (c->epochs - since < LEAST_FOR_PROGRESS || now <= 0)
        return;
    bool at_once = since > 0 && fabs(loss_at(c, DAE_HISTORY_LOSS, since - 1) - now) > 0.01 * now;
    if (since > 0 && !at_once)
        return;
    struct dae_text text = dae_findings_add(c->findings, DAE_FINDING_NO_PROGRESS);
    dae_text_add(
        &text,
        "The training loss has been %.4g from epoch %zu on, to the fifth digit. The learning rate is %.3g: ",
        now, c->first + since + 1, rate_now(c));
    dae_text_add(
        &text,
        at_once ? "units that it has driven into saturation, or to 0 by a ReLU, have no gradient and do "
                  "not recover. Train anew with a tenth of it."
                : "either it is too small to change anything, or the units are dead from the beginning, or "
                  "there is nothing left to learn. Try a hundred times it, then look at a report.");
}

/* ---- Public calls ------------------------------------------------------------------------------------ */

/* Findings are drawn when they are asked for: the history is all that they need. */
static const struct dae_findings *find(const dae_trainer *trainer) {
    struct course c = {trainer, trainer->findings, trainer->history, 0, trainer->history_count};
    c.findings->count = 0;
    find_no_progress(&c);
    if (c.findings->count == 0)
        find_large_rate(&c);
    if (c.findings->count == 0)
        find_small_rate(&c);
    if (c.findings->count == 0)
        find_overfitting(&c);
    return c.findings;
}

dae_status dae_trainer_get_finding_count(const dae_trainer *trainer, size_t *count) {
    DAE_REQUIRE(trainer);
    DAE_REQUIRE(count);
    *count = find(trainer)->count;
    return DAE_OK;
}

dae_status dae_trainer_get_finding(const dae_trainer *trainer, size_t index, int32_t *code,
                                   const char **text) {
    DAE_REQUIRE(trainer);
    return dae_findings_get(find(trainer), index, code, text, __func__);
}
