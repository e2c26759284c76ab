/* Networks of any form: outputs and gradients against central differences of an independent forward pass in double
 * precision, for every kind of layer in every position, skips, tied weights, and units that are dead. */
#include "reference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one comparison needs. */
typedef struct {
    const char *text;
    dae_model *model;
    reference *net;
    size_t batch, count, inputs, outputs; /* samples, parameters, values of a sample */
    const char *loss;
    int32_t precision;
    double tolerance;
    bool may_vanish; /* the gradient, as behind units that are all dead */
    float *x, *t, *gradient;
    double *parameters;
} setting;

static int32_t look(float *gradients, size_t count, void *user) {
    const setting *s = user;
    ck_assert_uint_eq(count, s->count);
    memcpy(s->gradient, gradients, count * sizeof *gradients);
    return 1; /* the step ends, and the model stays as it is */
}

/* A layer whose label begins so has units that are dead: three of four, by their biases, or by their factors. */
static bool dies(const char *name) {
    return strncmp(name, "dead", 4) == 0 &&
           (strstr(name, ".bias") != NULL || strstr(name, ".weight") == NULL);
}

static void set_tensor(dae_model *model, const char *name, size_t rank, size_t size, uint64_t seed) {
    bool bias = strstr(name, ".bias") != NULL, gain = rank == 1 && !bias;
    double reach = rank == 2 ? 0.4 : 0.5;
    float *values = random_floats(size, gain ? 0.5 : -reach, gain ? 1.5 : reach, seed);
    for (size_t i = 0; i < size; i++)
        if (i % 4 != 1 && dies(name))
            values[i] = -1000;
        else if (i % 4 != 1 && gain && strncmp(name, "zero", 4) == 0)
            values[i] = 0;
    ok(dae_model_set_tensor(model, name, values, size));
    free(values);
}

/* Weights large enough that activations bend, smaller for more inputs. */
static void set_all(dae_model *model, uint64_t seed) {
    size_t tensors = 0;
    ok(dae_model_get_tensor_count(model, &tensors));
    for (size_t i = 0; i < tensors; i++) {
        char name[128];
        size_t length, rank, shape[DAE_MAX_RANK], size = 1;
        ok(dae_model_get_tensor_info(model, i, name, sizeof name, &length, &rank, shape));
        for (size_t k = 0; k < rank; k++)
            size *= shape[k];
        set_tensor(model, name, rank, size, seed + i);
    }
}

static void open_setting(setting *s) {
    s->model = model_from(1, "%s", s->text);
    set_all(s->model, 1000 + s->batch);
    s->net = reference_of(s->model);
    s->inputs = reference_inputs(s->net);
    s->outputs = reference_outputs(s->net);
    s->parameters = doubles_of(s->model);
    ok(dae_model_get_parameter_count(s->model, &s->count));
    s->x = random_floats(s->batch * s->inputs, -1, 1, 4 + s->batch);
    s->t = random_floats(s->batch * s->outputs, 0, 1, 5 + s->batch);
    s->gradient = must_have(s->count * sizeof *s->gradient);
}

static void close_setting(setting *s) {
    free(s->x);
    free(s->t);
    free(s->gradient);
    free(s->parameters);
    reference_free(s->net);
    dae_model_free(s->model);
}

static void take_gradient(setting *s) {
    dae_trainer *trainer = sgd_trainer(s->model, 0.1, s->loss);
    ok(dae_trainer_set_precision(trainer, s->precision));
    ok(dae_trainer_set_gradient_hook(trainer, look, s));
    for (size_t i = 0; i < s->count; i++)
        s->gradient[i] = NAN;
    fails(dae_trainer_step(trainer, s->x, s->t, s->batch, NULL), DAE_ERROR_CALLBACK, "");
    dae_trainer_free(trainer);
}

