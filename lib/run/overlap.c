/* Windows of the size that a model was made for, which overlap: outputs are weighted by a Hann window,
 * sin^2(pi (i + 1/2) / size), divided by the sum of those that lie on the same place, and added. Windows
 * begin at multiples of `hop`, from so far before the first place on that it is in as many as the others;
 * beyond the ends stands what a mirror on the last value shows. Each place is a sum in the order of the
 * windows, and each window is run as by itself, so a stream gives the same bits. */
#include "core/memory.h"
#include "run/cover.h"

#include <math.h>
#include <string.h>

enum { HOP };

/* ---- Windows ----------------------------------------------------------------------------------------- */

/* How they lie along an axis: the first one begins `before` places before the sample. */
struct hops {
    size_t size, hop, before;
    float *weights; /* [size]; those that lie on a place add up to 1 */
};

static void free_hops(struct hops hops[DAE_AXES]) {
    for (size_t i = 0; i < DAE_AXES; i++)
        dae_release(hops[i].weights);
}

static double hann(const struct hops *h, size_t i) {
    const double pi = 3.14159265358979323846;
    double root = sin(pi * ((double)i + 0.5) / (double)h->size);
    return root * root;
}

static dae_status fill_weights(struct hops *h) {
    double *sums = dae_allocate(h->hop, sizeof *sums); /* of windows that lie on a place */
    h->weights = dae_allocate(h->size, sizeof *h->weights);
    for (size_t i = 0; sums != NULL && i < h->size; i++)
        sums[i % h->hop] += hann(h, i);
    for (size_t i = 0; sums != NULL && h->weights != NULL && i < h->size; i++)
        h->weights[i] = (float)(hann(h, i) / sums[i % h->hop]);
    dae_status status = sums != NULL && h->weights != NULL ? DAE_OK : DAE_ERROR_MEMORY;
    dae_release(sums);
    return status;
}

static dae_status fill_hops(struct hops hops[DAE_AXES], const struct dae_shape *input,
                            const struct dae_value *hop) {
    for (size_t i = 0; i < DAE_AXES; i++) {
        struct hops *h = &hops[i];
        h->size = i == 1 ? input->dims[input->rank - 1] : input->rank > 2 ? input->dims[1] : 1;
        h->hop = hop->count > 0 && h->size > 1 ? (size_t)hop->number : h->size / 4;
        h->hop = h->hop > 0 ? h->hop : 1;
        if (h->hop > h->size)
            return dae_fail(DAE_ERROR_ARGUMENT, "hop is %zu, expected at most %zu, a side of the window",
                            h->hop, h->size);
        h->before = (dae_size_divide_up(h->size, h->hop) - 1) * h->hop;
        DAE_TRY(fill_weights(h));
    }
    return DAE_OK;
}

static dae_status open_hops(struct hops hops[DAE_AXES], const dae_model *model,
                            const struct dae_value *values) {
    char shape[DAE_SHAPE_TEXT_SIZE];
    if (dae_shape_is_open(&model->input))
        return dae_fail(DAE_ERROR_SHAPE,
                        "the model takes inputs of any size, %s, expected one of the size of "
                        "a window, or tiles",
                        dae_shape_text(&model->input, shape));
    return fill_hops(hops, &model->input, &values[HOP]);
}

static size_t count_hops(const struct hops *hops, size_t length) {
    return hops->before / hops->hop + (length - 1) / hops->hop + 1;
}

/* ---- Running ----------------------------------------------------------------------------------------- */

struct overlap {
    const struct dae_field *field;
    struct hops hops[DAE_AXES];
    size_t across, count;    /* windows */
    size_t group, sessions;  /* windows of a task; tasks at once */
    dae_session **session;   /* [sessions] */
    float *inputs, *outputs; /* [sessions * group, values] */
    size_t first, now;       /* windows that are in work */
};

/* The first places of window number `index`. */
static void place(const struct overlap *o, size_t index, ptrdiff_t at[DAE_AXES]) {
    const size_t numbers[DAE_AXES] = {index / o->across, index % o->across};
    for (size_t i = 0; i < DAE_AXES; i++)
        at[i] = (ptrdiff_t)(numbers[i] * o->hops[i].hop) - (ptrdiff_t)o->hops[i].before;
}

static void gather(const struct overlap *o, size_t index, float *to) {
    const struct dae_field *f = o->field;
    ptrdiff_t at[DAE_AXES];
    place(o, index, at);
    for (size_t channel = 0; channel < f->in; channel++)
        for (size_t i = 0; i < o->hops[0].size; i++, to += o->hops[1].size) {
            size_t row = channel * f->sides[0] + dae_mirrored(at[0] + (ptrdiff_t)i, f->sides[0]);
            dae_copy_mirrored(to, f->input + row * f->sides[1], at[1], o->hops[1].size, f->sides[1]);
        }
}

