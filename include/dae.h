/*
 * libdae - denoising autoencoders in C.
 *
 * This is the whole public interface. Each header below is about one noun and can be read alone;
 * in the order given, each uses only those before it.
 *
 * Rules that hold for every call unless its comment says otherwise:
 *
 * Status      A call that can fail returns a dae_status: DAE_OK (0) or a negative code. After a failure
 *             every object is as it was before the call, no output has been written, and
 *             dae_last_error() says in one sentence what was wrong and what was expected.
 * Ownership   `dae_x **out` comes first, and what it receives is the caller's: give it to dae_x_free()
 *             once. Any free function accepts NULL. An object that needs another keeps its own
 *             reference, so objects may be freed in any order. A `const` pointer handed back is
 *             borrowed; its comment says until when.
 * Arrays      are contiguous, row-major (C order), float32, and belong to the caller.
 * NULL        is refused with DAE_ERROR_ARGUMENT except where a comment allows it.
 * Text        goes into the caller's buffer: `capacity` is its size in bytes, `*length` receives the
 *             length of the whole text without its final zero byte (`length` may be NULL). With a
 *             capacity of 0, `buffer` may be NULL and the call only measures. A buffer that is too
 *             small is refused with DAE_ERROR_ARGUMENT; `*length` is set even then.
 * Threads     Different objects may be used by different threads at the same time. One object may be
 *             read (const) by many threads at once, and changed by one thread while no other uses it.
 *             The library keeps no thread alive between calls.
 * Host        The library never prints, exits, aborts, reads the environment or installs a signal
 *             handler, and leaves no global setting changed when a call returns.
 */
#ifndef DAE_H
#define DAE_H

#include <dae/status.h>
#include <dae/version.h>
#include <dae/runtime.h>
#include <dae/rng.h>
#include <dae/noise.h>
#include <dae/dataset.h>
#include <dae/layer.h>
#include <dae/model.h>
#include <dae/session.h>
#include <dae/optimizer.h>
#include <dae/trainer.h>
#include <dae/checkpoint.h>
#include <dae/report.h>

#endif
