/* The exponential average of parameters over steps. */
#include "train/governor.h"

DAE_DECLARE_LOOP(dae_average_loop, average)

#ifdef DAE_KERNELS_TARGET

/* In this form an average of what does not change is that. */
void DAE_LOOP(average)(float *average, const float *values, size_t count, float share) {
    for (size_t i = 0; i < count; i++)
        average[i] += share * (values[i] - average[i]);
}

#else

const struct dae_governor_kind dae_governor_average = {
    .kind =
        {
            .name = "average",
            .what = "keeps an exponential average of the parameters, which validation looks at",
            .example = "average(decay=0.999)",
            .parameters = {{"decay", "share of the average that a step keeps", DAE_TYPE_NUMBER, DAE_OPEN_HIGH,
                            0, 1, "0.999"}},
        },
    .averages = DAE_LOOPS(average),
};

#endif
