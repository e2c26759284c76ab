#include "run/pass.h"

#include <string.h>

enum { LEAST_ROWS = 16, LEAST_VALUES = 1 << 14 }; /* of a task */

static void set_pass(struct dae_plan *plan, const struct dae_batch_run *run, size_t i) {
    const dae_model *model = plan->model;
    const struct dae_node *node = &model->nodes[i];
    struct dae_pass *pass = &plan->passes[i];
    bool last = i + 1 == model->node_count;
    pass->pool = run->pool;
    pass->batch = run->count;
    pass->parameters = dae_model_values(model) + node->offset;
    pass->weight = model->block->values + node->weight;
    pass->revision = model->block->revision;
    pass->weight16 = run->parameters16 != NULL ? run->parameters16 + (node->weight - model->block_offset)
                                               : NULL;
    pass->x16 = node->inputs[0] == 0 ? run->inputs16 : NULL;
    pass->memory = run->memory;
    pass->frozen = run->frozen != NULL && run->frozen[i];
    pass->logits = last && run->logits;
    pass->seed = run->seed;
    pass->step = run->step;
    pass->take_loss = last && node->layer->kind->product_batch > 0 ? run->take_loss : NULL;
    pass->context = run->context;
    if (run->gradient != NULL) {
        pass->gradient = run->gradient + node->offset;
        pass->weight_gradient = run->gradient + (node->weight - model->block_offset);
    }
}

/* ---- Forward ------------------------------------------------------------------------------------ */

/* The loss of a plain layer's rows, cut as tiles of a product may be. */
struct loss_rows {
    const struct dae_batch_run *run;
    const struct dae_pass *pass;
    size_t rows; /* of a task */
};

static dae_status take_loss_of_rows(void *context, size_t task) {
    const struct loss_rows *l = context;
    size_t first = task * l->rows, rows = dae_size_min(l->rows, l->pass->batch - first);
    return l->run->take_loss(l->run->context, l->pass,
                             (struct dae_tile){first, rows, 0, l->pass->output->shape->size, task});
}

static dae_status take_loss(const struct dae_batch_run *run, const struct dae_pass *pass) {
    size_t rows = dae_size_divide_up(pass->batch, DAE_MAX_TILES);
    struct loss_rows loss = {run, pass, rows > LEAST_ROWS ? rows : LEAST_ROWS};
    if (run->take_loss == NULL || pass->take_loss != NULL)
        return DAE_OK; /* a product has taken it */
    return dae_pool_run(run->pool, take_loss_of_rows, &loss, dae_size_divide_up(pass->batch, loss.rows));
}

static dae_status forward_node(struct dae_plan *plan, const struct dae_batch_run *run, size_t i) {
    const struct dae_pass *pass = &plan->passes[i];
    for (const struct dae_pass *then = pass->then; then != NULL; then = then->then)
        if (then->layer->kind->prepare != NULL)
            then->layer->kind->prepare(then);
    DAE_TRY(pass->layer->kind->forward(pass));
    if (i + 1 == plan->model->node_count)
        return take_loss(run, pass);
    if (run->watch != NULL)
        run->watch(run->context, i, pass->output->y, run->count);
    return DAE_OK;
}

/* Rows that change their unit. */
struct unit_rows {
    const struct dae_scaler *scaler;
    void (*change)(const struct dae_scaler *scaler, size_t column, size_t count, const float *from,
                   float *to);
    const float *from;
    float *to;
    size_t count, size, each; /* rows, values of one, rows of a task */
};

static dae_status change_unit_of_rows(void *context, size_t task) {
    const struct unit_rows *u = context;
    size_t end = dae_size_min(u->count, (task + 1) * u->each);
    for (size_t row = task * u->each; row < end; row++)
        u->change(u->scaler, 0, u->size, u->from + row * u->size, u->to + row * u->size);
    return DAE_OK;
}

static dae_status change_unit(const struct dae_batch_run *run, struct unit_rows *u) {
    size_t least = dae_size_divide_up(LEAST_VALUES, u->size);
    u->count = run->count;
    u->each = dae_size_divide_up(u->count, DAE_MAX_TILES);
    u->each = u->each > least ? u->each : least;
    return dae_pool_run(run->pool, change_unit_of_rows, u, dae_size_divide_up(u->count, u->each));
}