/* Places [low, high) of a window that lie in the sample. */
static size_t inside(const struct hops *h, ptrdiff_t at, size_t side, size_t *high) {
    size_t low = at < 0 ? (size_t)-at : 0;
    *high = dae_size_min(h->size, (size_t)((ptrdiff_t)side - at));
    return low;
}

static void add(const struct overlap *o, size_t index, const float *window) {
    const struct dae_field *f = o->field;
    const struct hops *down = &o->hops[0], *across = &o->hops[1];
    ptrdiff_t at[DAE_AXES];
    size_t y_high, x_high;
    place(o, index, at);
    size_t y_low = inside(down, at[0], f->sides[0], &y_high),
           x_low = inside(across, at[1], f->sides[1], &x_high);
    for (size_t channel = 0; channel < f->out; channel++)
        for (size_t i = y_low; i < y_high; i++) {
            const float *from = window + (channel * down->size + i) * across->size;
            float *to = f->output + (channel * f->sides[0] + (size_t)(at[0] + (ptrdiff_t)i)) * f->sides[1];
            for (size_t j = x_low; j < x_high; j++)
                to[at[1] + (ptrdiff_t)j] += down->weights[i] * across->weights[j] * from[j];
        }
}

static dae_status run_group(void *context, size_t task) {
    const struct overlap *o = context;
    size_t first = task * o->group, count = dae_size_min(o->group, o->now - first);
    size_t in = o->field->in * o->hops[0].size * o->hops[1].size,
           out = o->field->out * o->hops[0].size * o->hops[1].size;
    for (size_t i = first; i < first + count; i++)
        gather(o, o->first + i, o->inputs + i * in);
    return dae_cover_run(o->session[task], NULL, o->inputs + first * in, count, o->outputs + first * out);
}

static dae_status run_all(struct overlap *o) {
    const struct dae_field *f = o->field;
    size_t out = f->out * o->hops[0].size * o->hops[1].size;
    memset(f->output, 0, f->out * f->sides[0] * f->sides[1] * sizeof *f->output);
    for (o->first = 0; o->first < o->count; o->first += o->now) {
        o->now = dae_size_min(o->sessions * o->group, o->count - o->first);
        DAE_TRY(dae_pool_run(f->pool, run_group, o, dae_size_divide_up(o->now, o->group)));
        for (size_t i = 0; i < o->now; i++)
            add(o, o->first + i, o->outputs + i * out);
        DAE_TRY(dae_cover_report(f, o->first + o->now, o->count));
    }
    return DAE_OK;
}

static dae_status reserve(struct overlap *o) {
    const struct dae_field *f = o->field;
    size_t places = o->hops[0].size * o->hops[1].size;
    o->across = count_hops(&o->hops[1], f->sides[1]);
    if (!dae_size_multiply(o->across, count_hops(&o->hops[0], f->sides[0]), &o->count))
        return dae_fail(DAE_ERROR_ARGUMENT, "the sample has more windows than can be counted");
    o->group = dae_cover_group(f->model);
    o->sessions = dae_size_min(dae_pool_threads(f->pool), dae_size_divide_up(o->count, o->group));
    o->session = dae_allocate(o->sessions, sizeof *o->session);
    o->inputs = dae_allocate(o->sessions * o->group, f->in * places * sizeof *o->inputs);
    o->outputs = dae_allocate(o->sessions * o->group, f->out * places * sizeof *o->outputs);
    if (o->session == NULL || o->inputs == NULL || o->outputs == NULL)
        return DAE_ERROR_MEMORY;
    for (size_t i = 0; i < o->sessions; i++)
        DAE_TRY(dae_session_open(&o->session[i], f->model, o->group, false));
    return DAE_OK;
}

static void release(struct overlap *o) {
    for (size_t i = 0; i < o->sessions && o->session != NULL; i++)
        dae_session_free(o->session[i]);
    dae_release(o->session);
    dae_release(o->inputs);
    dae_release(o->outputs);
    free_hops(o->hops);
}

static dae_status check(const struct dae_field *field) {
    struct hops hops[DAE_AXES] = {{0}};
    dae_status status = open_hops(hops, field->model, field->values);
    free_hops(hops);
    return status;
}

static dae_status apply(const struct dae_field *field) {
    struct overlap o = {.field = field};
    dae_status status = open_hops(o.hops, field->model, field->values);
    if (status == DAE_OK)
        status = reserve(&o);
    if (status == DAE_OK)
        status = run_all(&o);
    release(&o);
    return status;
}

/* ---- Streams ----------------------------------------------------------------------------------------- */

struct track {
    struct hops hops[DAE_AXES];
    size_t windows;          /* that are added */
    float *from, *to, *sums; /* [channels, size] of a window; sums of the places from its first one on */
};

static void close_track(void *own) {
    struct track *track = own;
    if (track == NULL)
        return;
    free_hops(track->hops);
    dae_release(track->from);
    dae_release(track->to);
    dae_release(track->sums);
    dae_release(track);
}

