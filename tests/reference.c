#include "reference.h"
#include "reference_convolution.h"
#include "reference_picture.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NODES = 256, MAX_ARGUMENTS = 12, MAX_WORD = 96, MAX_READ = 4, MAX_RANK = 8 };

/* A step as it is written. */
typedef struct {
    char name[MAX_WORD], label[MAX_WORD];
    size_t count;
    char argument[MAX_ARGUMENTS][MAX_WORD];
} step;

/* ---- Activations ------------------------------------------------------------------------------ */

typedef double (*function)(double z, double parameter);

static double linear(double z, double parameter) {
    (void)parameter;
    return z;
}

static double relu(double z, double parameter) {
    (void)parameter;
    return z < 0 ? 0 : z;
}

static double leaky_relu(double z, double parameter) {
    return z < 0 ? parameter * z : z;
}

static double sigmoid(double z, double parameter) {
    (void)parameter;
    return 1 / (1 + exp(-z));
}

static double hyperbolic(double z, double parameter) {
    (void)parameter;
    return tanh(z);
}

static double elu(double z, double parameter) {
    return z < 0 ? parameter * (exp(z) - 1) : z;
}

static double gelu(double z, double parameter) {
    if (parameter == 0)
        return z * erfc(-z / sqrt(2)) / 2;
    return z * (1 + tanh(sqrt(2 / acos(-1)) * (z + 0.044715 * z * z * z))) / 2;
}

static double silu(double z, double parameter) {
    (void)parameter;
    return z / (1 + exp(-z));
}

static double softplus(double z, double parameter) {
    (void)parameter;
    return log(1 + exp(z));
}

static double hard_sigmoid(double z, double parameter) {
    (void)parameter;
    return fmin(fmax(z / 6 + 0.5, 0), 1);
}

static double softsign(double z, double parameter) {
    (void)parameter;
    return z / (1 + fabs(z));
}

static const struct {
    const char *name;
    function function;
} activations[] = {
    {"relu", relu},
    {"leaky_relu", leaky_relu},
    {"sigmoid", sigmoid},
    {"tanh", hyperbolic},
    {"elu", elu},
    {"gelu", gelu},
    {"silu", silu},
    {"softplus", softplus},
    {"hard_sigmoid", hard_sigmoid},
    {"softsign", softsign},
};

/* What is no activation leaves values as they are. */
static function function_of(const char *name) {
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++)
        if (strcmp(activations[i].name, name) == 0)
            return activations[i].function;
    return linear;
}

/* ---- Reading ---------------------------------------------------------------------------------- */

typedef struct {
    step step;
    function activation;
    double parameter;
    size_t count, read[MAX_READ]; /* values: 0 is the input, i + 1 what node i makes */
    size_t size, first;           /* values of a sample, and in its first dimension */
    size_t rank, dims[MAX_RANK];
    bool is_picture, is_convolution; /* a layer of those, as it is: */
    picture picture;
    convolution convolution;
    size_t weight, bias; /* where they begin among the parameters */
    bool transposed;
    double *y;
} node;

struct reference {
    size_t inputs, first, count, parameters, rank, dims[MAX_RANK];
    double *x;
    node nodes[MAX_NODES];
};

static const char *read_word(const char *at, char *word) {
    size_t length = 0;
    for (; isalnum((unsigned char)*at) || *at == '_' || *at == '.'; at++) {
        if (length == MAX_WORD - 1) /* no assertion for each letter: Check writes them down */
            ck_abort_msg("a word that is too long");
        word[length++] = *at;
    }
    word[length] = '\0';
    return at;
}

/* Up to the comma or bracket that ends an argument. */
static const char *read_argument(const char *at, char *text) {
    size_t length = 0, depth = 0;
    for (; depth > 0 || (*at != ',' && *at != ')'); at++) {
        if (*at == '\0' || length == MAX_WORD - 1)
            ck_abort_msg("an argument that does not end");
        depth += *at == '(' || *at == '[';
        depth -= *at == ')' || *at == ']';
        text[length++] = *at;
    }
    text[length] = '\0';
    return at;
}

