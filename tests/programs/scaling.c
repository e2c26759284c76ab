/* Counts of an ADC, 2000 +- 300, with noise; clean counts out. Nothing else in the program knows of scaling.
 * */
#include "try.h"

#include <math.h>

enum { COUNT = 600, SIZE = 64 };

/* Sines of other lengths and phases. */
static void make_counts(float *counts) {
    for (int i = 0; i < COUNT * SIZE; i++) {
        int sample = i / SIZE, t = i % SIZE;
        counts[i] = (float)(2000 + 420 * sin(0.11 * (1 + sample % 7) * t + 0.37 * sample));
    }
}

int main(void) {
    static float values[COUNT * SIZE];
    dae_dataset *counts = NULL, *train = NULL, *test = NULL, *noisy_train = NULL, *noisy_test = NULL;
    dae_noise *noise = NULL;
    dae_model *model = NULL, *loaded = NULL;
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    dae_report *report = NULL;
    dae_session *session = NULL;
    double before, after;
    char text[256];
    float in[SIZE], out[SIZE];
    const size_t shape[] = {SIZE};

    make_counts(values);
    TRY(dae_dataset_borrow_array(&counts, values, COUNT, 1, shape, NULL, NULL));
    TRY(dae_dataset_split(&train, &test, counts, COUNT * 4 / 5));
    TRY(dae_noise_parse(&noise, "gaussian(120) | clip(0, 4095)")); /* in counts */
    TRY(dae_dataset_corrupt(&noisy_train, train, noise, DAE_NOISE_FRESH, 1));
    TRY(dae_dataset_corrupt(&noisy_test, test, noise, DAE_NOISE_ONCE, 2));

    TRY(dae_model_parse(&model, "input(64) | dense(128, activation=relu) | dense(64)"));
    TRY(dae_model_initialize(model, 1));
    TRY(dae_model_set_scaling(model, "standard", train));
    TRY(dae_model_format_scaling(model, text, sizeof text, NULL));
    puts(text); /* affine(scale=0.0033..., offset=-6.7..., peak=840...) */

    TRY(dae_optimizer_parse(&adam, "adam(3e-3) | cosine(epochs=60)"));
    TRY(dae_trainer_create(&trainer, model, adam, "huber(0.5)")); /* delta in stddevs: losses are scaled */
    TRY(dae_trainer_set_validation(trainer, noisy_test));
    TRY(dae_trainer_fit(trainer, noisy_train, 60));
    TRY(dae_model_evaluate(&report, model, noisy_test));
    TRY(dae_report_get(report, "input_snr", &before));
    TRY(dae_report_get(report, "snr", &after));
    printf("SNR %.1f dB before, %.1f dB after\n", before, after);
    TRY(dae_model_set_note(model, "sensor", "ADXL355, gain 8"));
    TRY(dae_model_save(model, "adc.safetensors"));

    TRY(dae_model_load(&loaded, "adc.safetensors"));
    TRY(dae_model_get_note(loaded, "sensor", text, sizeof text, NULL));
    TRY(dae_session_create(&session, loaded, 1));
    TRY(dae_dataset_read(noisy_test, 0, 0, 1, in, NULL));
    TRY(dae_session_run(session, in, 1, out)); /* counts, both */
    printf("%s: %.0f counts became %.0f\n", text, in[0], out[0]);

    dae_session_free(session);
    dae_report_free(report);
    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
    dae_model_free(loaded);
    dae_model_free(model);
    dae_noise_free(noise);
    dae_dataset_free(noisy_test);
    dae_dataset_free(noisy_train);
    dae_dataset_free(test);
    dae_dataset_free(train);
    dae_dataset_free(counts);
    return after > before + 6 ? 0 : 1;
}
