#include "data/dataset.h"
#include "core/fpu.h"
#include "core/memory.h"
#include "core/text.h"

#include <string.h>

static void *create(size_t size, const struct dae_dataset_operations *operations) {
    dae_dataset *dataset = dae_allocate(1, size);
    if (dataset == NULL)
        return NULL;
    dae_references_start(&dataset->references);
    dataset->operations = operations;
    return dataset;
}

dae_status dae_dataset_create_source(void **out, size_t size, const struct dae_dataset_operations *operations,
                                     size_t count, size_t rank, const size_t *shape, const char *context) {
    struct dae_shape checked;
    DAE_TRY(dae_shape_set(&checked, rank, shape, context));
    if (count == 0)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: count is 0, expected at least 1", context);
    size_t values, bytes;
    if (!dae_size_multiply(count, checked.size, &values) ||
        !dae_size_multiply(values, sizeof(double), &bytes))
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: %zu samples of %zu values are more than can be addressed",
                        context, count, checked.size);
    dae_dataset *dataset = create(size, operations);
    if (dataset == NULL)
        return DAE_ERROR_MEMORY;
    dataset->count = count;
    dataset->shape = dataset->target_shape = checked;
    dataset->concurrent = dataset->alike = true;
    *out = dataset;
    return DAE_OK;
}

dae_status dae_dataset_check_depth(const dae_dataset *dataset, const char *context) {
    enum { MOST_VIEWS = 1000 };
    if (dataset->depth >= MOST_VIEWS)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "%s: %zu views stand upon each other already, expected at most %d", context,
                        dataset->depth, MOST_VIEWS);
    return DAE_OK;
}

dae_status dae_dataset_create_view(void **out, size_t size, const struct dae_dataset_operations *operations,
                                   dae_dataset *source, const char *context) {
    DAE_TRY(dae_dataset_check_depth(source, context));
    dae_dataset *dataset = create(size, operations);
    if (dataset == NULL)
        return DAE_ERROR_MEMORY;
    dataset->count = source->count;
    dataset->shape = source->shape;
    dataset->target_shape = source->target_shape;
    dataset->concurrent = source->concurrent;
    dataset->alike = source->alike;
    dataset->whole_inputs = source->whole_inputs;
    dataset->whole_targets = source->whole_targets;
    dataset->fetches = source->fetches;
    dataset->source = dae_dataset_keep(source);
    dataset->depth = source->depth + 1;
    dataset->draws = source->draws;
    dataset->steps = source->steps;
    dataset->noise = source->noise != NULL ? dae_noise_keep(source->noise) : NULL;
    *out = dataset;
    return DAE_OK;
}

dae_dataset *dae_dataset_keep(dae_dataset *dataset) {
    dae_references_keep(&dataset->references);
    return dataset;
}

void dae_dataset_free(dae_dataset *dataset) {
    while (dataset != NULL && dae_references_drop(&dataset->references)) {
        dae_dataset *source = dataset->source;
        if (dataset->operations->destroy != NULL)
            dataset->operations->destroy(dataset);
        dae_noise_free(dataset->noise);
        dae_facts_free(&dataset->facts);
        dae_release(dataset);
        dataset = source;
    }
}

/* Refuses what is no sample, nor all of them. */
static dae_status check_index(const dae_dataset *dataset, size_t index, const char *context) {
    if (index >= dataset->count && index != DAE_ALL_SAMPLES)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "%s: index is %zu, expected less than the %zu samples, or DAE_ALL_SAMPLES", context,
                        index, dataset->count);
    return DAE_OK;
}

/* ---- What views hand on --------------------------------------------------------------------------- */

dae_status dae_dataset_pass_read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                                 size_t count, struct dae_part part, float *out) {
    return dae_dataset_read_part(dataset->source, half, epoch, first, count, part, out);
}

struct dae_stored dae_dataset_locate(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    dae_dataset_locator locate = dataset->operations->locate;
    return locate != NULL ? locate(dataset, half, sample) : (struct dae_stored){NULL, 0};
}

struct dae_stored dae_dataset_pass_locate(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    return dae_dataset_locate(dataset->source, half, sample);
}