/* d loss / d parameter i. With half a step of 2^-22 both the error of the formula and that of rounding are below 1e-8. */
static double central_difference(const setting *s, size_t i) {
    const double h = 1.0 / 4194304, kept = s->parameters[i];
    s->parameters[i] = kept + h;
    double above = reference_loss(s->net, s->parameters, s->x, s->t, s->batch, s->loss);
    s->parameters[i] = kept - h;
    double below = reference_loss(s->net, s->parameters, s->x, s->t, s->batch, s->loss);
    s->parameters[i] = kept;
    return (above - below) / (2 * h);
}

/* Compares every `stride`-th parameter, by the root of the mean square of those compared. */
static void compare(const setting *s, size_t stride) {
    size_t compared = 0, worst_at = 0;
    double squares = 0, worst = -1, worst_expected = 0;
    for (size_t i = 0; i < s->count; i += stride, compared++) {
        double expected = central_difference(s, i), error = fabs((double)s->gradient[i] - expected);
        squares += expected * expected;
        if (!(error <= worst)) {
            worst = error;
            worst_at = i;
            worst_expected = expected;
        }
    }
    double scale = sqrt(squares / (double)compared);
    ck_assert_msg(scale > 0 || s->may_vanish, "%s: no gradient at all", s->text);
    ck_assert_msg(worst <= s->tolerance * scale,
                  "%s, batch %zu, loss %s: gradient %zu is %.9g, not %.9g (scale %.3g)", s->text, s->batch,
                  s->loss, worst_at, (double)s->gradient[worst_at], worst_expected, scale);
}

/* Outputs of a session for batches of all sizes, in float32 off by a few rounding errors of sums. */
static void check_outputs(const setting *s) {
    dae_session *session = NULL;
    float *y = must_have(s->batch * s->outputs * sizeof *y);
    double *expected = must_have(s->outputs * sizeof *expected);
    ok(dae_session_create(&session, s->model, s->batch));
    ok(dae_session_run(session, s->x, s->batch, y));
    for (size_t row = 0; row < s->batch; row++) {
        reference_run(s->net, s->parameters, s->x + row * s->inputs, expected);
        for (size_t i = 0; i < s->outputs; i++)
            if (!(fabs((double)y[row * s->outputs + i] - expected[i]) <= 1e-5 * fmax(1, fabs(expected[i]))))
                ck_abort_msg("%s, batch %zu: output %zu of sample %zu is %.9g, not %.9g", s->text, s->batch,
                             i, row, (double)y[row * s->outputs + i], expected[i]);
    }
    dae_session_free(session);
    free(expected);
    free(y);
}

/* A gradient in float32 is a sum of some hundred terms, each off by a few 2^-24 of itself: 2e-5 of what is usual leaves room,
 * and no wrong term does. */
static void check_text(const char *text, size_t batch, const char *loss, size_t stride) {
    setting s = {.text = text, .batch = batch, .loss = loss, .tolerance = 2e-5};
    open_setting(&s);
    check_outputs(&s);
    take_gradient(&s);
    compare(&s, stride);
    close_setting(&s);
}

static const size_t batches[] = {1, 3, 8, 9, 40};
enum { BATCHES = sizeof batches / sizeof *batches };

/* ---- Every kind in every position ------------------------------------------------------------- */

/* `@` stands for an earlier value of the shape that comes in, 4, 3. */
static const char *const pieces[] = {
    "dense(7)",
    "dense(7, activation=relu)",
    "dense(7, activation=leaky_relu)",
    "dense(7, activation=leaky_relu(0.1), bias=no)",
    "dense(7, activation=sigmoid, bias=no)",
    "dense(7, activation=tanh)",
    "add(@)",
    "subtract(@)",
    "concatenate(@)",
    "concatenate(@, @, @)",
    "channels(1, 2)",
    "channels(3, 1)",
    "flatten",
    "reshape(3, 2, 2)",
    "gain",
    "linear",
    "relu",
    "leaky_relu",
    "leaky_relu(0.1)",
    "sigmoid",
    "tanh",
    "elu(alpha=0.75)",
    "gelu",
    "gelu(tanh=yes)",
    "silu",
    "softplus",
    "hard_sigmoid",
    "softsign",
    "dense(7, activation=elu)",
    "dense(7, activation=gelu)",
    "dense(7, activation=gelu(tanh=yes), bias=no)",
    "dense(7, activation=silu)",
    "dense(7, activation=softplus)",
    "dense(7, activation=hard_sigmoid)",
    "dense(7, activation=softsign)",
    "prelu",
    "softmax",
    "max_pool(3)",
    "average_pool(2, stride=1)",
    "upsample(2)",
    "upsample(3, method=bilinear)",
    "depth_to_space(2)",
    "space_to_depth(3)",
    "pad(2)",
    "pad(2, mode=reflect)",
    "pad(4, mode=replicate)",
    "crop(1)",
};
enum { PIECES = sizeof pieces / sizeof *pieces };

