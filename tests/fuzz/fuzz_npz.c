/* NPZ files in memory. The first byte of the input says what is done with the rest:
 *   even - it is an archive as it is, or what should be one
 *   odd  - it is an NPY file, to be put into an archive; the upper bits choose how
 */
#include "fuzz.h"

#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

enum { MOST = 1 << 16, HEADERS = 512 };

static unsigned char archive[2 * MOST + HEADERS];
static size_t used;

static void put(const void *bytes, size_t size) {
    memcpy(archive + used, bytes, size);
    used += size;
}

static void put_number(uint64_t number, size_t width) {
    for (size_t i = 0; i < width; i++, number >>= 8)
        archive[used++] = (unsigned char)(number & 0xFF);
}

static size_t pack(const uint8_t *data, size_t size, unsigned char *out) {
    z_stream stream = {.next_in = data, .avail_in = (uInt)size, .next_out = out, .avail_out = 2 * MOST};
    must(deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK,
         "zlib does not start");
    must(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib does not end");
    deflateEnd(&stream);
    return stream.total_out;
}

static void put_facts(bool deflated, const uint8_t *data, size_t size, size_t packed) {
    put_number(deflated ? 8 : 0, 2);
    put_number(0, 4); /* time and day */
    put_number(crc32(0, data, (uInt)size), 4);
    put_number(packed, 4);
    put_number(size, 4);
    put_number(5, 4); /* the length of the name; no extra fields */
}

/* An archive with one member, a.npy, behind some other bytes. */
static void make_archive(const uint8_t *data, size_t size, bool deflated, size_t before) {
    used = 0;
    put("before", before);
    put("PK\3\4\24\0\0\0", 8);
    size_t facts = used;
    put_facts(deflated, data, size, size);
    put("a.npy", 5);
    size_t packed = size;
    if (deflated)
        packed = pack(data, size, archive + used);
    else
        memcpy(archive + used, data, size);
    size_t begin = used + packed;
    used = facts;
    put_facts(deflated, data, size, packed);
    used = begin;
    put("PK\1\2\24\0\24\0\0\0", 10);
    put_facts(deflated, data, size, packed);
    put_number(0, 10);
    put_number(0, 4);
    put("a.npy", 5);
    size_t length = used - begin;
    put("PK\5\6\0\0\0\0\1\0\1\0", 12);
    put_number(length, 4);
    put_number(begin - before, 4);
    put_number(0, 2);
}

/* Status and values of data in a format. */
static dae_status read_as(const uint8_t *data, size_t size, const char *format, size_t most, float *values,
                          size_t *count) {
    dae_dataset *dataset = fuzz_untouched;
    fuzz_begin();
    dae_status status = dae_dataset_parse(&dataset, data, size, format);
    fuzz_asked_at_most(most);
    *count = 0;
    if (status == DAE_OK)
        fuzz_use_dataset(dataset, values, count);
    else
        fuzz_refused(status,
                     STATUS_BIT(DAE_ERROR_FORMAT) | STATUS_BIT(DAE_ERROR_UNSUPPORTED) |
                         STATUS_BIT(DAE_ERROR_ARGUMENT),
                     dataset);
    fuzz_end();
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { STATE = 1 << 16 }; /* zlib's own */
    static float values[FUZZ_MOST_VALUES], expected[FUZZ_MOST_VALUES];
    size_t count, expected_count;
    if (size == 0 || size > MOST)
        return 0;
    unsigned how = data[0];
    data++, size--;
    if (how % 2 == 0) {
        static const char *const formats[] = {"npz", "npz(array=0)", "npz(array=a)"};
        read_as(data, size, formats[how / 2 % 3], STATE + 1032 * (size + 1), values, &count);
        return 0;
    }
    make_archive(data, size, how & 2, (how & 4) != 0 ? 6 : 0);
    dae_status status = read_as(archive, used, how & 8 ? "npz(array=a)" : "npz", STATE + 1032 * (used + 1),
                                values, &count);
    dae_status plain = read_as(data, size, "npy", size + 4096, expected, &expected_count);
    must(status == plain && count == expected_count, "the array alone gives %s", dae_status_name(plain));
    must(memcmp(values, expected, count * sizeof *values) == 0, "other values than those of the array alone");
    return 0;
}
