#include "run/stream.h"
#include "core/memory.h"
#include "run/cover.h"

#include <string.h>

/* ---- Lines ------------------------------------------------------------------------------------------- */

dae_status dae_line_open(struct dae_line *line, size_t channels, size_t most) {
    size_t room;
    if (!dae_size_multiply(2, most, &room)) /* so that values are moved once for each place at most */
        return dae_fail(DAE_ERROR_MEMORY, "a stream's places do not fit into memory");
    *line = (struct dae_line){.channels = channels, .room = room};
    line->values = dae_allocate(room, channels * sizeof *line->values);
    return line->values != NULL ? DAE_OK : DAE_ERROR_MEMORY;
}

void dae_line_make_room(struct dae_line *line, size_t kept, size_t more) {
    if (line->end - line->first + more <= line->room)
        return;
    for (size_t channel = 0; channel < line->channels; channel++)
        memmove(line->values + channel * line->room, dae_line_at(line, channel, kept),
                (line->end - kept) * sizeof *line->values);
    line->first = kept;
}

/* ---- Making ------------------------------------------------------------------------------------------ */

static void start(struct dae_stream *stream) {
    stream->total = SIZE_MAX;
    stream->kept = 0;
    stream->input.first = stream->input.end = 0;
    stream->output.first = stream->output.end = 0;
    stream->kind->start(stream);
}

static dae_status begin(struct dae_stream *stream, dae_model *model, const struct dae_recipe *cover) {
    const struct dae_cover_kind *kind = dae_cover_of(cover);
    char shape[DAE_SHAPE_TEXT_SIZE];
    if (model->input.rank > 2)
        return dae_fail(DAE_ERROR_SHAPE, "the model takes %s, expected values or channels x length",
                        dae_shape_text(&model->input, shape));
    if (kind->stream == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s needs all of a signal, expected tiles or overlap",
                        kind->kind.name);
    stream->kind = kind->stream;
    DAE_TRY(stream->kind->open(stream, model, cover->steps[0].values));
    start(stream);
    return DAE_OK;
}

dae_status dae_stream_create(dae_stream **out, dae_model *model, const char *cover) {
    struct dae_recipe *chosen = NULL;
    struct dae_message kept;
    DAE_REQUIRE(out);
    DAE_TRY(dae_model_check_ready(model, __func__));
    dae_message_keep(&kept);
    dae_status status = dae_cover_choose(&chosen, cover, model);
    if (status != DAE_OK)
        return status == DAE_ERROR_MEMORY || cover != NULL ? status : dae_fail_in(status, __func__);
    dae_stream *stream = dae_allocate(1, sizeof *stream);
    status = DAE_ERROR_MEMORY;
    if (stream != NULL) {
        dae_references_start(&stream->references);
        status = begin(stream, model, chosen);
    }
    dae_release(chosen);
    if (status == DAE_OK) {
        dae_message_restore(&kept);
        *out = stream;
        return DAE_OK;
    }
    dae_stream_free(stream);
    return status == DAE_ERROR_MEMORY ? status : dae_fail_in(status, __func__);
}

void dae_stream_free(dae_stream *stream) {
    if (stream == NULL || !dae_references_drop(&stream->references))
        return;
    if (stream->kind != NULL)
        stream->kind->close(stream->own);
    dae_session_free(stream->session);
    dae_release(stream->input.values);
    dae_release(stream->output.values);
    dae_release(stream);
}

dae_status dae_stream_get_latency(const dae_stream *stream, size_t *count) {
    DAE_REQUIRE(stream);
    DAE_REQUIRE(count);
    *count = stream->latency;
    return DAE_OK;
}

/* ---- Going on ---------------------------------------------------------------------------------------- */

/* Places [first, first + count) as the caller counts them: late, so that it begins with zeros. Row `channel`
 * of `to` has `size` values, of which these begin at `at`. */
static void give(const struct dae_stream *stream, size_t first, size_t count, float *to, size_t at,
                 size_t size) {
    size_t zeros = first < stream->latency ? dae_size_min(count, stream->latency - first) : 0;
    for (size_t channel = 0; channel < stream->output.channels; channel++) {
        float *row = to + channel * size + at;
        memset(row, 0, zeros * sizeof *row);
        if (count > zeros)
            memcpy(row + zeros, dae_line_at(&stream->output, channel, first + zeros - stream->latency),
                   (count - zeros) * sizeof *row);
    }
}

static void take(struct dae_stream *stream, const float *from, size_t at, size_t count, size_t size) {
    struct dae_line *input = &stream->input;
    dae_line_make_room(input, stream->kept, count);
    for (size_t channel = 0; channel < input->channels; channel++)
        memcpy(dae_line_at(input, channel, input->end), from + channel * size + at, count * sizeof *from);
    input->end += count;
}

static dae_status push(struct dae_stream *stream, const float *input, size_t count, float *output) {
    for (size_t done = 0, now; done < count; done += now) {
        size_t first = stream->input.end;
        now = dae_size_min(count - done, stream->needed - first);
        take(stream, input, done, now, count);
        while (stream->input.end >= stream->needed)
            DAE_TRY(stream->kind->advance(stream));
        give(stream, first, now, output, done, count);
    }
    return DAE_OK;
}

/* One thread at a time, as for sessions. */
static dae_status enter(dae_stream *stream, const char *context) {
    if (!dae_turn_take(&stream->turn))
        return dae_fail(DAE_ERROR_STATE,
                        "%s: the stream is in use, expected a stream of its own for each thread", context);
    if (dae_plan_is_current(stream->session->plan))
        return DAE_OK;
    dae_turn_give_back(&stream->turn);
    return dae_fail(DAE_ERROR_STATE,
                    "%s: the model has another scaling than when the stream was made, expected a new stream",
                    context);
}

dae_status dae_stream_push(dae_stream *stream, const float *input, size_t count, float *output) {
    DAE_REQUIRE(stream);
    if (count == 0)
        return DAE_OK;
    DAE_REQUIRE(input);
    DAE_REQUIRE(output);
    size_t in = stream->input.channels, out = stream->output.channels;
    DAE_TRY(dae_array_check(count, in > out ? in : out, "count", __func__));
    DAE_TRY(dae_arrays_check_apart((struct dae_array){"input", input, count * in * sizeof *input},
                                   (struct dae_array){"output", output, count * out * sizeof *output},
                                   __func__));
    DAE_TRY(enter(stream, __func__));
    dae_status status = push(stream, input, count, output);
    dae_turn_give_back(&stream->turn);
    return status;
}

static dae_status flush(struct dae_stream *stream, float *output) {
    size_t total = stream->total = stream->input.end;
    while (stream->output.end < total)
        DAE_TRY(stream->kind->advance(stream));
    give(stream, total, stream->latency, output, 0, stream->latency);
    return DAE_OK;
}

dae_status dae_stream_flush(dae_stream *stream, float *output) {
    DAE_REQUIRE(stream);
    DAE_REQUIRE(output);
    DAE_TRY(enter(stream, __func__));
    dae_status status = flush(stream, output);
    start(stream);
    dae_turn_give_back(&stream->turn);
    return status == DAE_OK ? DAE_OK : dae_fail_in(status, __func__);
}