/* Where a piece, which is called p there, stands; `other` is the value that `@` means. */
static const struct {
    const char *before, *other, *after;
} places[] = {
    {"input(4, 3) | ", "input", " | dense(5, activation=tanh) | dense(6)"},
    {"input(5) | dense(12, activation=tanh) | reshape(4, 3) as a | ", "a",
     " | dense(6, activation=tanh) | dense(3)"},
    {"input(5) | dense(12) | reshape(4, 3) as a | tanh | ", "a", ""},
    {"input(5) | dense(12, activation=relu) as r | reshape(4, 3) as a | ", "a",
     " | add(p) | concatenate(p, p) | dense(6) as q | from(p) | dense(6, activation=sigmoid) | subtract(q)"},
    {"input(5) | dense(12, activation=relu) | reshape(4, 3) | leaky_relu(0.2) as a | ", "a",
     " | dense(4) | subtract(p) | add(p)"},
};
enum { PLACES = sizeof places / sizeof *places };

static void put_together(char *text, size_t size, size_t place, const char *piece) {
    size_t length = (size_t)snprintf(text, size, "%s", places[place].before);
    for (; *piece != '\0'; piece++)
        if (*piece == '@')
            length += (size_t)snprintf(text + length, size - length, "%s", places[place].other);
        else
            text[length++] = *piece;
    snprintf(text + length, size - length, " as p%s", places[place].after);
}

/* The last place gives what the piece gives four values to add to; it is for those that keep a shape. */
static bool fits(size_t place, const char *text) {
    dae_model *model = NULL;
    dae_status status = dae_model_parse(&model, text);
    ck_assert(status == DAE_OK || (status == DAE_ERROR_SHAPE && place == PLACES - 1));
    dae_model_free(model);
    return status == DAE_OK;
}

/* Each piece is tried in a third of the places; where DAE_SPARSE is set, in one: where another compiler, or products by another
 * library, see what the first tier has seen. */
static bool leaves_out(size_t piece, size_t place, size_t count) {
    return getenv("DAE_SPARSE") != NULL ? place != piece % count : place % 3 != piece % 3;
}

START_TEST(every_kind_in_every_position) {
    size_t checked = 0;
    for (size_t place = 0; place < PLACES; place++) {
        char text[1024];
        if (leaves_out((size_t)_i, place, PLACES - 1))
            continue;
        put_together(text, sizeof text, place, pieces[_i]);
        for (size_t b = 0; fits(place, text) && b < BATCHES; b++, checked++)
            check_text(text, batches[b], b % 2 == 0 ? "mse" : "mae", 1);
    }
    ck_assert_uint_ge(checked, BATCHES);
}
END_TEST

/* ---- Pictures --------------------------------------------------------------------------------- */

/* Of 4 x 6 x 8. More than 256 values of a line are worked on piece by piece. Few values in sums and outputs keep differences of
 * losses exact. */
