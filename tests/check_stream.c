/* Streams: what dae_model_apply() makes of the whole signal, to the bit, however it is cut; latency, ends, memory. */
#include "network.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *network, *cover;
    size_t least; /* values that its layers take */
} streams[] = {
    {"input(1, any) | conv1d(8, 9, activation=relu) | conv1d(8, 9, activation=relu) | conv1d(1, 9)", NULL},
    {"input(2, 256) | conv1d(8, 9, activation=relu) as e1 | max_pool(2) | conv1d(12, 9, activation=relu) as "
     "e2"
     " | max_pool(4) | conv1d(16, 5, activation=tanh) | upsample(4, method=bilinear) | concatenate(e2)"
     " | conv1d(8, 9, activation=relu) | upsample(2) | concatenate(e1) | conv1d(1, 9)",
     NULL},
    {"input(1, any) | conv1d(8, 4, stride=2, activation=relu) | conv1d(8, 3, dilation=4, activation=relu)"
     " | conv1d_transpose(3, 4, stride=2)",
     "tiles"},
    {"input(1, any) | conv1d(6, 7, mode=replicate, activation=relu) | conv1d(2, 7, mode=reflect)", NULL, 7},
    {"input(1, 95) | pad(1) | max_pool(3, stride=2) | conv1d_transpose(4, 3, stride=2, padding=0) | crop(1)",
     NULL},
    {"input(1, any) | gain", NULL},
    {"input(32) | dense(20, activation=tanh) | dense(32)", NULL},
    {"input(32) | dense(20, activation=tanh) | dense(32)", "overlap(hop=5)"},
    {"input(32) | dense(20, activation=tanh) | dense(32)", "overlap(hop=32)"},
    {"input(2, 19) | dense(40, activation=relu) as h | dense(tied=h)", NULL},
    {"input(3, 16) | flatten | dense(16, activation=tanh) | reshape(1, 16)", "overlap(hop=1)"},
    {"input(1, 40) | conv1d(4, 9) | conv1d(1, 9)", "overlap"},
    {"input(1) | dense(1)", NULL},
    {"input(1, 256) | signal_unet(channels=8, depth=3)", NULL},
    {"input(1, any) | signal_unet(channels=8, depth=3)", "tiles(latency=2500)"},
    {"input(1, any) | conv1d(8, 9, activation=relu) | conv1d(1, 17)", "tiles(latency=24)"},
    {"input(1, any) | dncnn(4, 8, batch_norm=yes)", "tiles(latency=40)"},
    {"input(2, any) | average_pool(4) | conv1d(6, 3, dilation=5) | tanh as low | upsample(4, "
     "method=bilinear)"
     " as up | from(low) | conv1d_transpose(6, 8, stride=4) | add(up) | conv1d(2, 3) | softmax | add(input)",
     "tiles(latency=300)"},
    {"input(1, 256) | signal_unet(channels=4, depth=5)", "tiles(latency=4000)"},
    {"input(3, any) | conv1d(6, 5, groups=3, padding=valid) | pad(6, mode=replicate) | conv1d(3, 9, "
     "padding=valid)"
     " | pad(1, mode=reflect) | crop(1)",
     "tiles", 6},
};
enum { STREAMS = sizeof streams / sizeof *streams };

struct signal {
    size_t in, out, length; /* channels, values of each */
    float *x, *y;
};

static struct signal signal_of(dae_model *model, size_t length, uint64_t seed) {
    struct signal s = {1, 1, length, NULL, NULL};
    size_t rank, shape[DAE_MAX_RANK];
    ok(dae_model_get_input_shape(model, &rank, shape));
    s.in = rank > 1 ? shape[0] : 1;
    size_t window = shape[rank - 1];
    ok(dae_model_get_output_shape(model, &rank, shape));
    s.out = rank > 1 ? shape[0] : window > 0 ? shape[0] / window : 1;
    s.x = random_floats(s.in * length, -1, 1, seed);
    s.y = must_have(s.out * length * sizeof *s.y);
    return s;
}

static void free_signal(struct signal *s) {
    free(s->x);
    free(s->y);
}

/* Pushes values [first, first + count) of every channel; what comes out goes to the same places of `to`. */
static void push_some(dae_stream *stream, const struct signal *s, size_t first, size_t count, float *to) {
    float *in = must_have(s->in * count * sizeof *in), *out = must_have(s->out * count * sizeof *out);
    for (size_t c = 0; c < s->in; c++)
        memcpy(in + c * count, s->x + c * s->length + first, count * sizeof *in);
    ok(dae_stream_push(stream, in, count, out));
    for (size_t c = 0; c < s->out; c++)
        memcpy(to + c * s->length + first, out + c * count, count * sizeof *out);
    free(in);
    free(out);
}

