/* Samples of an NPY file, as numpy.save() writes it: read, kept in the file's own type, and written. */
#include "core/memory.h"
#include "data/destination.h"
#include "data/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    MAGIC_SIZE = 6,
    VERSION_END = 8, /* two bytes of version after the magic; then the length of the header */
};

static bool knows(const unsigned char *start, size_t count) {
    static const unsigned char magic[MAGIC_SIZE] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
    return count >= MAGIC_SIZE && memcmp(start, magic, MAGIC_SIZE) == 0;
}

/* ---- Reading Python ----------------------------------------------------------------------------- */

/* The header, a Python dictionary, being read. Offsets count from the start of the file. */
struct text {
    const char *name; /* of the file */
    const unsigned char *bytes;
    size_t position, end;
};

__attribute__((format(printf, 3, 4))) static dae_status fail_at(const struct text *text, size_t position,
                                                                const char *format, ...) {
    char reason[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: %s", text->name, position, reason);
}

/* The next character after spaces, -1 at the end. */
static int peek(struct text *text) {
    while (text->position < text->end && memchr(" \t\r\n", text->bytes[text->position], 4) != NULL)
        text->position++;
    return text->position < text->end ? text->bytes[text->position] : -1;
}

/* Where the next character after spaces is. */
static size_t next(struct text *text) {
    (void)peek(text);
    return text->position;
}

static dae_status unexpected(struct text *text, const char *expected) {
    int found = peek(text);
    if (found < 0)
        return fail_at(text, text->position, "the header ends, expected %s", expected);
    return found >= ' ' && found <= '~'
               ? fail_at(text, text->position, "found '%c', expected %s", found, expected)
               : fail_at(text, text->position, "found byte 0x%02X, expected %s", (unsigned)found, expected);
}

/* Whether `c` is next; takes it if so. */
static bool accept(struct text *text, char c) {
    if (peek(text) != c)
        return false;
    text->position++;
    return true;
}

static dae_status expect(struct text *text, char c) {
    const char expected[] = {'\'', c, '\'', '\0'};
    return accept(text, c) ? DAE_OK : unexpected(text, expected);
}

/* A string in single or double quotes, of Python 2 with a u before them, without escapes, which nothing in
 * such a header needs. */
static dae_status read_string(struct text *text, char *string, size_t capacity, const char *what) {
    (void)accept(text, 'u');
    int quote = text->position < text->end ? text->bytes[text->position] : -1;
    if (quote != '\'' && quote != '"')
        return unexpected(text, what);
    size_t start = ++text->position, length = 0;
    for (; text->position < text->end && text->bytes[text->position] != quote; text->position++) {
        unsigned char c = text->bytes[text->position];
        if (c < ' ' || c > '~' || c == '\\')
            return fail_at(text, text->position, "found byte 0x%02X in a string", c);
        if (length + 1 == capacity)
            return fail_at(text, start, "found a string of more than %zu characters", capacity - 1);
        string[length++] = (char)c;
    }
    if (text->position == text->end)
        return fail_at(text, text->position, "the header ends within a string");
    text->position++;
    string[length] = '\0';
    return DAE_OK;
}

static dae_status read_size(struct text *text, size_t *number) {
    int first = peek(text);
    size_t start = text->position;
    if (first < '0' || first > '9')
        return unexpected(text, "a whole number");
    *number = 0;
    for (; text->position < text->end && text->bytes[text->position] >= '0' &&
           text->bytes[text->position] <= '9';
         text->position++)
        if (!dae_size_multiply(*number, 10, number) ||
            !dae_size_add(*number, (size_t)(text->bytes[text->position] - '0'), number))
            return fail_at(text, start, "found a number that is too large");
    if (first == '0' && text->position > start + 1)
        return fail_at(text, start, "found a number that begins with 0");
    return DAE_OK;
}

/* True or False. */
static dae_status read_bool(struct text *text, bool *value) {
    static const char *const words[] = {"False", "True"};
    size_t at = next(text);
    for (size_t i = 0; i < 2; i++) {
        size_t length = strlen(words[i]);
        if (text->end - at >= length && memcmp(text->bytes + at, words[i], length) == 0) {
            text->position += length;
            *value = i == 1;
            return DAE_OK;
        }
    }
    return unexpected(text, "True or False");
}

/* ---- The header --------------------------------------------------------------------------------- */

struct header {
    struct text text;
    struct dae_layout layout;
    const struct dae_value_type *type;
    size_t shape_at; /* for messages */
};

/* A type without its byte order: a kind and a size, as in f4, or one of the other names that numpy has for
 * those that are the same on every machine. */
static const struct dae_value_type *find_type(const char *name, bool big) {
    static const struct {
        const char *names[3];
        char kind;
        size_t size;
    } types[] = {
        {{"?", "bool"}, 'b', 1},
        {{"b", "int8"}, 'i', 1},
        {{"B", "uint8"}, 'u', 1},
        {{"h", "int16"}, 'i', 2},
        {{"H", "uint16"}, 'u', 2},
        {{"i", "int32"}, 'i', 4},
        {{"I", "uint32"}, 'u', 4},
        {{"q", "int64"}, 'i', 8},
        {{"Q", "uint64"}, 'u', 8},
        {{"e", "float16", "half"}, 'f', 2},
        {{"f", "float32", "single"}, 'f', 4},
        {{"d", "float64", "double"}, 'f', 8},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (size_t k = 0; k < 3 && types[i].names[k] != NULL; k++)
            if (strcmp(types[i].names[k], name) == 0)
                return dae_value_type_find(types[i].kind, types[i].size, big);
    bool short_form = strlen(name) == 2 && strchr("biuf", name[0]) != NULL && name[1] >= '1' &&
                      name[1] <= '8';
    return short_form ? dae_value_type_find(name[0], (size_t)(name[1] - '0'), big) : NULL;
}

/* The type: byte order, if it is said, and name. */
static dae_status read_type(struct header *header) {
    struct text *text = &header->text;
    char descr[32];
    size_t at = next(text);
    if (peek(text) == '[' || peek(text) == '(')
        return dae_fail(DAE_ERROR_UNSUPPORTED,
                        "%s: offset %zu: found a type with fields, expected plain numbers", text->name, at);
    DAE_TRY(read_string(text, descr, sizeof descr, "a type"));
    const char *name = descr + (descr[0] != '\0' && strchr("<>=|", descr[0]) != NULL);
    if (!(name[0] >= 'a' && name[0] <= 'z') && !(name[0] >= 'A' && name[0] <= 'Z') && name[0] != '?')
        return fail_at(text, at, "found type '%s', expected one such as <f4", descr);
    header->type = find_type(name, descr[0] == '>');
    if (header->type == NULL)
        return dae_fail(
            DAE_ERROR_UNSUPPORTED,
            "%s: offset %zu: found type '%s', expected b1, i1, i2, i4, i8, u1, u2, u4, u8, f2, f4 or f8",
            text->name, at, descr);
    return DAE_OK;
}

/* A tuple of dimensions; one of a single number ends with a comma. Python 2 wrote an L after long
 * numbers. */
static dae_status read_shape(struct header *header) {
    struct text *text = &header->text;
    header->shape_at = next(text);
    DAE_TRY(expect(text, '('));
    while (!accept(text, ')')) {
        size_t dimension = 0, at = next(text);
        DAE_TRY(read_size(text, &dimension));
        DAE_TRY(dae_layout_add(&header->layout, dimension, text->name, at));
        text->position += text->position < text->end && text->bytes[text->position] == 'L';
        if (peek(text) == ',')
            text->position++;
        else if (peek(text) != ')' || header->layout.rank == 1)
            return unexpected(text, header->layout.rank == 1 ? "','" : "',' or ')'");
    }
    return DAE_OK;
}

static dae_status read_fortran(struct header *header) {
    return read_bool(&header->text, &header->layout.fortran);
}

static const struct {
    const char *key;
    dae_status (*read)(struct header *header);
} entries[] = {{"descr", read_type}, {"fortran_order", read_fortran}, {"shape", read_shape}};

enum { ENTRIES = sizeof entries / sizeof *entries };

static dae_status read_entry(struct header *header, unsigned *seen) {
    struct text *text = &header->text;
    char key[32];
    size_t at = next(text), i = 0;
    DAE_TRY(read_string(text, key, sizeof key, "a key"));
    while (i < ENTRIES && strcmp(entries[i].key, key) != 0)
        i++;
    if (i == ENTRIES)
        return fail_at(text, at, "found key '%s', expected descr, fortran_order or shape", key);
    if ((*seen & 1u << i) != 0)
        return fail_at(text, at, "found key '%s' twice", key);
    *seen |= 1u << i;
    DAE_TRY(expect(text, ':'));
    return entries[i].read(header);
}

/* The dictionary, and nothing but spaces after it. */
static dae_status read_dictionary(struct header *header) {
    struct text *text = &header->text;
    unsigned seen = 0;
    DAE_TRY(expect(text, '{'));
    while (!accept(text, '}')) {
        DAE_TRY(read_entry(header, &seen));
        if (peek(text) == ',')
            text->position++;
        else if (peek(text) != '}')
            return unexpected(text, "',' or '}'");
    }
    for (size_t i = 0; i < ENTRIES; i++)
        if ((seen & 1u << i) == 0)
            return fail_at(text, text->position, "the header has no %s", entries[i].key);
    return peek(text) < 0 ? DAE_OK : unexpected(text, "the end of the header");
}

/* Magic, version, and the length of the header, as far as these are there: sets where its text lies, and how
 * many bytes are needed to read it. */
static dae_status read_start(const struct dae_content *content, struct text *text, size_t *needed) {
    const unsigned char *bytes = content->bytes;
    *needed = VERSION_END;
    if (content->size < *needed)
        return DAE_OK;
    if (!knows(bytes, content->size))
        return dae_fail(
            DAE_ERROR_FORMAT,
            "%s: not an NPY file: offset 0: found 0x%02X%02X%02X%02X%02X%02X, expected 0x934E554D5059",
            content->name, bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]);
    int major = bytes[6], minor = bytes[7];
    if (major < 1 || major > 3 || minor != 0)
        return dae_fail(DAE_ERROR_UNSUPPORTED, "%s: offset 6: found version %d.%d, expected 1.0, 2.0 or 3.0",
                        content->name, major, minor);
    size_t width = major == 1 ? 2 : 4, length = 0;
    *needed = VERSION_END + width;
    if (content->size < *needed)
        return DAE_OK;
    for (size_t i = 0; i < width; i++)
        length |= (size_t)bytes[VERSION_END + i] << 8 * i;
    if (!dae_size_add(*needed, length, needed))
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset %d: the header claims %zu bytes", content->name,
                        VERSION_END, length);
    *text = (struct text){content->name, bytes, VERSION_END + width, *needed};
    return DAE_OK;
}