struct dae_shape dae_dataset_pass_measure(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    return dae_dataset_measure(dataset->source, half, sample);
}

/* What is below a dataset, with the number that a sample has there; NULL below a source. */
static const dae_dataset *below(const dae_dataset *dataset, size_t *sample) {
    dae_dataset_origin origin = dataset->operations->origin;
    return origin != NULL ? origin(dataset, sample) : dataset->source;
}

bool dae_dataset_level(const dae_dataset *dataset, const char *label, uint64_t epoch, size_t sample,
                       double *level) {
    while (dataset != NULL && dataset->operations->level == NULL)
        dataset = below(dataset, &sample);
    return dataset != NULL && dataset->operations->level(dataset, label, epoch, sample, level);
}

bool dae_dataset_has_draw(const dae_dataset *dataset, const char *label) {
    for (; dataset != NULL && dataset->operations->level != dae_dataset_no_level; dataset = dataset->source)
        if (dataset->operations->has_draw != NULL && dataset->operations->has_draw(dataset, label))
            return true;
    return false;
}

bool dae_dataset_no_level(const dae_dataset *dataset, const char *label, uint64_t epoch, size_t sample,
                          double *level) {
    (void)dataset, (void)label, (void)epoch, (void)sample, (void)level;
    return false;
}

void dae_dataset_fetch(const dae_dataset *dataset, size_t sample) {
    while (dataset->fetches && dataset->operations->fetch == NULL)
        dataset = below(dataset, &sample);
    if (dataset->fetches)
        dataset->operations->fetch(dataset, sample);
}

/* ---- Facts ---------------------------------------------------------------------------------------- */

const char *dae_dataset_tell(const dae_dataset *dataset, size_t sample, const char *fact) {
    const char *told = NULL;
    for (; dataset != NULL && told == NULL; dataset = below(dataset, &sample))
        told = dataset->operations->tell != NULL ? dataset->operations->tell(dataset, sample, fact)
                                                 : dae_facts_find(&dataset->facts, fact);
    return told;
}

const char *dae_dataset_name_sample(const dae_dataset *dataset, size_t sample,
                                    char name[DAE_SAMPLE_NAME_SIZE]) {
    struct dae_text text = {name, DAE_SAMPLE_NAME_SIZE, 0};
    const char *path = dae_dataset_tell(dataset, sample, "path");
    dae_text_add(&text, "sample %zu", sample);
    if (path != NULL)
        dae_text_add(&text, " (%s)", path);
    return name;
}

/* What is told of all samples alike; NULL where it differs. */
static const char *tell_of_all(const dae_dataset *dataset, const char *fact) {
    const char *first = dae_dataset_tell(dataset, 0, fact);
    for (size_t i = 1; first != NULL && i < dataset->count; i++) {
        const char *told = dae_dataset_tell(dataset, i, fact);
        if (told == NULL || (told != first && strcmp(told, first) != 0))
            return NULL;
    }
    return first;
}

static void write_fact(struct dae_text *text, const void *fact) {
    dae_text_add(text, "%s", (const char *)fact);
}

dae_status dae_dataset_get_fact(const dae_dataset *dataset, size_t index, const char *fact, char *buffer,
                                size_t capacity, size_t *length) {
    DAE_REQUIRE(dataset);
    DAE_REQUIRE(fact);
    DAE_TRY(check_index(dataset, index, __func__));
    const char *told = index == DAE_ALL_SAMPLES ? tell_of_all(dataset, fact)
                                                : dae_dataset_tell(dataset, index, fact);
    return dae_text_deliver(write_fact, told != NULL ? told : "", buffer, capacity, length, __func__);
}

/* ---- Shapes --------------------------------------------------------------------------------------- */

struct dae_shape dae_dataset_measure(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    const struct dae_shape *shape = half == DAE_INPUT_HALF ? &dataset->shape : &dataset->target_shape;
    return dae_shape_is_open(shape) ? dataset->operations->measure(dataset, half, sample) : *shape;
}

size_t dae_dataset_count_different(const dae_dataset *dataset) {
    return dae_shape_is_open(&dataset->shape) || dae_shape_is_open(&dataset->target_shape) ? dataset->count
                                                                                           : 1;
}

