/* What this processor can do at most, measured: the yardstick of the other figures. */
#ifndef PEAK_H
#define PEAK_H

#include <stddef.h>

/* The instructions that are used: "avx512", "avx2", "neon" or "plain". */
const char *peak_instructions(void);

/* Float32 multiplications and additions of `threads` threads together, in 10^9 a second: best of several. */
double peak_fma_gflops(size_t threads);

/* Seconds to read so many bytes from whatever cache they fit in, by one thread: median of many. */
double peak_read_seconds(size_t bytes);

#endif
