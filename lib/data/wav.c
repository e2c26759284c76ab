/* WAV recordings, one sample [channels, length]. RIFF, RF64 and BW64 are read, and RIFX, of which numbers
 * begin with the higher byte; RIFF is written. */
#include "core/memory.h"
#include "data/destination.h"
#include "data/source.h"

#include <string.h>

enum {
    FIRST_CHUNK = 12,
    CHUNK_HEADER = 8,
    PCM = 1,
    FLOATS = 3,
    EXTENSIBLE = 0xFFFE, /* the format is told by a GUID */
};

struct wav {
    const struct dae_content *content;
    bool big;
    bool partial;          /* the content is only the start of the file, and its end says nothing */
    unsigned format, bits; /* format is 0 while no chunk has told */
    unsigned rate;
    size_t channels, bytes; /* in a moment; of one value */
    size_t data, data_size; /* data is 0 while there is none */
    size_t long_size;       /* of the data, as the chunk ds64 tells it; 0: it does not */
    const struct dae_value_type *type;
};

static bool knows(const unsigned char *start, size_t count) {
    static const char *const names[] = {"RIFF", "RIFX", "RF64", "BW64"};
    bool known = false;
    for (size_t i = 0; i < sizeof names / sizeof *names && count >= FIRST_CHUNK; i++)
        known = known || memcmp(start, names[i], 4) == 0;
    return known && memcmp(start + 8, "WAVE", 4) == 0;
}

/* ---- Chunks -------------------------------------------------------------------------------------- */

static uint64_t number_at(const struct wav *wav, size_t at, size_t size) {
    const unsigned char *bytes = wav->content->bytes + at;
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | bytes[wav->big ? i : size - 1 - i];
    return number;
}

static dae_status fail_codec(const struct wav *wav, size_t at) {
    static const struct {
        unsigned format;
        const char *name;
    } codecs[] = {{2, "Microsoft ADPCM"}, {6, "A-law"},         {7, "mu-law"},    {0x11, "IMA ADPCM"},
                  {0x31, "GSM 6.10"},     {0x50, "MPEG audio"}, {0x55, "MP3"},    {0x92, "AC-3"},
                  {0x161, "WMA"},         {0xFF, "AAC"},        {0x2000, "AC-3"}, {0x674F, "Ogg Vorbis"},
                  {0xF1AC, "FLAC"}};
    const char *name = "a codec";
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
        if (codecs[i].format == wav->format)
            name = codecs[i].name;
    return dae_fail(DAE_ERROR_UNSUPPORTED,
                    "%s: offset %zu: found %s (format 0x%04X), expected PCM or float: convert it, as by `sox "
                    "IN.wav -b 16 -e signed OUT.wav`",
                    wav->content->name, at, name, wav->format);
}

static dae_status find_type(struct wav *wav, size_t at) {
    if (wav->format != PCM && wav->format != FLOATS)
        return fail_codec(wav, at);
    wav->type = dae_value_type_find(wav->format == PCM ? 'p' : 'f', wav->bytes, wav->big);
    if (wav->type == NULL || wav->bits == 0 || wav->bits > 8 * wav->bytes ||
        (wav->format == FLOATS && wav->bytes < 4))
        return dae_fail(
            DAE_ERROR_UNSUPPORTED,
            "%s: offset %zu: found %u bits of %s in %zu bytes, expected 8, 16, 24 or 32 of PCM, or "
            "32 or 64 of float",
            wav->content->name, at + 14, wav->bits, wav->format == PCM ? "PCM" : "float", wav->bytes);
    return DAE_OK;
}

/* The chunk `fmt `, of at least 16 bytes: format, channels, rate, bytes a second, bytes a moment, bits; of
 * the extensible form then the size of the rest, bits that count, speakers, and the GUID, of which the first
 * two bytes are a format. */
