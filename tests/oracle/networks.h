/* Ten-step training trajectories of networks that are no chains.
 *
 * Made by tests/oracle/networks.py with PyTorch's autograd in float64. To remake it:
 *
 *   /usr/bin/python3 tests/oracle/networks.py
 *
 * Data, batches and steps of a case are as trajectories.h says. The worst distance of the same run in float32
 * was 1.7e-07 in a loss (relative) and 1.1e-07 in a parameter (absolute).
 */
/* clang-format off */
#ifndef TESTS_ORACLE_NETWORKS_H
#define TESTS_ORACLE_NETWORKS_H

#include "trajectories.h"

#define ORACLE_NETWORK_COUNT 10

/* As an oracle_trajectory, of the network of a text. */
typedef struct oracle_network {
    const char *name, *text;
    size_t inputs, outputs;
    const char *loss;
    int32_t adam; /* 1: Adam with beta1, beta2, epsilon; 0: SGD with momentum, nesterov */
    double learning_rate;
    double momentum;
    int32_t nesterov;
    double beta1;
    double beta2;
    double epsilon;
    uint64_t seed;
    double losses[ORACLE_STEPS];
    size_t parameter_count;
    double sum;
    double sum_of_squares;
    size_t chosen[ORACLE_CHOSEN];
    double values[ORACLE_CHOSEN];
} oracle_network;

