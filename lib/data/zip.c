#include "data/zip.h"
#include "core/memory.h"
#include "core/size.h"

#include <string.h>

enum {
    END = 22, /* bytes of the record at the end, without its comment */
    MOST_COMMENT = 65535,
    LOCATOR = 20, /* of the one before it in large archives, and of the one that it leads to */
    LARGE_END = 56,
    ENTRY = 46,      /* of an entry of the directory, without name, extra fields and comment */
    LOCAL = 30,      /* of the header before a member, without name and extra fields */
    LARGE_FIELD = 1, /* the extra field with sizes of 64 bits */
    STORED = 0,
    DEFLATED = 8,
    MAX_RATIO = 1032, /* of deflate (zlib's technical details) */
};

static uint64_t number(const unsigned char *bytes, size_t width) {
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

static bool has_signature(const struct dae_zip *zip, size_t at, size_t needed, const char *two) {
    return at <= zip->size && zip->size - at >= needed && memcmp(zip->bytes + at, "PK", 2) == 0 &&
           memcmp(zip->bytes + at + 2, two, 2) == 0;
}

/* ---- The directory -------------------------------------------------------------------------------- */

/* Where the record at the end is, whose comment ends the file; false where there is none. */
static bool find_end(const struct dae_zip *zip, size_t *at) {
    for (size_t comment = 0; comment <= MOST_COMMENT && comment + END <= zip->size; comment++) {
        *at = zip->size - END - comment;
        if (has_signature(zip, *at, END, "\5\6") && number(zip->bytes + *at + 20, 2) == comment)
            return true;
    }
    return false;
}

static dae_status wrong_directory(const struct dae_zip *zip, size_t at) {
    return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: the central directory of the archive is broken",
                    zip->name, at);
}

dae_status dae_zip_open(struct dae_zip *zip, const char *name, const unsigned char *bytes, size_t size) {
    size_t end;
    *zip = (struct dae_zip){.name = name, .bytes = bytes, .size = size};
    if (!find_end(zip, &end))
        return dae_fail(
            DAE_ERROR_FORMAT,
            "%s: offset %zu: found no central directory before the end, expected a whole zip archive", name,
            size);
    const unsigned char *record = bytes + end;
    bool one_disk = number(record + 4, 4) == 0;
    uint64_t length = number(record + 12, 4), begin = number(record + 16, 4);
    zip->left = number(record + 10, 2);
    if (end >= LOCATOR + LARGE_END && has_signature(zip, end - LOCATOR, LOCATOR, "\6\7")) {
        end -= LOCATOR + LARGE_END;
        record = bytes + end;
        if (!has_signature(zip, end, LARGE_END, "\6\6"))
            return wrong_directory(zip, end);
        one_disk = number(record + 16, 8) == 0;
        zip->left = number(record + 32, 8);
        length = number(record + 40, 8);
        begin = number(record + 48, 8);
    }
    if (!one_disk)
        return dae_fail(DAE_ERROR_UNSUPPORTED,
                        "%s: offset %zu: found a part of an archive, expected all of it", name, end);
    if (length > end || begin > end - length || zip->left > length / ENTRY)
        return wrong_directory(zip, end);
    zip->end = end;
    zip->at = end - (size_t)length;
    zip->before = zip->at - (size_t)begin;
    return DAE_OK;
}

/* Takes a number of 64 bits from an extra field for one that does not fit into 32. */
static bool take_large(uint64_t *value, const unsigned char **field, size_t *length) {
    if (*value != UINT32_MAX)
        return true;
    if (*length < 8)
        return false;
    *value = number(*field, 8);
    *field += 8;
    *length -= 8;
    return true;
}

/* Reads the extra fields for sizes and offset; false where they are broken. */
static bool read_extra(const unsigned char *extra, size_t left, uint64_t *size, uint64_t *packed,
                       uint64_t *header) {
    while (left >= 4) {
        size_t length = (size_t)number(extra + 2, 2);
        const unsigned char *field = extra + 4;
        if (length > left - 4)
            return false;
        extra += 4 + length;
        left -= 4 + length;
        if (number(field - 4, 2) == LARGE_FIELD)
            return take_large(size, &field, &length) && take_large(packed, &field, &length) &&
                   take_large(header, &field, &length);
    }
    return true;
}

