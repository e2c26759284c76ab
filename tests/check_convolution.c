/* Convolutions to the bit: every value is one chain of multiply-adds, so that it depends on nothing but what it is made of:
 * not on the batch, the size of the picture, the place in it, or the number of threads. */
#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 3, UNITS = 11, MARGIN = 8 };

/* One layer each, of 3 channels; `up` and `down` are how much longer sides become, or shorter. */
static const struct {
    const char *text;
    size_t up, down;
} layers[] = {
    {"conv2d(11, 3)", 1, 1},
    {"conv2d(11, [1, 5], activation=relu)", 1, 1},
    {"conv2d(11, 3, stride=2, padding=1)", 1, 2},
    {"conv2d(11, 3, dilation=2, bias=no)", 1, 1},
    {"conv2d(11, 1)", 1, 1},
    {"conv2d(12, 3, groups=3)", 1, 1},
    {"conv2d(1, 3)", 1, 1},
    {"conv2d_transpose(11, 3, stride=2)", 2, 1},
    {"conv2d_transpose(11, 4)", 1, 1},
    {"conv2d(8, 3, activation=relu) | conv2d(8, 3, activation=relu) | conv2d_transpose(5, 2, stride=2)", 2,
     1},
};
enum { LAYERS = sizeof layers / sizeof *layers };

static dae_model *layer_on(size_t i, size_t side) {
    return model_from(7, "input(3, %zu, %zu) | %s", side, side, layers[i].text);
}

static size_t outputs_of(dae_model *model) {
    size_t rank = 0, shape[DAE_MAX_RANK], size = 1;
    ok(dae_model_get_output_shape(model, &rank, shape));
    for (size_t i = 0; i < rank; i++)
        size *= shape[i];
    return size;
}

/* Outputs of `count` samples, to free(). */
static float *run(dae_model *model, const float *inputs, size_t count) {
    float *outputs = must_have(count * outputs_of(model) * sizeof *outputs);
    dae_session *session = NULL;
    ok(dae_session_create(&session, model, count));
    ok(dae_session_run(session, inputs, count, outputs));
    dae_session_free(session);
    return outputs;
}

/* ---- One chain -------------------------------------------------------------------------------- */

/* A step of a chain, in one rounding or in two. */
static float step(float a, float b, float sum, bool fused) {
    volatile float product = a * b;
    return fused ? fmaf(a, b, sum) : product + sum;
}

static float value_at(const float *x, size_t side, long channel, long i, long j) {
    bool inside = i >= 0 && j >= 0 && i < (long)side && j < (long)side;
    return inside ? x[((size_t)channel * side + (size_t)i) * side + (size_t)j] : 0;
}

/* Value (n, i, j) of conv2d(11, 3), or of conv2d_transpose(11, 3, stride=2): the places that it reads, in their order. */
static float chain(const float *p, const float *x, size_t side, bool transposed, long n, long i, long j,
                   bool fused) {
    float sum = 0, w;
    for (long c = 0; c < CHANNELS; c++)
        for (long u = 0; u < 3; u++)
            for (long v = 0; v < 3; v++)
                if (!transposed) {
                    w = p[((n * CHANNELS + c) * 3 + u) * 3 + v];
                    sum = step(w, value_at(x, side, c, i + u - 1, j + v - 1), sum, fused);
                } else if ((i + u) % 2 == 0 &&
                           (j + v) % 2 == 0) { /* taps from the last one on: rows in their order */
                    w = p[((c * UNITS + n) * 3 + 2 - u) * 3 + 2 - v];
                    sum = step(w, value_at(x, side, c, (i + u - 2) / 2, (j + v - 2) / 2), sum, fused);
                }
    return sum + p[UNITS * CHANNELS * 9 + n];
}

