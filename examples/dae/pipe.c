#define _DEFAULT_SOURCE
#include "pipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data.h"
#include "say.h"

enum { MOST = 4096 }; /* values of each channel that are read at once */

typedef struct pipe_state {
    dae_stream *stream;
    size_t channels; /* that come in and go out */
    bool has_level;  /* one more goes in, which is everywhere `level` */
    float level;
    size_t late;           /* values that are still from before the signal */
    float *frames;         /* [MOST, channels], as they come and go */
    float *input, *output; /* [channels + 1, count], [channels, count] */
} pipe_state;

/* What is there, up to MOST values of each channel; `pending` bytes of a value that is not whole are kept. 0
 * at the end. */
static ssize_t read_frames(pipe_state *p, size_t *pending) {
    size_t frame = p->channels * sizeof(float), room = MOST * frame;
    unsigned char *bytes = (unsigned char *)p->frames;
    size_t have = *pending;
    while (have < frame) {
        ssize_t got = read(STDIN_FILENO, bytes + have, room - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            complain("cannot read standard input: %s", strerror(errno));
        if (got <= 0) {
            *pending = have;
            return got;
        }
        have += (size_t)got;
    }
    *pending = have % frame;
    return (ssize_t)(have / frame);
}

static bool write_all(const void *values, size_t size) {
    const unsigned char *bytes = values;
    while (size > 0) {
        ssize_t put = write(STDOUT_FILENO, bytes, size);
        if (put < 0 && errno != EINTR)
            return complain("cannot write to standard output: %s", strerror(errno));
        bytes += put > 0 ? put : 0;
        size -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

/* Writes output [channels, count], but for what is from before the signal. */
static bool write_frames(pipe_state *p, const float *output, size_t count) {
    float *frames = allocate(count * p->channels, sizeof *frames);
    size_t skipped = p->late < count ? p->late : count;
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < p->channels; c++)
            frames[i * p->channels + c] = output[c * count + i];
    p->late -= skipped;
    bool written = write_all(frames + skipped * p->channels,
                             (count - skipped) * p->channels * sizeof *frames);
    free(frames);
    return written;
}

static bool push_frames(pipe_state *p, size_t count) {
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < p->channels; c++)
            p->input[c * count + i] = p->frames[i * p->channels + c];
    for (size_t i = 0; p->has_level && i < count; i++)
        p->input[p->channels * count + i] = p->level;
    return worked(dae_stream_push(p->stream, p->input, count, p->output)) &&
           write_frames(p, p->output, count);
}

static bool run(pipe_state *p, size_t latency) {
    size_t pending = 0;
    ssize_t count;
    while ((count = read_frames(p, &pending)) > 0) {
        if (!push_frames(p, (size_t)count))
            return false;
        memmove(p->frames, (unsigned char *)p->frames + (size_t)count * p->channels * sizeof(float), pending);
    }
    float *rest = allocate(p->channels * latency, sizeof *rest);
    bool done = count == 0 && worked(dae_stream_flush(p->stream, rest)) && write_frames(p, rest, latency);
    free(rest);
    return done && (pending == 0 || complain("standard input ended with %zu bytes of a value of %zu", pending,
                                             p->channels * sizeof(float)));
}

int denoise_stream(denoiser *d, const arguments *a) {
    pipe_state p = {.has_level = d->level != NULL, .level = (float)a->number[OPTION_LEVEL]};
    shape input = {0};
    size_t latency = 0;
    if (a->operand_count != 1 || strcmp(a->operands[0], "-") != 0 || a->text[OPTION_OUTPUT] != NULL) {
        complain("--stream goes from standard input to standard output: dae denoise - --stream -m MODEL");
        return STATUS_USAGE;
    }
    bool made = worked(dae_stream_create(&p.stream, d->model, a->text[OPTION_COVER])) &&
                worked(dae_stream_get_latency(p.stream, &latency)) &&
                worked(dae_model_get_input_shape(d->model, &input.rank, input.dims));
    if (made) {
        p.channels = input.rank == 1 ? 1 : input.dims[0] - p.has_level;
        p.late = latency;
        p.frames = allocate(MOST * p.channels, sizeof(float));
        p.input = allocate(MOST * (p.channels + 1), sizeof(float));
        p.output = allocate(MOST * p.channels, sizeof(float));
        tell_more("%zu channel%s, %zu values late", p.channels, p.channels == 1 ? "" : "s", latency);
    }
    bool done = made && run(&p, latency);
    free(p.frames);
    free(p.input);
    free(p.output);
    dae_stream_free(p.stream);
    return done ? STATUS_DONE : STATUS_FAILED;
}