static const char *const picture_pieces[] = {
    "max_pool(2)",
    "max_pool(2, stride=1)",
    "max_pool(1, stride=1)",
    "average_pool(2)",
    "average_pool(4, stride=2)",
    "upsample(1, method=bilinear)",
    "upsample(2)",
    "upsample(3)",
    "upsample(2, method=bilinear)",
    "upsample(3, method=bilinear)",
    "channels(0, 1) | upsample(4, method=bilinear)",
    "depth_to_space(2)",
    "space_to_depth(2)",
    "pad(0)",
    "pad(3)",
    "pad(5, mode=reflect)",
    "channels(1, 1) | pad(9, mode=replicate)",
    "crop(2)",
    "prelu",
    "softmax",
    "gain",
    "reshape(1, 192) | upsample(2, method=bilinear)",
    "channels(1, 2) | reshape(1, 96) | upsample(7, method=bilinear)",
    "concatenate(p0) | reshape(1, 384) | upsample(2, method=bilinear)",
    "concatenate(p0) | reshape(1, 384) | upsample(3, method=bilinear)",
    "reshape(192, 1) | channels(0, 12) | softmax",
    "reshape(2, 96) | upsample(3) | softmax",
    "reshape(192) | channels(7, 20) | softmax",
    "reshape(192) | prelu(0.5)",
    "reshape(1, 192) | max_pool(3)",
    "reshape(3, 8, 8) | space_to_depth(4)",
    "space_to_depth(2) | depth_to_space(2)",
    "conv2d(3, 3)",
    "conv2d(5, 3, activation=relu)",
    "conv2d(2, [2, 4], bias=no, activation=gelu)",
    "conv2d(7, 1, activation=tanh)",
    "conv2d(2, 3, stride=2)",
    "conv2d(2, [3, 5], stride=[2, 3], activation=silu)",
    "conv2d(2, 3, padding=valid)",
    "conv2d(1, 2, stride=3, padding=valid)",
    "conv2d(2, 3, padding=2)",
    "conv2d(2, 3, stride=2, padding=[0, 2])",
    "conv2d(2, 3, dilation=2)",
    "conv2d(2, 3, dilation=[1, 3], stride=[3, 2], padding=3)",
    "conv2d(2, 7, stride=4)",
    "conv2d(2, 2, stride=5)",
    "conv2d(3, 3, mode=reflect)",
    "conv2d(2, [4, 3], stride=[1, 2], mode=reflect, padding=[2, 3], activation=sigmoid)",
    "conv2d(2, 5, mode=replicate, dilation=2)",
    "conv2d(2, 3, stride=2, padding=9, mode=replicate)",
    "conv2d(6, 3, groups=2)",
    "conv2d(8, 3, groups=depthwise, stride=2, activation=tanh)",
    "conv2d(4, 3, groups=4, bias=no, mode=reflect)",
    "conv2d_transpose(2, 2, stride=2)",
    "conv2d_transpose(2, 3, stride=2, activation=tanh)",
    "conv2d_transpose(2, [3, 4], padding=1, stride=[1, 2], bias=no)",
    "conv2d_transpose(1, 3, padding=valid)",
    "conv2d_transpose(1, 3, padding=valid, stride=2, output_padding=1)",
    "conv2d_transpose(2, [1, 3], stride=3, dilation=[1, 2], activation=softplus)",
    "conv2d_transpose(2, 2, stride=[3, 1], padding=[1, 0], output_padding=[2, 0])",
    "conv2d_transpose(6, 3, groups=2, stride=2, activation=relu)",
    "conv2d_transpose(4, 3, groups=depthwise)",
    "conv2d_transpose(2, 5, dilation=2, padding=4)",
    "reshape(4, 48) | conv1d(3, 5, activation=elu)",
    "reshape(2, 96) | conv1d(3, 9, stride=2, dilation=3, mode=reflect)",
    "reshape(4, 48) | conv1d(4, 4, groups=depthwise, padding=valid)",
    "reshape(12, 16) | conv1d_transpose(2, 4, stride=2)",
    "reshape(12, 16) | conv1d_transpose(2, 3, stride=2, padding=1, output_padding=1, bias=no)",
    ("conv2d(3, 3, activation=relu) as e | max_pool(2) | conv2d(4, 3, activation=relu)"
     " | conv2d_transpose(3, 2, stride=2) | concatenate(e) | conv2d(1, 1)"),
};
enum { PICTURE_PIECES = sizeof picture_pieces / sizeof *picture_pieces };

