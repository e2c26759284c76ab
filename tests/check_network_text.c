/* Networks as text: what is read is written and read again the same, what is wrong is refused where it stands, and a model
 * that was to be extended is then as before. */
#include "reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dae_status format(const void *model, char *buffer, size_t capacity, size_t *length) {
    return dae_model_format(model, buffer, capacity, length);
}

static char *text_of(const dae_model *model) {
    return text_by_the_rules(format, model);
}

static size_t layers_of(const dae_model *model) {
    size_t count = 0;
    ok(dae_model_get_layer_count(model, &count));
    return count;
}

/* ---- There and back --------------------------------------------------------------------------- */

#define DENSE(units, activation) \
    "dense(units=" units ", activation=" activation ", initializer=glorot_uniform)"

/* As people write them, and as they are written; NULL for the same. */
static const struct {
    const char *text, *written;
} texts[] = {
    {"input(12) | " DENSE("5", "relu") " | " DENSE("12", "sigmoid"), NULL},
    {"input( 3,4 )|dense( 5 )as code # narrow\n|\tdense(units = 12)",
     "input(3, 4) | " DENSE("5", "linear") " as code | " DENSE("12", "linear")},
    {"input(4) | dense(4) as noise | from(input) | subtract(noise)",
     "input(4) | " DENSE("4", "linear") " as noise | from(input) | subtract(noise)"},
    /* from() is written where it is needed */
    {"input(4) | from(input) | relu as a | from(a) | tanh | from(input) | from(a) | gain",
     "input(4) | relu as a | tanh | from(a) | gain"},
    {"input(2, 2) | concatenate(input, input) as x_1.y | channels(1, 4) | flatten | reshape(2, 4) | "
     "from(x_1.y) | relu",
     "input(2, 2) | concatenate(input, input) as x_1.y | channels(first=1, count=4) | flatten | reshape(2, 4)"
     " | from(x_1.y) | relu"},
    {"input(3) | leaky_relu | leaky_relu(0.25) | leaky_relu(slope=0.5) | linear | sigmoid | dropout(0.5)",
     "input(3) | leaky_relu(0.3) | leaky_relu(0.25) | leaky_relu(0.5) | linear | sigmoid | "
     "dropout(rate=0.5)"},
    {"input(3) | dense(2, bias=no) as h | dense(tied=h, bias=yes, activation=tanh) | dense(2, bias=0)",
     "input(3) | dense(units=2, activation=linear, initializer=glorot_uniform, bias=no) as h"
     " | dense(activation=tanh, initializer=glorot_uniform, tied=h)"
     " | dense(units=2, activation=linear, initializer=glorot_uniform, bias=no)"},
    /* of 0.1 */
    {"input(4) | dense(units=3, activation=leaky_relu, slope=0.3, initializer=he_normal)"
     " | dropout(rate=0.5) | dense(units=4, activation=sigmoid, initializer=zeros)",
     "input(4) | dense(units=3, activation=leaky_relu(0.3), initializer=he_normal)"
     " | dropout(rate=0.5) | dense(units=4, activation=sigmoid, initializer=zeros)"},
    {"input(4) | dense(units=3, activation=leaky_relu, slope=0.30000001192092896, initializer=he_uniform)",
     "input(4) | dense(units=3, activation=leaky_relu(0.30000001192092896), initializer=he_uniform)"},
};
enum { TEXTS = sizeof texts / sizeof *texts };

START_TEST(texts_are_written_and_read_again) {
    dae_model *model = unset_from("%s", texts[_i].text);
    char *once = text_of(model);
    ck_assert_str_eq(once, texts[_i].written != NULL ? texts[_i].written : texts[_i].text);
    dae_model *again = unset_from("%s", once);
    char *twice = text_of(again);
    ck_assert_str_eq(twice, once);
    ok(dae_model_initialize(model, 4));
    ok(dae_model_initialize(again, 4));
    same_parameters(again, model);
    free(once);
    free(twice);
    dae_model_free(model);
    dae_model_free(again);
}
END_TEST

/* ---- Ready networks --------------------------------------------------------------------------- */