static struct dae_shape in_common(const dae_dataset *dataset, enum dae_half half) {
    dae_dataset_measurer measure = dataset->operations->measure;
    struct dae_shape common = measure(dataset, half, 0);
    for (size_t i = 1; i < dataset->count; i++) {
        struct dae_shape shape = measure(dataset, half, i);
        for (size_t k = 0; k < common.rank; k++)
            if (common.dims[k] != shape.dims[k])
                common.size = common.dims[k] = 0;
    }
    return common;
}

void dae_dataset_agree(dae_dataset *dataset) {
    if (dae_shape_is_open(&dataset->shape))
        dataset->shape = in_common(dataset, DAE_INPUT_HALF);
    if (dae_shape_is_open(&dataset->target_shape))
        dataset->target_shape = in_common(dataset, DAE_TARGET_HALF);
}

dae_status dae_dataset_get_count(const dae_dataset *dataset, size_t *count) {
    DAE_REQUIRE(dataset);
    DAE_REQUIRE(count);
    *count = dataset->count;
    return DAE_OK;
}

static dae_status get_shape(const dae_dataset *dataset, size_t index, const struct dae_shape *all,
                            enum dae_half half, size_t *rank, size_t *shape, const char *context) {
    DAE_TRY(check_index(dataset, index, context));
    struct dae_shape found = index == DAE_ALL_SAMPLES ? *all : dae_dataset_measure(dataset, half, index);
    return dae_shape_get(&found, rank, shape, context);
}

dae_status dae_dataset_get_shape(const dae_dataset *dataset, size_t index, size_t *rank, size_t *shape) {
    DAE_REQUIRE(dataset);
    return get_shape(dataset, index, &dataset->shape, DAE_INPUT_HALF, rank, shape, __func__);
}

dae_status dae_dataset_get_target_shape(const dae_dataset *dataset, size_t index, size_t *rank,
                                        size_t *shape) {
    DAE_REQUIRE(dataset);
    return get_shape(dataset, index, &dataset->target_shape, DAE_TARGET_HALF, rank, shape, __func__);
}

/* ---- Reading -------------------------------------------------------------------------------------- */

bool dae_dataset_is_whole(const dae_dataset *dataset, enum dae_half half) {
    return !dataset->concurrent || (half == DAE_INPUT_HALF ? dataset->whole_inputs : dataset->whole_targets);
}

/* The first values, which do not begin where a part may. */
static dae_status read_head(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t sample,
                            struct dae_part run, float *out) {
    size_t size = dae_dataset_measure(dataset, half, sample).size, skipped = run.first % 4;
    float four[4];
    struct dae_part part = {run.first - skipped, dae_size_min(4, size - (run.first - skipped))};
    DAE_TRY(dae_dataset_read_part(dataset, half, epoch, sample, 1, part, four));
    memcpy(out, four + skipped, run.count * sizeof *out);
    return DAE_OK;
}

static dae_status read_from_whole(const dae_dataset *dataset, enum dae_half half, uint64_t epoch,
                                  size_t sample, struct dae_part run, float *out) {
    size_t size = dae_dataset_measure(dataset, half, sample).size;
    if (run.count == size)
        return dae_dataset_read_part(dataset, half, epoch, sample, 1, run, out);
    float *whole = dae_allocate_raw(size, sizeof *whole);
    if (whole == NULL)
        return DAE_ERROR_MEMORY;
    dae_status status = dae_dataset_read_part(dataset, half, epoch, sample, 1, (struct dae_part){0, size},
                                              whole);
    if (status == DAE_OK)
        memcpy(out, whole + run.first, run.count * sizeof *out);
    dae_release(whole);
    return status;
}

dae_status dae_dataset_read_run(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t sample,
                                struct dae_part run, float *out) {
    size_t head = dae_size_min(run.count, (4 - run.first % 4) % 4);
    if (dae_dataset_is_whole(dataset, half))
        return read_from_whole(dataset, half, epoch, sample, run, out);
    if (head > 0)
        DAE_TRY(read_head(dataset, half, epoch, sample, (struct dae_part){run.first, head}, out));
    if (run.count == head)
        return DAE_OK;
    return dae_dataset_read_part(dataset, half, epoch, sample, 1,
                                 (struct dae_part){run.first + head, run.count - head}, out + head);
}

