/* The public headers in a C99 program, compiled with -std=c99 -pedantic and warnings as errors: the whole
 * umbrella, callbacks, and the one public struct. check_headers.py compiles, links and runs it. */
#include <dae.h>

#include <string.h>

static int32_t on_progress(const dae_progress *progress, void *user) {
    *(double *)user = progress->loss;
    return 0;
}

static int32_t on_gradients(float *gradients, size_t count, void *user) {
    (void)user;
    return count > 0 && gradients[0] == gradients[0] ? 0 : 1;
}

/* ctypes and other languages mirror this struct: its layout may not move. */
typedef char progress_size_is_144[sizeof(dae_progress) == 144 ? 1 : -1];
typedef char reserved_is_at_88[offsetof(dae_progress, reserved) == 88 ? 1 : -1];
typedef char status_is_32_bits[sizeof(dae_status) == 4 ? 1 : -1];

int main(void) {
    static const dae_progress_fn progress = on_progress;
    static const dae_gradient_fn gradients = on_gradients;
    dae_progress report = {sizeof report, DAE_PROGRESS_EPOCH, 1, 1, 1, 1, 0.5, 0, 0, 0, 0, 0, {0}};
    float values[2] = {0.25f, 2.0f};
    double loss = 0;

    if (dae_version_number() != DAE_VERSION_NUMBER)
        return 1;
    if (progress(&report, &loss) != 0 || loss != 0.5 || gradients(values, 2, NULL) != 0)
        return 2;
    if (dae_clip(values, 2, 0, 1) != DAE_OK || values[0] != 0.25f || values[1] != 1.0f)
        return 3;
    if (dae_clip(NULL, 2, 0, 1) != DAE_ERROR_ARGUMENT || dae_last_error()[0] == '\0')
        return 4;
    return strcmp(dae_status_name(DAE_ERROR_ARGUMENT), "DAE_ERROR_ARGUMENT") == 0 ? 0 : 5;
}
