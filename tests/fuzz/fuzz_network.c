/* The text of a network: what is read is written, and read again to the same text; and if it is small, it runs and learns. */
#include "fuzz.h"

#include <string.h>

enum { MOST_TEXT = 1 << 12 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char text[MOST_TEXT + 1];
    dae_model *model = fuzz_untouched;
    if (size > MOST_TEXT)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    fuzz_begin();
    dae_status status = dae_model_parse(&model, text);
    if (status != DAE_OK) {
        fuzz_refused(status,
                     STATUS_BIT(DAE_ERROR_FORMAT) | STATUS_BIT(DAE_ERROR_ARGUMENT) |
                         STATUS_BIT(DAE_ERROR_SHAPE) | STATUS_BIT(DAE_ERROR_STATE),
                     model);
        must(dae_last_error_position() >= 1 && dae_last_error_position() <= strlen(text) + 1,
             "position %zu of %zu", dae_last_error_position(), strlen(text));
    } else {
        fuzz_use_network(model);
        dae_model_free(model);
    }
    fuzz_end();
    return 0;
}