static size_t wrong_values(size_t layer, size_t side, bool fused) {
    bool transposed = layers[layer].up > 1;
    size_t out = side * layers[layer].up, wrong = 0;
    dae_model *model = layer_on(layer, side);
    float *p = parameters_of(model, NULL), *x = random_floats(CHANNELS * side * side, -1, 1, 5);
    for (size_t i = 0; i < UNITS; i++)
        p[UNITS * CHANNELS * 9 + i] = (float)i / 7;
    ok(dae_model_set_parameters(model, p, UNITS * CHANNELS * 9 + UNITS));
    float *y = run(model, x, 1);
    for (size_t n = 0; n < UNITS; n++)
        for (size_t i = 0; i < out; i++)
            for (size_t j = 0; j < out; j++) {
                float expected = chain(p, x, side, transposed, (long)n, (long)i, (long)j, fused);
                wrong += memcmp(&expected, &y[(n * out + i) * out + j], sizeof expected) != 0;
            }
    free(p);
    free(x);
    free(y);
    dae_model_free(model);
    return wrong;
}

START_TEST(every_value_is_one_chain) {
    static const size_t sides[] = {1, 5, 28, 61}, which[] = {0, 7};
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < 4; k++) {
            size_t fused = wrong_values(which[i], sides[k], true),
                   other = wrong_values(which[i], sides[k], false);
            ck_assert_msg(fused == 0 || other == 0, "%s at %zu: %zu values are no such chain",
                          layers[which[i]].text, sides[k], fused);
        }
}
END_TEST

/* ---- Batch, threads --------------------------------------------------------------------------- */

START_TEST(samples_are_the_same_in_any_batch_on_any_threads) {
    static const size_t sides[] = {28, 40}, counts[] = {1, 9, 64}, threads[] = {1, 2, 3, 7};
    for (size_t s = 0; s < 2; s++) {
        dae_model *model = layer_on((size_t)_i, sides[s]);
        size_t in = CHANNELS * sides[s] * sides[s], out = outputs_of(model);
        float *x = random_floats(64 * in, -1, 1, 9), *expected = must_have(64 * out * sizeof *expected);
        for (size_t i = 0; i < 64; i++) {
            float *y = run(model, x + i * in, 1);
            memcpy(expected + i * out, y, out * sizeof *y);
            free(y);
        }
        for (size_t t = 0; t < 4; t++)
            for (size_t c = 0; c < 3; c++) {
                ok(dae_set_num_threads(threads[t]));
                float *y = run(model, x, counts[c]);
                same_floats(y, expected, counts[c] * out);
                free(y);
            }
        ok(dae_set_num_threads(0));
        free(x);
        free(expected);
        dae_model_free(model);
    }
}
END_TEST

/* ---- Size and place --------------------------------------------------------------------------- */

static float *crop_of(const float *x, size_t channels, size_t whole, size_t top, size_t left, size_t side) {
    float *part = must_have(channels * side * side * sizeof *part);
    for (size_t c = 0; c < channels; c++)
        for (size_t i = 0; i < side; i++)
            memcpy(part + (c * side + i) * side, x + (c * whole + top + i) * whole + left,
                   side * sizeof *part);
    return part;
}

/* Away from its ends, what a part gives is that part of what the whole gives. */
static void check_crop(size_t layer, size_t whole, size_t side, size_t top, size_t left) {
    size_t up = layers[layer].up, down = layers[layer].down, margin = MARGIN * up / down;
    dae_model *large = layer_on(layer, whole), *small = layer_on(layer, side);
    float *x = random_floats(CHANNELS * whole * whole, -1, 1, 3);
    float *part = crop_of(x, CHANNELS, whole, top, left, side), *y = run(large, x, 1),
          *z = run(small, part, 1);
    size_t whole_out = (whole + down - 1) / down * up, out = side / down * up,
           units = outputs_of(small) / (out * out), inner = out - 2 * margin;
    same_parameters(small, large);
    float *expected = crop_of(y, units, whole_out, top * up / down + margin, left * up / down + margin,
                              inner),
          *found = crop_of(z, units, out, margin, margin, inner);
    same_floats(found, expected, units * inner * inner);
    free(x);
    free(part);
    free(y);
    free(z);
    free(expected);
    free(found);
    dae_model_free(large);
    dae_model_free(small);
}

