/* Every kind of layer that says how far it looks: values beyond that change no bit of what it gives, not even NaN; and
 * what is said is enough for tiles. Nothing here names a kind, so that a new one is tested as it is listed. */
#include "model/model.h"
#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 512 };

/* A model of one layer, the example of a kind or a variation, that reads an input of some rank; NULL where it does not
 * suit that. */
static dae_model *model_of(const char *text, size_t rank) {
    char network_text[ROOM];
    dae_model *model = NULL;
    snprintf(network_text, ROOM, "input(4, %s) | gain as noise | gain as e1 | %s",
             rank == 2 ? "24" : "24, 24", text);
    if (dae_model_parse(&model, network_text) != DAE_OK)
        return NULL;
    ok(dae_model_initialize(model, 1));
    return model;
}

static float *run_on(dae_session *session, const float *x, size_t size) {
    float *y = must_have(size * sizeof *y);
    ok(dae_session_run(session, x, 1, y));
    return y;
}

/* Whether output place `o` may depend on place `i` of the input, along an axis with a reach. */
static bool may_see(const struct dae_reach *r, size_t o, size_t i, size_t side) {
    long low = (long)(o * r->in) + r->low, high = (long)(o * r->in) + r->high, at = (long)(i * r->out),
         out = (long)r->out;
    if (at > low - out && at <= high) /* floor(low / out) <= i <= floor(high / out) */
        return true;
    bool before = low < 0, after = high >= (long)(side * r->out);
    return (before && i < r->edge) || (after && i + r->edge >= side);
}

/* Changes each place of an axis, with all that stand in line with it, and looks where the output changes. */
static void sees_no_further(const dae_model *model, size_t axis) {
    const struct dae_node *node = &model->nodes[2];
    struct dae_reach reach = node->layer->kind->reach(node->layer, &node->at, axis);
    const struct dae_shape *in = &model->input, *out = &node->at.output;
    size_t apart = axis + 1 < in->rank ? in->dims[in->rank - 1] : 1,
           apart_out = axis + 1 < out->rank ? out->dims[out->rank - 1] : 1;
    dae_session *session = NULL;
    float *x = random_floats(in->size, -1, 1, 3);
    ok(dae_session_create(&session, (dae_model *)(uintptr_t)model, 1));
    float *y = run_on(session, x, out->size);
    for (size_t place = 0; place < in->dims[axis]; place++) {
        float *changed = must_have(in->size * sizeof *changed);
        for (size_t i = 0; i < in->size; i++)
            changed[i] = i / apart % in->dims[axis] == place ? NAN : x[i];
        float *z = run_on(session, changed, out->size);
        size_t wrong = out->size;
        for (size_t i = 0; i < out->size; i++)
            if (!may_see(&reach, i / apart_out % out->dims[axis], place, in->dims[axis]) &&
                memcmp(&z[i], &y[i], sizeof *y) != 0)
                wrong = i;
        ck_assert_msg(wrong == out->size, "%s: value %zu sees place %zu along axis %zu",
                      node->layer->step->kind->name, wrong, place, axis);
        free(changed);
        free(z);
    }
    dae_session_free(session);
    free(x);
    free(y);
}

/* Name number `index` of a category; false after the last. */
static bool get_name(const char *category, size_t index, const char **name) {
    ok(dae_kind_list(category, NULL, index, name));
    return *name != NULL;
}

static size_t checked;

static void check_layer(const char *text) {
    for (size_t rank = 2; rank <= 3; rank++) {
        dae_model *model = model_of(text, rank);
        bool is_layer = model != NULL && model->node_count == 3; /* not a network of several */
        if (is_layer && model->nodes[2].layer->kind->reach != NULL)
            for (size_t axis = 1; axis < rank; axis++, checked++)
                sees_no_further(model, axis);
        dae_model_free(model);
    }
}

START_TEST(no_kind_sees_further_than_it_says) {
    static const char *const categories[] = {"layer", "activation"};
    const char *name = NULL, *example = NULL;
    for (size_t c = 0; c < 2; c++)
        for (size_t i = 0; get_name(categories[c], i, &name); i++) {
            ok(dae_kind_get_text(categories[c], name, NULL, "example", &example));
            if (strncmp(example, "input", 5) != 0 && strncmp(example, "from", 4) != 0)
                check_layer(example);
        }
    ck_assert_uint_gt(checked, 40);
}
END_TEST

/* Parameters that examples do not have. */
static const char *const variations[] = {
    "conv2d(3, [2, 5], stride=[3, 2], dilation=[2, 1])",
    "conv2d(3, 4, mode=reflect)",
    "conv2d(3, 3, padding=[5, 2], mode=replicate)",
    "conv2d(4, 3, stride=2, padding=valid, groups=2)",
    "conv1d(3, 6, stride=4)",
    "conv1d(3, 5, stride=2, dilation=3, mode=reflect)",
    "conv2d_transpose(2, [5, 3], stride=[3, 2], output_padding=[1, 0], padding=1)",
    "conv1d_transpose(2, 3, stride=4)",
    "conv1d_transpose(2, 6, stride=2, dilation=2, padding=valid)",
    "max_pool(3, stride=1)",
    "average_pool(4, stride=2)",
    "upsample(3, method=bilinear)",
    "upsample(2, method=bilinear)",
    "upsample(1, method=bilinear)",
    "pad(3, mode=reflect)",
    "pad(4, mode=replicate)",
    "concatenate(e1, noise, input)",
};

