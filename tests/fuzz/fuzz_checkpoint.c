/* Checkpoints, for a trainer with Adam, or with SGD where the input says "sgd(".
 *
 * An input that begins with a brace is a header, up to its first line feed, and data behind that: the file is made right
 * around it, with as many bytes of data as the last tensor ends at. Any other input is a file as it is. */
#include "fuzz.h"

#include <math.h>
#include <string.h>

enum { INPUTS = 3, BATCH = 2, MOST_DATA = 4096, STEPS = 3, ROOM = 1 << 16 };

/* ---- The trainer ------------------------------------------------------------------------------ */

typedef struct {
    dae_model *model;
    dae_optimizer *optimizer;
    dae_trainer *trainer;
} training;

static training set_up(bool sgd) {
    training t = {NULL, NULL, NULL};
    must(dae_model_parse(&t.model, "input(3) | dense(2, activation=relu) | dense(3, activation=sigmoid)") ==
             DAE_OK,
         "no model");
    must(dae_model_initialize(t.model, 5) == DAE_OK, "no parameters");
    must(dae_optimizer_parse(&t.optimizer, sgd ? "sgd(0.1, momentum=0.9) | cosine(steps=20, warmup=3)"
                                               : "adam(0.01) | cosine(steps=20, warmup=3)") == DAE_OK,
         "no optimizer");
    must(dae_trainer_create(&t.trainer, t.model, t.optimizer, "mse") == DAE_OK, "no trainer");
    must(dae_trainer_set_batch_size(t.trainer, BATCH) == DAE_OK, "no batch size");
    must(dae_trainer_set_early_stopping(t.trainer, 5, 0.001) == DAE_OK, "no early stopping");
    return t;
}

static void tear_down(training *t) {
    dae_trainer_free(t->trainer);
    dae_optimizer_free(t->optimizer);
    dae_model_free(t->model);
}

typedef struct {
    unsigned char bytes[ROOM];
    size_t size;
} file;

static void write_down(const training *t, file *out) {
    must(dae_trainer_serialize_checkpoint(t->trainer, out->bytes, sizeof out->bytes, &out->size) == DAE_OK,
         "a checkpoint cannot be written");
}

static void must_be_same(const file *a, const file *b, const char *what) {
    must(a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0, "%s", what);
}

/* ---- What is done with it --------------------------------------------------------------------- */

/* Steps with ordinary data leave finite parameters, or are refused and leave them alone. */
static void make_steps(const training *t) {
    enum { MOST = 64 };
    static const float data[BATCH * INPUTS] = {0.0f, 0.5f, 1.0f, 0.25f, -0.5f, 0.75f};
    float values[MOST];
    size_t count = 0;
    must(dae_model_get_parameter_count(t->model, &count) == DAE_OK && count <= MOST, "%zu parameters", count);
    for (int i = 0; i < STEPS; i++) {
        dae_status status = dae_trainer_step(t->trainer, data, data, BATCH, NULL);
        must(status == DAE_OK || status == DAE_ERROR_NOT_FINITE, "a step gave %s", dae_status_name(status));
        must(dae_model_get_parameters(t->model, values, count) == DAE_OK, "no parameters");
        for (size_t k = 0; k < count; k++)
            must(isfinite(values[k]), "parameter %zu is not finite after step %d, which gave %s", k, i + 1,
                 dae_status_name(status));
    }
}

static void go_round(const training *t, bool sgd) {
    static file first, second;
    training other = set_up(sgd);
    write_down(t, &first);
    must(dae_trainer_deserialize_checkpoint(other.trainer, first.bytes, first.size) == DAE_OK,
         "what was written is not read");
    write_down(&other, &second);
    must_be_same(&first, &second, "the checkpoint changes as it goes round");
    tear_down(&other);
}

/* Writing takes longer than all else, so that one in eight is enough: which, depends on the input alone. */
static bool is_chosen(const unsigned char *bytes, size_t size) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return (hash >> 16) % 8 == 0;
}

/* What a header of a few bytes may take: the table of its tensors, one metadata value, the list of layers. */
enum { TABLES = 1 << 18 };

static void read_checkpoint(const unsigned char *bytes, size_t size, bool sgd) {
    static file fresh[2], after;
    fuzz_begin();
    training t = set_up(sgd);
    if (fresh[sgd].size == 0)
        write_down(&t, &fresh[sgd]);
    dae_status status = dae_trainer_deserialize_checkpoint(t.trainer, bytes, size);
    fuzz_asked_at_most(TABLES + 8 * size);
    if (status != DAE_OK) {
        fuzz_refused(status,
                     STATUS_BIT(DAE_ERROR_FORMAT) | STATUS_BIT(DAE_ERROR_NOT_FINITE) |
                         STATUS_BIT(DAE_ERROR_STATE),
                     fuzz_untouched);
        if (is_chosen(bytes, size)) {
            write_down(&t, &after);
            must_be_same(&after, &fresh[sgd], "a checkpoint that was refused has changed the trainer");
        }
    } else {
        if (is_chosen(bytes, size))
            go_round(&t, sgd);
        make_steps(&t);
    }
    tear_down(&t);
    fuzz_end();
}

/* ---- The input -------------------------------------------------------------------------------- */

static bool contains(const uint8_t *data, size_t size, const char *word) {
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= size; i++)
        if (memcmp(data + i, word, length) == 0)
            return true;
    return false;
}

/* The greatest number of at most 4 digits behind a comma and before a bracket: where the last tensor ends. */
static size_t end_of_tensors(const uint8_t *header, size_t size) {
    size_t end = 0;
    for (size_t i = 0; i < size; i++) {
        size_t number = 0, k = i + 1;
        if (header[i] != ',')
            continue;
        for (; k < size && k < i + 5 && header[k] >= '0' && header[k] <= '9'; k++)
            number = 10 * number + (size_t)(header[k] - '0');
        if (k < size && header[k] == ']' && number > end)
            end = number;
    }
    return end < MOST_DATA ? end : MOST_DATA;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    bool sgd = contains(data, size, "sgd(");
    if (size == 0 || data[0] != '{') {
        read_checkpoint(data, size, sgd);
        return 0;
    }
    const uint8_t *line = memchr(data, '\n', size);
    size_t header = line == NULL ? size : (size_t)(line - data), end = end_of_tensors(data, header);
    size_t given = line == NULL ? 0 : size - header - 1;
    unsigned char *bytes = calloc(8 + header + end, 1);
    must(bytes != NULL, "no memory for the fuzz target");
    for (size_t i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(header >> 8 * i);
    memcpy(bytes + 8, data, header);
    if (given > 0)
        memcpy(bytes + 8 + header, line + 1, given < end ? given : end);
    read_checkpoint(bytes, 8 + header + end, sgd);
    free(bytes);
    return 0;
}