static dae_status read_format(struct wav *wav, size_t at, size_t size) {
    if (size < 16)
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: found a format of %zu bytes, expected 16 or more",
                        wav->content->name, at, size);
    wav->format = (unsigned)number_at(wav, at, 2);
    wav->channels = (size_t)number_at(wav, at + 2, 2);
    wav->rate = (unsigned)number_at(wav, at + 4, 4);
    wav->bits = (unsigned)number_at(wav, at + 14, 2);
    size_t frame = (size_t)number_at(wav, at + 12, 2);
    if (wav->format == EXTENSIBLE && size >= 40)
        wav->format = (unsigned)number_at(wav, at + 24, 2);
    if (wav->channels == 0)
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: found 0 channels, expected 1 or more",
                        wav->content->name, at + 2);
    wav->bytes = frame / wav->channels;
    if (wav->format != PCM && wav->format != FLOATS)
        return fail_codec(wav, at);
    if (frame % wav->channels != 0)
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: offset %zu: found %zu bytes for %zu channels, expected a multiple",
                        wav->content->name, at + 12, frame, wav->channels);
    return find_type(wav, at);
}

/* Whether a size of data is one of those that are written by who does not know how much will come: as much as
 * can be, by one of several measures, or none, in a file of which the size is not right either. */
static bool is_unknown(const struct wav *wav, size_t size) {
    if (size == 0)
        return number_at(wav, 4, 4) != wav->content->size - 8;
    return (size >= 0x7FFFF000 && size <= 0x80000000) || (size >= 0xFFFFF000 && size <= 0xFFFFFFFF);
}

static dae_status fail_cut(const struct wav *wav, size_t at, size_t size) {
    size_t end;
    if (!dae_size_add(at, size, &end))
        end = SIZE_MAX;
    return dae_filed_too_short(wav->content->name, wav->content->size, end);
}

/* Where the data are, and how many. */
static dae_status find_data(struct wav *wav, size_t at, size_t *size) {
    size_t left = wav->content->size - at;
    if (wav->long_size > 0 && *size == UINT32_MAX)
        *size = wav->long_size;
    else if (!wav->partial && is_unknown(wav, *size) && (*size == 0 || *size > left))
        *size = left;
    if (!wav->partial && *size > left)
        return fail_cut(wav, at, *size);
    wav->data = at;
    wav->data_size = *size;
    return DAE_OK;
}

/* Reads the chunk at *at, and goes on after it: it begins at an even place, or, where it was written without
 * its padding, at an odd one, which then has a name. */
static dae_status read_chunk(struct wav *wav, size_t *at) {
    const unsigned char *bytes = wav->content->bytes + *at;
    size_t size = (size_t)number_at(wav, *at + 4, 4), begin = *at + CHUNK_HEADER;
    bool data = memcmp(bytes, "data", 4) == 0;
    if (data && wav->data == 0)
        DAE_TRY(find_data(wav, begin, &size));
    if (size > wav->content->size - begin && !(wav->partial && data && wav->format != 0))
        return fail_cut(wav, begin, size);
    if (memcmp(bytes, "ds64", 4) == 0 && size >= 16)
        wav->long_size = (size_t)(number_at(wav, begin + 8, 8) & SIZE_MAX);
    if (memcmp(bytes, "fmt ", 4) == 0 && wav->format == 0)
        DAE_TRY(read_format(wav, begin, size));
    *at = begin + size;
    if (size % 2 == 1 && *at < wav->content->size && wav->content->bytes[*at] == 0)
        (*at)++;
    return DAE_OK;
}

static dae_status read_chunks(struct wav *wav) {
    const struct dae_content *content = wav->content;
    size_t at = FIRST_CHUNK;
    if (!knows(content->bytes, content->size))
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset 0: not a WAV file: expected RIFF, a size, WAVE",
                        content->name);
    wav->big = content->bytes[3] == 'X';
    while (wav->format == 0 || wav->data == 0) {
        if (content->size - at < CHUNK_HEADER)
            return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: the file ends, expected a chunk '%s'",
                            content->name, content->size, wav->format == 0 ? "fmt " : "data");
        DAE_TRY(read_chunk(wav, &at));
    }
    return DAE_OK;
}

/* ---- The sample ---------------------------------------------------------------------------------- */

/* Data of an unknown size may end within a moment, of which there is nothing then. */
static dae_status lay_out(const struct wav *wav, struct dae_layout *layout) {
    const char *name = wav->content->name;
    size_t frame = wav->channels * wav->bytes, length = wav->data_size / frame;
    if (wav->data_size % frame != 0 && wav->data + wav->data_size < wav->content->size)
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: offset %zu: found %zu bytes of values, expected a multiple of %zu", name,
                        wav->data, wav->data_size, frame);
    if (length == 0)
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: there are no values", name, wav->data);
    *layout = (struct dae_layout){.interleaved = wav->channels > 1};
    DAE_TRY(dae_layout_add(layout, 1, name, wav->data));
    DAE_TRY(dae_layout_add(layout, wav->channels, name, wav->data));
    DAE_TRY(dae_layout_add(layout, length, name, wav->data));
    return dae_layout_finish(layout, wav->type, wav->data, name, wav->data);
}

