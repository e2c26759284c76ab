/* Streams in which each layer goes along the signal by itself: as far as what it reads has come. Of each
 * value of the network, a line keeps the places that layers will still look at (layers/layer.h, dae_reach),
 * so that nothing is computed again but what the ends of a layer's own part spoil. The bits of a value depend
 * on what it looks at alone; so they are those of one run on the whole.
 *
 * How many places that is for each line is found out when the stream is made: the same code goes along a
 * signal without values first, and without running anything. */
#include "core/fpu.h"
#include "core/memory.h"
#include "run/cover.h"

#include <string.h>

/* A layer, with those that work in its place, which goes along. */
struct stage {
    size_t node, value; /* it begins with, it gives */
    struct dae_reach reach;
    size_t spoilt; /* places at the beginning of a part's output */
    size_t least;  /* places that a part is made from at least, */
    size_t rest;   /* so many more than a multiple of the reach's, */
    size_t beyond; /* and zeros after those, for which a layer gives nothing */
    size_t most;   /* that one is made from */
};

struct carry {
    struct dae_axis axis;
    size_t step, after; /* places of a part of the signal, and those looked at after it */
    struct stage *stages;
    size_t stage_count;
    struct dae_line *lines; /* of each value; the first and the last one stand in the stream */
    struct dae_rooms {
        size_t from[DAE_LAYER_MAX_INPUTS], to; /* floats */
    } rooms;
    float *from[DAE_LAYER_MAX_INPUTS], *to; /* of a stage's part: [channels, length] */
    bool measuring;
};

enum { LEAST_STEP = 64 };

static size_t less(size_t a, size_t b) {
    return a > b ? a - b : 0;
}

/* ---- Where a stage is -------------------------------------------------------------------------------- */

static struct dae_line *line_of(struct dae_stream *stream, size_t value) {
    struct carry *c = stream->own;
    if (value == 0)
        return &stream->input;
    return value == stream->session->model->node_count ? &stream->output : &c->lines[value];
}

static const struct dae_node *node_of(const struct dae_stream *stream, const struct stage *s) {
    return &stream->session->model->nodes[s->node];
}

/* How far all that it reads has come. */
static size_t input_end(struct dae_stream *stream, const struct stage *s) {
    const struct dae_node *node = node_of(stream, s);
    size_t end = SIZE_MAX;
    for (size_t k = 0; k < node->input_count; k++)
        end = dae_size_min(end, line_of(stream, node->inputs[k])->end);
    return end;
}

/* Where its next part begins: place in x of what it reads is x of what it gives, in units of the reach. */
static size_t next_unit(struct dae_stream *stream, const struct stage *s) {
    size_t made = less(line_of(stream, s->value)->end, s->spoilt) / s->reach.out;
    return dae_size_min(made, less(input_end(stream, s), s->least) / s->reach.in);
}

/* The first place of a value that will still be looked at. */
static size_t kept_of(struct dae_stream *stream, size_t value) {
    const struct carry *c = stream->own;
    if (value == stream->session->model->node_count) /* it has been given so far */
        return less(stream->needed, c->step + stream->latency);
    size_t kept = value == 0 ? less(stream->input.end, c->axis.grid) : SIZE_MAX; /* a mirror shows them */
    for (size_t i = 0; i < c->stage_count; i++) {
        const struct dae_node *node = node_of(stream, &c->stages[i]);
        for (size_t k = 0; k < node->input_count; k++)
            if (node->inputs[k] == value)
                kept = dae_size_min(kept, next_unit(stream, &c->stages[i]) * c->stages[i].reach.in);
    }
    return kept;
}

static void make_room(struct dae_stream *stream, size_t value, size_t more) {
    const struct carry *c = stream->own;
    struct dae_line *line = line_of(stream, value);
    size_t kept = kept_of(stream, value);
    if (c->measuring)
        line->room = dae_size_max(line->room, line->end - kept + more);
    else
        dae_line_make_room(line, kept, more);
}

/* ---- A part ------------------------------------------------------------------------------------------ */

static dae_status set_length(dae_model *model, size_t value, size_t length) {
    struct dae_shape *shape = value > 0 ? &model->nodes[value - 1].at.output : &model->input;
    return dae_shape_set(shape, 2, (const size_t[]){shape->dims[0], length}, "a part of the signal");
}

/* Gives what a stage reads a length; that of what it makes of it. */
static dae_status shape_part(const struct dae_stream *stream, const struct stage *s, size_t length,
                             size_t *made) {
    dae_model *model = stream->session->model;
    for (size_t k = 0; k < model->nodes[s->node].input_count; k++)
        DAE_TRY(set_length(model, model->nodes[s->node].inputs[k], length));
    for (size_t i = s->node; i < s->value; i++)
        DAE_TRY(dae_model_reattach(model, i));
    *made = dae_model_shape(model, s->value)->dims[1];
    return DAE_OK;
}

