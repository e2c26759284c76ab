#include "run/axis.h"
#include "core/memory.h"

#include <dae/session.h>

enum {
    MOST_GRID = 1 << 12,
    FIRST_SIDE = 1 << 10, /* of the shapes that are tried, ... */
    LAST_SIDE = 1 << 22
};

/* ---- Shapes ------------------------------------------------------------------------------------------ */

dae_status dae_axes_check(const dae_model *model) {
    char shape[DAE_SHAPE_TEXT_SIZE];
    return model->input.rank <= 1 + DAE_AXES
               ? DAE_OK
               : dae_fail(
                     DAE_ERROR_SHAPE,
                     "the model takes %s, expected values, channels x length or channels x height x width",
                     dae_shape_text(&model->input, shape));
}

dae_status dae_axes_shape(struct dae_shape *shape, const dae_model *model, const size_t sides[DAE_AXES]) {
    size_t rank = model->input.rank, dims[1 + DAE_AXES] = {rank > 1 ? model->input.dims[0] : sides[1]};
    for (size_t i = 1; i < rank; i++)
        dims[i] = sides[DAE_AXES - rank + i];
    return dae_shape_set(shape, rank, dims, "a part of the sample");
}

bool dae_axis_round_up(const struct dae_axis *axis, size_t size, size_t *length) {
    size_t more = size > axis->rest ? dae_size_divide_up(size - axis->rest, axis->grid) : 0;
    return dae_size_multiply(more, axis->grid, length) && dae_size_add(*length, axis->rest, length);
}

/* ---- The grid ---------------------------------------------------------------------------------------- */

/* Of a value of the network, along an axis: `in` places of the input become `out` of it, without a common
 * divisor; and what a run's ends spoil of it. */
struct extent {
    size_t in, out;
    size_t before, after;
};

struct search {
    const dae_model *model;
    const dae_model *like;  /* the same at some size */
    size_t dimension;       /* of the axis that is looked at, */
    struct extent *extents; /* of it, [nodes + 1] */
    struct extent *all;     /* [axes][nodes + 1] */
};

/* Turns to a dimension; returns which axis it is. */
static size_t turn_to(struct search *s, size_t dimension) {
    size_t axis = DAE_AXES + dimension - s->model->input.rank;
    s->dimension = dimension;
    s->extents = s->all + axis * (s->model->node_count + 1);
    return axis;
}

static bool is_live(const dae_model *model, size_t node) {
    return node + 1 == model->node_count || dae_model_leads_on(model, node + 1);
}

static dae_status check_kinds(const dae_model *model) {
    for (size_t i = 0; i < model->node_count; i++)
        if (is_live(model, i) && model->nodes[i].layer->kind->reach == NULL)
            return dae_fail(
                DAE_ERROR_UNSUPPORTED,
                "%s looks at whole samples, expected layers that look at the places around a value",
                model->nodes[i].layer->step->kind->name);
    return DAE_OK;
}

