#include "data/foreign.h"

#include <stdbool.h>
#include <string.h>

#define TO_PNG  "convert it to PNG, as by `convert IN OUT.png`"
#define TO_WAV  "convert it to WAV, as by `sox IN OUT.wav`"
#define TO_NPY  "save its arrays by numpy.save()"
#define UNPACK  "unpack it; a folder of files can be opened as it is"
#define PAGE    "was a page downloaded in the place of a file?"
#define POINTER "fetch what it points to, as by `git lfs pull`"

/* By bytes at a place near the start. */
static const struct {
    size_t at, size;
    const char *bytes;
    struct dae_foreign foreign;
} rows[] = {
    {0, 3, "\xFF\xD8\xFF", {"a JPEG picture", TO_PNG}},
    {0, 5, "GIF87", {"a GIF picture", TO_PNG}},
    {0, 5, "GIF89", {"a GIF picture", TO_PNG}},
    {0, 4, "II*\0", {"a TIFF picture", TO_PNG}},
    {0, 4, "MM\0*", {"a TIFF picture", TO_PNG}},
    {8, 4, "WEBP", {"a WebP picture", TO_PNG}},
    {4, 8, "ftypheic", {"a HEIC picture", TO_PNG}},
    {4, 8, "ftypavif", {"an AVIF picture", TO_PNG}},
    {0, 4, "fLaC", {"FLAC sound", TO_WAV}},
    {0, 4, "OggS", {"Ogg sound", TO_WAV}},
    {0, 4, "ID3\3", {"MP3 sound", TO_WAV}},
    {0, 4, "ID3\4", {"MP3 sound", TO_WAV}},
    {0, 2, "\xFF\xFB", {"MP3 sound", TO_WAV}},
    {8, 4, "AIFF", {"AIFF sound", TO_WAV}},
    {0, 4, ".snd", {"AU sound", TO_WAV}},
    {0, 4, "\x89HDF", {"an HDF5 file", TO_NPY}},
    {0, 19, "MATLAB 5.0 MAT-file", {"a MATLAB file", TO_NPY}},
    {0, 5, "PAR1\x15", {"a Parquet file", TO_NPY}},
    {0, 2, "\x80\x04", {"a pickle of Python", TO_NPY}},
    {0, 2, "\x80\x05", {"a pickle of Python", TO_NPY}},
    {0, 4, "%PDF", {"a PDF document", "take the pictures or numbers out of it"}},
    {4, 6, "1AY&SY", {"bzip2 data", UNPACK}},
    {0,
     6,
     "\xFD"
     "7zXZ\0",
     {"xz data", UNPACK}},
    {0, 4, "\x28\xB5\x2F\xFD", {"Zstandard data", UNPACK}},
    {0, 6, "7z\xBC\xAF\x27\x1C", {"a 7z archive", UNPACK}},
    {0, 5, "Rar!\x1A", {"a RAR archive", UNPACK}},
    {257, 5, "ustar", {"a tar archive", UNPACK}},
    {0, 23, "version https://git-lfs", {"a pointer of Git LFS", POINTER}},
};

/* A page begins with its type or its first tag, in letters of any case. */
static bool is_page(const unsigned char *start, size_t count) {
    static const char *const tags[] = {"<!doctype html", "<html"};
    size_t at = 0;
    while (at < count && memchr(" \t\r\n", start[at], 4) != NULL)
        at++;
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        size_t same = 0;
        while (tags[i][same] != '\0' && at + same < count &&
               (start[at + same] | (tags[i][same] >= 'a' ? 0x20 : 0)) == (unsigned char)tags[i][same])
            same++;
        if (tags[i][same] == '\0')
            return true;
    }
    return false;
}

const struct dae_foreign *dae_foreign_find(const unsigned char *start, size_t count) {
    static const struct dae_foreign page = {"a page of HTML", PAGE};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (count >= rows[i].at + rows[i].size &&
            memcmp(start + rows[i].at, rows[i].bytes, rows[i].size) == 0)
            return &rows[i].foreign;
    return is_page(start, count) ? &page : NULL;
}