static const char *read_step(const char *at, step *s) {
    memset(s, 0, sizeof *s);
    at = read_word(at, s->name);
    if (*at == '(') {
        do {
            ck_assert_uint_lt(s->count, MAX_ARGUMENTS);
            at += at[1] == ' ' ? 2 : 1;
            at = read_argument(at, s->argument[s->count++]);
        } while (*at == ',');
        at++;
    }
    if (strncmp(at, " as ", 4) == 0)
        at = read_word(at + 4, s->label);
    ck_assert_msg(*at == '\0' || strncmp(at, " | ", 3) == 0, "cannot read '%s'", at);
    return *at == '\0' ? at : at + 3;
}

/* What is written behind `name=`; NULL without it. */
static const char *argument_of(const step *s, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < s->count; i++)
        if (strncmp(s->argument[i], name, length) == 0 && s->argument[i][length] == '=')
            return s->argument[i] + length + 1;
    return NULL;
}

static size_t number_at(const step *s, size_t i) {
    const char *equals = strchr(s->argument[i], '=');
    return (size_t)strtoul(equals != NULL ? equals + 1 : s->argument[i], NULL, 10);
}

static bool is(const node *n, const char *name) {
    return strcmp(n->step.name, name) == 0;
}

static size_t find_value(const reference *r, const char *label) {
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->nodes[i].step.label, label) == 0)
            return i + 1;
    ck_assert_msg(strcmp(label, "input") == 0, "no value '%s'", label);
    return 0;
}

static size_t size_of(const reference *r, size_t value) {
    return value == 0 ? r->inputs : r->nodes[value - 1].size;
}

static size_t first_of(const reference *r, size_t value) {
    return value == 0 ? r->first : r->nodes[value - 1].first;
}

static const size_t *dims_of(const reference *r, size_t value, size_t *rank) {
    *rank = value == 0 ? r->rank : r->nodes[value - 1].rank;
    return value == 0 ? r->dims : r->nodes[value - 1].dims;
}

/* Takes parameters from those that are left. */
static size_t take(reference *r, size_t count) {
    r->parameters += count;
    return r->parameters - count;
}

static void shape_dense(reference *r, node *n) {
    const char *tied = argument_of(&n->step, "tied"), *bias = argument_of(&n->step, "bias");
    size_t inputs = size_of(r, n->read[0]);
    n->transposed = tied != NULL;
    if (tied != NULL) {
        const node *owner = &r->nodes[find_value(r, tied) - 1];
        n->weight = owner->weight;
        n->size = size_of(r, owner->read[0]);
    } else {
        n->size = (size_t)strtoul(argument_of(&n->step, "units"), NULL, 10);
        n->weight = take(r, n->size * inputs);
    }
    n->first = n->dims[0] = n->size;
    n->rank = 1;
    n->bias = bias != NULL && strcmp(bias, "no") == 0 ? SIZE_MAX : take(r, n->size);
}

/* The numbers of an argument, for height and width; `fallback` without it. */
static void read_pair(const node *n, const char *name, bool is_signal, long fallback, long neutral,
                      long pair[2]) {
    const char *text = argument_of(&n->step, name), *comma = text != NULL ? strchr(text, ',') : NULL;
    if (text != NULL && strcmp(text, "valid") == 0)
        text = "0";
    if (text != NULL && strcmp(text, "same") == 0)
        text = "-1";
    pair[0] = text != NULL ? strtol(text + (*text == '['), NULL, 10) : fallback;
    pair[1] = comma != NULL ? strtol(comma + 1, NULL, 10) : pair[0];
    if (is_signal)
        pair[0] = neutral;
}

