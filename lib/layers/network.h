/* Ready networks: kinds that stand in the text of a model for the layers that they are made of. A kind is a
 * row with a function that writes those. */
#ifndef DAE_LAYERS_NETWORK_H
#define DAE_LAYERS_NETWORK_H

#include "core/kind.h"
#include "core/size.h"
#include "kinds.h"

/* What a network reads. */
struct dae_network_input {
    const struct dae_shape *shape;
    const char *name; /* NULL where it has no label */
};

/* A row: one kind of network. */
struct dae_network_kind {
    struct dae_kind kind;
    dae_status (*expand)(struct dae_text *text, const struct dae_value *values,
                         const struct dae_network_input *input);
};

extern const struct dae_network_kind DAE_NETWORK_KINDS;

extern const struct dae_category dae_network_category;

/* The row of a kind of that category; NULL for a layer. */
const struct dae_network_kind *dae_network_row(const struct dae_kind *kind);

#endif
