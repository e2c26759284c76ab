/* Noise as it is: of random strength, one of several kinds, and recorded on the street at 0 to 20 dB. */
#include "try.h"

enum { RATE = 16000, SPEECH = 40000, STREET = 60000, RECORDINGS = 3 };

/* Recordings of a few seconds, as a folder of WAV files. */
static void record(const char *folder, size_t length, size_t step) {
    dae_dataset *dataset = NULL;
    const size_t shape[] = {1, length};
    float *values = malloc(RECORDINGS * length * sizeof *values);
    if (values == NULL)
        exit(1);
    for (size_t i = 0; i < RECORDINGS * length; i++)
        values[i] = (float)(i * step % 201) / 200 - 0.5f;
    TRY(dae_dataset_copy_array(&dataset, values, RECORDINGS, 2, shape));
    TRY(dae_dataset_save(dataset, folder, "wav(rate=16000)"));
    dae_dataset_free(dataset);
    free(values);
}

int main(void) {
    dae_dataset *speech = NULL, *street = NULL, *clips = NULL, *noisy = NULL;
    dae_noise *noise = NULL;
    char text[512];
    static float second[RATE];

    record("speech/", SPEECH, 1);
    record("street/", STREET, 37);
    TRY(dae_dataset_open(&speech, "speech/", NULL));
    TRY(dae_dataset_open(&street, "street/", NULL));
    TRY(dae_dataset_view(&clips, speech, "crops(16000, count=4)",
                         1)); /* a second each, cut anew every epoch */

    TRY(dae_noise_parse(&noise,
                        "mix(street, snr=uniform(0, 20))"
                        " | one_of(0.6: gaussian(uniform(0.001, 0.02)),"
                        "          0.3: hum(frequency=50, rate=16000, amplitude=log_uniform(0.001, 0.05))"
                        "               | clip(-0.8, 0.8),"
                        "          0.1: none)"
                        " | sometimes(0.2, spans(2, length=choice(100, 400)))"));
    if (dae_dataset_corrupt(&noisy, clips, noise, DAE_NOISE_FRESH, 1) == DAE_OK)
        return 1;
    puts(dae_last_error()); /* mix needs recordings called 'street': dae_noise_bind() gives them */
    TRY(dae_noise_bind(noise, "street", street));
    TRY(dae_dataset_corrupt(&noisy, clips, noise, DAE_NOISE_FRESH, 1));
    TRY(dae_dataset_read(noisy, 0, 5, 1, second, NULL));

    TRY(dae_noise_format(noise, text, sizeof text, NULL));
    puts(text);

    dae_noise_free(noise);
    dae_dataset_free(noisy);
    dae_dataset_free(clips);
    dae_dataset_free(street);
    dae_dataset_free(speech);
    return 0;
}