START_TEST(nor_with_other_parameters) {
    checked = 0;
    check_layer(variations[_i]);
    ck_assert_uint_ge(checked, 1);
}
END_TEST

/* Whole networks: what the library says of them, in places before and after, along the last dimension. */
static const struct {
    const char *text;
    size_t before, after;
    bool exact;
} networks[] = {
    {"input(1, 64) | conv1d(2, 5) | conv1d(1, 3)", 3, 3, true},
    {"input(1, 64) | conv1d(1, 4, dilation=3) | tanh", 4, 5, true},
    {"input(2, any) | conv1d(2, 9, activation=tanh) as noise | from(input) | subtract(noise)", 4, 4, true},
    {"input(1, 12, 64) | dncnn(depth=4, channels=3)", 4, 4, true},
    {"input(1, any) | signal_unet(channels=2, depth=2)", 55, 55, false},
    {"input(1, 64) | average_pool(4) | upsample(4)", 3, 3, true},
    {"input(1, any, any) | unet(channels=2, depth=1)", 6, 6, false},
};

/* The distances at which a change of the input is seen, by what changing single places does. */
static void measure_reach(dae_model *model, size_t *before, size_t *after) {
    size_t rank, shape[DAE_MAX_RANK], size = 1, side;
    dae_session *session = NULL;
    ok(dae_model_get_input_shape(model, &rank, shape));
    for (size_t i = 0; i < rank; i++)
        size *= shape[i] = shape[i] > 0 ? shape[i] : i + 1 == rank ? 128 : 8;
    side = shape[rank - 1];
    ok(dae_session_create_shaped(&session, model, 1, rank, shape));
    float *x = random_floats(size, -1, 1, 3), *y = run_on(session, x, size), *z = must_have(size * sizeof *z);
    *before = *after = 0;
    for (size_t place = 0; place < side; place++) {
        x[place] += 1;
        ok(dae_session_run(session, x, 1, z));
        for (size_t o = 0; o < size; o++) {
            if (y[o] == z[o])
                continue;
            if (o % side > place && o % side - place > *before)
                *before = o % side - place;
            if (place > o % side && place - o % side > *after)
                *after = place - o % side;
        }
        x[place] -= 1;
    }
    dae_session_free(session);
    free(x);
    free(y);
    free(z);
}

START_TEST(a_network_sees_as_far_as_is_said) {
    dae_model *model = model_from(3, "%s", networks[_i].text);
    size_t rank, shape[DAE_MAX_RANK], before = 0, after = 0, seen_before, seen_after;
    ok(dae_model_get_input_shape(model, &rank, shape));
    ok(dae_model_get_reach(model, rank - 1, &before, &after));
    measure_reach(model, &seen_before, &seen_after);
    ck_assert_uint_le(seen_before, before);
    ck_assert_uint_le(seen_after, after);
    if (networks[_i].exact) {
        ck_assert_uint_eq(seen_before, before);
        ck_assert_uint_eq(seen_after, after);
    }
    ck_assert_uint_eq(before, networks[_i].before);
    ck_assert_uint_eq(after, networks[_i].after);
    dae_model_free(model);
}
END_TEST

START_TEST(some_see_everything) {
    size_t before = 7, after = 8;
    dae_model *dense = model_from(1, "input(1, 8) | flatten | dense(8) | reshape(1, 8)"),
              *narrower = model_from(1, "input(1, 8) | max_pool(2)"),
              *conv = model_from(1, "input(1, 8) | conv1d(1, 3)"),
              *values = model_from(1, "input(8) | dense(8)");
    fails(dae_model_get_reach(dense, 1, &before, &after), DAE_ERROR_UNSUPPORTED, "looks at whole samples");
    fails(dae_model_get_reach(narrower, 1, &before, &after), DAE_ERROR_UNSUPPORTED,
          "as many places as it takes");
    fails(dae_model_get_reach(values, 1, &before, &after), DAE_ERROR_ARGUMENT, "dimension is 1");
    fails(dae_model_get_reach(conv, 0, &before, &after), DAE_ERROR_ARGUMENT,
          "dimension is 0, expected 1 to 1");
    fails(dae_model_get_reach(conv, 2, &before, &after), DAE_ERROR_ARGUMENT,
          "dimension is 2, expected 1 to 1");
    ck_assert(before == 7 && after == 8);
    dae_model_free(dense);
    dae_model_free(narrower);
    dae_model_free(conv);
    dae_model_free(values);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("reach");
    TCase *reach = add_case(suite, "reach");
    tcase_add_test(reach, no_kind_sees_further_than_it_says);
    tcase_add_loop_test(reach, nor_with_other_parameters, 0, sizeof variations / sizeof *variations);
    tcase_add_loop_test(reach, a_network_sees_as_far_as_is_said, 0, sizeof networks / sizeof *networks);
    tcase_add_test(reach, some_see_everything);
    return suite_main(suite);
}
