/* Where the bytes of a file go, one after the other. */
#ifndef DAE_DATA_SINK_H
#define DAE_DATA_SINK_H

#include "core/status.h"

struct dae_sink {
    dae_status (*take)(void *context, const void *bytes, size_t size);
    void *context;
};

static inline dae_status dae_sink_add(const struct dae_sink *sink, const void *bytes, size_t size) {
    return sink->take(sink->context, bytes, size);
}

#endif