/* What is read of a range of samples, which have one shape. */
struct range {
    uint64_t epoch;
    size_t first, count;
    size_t input, target; /* values of a sample; 0 where they are not wanted */
    float *inputs, *targets;
};

static dae_status read_both(const dae_dataset *dataset, const struct range *r) {
    struct dae_part input = {0, r->input}, target = {0, r->target};
    if (r->inputs != NULL)
        DAE_TRY(
            dae_dataset_read_part(dataset, DAE_INPUT_HALF, r->epoch, r->first, r->count, input, r->inputs));
    if (r->targets != NULL)
        DAE_TRY(dae_dataset_read_part(dataset, DAE_TARGET_HALF, r->epoch, r->first, r->count, target,
                                      r->targets));
    return DAE_OK;
}

/* Refuses arrays that overlap each other, or borrowed data that reading would change. */
static dae_status check_arrays(const dae_dataset *dataset, const struct range *r) {
    const struct dae_array arrays[] = {{"inputs", r->inputs, r->count * r->input * sizeof *r->inputs},
                                       {"targets", r->targets, r->count * r->target * sizeof *r->targets}};
    DAE_TRY(dae_arrays_check_apart(arrays[0], arrays[1], "dae_dataset_read"));
    for (size_t i = r->first; i < r->first + r->count; i++) {
        struct dae_stored input = dae_dataset_locate(dataset, DAE_INPUT_HALF, i),
                          target = dae_dataset_locate(dataset, DAE_TARGET_HALF, i);
        const struct dae_array stored[] = {
            {"the data that the inputs come from", input.bytes, input.size},
            {"the data that the targets come from", target.bytes, target.size}};
        for (size_t k = 0; k < 4; k++)
            DAE_TRY(dae_arrays_check_apart(arrays[k / 2], stored[k % 2], "dae_dataset_read"));
    }
    return DAE_OK;
}

/* The values of a sample, of which all in the range have as many, in as many dimensions. */
static dae_status measure_range(const dae_dataset *dataset, const struct range *r, enum dae_half half,
                                size_t *size) {
    struct dae_shape first = dae_dataset_measure(dataset, half, r->first);
    char texts[2][DAE_SHAPE_TEXT_SIZE];
    for (size_t i = r->first + 1; i < r->first + r->count; i++) {
        struct dae_shape shape = dae_dataset_measure(dataset, half, i);
        if (!dae_shape_equals(&shape, &first))
            return dae_fail(
                DAE_ERROR_SHAPE,
                "dae_dataset_read: the %s of sample %zu has shape %s and that of sample %zu has %s, "
                "expected samples of one shape: read them one at a time",
                half == DAE_INPUT_HALF ? "input" : "target", r->first, dae_shape_text(&first, texts[0]), i,
                dae_shape_text(&shape, texts[1]));
    }
    *size = first.size;
    return dae_array_check(r->count, first.size, "count", "dae_dataset_read");
}

static dae_status check_range(const dae_dataset *dataset, const struct range *r) {
    if (r->epoch >> 32 != 0)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_dataset_read: epoch is %llu, expected less than 2^32",
                        (unsigned long long)r->epoch);
    if (r->first > dataset->count || r->count > dataset->count - r->first)
        return dae_fail(
            DAE_ERROR_ARGUMENT,
            "dae_dataset_read: first is %zu and count is %zu, expected a range within %zu samples", r->first,
            r->count, dataset->count);
    return DAE_OK;
}

