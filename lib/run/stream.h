/* Streams: how a cover goes along a signal. */
#ifndef DAE_RUN_STREAM_H
#define DAE_RUN_STREAM_H

#include "run/session.h"

#include <dae/stream.h>

/* Places [first, end) of a signal, counted from its beginning, of each channel. */
struct dae_line {
    float *values; /* [channels, room] */
    size_t channels, room;
    size_t first, end;
};

struct dae_stream {
    dae_references references;
    dae_turn turn;
    const struct dae_stream_kind *kind;
    void *own;            /* the kind's */
    dae_session *session; /* that parts are run in */
    size_t latency;
    size_t total;           /* places of the signal; SIZE_MAX before its end */
    size_t needed;          /* places of it that the next part is made from */
    size_t kept;            /* the first place that parts are still made from */
    struct dae_line input;  /* what came */
    struct dae_line output; /* what is made of it, and will not change */
};

/* A row: parts follow one another. */
struct dae_stream_kind {
    /* Sets `own` and the latency, and opens the session and the lines. */
    dae_status (*open)(struct dae_stream *stream, const dae_model *model, const struct dae_value *values);
    void (*close)(void *own); /* NULL is allowed */
    /* The signal begins: sets what is needed first. */
    void (*start)(struct dae_stream *stream);
    /* Makes the next part from as many places as it needs, or from all where the signal has ended: puts it at
     * the end of the output, says what is needed next, and what is still kept. */
    dae_status (*advance)(struct dae_stream *stream);
};

extern const struct dae_stream_kind dae_stream_of_layers, dae_stream_of_windows;

/* A line that has room for `most` places at once. */
dae_status dae_line_open(struct dae_line *line, size_t channels, size_t most);

/* Makes room for `more` places at the end, and drops those before `kept` where that takes it. */
void dae_line_make_room(struct dae_line *line, size_t kept, size_t more);

static inline float *dae_line_at(const struct dae_line *line, size_t channel, size_t place) {
    return line->values + channel * line->room + (place - line->first);
}

#endif
