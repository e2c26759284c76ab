#include "run/plan.h"
#include "core/memory.h"

/* ---- What depends on what ----------------------------------------------------------------------- */

/* Nodes that the output depends on, from the last to the first. */
static void find_live(struct dae_plan *plan) {
    const dae_model *model = plan->model;
    plan->live[model->node_count - 1] = true;
    for (size_t i = model->node_count; i-- > 0;) {
        const struct dae_node *node = &model->nodes[i];
        for (size_t k = 0; plan->live[i] && k < node->input_count; k++) {
            plan->rows[node->inputs[k]].readers++;
            if (node->inputs[k] > 0)
                plan->live[node->inputs[k] - 1] = true;
        }
    }
}

/* The last node that reads a value; that which makes it where nobody does. */
static size_t last_reader(const struct dae_plan *plan, size_t value) {
    size_t last = value > 0 ? value - 1 : 0;
    for (size_t i = last; i < plan->model->node_count; i++)
        for (size_t k = 0; plan->live[i] && k < plan->model->nodes[i].input_count; k++)
            last = plan->model->nodes[i].inputs[k] == value ? i : last;
    return last;
}

/* A layer that reads nothing but the value before it, which nobody else does, may do its work where that is
 * made. */
static bool joins(const struct dae_plan *plan, size_t i) {
    const struct dae_node *node = &plan->model->nodes[i];
    return i > 0 && plan->live[i] && node->layer->kind->work_on != NULL && node->inputs[0] == i &&
           plan->rows[i].readers == 1 && (plan->joined[i - 1] || plan->passes[i - 1].layer->kind->goes_on);
}

/* Whoever goes on makes the value of the last layer that has joined it. */
static void join(struct dae_plan *plan) {
    for (size_t i = 0, first = 0; i < plan->model->node_count; i++) {
        plan->joined[i] = joins(plan, i);
        first = plan->joined[i] ? first : i;
        if (plan->joined[i])
            plan->passes[i - 1].then = &plan->passes[i];
        plan->passes[first].output = &plan->rows[i + 1];
    }
}

/* ---- Memory ------------------------------------------------------------------------------------- */

/* A buffer for rows of `size` values from moment `first` to `last`: the smallest free one that is large
 * enough, else the largest, made larger, else a new one. Returns its index. */
static size_t take_buffer(struct dae_plan *plan, size_t size, size_t first, size_t last) {
    size_t best = plan->buffer_count;
    for (size_t i = 0; i < plan->buffer_count; i++) {
        const struct dae_buffer *b = &plan->buffers[i], *chosen = &plan->buffers[best];
        if (b->in_use >= first)
            continue;
        bool better = best == plan->buffer_count ||
                      (b->size >= size ? chosen->size < size || b->size < chosen->size
                                       : chosen->size < size && b->size > chosen->size);
        best = better ? i : best;
    }
    if (best == plan->buffer_count)
        plan->buffers[plan->buffer_count++] = (struct dae_buffer){0};
    struct dae_buffer *buffer = &plan->buffers[best];
    buffer->size = size > buffer->size ? size : buffer->size;
    buffer->in_use = last;
    return best;
}

/* Where Y and D of each value lie: indices into the buffers. */
struct places {
    size_t y, d, z;
    bool needs_gradient;
};

#define NOWHERE SIZE_MAX

/* Moments are numbers of nodes, from 1: a value lives from its maker to its last reader. Training keeps all
 * that is made going forward. */
static void place_forward(struct dae_plan *plan, struct places *places) {
    size_t nodes = plan->model->node_count;
    for (size_t value = 1; value <= nodes; value++) {
        size_t size = plan->rows[value].shape->size, first = value;
        bool kept = plan->use.training;
        if (!plan->live[value - 1] || (value == nodes && !kept) || plan->passes[value - 1].then != NULL)
            continue; /* the output is the caller's, and what others go on with has no place of its own */
        while (plan->joined[first - 1])
            first--;
        places[value].y = take_buffer(plan, size, first, kept ? SIZE_MAX : last_reader(plan, value) + 1);
        if (kept && plan->rows[value].activation->kind->derives_input)
            places[value].z = take_buffer(plan, size, first, SIZE_MAX);
    }
}

/* A value's gradient is needed where it leads to parameters: its maker has some, or what that reads does. */
static void find_needs(const struct dae_plan *plan, struct places *places) {
    for (size_t value = 1; value <= plan->model->node_count; value++) {
        const struct dae_node *node = &plan->model->nodes[value - 1];
        bool needs = node->at.parameter_count > 0 || node->tied > 0;
        for (size_t k = 0; k < node->input_count; k++)
            needs = needs || places[node->inputs[k]].needs_gradient;
        places[value].needs_gradient = needs;
    }
}

/* Going back, D of a value lives from its last reader to its maker. That of the output takes the place of its
 * Y. */