/* First, in the middle, last, and among readers that have come back before it or after it. */
static const char *const picture_places[][2] = {
    {"input(4, 6, 8) | gain as p0 | ", " | dense(5, activation=tanh) | dense(6)"},
    {"input(5) | dense(192, activation=tanh) | reshape(4, 6, 8) as p0 | ",
     " | dense(6, activation=tanh) | dense(3)"},
    {"input(5) | dense(192, activation=silu) | reshape(4, 6, 8) as p0 | ", ""},
    {"input(5) | dense(192, activation=relu) | reshape(4, 6, 8) as p0 | dense(3) as b | from(p0) | ",
     " as p | sigmoid | add(p) | dense(3) | add(b)"},
    {"input(5) | dense(192) | reshape(4, 6, 8) | gelu as p0 | ",
     " as p | dense(3) as b | from(p0) | dense(3) | add(b)"},
};
enum { PICTURE_PLACES = sizeof picture_places / sizeof *picture_places };

START_TEST(pictures_agree) {
    for (size_t place = 0; place < PICTURE_PLACES; place++) {
        char text[1024];
        if (leaves_out((size_t)_i, place, PICTURE_PLACES))
            continue;
        snprintf(text, sizeof text, "%s%s%s", picture_places[place][0], picture_pieces[_i],
                 picture_places[place][1]);
        check_text(text, batches[place % 3], "mse", 13);
        check_text(text, 40, "mse", 101);
    }
}
END_TEST

/* ---- Networks --------------------------------------------------------------------------------- */

