/* A table with holes: a network learns to say from some cells of a row what the others hold, though it never
 * sees a whole row. So it fills in what is missing, and finds rows in which a value does not fit the others,
 * though alone it would not stand out. */
#include "pump.h"

enum { COLUMNS = PUMP_COLUMNS, LEARN = 2000, TEST = 400, LEAK = 20 };

/* Reads a table, in which missing cells are NaN. */
static void read_table(const char *path, float *table, size_t rows) {
    dae_dataset *file = NULL;
    check(dae_dataset_open(&file, path, "csv"));
    check(dae_dataset_read(file, 0, 0, rows, table, NULL));
    dae_dataset_free(file);
}

static dae_model *train(const float *table) {
    dae_dataset *rows = NULL, *filled = NULL, *noisy = NULL;
    dae_noise *noise = NULL;
    dae_model *model = NULL;
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    check(dae_dataset_borrow_array(&rows, table, LEARN, 1, (const size_t[]){COLUMNS}, NULL, NULL));
    check(dae_dataset_view(&filled, rows, "fill(0)",
                           1));                     /* inputs; the objective skips targets that are missing */
    check(dae_noise_parse(&noise, "masking(0.3)")); /* hides more cells, others in every epoch */
    check(dae_dataset_corrupt(&noisy, filled, noise, DAE_NOISE_FRESH, 1));
    check(dae_model_parse(&model,
                          "input(6) | dense(64, activation=silu) | dense(64, activation=silu) | dense(6)"));
    check(dae_model_initialize(model, 1));
    check(dae_optimizer_parse(&adam, "adam(5e-3) | cosine(epochs=60)"));
    check(dae_trainer_create(&trainer, model, adam, "mse(missing=skip)"));
    check(dae_trainer_fit(trainer, noisy, 60));
    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
    dae_noise_free(noise);
    dae_dataset_free(noisy);
    dae_dataset_free(filled);
    dae_dataset_free(rows);
    return model;
}

int main(int argc, char **argv) {
    no_arguments(argc, argv, "Fills in a table with holes, and finds rows that do not fit.");
    static float truth[LEARN * COLUMNS], table[LEARN * COLUMNS];
    float mean[COLUMNS], stddev[COLUMNS];
    double missing = 0, squares = 0;
    int found[2] = {0, 0}; /* without and with a leak */
    dae_session *session = NULL;
    write_pump("pump.csv", 1, LEARN, 0, truth);
    read_table("pump.csv", table, LEARN);
    measure_columns(table, LEARN, mean, stddev);
    standardise(table, LEARN, mean, stddev);
    dae_model *model = train(table);
    check(dae_session_create(&session, model, 1));
    write_pump("pump-leaky.csv", 2, TEST, LEAK, truth);
    read_table("pump-leaky.csv", table, TEST);
    standardise(table, TEST, mean, stddev);
    standardise(truth, TEST, mean, stddev);
    for (size_t row = 0; row < TEST; row++) {
        double score = 0; /* the largest distance of a cell from what the others say */
        for (size_t i = row * COLUMNS; i < (row + 1) * COLUMNS; i++) {
            float others[COLUMNS], said[COLUMNS];
            for (size_t k = 0; k < COLUMNS; k++)
                others[k] = row * COLUMNS + k == i || isnan(table[row * COLUMNS + k])
                                ? 0
                                : table[row * COLUMNS + k];
            check(dae_session_run(session, others, 1, said));
            score = fmax(score, isnan(table[i]) ? 0 : fabs((double)(said[i % COLUMNS] - table[i])));
            squares += isnan(table[i]) ? pow((double)(said[i % COLUMNS] - truth[i]), 2) : 0;
            missing += isnan(table[i]);
        }
        found[row % LEAK == 0] += score > 1;
    }
    printf("%.0f missing cells, filled in: %.2f standard deviations off; their means are 1.00 off\n", missing,
           sqrt(squares / missing));
    printf("rows that do not fit: %d of %d with a leak, %d of %d without\n", found[1], TEST / LEAK, found[0],
           TEST - TEST / LEAK);
    dae_session_free(session);
    dae_model_free(model);
    return finish(squares < missing / 4 && found[1] > found[0] ? EXIT_SUCCESS : EXIT_FAILURE);
}
