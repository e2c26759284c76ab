/* A dataset of what a model makes of the inputs of another. */
#include "core/fpu.h"
#include "core/memory.h"
#include "data/dataset.h"
#include "run/cover.h"

#include <string.h>

/* What one thread reads with. */
struct reader {
    struct reader *next;
    dae_turn turn;
    dae_session *session;
    float *inputs, *outputs; /* [group, values] */
};

struct map {
    dae_dataset base;
    dae_model *model; /* kept: for inputs of the source's shape */
    size_t group;
    _Atomic(struct reader *) readers; /* grows only */
    char *cover;                      /* of samples of another size; NULL: what the model needs */
};

/* ---- Readers ----------------------------------------------------------------------------------------- */

static void free_reader(struct reader *reader) {
    dae_session_free(reader->session);
    dae_release(reader->inputs);
    dae_release(reader->outputs);
    dae_release(reader);
}

static dae_status fill_reader(struct reader *reader, const struct map *map) {
    DAE_TRY(dae_session_open(&reader->session, map->model, map->group, false));
    reader->inputs = dae_allocate(map->group, map->base.source->shape.size * sizeof *reader->inputs);
    reader->outputs = dae_allocate(map->group, map->base.shape.size * sizeof *reader->outputs);
    return reader->inputs != NULL && reader->outputs != NULL ? DAE_OK : DAE_ERROR_MEMORY;
}

/* One more, which is the caller's turn. */
static dae_status add_reader(struct map *map, struct reader **out) {
    struct reader *reader = dae_allocate(1, sizeof *reader);
    if (reader == NULL)
        return DAE_ERROR_MEMORY;
    dae_status status = fill_reader(reader, map);
    if (status != DAE_OK) {
        free_reader(reader);
        return status;
    }
    dae_turn_take(&reader->turn);
    reader->next = atomic_load(&map->readers);
    while (!atomic_compare_exchange_weak(&map->readers, &reader->next, reader))
        continue;
    *out = reader;
    return DAE_OK;
}

/* The model may have another scaling since. */
static dae_status renew(struct reader *reader, const struct map *map) {
    dae_session *session = NULL;
    if (dae_plan_is_current(reader->session->plan))
        return DAE_OK;
    DAE_TRY(dae_session_open(&session, map->model, map->group, false));
    dae_session_free(reader->session);
    reader->session = session;
    return DAE_OK;
}

/* One that is nobody's turn; given back after use. */
static dae_status take_reader(struct map *map, struct reader **out) {
    *out = atomic_load(&map->readers);
    while (*out != NULL && !dae_turn_take(&(*out)->turn))
        *out = (*out)->next;
    if (*out == NULL)
        return add_reader(map, out);
    dae_status status = renew(*out, map);
    if (status != DAE_OK)
        dae_turn_give_back(&(*out)->turn);
    return status;
}

/* ---- Reading ----------------------------------------------------------------------------------------- */

struct reading {
    struct map *map;
    uint64_t epoch;
    size_t first, count;
    struct dae_part part;
    float *out;
};

static dae_status run_model(const struct map *map, struct reader *reader, size_t count) {
    bool multiplies = map->group >= reader->session->least_product;
    uint64_t fpu = dae_fpu_prepare();
    if (multiplies)
        dae_matmul_enter();
    dae_status status = dae_session_forward(reader->session, NULL, reader->inputs, count, reader->outputs,
                                            DAE_OUTPUTS);
    if (multiplies)
        dae_matmul_leave();
    dae_fpu_restore(fpu);
    return status;
}

static dae_status read_group(const struct reading *r, struct reader *reader, size_t group) {
    const dae_dataset *source = r->map->base.source;
    size_t done = group * r->map->group, count = dae_size_min(r->map->group, r->count - done);
    DAE_TRY(dae_dataset_read_part(source, DAE_INPUT_HALF, r->epoch, r->first + done, count,
                                  (struct dae_part){0, source->shape.size}, reader->inputs));
    DAE_TRY(run_model(r->map, reader, count));
    for (size_t i = 0; i < count; i++)
        memcpy(r->out + (done + i) * r->part.count,
               reader->outputs + i * r->map->base.shape.size + r->part.first, r->part.count * sizeof *r->out);
    return DAE_OK;
}

