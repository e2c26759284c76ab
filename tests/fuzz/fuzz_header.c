/* The JSON header of a model file. The file around it is right: its length in front, behind it as many bytes of
 * weights as the first two bytes of the input say. So the fuzzer need not guess at lengths. */
#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    size_t header = size - 2, tensors = data[0] | (size_t)data[1] << 8;
    unsigned char *file = malloc(8 + header + tensors);
    must(file != NULL, "no memory for the fuzz target");
    for (size_t i = 0; i < 8; i++)
        file[i] = (unsigned char)((uint64_t)header >> 8 * i);
    memcpy(file + 8, data + 2, header);
    memset(file + 8 + header, 0x3E, tensors); /* 0.186 as a float */
    fuzz_read_model(file, 8 + header + tensors);
    free(file);
    return 0;
}