/* What is known of the recording beside its values. */
static dae_status tell(const struct wav *wav) {
    DAE_TRY(dae_facts_add(wav->content->facts, "rate", "%u", wav->rate));
    return dae_facts_add(wav->content->facts, "bits", "%u", wav->bits);
}

/* The data need not begin in the start, nor say how many they are; all is told when the file is opened. */
static dae_status preview(const struct dae_content *start, struct dae_preview *p) {
    struct wav wav = {.content = start, .partial = true};
    struct dae_layout layout;
    if (read_chunks(&wav) != DAE_OK || is_unknown(&wav, wav.data_size) || lay_out(&wav, &layout) != DAE_OK)
        return DAE_OK;
    p->count = layout.count;
    p->shape = layout.shape;
    return tell(&wav);
}

static dae_status open_wav(dae_dataset **out, const struct dae_content *content) {
    struct wav wav = {.content = content};
    struct dae_layout layout;
    dae_status status = read_chunks(&wav);
    if (status == DAE_OK)
        status = lay_out(&wav, &layout);
    if (status == DAE_OK)
        status = tell(&wav);
    if (status == DAE_OK)
        return dae_filed_create(out, content->bytes, &layout, content->name);
    dae_release(content->bytes);
    return status;
}

const struct dae_source_kind dae_source_wav = {
    {
        .name = "wav",
        .what = "a WAV recording: one sample [channels, length], PCM of any bits as values in [-1, 1)",
        .example = "wav",
    },
    .knows = knows,
    .open = open_wav,
    .preview = preview,
};

/* ---- Writing -------------------------------------------------------------------------------------- */

enum { BITS, RATE, MOST_RATE = 1 << 30 }; /* the parameters; in values a second */

static const char *check_parameters(const struct dae_value *values) {
    double bits = values[BITS].number;
    return bits != 16 && bits != 24 && bits != 32 ? "bits = 16, 24 or 32" : NULL;
}

/* A recording that is written. */
struct take {
    size_t channels, length;
    size_t bytes; /* of a value */
    uint64_t size;
    uint32_t rate;
};

static dae_status plan(const struct dae_saving *saving, struct take *take) {
    struct dae_shape shape = dae_saving_shape(saving);
    char text[DAE_SHAPE_TEXT_SIZE];
    double rate = saving->values[RATE].count > 0 ? saving->values[RATE].number
                                                 : dae_saving_number(saving, "rate", 0);
    if (shape.rank > 2 || (shape.rank == 2 && shape.dims[0] > UINT16_MAX / 4))
        return dae_fail(DAE_ERROR_SHAPE,
                        "%s: sample %zu has shape %s, expected a recording: channels x length", saving->name,
                        saving->first, dae_shape_text(&shape, text));
    if (!(rate >= 1 && rate <= MOST_RATE))
        return dae_fail(
            DAE_ERROR_ARGUMENT,
            "%s: sample %zu comes from no file with a rate that could be kept, expected one, as in "
            "wav(rate=16000)",
            saving->name, saving->first);
    take->channels = shape.rank == 2 ? shape.dims[0] : 1;
    take->length = shape.dims[shape.rank - 1];
    take->bytes = (size_t)saving->values[BITS].number / 8;
    take->size = (uint64_t)shape.size * take->bytes;
    take->rate = (uint32_t)rate;
    if (take->size > UINT32_MAX - 64)
        return dae_fail(DAE_ERROR_SHAPE, "%s: sample %zu takes %llu bytes, of which WAV holds less than 2^32",
                        saving->name, saving->first, (unsigned long long)take->size);
    return DAE_OK;
}

static dae_status check_wav(const struct dae_saving *saving) {
    struct take take;
    return plan(saving, &take);
}

static void put(unsigned char **at, uint32_t number, size_t size) {
    for (; size > 0; size--, number >>= 8)
        *(*at)++ = (unsigned char)number;
}