static void note_rooms(struct dae_stream *stream, struct stage *s, size_t length) {
    struct carry *c = stream->own;
    const dae_model *model = stream->session->model;
    s->most = dae_size_max(s->most, length);
    for (size_t k = 0; k < model->nodes[s->node].input_count; k++)
        c->rooms.from[k] = dae_size_max(c->rooms.from[k],
                                        dae_model_shape(model, model->nodes[s->node].inputs[k])->size);
    c->rooms.to = dae_size_max(c->rooms.to, dae_model_shape(model, s->value)->size);
}

/* Places [first, first + count) of what a stage reads, and zeros up to the part's length. */
static void gather(struct dae_stream *stream, const struct stage *s, size_t first, size_t count) {
    const struct carry *c = stream->own;
    const dae_model *model = stream->session->model;
    const struct dae_node *node = node_of(stream, s);
    for (size_t k = 0; k < node->input_count; k++) {
        const struct dae_line *line = line_of(stream, node->inputs[k]);
        const struct dae_shape *shape = dae_model_shape(model, node->inputs[k]);
        float *to = stream->session->plan->rows[node->inputs[k]].y = c->from[k];
        for (size_t channel = 0; channel < line->channels; channel++, to += shape->dims[1]) {
            memcpy(to, dae_line_at(line, channel, first), count * sizeof *to);
            memset(to + count, 0, (shape->dims[1] - count) * sizeof *to);
        }
        struct dae_scaler scaler = dae_model_input_scaler(model);
        if (node->inputs[k] == 0 && scaler.scaling != NULL)
            dae_scaler_apply(&scaler, 0, shape->size, c->from[k], c->from[k]);
    }
}

static dae_status run_stage(const struct dae_stream *stream, const struct stage *s) {
    const struct carry *c = stream->own;
    dae_session *session = stream->session;
    const dae_model *model = session->model;
    const struct dae_batch_run run = {.count = 1, .memory = &session->memory};
    session->plan->rows[s->value].y = c->to;
    DAE_TRY(dae_plan_forward_stage(session->plan, &run, s->node));
    struct dae_scaler scaler = dae_model_output_scaler(model);
    if (s->value == model->node_count && scaler.scaling != NULL)
        dae_scaler_undo(&scaler, 0, dae_model_output(model)->size, c->to, c->to);
    return DAE_OK;
}

/* Puts places from the end of a stage's line to `end` there; what was made of them begins at `first`. */
static void put(struct dae_stream *stream, const struct stage *s, size_t first, size_t end) {
    const struct carry *c = stream->own;
    struct dae_line *line = line_of(stream, s->value);
    size_t made = dae_model_shape(stream->session->model, s->value)->dims[1];
    for (size_t channel = 0; channel < line->channels; channel++)
        memcpy(dae_line_at(line, channel, line->end), c->to + channel * made + (line->end - first),
               (end - line->end) * sizeof *c->to);
}

/* Up to which place what is made of `count` places from a unit on is what it will be; the layer may want more
 * than there are, to fill a window. */
static size_t good_end(const struct stage *s, size_t unit, size_t count) {
    ptrdiff_t good = (ptrdiff_t)(count * s->reach.out) - s->reach.high;
    return unit * s->reach.out + (good > 0 ? dae_size_divide_up((size_t)good, s->reach.in) : 0);
}

/* A length that the layer takes, from which it gives all that is good. */
static size_t length_from(const struct stage *s, size_t count) {
    return dae_size_divide_up(less(count + s->beyond, s->rest), s->reach.in) * s->reach.in + s->rest;
}

/* Makes what can be made. */
static dae_status go_on(struct dae_stream *stream, struct stage *s, bool ended) {
    struct carry *c = stream->own;
    struct dae_line *line = line_of(stream, s->value);
    size_t unit = next_unit(stream, s), first = unit * s->reach.in, count = input_end(stream, s) - first,
           length = ended ? count : length_from(s, count), end = good_end(s, unit, count), made;
    if (!ended && (count < s->least || end <= line->end))
        return DAE_OK;
    DAE_TRY(shape_part(stream, s, length, &made));
    end = ended ? unit * s->reach.out + made : end;
    make_room(stream, s->value, end - line->end);
    if (c->measuring) {
        note_rooms(stream, s, length);
    } else {
        gather(stream, s, first, count);
        DAE_TRY(run_stage(stream, s));
        put(stream, s, unit * s->reach.out, end);
    }
    line->end = end;
    return DAE_OK;
}

