/* An archive of one member whose size is not known before it ends: it stands after its content then, and in
 * the central directory. */
#include "data/zip.h"

#include <string.h>

enum {
    NEEDED = 20,       /* version 2.0 of the format */
    NEEDED_LARGE = 45, /* 4.5, for numbers of 64 bits */
    STREAMED = 1 << 3, /* the flag for sizes after the content */
    STORED = 0,
    DEFLATED = 8,
    NEW_YEAR_1980 = 0x21, /* the first day that there is: the same bytes on any day */
    MOST_RECORD = 400,    /* bytes of what is written at once */
};

/* Bytes that are put together before they are written. */
struct record {
    unsigned char bytes[MOST_RECORD];
    size_t size;
};

static void put(struct record *record, uint64_t number, size_t width) {
    for (size_t i = 0; i < width; i++)
        record->bytes[record->size++] = (unsigned char)(i < 8 ? number >> 8 * i : 0);
}

static void put_text(struct record *record, const char *text, size_t size) {
    memcpy(record->bytes + record->size, text, size);
    record->size += size;
}

/* What is said before the content, and again in the directory, from the version that is needed up to the
 * length of the name. */
static void put_facts(struct record *record, const struct dae_zip_output *zip, bool in_directory) {
    uint64_t small = zip->large ? UINT32_MAX : 0;
    put(record, zip->large ? NEEDED_LARGE : NEEDED, 2);
    put(record, STREAMED, 2);
    put(record, zip->deflate != NULL ? DEFLATED : STORED, 2);
    put(record, 0, 2); /* midnight */
    put(record, NEW_YEAR_1980, 2);
    put(record, in_directory ? zip->crc : 0, 4);
    put(record, in_directory && !zip->large ? zip->packed : small, 4);
    put(record, in_directory && !zip->large ? zip->size : small, 4);
    put(record, strlen(zip->member), 2);
}

static dae_status write_record(struct dae_zip_output *zip, const struct record *record) {
    zip->written += record->size;
    return dae_sink_add(zip->to, record->bytes, record->size);
}

static dae_status write_header(struct dae_zip_output *zip) {
    struct record record = {.size = 0};
    put_text(&record, "PK\3\4", 4);
    put_facts(&record, zip, false);
    put(&record, zip->large ? 20 : 0, 2);
    put_text(&record, zip->member, strlen(zip->member));
    if (zip->large) {
        put(&record, 1, 2);
        put(&record, 16, 2);
        put(&record, 0, 16);
    }
    return write_record(zip, &record);
}

/* ---- Content -------------------------------------------------------------------------------------- */

static dae_status take_packed(void *context, const void *bytes, size_t size) {
    struct dae_zip_output *zip = context;
    zip->packed += size;
    zip->written += size;
    return dae_sink_add(zip->to, bytes, size);
}

static dae_status take(void *context, const void *bytes, size_t size) {
    struct dae_zip_output *zip = context;
    const struct dae_sink packed = {take_packed, zip};
    zip->crc = dae_crc32(zip->crc, bytes, size);
    zip->size += size;
    return zip->deflate != NULL ? dae_deflate_take(zip->deflate, bytes, size, &packed)
                                : dae_sink_add(&packed, bytes, size);
}

dae_status dae_zip_begin(struct dae_zip_output *zip, const struct dae_sink *to, const char *member,
                         uint64_t most, bool compressed) {
    enum { ROOM = 1 << 24 }; /* below 4 GB, for what deflating may add */
    *zip = (struct dae_zip_output){.to = to, .member = member, .large = most > UINT32_MAX - ROOM};
    zip->content = (struct dae_sink){take, zip};
    if (compressed)
        DAE_TRY(dae_deflate_open(&zip->deflate, member));
    return write_header(zip);
}

/* ---- The end -------------------------------------------------------------------------------------- */

static void put_entry(struct record *record, const struct dae_zip_output *zip) {
    put_text(record, "PK\1\2", 4);
    put(record, zip->large ? NEEDED_LARGE : NEEDED, 2);
    put_facts(record, zip, true);
    put(record, zip->large ? 20 : 0, 2);
    put(record, 0, 14); /* no comment, the first disk, no attributes, the first byte */
    put_text(record, zip->member, strlen(zip->member));
    if (!zip->large)
        return;
    put(record, 1, 2);
    put(record, 16, 2);
    put(record, zip->size, 8);
    put(record, zip->packed, 8);
}

/* The records at the end, of a directory at `begin` with `length` bytes. */
static void put_end(struct record *record, const struct dae_zip_output *zip, uint64_t begin,
                    uint64_t length) {
    if (zip->large) {
        put_text(record, "PK\6\6", 4);
        put(record, 44, 8);
        put(record, NEEDED_LARGE, 2);
        put(record, NEEDED_LARGE, 2);
        put(record, 0, 8);
        put(record, 1, 8);
        put(record, 1, 8);
        put(record, length, 8);
        put(record, begin, 8);
        put_text(record, "PK\6\7", 4);
        put(record, 0, 4);
        put(record, begin + length, 8);
        put(record, 1, 4);
    }
    put_text(record, "PK\5\6", 4);
    put(record, 0, 4);
    put(record, 1, 2);
    put(record, 1, 2);
    put(record, length, 4);
    put(record, zip->large ? UINT32_MAX : begin, 4);
    put(record, 0, 2);
}

dae_status dae_zip_finish(struct dae_zip_output *zip) {
    const struct dae_sink packed = {take_packed, zip};
    struct record record = {.size = 0};
    size_t width = zip->large ? 8 : 4;
    if (zip->deflate != NULL)
        DAE_TRY(dae_deflate_end(zip->deflate, &packed));
    put_text(&record, "PK\7\10", 4);
    put(&record, zip->crc, 4);
    put(&record, zip->packed, width);
    put(&record, zip->size, width);
    uint64_t begin = zip->written + record.size;
    size_t before = record.size;
    put_entry(&record, zip);
    put_end(&record, zip, begin, record.size - before);
    return write_record(zip, &record);
}

void dae_zip_close(struct dae_zip_output *zip) {
    dae_deflate_close(zip->deflate);
}