/* The loss of each is as suits its output. */
static const struct {
    const char *text;
    const char *loss;
} networks[] = {
    /* residual: what is learnt is the noise, and blocks with a way past them */
    {"input(12) | dense(9, activation=relu) | dense(12) as noise | from(input) | subtract(noise)", "mse"},
    {"input(10) | dense(8, activation=relu) as h | dense(8, activation=relu) | dense(8) | add(h) | relu as g"
     " | dense(8, activation=tanh) | add(g) | dense(10, activation=sigmoid)",
     "bce"},
    /* a U-Net of three levels; the bottom and a skip have three readers */
    {"input(16) | dense(12, activation=relu) as e1 | dense(8, activation=relu) as e2"
     " | dense(5, activation=leaky_relu(0.1)) as e3 | dense(3, activation=tanh) as code"
     " | dense(5, activation=relu) | concatenate(e3, code) | dense(8, activation=relu) | concatenate(e2, "
     "code)"
     " | dense(12, activation=relu) | concatenate(e1) | dense(16) | add(input)",
     "mse"},
    /* tied, also stacked in reverse, twice, without biases, and beside an own weight */
    {"input(12) | dense(5, activation=sigmoid) as h | dense(tied=h, activation=sigmoid)", "bce"},
    {"input(12) | dense(9, activation=tanh) as h1 | dense(6, activation=relu) as h2 | dense(4) as h3"
     " | dense(tied=h3, activation=relu) | dense(tied=h2, activation=tanh) | dense(tied=h1)",
     "mse"},
    {"input(9) | dense(6, activation=relu) as h | dense(tied=h, activation=tanh) as y | from(h) | tanh"
     " | dense(tied=h, bias=no) | add(y)",
     "mse"},
    {"input(7) | dense(7, bias=no) as h | dense(tied=h, bias=no, activation=leaky_relu) | dense(tied=h)"
     " | dense(7, activation=relu)",
     "mae"},
    /* a weight whose own layer nobody reads */
    {"input(7) | dense(7) as h | from(input) | dense(tied=h, activation=tanh)", "mse"},
    {"input(7) | dense(7) as h | from(input) | dense(tied=h, bias=no) as a | from(input) | dense(tied=h)"
     " | add(a) | sigmoid",
     "bce"},
    {"input(7) | dense(7) as h | dense(tied=h) as unread | from(h) | dense(tied=h, activation=tanh)", "mse"},
    /* values that nobody reads */
    {"input(6) | dense(5, activation=relu) as a | dense(9) | gain | from(a) | dense(4) as unread | from(a)"
     " | dense(6)",
     "mse"},
    /* shapes that fit though they are not equal */
    {"input(2, 3) | dense(6, activation=tanh) | add(input) | reshape(2, 3) | subtract(input)", "mse"},
    {"input(3, 4) | channels(1, 2) as c | gain as g | from(input) | gain | concatenate(g, c) | dense(3)"
     " | gain",
     "mse"},
    {"input(5) | gain", "mse"},
    {"input(4) | gain as a | subtract(input) | gain | add(a) | sigmoid", "bce"},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

START_TEST(networks_agree) {
    for (size_t b = 0; b < BATCHES; b++)
        check_text(networks[_i].text, batches[b], networks[_i].loss, 1);
}
END_TEST

/* What a hook leaves in a gradient is gone in the next step, also where no value leads to the output. */
static int32_t spoil(float *gradients, size_t count, void *user) {
    setting *s = user;
    if (s->gradient[0] == 1234) {
        memcpy(s->gradient, gradients, count * sizeof *gradients);
        return 1;
    }
    for (size_t i = 0; i < count; i++)
        gradients[i] = s->gradient[i] = 1234;
    return 1;
}

START_TEST(gradients_are_made_anew) {
    setting s = {.text = networks[_i].text, .batch = 9, .loss = networks[_i].loss};
    open_setting(&s);
    float *expected = s.gradient;
    take_gradient(&s);
    s.gradient = must_have(s.count * sizeof *s.gradient);
    s.gradient[0] = 0;
    dae_trainer *trainer = sgd_trainer(s.model, 0.1, s.loss);
    ok(dae_trainer_set_gradient_hook(trainer, spoil, &s));
    for (int step = 0; step < 2; step++)
        fails(dae_trainer_step(trainer, s.x, s.t, s.batch, NULL), DAE_ERROR_CALLBACK, "");
    same_floats(s.gradient, expected, s.count);
    dae_trainer_free(trainer);
    free(expected);
    close_setting(&s);
}
END_TEST

/* Three of four units of the layers called dead give 0, and of those called zero have a factor of 0, through which a gradient
 * still passes; so products leave columns out, while other readers of the value do not. */
static const char *const wide[] = {
    "input(60) | dense(200, activation=relu) as dead1 | dense(70, activation=tanh) as p | from(dead1) | "
    "dense(70)"
    " | add(p)",
    "input(60) | dense(200, activation=relu) as dead1 | tanh as p | from(dead1) | dense(200) | add(p) | "
    "dense(40)",
    "input(60) | dense(200, activation=relu) as dead1 | dense(200) as p | from(dead1) | sigmoid | add(p)",
    "input(60) | dense(200, activation=relu) as dead1 | dense(90, activation=relu) as p | from(dead1) | gain"
    " | concatenate(p, dead1) | dense(33)",
    "input(60) | dense(200) as dead1 | relu as r | dense(200, activation=relu) as dead2 | add(r) | dense(20)"
    " | concatenate(r, dead2)",
    "input(200) | dense(100, activation=relu) as dead1 | dense(72, activation=relu) as dead2"
    " | dense(tied=dead2, activation=relu) | dense(tied=dead1)",
    "input(90) | dense(200, activation=relu) as dead1 | dense(tied=dead1) | dense(200, activation=relu) as "
    "dead2"
    " | dense(90, bias=no) as w | from(dead1) | dense(tied=dead1) | add(w)",
    "input(70) | dense(150, activation=leaky_relu) | gain as zero1 | dense(80) as p | from(zero1)"
    " | dense(80, activation=relu) | add(p) | dense(9)",
    "input(20) | dense(1100, activation=relu) | dense(30) as p | from(input) | dense(30) | subtract(p)",
};
enum { WIDE = sizeof wide / sizeof *wide };

START_TEST(wide_networks_agree) {
    check_text(wide[_i], 9, "mse", 1009);
    check_text(wide[_i], 16, "mse", 1009);
    check_text(wide[_i], 40, "mse", 4001);
    check_text(wide[_i], 130, "mse", 4001);
}
END_TEST

/* ---- Networks that nobody has thought of ------------------------------------------------------ */

static size_t next_random(uint64_t *state, size_t below) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(*state >> 33) % below;
}