/* Reads the header as far as there is one; it is complete when the layout has a type. */
static dae_status read_header(const struct dae_content *content, struct dae_layout *layout, size_t *needed) {
    struct header header = {0};
    *layout = header.layout;
    DAE_TRY(read_start(content, &header.text, needed));
    if (header.text.end == 0 || content->size < header.text.end)
        return DAE_OK;
    DAE_TRY(read_dictionary(&header));
    DAE_TRY(dae_layout_finish(&header.layout, header.type, header.text.end, content->name, header.shape_at));
    *layout = header.layout;
    *needed = layout->end;
    return DAE_OK;
}

static dae_status measure(const struct dae_content *start, struct dae_extent *extent) {
    struct dae_layout layout;
    DAE_TRY(read_header(start, &layout, &extent->size));
    extent->whole = layout.type != NULL;
    return DAE_OK;
}

static dae_status open_npy(dae_dataset **out, const struct dae_content *content) {
    struct dae_layout layout;
    size_t needed;
    dae_status status = read_header(content, &layout, &needed);
    if (status == DAE_OK)
        return dae_filed_create(out, content->bytes, &layout, content->name);
    dae_release(content->bytes);
    return status;
}

const struct dae_source_kind dae_source_npy = {
    {
        .name = "npy",
        .what = "NPY, as numpy.save() writes it; the first dimension counts samples",
        .example = "npy",
    },
    .knows = knows,
    .measure = measure,
    .open = open_npy,
};

