/* A format that does not say how long it is: six letters, then a byte for each sample. */
#include "core/memory.h"
#include "data/source.h"

#include <string.h>

enum { SKIP, MAGIC_SIZE = 6 };

static bool knows(const unsigned char *start, size_t count) {
    return count >= MAGIC_SIZE && memcmp(start, "TALLY\n", MAGIC_SIZE) == 0;
}

static dae_status lay_out(const struct dae_content *content, struct dae_layout *layout) {
    size_t begin = MAGIC_SIZE + (size_t)content->values[SKIP].number;
    if (!knows(content->bytes, content->size))
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset 0: expected TALLY", content->name);
    if (content->size < begin)
        return dae_filed_too_short(content->name, content->size, begin);
    DAE_TRY(dae_layout_add(layout, content->size - begin, content->name, begin));
    return dae_layout_finish(layout, dae_value_type_find('u', 1, false), begin, content->name, begin);
}

static dae_status open_tally(dae_dataset **out, const struct dae_content *content) {
    struct dae_layout layout = {0};
    dae_status status = lay_out(content, &layout);
    if (status == DAE_OK)
        return dae_filed_create(out, content->bytes, &layout, content->name);
    dae_release(content->bytes);
    return status;
}

const struct dae_source_kind dae_source_tally = {
    {
        .name = "tally",
        .what = "a byte for each sample",
        .example = "tally(skip=3)",
        .parameters = {{"skip", "samples that are left out at the start", DAE_TYPE_COUNT, 0, 0, 9, "0"}},
    },
    .knows = knows,
    .open = open_tally,
};
