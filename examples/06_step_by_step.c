/* Training driven from outside, one batch at a time.
 *
 * For signals that arrive as a stream and are never seen twice, with a learning rate that falls, and
 * with a look at every gradient. Here the signals are short pieces of vibration, made on the spot. */
#include <math.h>

#include "check.h"

enum {
    LENGTH = 64, /* values of one signal */
    BATCH = 32,
    STEPS = 600
};

/* What a sensor might see: a sum of two sines of random pitch, height and phase. */
static void make_signals(dae_rng *rng, float *signals) {
    float random[BATCH * 6];
    check(dae_rng_fill_uniform(rng, random, BATCH * 6, 0.0, 1.0));
    for (int b = 0; b < BATCH; b++) {
        const float *r = random + b * 6;
        for (int i = 0; i < LENGTH; i++) {
            float t = (float)i / LENGTH * 6.2831853f;
            signals[b * LENGTH + i] = r[0] * sinf((1 + 2 * r[1]) * t + 6.2831853f * r[2]) +
                                      0.5f * r[3] * sinf((3 + 3 * r[4]) * t + 6.2831853f * r[5]);
        }
    }
}

/* Sees each gradient before it is used. Here it is limited in length; programs that train together
 * would sum theirs in such a function. */
static int32_t limit_gradient(float *gradients, size_t count, void *user) {
    const double most = 0.1;
    int *limited = user;
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        squares += (double)gradients[i] * (double)gradients[i];
    }
    if (sqrt(squares) > most) {
        float factor = (float)(most / sqrt(squares));
        for (size_t i = 0; i < count; i++) {
            gradients[i] *= factor;
        }
        ++*limited;
    }
    return 0; /* anything else would make the step fail */
}

static dae_model *build(void) {
    const size_t shape[] = {LENGTH};
    dae_model *model = NULL;
    dae_layer *hidden = NULL, *output = NULL;
    check(dae_model_create(&model, 1, shape));
    check(dae_layer_create_dense(&hidden, 48, "tanh"));
    check(dae_layer_create_dense(&output, LENGTH, NULL)); /* linear: signals have both signs */
    check(dae_model_add(model, hidden));
    check(dae_model_add(model, output));
    check(dae_model_initialize(model, 1));
    dae_layer_free(hidden);
    dae_layer_free(output);
    return model;
}

int main(int argc, char **argv) {
    no_arguments(argc, argv, "Shows training that is driven from outside, batch by batch.");
    static float clean[BATCH * LENGTH], noisy[BATCH * LENGTH];
    int limited = 0;
    double first = 0, last = 0, sum = 0;
    dae_model *model = build();
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    dae_rng *rng = NULL;
    check(dae_rng_create(&rng, 1, 0));
    check(dae_optimizer_create_adam(&adam, 1e-2));
    check(dae_trainer_create(&trainer, model, adam, "mse"));
    check(dae_trainer_set_gradient_hook(trainer, limit_gradient, &limited));

    printf("signals with noise N(0, 0.5), which has an MSE of 0.2500\n");
    for (int step = 1; step <= STEPS; step++) {
        double loss;
        make_signals(rng, clean);
        for (int i = 0; i < BATCH * LENGTH; i++) {
            noisy[i] = clean[i];
        }
        check(dae_add_gaussian_noise(noisy, BATCH * LENGTH, 0.0, 0.5, rng));
        check(dae_trainer_step(trainer, noisy, clean, BATCH, &loss));
        sum += loss;
        if (step % 100 == 0) {
            double rate;
            last = sum / 100;
            first = step == 100 ? last : first;
            sum = 0;
            check(dae_optimizer_get(adam, "learning_rate", &rate));
            printf("steps %3d to %3d: MSE %.4f at learning rate %.4f\n", step - 99, step, last, rate);
            check(dae_optimizer_set(adam, "learning_rate", rate * 0.6));
        }
    }
    printf("%d of %d gradients were limited\n", limited, STEPS);

    dae_rng_free(rng);
    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
    dae_model_free(model);
    return finish(last < first ? EXIT_SUCCESS : EXIT_FAILURE);
}