static dae_status open_track(struct dae_stream *stream, const dae_model *model,
                             const struct dae_value *values) {
    struct track *t = stream->own = dae_allocate(1, sizeof *t);
    size_t in = model->input.rank > 1 ? model->input.dims[0] : 1, out;
    if (t == NULL)
        return DAE_ERROR_MEMORY;
    DAE_TRY(open_hops(t->hops, model, values));
    DAE_TRY(dae_cover_channels(&out, model));
    size_t size = t->hops[1].size;
    stream->latency = size - 1;
    DAE_TRY(dae_session_open(&stream->session, (dae_model *)(uintptr_t)model, 1, false));
    DAE_TRY(dae_line_open(&stream->input, in, 2 * size));
    DAE_TRY(dae_line_open(&stream->output, out, 3 * size));
    t->from = dae_allocate(size, in * sizeof *t->from);
    t->to = dae_allocate(size, out * sizeof *t->to);
    t->sums = dae_allocate(size, out * sizeof *t->sums);
    return t->from != NULL && t->to != NULL && t->sums != NULL
               ? dae_cover_run(stream->session, NULL, t->from, 1, t->to) /* what it allocates is there then */
               : DAE_ERROR_MEMORY;
}

/* The first place of the next window. */
static ptrdiff_t next_place(const struct track *t) {
    return (ptrdiff_t)(t->windows * t->hops[1].hop) - (ptrdiff_t)t->hops[1].before;
}

/* The first window is also made of what the mirror shows. */
static void ask(struct dae_stream *stream) {
    const struct track *t = stream->own;
    ptrdiff_t place = next_place(t);
    size_t end = (size_t)(place + (ptrdiff_t)t->hops[1].size), mirrored = place < 0 ? (size_t)-place + 1 : 0;
    stream->needed = end > mirrored ? end : mirrored;
}

static void start_track(struct dae_stream *stream) {
    struct track *t = stream->own;
    t->windows = 0;
    memset(t->sums, 0, stream->output.channels * t->hops[1].size * sizeof *t->sums);
    ask(stream);
}

static void gather_window(const struct dae_stream *stream, const struct track *t, ptrdiff_t place) {
    const struct dae_line *input = &stream->input;
    size_t size = t->hops[1].size;
    for (size_t channel = 0; channel < input->channels; channel++)
        for (size_t i = 0; i < size; i++)
            t->from[channel * size + i] = *dae_line_at(input, channel,
                                                       dae_mirrored(place + (ptrdiff_t)i, input->end));
}

/* Adds a window; its first places are complete then. */
static void add_window(struct dae_stream *stream, struct track *t, ptrdiff_t place) {
    size_t size = t->hops[1].size, hop = t->hops[1].hop,
           skipped = place < 0 ? dae_size_min(hop, (size_t)-place) : 0;
    struct dae_line *output = &stream->output;
    dae_line_make_room(output, output->end - dae_size_min(output->end, stream->latency), hop);
    for (size_t channel = 0; channel < output->channels; channel++) {
        float *sums = t->sums + channel * size;
        for (size_t i = 0; i < size; i++)
            sums[i] += t->hops[0].weights[0] * t->hops[1].weights[i] * t->to[channel * size + i];
        memcpy(dae_line_at(output, channel, output->end), sums + skipped, (hop - skipped) * sizeof *sums);
        memmove(sums, sums + hop, (size - hop) * sizeof *sums);
        memset(sums + size - hop, 0, hop * sizeof *sums);
    }
    output->end += hop - skipped;
}

static dae_status advance_track(struct dae_stream *stream) {
    struct track *t = stream->own;
    ptrdiff_t place = next_place(t);
    gather_window(stream, t, place);
    DAE_TRY(dae_cover_run(stream->session, NULL, t->from, 1, t->to));
    add_window(stream, t, place);
    t->windows++;
    ask(stream);
    stream->kept = stream->input.end - dae_size_min(stream->input.end, t->hops[1].size);
    return DAE_OK;
}

const struct dae_stream_kind dae_stream_of_windows = {open_track, close_track, start_track, advance_track};

/* ---- The row ----------------------------------------------------------------------------------------- */

const struct dae_cover_kind dae_cover_overlap = {
    .kind = {.name = "overlap",
             .what = "windows of the model's own size, weighted by a Hann window and added",
             .example = "overlap(hop=64)",
             .parameters = {[HOP] = {.name = "hop",
                                     .what = "places from a window to the next, on each side; a quarter of "
                                             "the window, if it is left out",
                                     .type = DAE_TYPE_COUNT,
                                     .flags = DAE_OPTIONAL,
                                     .low = 1,
                                     .high = DAE_MOST_SIZE}}},
    .check = check,
    .apply = apply,
    .stream = &dae_stream_of_windows,
};
