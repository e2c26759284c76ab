// The public headers in a C++11 program, compiled with -std=c++11 -pedantic and warnings as errors: an object
// in a unique_ptr, a lambda as callback. check_headers.py compiles, links and runs it.
#include <dae.h>

#include <memory>
#include <string>
#include <type_traits>

static_assert(std::is_standard_layout<dae_progress>::value && std::is_trivial<dae_progress>::value,
              "the progress report crosses the boundary");
static_assert(std::is_same<dae_status, std::int32_t>::value, "a status is a number of 32 bits");

using Rng = std::unique_ptr<dae_rng, decltype(&dae_rng_free)>;

int main() {
    dae_rng *created = nullptr;
    if (dae_rng_create(&created, 1, 0) != DAE_OK)
        return 1;
    Rng rng(created, dae_rng_free);

    float values[4] = {0, 0, 0, 0};
    if (dae_rng_fill_uniform(rng.get(), values, 4, 0.0, 1.0) != DAE_OK)
        return 2;
    for (float value : values)
        if (!(value >= 0 && value < 1))
            return 3;

    dae_progress_fn on_progress = [](const dae_progress *progress, void *) -> std::int32_t {
        return progress->event == DAE_PROGRESS_EPOCH ? 1 : 0;
    };
    dae_progress report = {};
    report.event = DAE_PROGRESS_EPOCH;
    if (on_progress(&report, nullptr) != 1)
        return 4;
    return std::string(dae_version_string()).empty() ? 5 : 0;
}