/* The signal in pieces of up to `most`, and what comes after it: zeros, then the clean one. */
static void comes_clean(dae_stream *stream, const struct signal *s, size_t most, uint64_t seed) {
    size_t latency;
    ok(dae_stream_get_latency(stream, &latency));
    size_t size = s->length > 0 ? s->length : 1;
    float *late = must_have(s->out * size * sizeof *late),
          *rest = must_have((s->out * latency + 1) * sizeof *rest);
    float *cuts = random_floats(s->length + 1, 1, (double)most + 1, seed);
    for (size_t done = 0, i = 0, now; done < s->length; done += now) {
        now = (size_t)cuts[i++];
        now = now < s->length - done ? now : s->length - done;
        push_some(stream, s, done, now, late);
    }
    for (size_t i = 0; i < s->out * latency; i++)
        rest[i] = NAN;
    ok(dae_stream_flush(stream, rest));
    float *got = must_have((s->length + latency + 1) * sizeof *got),
          *wanted = must_have((s->length + latency + 1) * sizeof *wanted);
    for (size_t c = 0; c < s->out; c++) {
        memset(wanted, 0, latency * sizeof *wanted);
        memcpy(wanted + latency, s->y + c * s->length, s->length * sizeof *wanted);
        memcpy(got, late + c * s->length, s->length * sizeof *got);
        memcpy(got + s->length, rest + c * latency, latency * sizeof *got);
        same_floats(got, wanted, s->length + latency);
    }
    free(got);
    free(wanted);
    free(cuts);
    free(late);
    free(rest);
}

START_TEST(a_stream_is_the_whole) {
    static const size_t lengths[] = {5000, 777, 130, 64, 31, 20, 3, 1, 0}, pieces[] = {1, 7, 64, 501, 9000};
    dae_model *model = model_from(5, "%s", streams[_i].network);
    dae_stream *stream = NULL;
    const char *cover = streams[_i].cover;
    ok(dae_stream_create(&stream, model, cover));
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        if (lengths[k] > 0 && lengths[k] < streams[_i].least)
            continue;
        struct signal s = signal_of(model, lengths[k], k);
        if (s.length > 0 && cover == NULL && (_i == 6 || _i == 9)) /* also where it is one window */
            cover = "overlap";
        if (s.length > 0)
            ok(dae_model_apply(model, cover, 2, (const size_t[]){s.in, s.length}, s.x, s.y, NULL, NULL));
        for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
            comes_clean(stream, &s, pieces[i], i);
        free_signal(&s);
    }
    dae_model_free(model);
    dae_stream_free(stream);
}
END_TEST