START_TEST(parts_of_a_picture_are_parts_of_the_whole) {
    check_crop((size_t)_i, 40, 28, 0, 12);
    check_crop((size_t)_i, 40, 28, 6, 2);
    check_crop((size_t)_i, 181, 40, 70, 100);
    check_crop((size_t)_i, 181, 28, 152, 0);
}
END_TEST

/* ---- Training ----------------------------------------------------------------------------------- */

/* The gradient is made of parts that shapes decide. */
START_TEST(training_is_the_same_on_any_threads) {
    static const size_t counts[] = {1, 9, 64}, threads[] = {1, 2, 3, 7};
    for (size_t c = 0; c < 3; c++) {
        dae_model *first = NULL;
        size_t size = CHANNELS * 28 * 28;
        float *x = random_floats(counts[c] * size, -1, 1, 2), *t = NULL;
        for (size_t i = 0; i < 4; i++) {
            dae_model *model = layer_on((size_t)_i, 28);
            t = t != NULL ? t : random_floats(counts[c] * outputs_of(model), -1, 1, 4);
            dae_trainer *trainer = adam_trainer(model, 0.01, "mse");
            ok(dae_set_num_threads(threads[i]));
            ok(dae_trainer_step(trainer, x, t, counts[c], NULL));
            dae_trainer_free(trainer);
            if (first != NULL)
                same_parameters(model, first);
            else
                first = model;
            if (model != first)
                dae_model_free(model);
        }
        ok(dae_set_num_threads(0));
        dae_model_free(first);
        free(x);
        free(t);
    }
}
END_TEST

/* ---- What is said of them ------------------------------------------------------------------------- */

START_TEST(a_table_shows_shapes_and_activations) {
    dae_model *model = unset_from("input(1, 28, 28) | conv2d(8, 3, activation=relu) as e1 | max_pool(2)"
                                  " | conv2d(4, 3) | conv2d_transpose(8, 2, stride=2) | concatenate(e1)");
    static const char *const words[] = {"0  conv2d, relu as e1       8 x 28 x 28", "conv2d, linear",
                                        "conv2d_transpose, linear", "16 x 28 x 28"};
    char table[4096];
    ok(dae_model_describe(model, table, sizeof table, NULL));
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        ck_assert_msg(strstr(table, words[i]) != NULL, "no '%s' in\n%s", words[i], table);
    dae_model_free(model);
}
END_TEST

/* A channel is a unit: it is dead where it is the same at all places of all samples, not where a margin of pictures is. */
START_TEST(dead_channels_are_found) {
    dae_model *model = model_from(3, "input(1, 12, 12) | conv2d(5, 3, activation=relu) as e | conv2d(1, 3)");
    float *x = random_floats(40 * 144, 0, 1, 8), bias[] = {0.25f, -1000, 0.25f, 0.25f, -1000};
    for (size_t i = 0; i < 40 * 144; i++)
        x[i] *= i / 12 % 12 > 3 && i / 12 % 12 < 8;
    ok(dae_model_set_tensor(model, "e.bias", bias, 5));
    dae_dataset *data = array_dataset(x, 40, 144);
    dae_report *report = evaluated(model, data);
    near(figure(report, "dead_hidden_units"), 0.4, 0);
    dae_report_free(report);
    dae_dataset_free(data);
    dae_model_free(model);
    free(x);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("convolution");
    TCase *bits = add_case(suite, "bits");
    tcase_add_test(bits, every_value_is_one_chain);
    tcase_add_loop_test(bits, samples_are_the_same_in_any_batch_on_any_threads, 0, LAYERS);
    tcase_add_loop_test(bits, parts_of_a_picture_are_parts_of_the_whole, 0, LAYERS);
    tcase_add_loop_test(bits, training_is_the_same_on_any_threads, 0, LAYERS);
    TCase *said = add_case(suite, "what is said");
    tcase_add_test(said, a_table_shows_shapes_and_activations);
    tcase_add_test(said, dead_channels_are_found);
    return suite_main(suite);
}