/* What stands for some layers, and these. */
static const struct {
    const char *text, *made_of;
} networks[] = {
    {"input(1, 28, 28) | conv_autoencoder(32, 2)",
     "input(1, 28, 28) | conv2d(32, 3, activation=relu) | max_pool(2) | conv2d(32, 3, activation=relu)"
     " | max_pool(2) as code | conv2d_transpose(32, 3, stride=2, activation=relu)"
     " | conv2d_transpose(32, 3, stride=2, activation=relu) | conv2d(1, 3)"},
    {"input(2, 64) | conv_autoencoder(channels=4, depth=1, bias=no) as out | sigmoid",
     "input(2, 64) | conv1d(4, 3, bias=no, activation=relu) | max_pool(2) as code"
     " | conv1d_transpose(4, 3, stride=2, bias=no, activation=relu) | conv1d(2, 3, bias=no) as out | "
     "sigmoid"},
    {"input(3, any, any) | dncnn(depth=3, channels=8)",
     "input(3, any, any) | conv2d(8, 3, activation=relu) | conv2d(8, 3, activation=relu)"
     " | conv2d(3, 3) as noise | from(input) | subtract(noise)"},
    {"input(1, 16, 16) | dncnn(4, 8, batch_norm=yes)",
     "input(1, 16, 16) | conv2d(8, 3, activation=relu) | conv2d(8, 3, bias=no) | batch_norm | relu"
     " | conv2d(8, 3, bias=no) | batch_norm | relu | conv2d(1, 3) as noise | from(input) | subtract(noise)"},
    {"input(1, any) | gain as x | gain | from(x) | dncnn(2, 8, bias=no) as clean | gain",
     "input(1, any) | gain as x | gain | from(x) | conv1d(8, 3, bias=no, activation=relu)"
     " | conv1d(1, 3, bias=no) as noise | from(x) | subtract(noise) as clean | gain"},
    {"input(1, any, any) | unet(channels=32, depth=2)",
     "input(1, any, any)"
     " | conv2d(32, 3, activation=relu) | conv2d(32, 3, activation=relu) as e1 | max_pool(2)"
     " | conv2d(64, 3, activation=relu) | conv2d(64, 3, activation=relu) as e2 | max_pool(2)"
     " | conv2d(128, 3, activation=relu) as code"
     " | conv2d_transpose(64, 2, stride=2) | concatenate(e2) | conv2d(64, 3, activation=relu)"
     " | conv2d_transpose(32, 2, stride=2) | concatenate(e1) | conv2d(32, 3, activation=relu)"
     " | conv2d(1, 1)"},
    {"input(2, 32) | signal_unet(4, 1, bias=no)",
     "input(2, 32) | conv1d(4, 9, bias=no, activation=relu) | conv1d(4, 9, bias=no, activation=relu) as e1"
     " | max_pool(2) | conv1d(8, 9, bias=no, activation=relu) as code"
     " | conv1d_transpose(4, 2, stride=2, bias=no) | concatenate(e1) | conv1d(4, 9, bias=no, activation=relu)"
     " | conv1d(2, 1, bias=no)"},
    {"input(784) | dense_autoencoder(128)", "input(784) | dense(128, activation=relu) as code | dense(784)"},
    {"input(2, 5, 4) | dense_autoencoder(12, 7, 3, bias=no) as y",
     "input(2, 5, 4) | dense(12, activation=relu, bias=no) | dense(7, activation=relu, bias=no)"
     " | dense(3, activation=relu, bias=no) as code | dense(7, activation=relu, bias=no)"
     " | dense(12, activation=relu, bias=no) | dense(40, bias=no) | reshape(2, 5, 4) as y"},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

/* The same layers, which a text of the network names, so that they can be changed. */
START_TEST(ready_networks_are_what_they_are_made_of) {
    dae_model *ready = model_from(5, "%s", networks[_i].text),
              *by_hand = model_from(5, "%s", networks[_i].made_of);
    char *text = text_of(ready), *expected = text_of(by_hand);
    ck_assert_str_eq(text, expected);
    same_parameters(ready, by_hand);
    free(text);
    free(expected);
    dae_model_free(ready);
    dae_model_free(by_hand);
}
END_TEST

static dae_status make_network(void *user) {
    dae_model *model = NULL;
    dae_status status = dae_model_parse(&model, user);
    dae_model_free(model);
    return status;
}

START_TEST(ready_networks_without_memory) {
    char text[] = "input(1, any, any) | unet(2, 3) | from(input) | dncnn(6, 2, bias=no) as out";
    ck_assert_uint_ge(every_allocation_fails(make_network, text), 10);
}
END_TEST

/* Layer by layer, in parts, and at once: the same network, with the same parameters. */
START_TEST(all_ways_to_make_one_agree) {
    const char *text =
        "input(6) | dense(4, activation=relu) as a | dense(4) | add(a) | from(input) | gain as b"
        " | dense(4) | concatenate(a)";
    dae_model *whole = model_from(3, "%s", text),
              *parts = unset_from("input(6) | dense(4, activation=relu) as a");
    ok(add_layer(parts, "dense(4)"));
    ok(dae_model_extend(parts, "add(a)"));
    ok(dae_model_extend(parts, "from(input) | gain as b | dense(4)"));
    ok(add_layer(parts, "concatenate(a)"));
    ok(dae_model_initialize(parts, 3));
    char *one = text_of(whole), *other = text_of(parts);
    ck_assert_str_eq(one, other);
    same_parameters(parts, whole);
    free(one);
    free(other);
    dae_model_free(whole);
    dae_model_free(parts);
}
END_TEST

START_TEST(a_table_names_what_layers_read) {
    static const char *const words[] = {"add, a", "concatenate, a, input", "dense, relu as a", "gain as b"};
    dae_model *model = unset_from("input(6) | dense(6, activation=relu) as a | gain as b | add(a)"
                                  " | dense(tied=a) | concatenate(a, input)");
    char table[4096];
    fails(dae_model_extend(model, "relu as a"), DAE_ERROR_ARGUMENT, "'a' already");
    ok(dae_model_describe(model, table, sizeof table, NULL));
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        ck_assert_msg(strstr(table, words[i]) != NULL, "no '%s' in\n%s", words[i], table);
    dae_model_free(model);
}
END_TEST

/* ---- What is wrong ---------------------------------------------------------------------------- */

/* `^` in a text stands before what is wrong, and is not part of it. */
static const struct {
    const char *text;
    dae_status status;
    const char *word;
} wrong[] = {
    {"^", DAE_ERROR_FORMAT, "empty text"},
    {"^dense(3)", DAE_ERROR_FORMAT, "expected input"},
    {"input(3)^", DAE_ERROR_FORMAT, "at least one"},
    {"input(3) | ^input(3) | dense(3)", DAE_ERROR_FORMAT, "expected a layer"},
    {"input(^0) | dense(3)", DAE_ERROR_ARGUMENT, "1 <= shape"},
    {"^input(1, 2, 3, 4, 5, 6, 7, 8, 9) | dense(3)", DAE_ERROR_ARGUMENT, "1 to 8"},
    {"^input(2147483648, 2147483648, 2147483648) | dense(3)", DAE_ERROR_ARGUMENT, "input: the product"},
    {"^input(3) as x | dense(3)", DAE_ERROR_FORMAT, "expected a label at layers only"},
    {"input(3) | dense(3) | ^from(input) as x | dense(3)", DAE_ERROR_FORMAT, "from as x"},
    {"input(3) | dense(3) | ^from(input)", DAE_ERROR_FORMAT, "nothing after from"},
    {"input(3) | ^from(x) | dense(3)", DAE_ERROR_ARGUMENT, "'x'"},
    {"input(3) | dense(3) | ^add(x)", DAE_ERROR_ARGUMENT, "'x'"},
    {"input(3) | ^add(x) as x", DAE_ERROR_ARGUMENT, "'x'"},
    {"input(3) | dense(3) as a | ^concatenate(a, b) | dense(1) as b", DAE_ERROR_ARGUMENT, "'b'"},
    {"input(3) | dense(3) as a | ^relu as a", DAE_ERROR_ARGUMENT, "'a' already"},
    {"input(3) | ^relu as input", DAE_ERROR_ARGUMENT, "'input' already"},
    {"input(3) | dense(2) | ^add(input)", DAE_ERROR_SHAPE, "found 2 and 3"},
    {"input(2, 3) | reshape(3, 2) | ^subtract(input)", DAE_ERROR_SHAPE, "3 x 2 and 2 x 3"},
    {"input(2, 3) | dense(6) | ^concatenate(input)", DAE_ERROR_SHAPE, "6 and 2 x 3"},
    {"input(3) | dense(3) as a | ^concatenate(a, a, a, a)", DAE_ERROR_ARGUMENT,
     "too many values, expected at most 4"},
    {"input(3) | ^concatenate", DAE_ERROR_FORMAT, "needs values"},
    {"input(3) | ^add", DAE_ERROR_FORMAT, "needs value"},
    {"input(3) | add(input, ^input)", DAE_ERROR_FORMAT, "no more than 1"},
    {"input(3) | add(^0)", DAE_ERROR_FORMAT, "expected a word"},
    {"input(2, 3) | ^channels(1, 2)", DAE_ERROR_SHAPE, "channels 1 to 2"},
    {"input(2, 3) | channels(0, ^0)", DAE_ERROR_ARGUMENT, "1 <= count"},
    {"input(2, 3) | ^reshape(4)", DAE_ERROR_SHAPE, "2 x 3"},
    {"input(2, 7, 8) | ^max_pool(2)", DAE_ERROR_SHAPE,
     "max_pool takes sides of 2 and multiples of its stride 2 more, found 2 x 7 x 8"},
    {"input(2, 7) | ^average_pool(3, stride=3)", DAE_ERROR_SHAPE, "found 2 x 7"},
    {"input(2, 2) | ^max_pool(3, stride=1)", DAE_ERROR_SHAPE, "found 2 x 2"},
    {"input(2, 4, 4) | max_pool(^0)", DAE_ERROR_ARGUMENT, "1 <= size"},
    {"input(2, 4, 4) | max_pool(2, ^stride=0)", DAE_ERROR_ARGUMENT, "1 <= stride"},
    {"input(16) | ^max_pool(2)", DAE_ERROR_SHAPE,
     "max_pool takes channels x length or channels x height x width, found 16"},
    {"input(1, 2, 2, 2) | ^upsample(2)", DAE_ERROR_SHAPE, "upsample takes channels x length or"},
    {"input(1, 2, 2) | upsample(^65)", DAE_ERROR_ARGUMENT, "factor <= 64"},
    {"input(1, 2, 2) | upsample(2, ^method=cubic)", DAE_ERROR_FORMAT, "nearest or bilinear"},
    {"input(2, 2, 2) | ^depth_to_space(2)", DAE_ERROR_SHAPE, "channels that 4 divides, found 2 x 2 x 2"},
    {"input(3, 2) | ^depth_to_space(2)", DAE_ERROR_SHAPE, "channels that 2 divides, found 3 x 2"},
    {"input(1, 4, 3) | ^space_to_depth(2)", DAE_ERROR_SHAPE, "sides that 2 divides, found 1 x 4 x 3"},
    {"input(1, 4, 3) | ^pad(3, mode=reflect)", DAE_ERROR_SHAPE, "sides of at least 4"},
    {"input(1, 4, 4) | ^crop(2)", DAE_ERROR_SHAPE, "sides of at least 5"},
    {"input(1, 4, 4) | prelu(^1e7)", DAE_ERROR_ARGUMENT, "start"},
    {"input(3) | elu(^-1)", DAE_ERROR_ARGUMENT, "0 <= alpha"},
    {"input(3) | gelu(^yes)", DAE_ERROR_FORMAT, "tanh"},
    {"input(3) | spatial_dropout(^1)", DAE_ERROR_ARGUMENT, "rate"},
    {"input(2, 7) | ^conv2d(3, 3)", DAE_ERROR_SHAPE, "conv2d takes channels x height x width, found 2 x 7"},
    {"input(2, 7, 7) | ^conv1d(3, 3)", DAE_ERROR_SHAPE, "conv1d takes channels x length, found 2 x 7 x 7"},
    {"input(7) | ^conv1d_transpose(3, 3)", DAE_ERROR_SHAPE,
     "conv1d_transpose takes channels x length, found 7"},
    {"input(2, 4, 7) | ^conv2d(3, 5, padding=valid)", DAE_ERROR_SHAPE,
     "conv2d takes sides that its padding leaves some values of, as many as its windows are wide, found 2 x "
     "4 x 7"},
    {"input(2, 4, 4) | ^conv2d(3, 3, dilation=2, padding=0)", DAE_ERROR_SHAPE, "found 2 x 4 x 4"},
    {"input(2, 1, 4) | ^conv2d_transpose(3, 2, padding=1)", DAE_ERROR_SHAPE, "found 2 x 1 x 4"},
    {"input(4, 6, 6) | ^conv2d(3, 3, groups=3)", DAE_ERROR_SHAPE,
     "conv2d takes a multiple of its 3 groups as channels, found 4 x 6 x 6"},
    {"input(4, 6, 6) | ^conv2d(4, 3, groups=3)", DAE_ERROR_ARGUMENT, "units that are a multiple of groups"},
    {"input(4, 6, 6) | ^conv2d(6, 3, groups=depthwise)", DAE_ERROR_SHAPE, "divides its 6 units"},
    {"input(4, 6, 6) | conv2d(6, 3, ^groups=all)", DAE_ERROR_FORMAT,
     "groups: found 'all', expected a whole number, or depthwise"},
    {"input(4, 6, 6) | conv2d(6, 3, ^padding=full)", DAE_ERROR_FORMAT, "a whole number, or same or valid"},
    {"input(4, 6, 6) | ^conv2d(6, [3, 3, 3])", DAE_ERROR_ARGUMENT, "size with one number or two"},
    {"input(4, 6, 6) | ^conv2d(6, 3, padding=[same, 1])", DAE_ERROR_ARGUMENT,
     "padding with a word, one number or"},
    {"input(4, 6) | conv1d(6, ^[3, 3])", DAE_ERROR_FORMAT, "size"},
    {"input(4, 6, 6) | conv2d(6, ^0)", DAE_ERROR_ARGUMENT, "1 <= size"},
    {"input(4, 6, 6) | conv2d(6, 3, ^stride=0)", DAE_ERROR_ARGUMENT, "1 <= stride"},
    {"input(4, 2, 6) | ^conv2d(6, 5, mode=reflect)", DAE_ERROR_SHAPE, "longer than what is to be reflected"},
    {"input(4, 6, 6) | ^conv2d_transpose(6, 3, stride=2, padding=1, output_padding=2)", DAE_ERROR_ARGUMENT,
     "output_padding below stride or dilation"},
    {"input(4, 6, 6) | ^conv2d_transpose(6, 3, stride=2, output_padding=1)", DAE_ERROR_ARGUMENT,
     "output_padding = 0 with padding = same"},
    {"input(1, 1048576, 1048576) | ^conv2d(2147483647, 3)", DAE_ERROR_ARGUMENT, "does not fit into memory"},
    {"input(2, 3) | ^reshape(1, 1, 1, 1, 1, 1, 1, 1, 6)", DAE_ERROR_ARGUMENT, "1 to 8"},
    {"input(3) | ^dense", DAE_ERROR_FORMAT, "units or tied"},
    {"input(3) | dense(3) as a | ^dense(3, tied=a)", DAE_ERROR_FORMAT, "not both"},
    {"input(3) | ^dense(tied=input)", DAE_ERROR_ARGUMENT, "tied=input"},
    {"input(3) | ^dense(tied=me) as me", DAE_ERROR_ARGUMENT, "'me'"},
    {"input(3) | gain as a | ^dense(tied=a)", DAE_ERROR_ARGUMENT, "weight of its own"},
    {"input(3) | dense(2) as a | dense(tied=a) as b | ^dense(tied=b)", DAE_ERROR_ARGUMENT, "tied=b"},
    {"input(3) | dense(2) as a | from(input) | ^dense(tied=a)", DAE_ERROR_SHAPE, "takes 2 values"},
    {"input(3) | gain(^3)", DAE_ERROR_FORMAT, "no parameters"},
    {"input(3) | leaky_relu(^2)", DAE_ERROR_ARGUMENT, "0 <= slope <= 1"},
    {"input(3) | dense(3, activation=^selu)", DAE_ERROR_FORMAT, "leaky_relu"},
    {"input(3) | ^conv(3)", DAE_ERROR_FORMAT, "concatenate"},
    {"input(3) | dense(3, ^bias=maybe)", DAE_ERROR_FORMAT, "yes or no"},
    {"input(3) | relu |^", DAE_ERROR_FORMAT, "end of the text"},
    {"input(3) | ^dense(3, slope=0.2)", DAE_ERROR_ARGUMENT, "slope only with"},
    {"input(1, 8, 8) | unet(2, 1) | ^unet(2, 1)", DAE_ERROR_ARGUMENT,
     "unet: there is a value 'e1' already, expected another label"},
    {"input(1, 8, 6) | ^unet(2, 2)", DAE_ERROR_SHAPE, "unet: max_pool takes sides of 2 and"},
    {"input(8) | ^unet(2, 2)", DAE_ERROR_SHAPE, "conv2d takes channels x height x width, found 8"},
    {"input(1, 8, 8) | ^signal_unet(2, 2)", DAE_ERROR_SHAPE,
     "conv1d takes channels x length, found 1 x 8 x 8"},
    {"input(1, 8, 8) | ^unet(2)", DAE_ERROR_FORMAT, "needs depth"},
    {"input(1, 8, 8) | unet(2, ^9)", DAE_ERROR_ARGUMENT, "1 <= depth <= 8"},
    {"input(1, 8, 8) | dncnn(^1, 8)", DAE_ERROR_ARGUMENT, "2 <= depth <= 250"},
    {"input(1, 8, 8) | gain | ^dncnn(2, 8)", DAE_ERROR_ARGUMENT, "expected a label there"},
    {"input(1, 8, 8) | conv2d(1, 3) as noise | ^dncnn(2, 8)", DAE_ERROR_ARGUMENT, "'noise' already"},
    {"input(1, any) | ^dense_autoencoder(3)", DAE_ERROR_SHAPE,
     "dense_autoencoder: it takes a value of one size, found 1 x any"},
    {"input(3) | ^dense_autoencoder", DAE_ERROR_FORMAT, "needs hidden"},
};
enum { WRONG = sizeof wrong / sizeof *wrong };

/* The text without its mark, which stood at the position that is returned, counted from 1. */
static size_t without_mark(const char *marked, char *text) {
    size_t at = strcspn(marked, "^");
    memcpy(text, marked, at);
    strcpy(text + at, marked + at + (marked[at] != '\0'));
    return at + 1;
}

START_TEST(what_is_wrong_is_named_where_it_stands) {
    char text[256];
    size_t position = without_mark(wrong[_i].text, text);
    dae_model *model = NULL;
    fails(dae_model_parse(&model, text), wrong[_i].status, wrong[_i].word);
    ck_assert_msg(dae_last_error_position() == position, "%s: position %zu, not %zu: %s", text,
                  dae_last_error_position(), position, dae_last_error());
    ck_assert(model == NULL);
}
END_TEST

/* The same of an extension, half of which is good; afterwards the good half can be added, labels and all. */
START_TEST(an_extension_is_all_or_nothing) {
    static const char prefix[] = "input(3) | ";
    char text[256];
    if (strncmp(wrong[_i].text, prefix, strlen(prefix)) != 0 || strstr(wrong[_i].text, "^input") != NULL)
        return;
    without_mark(wrong[_i].text + strlen(prefix), text);
    dae_model *model = unset_from("input(3) | dense(3) as before | from(input) | gain");
    char *before = text_of(model);
    size_t parameters = 0, expected = 3 * 3 + 3 + 3;
    fails(dae_model_extend(model, text), wrong[_i].status, wrong[_i].word);
    ck_assert_uint_gt(dae_last_error_position(), 0);
    char *after = text_of(model);
    ck_assert_str_eq(after, before);
    ck_assert_uint_eq(layers_of(model), 2);
    ok(dae_model_get_parameter_count(model, &parameters));
    ck_assert_uint_eq(parameters, expected);
    ok(dae_model_extend(model, "dense(3) as a | add(before)"));
    ck_assert_uint_eq(layers_of(model), 4);
    free(before);
    free(after);
    dae_model_free(model);
}
END_TEST

START_TEST(other_ways_to_add_are_refused) {
    dae_model *model = unset_from("input(3) | dense(3) as a");
    dae_layer *layer = NULL;
    fails(dae_layer_parse(&layer, "from(input)"), DAE_ERROR_FORMAT, "expected a layer");
    fails(dae_layer_parse(&layer, "input(3)"), DAE_ERROR_FORMAT, "expected a layer");
    fails(dae_layer_parse(&layer, "unet(2, 1)"), DAE_ERROR_FORMAT, "found 'unet', expected a layer");
    fails(dae_layer_parse(&layer, "relu | relu"), DAE_ERROR_FORMAT, "another layer");
    ck_assert(layer == NULL);
    ok(dae_layer_parse(&layer, "add(b)"));
    fails(dae_model_add(model, layer), DAE_ERROR_ARGUMENT, "dae_model_add: there is no value 'b'");
    ok(dae_model_extend(model, "relu as b"));
    ok(dae_model_add(model, layer));
    fails(dae_model_add(model, layer), DAE_ERROR_STATE, "in a model already");
    ok(dae_model_initialize(model, 1));
    fails(dae_model_extend(model, "relu"), DAE_ERROR_STATE, "has its parameters");
    ck_assert_uint_eq(layers_of(model), 3);
    dae_layer_free(layer);
    dae_model_free(model);
}
END_TEST

/* ---- Very many layers ------------------------------------------------------------------------- */

enum { MOST = 256 };

START_TEST(layers_up_to_the_most) {
    dae_model *model = unset_from("input(3) | relu");
    for (size_t i = 1; i < MOST; i++)
        ok(dae_model_extend(model, "linear"));
    fails(dae_model_extend(model, "linear"), DAE_ERROR_STATE, "256 layers");
    fails(add_layer(model, "linear"), DAE_ERROR_STATE, "256 layers");
    ck_assert_uint_eq(layers_of(model), MOST);
    dae_model_free(model);
}
END_TEST

/* Each value is read by the next two layers, so that paths double with every layer: work must not. Each halves, so that
 * values stay small. */
static char *doubling_text(size_t width) {
    enum { PAIRS = (MOST - 2) / 2 };
    char *text = must_have(64 * MOST);
    size_t length = (size_t)sprintf(text, "input(%zu) | gain as v0", width);
    for (size_t i = 0; i < PAIRS; i++)
        length += (size_t)sprintf(text + length, " | add(v%zu) | tanh as v%zu", i, i + 1);
    sprintf(text + length, " | gain");
    return text;
}

START_TEST(deep_networks_take_no_longer) {
    char *text = doubling_text(8);
    dae_model *model = NULL;
    ok(dae_model_parse(&model, text));
    ck_assert_uint_eq(layers_of(model), MOST);
    ok(dae_model_initialize(model, 1));
    dae_trainer *trainer = adam_trainer(model, 1e-3, "mse");
    dae_session *session = NULL;
    float *x = random_floats(40 * 8, -1, 1, 1), y[40 * 8], again[40 * 8];
    double loss = 0;
    for (size_t i = 0; i < 3; i++)
        ok(dae_trainer_step(trainer, x, x, 40, &loss));
    ok(dae_session_create(&session, model, 40));
    ok(dae_session_run(session, x, 40, y));
    char *once = text_of(model);
    dae_model *copy = NULL, *slice = NULL;
    ok(dae_model_copy(&copy, model));
    char *copied = text_of(copy);
    ck_assert_str_eq(copied, once);
    ok(dae_model_slice(&slice, model, "v20", "v90"));
    ck_assert_uint_eq(layers_of(slice), 140);
    dae_session_free(session);
    session = NULL;
    ok(dae_session_create(&session, copy, 40));
    ok(dae_session_run(session, x, 40, again));
    same_floats(again, y, 40 * 8);
    dae_session_free(session);
    dae_trainer_free(trainer);
    dae_model_free(slice);
    dae_model_free(copy);
    dae_model_free(model);
    free(once);
    free(copied);
    free(text);
    free(x);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("network_text");
    TCase *good = add_case(suite, "there and back");
    tcase_add_loop_test(good, texts_are_written_and_read_again, 0, TEXTS);
    tcase_add_test(good, ready_networks_without_memory);
    tcase_add_loop_test(good, ready_networks_are_what_they_are_made_of, 0, NETWORKS);
    tcase_add_test(good, all_ways_to_make_one_agree);
    tcase_add_test(good, a_table_names_what_layers_read);
    TCase *bad = add_case(suite, "refused");
    tcase_add_loop_test(bad, what_is_wrong_is_named_where_it_stands, 0, WRONG);
    tcase_add_loop_test(bad, an_extension_is_all_or_nothing, 0, WRONG);
    tcase_add_test(bad, other_ways_to_add_are_refused);
    TCase *many = add_case(suite, "many layers");
    tcase_add_test(many, layers_up_to_the_most);
    tcase_add_test(many, deep_networks_take_no_longer);
    return suite_main(suite);
}