static void put_name(unsigned char **at, const char *name) {
    memcpy(*at, name, 4);
    *at += 4;
}

/* Floats have the size of an extension, of which there is none, and the chunk `fact`. */
static dae_status write_header(const struct dae_saving *saving, const struct take *take) {
    unsigned char header[64], *at = header;
    bool floats = take->bytes == 4;
    size_t frame = take->channels * take->bytes;
    put_name(&at, "RIFF");
    put(&at, (uint32_t)(36 + (floats ? 14 : 0) + take->size + take->size % 2), 4);
    put_name(&at, "WAVE");
    put_name(&at, "fmt ");
    put(&at, floats ? 18 : 16, 4);
    put(&at, floats ? FLOATS : PCM, 2);
    put(&at, (uint32_t)take->channels, 2);
    put(&at, take->rate, 4);
    put(&at, (uint32_t)(take->rate * (uint64_t)frame & UINT32_MAX), 4);
    put(&at, (uint32_t)frame, 2);
    put(&at, (uint32_t)(8 * take->bytes), 2);
    if (floats) {
        put(&at, 0, 2);
        put_name(&at, "fact");
        put(&at, 4, 4);
        put(&at, (uint32_t)take->length, 4);
    }
    put_name(&at, "data");
    put(&at, (uint32_t)take->size, 4);
    return dae_sink_add(saving->sink, header, (size_t)(at - header));
}

/* A value of PCM is rounded from value * 2^(bits - 1), halves up, to the nearest that there is. */
static void put_value(unsigned char **at, float value, size_t bytes) {
    uint32_t word;
    if (bytes == sizeof word) {
        memcpy(&word, &value, sizeof word);
    } else {
        double half = bytes == 2 ? 0x1p15 : 0x1p23, raised = (double)value * half + half + 0.5;
        raised = raised > 0 ? raised < 2 * half ? raised : 2 * half - 1 : 0;
        word = (uint32_t)raised - (uint32_t)half;
    }
    put(at, word, bytes);
}

static dae_status check_number(const struct dae_saving *saving, const struct take *take,
                               const float *values) {
    for (size_t i = 0; take->bytes < 4 && i < take->channels * take->length; i++)
        if (values[i] != values[i])
            return dae_fail(DAE_ERROR_ARGUMENT, "%s: value %zu of sample %zu is NaN, expected a number",
                            saving->name, i, saving->first);
    return DAE_OK;
}

/* Moments of planes, some at a time, and the padding. */
static dae_status write_values(const struct dae_saving *saving, const struct take *take,
                               const float *values) {
    unsigned char buffer[4096], *at = buffer;
    for (size_t i = 0; i < take->length; i++)
        for (size_t c = 0; c < take->channels; c++) {
            put_value(&at, values[c * take->length + i], take->bytes);
            if (at + 2 * sizeof(float) > buffer + sizeof buffer) {
                DAE_TRY(dae_sink_add(saving->sink, buffer, (size_t)(at - buffer)));
                at = buffer;
            }
        }
    put(&at, 0, take->size % 2);
    return dae_sink_add(saving->sink, buffer, (size_t)(at - buffer));
}

static dae_status write_wav(const struct dae_saving *saving) {
    struct take take;
    float *values;
    DAE_TRY(plan(saving, &take));
    DAE_TRY(dae_saving_read(saving, &values));
    dae_status status = check_number(saving, &take, values);
    if (status == DAE_OK)
        status = write_header(saving, &take);
    if (status == DAE_OK)
        status = write_values(saving, &take, values);
    dae_release(values);
    return status;
}

static const char *const endings[] = {".wav", NULL};

const struct dae_destination_kind dae_destination_wav = {
    {
        .name = "wav",
        .what = "a WAV recording of samples [channels, length]: PCM of values in [-1, 1), or floats",
        .example = "wav(bits=24, rate=16000)",
        .check = check_parameters,
        .parameters = {{"bits", "of a value: 16 or 24 of PCM, or 32 of float", DAE_TYPE_COUNT, 0, 16, 32,
                        "16"},
                       {"rate", "values a second; without it that of the file that a sample comes from",
                        DAE_TYPE_COUNT, DAE_OPTIONAL, 1, MOST_RATE},
                       DAE_DESTINATION_OVERWRITE},
    },
    .endings = endings,
    .single = true,
    .check = check_wav,
    .write = write_wav,
};