/* Whether it is a convolution; then its shape is set, and its parameters are taken. */
static bool shape_convolution(reference *r, node *n) {
    size_t rank;
    const size_t *dims = dims_of(r, n->read[0], &rank);
    convolution *c = &n->convolution;
    bool is_signal = rank == 2;
    if (strncmp(n->step.name, "conv", 4) != 0 || !isdigit((unsigned char)n->step.name[4]))
        return false;
    const char *groups = argument_of(&n->step, "groups"), *bias = argument_of(&n->step, "bias");
    n->is_convolution = true;
    c->transposed = strstr(n->step.name, "transpose") != NULL;
    c->units = number_at(&n->step, 0);
    c->groups = groups == NULL ? 1 : isdigit((unsigned char)*groups) ? strtoul(groups, NULL, 10) : dims[0];
    read_pair(n, "size", is_signal, 1, 1, c->size);
    read_pair(n, "stride", is_signal, 1, 1, c->stride);
    read_pair(n, "dilation", is_signal, 1, 1, c->dilation);
    read_pair(n, "padding", is_signal, -1, 0, c->padding);
    read_pair(n, "output_padding", is_signal, 0, 0, c->more);
    for (size_t i = 0; i < 3; i++)
        c->in[i] = (long)(is_signal && i == 1 ? 1 : dims[is_signal && i == 2 ? 1 : i]);
    convolution_shape(c);
    n->rank = rank;
    n->dims[0] = n->first = c->units;
    n->dims[1] = (size_t)c->out[is_signal ? 2 : 1];
    n->dims[2] = (size_t)c->out[2];
    n->size = c->units * (size_t)(c->out[1] * c->out[2]);
    n->weight = take(r, dims[0] / c->groups * c->units * (size_t)(c->size[0] * c->size[1]));
    n->bias = bias != NULL && strcmp(bias, "no") == 0 ? SIZE_MAX : take(r, c->units);
    return true;
}

/* Whether it is a layer of pictures; then its shape is set. */
static bool shape_picture(const reference *r, node *n) {
    size_t rank;
    const size_t *dims = dims_of(r, n->read[0], &rank);
    const char *stride = argument_of(&n->step, "stride"), *method = argument_of(&n->step, "method"),
               *mode = argument_of(&n->step, "mode");
    if (n->step.count == 0 || rank < 2 || rank > 3)
        return false;
    size_t size = number_at(&n->step, 0);
    n->picture = (picture){.name = n->step.name,
                           .word = method != NULL ? method : mode,
                           .size = size,
                           .stride = stride != NULL ? (size_t)strtoul(stride, NULL, 10) : size,
                           .is_signal = rank == 2,
                           .in = {dims[0], rank == 2 ? 1 : dims[1], dims[rank - 1]}};
    n->is_picture = picture_shape(&n->picture);
    if (!n->is_picture)
        return false;
    const size_t *out = n->picture.out;
    n->rank = rank;
    n->dims[0] = n->first = out[0];
    n->dims[1] = out[rank == 2 ? 2 : 1];
    n->dims[2] = out[2];
    n->size = out[0] * out[1] * out[2];
    return true;
}

static void shape_other(reference *r, node *n) {
    n->size = size_of(r, n->read[0]);
    n->first = first_of(r, n->read[0]);
    memcpy(n->dims, dims_of(r, n->read[0], &n->rank), sizeof n->dims);
    if (is(n, "gain") || is(n, "prelu"))
        n->weight = take(r, n->first);
    if (is(n, "flatten")) {
        n->first = n->size;
        n->rank = 1;
    }
    if (is(n, "reshape")) {
        n->first = number_at(&n->step, 0);
        n->rank = n->step.count;
        for (size_t i = 0; i < n->rank; i++)
            n->dims[i] = number_at(&n->step, i);
    }
    if (is(n, "channels")) {
        n->size = n->size / n->first * number_at(&n->step, 1);
        n->first = number_at(&n->step, 1);
    }
    for (size_t k = 1; k < n->count && is(n, "concatenate"); k++) {
        n->size += size_of(r, n->read[k]);
        n->first += first_of(r, n->read[k]);
    }
    n->dims[0] = n->first;
}

