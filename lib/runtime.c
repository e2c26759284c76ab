/* What the library says about itself. */
#include "core/text.h"
#include "math/bfloat16.h"
#include "math/kernels.h"
#include "math/matmul.h"

#include <dae/runtime.h>
#include <dae/version.h>

static void write_runtime(struct dae_text *text, const void *unused) {
    (void)unused;
    size_t threads = dae_get_num_threads();
    dae_text_add(text, "libdae %s, %s, bfloat16 %s, kernels %s, %zu thread%s", dae_version_string(),
                 dae_matmul_name(), dae_bfloat16_units_name(), dae_kernels()->name, threads,
                 threads == 1 ? "" : "s");
}

dae_status dae_runtime_describe(char *buffer, size_t capacity, size_t *length) {
    return dae_text_deliver(write_runtime, NULL, buffer, capacity, length, __func__);
}
