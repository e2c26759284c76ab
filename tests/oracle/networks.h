/* Ten-step training trajectories of networks that are no chains.
 *
 * Made by tests/oracle/networks.py with PyTorch's autograd in float64. To remake it:
 *
 *   /usr/bin/python3 tests/oracle/networks.py
 *
 * Data, batches and steps of a case are as trajectories.h says. The worst distance of the same run in float32
 * was 1.2e-06 in a loss (relative) and 1.4e-07 in a parameter (absolute).
 */
/* clang-format off */
#ifndef TESTS_ORACLE_NETWORKS_H
#define TESTS_ORACLE_NETWORKS_H

#include "trajectories.h"

#define ORACLE_NETWORK_COUNT 16

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
    {"activations mse adam",
     "input(8) | dense(7, activation=elu(0.75)) | dense(6) | gelu | dense(5) | gelu(tanh=yes) | dense(6, activation=silu) | dense(7, activation=softplus) | dense(6, activation=hard_sigmoid) | dense(5, activation=softsign) | dense(8) | prelu | softmax",
     8, 8, "mse",
     1, 0.01, 0, 0, 0.9, 0.999, 1e-07, 1,
     {0.2060983656, 0.2197968388, 0.2050654834, 0.2190933123, 0.2041683874,
      0.218457531, 0.2033410031, 0.2179131394, 0.2025766613, 0.217457011},
     370, 10.62271061, 33.13611594, {0, 73, 147, 221, 295, 369},
     {0.4098644297, 0.21937299, -0.2707100024, -0.3154212114, 0.5044749006, 0.4105783701}},
    {"activations mse adam_options",
     "input(8) | dense(7, activation=elu(0.75)) | dense(6) | gelu | dense(5) | gelu(tanh=yes) | dense(6, activation=silu) | dense(7, activation=softplus) | dense(6, activation=hard_sigmoid) | dense(5, activation=softsign) | dense(8) | prelu | softmax",
     8, 8, "mse",
     1, 0.02, 0, 0, 0.8, 0.95, 0.01, 1,
     {0.2060983656, 0.219837929, 0.2059869674, 0.2197351887, 0.2058396187,
      0.2196065352, 0.2056715832, 0.219463372, 0.205491358, 0.2193121831},
     370, 5.288208762, 31.24597937, {0, 73, 147, 221, 295, 369},
     {0.4031391883, 0.2081441716, -0.2276217646, -0.3258980266, 0.4189549415, 0.4105783701}},
    {"picture mse momentum",
     "input(8) | dense(48, activation=tanh) | reshape(2, 4, 6) | max_pool(2) | prelu | pad(1, mode=reflect) | upsample(2, method=bilinear) | average_pool(4, stride=2) | pad(1, mode=replicate) | silu as s | concatenate(s) | depth_to_space(2) | upsample(2) | space_to_depth(2) | softmax | pad(1) | crop(2) | dense(8)",
     8, 8, "mse",
     0, 0.0625, 0.9, 0, 0, 0, 0, 1,
     {2.935296786, 1.440303356, 0.1381939369, 0.4256903179, 1.562920944,
      1.825539102, 1.165336745, 0.2233662076, 0.1482220817, 0.7648865367},
     3002, -8.476503478, 252.7346078, {0, 600, 1200, 1800, 2400, 3001},
     {0.4031374454, -0.3633696821, -0.1236185799, -0.205520807, -0.3508625661, -0.3010264815}},
    {"picture mse nesterov",
     "input(8) | dense(48, activation=tanh) | reshape(2, 4, 6) | max_pool(2) | prelu | pad(1, mode=reflect) | upsample(2, method=bilinear) | average_pool(4, stride=2) | pad(1, mode=replicate) | silu as s | concatenate(s) | depth_to_space(2) | upsample(2) | space_to_depth(2) | softmax | pad(1) | crop(2) | dense(8)",
     8, 8, "mse",
     0, 0.0625, 0.9, 1, 0, 0, 0, 1,
     {2.935296786, 0.524686203, 0.1281606633, 0.4808810231, 0.6169528449,
      0.3167092364, 0.1370937842, 0.07671833009, 0.0979743497, 0.1231078451},
     3002, 15.02762153, 252.6226549, {0, 600, 1200, 1800, 2400, 3001},
     {0.4031374454, -0.35835033, -0.1208545726, -0.1893572988, -0.3442084215, -0.2835388015}},
    {"signal mse adam",
     "input(8) | dense(24, activation=tanh) | reshape(4, 6) | max_pool(2) | upsample(3, method=bilinear) | pad(2, mode=reflect) | average_pool(3, stride=2) | pad(1, mode=replicate) | prelu | upsample(2) | softmax | crop(2) | dense(8)",
     8, 8, "mse",
     1, 0.01, 0, 0, 0.9, 0.999, 1e-07, 1,
     {0.4944300257, 0.421657042, 0.2902835555, 0.2827665465, 0.1869497023,
      0.205495953, 0.1355845438, 0.1556503362, 0.1067179813, 0.1179511352},
     612, 16.92189419, 50.67368438, {0, 122, 244, 366, 488, 611},
     {0.4637488394, 0.36956103, -0.06500343195, 0.1560809889, -0.3766772113, 0.1479158449}},
    {"signal mse adam_options",
     "input(8) | dense(24, activation=tanh) | reshape(4, 6) | max_pool(2) | upsample(3, method=bilinear) | pad(2, mode=reflect) | average_pool(3, stride=2) | pad(1, mode=replicate) | prelu | upsample(2) | softmax | crop(2) | dense(8)",
     8, 8, "mse",
     1, 0.02, 0, 0, 0.8, 0.95, 0.01, 1,
     {0.4944300257, 0.4111851564, 0.2700147312, 0.230656549, 0.1426574577,
      0.1446114965, 0.09822609546, 0.1106460375, 0.08924159376, 0.09399901217},
     612, 16.82985594, 50.58926284, {0, 122, 244, 366, 488, 611},
     {0.4068245454, 0.3906353288, -0.06037541252, 0.1440114647, -0.3812539076, 0.1361644965}},
};

#endif
/* clang-format on */