START_TEST(latency_is_stated) {
    static const struct {
        const char *network, *cover;
        size_t latency;
    } rows[] = {
        {"input(32) | dense(32)", NULL, 31},
        {"input(1, 256) | dense(256)", "overlap(hop=8)", 255},
        {"input(1, any) | gain", NULL, 63},
        {"input(1, any) | conv1d(4, 9) | conv1d(1, 9)", NULL, 64 + 8 - 1},
        {"input(1, any) | conv1d(4, 65) | conv1d(1, 65)", NULL, 128 + 64 - 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        dae_model *model = model_from(5, "%s", rows[i].network);
        dae_stream *stream = NULL;
        size_t latency = 0;
        ok(dae_stream_create(&stream, model, rows[i].cover));
        ok(dae_stream_get_latency(stream, &latency));
        ck_assert_uint_eq(latency, rows[i].latency);
        dae_stream_free(stream);
        dae_model_free(model);
    }
}
END_TEST

/* After creation nothing is allocated, not even for the end of a short signal. */
START_TEST(pushing_allocates_nothing) {
    dae_model *model = model_from(5, "%s", streams[_i].network);
    dae_stream *stream = NULL;
    struct signal s = signal_of(model, 700, 3);
    size_t latency, lengths[] = {700, 10, 90};
    float *late = must_have(s.out * s.length * sizeof *late);
    heap_watch();
    ok(dae_stream_create(&stream, model, streams[_i].cover));
    ok(dae_stream_get_latency(stream, &latency));
    float *rest = must_have((s.out * latency + 1) * sizeof *rest);
    size_t requests = heap_requests();
    for (size_t i = 0; i < 3; i++) {
        for (size_t done = 0; done + 5 <= lengths[i]; done += 5)
            push_some(stream, &s, done, 5, late);
        ok(dae_stream_flush(stream, rest));
    }
    ck_assert_uint_eq(heap_requests(), requests);
    dae_stream_free(stream);
    heap_unwatch();
    dae_model_free(model);
    free_signal(&s);
    free(late);
    free(rest);
}
END_TEST

static const struct {
    const char *network, *cover;
    dae_status status;
    const char *word;
} refused[] = {
    {"input(1, any) | gain", "whole", DAE_ERROR_ARGUMENT,
     "whole needs all of a signal, expected tiles or overlap"},
    {"input(1, any) | gain", "waves", DAE_ERROR_FORMAT, "expected whole, tiles or overlap"},
    {"input(1, any) | gain", "overlap", DAE_ERROR_SHAPE, "any size"},
    {"input(1, any, any) | gain", NULL, DAE_ERROR_SHAPE, "expected values or channels x length"},
    {"input(1, 8, 8) | dense(64)", NULL, DAE_ERROR_SHAPE, "expected values or channels x length"},
    {"input(1, any) | conv1d(8, 9) | conv1d(1, 17)", "tiles(latency=23)", DAE_ERROR_ARGUMENT,
     "latency is 23, expected at least 24"},
    {"input(8) | dense(8)", "tiles", DAE_ERROR_UNSUPPORTED, "dense looks at whole samples"},
    {"input(8) | dense(4)", NULL, DAE_ERROR_UNSUPPORTED, "as many places"},
    {"input(8) | dense(8)", "overlap(hop=9)", DAE_ERROR_ARGUMENT, "hop is 9"},
};

START_TEST(what_cannot_be_done_is_refused) {
    dae_model *model = model_from(6, "%s", refused[_i].network);
    dae_stream *stream = NULL;
    fails(dae_stream_create(&stream, model, refused[_i].cover), refused[_i].status, refused[_i].word);
    ck_assert_ptr_null(stream);
    dae_model_free(model);
}
END_TEST

START_TEST(a_signal_may_be_too_short) {
    dae_model *model = model_from(6, "input(1, any) | pad(5, mode=reflect) | crop(5)");
    dae_stream *stream = NULL;
    float *x = random_floats(600, -1, 1, 2), *y = must_have(600 * sizeof *y), *rest;
    size_t latency;
    ok(dae_stream_create(&stream, model, NULL));
    ok(dae_stream_get_latency(stream, &latency));
    rest = must_have(latency * sizeof *rest);
    for (size_t i = 0; i < 3; i++) { /* refused once more */
        ok(dae_stream_push(stream, x, 3, y));
        fails(dae_stream_flush(stream, rest), DAE_ERROR_SHAPE,
              "dae_stream_flush: pad takes sides of at least 6");
    }
    ok(dae_stream_push(stream, x, 600, y)); /* as new */
    for (size_t i = 0; i < latency; i++)
        ck_assert(y[i] == 0);
    same_floats(y + latency, x, 600 - latency);
    ok(dae_stream_flush(stream, rest));
    same_floats(rest, x + 600 - latency, latency);
    dae_stream_free(stream);
    dae_model_free(model);
    free(x);
    free(y);
    free(rest);
}
END_TEST

START_TEST(arguments_are_checked) {
    dae_model *model = model_from(6, "input(1, any) | gain"), *unset = unset_from("input(1, any) | gain");
    dae_stream *stream = NULL;
    float x[30] = {0};
    fails(dae_stream_create(&stream, unset, NULL), DAE_ERROR_STATE, "dae_model_initialize");
    ok(dae_stream_create(&stream, model, NULL));
    fails(dae_stream_push(stream, x, 20, x + 10), DAE_ERROR_ARGUMENT, "input and output overlap");
    fails(dae_stream_push(stream, x, SIZE_MAX, x + 10), DAE_ERROR_ARGUMENT, "count");
    ok(dae_stream_push(stream, NULL, 0, NULL));
    dae_stream_free(NULL);
    dae_stream_free(stream);
    dae_model_free(model);
    dae_model_free(unset);
}
END_TEST

/* Parameters that change are seen by parts that are made later. */
START_TEST(the_model_may_learn_meanwhile) {
    dae_model *model = model_from(6, "input(1, any) | gain");
    dae_stream *stream = NULL;
    float x[64], y[64], two = 2;
    for (size_t i = 0; i < 64; i++)
        x[i] = 1;
    ok(dae_stream_create(&stream, model, NULL));
    ok(dae_stream_push(stream, x, 64, y));
    ck_assert(y[63] == 1);
    ok(dae_model_set_parameters(model, &two, 1));
    ok(dae_stream_push(stream, x, 64, y));
    ck_assert(y[62] == 1 && y[63] == 2);
    dae_model_free(model);
    dae_stream_free(stream);
}
END_TEST

/* Data in a unit of their own, each channel in another; a stream keeps to the scaling that it began with. */
START_TEST(scaled_data_are_the_same) {
    static const char *const networks[] = {
        "input(2, any) | conv1d(6, 9, activation=relu) | max_pool(4) | upsample(4) | conv1d(2, 9)",
        "input(2, 16) | flatten | dense(32, activation=tanh) | dense(32) | reshape(2, 16)",
    };
    const char *scaling = "affine(scale=[0.5, 0.03125], offset=[1, -2])";
    dae_model *model = model_from(5, "%s", networks[_i]), *bare = model_from(5, "%s", networks[_i]);
    dae_stream *stream = NULL;
    size_t lengths[] = {1000, 90, 5};
    ok(dae_model_set_scaling(model, scaling, NULL));
    ok(dae_stream_create(&stream, model, NULL));
    for (size_t k = 0; k < 3; k++) {
        struct signal s = signal_of(model, lengths[k], k);
        ok(dae_model_apply(model, NULL, 2, (const size_t[]){2, s.length}, s.x, s.y, NULL, NULL));
        comes_clean(stream, &s, 100, k);
        float *z = must_have(2 * s.length * sizeof *z), *inside = must_have(2 * s.length * sizeof *inside);
        for (size_t i = 0; i < 2 * s.length; i++)
            inside[i] = i < s.length ? 0.5f * s.x[i] + 1 : 0.03125f * s.x[i] - 2;
        ok(dae_model_apply(bare, NULL, 2, (const size_t[]){2, s.length}, inside, z, NULL, NULL));
        for (size_t i = 0; i < 2 * s.length; i++)
            near(s.y[i], i < s.length ? (z[i] - 1) / 0.5f : (z[i] + 2) / 0.03125f, 1e-3);
        free(z);
        free(inside);
        free_signal(&s);
    }
    float x[2] = {0}, y[2];
    ok(dae_model_set_scaling(model, "none", NULL));
    fails(dae_stream_push(stream, x, 1, y), DAE_ERROR_STATE, "another scaling");
    dae_stream_free(stream);
    dae_model_free(model);
    dae_model_free(bare);
}
END_TEST

struct visitor {
    dae_model *model;
    const struct signal *signal;
    bool right;
};

static void *visit(void *argument) {
    struct visitor *v = argument;
    const struct signal *s = v->signal;
    dae_stream *stream = NULL;
    size_t latency = 0;
    float *y = malloc(s->length * sizeof *y);
    v->right = y != NULL && dae_stream_create(&stream, v->model, NULL) == DAE_OK &&
               dae_stream_get_latency(stream, &latency) == DAE_OK;
    for (size_t done = 0; v->right && done + 100 <= s->length; done += 100)
        v->right = dae_stream_push(stream, s->x + done, 100, y + done) == DAE_OK;
    v->right = v->right && memcmp(y + latency, s->y, (s->length - latency) * sizeof *y) == 0;
    dae_stream_free(stream);
    free(y);
    return NULL;
}

START_TEST(many_streams_run_one_model) {
    enum { VISITORS = 4 };
    dae_model *model = model_from(5, "%s", streams[_i].network);
    struct signal s = signal_of(model, 3000, 1);
    struct visitor visitors[VISITORS];
    pthread_t threads[VISITORS];
    ok(dae_model_apply(model, NULL, 1, &s.length, s.x, s.y, NULL, NULL));
    for (size_t i = 0; i < VISITORS; i++) {
        visitors[i] = (struct visitor){model, &s, false};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, visit, &visitors[i]), 0);
    }
    for (size_t i = 0; i < VISITORS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert(visitors[i].right);
    }
    free_signal(&s);
    dae_model_free(model);
}
END_TEST

