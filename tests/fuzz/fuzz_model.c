/* Model files in memory, as they are. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_read_model(data, size);
    return 0;
}