dae_status dae_dataset_read(const dae_dataset *dataset, uint64_t epoch, size_t first, size_t count,
                            float *inputs, float *targets) {
    struct range r = {epoch, first, count, 0, 0, inputs, targets};
    DAE_REQUIRE(dataset);
    DAE_TRY(check_range(dataset, &r));
    if (count == 0)
        return DAE_OK;
    if (inputs != NULL)
        DAE_TRY(measure_range(dataset, &r, DAE_INPUT_HALF, &r.input));
    if (targets != NULL)
        DAE_TRY(measure_range(dataset, &r, DAE_TARGET_HALF, &r.target));
    DAE_TRY(check_arrays(dataset, &r));
    /* kept meanwhile: a callback may drop the caller's reference */
    dae_dataset *kept = dae_dataset_keep((dae_dataset *)(uintptr_t)dataset);
    dae_status status = read_both(dataset, &r);
    dae_dataset_free(kept);
    return status;
}

/* ---- Gathering ------------------------------------------------------------------------------------ */

enum {
    ROWS_AHEAD = 2, /* shuffled rows lie anywhere in memory: fetch them while others are worked on */
    CACHE_LINE = 64,
};

/* One of both arrays that are gathered. */
struct gather {
    const dae_dataset *dataset;
    enum dae_half half;
    uint64_t epoch;
    const size_t *order;
    size_t count, width;
    float *out;
    bool passing;        /* rows of a block take turns in the place of the first */
    dae_gather_fn after; /* or NULL */
    void *context;
};

static void prefetch(const struct gather *g, size_t row) {
    struct dae_stored stored = row < g->count ? dae_dataset_locate(g->dataset, g->half, g->order[row])
                                              : (struct dae_stored){0};
    for (size_t i = 0; i < dae_stored_ahead(stored, g->width); i += CACHE_LINE)
        __builtin_prefetch((const char *)stored.bytes + i);
}

static dae_status gather_row(const struct gather *g, size_t slot, size_t first, size_t row) {
    float *out = g->out + (g->passing ? first : row) * g->width;
    DAE_TRY(dae_dataset_read_part(g->dataset, g->half, g->epoch, g->order[row], 1,
                                  (struct dae_part){0, g->width}, out));
    if (g->after != NULL)
        g->after(g->context, slot, row, out);
    return DAE_OK;
}

static dae_status gather_task(void *context, size_t task) {
    const struct gather *g = context;
    size_t first = g->count * task / DAE_GATHER_SLOTS, end = g->count * (task + 1) / DAE_GATHER_SLOTS;
    for (size_t row = first; row < end; row++) {
        prefetch(g, row + ROWS_AHEAD);
        DAE_TRY(gather_row(g, task, first, row));
    }
    return DAE_OK;
}

/* One after the other, from a function of the host's. */
static dae_status gather_rows(const struct gather *g, uint64_t fpu) {
    dae_status status = DAE_OK;
    dae_fpu_restore(fpu);
    for (size_t row = 0; row < g->count && status == DAE_OK; row++)
        status = gather_row(g, 0, 0, row);
    dae_fpu_prepare();
    return status;
}

static dae_status run_gather(struct gather *g, struct dae_pool *pool, uint64_t fpu) {
    if (!g->dataset->concurrent)
        return gather_rows(g, fpu);
    return dae_pool_run(pool, gather_task, g, DAE_GATHER_SLOTS);
}

dae_status dae_dataset_gather(const dae_dataset *dataset, struct dae_pool *pool, uint64_t epoch,
                              const size_t *order, size_t count, const struct dae_gathering *to) {
    struct gather gather_inputs = {
        .dataset = dataset,
        .half = DAE_INPUT_HALF,
        .epoch = epoch,
        .order = order,
        .count = count,
        .width = dae_dataset_measure(dataset, DAE_INPUT_HALF, order[0]).size,
        .out = to->inputs,
        .passing = to->passing,
        .after = to->after,
        .context = to->context,
    };
    struct gather gather_targets = {
        .dataset = dataset,
        .half = DAE_TARGET_HALF,
        .epoch = epoch,
        .order = order,
        .count = count,
        .width = dae_dataset_measure(dataset, DAE_TARGET_HALF, order[0]).size,
        .out = to->targets,
    };
    if (to->inputs != NULL)
        DAE_TRY(run_gather(&gather_inputs, pool, to->fpu));
    return to->targets != NULL ? run_gather(&gather_targets, pool, to->fpu) : DAE_OK;
}
