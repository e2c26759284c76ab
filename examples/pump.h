/* Readings of a made-up pump, as a table with holes. */
#ifndef EXAMPLES_PUMP_H
#define EXAMPLES_PUMP_H

#include <math.h>

#include "check.h"

enum { PUMP_COLUMNS = 6 };

/* At some load, new or worn: six values of two causes, and noise. */
static inline void read_pump(dae_rng *rng, float row[PUMP_COLUMNS]) {
    static const float strengths[] = {9, 0.6F, 0.08F, 0.2F, 0.4F, 0.05F};
    float cause[2], noise[PUMP_COLUMNS];
    check(dae_rng_fill_uniform(rng, cause, 2, 0, 1));
    check(dae_rng_fill_normal(rng, noise, PUMP_COLUMNS, 0, 1));
    float load = cause[0], wear = cause[1];
    row[0] = 1450 + 600 * load;                          /* speed */
    row[1] = 20 + 35 * load - 12 * wear;                 /* flow */
    row[2] = 2 + 4.5F * load * load - wear;              /* pressure */
    row[3] = 5 + 11 * load * load + 4 * wear;            /* power */
    row[4] = 30 + 12 * load + 14 * wear * (0.5F + load); /* temperature */
    row[5] = 1 + 2 * wear * wear + load;                 /* vibration */
    for (size_t i = 0; i < PUMP_COLUMNS; i++)
        row[i] += strengths[i] * noise[i];
}

/* Writes a table of which every tenth cell is missing; in one row of `leak`, if that is not 0, the flow is 15
 * too low. truth[rows, PUMP_COLUMNS] receives what all cells should have. */
static inline void write_pump(const char *path, uint64_t seed, size_t rows, size_t leak, float *truth) {
    FILE *file = fopen(path, "w");
    dae_rng *rng = NULL;
    if (!file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    check(dae_rng_create(&rng, seed, 0));
    fprintf(file, "speed,flow,pressure,power,temperature,vibration\n");
    for (size_t i = 0; i < rows; i++) {
        float row[PUMP_COLUMNS], chance[PUMP_COLUMNS];
        read_pump(rng, row);
        check(dae_rng_fill_uniform(rng, chance, PUMP_COLUMNS, 0, 1));
        memcpy(truth + i * PUMP_COLUMNS, row, sizeof row);
        if (leak > 0 && i % leak == 0) {
            row[1] -= 15;
            chance[1] = 1;
        }
        for (size_t k = 0; k < PUMP_COLUMNS; k++) {
            if (chance[k] >= 0.1F)
                fprintf(file, "%.6g", (double)row[k]);
            fputc(k + 1 < PUMP_COLUMNS ? ',' : '\n', file);
        }
    }
    dae_rng_free(rng);
    if (fclose(file) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

/* Mean and standard deviation of each column, of the cells that are there. */
static inline void measure_columns(const float *table, size_t rows, float *mean, float *stddev) {
    for (size_t k = 0; k < PUMP_COLUMNS; k++) {
        double count = 0, sum = 0, squares = 0;
        for (size_t i = k; i < rows * PUMP_COLUMNS; i += PUMP_COLUMNS)
            if (!isnan(table[i]))
                count++, sum += (double)table[i], squares += (double)table[i] * (double)table[i];
        mean[k] = (float)(sum / count);
        stddev[k] = (float)sqrt(squares / count - sum / count * (sum / count));
    }
}

/* In standard deviations from the mean, so that 0, which masking and fill put in the place of a cell, is the
 * mean. */
static inline void standardise(float *table, size_t rows, const float *mean, const float *stddev) {
    for (size_t i = 0; i < rows * PUMP_COLUMNS; i++)
        table[i] = (table[i] - mean[i % PUMP_COLUMNS]) / stddev[i % PUMP_COLUMNS];
}

#endif