/* Puts at the end of the signal what is missing to a length that the network takes. */
static dae_status fill_line(struct dae_stream *stream) {
    const struct carry *c = stream->own;
    struct dae_line *input = &stream->input;
    size_t filled;
    if (!dae_axis_round_up(&c->axis, stream->total, &filled))
        return dae_fail(DAE_ERROR_ARGUMENT, "the signal is longer than can be counted");
    make_room(stream, 0, filled - input->end);
    for (; input->end < filled; input->end++)
        for (size_t channel = 0; channel < input->channels && !c->measuring; channel++)
            *dae_line_at(input, channel, input->end) = *dae_line_at(
                input, channel, dae_mirrored((ptrdiff_t)input->end, stream->total));
    return DAE_OK;
}

static dae_status advance(struct dae_stream *stream) {
    struct carry *c = stream->own;
    bool ended = stream->total != SIZE_MAX;
    if (ended)
        DAE_TRY(fill_line(stream));
    uint64_t fpu = dae_fpu_prepare();
    dae_status status = DAE_OK;
    for (size_t i = 0; i < c->stage_count && status == DAE_OK; i++)
        status = go_on(stream, &c->stages[i], ended);
    dae_fpu_restore(fpu);
    stream->needed += c->step;
    stream->kept = kept_of(stream, 0);
    return status;
}

static void start(struct dae_stream *stream) {
    struct carry *c = stream->own;
    for (size_t value = 0; value <= stream->session->model->node_count; value++)
        c->lines[value].first = c->lines[value].end = 0;
    stream->needed = c->step + c->after;
}

/* ---- Rooms ------------------------------------------------------------------------------------------- */

/* Takes what is needed next, or all but one place of it. */
static void take(struct dae_stream *stream, size_t but) {
    size_t more = stream->needed - but - stream->input.end;
    make_room(stream, 0, more);
    stream->input.end += more;
}

/* Goes through so many parts; then all stages are somewhere in the signal, or not yet. */
static dae_status go_through(struct dae_stream *stream, size_t parts, bool *on_the_way) {
    struct carry *c = stream->own;
    stream->total = SIZE_MAX;
    stream->input.end = stream->output.end = 0;
    start(stream);
    for (size_t i = 0; i < parts; i++) {
        take(stream, 0);
        DAE_TRY(advance(stream));
    }
    *on_the_way = true;
    for (size_t i = 0; i < c->stage_count; i++)
        *on_the_way = *on_the_way && next_unit(stream, &c->stages[i]) > 0;
    return DAE_OK;
}

/* Finds the rooms that signals of any length need: those that end in the first parts, and a longer one. */
static dae_status measure(struct dae_stream *stream) {
    struct carry *c = stream->own;
    bool on_the_way = false;
    c->measuring = true;
    for (size_t parts = 0, more = 2; more > 0; parts++, more -= on_the_way) {
        DAE_TRY(go_through(stream, parts, &on_the_way));
        take(stream, 1);
        stream->total = stream->input.end;
        if (advance(stream) == DAE_ERROR_MEMORY) /* layers may take no signals so short */
            return DAE_ERROR_MEMORY;
    }
    c->measuring = false;
    return DAE_OK;
}

static dae_status open_lines(struct dae_stream *stream) {
    struct carry *c = stream->own;
    const dae_model *model = stream->session->model;
    for (size_t value = 0; value <= model->node_count; value++) {
        struct dae_line *line = line_of(stream, value);
        if (line->room > 0)
            DAE_TRY(dae_line_open(line, dae_model_shape(model, value)->dims[0], line->room));
    }
    for (size_t k = 0; k < DAE_LAYER_MAX_INPUTS; k++) {
        c->from[k] = dae_allocate(c->rooms.from[k], sizeof *c->from[k]);
        if (c->from[k] == NULL)
            return DAE_ERROR_MEMORY;
    }
    c->to = dae_allocate(c->rooms.to, sizeof *c->to);
    return c->to != NULL ? DAE_OK : DAE_ERROR_MEMORY;
}

/* Runs each stage once, as long as it may be, so that nothing is left to be allocated. */
static dae_status warm_up(struct dae_stream *stream) {
    struct carry *c = stream->own;
    size_t made;
    for (size_t i = 0; i < c->stage_count; i++) {
        const struct dae_node *node = node_of(stream, &c->stages[i]);
        DAE_TRY(shape_part(stream, &c->stages[i], c->stages[i].most, &made));
        for (size_t k = 0; k < node->input_count; k++)
            stream->session->plan->rows[node->inputs[k]].y = c->from[k];
        DAE_TRY(run_stage(stream, &c->stages[i]));
    }
    return DAE_OK;
}

