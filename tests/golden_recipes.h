/* Texts in the language of recipes and how they are written: every kind of text that the library has ever written, and texts
 * as people write them. Those of files must be read for ever. */
#ifndef DAE_TESTS_GOLDEN_RECIPES_H
#define DAE_TESTS_GOLDEN_RECIPES_H

#include <stddef.h>

/* `written` is NULL for a text that stays as it is. */
static const struct {
    const char *text, *written;
} golden_recipes[] = {
    /* In model files and checkpoints of 0.1: noise, schedules, optimizers, architectures. */
    {"", NULL},
    {"gaussian(mean=0.5, stddev=0.5)", NULL},
    {"gaussian(mean=0.5, stddev=0.5) | clip(low=0, high=1)", NULL},
    {"gaussian(mean=-0.25, stddev=0)", NULL},
    {"uniform(low=-0.3, high=0.7)", NULL},
    {"masking(rate=0.25) | salt_pepper(rate=0.1, low=-0.5, high=1.5)", NULL},
    {"clip(low=0, high=1) | masking(rate=1) | clip(low=-8, high=9) | uniform(low=0, high=0)", NULL},
    {"constant", NULL},
    {"exponential(steps=1000, rate=0.96, staircase=0)", NULL},
    {"exponential(steps=7, rate=0.3333333333333333, staircase=1)", NULL},
    {"inverse_time(steps=20, rate=1.5, staircase=0)", NULL},
    {"polynomial(steps=30, end=0.0001, power=1)", NULL},
    {"cosine(steps=123456789012345, alpha=0.1, warmup=1e+15)", NULL},
    {"adam(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-07)", NULL},
    {"sgd(learning_rate=0.01, momentum=0, nesterov=0)", NULL},
    {"input(784) | dense(units=128, activation=relu, initializer=glorot_uniform)"
     " | dense(units=784, activation=relu, initializer=glorot_uniform)",
     NULL},
    {"input(1, 28, 28) | dense(units=32, activation=leaky_relu, slope=0.3, initializer=he_normal)"
     " | dropout(rate=0.5) | dense(units=784, activation=sigmoid, initializer=zeros)",
     NULL},
    {"input(4) | dense(units=3, activation=leaky_relu, slope=0.30000001192092896, initializer=he_uniform)"
     " | dense(units=4, activation=linear, initializer=glorot_normal)",
     NULL},

    /* Layers as people write them. */
    {"input(784) | dense(128, activation=relu) as code | dense(784, activation=relu)", NULL},
    {"# A sparse autoencoder. The code has a name, so that penalties and slices find it.\n"
     "input(784)\n"
     "| dense(400, activation=sigmoid) as code\n"
     "| dense(784, activation=sigmoid)   # pixels in [0, 1]\n",
     "input(784) | dense(400, activation=sigmoid) as code | dense(784, activation=sigmoid)"},
    {"input(1, any, any)"
     " | conv2d(32, 3, activation=relu) | conv2d(32, 3, activation=relu) as e1 | max_pool(2)"
     " | conv2d(64, 3, activation=relu) | conv2d(64, 3, activation=relu) as e2 | max_pool(2)"
     " | conv2d(128, 3, activation=relu) as code"
     " | conv2d_transpose(64, 2, stride=2) | concatenate(e2) | conv2d(64, 3, activation=relu)"
     " | conv2d_transpose(32, 2, stride=2) | concatenate(e1) | conv2d(32, 3, activation=relu)"
     " | conv2d(1, 1)",
     NULL},
    {"input(1, any, any) | unet(channels=32, depth=2)", NULL},
    {"conv2d(1, 3, bias=no) as noise | from(input) | subtract(noise)", NULL},
    {"input(1, any, any) | dncnn(depth=8, channels=32, bias=no, batch_norm=no)", NULL},
    {"input(784) | dense(1000, activation=sigmoid) as h1 | dense(tied=h1, activation=sigmoid)", NULL},
    {"input(784) | dense(1000, activation=sigmoid) as h1 | dense(10) | softmax as class", NULL},
    {"input(2, any, any) | conv2d(48, 3, activation=relu) | conv2d(1, 3) as noise"
     " | from(input) | channels(0, 1) | subtract(noise)",
     NULL},
    {"input(256) | dense(512, activation=leaky_relu(0.1)) | dense(256)", NULL},
    {"input(1, 256) | signal_unet(channels=16, depth=3)", NULL},
    {"input(1, any, any)"
     " | conv2d(64, 3, activation=relu) as features.0"
     " | conv2d(64, 3) as features.2 | batch_norm as features.3 | relu"
     " | conv2d(1, 3) as head | from(input) | subtract(head)",
     NULL},

    /* Noise, objectives, optimizers, data, and ways to apply and export. */
    {"gaussian(mean=0.5, stddev=0.5) | clip(0, 1)", NULL},
    {"gaussian(uniform(0, 0.3) as level)", NULL},
    {"gaussian(uniform(20, 120)) | clip(0, 4095)", NULL},
    {"gaussian(uniform(0.05, 0.5)) | impulses(rate=0.004, size=3)", NULL},
    {"poisson(peak=30) | clip(0, 1)", NULL},
    {"mix(street, snr=uniform(0, 20))"
     " | one_of(0.6: gaussian(uniform(0.001, 0.02)),"
     "          0.3: hum(frequency=50, rate=16000, amplitude=log_uniform(0.001, 0.05))"
     "               | clipping(uniform(0.5, 0.9)),"
     "          0.1: none)"
     " | sometimes(0.2, quantise(choice(256, 4096), low=-1, high=1))",
     "mix(street, snr=uniform(0, 20)) | one_of(0.6: gaussian(uniform(0.001, 0.02)), 0.3: hum(frequency=50, "
     "rate=16000, "
     "amplitude=log_uniform(0.001, 0.05)) | clipping(uniform(0.5, 0.9)), 0.1: none) | sometimes(0.2, "
     "quantise(choice(256, 4096), low=-1, high=1))"},
    {"bce | kl_sparsity(target=0.05, weight=0.1, of=code) | l2(weight=1e-5)",
     "bce | kl_sparsity(target=0.05, weight=0.1, of=code) | l2(weight=1e-05)"},
    {"bce | contractive(weight=0.1, of=code)", NULL},
    {"mse(missing=skip)", NULL},
    {"huber(0.1)", NULL},
    {"adam(1e-3)", "adam(0.001)"},
    {"sgd(0.1, momentum=0.9)", NULL},
    {"adam(1e-4) | clip_norm(1) | cosine(epochs=5)", "adam(0.0001) | clip_norm(1) | cosine(epochs=5)"},
    {"adam(4e-4) | cosine(epochs=100)", "adam(0.0004) | cosine(epochs=100)"},
    {"idx(scaled=no)", NULL},
    {"png(channels=1)", NULL},
    {"png(bits=8)", NULL},
    {"crops(16000, count=4)", NULL},
    {"crops(64, 64, count=8) | augment(flips=yes, turns=yes)", NULL},
    {"blind_spots(rate=0.02, radius=2)", NULL},
    {"level_map(level)", NULL},
    {"part(0, 0.8) | windows(256, hop=64) | repeat(4)", NULL},
    {"part(0.8, 1) | windows(256, hop=64)", NULL},
    {"tiles(memory=3e8)", "tiles(memory=300000000)"},
    {"c(name=dncnn, type=int8, height=40, width=40)", NULL},
    {"raw(type=u8, shape=[28, 28], offset=16)", NULL},

    /* Everything that the grammar has. */
    {"a", NULL},
    {"a()", "a"},
    {" a ( ) ", "a"},
    {"a|b\n|\tc", "a | b | c"},
    {"A_1.b.2(x)", NULL},
    {"a as a.0.weight | b(1) as _", NULL},
    {"as as as", NULL},
    {"ask(as=1)", NULL},
    {"a([])", NULL},
    {"a([1,[2,b]],[ c | d(1) as e ])", "a([1, [2, b]], [c | d(1) as e])"},
    {"a(1:b,x=.5 : c|d)", "a(1: b, x=0.5: c | d)"},
    {"a(b(c(d(e(f(g(h))))))) | a(b(c(d(e(f(g([1])))))))", NULL},
    {"a # (, b\n(1) # the end", "a(1)"},
    {"#", ""},
    {"\t \r\n", ""},
    {"a(+1, -.5, 5., 1E3, 0.25e+1, 250e-1, 000.5)", "a(1, -0.5, 5, 1000, 2.5, 25, 0.5)"},
    {"a(0.1, 0.3333333333333333, 1e-300, 1e+22, 123456789012345, -0)", NULL},
    {"a(0.10000000000000000, 1e15, 4.9406564584124654e-324)", "a(0.1, 1e+15, 5e-324)"},
};
enum { GOLDEN_RECIPES = sizeof golden_recipes / sizeof *golden_recipes };

#endif