/* Up to 13 layers that read any values, all of `width` values in the end; some of them nobody reads. */
static void write_random(char *text, size_t size, size_t width, uint64_t *state) {
    static const char *const activations[] = {"linear", "relu", "leaky_relu", "sigmoid", "tanh"};
    bool owns[16] = {false}; /* a weight that others may be tied to */
    size_t length = (size_t)snprintf(text, size, "input(%zu) | gain as v0", width);
    for (size_t i = 1, count = 4 + next_random(state, 9); i < count; i++) {
        size_t a = next_random(state, i), b = next_random(state, i), kind = next_random(state, 9);
        const char *activation = activations[next_random(state, 5)];
        if (next_random(state, 3) == 0)
            length += (size_t)snprintf(text + length, size - length, " | from(v%zu)", next_random(state, i));
        owns[i] = kind < 3 || (kind == 3 && !owns[a]);
        if (owns[i])
            length += (size_t)snprintf(text + length, size - length, " | dense(%zu, activation=%s%s)", width,
                                       activation, a == b ? ", bias=no" : "");
        else if (kind == 3)
            length += (size_t)snprintf(text + length, size - length, " | dense(tied=v%zu, activation=%s)", a,
                                       activation);
        else if (kind == 4 || kind == 5)
            length += (size_t)snprintf(text + length, size - length, " | %s(v%zu)",
                                       kind == 4 ? "add" : "subtract", a);
        else if (kind == 6)
            length += (size_t)snprintf(text + length, size - length,
                                       " | concatenate(v%zu, v%zu) | channels(%zu, %zu)", a, b,
                                       next_random(state, 2 * width), width);
        else
            length += (size_t)snprintf(text + length, size - length, " | %s",
                                       kind == 7 ? "gain" : activation);
        length += (size_t)snprintf(text + length, size - length, " as v%zu", i);
    }
}

/* Differences of large values lose digits that the result would have: ten times as much is allowed. */
static void check_random(size_t width, size_t batch, size_t stride, uint64_t *state) {
    char text[2048];
    write_random(text, sizeof text, width, state);
    setting s = {.text = text, .batch = batch, .tolerance = 2e-4, .may_vanish = true};
    open_setting(&s);
    take_gradient(&s);
    compare(&s, stride);
    close_setting(&s);
}

START_TEST(random_networks_agree) {
    uint64_t state = (uint64_t)_i;
    for (size_t i = 0; i < (getenv("DAE_SPARSE") != NULL ? 3 : 10); i++)
        check_random(3 + next_random(&state, 6), batches[next_random(&state, BATCHES)], 1, &state);
    check_random(70, 20, 1009, &state);
}
END_TEST

/* ---- bfloat16 --------------------------------------------------------------------------------- */

/* Factors are off by up to 2^-9 of themselves, so that units near 0 may live or die: as a whole the gradient stays near. */
static void check_roughly(const char *text, size_t batch) {
    setting s = {.text = text, .batch = batch, .precision = DAE_PRECISION_BFLOAT16};
    open_setting(&s);
    take_gradient(&s);
    float *rough = s.gradient;
    double squares = 0, apart = 0;
    s.gradient = must_have(s.count * sizeof *s.gradient);
    s.precision = DAE_PRECISION_FLOAT32;
    take_gradient(&s);
    for (size_t i = 0; i < s.count; i++) {
        squares += (double)s.gradient[i] * (double)s.gradient[i];
        apart += ((double)s.gradient[i] - (double)rough[i]) * ((double)s.gradient[i] - (double)rough[i]);
    }
    ck_assert_msg(sqrt(apart) <= 0.05 * sqrt(squares), "%s, batch %zu: off by %.3g of %.3g", text, batch,
                  sqrt(apart), sqrt(squares));
    free(rough);
    close_setting(&s);
}

