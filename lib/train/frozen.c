/* Layers whose parameters stay what they are: steps go over the stretches between them. */
#include "train/trainer.h"

#include <string.h>

/* What a stretch of trained parameters has that is not of frozen layers: those of neighbours are one. */
static void add_unfrozen(dae_trainer *trainer, struct dae_stretch trained) {
    struct dae_stretch *last = NULL;
    for (size_t i = 0; i < trainer->model->node_count; i++) {
        const struct dae_node *node = &trainer->model->nodes[i];
        size_t first = node->offset > trained.first ? node->offset : trained.first;
        size_t end = dae_size_min(node->offset + node->at.parameter_count, trained.end);
        if (trainer->frozen[i] || first >= end)
            continue;
        if (last == NULL || last->end < first) {
            last = &trainer->trained[trainer->trained_count++];
            last->first = first;
        }
        last->end = end;
    }
}

static void find_stretches(dae_trainer *trainer) {
    struct dae_stretch trained = dae_model_trained_after(trainer->model, 0);
    trainer->trained_count = 0;
    for (; trained.first < trained.end; trained = dae_model_trained_after(trainer->model, trained.end))
        add_unfrozen(trainer, trained);
}

dae_status dae_trainer_make_stretches(dae_trainer *trainer) {
    size_t layers = trainer->model->node_count;
    trainer->frozen = dae_allocate(layers + 1, sizeof *trainer->frozen);
    trainer->trained = dae_allocate(layers + 1, sizeof *trainer->trained);
    if (trainer->frozen == NULL || trainer->trained == NULL)
        return DAE_ERROR_MEMORY;
    find_stretches(trainer);
    return DAE_OK;
}

void dae_trainer_clear_untrained(const dae_trainer *trainer, size_t first, size_t count) {
    size_t at = first, end = first + count;
    for (size_t i = 0; i <= trainer->trained_count; i++) {
        size_t next = i < trainer->trained_count ? dae_size_min(trainer->trained[i].first, end) : end;
        if (at < next)
            memset(trainer->gradient + at, 0, (next - at) * sizeof *trainer->gradient);
        if (i < trainer->trained_count && at < trainer->trained[i].end)
            at = trainer->trained[i].end;
    }
}

dae_status dae_trainer_set_frozen(dae_trainer *trainer, const char *layer, int32_t frozen) {
    size_t value;
    DAE_TRY(dae_trainer_check_idle(trainer, __func__));
    DAE_REQUIRE(layer);
    if (frozen != 0 && frozen != 1)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_trainer_set_frozen: frozen is %d, expected 0 or 1",
                        (int)frozen);
    dae_status status = dae_model_find_value(trainer->model, layer, &value);
    if (status != DAE_OK)
        return dae_fail_in(status, __func__);
    if (value == 0 || trainer->model->nodes[value - 1].at.parameter_count == 0)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_trainer_set_frozen: layer '%.64s' has no parameters, expected one that has",
                        layer);
    trainer->frozen[value - 1] = frozen;
    find_stretches(trainer);
    return DAE_OK;
}

void dae_trainer_write_frozen(struct dae_text *text, const void *object) {
    const dae_trainer *trainer = object;
    char name[DAE_VALUE_NAME_SIZE];
    const char *before = "";
    for (size_t i = 0; i < trainer->model->node_count; i++)
        if (trainer->frozen[i]) {
            dae_text_add(text, "%s%s", before, dae_model_value_name(trainer->model, i + 1, name));
            before = " ";
        }
}