static dae_status read_task(void *context, size_t group) {
    const struct reading *r = context;
    struct reader *reader;
    DAE_TRY(take_reader(r->map, &reader));
    dae_status status = read_group(r, reader, group);
    dae_turn_give_back(&reader->turn);
    return status;
}

/* Whether the model makes a half; targets are its outputs, too, where they were the inputs. */
static bool is_made(const dae_dataset *dataset, enum dae_half half) {
    return half == DAE_INPUT_HALF || dataset->alike;
}

/* On all threads where there is much to read; a source of the caller's is read in the calling thread. */
static dae_status read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                       size_t count, struct dae_part part, float *out) {
    enum { FEW = 8 };
    if (!is_made(dataset, half))
        return dae_dataset_pass_read(dataset, half, epoch, first, count, part, out);
    struct map *map = (struct map *)(uintptr_t)dataset;
    struct reading r = {map, epoch, first, count, part, out};
    size_t groups = dae_size_divide_up(count, map->group);
    struct dae_pool *pool = NULL;
    if (dataset->concurrent && groups > FEW)
        DAE_TRY(dae_pool_open(&pool));
    dae_status status = dae_pool_run(pool, read_task, &r, groups);
    dae_pool_close(pool);
    return status;
}

static dae_status cover_sample(const struct map *map, uint64_t epoch, size_t sample, float *out) {
    const dae_dataset *source = map->base.source;
    struct dae_shape shape = dae_dataset_measure(source, DAE_INPUT_HALF, sample);
    struct dae_part all = {0, shape.size};
    float *input = dae_allocate_raw(shape.size, sizeof *input);
    if (input == NULL)
        return DAE_ERROR_MEMORY;
    dae_status status = dae_dataset_read_part(source, DAE_INPUT_HALF, epoch, sample, 1, all, input);
    if (status == DAE_OK)
        status = dae_model_apply(map->model, map->cover, shape.rank, shape.dims, input, out, NULL, NULL);
    dae_release(input);
    return status;
}

/* Samples of another size: one after another, with all threads for each. */
static dae_status read_cover(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                             size_t count, struct dae_part part, float *out) {
    if (!is_made(dataset, half))
        return dae_dataset_pass_read(dataset, half, epoch, first, count, part, out);
    for (size_t i = 0; i < count; i++)
        DAE_TRY(cover_sample((const struct map *)dataset, epoch, first + i, out + i * part.count));
    return DAE_OK;
}

/* What map() has checked, so that it cannot fail. */
static struct dae_shape measure(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    if (!is_made(dataset, half))
        return dae_dataset_pass_measure(dataset, half, sample);
    struct dae_shape input = dae_dataset_measure(dataset->source, DAE_INPUT_HALF, sample), output = input;
    (void)dae_cover_measure(&output, ((const struct map *)dataset)->model, &input);
    return output;
}

static struct dae_stored locate(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    return is_made(dataset, half) ? (struct dae_stored){NULL, 0}
                                  : dae_dataset_pass_locate(dataset, half, sample);
}

/* ---- Making ------------------------------------------------------------------------------------------ */

static void destroy(dae_dataset *dataset) {
    struct map *map = (struct map *)dataset;
    for (struct reader *reader = atomic_load(&map->readers), *next; reader != NULL; reader = next) {
        next = reader->next;
        free_reader(reader);
    }
    dae_model_free(map->model);
    dae_release(map->cover);
}

static const struct dae_dataset_operations operations = {
    .read = read,
    .locate = locate,
    .destroy = destroy,
    .level = dae_dataset_no_level,
    .measure = measure,
};

static const struct dae_dataset_operations cover_operations = {
    .read = read_cover,
    .locate = locate,
    .destroy = destroy,
    .level = dae_dataset_no_level,
    .measure = measure,
};