static dae_status attempt(void *user) {
    const char *layers = user;
    dae_model *model = NULL;
    dae_stream *stream = NULL;
    dae_status status = dae_model_parse(&model, layers);
    if (status == DAE_OK)
        status = dae_model_initialize(model, 1);
    if (status == DAE_OK)
        status = dae_stream_create(&stream, model, NULL);
    dae_stream_free(stream);
    dae_model_free(model);
    return status;
}

START_TEST(any_allocation_may_fail) {
    char networks[][64] = {"input(1, any) | conv1d(4, 3) | max_pool(2) | upsample(2)",
                           "input(16) | dense(16)"};
    ck_assert_uint_gt(every_allocation_fails(attempt, networks[_i]), 20);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("stream");
    TCase *stream = add_case(suite, "stream");
    tcase_add_loop_test(stream, a_stream_is_the_whole, 0, STREAMS);
    tcase_add_test(stream, latency_is_stated);
    tcase_add_loop_test(stream, pushing_allocates_nothing, 0, STREAMS);
    tcase_add_loop_test(stream, what_cannot_be_done_is_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_test(stream, a_signal_may_be_too_short);
    tcase_add_test(stream, arguments_are_checked);
    tcase_add_test(stream, the_model_may_learn_meanwhile);
    tcase_add_loop_test(stream, scaled_data_are_the_same, 0, 2);
    tcase_add_loop_test(stream, many_streams_run_one_model, 0, 1);
    tcase_add_loop_test(stream, any_allocation_may_fail, 0, 2);
    return suite_main(suite);
}