START_TEST(bfloat16_is_near) {
    for (size_t b = 0; b < BATCHES; b++) {
        for (size_t i = 0; i < NETWORKS; i++)
            if (strcmp(networks[i].loss, "mse") == 0)
                check_roughly(networks[i].text, batches[b]);
        for (size_t i = 0; i < WIDE; i++)
            check_roughly(wide[i], batches[b]);
    }
}
END_TEST

/* ---- Dropout ---------------------------------------------------------------------------------- */

/* With nothing but lines in a network, the loss is a parabola in each parameter that is used once, and the library's own
 * losses are good for a central difference with a wide step. Two trainers of one seed draw the same for their first step. */
static double first_loss(dae_model *model, const setting *s) {
    dae_trainer *trainer = sgd_trainer(model, 1e-30, "mse");
    double loss = 0;
    ok(dae_trainer_step(trainer, s->x, s->t, s->batch, &loss));
    dae_trainer_free(trainer);
    return loss;
}

static const char *const dropping[] = {
    "input(5) | dropout(0.3) | dense(4) | dense(3)",
    "input(5) | dense(7) | dropout(0.4) as d | dense(7) | add(d) | concatenate(d) | dense(3)",
    "input(5) | dense(7) as a | dropout(0.4) | add(a) | dropout(0.25)",
    "input(5) | dense(7) | dropout(0.4) as a | dropout(0.5) | add(a) | dense(1100) | dropout(0.5)",
    "input(5) | dense(12) | reshape(2, 2, 3) | spatial_dropout(0.4) as a | spatial_dropout(0.5) | add(a)",
    "input(5) | dense(7) | spatial_dropout(0.4)",
};
enum { DROPPING = sizeof dropping / sizeof *dropping };

START_TEST(dropout_agrees) {
    for (size_t b = 0; b < BATCHES; b++) {
        setting s = {.text = dropping[_i], .batch = batches[b]};
        open_setting(&s);
        take_gradient(&s);
        float *values = parameters_of(s.model, NULL), h = 0.25f;
        double squares = 0;
        for (size_t i = 0; i < s.count; i++)
            squares += (double)s.gradient[i] * (double)s.gradient[i];
        for (size_t i = 0; i < s.count; i += 1 + s.count / 200) {
            float kept = values[i], high = kept + h, low = kept - h;
            values[i] = high;
            ok(dae_model_set_parameters(s.model, values, s.count));
            double above = first_loss(s.model, &s);
            values[i] = low;
            ok(dae_model_set_parameters(s.model, values, s.count));
            double below = first_loss(s.model, &s);
            values[i] = kept;
            /* losses of float32 outputs, a few 2^-24 off, over a step of 0.5 */
            near(s.gradient[i], (above - below) / ((double)high - (double)low),
                 2e-6 * (above + below) + 1e-4 * sqrt(squares / (double)s.count));
        }
        free(values);
        close_setting(&s);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("network_gradient");
    TCase *kinds = add_case(suite, "kinds");
    tcase_add_loop_test(kinds, every_kind_in_every_position, 0, PIECES);
    tcase_add_loop_test(kinds, pictures_agree, 0, PICTURE_PIECES);
    tcase_add_loop_test(kinds, dropout_agrees, 0, DROPPING);
    TCase *whole = add_case(suite, "networks");
    tcase_add_loop_test(whole, networks_agree, 0, NETWORKS);
    tcase_add_loop_test(whole, gradients_are_made_anew, 0, NETWORKS);
    tcase_add_loop_test(whole, wide_networks_agree, 0, WIDE);
    tcase_add_loop_test(whole, random_networks_agree, 0, 40);
    tcase_add_test(whole, bfloat16_is_near);
    return suite_main(suite);
}