/* The input as the network sees it. */
static dae_status set_input(struct dae_plan *plan, const struct dae_batch_run *run) {
    plan->rows[0].y = (float *)(uintptr_t)run->inputs;
    if (plan->scaled == NULL)
        return DAE_OK;
    plan->rows[0].y = plan->scaled;
    return change_unit(run, &(struct unit_rows){
                                .scaler = &plan->input,
                                .change = dae_scaler_apply,
                                .from = run->inputs,
                                .to = plan->scaled,
                                .size = plan->model->input.size,
                            });
}

static dae_status finish_output(const struct dae_plan *plan, const struct dae_batch_run *run) {
    if (plan->output.scaling == NULL || run->scaled || run->outputs == NULL)
        return DAE_OK;
    return change_unit(run, &(struct unit_rows){
                                .scaler = &plan->output,
                                .change = dae_scaler_undo,
                                .from = run->outputs,
                                .to = run->outputs,
                                .size = dae_model_output(plan->model)->size,
                            });
}

dae_status dae_plan_forward(struct dae_plan *plan, const struct dae_batch_run *run) {
    size_t nodes = plan->model->node_count;
    DAE_TRY(set_input(plan, run));
    if (run->outputs != NULL)
        plan->rows[nodes].y = run->outputs;
    for (size_t i = 0; i < nodes; i++)
        if (plan->live[i])
            set_pass(plan, run, i);
    for (size_t i = 0; i < nodes; i++)
        if (plan->live[i] && !plan->joined[i])
            DAE_TRY(forward_node(plan, run, i));
    return finish_output(plan, run);
}

dae_status dae_plan_forward_stage(struct dae_plan *plan, const struct dae_batch_run *run, size_t node) {
    for (size_t i = node; i == node || (i < plan->model->node_count && plan->joined[i]); i++)
        set_pass(plan, run, i);
    return forward_node(plan, run, node);
}

bool dae_plan_reads_rounded(const struct dae_plan *plan, size_t count) {
    bool rounded = plan->use.bfloat16 && plan->scaled == NULL;
    for (size_t i = 0; i < plan->model->node_count; i++) {
        const struct dae_node *node = &plan->model->nodes[i];
        size_t least = node->layer->kind->product_batch;
        for (size_t k = 0; plan->live[i] && k < node->input_count; k++)
            if (node->inputs[k] == 0)
                rounded = rounded && k == 0 && least > 0 && count >= least;
    }
    return rounded;
}

/* ---- Backward ----------------------------------------------------------------------------------- */

/* Gradients of the node's parameters, then what it adds to D of its inputs. Its own D is done with after
 * that. */
static dae_status backward_node(struct dae_plan *plan, const struct dae_batch_run *run, size_t i) {
    const struct dae_pass *pass = &plan->passes[i];
    const struct dae_layer_kind *kind = pass->layer->kind;
    if (pass->output->d == NULL)
        return DAE_OK;
    if (pass->output->taps > 0)
        DAE_TRY(run->go_back(run->context, i + 1, pass->output));
    if (kind->gradients != NULL)
        DAE_TRY(kind->gradients(pass));
    for (size_t k = 0; k < pass->input_count; k++) {
        if (pass->inputs[k]->d != NULL)
            DAE_TRY(kind->backward(pass, k));
        pass->inputs[k]->left--;
    }
    return DAE_OK;
}

/* What the output does not depend on has no gradient; but for a weight that another layer is tied to, which
 * writes it. */
static void clear_gradients(const struct dae_plan *plan, float *gradient) {
    for (size_t i = 0; i < plan->model->node_count; i++) {
        const struct dae_node *node = &plan->model->nodes[i];
        if (!plan->live[i] && node->at.parameter_count > 0)
            memset(gradient + node->offset, 0, node->at.parameter_count * sizeof *gradient);
    }
}

dae_status dae_plan_backward(struct dae_plan *plan, const struct dae_batch_run *run) {
    clear_gradients(plan, run->gradient);
    for (size_t value = 0; value <= plan->model->node_count; value++)
        plan->rows[value].left = plan->rows[value].readers;
    for (size_t i = plan->model->node_count; i-- > 0;)
        if (plan->live[i])
            DAE_TRY(backward_node(plan, run, i));
    return DAE_OK;
}

void dae_plan_take_over(const struct dae_plan *plan) {
    for (size_t i = 0; i < plan->model->node_count; i++) {
        const struct dae_pass *pass = &plan->passes[i];
        if (plan->live[i] && !pass->frozen && pass->layer->kind->take_over != NULL)
            pass->layer->kind->take_over(pass, dae_model_change(plan->model) + plan->model->nodes[i].offset);
    }
}
