/* Loops that do nothing but multiply and add, or read. One entry for each kind of processor. */
#ifndef PEAK_LOOPS_H
#define PEAK_LOOPS_H

#include <stddef.h>
#include <stdint.h>

struct peak_loops {
    const char *name;
    double operations; /* floating point operations of one step */
    float (*multiply_add)(size_t steps, float factor, float term);
    uint32_t (*read)(const uint32_t *words, size_t count); /* count is a multiple of 256 */
};

/* The widest that this processor has. */
const struct peak_loops *peak_choose_loops(void);

#endif