/* ---- Making ------------------------------------------------------------------------------------------ */

static void close_carry(void *own) {
    struct carry *c = own;
    if (c == NULL)
        return;
    for (size_t k = 0; k < DAE_LAYER_MAX_INPUTS; k++)
        dae_release(c->from[k]);
    for (size_t i = 0; i < c->stage_count; i++)
        dae_release(c->lines[c->stages[i].value].values);
    dae_release(c->to);
    dae_release(c->lines);
    dae_release(c->stages);
    dae_release(c);
}

/* Parts are on the grid, and no shorter than layers take; of a latency, or as long as what is looked at. */
static dae_status choose_step(struct carry *c, size_t latency) {
    const struct dae_axis *a = &c->axis;
    size_t least, step;
    if (!dae_axis_round_up(a, a->after, &c->after))
        return dae_fail(DAE_ERROR_UNSUPPORTED, "the model looks at more places than can be counted");
    least = dae_size_divide_up(dae_size_max(1, less(a->least, c->after)), a->grid) * a->grid;
    step = dae_size_max(LEAST_STEP, dae_size_divide_up(a->before, a->grid) * a->grid + c->after);
    c->step = dae_size_max(least, dae_size_divide_up(step, a->grid) * a->grid);
    if (latency == 0)
        return DAE_OK;
    if (latency + 1 < least + c->after)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "latency is %zu, expected at least %zu for what the model looks at", latency,
                        least + c->after - 1);
    c->step = (latency + 1 - c->after) / a->grid * a->grid;
    return DAE_OK;
}

static dae_status open_session(struct dae_stream *stream, const dae_model *model, size_t length) {
    struct dae_shape shape;
    dae_model *at = NULL;
    DAE_TRY(dae_axes_shape(&shape, model, (const size_t[DAE_AXES]){1, length}));
    DAE_TRY(dae_model_resize(&at, model, &shape));
    dae_status status = dae_session_open(&stream->session, at, 1, false);
    stream->input.channels = at->input.dims[0];
    stream->output.channels = dae_model_output(at)->dims[0];
    dae_model_free(at);
    return status;
}

/* From a run at some length. */
static struct stage stage_of(const struct dae_plan *plan, size_t node) {
    const struct dae_node *n = &plan->model->nodes[node];
    struct dae_reach reach = n->layer->kind->reach(n->layer, &n->at, 1);
    size_t length = n->at.inputs[0]->dims[1];
    struct stage s = {
        .node = node,
        .value = (size_t)(plan->passes[node].output - plan->rows),
        .reach = reach,
        .spoilt = reach.low < 0 ? dae_size_divide_up((size_t)-reach.low, reach.in) : 0,
        .least = dae_size_max(reach.edge, reach.in),
        .rest = length % reach.in,
    };
    s.beyond = dae_size_divide_up(less(good_end(&s, 0, length), n->at.output.dims[1]), reach.out) * reach.in;
    return s;
}

static dae_status open_stages(struct dae_stream *stream, struct carry *c) {
    const struct dae_plan *plan = stream->session->plan;
    const dae_model *model = plan->model;
    c->stages = dae_allocate(model->node_count, sizeof *c->stages);
    c->lines = dae_allocate(model->node_count + 1, sizeof *c->lines);
    if (c->stages == NULL || c->lines == NULL)
        return DAE_ERROR_MEMORY;
    for (size_t i = 0; i < model->node_count; i++) {
        if (!plan->live[i] || plan->joined[i])
            continue;
        c->stages[c->stage_count++] = stage_of(plan, i);
    }
    return DAE_OK;
}

static dae_status open_carry(struct dae_stream *stream, const dae_model *model,
                             const struct dae_value *values) {
    struct dae_axis axes[DAE_AXES];
    struct carry *c = stream->own = dae_allocate(1, sizeof *c);
    if (c == NULL)
        return DAE_ERROR_MEMORY;
    DAE_TRY(dae_axes_find(axes, model));
    c->axis = axes[1];
    DAE_TRY(choose_step(c, (size_t)values[DAE_TILES_LATENCY].number));
    stream->latency = c->step + c->after - 1;
    DAE_TRY(open_session(stream, model, c->axis.least));
    DAE_TRY(open_stages(stream, c));
    DAE_TRY(measure(stream));
    DAE_TRY(open_lines(stream));
    return warm_up(stream);
}

const struct dae_stream_kind dae_stream_of_layers = {open_carry, close_carry, start, advance};
