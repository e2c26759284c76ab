/* WAV files: every type of values, chunks in any order, sizes that lie, and what is broken. */
#include "content.h"

#include <math.h>
#include <string.h>

/* A header as nearly all programs write it, of 44 bytes. */
static content header(unsigned format, unsigned channels, unsigned bits, size_t data_size) {
    content file = {{0}, 0};
    unsigned frame = channels * bits / 8;
    content_put(&file, "RIFF", 4);
    content_put_little(&file, 36 + data_size, 4);
    content_put(&file, "WAVEfmt ", 8);
    content_put_little(&file, 16, 4);
    content_put_little(&file, format, 2);
    content_put_little(&file, channels, 2);
    content_put_little(&file, 8000, 4);
    content_put_little(&file, 8000 * frame, 4);
    content_put_little(&file, frame, 2);
    content_put_little(&file, bits, 2);
    content_put(&file, "data", 4);
    content_put_little(&file, data_size, 4);
    return file;
}

static content recording(unsigned format, unsigned channels, unsigned bits, const void *data, size_t size) {
    content file = header(format, channels, bits, size);
    content_put(&file, data, size);
    return file;
}

static content stereo(void) {
    return recording(1, 2, 16, "\x00\x80\xff\x7f\x01\x00\xff\xff", 8);
}

static const float stereo_values[] = {-1, 1 / 32768.0f, 32767 / 32768.0f, -1 / 32768.0f};

START_TEST(every_type) {
    static const struct {
        unsigned format, bits;
        const char *bytes;
        size_t size;
        float values[3];
    } types[] = {
        {1, 8, "\x00\x80\xff", 3, {-1, 0, 127 / 128.0f}},
        {1, 16, "\x00\x80\x00\x00\xff\x7f", 6, {-1, 0, 32767 / 32768.0f}},
        {1, 24, "\x00\x00\x80\x01\x00\x00\xff\xff\x7f", 9, {-1, 1 / 8388608.0f, 8388607 / 8388608.0f}},
        {1, 32, "\x00\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00\x40", 12, {-1, 0, 0.5f}},
        {3, 32, "\x00\x00\x80\x3f\x00\x00\x20\xc0\x00\x00\x00\x80", 12, {1, -2.5f, -0.0f}},
        {3,
         64,
         "\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x04\xc0\x00\x00\x00\x00\x00\x00\x00\x80",
         24,
         {1, -2.5f, -0.0f}},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        content file = recording(types[i].format, 1, types[i].bits, types[i].bytes, types[i].size);
        content_reads(&file, "wav", 2, (const size_t[]){1, 3}, types[i].values);
        file.bytes[22] = 3; /* three channels of one value, in the same bytes */
        file.bytes[32] *= 3;
        content_reads(&file, "wav", 2, (const size_t[]){3, 1}, types[i].values);
    }
}
END_TEST

START_TEST(channels_come_apart) {
    content file = stereo();
    content_reads(&file, "wav", 2, (const size_t[]){2, 2}, stereo_values);
}
END_TEST

/* What writers leave there that do not know how much will come; what ends within a moment is left out. */
START_TEST(sizes_of_streams) {
    static const uint32_t sizes[] = {0, 0x7FFFF000, 0x80000000, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        content file = header(1, 2, 16, sizes[i]);
        content_put(&file, "\x00\x80\xff\x7f\x01\x00\xff\xff\x77\x77\x77", 11);
        content_reads(&file, "wav", 2, (const size_t[]){2, 2}, stereo_values);
    }
}
END_TEST

START_TEST(sizes_that_lie) {
    content file = stereo(), none = header(1, 2, 16, 0);
    content_put_little(&file, 0, 4);
    file.bytes[40] = 16;
    content_is_refused(&file, "wav", DAE_ERROR_FORMAT, "offset 56: the file ends, expected 60 bytes",
                       CONTENT_MOST);
    file.bytes[40] = 7;
    content_is_refused(&file, "wav", DAE_ERROR_FORMAT, "found 7 bytes of values, expected a multiple of 4",
                       CONTENT_MOST);
    content_is_refused(&none, "wav", DAE_ERROR_FORMAT, "there are no values", CONTENT_MOST);
    file = stereo();
    file.bytes[16] = 15;
    content_is_refused(&file, "wav", DAE_ERROR_FORMAT, "found a format of 15 bytes", CONTENT_MOST);
}
END_TEST

START_TEST(large_claims) {
    for (unsigned size = 0x10; size < 0x7F; size += 13) {
        content file = stereo();
        file.bytes[43] = (unsigned char)size;
        content_is_refused(&file, "wav", DAE_ERROR_FORMAT, "the file ends", CONTENT_MOST);
    }
    content file = {{0}, 0};
    content_put(&file, "RF64\xff\xff\xff\xffWAVEds64\x1c\x00\x00\x00", 20);
    content_put(&file, "\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0", 28);
    content_put(&file, stereo().bytes + 12, 28);
    content_put_little(&file, 0xFFFFFFFF, 4);
    content_put(&file, "abcd", 4);
    content_is_refused(&file, "wav", DAE_ERROR_FORMAT, "the file ends", CONTENT_MOST);
}
END_TEST