static const oracle_network ORACLE_NETWORKS[ORACLE_NETWORK_COUNT] = {
    {"residual mse adam",
     "input(10) | dense(8, activation=tanh) as h | dense(7, activation=relu) | dense(8) | add(h) | relu | dense(10) as noise | from(input) | subtract(noise)",
     10, 10, "mse",
     1, 0.01, 0, 0, 0.9, 0.999, 1e-07, 1,
     {0.8966893257, 0.7516111094, 0.7161582675, 0.614236105, 0.5786957837,
      0.5066885025, 0.4783828057, 0.424344582, 0.4026961782, 0.3672351047},
     305, 2.443008293, 27.64204202, {0, 60, 121, 182, 243, 304},
     {0.3817328424, -0.4795683175, 0.3006713705, -0.2846987084, 0.2336722056, 0.3950301311}},
    {"residual mse nesterov",
     "input(10) | dense(8, activation=tanh) as h | dense(7, activation=relu) | dense(8) | add(h) | relu | dense(10) as noise | from(input) | subtract(noise)",
     10, 10, "mse",
     0, 0.0625, 0.9, 1, 0, 0, 0, 1,
     {0.8966893257, 0.7293381852, 0.667528948, 0.5129263614, 0.4584669813,
      0.3584132434, 0.3419026663, 0.311710567, 0.3087123488, 0.3210172389},
     305, -0.7272103103, 27.08940396, {0, 60, 121, 182, 243, 304},
     {0.3650811443, -0.4737768862, 0.369890861, -0.2518871761, 0.2187184144, 0.3249408609}},
    {"unet mse adam",
     "input(12) | dense(10, activation=relu) as e1 | dense(8, activation=relu) as e2 | dense(6, activation=leaky_relu(0.1)) as e3 | dense(4, activation=tanh) as code | dense(6, activation=relu) | concatenate(e3, code) | dense(8, activation=relu) | concatenate(e2, code) | dense(10, activation=relu) | concatenate(e1) | dense(12, activation=sigmoid)",
     12, 12, "mse",
     1, 0.01, 0, 0, 0.9, 0.999, 1e-07, 2,
     {0.1114506827, 0.1175256605, 0.09342948169, 0.1024755643, 0.08405058482,
      0.09217367966, 0.07839828821, 0.08575754955, 0.07521334779, 0.08146178256},
     928, -9.696974457, 77.43543716, {0, 185, 370, 556, 741, 927},
     {-0.06664417825, 0.09477014171, -0.4024575465, -0.4498372076, 0.03650034656, -0.1065772404}},
    {"unet bce momentum",
     "input(12) | dense(10, activation=relu) as e1 | dense(8, activation=relu) as e2 | dense(6, activation=leaky_relu(0.1)) as e3 | dense(4, activation=tanh) as code | dense(6, activation=relu) | concatenate(e3, code) | dense(8, activation=relu) | concatenate(e2, code) | dense(10, activation=relu) | concatenate(e1) | dense(12, activation=sigmoid)",
     12, 12, "bce",
     0, 0.0625, 0.9, 0, 0, 0, 0, 2,
     {0.7647023117, 0.7874043223, 0.7587004186, 0.7776020278, 0.7480522157,
      0.7642633803, 0.7365809356, 0.7512403927, 0.7260563728, 0.7400017518},
     928, -12.12689617, 78.09600378, {0, 185, 370, 556, 741, 927},
     {-0.1576441503, 0.1179563137, -0.4071392035, -0.4997977475, 0.08213540429, -0.1609754703}},
    {"tied bce adam",
     "input(9) | dense(5, activation=sigmoid) as h | dense(tied=h, activation=sigmoid)",
     9, 9, "bce",
     1, 0.01, 0, 0, 0.9, 0.999, 1e-07, 1,
     {0.7028888242, 0.7122489759, 0.6980826845, 0.7078425665, 0.6947471765,
      0.7038993289, 0.6920998396, 0.7005453733, 0.6900264558, 0.6977795657},
     59, -0.2876323484, 3.572007398, {0, 11, 23, 34, 46, 58},
     {0.319732147, 0.07952978562, -0.1488941765, 0.2579191906, 0.1650589799, -0.1491278607}},
    {"tied mse sgd",
     "input(9) | dense(5, activation=sigmoid) as h | dense(tied=h, activation=sigmoid)",
     9, 9, "mse",
     0, 0.25, 0, 0, 0, 0, 0, 1,
     {0.08894360469, 0.09107300382, 0.08873070304, 0.09075657535, 0.08852402905,
      0.09044832957, 0.08832342188, 0.09014808225, 0.08812872316, 0.08985565104},
     59, -1.321200322, 3.751375968, {0, 11, 23, 34, 46, 58},
     {0.3931962013, -0.0002667909437, -0.09619735668, 0.1673039449, 0.1259309885, -0.2238657697}},
    {"stacked mse adam",
     "input(9) | dense(7, activation=tanh) as h1 | dense(6, activation=relu) as h2 | dense(4, activation=tanh) as h3 | dense(tied=h3, activation=relu) | dense(tied=h2, activation=tanh) | dense(tied=h1)",
     9, 9, "mse",
     1, 0.01, 0, 0, 0.9, 0.999, 1e-07, 1,
     {0.3824957817, 0.3481356911, 0.3200606181, 0.2853489037, 0.2721930063,
      0.2395758275, 0.2313717633, 0.204707275, 0.1975336993, 0.1793803222},
     168, 2.438264139, 15.58356651, {0, 33, 66, 100, 133, 167},
     {0.4851455964, 0.1964683988, -0.338948924, 0.3966975491, 0.02247595092, 0.1731700221}},
    {"stacked mse momentum",
     "input(9) | dense(7, activation=tanh) as h1 | dense(6, activation=relu) as h2 | dense(4, activation=tanh) as h3 | dense(tied=h3, activation=relu) | dense(tied=h2, activation=tanh) | dense(tied=h1)",
     9, 9, "mse",
     0, 0.0625, 0.9, 0, 0, 0, 0, 1,
     {0.3824957817, 0.3756942212, 0.3323824677, 0.2898970164, 0.2522355566,
      0.2031823117, 0.1779190246, 0.1382402438, 0.1261159081, 0.1014940285},
     168, 3.128184354, 15.20884739, {0, 33, 66, 100, 133, 167},
     {0.426829761, 0.1723550929, -0.3292680189, 0.4075085092, -0.02855907148, 0.3043792582}},
    {"twice mse adam_options",
     "input(8) | dense(5, activation=tanh) as h | dense(tied=h, activation=tanh) as y | from(h) | gain | dense(tied=h, bias=no) | add(y)",
     8, 8, "mse",
     1, 0.02, 0, 0, 0.8, 0.95, 0.01, 1,
     {0.3802404166, 0.4368176494, 0.3320914253, 0.3878413768, 0.285614873,
      0.3398925, 0.2437954009, 0.2953526489, 0.2071008524, 0.2547634138},
     58, -0.4431545313, 3.435353869, {0, 11, 22, 34, 45, 57},
     {0.3335017522, -0.01550270903, -0.3359761811, 0.146661716, -0.1290435104, -0.1415149213}},
    {"twice mse sgd",
     "input(8) | dense(5, activation=tanh) as h | dense(tied=h, activation=tanh) as y | from(h) | gain | dense(tied=h, bias=no) | add(y)",
     8, 8, "mse",
     0, 0.25, 0, 0, 0, 0, 0, 1,
     {0.3802404166, 0.417783759, 0.3007008759, 0.3453377468, 0.2405650632,
      0.2880101154, 0.1961917884, 0.2432590179, 0.1636252849, 0.2084093341},
     58, 0.07404397996, 3.508367248, {0, 11, 22, 34, 45, 57},
     {0.3594537888, -0.01908080494, -0.3658505691, 0.1572294956, -0.03117282964, -0.09178552742}},
};

#endif
/* clang-format on */