/* The activation that a step is, or has. */
static void set_activation(node *n) {
    char text[2 * MAX_WORD + 3], kind[MAX_WORD];
    const char *own = argument_of(&n->step, "activation");
    snprintf(text, sizeof text, own == NULL && n->step.count > 0 ? "%s(%s)" : "%s%s",
             own != NULL ? own : n->step.name, own != NULL ? "" : n->step.argument[0]);
    const char *rest = read_word(text, kind), *equals = strchr(rest, '=');
    const char *given = equals != NULL ? equals + 1 : *rest == '(' ? rest + 1 : "0.3";
    n->parameter = strncmp(given, "yes", 3) == 0 ? 1 : strtod(given, NULL);
    n->activation = function_of(kind);
}

static void add_node(reference *r, const step *s, size_t reads) {
    node *n = &r->nodes[r->count];
    ck_assert_uint_lt(r->count, MAX_NODES);
    *n = (node){.step = *s, .count = 1, .read = {reads}};
    if (is(n, "add") || is(n, "subtract") || is(n, "concatenate"))
        for (size_t i = 0; i < s->count; i++)
            n->read[n->count++] = find_value(r, s->argument[i]);
    if (is(n, "dense"))
        shape_dense(r, n);
    else if (!shape_convolution(r, n) && !shape_picture(r, n))
        shape_other(r, n);
    set_activation(n);
    n->picture.name = n->step.name; /* of this node, not of the text that was read */
    const char *mode = argument_of(&n->step, "mode");
    n->convolution.mode = mode != NULL ? mode : "zeros";
    n->y = must_have(n->size * sizeof *n->y);
    r->count++;
}

static dae_status format(const void *model, char *buffer, size_t capacity, size_t *length) {
    return dae_model_format(model, buffer, capacity, length);
}

reference *reference_of(const dae_model *model) {
    reference *r = must_have(sizeof *r);
    char *text = text_by_the_rules(format, model);
    step s;
    const char *at = read_step(text, &s);
    r->inputs = 1;
    r->count = r->parameters = 0;
    r->rank = s.count;
    for (size_t i = 0; i < s.count; i++)
        r->inputs *= r->dims[i] = number_at(&s, i);
    r->first = number_at(&s, 0);
    r->x = must_have(r->inputs * sizeof *r->x);
    for (size_t next = 0; *at != '\0';) {
        at = read_step(at, &s);
        if (strcmp(s.name, "from") == 0) {
            next = find_value(r, s.argument[0]);
            continue;
        }
        add_node(r, &s, next);
        next = r->count;
    }
    size_t parameters = 0;
    ok(dae_model_get_parameter_count(model, &parameters));
    ck_assert_uint_eq(parameters, r->parameters);
    free(text);
    return r;
}

void reference_free(reference *r) {
    for (size_t i = 0; i < r->count; i++)
        free(r->nodes[i].y);
    free(r->x);
    free(r);
}

size_t reference_inputs(const reference *r) {
    return r->inputs;
}

size_t reference_outputs(const reference *r) {
    return r->nodes[r->count - 1].size;
}

/* ---- Running ---------------------------------------------------------------------------------- */

static void activate(const node *n) {
    for (size_t i = 0; i < n->size && n->activation != linear; i++)
        n->y[i] = n->activation(n->y[i], n->parameter);
}

static const double *value_of(const reference *r, size_t value) {
    return value == 0 ? r->x : r->nodes[value - 1].y;
}

static void run_dense(const reference *r, const node *n, const double *p) {
    size_t inputs = size_of(r, n->read[0]);
    const double *x = value_of(r, n->read[0]), *w = p + n->weight;
    for (size_t i = 0; i < n->size; i++)
        n->y[i] = n->bias != SIZE_MAX ? p[n->bias + i] : 0;
    for (size_t i = 0; i < n->size && !n->transposed; i++)
        for (size_t k = 0; k < inputs; k++)
            n->y[i] += w[i * inputs + k] * x[k];
    for (size_t k = 0; k < inputs && n->transposed; k++)
        for (size_t i = 0; i < n->size; i++)
            n->y[i] += w[k * n->size + i] * x[k];
    activate(n);
}