/* ---- Writing ------------------------------------------------------------------------------------ */

/* The header, as numpy.save() writes it: padded so that values begin at a multiple of 64. */
static void write_header(struct dae_text *header, const struct dae_saving *saving) {
    enum { START = VERSION_END + 2, ALIGNMENT = 64 };
    struct dae_shape shape = dae_saving_shape(saving);
    dae_text_add(header, "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu", saving->count);
    for (size_t i = 0; i < shape.rank; i++)
        dae_text_add(header, ", %zu", shape.dims[i]);
    dae_text_add(header, "), }");
    while ((START + header->length + 1) % ALIGNMENT != 0)
        dae_text_add(header, " ");
    dae_text_add(header, "\n");
}

static dae_status take(void *context, const float *values, size_t count) {
    return dae_sink_add(context, values, count * sizeof *values);
}

static dae_status write_npy(const struct dae_saving *saving) {
    char text[512];
    struct dae_text header = {text, sizeof text, 0};
    write_header(&header, saving);
    const unsigned char start[] = {0x93,
                                   'N',
                                   'U',
                                   'M',
                                   'P',
                                   'Y',
                                   1,
                                   0,
                                   (unsigned char)header.length,
                                   (unsigned char)(header.length >> 8)};
    DAE_TRY(dae_sink_add(saving->sink, start, sizeof start));
    DAE_TRY(dae_sink_add(saving->sink, text, header.length));
    return dae_saving_each(saving, take, (void *)(uintptr_t)saving->sink);
}

static const char *const endings[] = {".npy", NULL};

const struct dae_destination_kind dae_destination_npy = {
    {
        .name = "npy",
        .what = "NPY of float32, as numpy.load() reads it; the first dimension counts samples",
        .example = "npy",
        .parameters = {DAE_DESTINATION_OVERWRITE},
    },
    .endings = endings,
    .write = write_npy,
};