START_TEST(what_is_no_pcm) {
    static const struct {
        unsigned format;
        const char *name;
    } codecs[] = {{2, "Microsoft ADPCM"}, {6, "A-law"},       {7, "mu-law"},
                  {0x55, "MP3"},          {0x1234, "0x1234"}, {0xFFFE, "0xFFFE"}};
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
        content file = recording(codecs[i].format, 1, 8, "abcd", 4);
        content_is_refused(&file, "wav", DAE_ERROR_UNSUPPORTED, codecs[i].name, CONTENT_MOST);
    }
    content file = recording(1, 1, 64, "abcdefgh", 8);
    content_is_refused(&file, "wav", DAE_ERROR_UNSUPPORTED, "64 bits of PCM", CONTENT_MOST);
    file = recording(3, 1, 16, "abcdefgh", 8);
    content_is_refused(&file, "wav", DAE_ERROR_UNSUPPORTED, "16 bits of float", CONTENT_MOST);
}
END_TEST

START_TEST(broken_files) {
    content file = stereo(), gif = {"GIF89a of twelve", 16};
    content_bears_cuts(&file, "wav", CONTENT_MOST);
    /* what is read all the same: another rate or size of the file, and half of the bits of channels and data */
    ck_assert_uint_gt(content_bears_flips(&file, "wav", 44, CONTENT_MOST), 44 * 8 / 3);
    ck_assert_uint_ge(content_bears_lack_of_memory(file.bytes, file.size, "wav"), 2);
    content_is_refused(&gif, "wav", DAE_ERROR_FORMAT, "found a GIF picture, expected wav", CONTENT_MOST);
}
END_TEST

START_TEST(facts) {
    content file = stereo(), few = recording(1, 1, 16, "abcd", 4);
    few.bytes[34] = 12;
    content_has_fact(&file, "rate", "8000");
    content_has_fact(&file, "bits", "16");
    content_has_fact(&few, "bits", "12");
    content_has_fact(&file, "path", "");
}
END_TEST

/* Rounded to the nearest that there is. */
START_TEST(what_is_written) {
    static const float values[] = {-1, 1 / 32768.0f, 1.5f, -7, 0.4999f / 32768, -0.5f / 32768};
    content sixteen = recording(1, 2, 16, "\x00\x80\x00\x80\x01\x00\x00\x00\xff\x7f\x00\x00", 12);
    content mono = recording(1, 1, 24, "\x00\x00\x80\x00\x01\x00\xff\xff\x7f", 9), padded = mono;
    content floats = recording(3, 1, 32, values, sizeof values), extended = {{0}, 0};
    content_is_written(content_dataset(values, 2, (const size_t[]){2, 3}), ".wav", "wav(rate=8000)",
                       &sixteen);
    padded.bytes[4]++;
    content_put(&padded, "", 1);
    content_is_written(content_dataset(values, 1, (const size_t[]){3}), "", "wav(bits=24, rate=8000)",
                       &padded);
    content_put(&extended, floats.bytes, 36); /* with the size of an extension, and the number of moments */
    content_put(&extended, "\0\0fact\4\0\0\0\6\0\0", 13);
    content_put(&extended, "", 1);
    content_put(&extended, floats.bytes + 36, floats.size - 36);
    extended.bytes[4] = (unsigned char)(extended.size - 8);
    extended.bytes[16] = 18;
    content_is_written(content_dataset(values, 2, (const size_t[]){1, 6}), "", "wav(bits=32, rate=8000)",
                       &extended);
}
END_TEST

START_TEST(the_rate_is_kept) {
    content file = stereo();
    dae_dataset *dataset = NULL;
    ok(dae_dataset_parse(&dataset, file.bytes, file.size, NULL));
    content_is_written(dataset, ".wav", NULL, &file);
}
END_TEST

START_TEST(what_is_not_written) {
    static const float values[] = {0, 0, NAN, 0};
    const size_t shape[] = {1, 2, 2};
    content_is_not_written(content_dataset(values, 1, shape + 1), "wav", DAE_ERROR_ARGUMENT,
                           "wav(rate=16000)");
    content_is_not_written(content_dataset(values, 2, shape + 1), "wav(rate=1)", DAE_ERROR_ARGUMENT,
                           "value 2 of sample 0 is NaN");
    content_is_not_written(content_dataset(values, 3, shape), "wav(rate=1)", DAE_ERROR_SHAPE,
                           "channels x length");
    dae_dataset *dataset = content_dataset(values, 1, shape + 1);
    fails(dae_dataset_save(dataset, temp_path("a.wav"), "wav(bits=17)"), DAE_ERROR_ARGUMENT,
          "bits = 16, 24 or 32");
    fails(dae_dataset_save(dataset, temp_path("a.wav"), "wav(rate=0)"), DAE_ERROR_ARGUMENT, "rate");
    dae_dataset_free(dataset);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("WAV");
    TCase *wav = add_case(suite, "wav");
    tcase_add_test(wav, every_type);
    tcase_add_test(wav, channels_come_apart);
    tcase_add_test(wav, sizes_of_streams);
    tcase_add_test(wav, sizes_that_lie);
    tcase_add_test(wav, large_claims);
    tcase_add_test(wav, what_is_no_pcm);
    tcase_add_test(wav, broken_files);
    tcase_add_test(wav, facts);
    tcase_add_test(wav, what_is_written);
    tcase_add_test(wav, the_rate_is_kept);
    tcase_add_test(wav, what_is_not_written);
    return suite_main(suite);
}
