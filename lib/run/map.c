/* A dataset of what a model makes of the inputs of another. */
#include "core/fpu.h"
#include "core/memory.h"
#include "data/dataset.h"
#include "run/session.h"

#include <string.h>

/* Samples that are run at once where a sample's output does not depend on the others: up to so many, dense
 * layers make no product (run/session.c). */
enum { GROUP = 8 };

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
    DAE_TRY(source->operations->read_inputs(source, r->epoch, r->first + done, count,
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

/* On all threads where there is much to read; a source of the caller's is read in the calling thread. */
static dae_status read_inputs(const dae_dataset *dataset, uint64_t epoch, size_t first, size_t count,
                              struct dae_part part, float *out) {
    enum { FEW = 8 };
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

static dae_status read_targets(const dae_dataset *dataset, uint64_t epoch, size_t first, size_t count,
                               struct dae_part part, float *out) {
    return dataset->alike ? read_inputs(dataset, epoch, first, count, part, out)
                          : dae_dataset_pass_targets(dataset, epoch, first, count, part, out);
}

static struct dae_stored locate_targets(const dae_dataset *dataset, size_t sample) {
    return dataset->alike ? (struct dae_stored){NULL, 0} : dae_dataset_pass_locate_targets(dataset, sample);
}

/* ---- Making ------------------------------------------------------------------------------------------ */

static void destroy(dae_dataset *dataset) {
    struct map *map = (struct map *)dataset;
    for (struct reader *reader = atomic_load(&map->readers), *next; reader != NULL; reader = next) {
        next = reader->next;
        free_reader(reader);
    }
    dae_model_free(map->model);
}

static const struct dae_dataset_operations operations = {
    .read_inputs = read_inputs,
    .read_targets = read_targets,
    .locate_targets = locate_targets,
    .destroy = destroy,
    .measure_targets = dae_dataset_pass_measure_targets,
};

/* Takes what reading in one thread needs. */
static dae_status fill(struct map *map, dae_model *model) {
    dae_dataset *base = &map->base;
    struct reader *reader;
    map->model = dae_model_keep(model);
    map->group = dae_plan_least_product(model) > GROUP ? GROUP : 1;
    base->shape = *dae_model_output(model);
    if (base->alike)
        base->target_shape = base->shape;
    base->whole_inputs = true;
    base->whole_targets = base->whole_targets || base->alike;
    dae_noise_free(base->noise); /* outputs have had no noise that a recipe could tell */
    base->noise = NULL;
    DAE_TRY(add_reader(map, &reader));
    dae_turn_give_back(&reader->turn);
    return DAE_OK;
}

static dae_status create(dae_dataset **out, dae_model *model, dae_dataset *dataset) {
    void *created = NULL;
    DAE_TRY(dae_dataset_create_view(&created, sizeof(struct map), &operations, dataset, "dae_model_map"));
    struct map *map = created;
    dae_status status = fill(map, model);
    if (status != DAE_OK)
        dae_dataset_free(&map->base);
    else
        *out = &map->base;
    return status;
}

dae_status dae_model_map(dae_dataset **out, dae_model *model, dae_dataset *dataset, const char *cover) {
    dae_model *at = NULL;
    DAE_REQUIRE(out);
    DAE_TRY(dae_model_check_ready(model, __func__));
    DAE_REQUIRE(dataset);
    if (cover != NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_model_map: cover is '%.64s', expected NULL: whole samples",
                        cover);
    DAE_TRY(dae_model_at(&at, model, &dataset->shape, __func__));
    dae_status status = create(out, at, dataset);
    dae_model_free(at);
    return status;
}
