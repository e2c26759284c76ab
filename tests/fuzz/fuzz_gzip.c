/* gzip IDX files in memory, judged by zlib itself. The first byte of the input says what is done with the rest:
 *   even - it is a gzip file as it is, or what should be one
 *   odd  - it is a plain file, to be compressed; the upper bits choose how
 */
#include "fuzz.h"

#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

enum { MOST_EXPANDED = 1 << 20 };

static unsigned char expanded[MOST_EXPANDED];

enum verdict { GOOD, BAD, TOO_LARGE };

/* Expands one member behind what has been expanded; *used tells how long it is. */
static enum verdict expand_member(const uint8_t *data, size_t size, size_t *used, size_t *expanded_size) {
    z_stream stream = {.next_in = data,
                       .avail_in = (uInt)size,
                       .next_out = expanded + *expanded_size,
                       .avail_out = (uInt)(MOST_EXPANDED - *expanded_size)};
    must(inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK, "zlib does not start");
    int result = inflate(&stream, Z_FINISH);
    *used = stream.total_in;
    *expanded_size += stream.total_out;
    enum verdict verdict = result == Z_STREAM_END ? GOOD : stream.avail_out == 0 ? TOO_LARGE : BAD;
    inflateEnd(&stream);
    return verdict;
}

/* Whether these are whole gzip data, with nothing behind them but zeros; expands them. */
static enum verdict expand(const uint8_t *data, size_t size, size_t *expanded_size) {
    enum verdict verdict;
    *expanded_size = 0;
    do {
        size_t used = 0;
        verdict = expand_member(data, size, &used, expanded_size);
        data += used;
        size -= used;
    } while (verdict == GOOD && size > 0 && data[0] == 0x1F);
    while (size > 0 && data[size - 1] == 0)
        size--;
    return verdict == GOOD && size > 0 ? BAD : verdict;
}

/* The status and the values of a plain file. */
static dae_status read_plain(const uint8_t *data, size_t size, float *values, size_t *count) {
    dae_dataset *dataset = NULL;
    if (fuzz_is_gzip(data, size))
        return DAE_ERROR_FORMAT; /* compressed twice */
    dae_status status = dae_dataset_parse(&dataset, data, size, NULL);
    if (status == DAE_OK)
        fuzz_use_dataset(dataset, values, count);
    return status;
}

static void try_file(const uint8_t *data, size_t size) {
    enum { STATE = 1 << 16 }; /* zlib's own */
    static float values[FUZZ_MOST_VALUES], expected[FUZZ_MOST_VALUES];
    size_t plain_size = 0, count = 0, expected_count = 0;
    if (!fuzz_is_gzip(data, size)) /* plain: fuzz_idx.c */
        return;
    dae_dataset *dataset = fuzz_untouched;
    enum verdict verdict = expand(data, size, &plain_size);
    fuzz_begin();
    dae_status status = dae_dataset_parse(&dataset, data, size, NULL);
    fuzz_asked_at_most(STATE + 1032 * (size + 1));
    if (status != DAE_OK)
        fuzz_refused(status, STATUS_BIT(DAE_ERROR_FORMAT) | STATUS_BIT(DAE_ERROR_UNSUPPORTED), dataset);
    else
        fuzz_use_dataset(dataset, values, &count);
    fuzz_end();
    if (verdict == TOO_LARGE)
        return;
    must(verdict == GOOD || status != DAE_OK, "zlib cannot read what the library takes");
    if (verdict == BAD)
        return;
    fuzz_begin();
    dae_status plain = read_plain(expanded, plain_size, expected, &expected_count);
    fuzz_end();
    must((plain == DAE_OK) == (status == DAE_OK), "plain the file gives %s, compressed %s",
         dae_status_name(plain), dae_status_name(status));
    must(count == expected_count && memcmp(values, expected, count * sizeof *values) == 0, "other values");
}

static void try_compressed(const uint8_t *data, size_t size, int how) {
    z_stream stream = {.next_in = data, .avail_in = (uInt)size};
    must(deflateInit2(&stream, how % 10, Z_DEFLATED, 16 + 9 + how % 7, 1 + how % 9, how % 5) == Z_OK,
         "no zlib");
    size_t room = deflateBound(&stream, (uLong)size) + 64;
    unsigned char *packed = malloc(room);
    must(packed != NULL, "no memory for the fuzz target");
    stream.next_out = packed;
    stream.avail_out = (uInt)room;
    must(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib does not compress");
    size_t packed_size = stream.total_out;
    deflateEnd(&stream);
    unsigned char *exact = malloc(packed_size); /* so that reading beyond it shows */
    must(exact != NULL, "no memory for the fuzz target");
    memcpy(exact, packed, packed_size);
    free(packed);
    try_file(exact, packed_size);
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1 || size > MOST_EXPANDED)
        return 0;
    if (data[0] % 2 == 0)
        try_file(data + 1, size - 1);
    else
        try_compressed(data + 1, size - 1, data[0] / 2);
    return 0;
}
