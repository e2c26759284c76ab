/* dae info: what a file is. */
#include "commands.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ask.h"
#include "data.h"
#include "json.h"
#include "say.h"
#include "text.h"

enum { WIDTH = 110, INDENT = 14 };

/* One fact, for people or as JSON; an empty one is left out. */
static void print_fact(bool json, const char *name, const char *value) {
    if (value == NULL || *value == '\0')
        return;
    if (json) {
        json_text(name, value);
        return;
    }
    printf("%-*s", INDENT, name);
    print_wrapped(value, INDENT, INDENT, WIDTH);
}

static void print_taken(bool json, const char *name, char *value) {
    print_fact(json, name, value);
    free(value);
}

static void print_count(bool json, const char *name, size_t value) {
    if (json)
        json_number(name, (double)value);
    else
        printf("%-*s%zu\n", INDENT, name, value);
}

static void print_shape(bool json, const char *name, const shape *s) {
    if (json)
        json_shape(name, s->dims, s->rank);
    else
        print_taken(false, name, shape_text(s));
}

/* Names the file, with its size. */
static void start_file(bool json, const char *path, const char *what) {
    struct stat status;
    bool known = stat(path, &status) == 0;
    if (json) {
        json_text("file", path);
        json_text("is", what);
        json_number("bytes", known ? (double)status.st_size : NAN);
    } else {
        printf("%s: %s", path, what);
        if (known && S_ISREG(status.st_mode))
            printf(", %lld bytes", (long long)status.st_size);
        printf("\n");
    }
}

/* ---- Models ------------------------------------------------------------------------------------------- */

/* "17 x 17 values: 8 before, 8 after", or what makes it look at everything. */
static void print_reach(bool json, const dae_model *model, const shape *input) {
    text field = {0}, sides = {0};
    for (size_t i = 1; i < input->rank; i++) {
        size_t before, after;
        if (dae_model_get_reach(model, i, &before, &after) != DAE_OK) {
            text_free(&field);
            text_free(&sides);
            print_fact(json, "looks at", "whole samples");
            return;
        }
        text_add(&field, "%s%zu", i > 1 ? " x " : "", before + 1 + after);
        text_add(&sides, "%s%zu before and %zu after", i > 1 ? ", " : "", before, after);
        if (json) {
            char *name = text_of("looks_%s", i + 1 == input->rank ? "across" : "down");
            json_shape(name, (size_t[]){before, after}, 2);
            free(name);
        }
    }
    if (!json && field.length > 0)
        print_taken(false, "looks at", text_of("%s places at once: %s", field.bytes, sides.bytes));
    text_free(&field);
    text_free(&sides);
}

/* By how much a stream is late, where the model takes signals. */
static void print_latency(bool json, dae_model *model) {
    dae_stream *stream = NULL;
    size_t latency = 0;
    if (dae_stream_create(&stream, model, NULL) != DAE_OK ||
        dae_stream_get_latency(stream, &latency) != DAE_OK)
        return;
    dae_stream_free(stream);
    char *rate = ask_note(model, "train.rate");
    if (json)
        json_number("latency", (double)latency);
    else if (rate != NULL && strtod(rate, NULL) > 0)
        print_taken(false, "latency",
                    text_of("%zu values as a stream, %.3g s", latency, (double)latency / strtod(rate, NULL)));
    else
        print_taken(false, "latency", text_of("%zu values as a stream", latency));
    free(rate);
}

static void print_notes(bool json, const dae_model *model) {
    const char *key = NULL;
    if (json)
        json_begin("notes", '{');
    for (size_t i = 0; worked(dae_model_list_note(model, i, &key)) && key != NULL; i++) {
        char *note = ask_note(model, key);
        if (json) {
            json_text(key, note);
        } else {
            char *line = text_of("%s: %s", key, note);
            print_fact(false, i == 0 ? "notes" : " ", line);
            free(line);
        }
        free(note);
    }
    if (json)
        json_end('}');
}

static void print_model(bool json, dae_model *model) {
    shape input = {0}, output = {0};
    size_t parameters = 0;
    double low, high;
    worked(dae_model_get_input_shape(model, &input.rank, input.dims));
    worked(dae_model_get_output_shape(model, &output.rank, output.dims));
    worked(dae_model_get_parameter_count(model, &parameters));
    print_taken(json, "network", ask_network(model));
    print_shape(json, "takes", &input);
    print_shape(json, "gives", &output);
    print_count(json, "parameters", parameters);
    print_reach(json, model, &input);
    print_latency(json, model);
    print_taken(json, "noise", ask_noise(model));
    print_taken(json, "scaling", ask_scaling(model));
    if (dae_model_get_range(model, &low, &high) == DAE_OK) {
        if (json) {
            json_number("low", low);
            json_number("high", high);
        } else {
            print_taken(false, "has seen", text_of("values from %g to %g, noise included", low, high));
        }
    }
    print_notes(json, model);
    if (loudness == VERBOSE && !json) {
        char *description = ask_description(model);
        printf("\n%s\n", description);
        free(description);
    }
}

/* ---- Data --------------------------------------------------------------------------------------------- */

static void print_data(bool json, const dae_dataset *data) {
    static const char *const facts[] = {"rate", "bits", "columns", "alpha"};
    shape s = data_shape(data, DAE_ALL_SAMPLES);
    print_count(json, "samples", data_count(data));
    print_shape(json, "shape", &s);
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
        print_taken(json, facts[i], data_fact(data, DAE_ALL_SAMPLES, facts[i]));
}

/* ---- The command -------------------------------------------------------------------------------------- */

static bool is_safetensors(const char *path) {
    unsigned char start[9] = {0};
    FILE *file = fopen(path, "rb");
    bool is = file != NULL && fread(start, 1, 9, file) == 9 && start[8] == '{';
    if (file != NULL)
        fclose(file);
    return is;
}

static bool describe_model(bool json, const char *path) {
    dae_model *model = NULL;
    bool checkpoint = dae_model_load(&model, path) != DAE_OK;
    char *reason = checkpoint ? text_of("%s", dae_last_error()) : NULL;
    bool read = !checkpoint || dae_model_load_checkpoint(&model, path) == DAE_OK ||
                complain("%s", strstr(reason, "this is a checkpoint") != NULL ? dae_last_error() : reason);
    free(reason);
    if (!read)
        return false;
    start_file(json, path, checkpoint ? "a checkpoint of training" : "a model");
    print_model(json, model);
    dae_model_free(model);
    return true;
}

static bool describe_data(bool json, char *path, const char *format) {
    dae_dataset *data = NULL;
    if (!data_open(&data, &path, 1, format))
        return false;
    start_file(json, path, "data");
    print_data(json, data);
    dae_dataset_free(data);
    return true;
}

int command_info(arguments *a) {
    bool json = a->text[OPTION_JSON] != NULL, all = true;
    if (json)
        json_begin(NULL, '[');
    for (size_t i = 0; i < a->operand_count; i++) {
        char *path = a->operands[i];
        if (json)
            json_begin(NULL, '{');
        else if (i > 0)
            printf("\n");
        all = (is_safetensors(path) ? describe_model(json, path)
                                    : describe_data(json, path, a->text[OPTION_SOURCE])) &&
              all;
        if (json)
            json_end('}');
    }
    if (json)
        json_end(']');
    return all ? STATUS_DONE : STATUS_FAILED;
}