static size_t common_divisor(size_t a, size_t b) {
    while (b > 0) {
        size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static struct dae_reach reach_of(const struct search *s, const dae_model *at, size_t node) {
    const struct dae_node *n = &at->nodes[node];
    return s->model->nodes[node].layer->kind->reach(n->layer, &n->at, s->dimension);
}

/* Places that a value has are on places of the input that are a multiple of its `in`. */
static bool widen_grid(const struct search *s, size_t node, size_t *grid) {
    struct dae_reach reach = reach_of(s, s->like, node);
    const struct extent *from = &s->extents[s->like->nodes[node].inputs[0]];
    struct extent *to = &s->extents[node + 1];
    size_t in, out;
    if (!dae_size_multiply(from->in, reach.in, &in) || !dae_size_multiply(from->out, reach.out, &out))
        return false;
    size_t divisor = common_divisor(in, out);
    to->in = in / divisor;
    to->out = out / divisor;
    return dae_size_multiply(*grid / common_divisor(*grid, to->in), to->in, grid) && *grid <= MOST_GRID;
}

static dae_status find_grid(const struct search *s, struct dae_axis *axis) {
    *axis = (struct dae_axis){.grid = 1, .least = 1};
    s->extents[0] = (struct extent){.in = 1, .out = 1};
    for (size_t i = 0; i < s->model->node_count; i++)
        if (is_live(s->model, i) && !widen_grid(s, i, &axis->grid))
            return dae_fail(DAE_ERROR_UNSUPPORTED,
                            "the strides of the layers up to %s give a grid of more "
                            "than %d places, expected a finer one",
                            s->model->nodes[i].layer->step->kind->name, MOST_GRID);
    return DAE_OK;
}

/* ---- The rest ---------------------------------------------------------------------------------------- */

static dae_status check_sides(const dae_model *at) {
    const struct dae_shape *output = dae_model_output(at);
    char found[DAE_SHAPE_TEXT_SIZE], made[DAE_SHAPE_TEXT_SIZE];
    bool same = output->rank == at->input.rank;
    for (size_t i = 1; same && i < output->rank; i++)
        same = output->dims[i] == at->input.dims[i];
    return same ? DAE_OK
                : dae_fail(DAE_ERROR_UNSUPPORTED,
                           "the model gives %s for %s, expected as many places as it takes",
                           dae_shape_text(output, made), dae_shape_text(&at->input, found));
}

/* The model at `side` or more, on the grid, and so much more. */
static dae_status at_side(dae_model **out, const dae_model *model, const struct dae_axis *axes, size_t side) {
    size_t sides[DAE_AXES];
    struct dae_shape shape;
    for (size_t i = 0; i < DAE_AXES; i++)
        sides[i] = dae_size_divide_up(side, axes[i].grid) * axes[i].grid + axes[i].rest;
    DAE_TRY(dae_axes_shape(&shape, model, sides));
    dae_model *at = NULL;
    DAE_TRY(dae_model_resize(&at, model, &shape));
    dae_status status = check_sides(at);
    if (status == DAE_OK)
        *out = at;
    else
        dae_model_free(at);
    return status;
}

/* Whether all layers take sides that are so much more than a multiple of the grid. */
static dae_status try_rest(const dae_model *model, struct dae_axis axes[DAE_AXES], size_t rest) {
    for (size_t i = 0; i < DAE_AXES; i++)
        axes[i].rest = dae_size_min(rest, axes[i].grid - 1);
    for (size_t i = 1; i <= 2; i++) {
        dae_model *at = NULL;
        DAE_TRY(at_side(&at, model, axes, i * FIRST_SIDE));
        dae_model_free(at);
    }
    return DAE_OK;
}

static dae_status find_rest(const dae_model *model, struct dae_axis axes[DAE_AXES]) {
    size_t most = axes[0].grid > axes[1].grid ? axes[0].grid : axes[1].grid;
    dae_status status = try_rest(model, axes, 0);
    for (size_t rest = 1; status != DAE_OK && status != DAE_ERROR_MEMORY && rest < most; rest++)
        status = try_rest(model, axes, rest);
    return status == DAE_OK || status == DAE_ERROR_MEMORY ? status : try_rest(model, axes, 0);
}

/* ---- What ends spoil --------------------------------------------------------------------------------- */

/* ceil(a / b), at least 0 */
static size_t divide_up(ptrdiff_t a, size_t b) {
    return a > 0 ? dae_size_divide_up((size_t)a, b) : 0;
}

/* Works out what is spoilt of a node's value, and how many places of the input there are to spare. */
static bool spoil(const struct search *s, const dae_model *at, size_t node, size_t *spare) {
    const struct dae_node *n = &at->nodes[node];
    struct dae_reach reach = reach_of(s, at, node);
    struct extent *to = &s->extents[node + 1], from = s->extents[n->inputs[0]];
    size_t in = n->at.inputs[0]->dims[s->dimension], out = n->at.output.dims[s->dimension];
    for (size_t k = 1; k < n->input_count; k++) {
        const struct extent *other = &s->extents[n->inputs[k]];
        from.before = other->before > from.before ? other->before : from.before;
        from.after = other->after > from.after ? other->after : from.after;
    }
    size_t needed = reach.edge + (from.before > from.after ? from.before : from.after);
    if (needed >= in)
        return false;
    size_t good = divide_up((ptrdiff_t)((in - from.after) * reach.out) - reach.high, reach.in);
    to->before = divide_up((ptrdiff_t)(from.before * reach.out) - reach.low, reach.in);
    to->after = out - dae_size_min(out, good);
    *spare = dae_size_min(*spare, (in - needed - 1) / from.out * from.in);
    return to->before + to->after < out;
}

static bool measure(const struct search *s, const dae_model *at, struct dae_axis *axis) {
    size_t length = at->input.dims[s->dimension], spare = length, least;
    const struct extent *output = &s->extents[at->node_count];
    s->extents[0].before = s->extents[0].after = 0;
    for (size_t i = 0; i < at->node_count; i++)
        if (is_live(at, i) && !spoil(s, at, i, &spare))
            return false;
    axis->before = output->before;
    axis->after = output->after;
    least = axis->before + axis->after + axis->grid;
    if (least >= length)
        return false;
    return dae_axis_round_up(axis, length - spare > least ? length - spare : least, &axis->least);
}

/* In shapes so large that the ends leave something between them. */
static dae_status measure_all(struct search *s, struct dae_axis axes[DAE_AXES]) {
    size_t rank = s->model->input.rank;
    bool done = false;
    for (size_t side = FIRST_SIDE; !done && side <= LAST_SIDE; side *= 2) {
        dae_model *at = NULL;
        DAE_TRY(at_side(&at, s->model, axes, side));
        done = true;
        for (size_t i = 1; i < rank; i++) {
            struct dae_axis *axis = &axes[turn_to(s, i)];
            done = measure(s, at, axis) && done;
        }
        dae_model_free(at);
    }
    return done ? DAE_OK
                : dae_fail(DAE_ERROR_UNSUPPORTED, "the model looks at more than %d places, expected fewer",
                           LAST_SIDE);
}

static dae_status find(struct search *s, struct dae_axis axes[DAE_AXES]) {
    size_t rank = s->model->input.rank;
    for (size_t i = 0; i < DAE_AXES; i++)
        axes[i] = (struct dae_axis){.grid = 1, .least = 1};
    for (size_t i = 1; i < rank; i++) {
        struct dae_axis *axis = &axes[turn_to(s, i)];
        DAE_TRY(find_grid(s, axis));
    }
    DAE_TRY(find_rest(s->model, axes));
    return measure_all(s, axes);
}

dae_status dae_axes_find(struct dae_axis axes[DAE_AXES], const dae_model *model) {
    struct search s = {.model = model, .like = model->probes[0] != NULL ? model->probes[0] : model};
    DAE_TRY(dae_axes_check(model));
    DAE_TRY(check_kinds(model));
    if (model->input.rank == 1)
        return dae_fail(DAE_ERROR_UNSUPPORTED, "the model takes values in a row, expected channels x length "
                                               "or channels x height x width");
    s.all = dae_allocate(DAE_AXES * (model->node_count + 1), sizeof *s.all);
    if (s.all == NULL)
        return DAE_ERROR_MEMORY;
    dae_status status = find(&s, axes);
    dae_release(s.all);
    return status;
}

dae_status dae_model_get_reach(const dae_model *model, size_t dimension, size_t *before, size_t *after) {
    struct dae_axis axes[DAE_AXES];
    DAE_REQUIRE(model);
    DAE_REQUIRE(before);
    DAE_REQUIRE(after);
    DAE_TRY(dae_axes_check(model));
    if (dimension < 1 || dimension >= model->input.rank)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dimension is %zu, expected 1 to %zu, those of the sides of the input", dimension,
                        model->input.rank - 1);
    dae_status status = dae_axes_find(axes, model);
    if (status != DAE_OK)
        return status == DAE_ERROR_MEMORY ? status : dae_fail_in(status, __func__);
    const struct dae_axis *axis = &axes[DAE_AXES + dimension - model->input.rank];
    *before = axis->before + axis->grid - 1; /* it holds for parts that begin on the grid, */
    *after = axis->after + axis->grid - 1;   /* and so for each place from the last one before it on */
    return DAE_OK;
}
