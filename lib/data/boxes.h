/* Views whose samples are boxes cut out of those of another: windows, patches, crops. */
#ifndef DAE_DATA_BOXES_H
#define DAE_DATA_BOXES_H

#include "data/view.h"

/* A sample as a picture; a signal has height 1. */
struct dae_frame {
    size_t channels, height, width;
};

/* False for a shape that has neither `sides` dimensions nor one more, for channels. */
bool dae_frame_set(struct dae_frame *frame, const struct dae_shape *shape, size_t sides);

/* That of a sample's input or target, which has one. */
struct dae_frame dae_frame_of(const dae_dataset *dataset, enum dae_half half, size_t sample, size_t sides);

/* Refuses inputs that have none; `context` begins the message. */
dae_status dae_frame_check(const dae_dataset *dataset, size_t sides, const char *context);

/* Whether all targets have the height and width of their inputs. Refuses others, but for those of one
 * dimension, such as classes. */
dae_status dae_frame_check_targets(const dae_dataset *dataset, size_t sides, const char *context,
                                   bool *are_framed);

struct dae_place {
    size_t y, x;
};

struct dae_boxes {
    dae_dataset base;
    size_t sides;         /* that are cut: 1 of a signal, 2 of a picture */
    size_t height, width; /* of a box */
    /* How many a sample of at least that size has; NULL: `each`. */
    size_t (*count)(const struct dae_boxes *boxes, const struct dae_frame *frame);
    /* Where box `sample` lies, which is number `within` of those of its frame. */
    struct dae_place (*place)(const struct dae_boxes *boxes, const struct dae_frame *frame, uint64_t epoch,
                              size_t sample, size_t within);
    struct dae_place stride; /* for `place`: from box to box, or where the only one lies */
    size_t each;             /* boxes of each sample; 0 where samples differ */
    size_t *starts;          /* the number of the first box of each sample, where samples differ */
    uint64_t seed;
    bool skips;        /* samples that are smaller than a box */
    size_t skipped;    /* how many these are */
    bool cuts_targets; /* or each box has the target of its sample */
};

#define DAE_BOXES_SKIP                                                                       \
    {                                                                                        \
        .name = "skip", .what = "whether samples that are smaller are left out and counted", \
        .type = DAE_TYPE_FLAG, .fallback = "no"                                              \
    }

/* A view with everything of `pattern` but its base. Boxes have a dimension for channels. */
dae_status dae_boxes_create(dae_dataset **out, const struct dae_viewing *v, const struct dae_boxes *pattern);

#endif