static void place_backward(struct dae_plan *plan, struct places *places) {
    size_t nodes = plan->model->node_count;
    find_needs(plan, places);
    places[nodes].d = places[nodes].y;
    for (size_t i = nodes; i-- > 0;) {
        const struct dae_node *node = &plan->model->nodes[i];
        for (size_t k = 0; plan->live[i] && k < node->input_count; k++) {
            size_t value = node->inputs[k], now = nodes + (nodes - i);
            if (places[value].d == NOWHERE && places[value].needs_gradient)
                places[value].d = take_buffer(plan, plan->rows[value].shape->size, now,
                                              nodes + (nodes - (value - 1)));
        }
    }
}

static void place_values(struct dae_plan *plan, struct places *places) {
    for (size_t i = 0; i <= plan->model->node_count; i++)
        places[i] = (struct places){NOWHERE, NOWHERE, NOWHERE, false};
    place_forward(plan, places);
    if (plan->use.training)
        place_backward(plan, places);
}

static float *buffer_at(const struct dae_plan *plan, size_t place) {
    return place == NOWHERE ? NULL : plan->buffers[place].values;
}

static dae_status allocate_buffers(struct dae_plan *plan, const struct places *places) {
    for (size_t i = 0; i < plan->buffer_count; i++) {
        struct dae_buffer *buffer = &plan->buffers[i];
        buffer->values = dae_allocate(plan->use.batch, buffer->size * sizeof *buffer->values);
        if (buffer->values == NULL)
            return DAE_ERROR_MEMORY;
    }
    for (size_t value = 0; value <= plan->model->node_count; value++) {
        struct dae_rows *rows = &plan->rows[value];
        rows->y = buffer_at(plan, places[value].y);
        rows->d = buffer_at(plan, places[value].d);
        rows->z = buffer_at(plan, places[value].z);
    }
    return DAE_OK;
}

static dae_status reserve_values(struct dae_plan *plan) {
    struct places *places = dae_allocate(plan->model->node_count + 1, sizeof *places);
    if (places == NULL)
        return DAE_ERROR_MEMORY;
    place_values(plan, places);
    dae_status status = plan->measured ? DAE_OK : allocate_buffers(plan, places);
    dae_release(places);
    return status;
}

/* The most scratch memory that a layer uses; at least 1, so that there is some. */
static size_t scratch_values(const dae_model *model, size_t batch) {
    size_t most = 1;
    for (size_t i = 0; i < model->node_count; i++) {
        const struct dae_node *node = &model->nodes[i];
        size_t values = node->layer->kind->scratch != NULL ? node->layer->kind->scratch(&node->at, batch) : 0;
        most = values > most ? values : most;
    }
    return most;
}

/* The widest value to which a product adds a D that is not the first. */
static size_t widest_addend(const struct dae_plan *plan) {
    size_t widest = 0;
    for (size_t i = 0; i < plan->model->node_count; i++) {
        const struct dae_node *node = &plan->model->nodes[i];
        const struct dae_rows *to = &plan->rows[node->inputs[0]];
        if (node->layer->kind->product_batch > 0 && to->readers > 1 && to->shape->size > widest)
            widest = to->shape->size;
    }
    return widest;
}

static dae_status reserve_training(struct dae_plan *plan) {
    size_t addend = widest_addend(plan), batch = plan->use.batch;
    plan->scratch = dae_allocate(scratch_values(plan->model, batch), sizeof *plan->scratch);
    if (addend > 0)
        plan->addend = dae_allocate(batch, addend * sizeof *plan->addend);
    return plan->scratch != NULL && (addend == 0 || plan->addend != NULL) ? DAE_OK : DAE_ERROR_MEMORY;
}

static dae_status reserve_own(struct dae_plan *plan) {
    for (size_t i = 0; i < plan->model->node_count; i++) {
        const struct dae_node *node = &plan->model->nodes[i];
        if (node->layer->kind->reserve != NULL && plan->live[i])
            DAE_TRY(node->layer->kind->reserve(&node->at, &plan->use, &plan->passes[i].own));
    }
    return DAE_OK;
}

/* ---- The plan ----------------------------------------------------------------------------------- */

/* Whether a use of a weight comes back after another one of the same weight, so that it adds. */
static bool is_added(const struct dae_plan *plan, size_t i) {
    for (size_t j = i + 1; j < plan->model->node_count; j++)
        if (plan->live[j] && plan->model->nodes[j].tied > 0 &&
            plan->model->nodes[j].weight == plan->model->nodes[i].weight)
            return true;
    return false;
}

static void connect(struct dae_plan *plan) {
    const dae_model *model = plan->model;
    for (size_t value = 0; value <= model->node_count; value++) {
        plan->rows[value].shape = dae_model_shape(model, value);
        plan->rows[value].activation = value > 0 ? &model->nodes[value - 1].layer->activation : NULL;
    }
    find_live(plan);
    for (size_t i = 0; i < plan->use.tapped_count; i++) {
        plan->rows[plan->use.tapped[i]].readers++;
        plan->rows[plan->use.tapped[i]].taps++;
    }
    for (size_t i = 0; i < model->node_count; i++) {
        const struct dae_node *node = &model->nodes[i];
        struct dae_pass *pass = &plan->passes[i];
        pass->layer = node->layer;
        pass->index = i;
        pass->input_count = node->input_count;
        for (size_t k = 0; k < node->input_count; k++)
            pass->inputs[k] = &plan->rows[node->inputs[k]];
        pass->output = &plan->rows[i + 1];
        pass->transposed = node->at.tied != NULL;
        pass->adds = is_added(plan, i);
        pass->training = plan->use.training;
    }
    if (!plan->use.training && !plan->use.watched)
        join(plan);
}