/* Takes what reading in one thread needs. */
static dae_status fill(struct map *map) {
    struct reader *reader;
    map->group = dae_cover_group(map->model);
    DAE_TRY(add_reader(map, &reader));
    dae_turn_give_back(&reader->turn);
    return DAE_OK;
}

/* Where samples are covered, the model has threads for each, so the library reads in one. */
static dae_status fill_cover(struct map *map, const char *cover) {
    map->base.concurrent = false;
    map->cover = cover != NULL ? dae_copy_text(cover) : NULL;
    return cover == NULL || map->cover != NULL ? DAE_OK : DAE_ERROR_MEMORY;
}

/* How samples of a shape are run: by sessions of a model for it, or covered. */
struct way {
    dae_model *model; /* kept */
    bool is_session;
    struct dae_shape output;
};

static dae_status create(dae_dataset **out, const struct way *way, dae_dataset *dataset, const char *cover) {
    void *created = NULL;
    DAE_TRY(dae_dataset_create_view(&created, sizeof(struct map),
                                    way->is_session ? &operations : &cover_operations, dataset,
                                    "dae_model_map"));
    struct map *map = created;
    dae_dataset *base = &map->base;
    map->model = dae_model_keep(way->model);
    base->shape = way->output;
    base->whole_inputs = true;
    base->whole_targets = base->whole_targets || base->alike;
    if (dae_shape_is_open(&base->source->shape)) {
        base->shape.size = 0; /* until all have been seen */
        dae_dataset_agree(base);
    }
    if (base->alike)
        base->target_shape = base->shape;
    dae_noise_free(base->noise); /* outputs have had no noise that a recipe could tell */
    base->noise = NULL;
    dae_status status = way->is_session ? fill(map) : fill_cover(map, cover);
    if (status != DAE_OK)
        dae_dataset_free(base);
    else
        *out = base;
    return status;
}

/* Refuses samples that cannot be covered; else says what shape they become, the last one if they differ. */
static dae_status check_cover(struct dae_shape *output, dae_model *model, const dae_dataset *dataset,
                              const char *cover) {
    for (size_t i = 0; i < dae_dataset_count_different(dataset); i++) {
        struct dae_shape sample = dae_dataset_measure(dataset, DAE_INPUT_HALF, i);
        DAE_TRY(dae_cover_check(output, model, cover, &sample));
    }
    return DAE_OK;
}

/* Samples of one size that the model takes are run in sessions, unless a text says something else. */
static dae_status find_way(struct way *way, dae_model *model, const dae_dataset *dataset, const char *cover) {
    struct dae_message kept, refused;
    bool may_be_session = cover == NULL && !dae_shape_is_open(&dataset->shape);
    dae_message_keep(&kept);
    *way = (struct way){0};
    dae_status status = may_be_session ? dae_model_at(&way->model, model, &dataset->shape, "dae_model_map")
                                       : DAE_OK;
    if (may_be_session && status == DAE_OK) {
        way->is_session = true;
        way->output = *dae_model_output(way->model);
        return DAE_OK;
    }
    if (status != DAE_OK && status != DAE_ERROR_SHAPE)
        return status;
    dae_message_keep(&refused);
    dae_status covered = check_cover(&way->output, model, dataset, cover);
    if (covered == DAE_OK) {
        way->model = dae_model_keep(model);
        dae_message_restore(&kept);
        return DAE_OK;
    }
    if (!may_be_session || covered == DAE_ERROR_MEMORY)
        return covered == DAE_ERROR_MEMORY ? covered : dae_fail_in(covered, "dae_model_map");
    dae_message_restore(&refused);
    return status;
}

dae_status dae_model_map(dae_dataset **out, dae_model *model, dae_dataset *dataset, const char *cover) {
    struct way way;
    DAE_REQUIRE(out);
    DAE_TRY(dae_model_check_ready(model, __func__));
    DAE_REQUIRE(dataset);
    DAE_TRY(find_way(&way, model, dataset, cover));
    dae_status status = create(out, &way, dataset, cover);
    dae_model_free(way.model);
    return status;
}