dae_status dae_zip_next(struct dae_zip *zip, struct dae_zip_member *member) {
    const unsigned char *entry = zip->bytes + zip->at;
    if (zip->end - zip->at < ENTRY || !has_signature(zip, zip->at, ENTRY, "\1\2"))
        return wrong_directory(zip, zip->at);
    size_t name = (size_t)number(entry + 28, 2), extra = (size_t)number(entry + 30, 2);
    size_t whole = ENTRY + name + extra + (size_t)number(entry + 32, 2);
    uint64_t packed = number(entry + 20, 4), size = number(entry + 24, 4), header = number(entry + 42, 4);
    if (zip->end - zip->at < whole || !read_extra(entry + ENTRY + name, extra, &size, &packed, &header) ||
        packed > zip->size || (size_t)size != size || header > zip->size - zip->before)
        return wrong_directory(zip, zip->at);
    *member = (struct dae_zip_member){
        .name = (const char *)entry + ENTRY,
        .name_length = name,
        .method = (unsigned)number(entry + 10, 2),
        .encrypted = (entry[8] & 1) != 0,
        .crc = (uint32_t)number(entry + 16, 4),
        .packed = (size_t)packed,
        .size = (size_t)size,
        .header = (size_t)header + zip->before,
    };
    zip->at += whole;
    zip->left--;
    return DAE_OK;
}

/* ---- Members -------------------------------------------------------------------------------------- */

static const char *method_name(unsigned method) {
    static const struct {
        unsigned method;
        const char *name;
    } names[] = {{9, "deflate64"}, {12, "bzip2"}, {14, "LZMA"}, {93, "Zstandard"}, {95, "XZ"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].method == method)
            return names[i].name;
    return "unknown";
}

/* Where the packed bytes of a member are, which lie in the file. */
static dae_status find_packed(const struct dae_zip *zip, const struct dae_zip_member *member, size_t *at) {
    if (has_signature(zip, member->header, LOCAL, "\3\4")) {
        const unsigned char *local = zip->bytes + member->header;
        *at = member->header + LOCAL + (size_t)number(local + 26, 2) + (size_t)number(local + 28, 2);
        if (*at <= zip->size && member->packed <= zip->size - *at)
            return DAE_OK;
    }
    return dae_fail(DAE_ERROR_FORMAT,
                    "%s: offset %zu: found no member of the archive, expected one of %zu bytes", zip->name,
                    member->header, member->packed);
}

/* Refuses what cannot be read, or does not have the size that the directory claims. */
static dae_status check_member(const struct dae_zip *zip, const struct dae_zip_member *member) {
    if (member->encrypted)
        return dae_fail(DAE_ERROR_UNSUPPORTED, "%s: the member is encrypted, expected one without a password",
                        zip->name);
    if (member->method != STORED && member->method != DEFLATED)
        return dae_fail(DAE_ERROR_UNSUPPORTED,
                        "%s: the member is compressed by method %u (%s), expected stored or deflated",
                        zip->name, member->method, method_name(member->method));
    if (member->method == STORED ? member->size != member->packed : member->size / MAX_RATIO > member->packed)
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: %zu bytes cannot expand to the %zu bytes that the directory claims", zip->name,
                        member->packed, member->size);
    return DAE_OK;
}

static dae_status expand(unsigned char *out, const struct dae_zip *zip, const struct dae_zip_member *member,
                         size_t at) {
    if (member->method == STORED)
        memcpy(out, zip->bytes + at, member->size);
    else
        DAE_TRY(dae_inflate(out, member->size, zip->bytes + at, member->packed, zip->name));
    uint32_t crc = dae_crc32(0, out, member->size);
    return crc == member->crc ? DAE_OK
                              : dae_fail(DAE_ERROR_FORMAT,
                                         "%s: found checksum 0x%08X, expected 0x%08X: the member is broken",
                                         zip->name, crc, member->crc);
}

dae_status dae_zip_read(unsigned char **content, const struct dae_zip *zip,
                        const struct dae_zip_member *member) {
    size_t at;
    DAE_TRY(check_member(zip, member));
    DAE_TRY(find_packed(zip, member, &at));
    unsigned char *bytes = dae_allocate_raw(dae_size_max(member->size, 1), 1);
    if (bytes == NULL)
        return DAE_ERROR_MEMORY;
    dae_status status = expand(bytes, zip, member, at);
    if (status == DAE_OK)
        *content = bytes;
    else
        dae_release(bytes);
    return status;
}
