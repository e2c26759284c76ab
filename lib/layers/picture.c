#include "layers/picture.h"

dae_status dae_picture_refuse(const dae_layer *layer, const struct dae_attachment *at, const char *takes) {
    char found[DAE_SHAPE_TEXT_SIZE];
    return dae_fail(DAE_ERROR_SHAPE, "%s takes %s, found %s", layer->kind->kind.name, takes,
                    dae_shape_text(at->inputs[0], found));
}

dae_status dae_picture_read(struct dae_picture *picture, const dae_layer *layer,
                            const struct dae_attachment *at) {
    if (at->inputs[0]->rank != 2 && at->inputs[0]->rank != 3)
        return dae_picture_refuse(layer, at, "channels x length or channels x height x width");
    *picture = dae_picture_of(at->inputs[0]);
    return DAE_OK;
}

dae_status dae_picture_write(const struct dae_picture *picture, struct dae_attachment *at) {
    const size_t dims[] = {picture->channels, picture->is_signal ? picture->width : picture->height,
                           picture->width};
    return dae_shape_set(&at->output, picture->is_signal ? 2 : 3, dims, "what the layer gives");
}