/* Nothing of this where there is no scaling. */
static dae_status reserve_scaling(struct dae_plan *plan) {
    const dae_model *model = plan->model;
    plan->input = dae_model_input_scaler(model);
    plan->output = dae_model_output_scaler(model);
    if (dae_model_has_scaling(model))
        plan->scaling = dae_scaling_keep(model->block->scaling);
    if (plan->input.scaling == NULL)
        return DAE_OK;
    plan->scaled = dae_allocate(plan->use.batch, model->input.size * sizeof *plan->scaled);
    return plan->scaled != NULL ? DAE_OK : DAE_ERROR_MEMORY;
}

dae_status dae_plan_reshape(struct dae_plan *plan, dae_model *model, const struct dae_shape *input) {
    DAE_TRY(dae_model_reshape(model, input));
    plan->input = dae_model_input_scaler(model);
    plan->output = dae_model_output_scaler(model);
    return DAE_OK;
}

bool dae_plan_is_current(const struct dae_plan *plan) {
    const dae_model *model = plan->model;
    return plan->scaling == (dae_model_has_scaling(model) ? model->block->scaling : NULL);
}

static dae_status fill(struct dae_plan *plan) {
    size_t nodes = plan->model->node_count;
    plan->rows = dae_allocate(nodes + 1, sizeof *plan->rows);
    plan->passes = dae_allocate(nodes, sizeof *plan->passes);
    plan->live = dae_allocate(nodes, sizeof *plan->live);
    plan->joined = dae_allocate(nodes, sizeof *plan->joined);
    plan->buffers = dae_allocate(3 * (nodes + 1) + 1, sizeof *plan->buffers);
    if (plan->rows == NULL || plan->passes == NULL || plan->live == NULL || plan->joined == NULL ||
        plan->buffers == NULL)
        return DAE_ERROR_MEMORY;
    connect(plan);
    DAE_TRY(reserve_values(plan));
    if (plan->measured)
        return DAE_OK;
    DAE_TRY(reserve_scaling(plan));
    DAE_TRY(reserve_own(plan));
    if (plan->use.training)
        DAE_TRY(reserve_training(plan));
    for (size_t i = 0; i < nodes; i++) {
        plan->passes[i].scratch = plan->scratch;
        plan->passes[i].addend = plan->addend;
    }
    return DAE_OK;
}

static dae_status create(struct dae_plan **out, const dae_model *model, const struct dae_use *use,
                         bool measured) {
    struct dae_plan *plan = dae_allocate(1, sizeof *plan);
    if (plan == NULL)
        return DAE_ERROR_MEMORY;
    plan->model = model;
    plan->use = *use;
    plan->measured = measured;
    dae_status status = fill(plan);
    if (status != DAE_OK)
        dae_plan_free(plan);
    else
        *out = plan;
    return status;
}

dae_status dae_plan_create(struct dae_plan **out, const dae_model *model, const struct dae_use *use) {
    return create(out, model, use, false);
}

dae_status dae_plan_measure(size_t *floats, const dae_model *model, const struct dae_use *use) {
    struct dae_plan *plan = NULL;
    DAE_TRY(create(&plan, model, use, true));
    *floats = dae_model_is_input_scaled(model) ? use->batch * model->input.size : 0;
    for (size_t i = 0; i < plan->buffer_count; i++)
        *floats += use->batch * plan->buffers[i].size;
    dae_plan_free(plan);
    return DAE_OK;
}

void dae_plan_free(struct dae_plan *plan) {
    if (plan == NULL)
        return;
    for (size_t i = 0; i < plan->model->node_count && plan->passes != NULL; i++)
        if (plan->passes[i].own != NULL)
            plan->model->nodes[i].layer->kind->release(plan->passes[i].own);
    for (size_t i = 0; i < plan->buffer_count; i++)
        dae_release(plan->buffers[i].values);
    dae_release(plan->rows);
    dae_release(plan->passes);
    dae_release(plan->live);
    dae_release(plan->joined);
    dae_release(plan->buffers);
    dae_release(plan->scratch);
    dae_release(plan->addend);
    dae_release(plan->scaled);
    dae_scaling_drop(plan->scaling);
    dae_release(plan);
}

size_t dae_plan_least_product(const dae_model *model) {
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < model->node_count; i++) {
        const struct dae_node *node = &model->nodes[i];
        size_t batch = node->layer->kind->product_batch;
        if (batch > 0)
            least = dae_size_min(least, node->at.tied != NULL ? 1 : batch);
    }
    return least;
}
