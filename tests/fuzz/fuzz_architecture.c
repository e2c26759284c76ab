/* The text of an architecture, in a model file that is right otherwise: it has the tensors that the text asks for, as
 * far as a loose reading of it tells. */
#include "fuzz.h"

#include <stdarg.h>
#include <string.h>

enum { MOST_TEXT = 1 << 14, MOST_FILE = 1 << 18, MOST_STEPS = 300, MOST_WIDTH = 64 };

static struct {
    unsigned char bytes[MOST_FILE];
    size_t size;
} file;

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int added = vsnprintf((char *)file.bytes + file.size, MOST_FILE - file.size, format, arguments);
    va_end(arguments);
    must(added >= 0 && (size_t)added < MOST_FILE - file.size, "the fuzz target's file is full");
    file.size += (size_t)added;
}

static void add_escaped(const char *text) {
    for (; *text != '\0'; text++)
        if (*text == '"' || *text == '\\')
            add("\\%c", *text);
        else if ((unsigned char)*text < ' ')
            add("\\u%04x", (unsigned)*text);
        else
            add("%c", *text);
}

/* The product of up to `most` whole numbers in text[length], 0 if there are none; never large. */
static size_t numbers(const char *text, size_t length, int most) {
    size_t product = 0;
    for (size_t i = 0; i < length && most > 0; i++) {
        size_t value = 0, start = i;
        for (; i < length && text[i] >= '0' && text[i] <= '9'; i++)
            value = value * 10 + (size_t)(text[i] - '0') > MOST_WIDTH ? MOST_WIDTH
                                                                      : value * 10 + (size_t)(text[i] - '0');
        if (i > start) {
            product = (product > 0 ? product : 1) * value > MOST_WIDTH ? MOST_WIDTH
                                                                       : (product > 0 ? product : 1) * value;
            most--;
        }
    }
    return product;
}

static void add_tensor(size_t place, const char *name, size_t rows, size_t columns, size_t *bytes) {
    size_t size = rows * (columns > 0 ? columns : 1) * sizeof(float);
    add(",\"%zu.%s\":{\"dtype\":\"F32\",\"shape\":[%zu", place, name, rows);
    if (columns > 0)
        add(",%zu", columns);
    add("],\"data_offsets\":[%zu,%zu]}", *bytes, *bytes + size);
    *bytes += size;
}

/* Tensors for each step that looks like a dense layer; returns the number of their bytes. */
static size_t add_tensors(const char *text) {
    size_t bytes = 0, width = 0;
    for (size_t step = 0; step < MOST_STEPS && text != NULL; step++) {
        size_t length = strcspn(text, "|"), units;
        if (step == 0) {
            width = numbers(text, length, DAE_MAX_RANK);
        } else if (strcspn(text, "e") < length && text[strspn(text, " \t\r\n")] == 'd' &&
                   text[strspn(text, " \t\r\n") + 1] == 'e' && (units = numbers(text, length, 1)) > 0 &&
                   width > 0) {
            add_tensor(step - 1, "weight", units, width, &bytes);
            add_tensor(step - 1, "bias", units, 0, &bytes);
            width = units;
        }
        text = text[length] == '|' ? text + length + 1 : NULL;
    }
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char text[MOST_TEXT + 1];
    if (size > MOST_TEXT)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    file.size = 8;
    add("{\"__metadata__\":{\"dae.format\":\"1\",\"dae.architecture\":\"");
    add_escaped(text);
    add("\"}");
    size_t tensors = add_tensors(text);
    add("}");
    uint64_t header = file.size - 8;
    if (tensors > MOST_FILE - file.size)
        return 0;
    for (size_t i = 0; i < 8; i++)
        file.bytes[i] = (unsigned char)(header >> 8 * i);
    memset(file.bytes + file.size, 0x3E, tensors);      /* 0.186 as a float */
    unsigned char *exact = malloc(file.size + tensors); /* so that reading beyond it shows */
    must(exact != NULL, "no memory for the fuzz target");
    memcpy(exact, file.bytes, file.size + tensors);
    fuzz_read_model(exact, file.size + tensors);
    free(exact);
    return 0;
}
