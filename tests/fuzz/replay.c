/* Runs a fuzz target without a fuzzer: on each file of a folder, and on what becomes of it by
 * changes that are the same every time.
 *
 * usage: fuzz_NAME CORPUS [MUTATIONS]
 *
 * For each file: the file, its beginnings, each bit of its first bytes flipped, and MUTATIONS (default 1000) files
 * with random changes. A finding ends the process; its last input is written to standard error in hexadecimal. */
#define _POSIX_C_SOURCE 200809L
#include "fuzz.h"

#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { MOST_BYTES = 1 << 20, PREFIXES = 512, FLIPPED_BYTES = 160, SHOWN = 4096, PATH_SIZE = 4096 };

struct input {
    unsigned char *bytes;
    size_t size;
};

static struct input current; /* what the target is given, for on_abort() */

static void on_abort(int number) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < current.size && i < SHOWN; i++) {
        char byte[2] = {digits[current.bytes[i] >> 4], digits[current.bytes[i] & 15]};
        if (write(STDERR_FILENO, byte, 2) != 2)
            break;
    }
    (void)!write(STDERR_FILENO, "\n", 1);
    signal(number, SIG_DFL);
    raise(number);
}

/* Shows the target a copy of exactly that size, so that reading beyond it shows. */
static void show(const unsigned char *bytes, size_t size) {
    current = (struct input){malloc(size > 0 ? size : 1), size};
    must(current.bytes != NULL, "no memory");
    memcpy(current.bytes, bytes, size);
    (void)LLVMFuzzerTestOneInput(current.bytes, size);
    free(current.bytes);
    current = (struct input){NULL, 0};
}

static uint32_t draw(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

/* One random change of bytes[size], which have room for 16 more; returns the new size. */
static size_t change(unsigned char *bytes, size_t size, uint64_t *state) {
    static const char *const words[] = {
        "0", "1", "9", "-1", "1e99", "4294967296", "18446744073709551615", "\"", "(", ")", "{", "}",
        "[", "]", "|", ",",  "=",    "\\",         "\xff\xff\xff\xff"};
    size_t at = size > 0 ? draw(state) % size : 0, left = size - at;
    const char *word = words[draw(state) % (sizeof words / sizeof *words)];
    size_t length = strlen(word) < 16 ? strlen(word) : 16, most = left < 16 ? left : 16;
    switch (size > 0 ? draw(state) % 5 : 3) {
    case 0:
        bytes[at] ^= (unsigned char)(1 << draw(state) % 8);
        return size;
    case 1:
        bytes[at] = (unsigned char)draw(state);
        return size;
    case 2: /* leave some out */
        length = most > 0 ? 1 + draw(state) % most : 0;
        memmove(bytes + at, bytes + at + length, left - length);
        return size - length;
    case 3: /* put a word in */
        memmove(bytes + at + length, bytes + at, left);
        memcpy(bytes + at, word, length);
        return size + length;
    default: /* put a word over it */
        memcpy(bytes + at, word, length < left ? length : left);
        return size;
    }
}

static void mutate(const struct input *input, size_t count) {
    enum { CHANGES = 4, ROOM = 16 };
    unsigned char *bytes = malloc(input->size + CHANGES * ROOM);
    uint64_t state = input->size;
    must(bytes != NULL, "no memory");
    for (size_t i = 0; i < count; i++) {
        size_t size = input->size;
        memcpy(bytes, input->bytes, size);
        for (uint32_t changes = 1 + draw(&state) % CHANGES; changes > 0; changes--)
            size = change(bytes, size, &state);
        show(bytes, size);
    }
    free(bytes);
}

static size_t replay(const struct input *input, size_t mutations) {
    size_t prefixes = input->size < PREFIXES ? input->size : PREFIXES;
    size_t bits = 8 * (input->size < FLIPPED_BYTES ? input->size : FLIPPED_BYTES);
    show(input->bytes, input->size);
    for (size_t i = 0; i < prefixes; i++) {
        show(input->bytes, i);
        show(input->bytes, input->size - 1 - i);
    }
    for (size_t bit = 0; bit < bits; bit++) {
        input->bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        show(input->bytes, input->size);
        input->bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    mutate(input, mutations);
    return 1 + 2 * prefixes + bits + mutations;
}

static struct input read_whole(const char *folder, const char *name) {
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    struct input input = {malloc(MOST_BYTES), 0};
    must(file != NULL && input.bytes != NULL, "%s cannot be read", path);
    input.size = fread(input.bytes, 1, MOST_BYTES, file);
    must(feof(file), "%s is larger than %d bytes", path, MOST_BYTES);
    fclose(file);
    return input;
}

int main(int count, char **arguments) {
    if (count < 2 || count > 3) {
        fprintf(stderr, "usage: %s CORPUS [MUTATIONS]\n", arguments[0]);
        return 2;
    }
    size_t mutations = count > 2 ? (size_t)strtoul(arguments[2], NULL, 10) : 1000, files = 0, inputs = 0;
    DIR *folder = opendir(arguments[1]);
    if (folder == NULL) {
        fprintf(stderr, "%s cannot be opened\n", arguments[1]);
        return 2;
    }
    signal(SIGABRT, on_abort);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        struct input input = read_whole(arguments[1], entry->d_name);
        inputs += replay(&input, mutations);
        free(input.bytes);
        files++;
    }
    closedir(folder);
    printf("%zu files, %zu inputs\n", files, inputs);
    return files > 0 ? 0 : 1; /* a corpus that is missing must not pass */
}