static void run_convolution(const reference *r, const node *n, const double *p) {
    convolution_run(&n->convolution, p + n->weight, n->bias != SIZE_MAX ? p + n->bias : NULL,
                    value_of(r, n->read[0]), n->y);
    activate(n);
}

static void run_join(const reference *r, const node *n) {
    double sign = is(n, "subtract") ? -1 : 1;
    size_t done = size_of(r, n->read[0]);
    memcpy(n->y, value_of(r, n->read[0]), done * sizeof *n->y);
    for (size_t k = 1; k < n->count; k++) {
        const double *x = value_of(r, n->read[k]);
        size_t size = size_of(r, n->read[k]);
        for (size_t i = 0; i < size && is(n, "concatenate"); i++)
            n->y[done++] = x[i];
        for (size_t i = 0; i < size && !is(n, "concatenate"); i++)
            n->y[i] += sign * x[i];
    }
}

/* softmax over the channels */
static void normalize(const node *n) {
    size_t places = n->size / n->first;
    for (size_t i = 0; i < places; i++) {
        double sum = 0;
        for (size_t c = 0; c < n->first; c++)
            sum += exp(n->y[c * places + i]);
        for (size_t c = 0; c < n->first; c++)
            n->y[c * places + i] = exp(n->y[c * places + i]) / sum;
    }
}

static void run_plain(const reference *r, const node *n, const double *p) {
    size_t in = n->read[0], skipped = 0;
    if (is(n, "channels"))
        skipped = number_at(&n->step, 0) * (size_of(r, in) / first_of(r, in));
    memcpy(n->y, value_of(r, in) + skipped, n->size * sizeof *n->y);
    for (size_t i = 0; i < n->size && is(n, "gain"); i++)
        n->y[i] *= p[n->weight + i / (n->size / n->first)];
    for (size_t i = 0; i < n->size && is(n, "prelu"); i++)
        n->y[i] *= n->y[i] < 0 ? p[n->weight + i / (n->size / n->first)] : 1;
    if (is(n, "softmax"))
        normalize(n);
    activate(n);
}

static void run_nodes(reference *r, const double *p, const float *input) {
    for (size_t i = 0; i < r->inputs; i++)
        r->x[i] = (double)input[i];
    for (size_t i = 0; i < r->count; i++) {
        const node *n = &r->nodes[i];
        if (is(n, "dense"))
            run_dense(r, n, p);
        else if (n->is_convolution)
            run_convolution(r, n, p);
        else if (n->is_picture)
            picture_run(&n->picture, value_of(r, n->read[0]), n->y);
        else if (n->count > 1)
            run_join(r, n);
        else
            run_plain(r, n, p);
    }
}

void reference_run(reference *r, const double *parameters, const float *input, double *output) {
    run_nodes(r, parameters, input);
    memcpy(output, r->nodes[r->count - 1].y, reference_outputs(r) * sizeof *output);
}

static double loss_of(const char *loss, double a, double t) {
    if (loss == NULL || strcmp(loss, "mse") == 0)
        return (a - t) * (a - t);
    return strcmp(loss, "mae") == 0 ? fabs(a - t) : -(t * log(a) + (1 - t) * log(1 - a));
}

double reference_loss(reference *r, const double *parameters, const float *inputs, const float *targets,
                      size_t count, const char *loss) {
    size_t outputs = reference_outputs(r);
    double sum = 0;
    for (size_t b = 0; b < count; b++) {
        run_nodes(r, parameters, inputs + b * r->inputs);
        for (size_t i = 0; i < outputs; i++)
            sum += loss_of(loss, r->nodes[r->count - 1].y[i], (double)targets[b * outputs + i]);
    }
    return sum / ((double)count * (double)outputs);
}
