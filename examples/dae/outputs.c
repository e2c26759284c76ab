#define _DEFAULT_SOURCE
#include "outputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data.h"
#include "say.h"
#include "text.h"

static bool is_folder(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Samples of one file follow one another. */
static void find_runs(outputs *o, const dae_dataset *data) {
    size_t count = data_count(data);
    char *last = NULL;
    for (size_t i = 0; i < count; i++) {
        char *path = data_fact(data, i, "path");
        bool same = i > 0 && ((path == NULL && last == NULL) ||
                              (path != NULL && last != NULL && strcmp(path, last) == 0));
        if (!same) {
            o->all = reallocate(o->all, o->count + 1, sizeof *o->all);
            o->all[o->count++] = (output){i, 0, path != NULL ? text_of("%s", path) : NULL};
        }
        o->all[o->count - 1].count++;
        free(last);
        last = path;
    }
    free(last);
}

/* Files that were compressed are written as they are. */
static char *path_in(const char *folder, const char *file) {
    const char *slash = strrchr(file, '/'), *name = slash != NULL ? slash + 1 : file;
    size_t length = strlen(name);
    if (length > 3 && strcasecmp(name + length - 3, ".gz") == 0)
        length -= 3;
    return text_of("%s%s%.*s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", (int)length, name);
}

static bool check_path(const outputs *o, size_t at, bool replace) {
    const char *path = o->all[at].path;
    for (size_t i = 0; i < at; i++)
        if (strcmp(o->all[i].path, path) == 0)
            return complain("two files would become %s: give their folders one by one, with an --output each",
                            path);
    return replace || access(path, F_OK) != 0 || complain("%s is there; -f replaces it", path);
}

static bool make_folder(const char *path) {
    return is_folder(path) || mkdir(path, 0777) == 0 ||
           complain("cannot make the folder '%s': %s", path, strerror(errno));
}

bool outputs_plan(outputs *o, const dae_dataset *data, const arguments *a) {
    const char *out = a->text[OPTION_OUTPUT];
    *o = (outputs){0};
    if (out == NULL)
        return complain("%s needs -o OUT, the file or the folder to write", a->command->name);
    find_runs(o, data);
    bool folder = out[strlen(out) - 1] == '/' || is_folder(out) || o->count > 1;
    for (size_t i = 0; i < o->count; i++) {
        char *from = o->all[i].path;
        if (folder && from == NULL)
            return complain("what comes from standard input has no name: -o names a file");
        o->all[i].path = folder ? path_in(out, from) : text_of("%s", out);
        free(from);
        if (!check_path(o, i, a->text[OPTION_FORCE] != NULL))
            return false;
    }
    return !folder || a->text[OPTION_DRY_RUN] != NULL || make_folder(out);
}

void outputs_free(outputs *o) {
    for (size_t i = 0; i < o->count; i++)
        free(o->all[i].path);
    free(o->all);
    *o = (outputs){0};
}

/* The kind of file that a name has by its ending, or NULL where that is for the library to say. */
static const char *kind_of(const char *path) {
    const char *dot = strrchr(path, '.'), *name = NULL;
    if (dot != NULL && (strcasecmp(dot, ".pgm") == 0 || strcasecmp(dot, ".ppm") == 0))
        dot = ".pnm";
    for (size_t i = 0; dot != NULL && dae_kind_list("destination", NULL, i, &name) == DAE_OK && name != NULL;
         i++)
        if (strcasecmp(name, dot + 1) == 0)
            return name;
    return NULL;
}

/* The number of bits that a kind writes where a file has so many. */
static const char *bits_of(const char *kind, const char *bits) {
    long found = strtol(bits, NULL, 10);
    if (strcmp(kind, "wav") == 0)
        return found <= 16 ? "16" : found <= 24 ? "24" : "32";
    return found <= 8 ? "8" : "16";
}

/* Parameters that the kind has, as what the samples' file says. */
static void add_facts(text *t, const char *kind, const dae_dataset *like) {
    static const char *const facts[] = {"bits", "rate", "separator", "decimal"};
    const char *what = NULL;
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        char *value = data_fact(like, 0, facts[i]);
        if (value != NULL && dae_kind_get_text("destination", kind, facts[i], "what", &what) == DAE_OK)
            text_add(t, "%s%s=%s", t->length > 0 ? ", " : "", facts[i],
                     strcmp(facts[i], "bits") == 0 ? bits_of(kind, value) : value);
        free(value);
    }
}

bool output_save(const dae_dataset *data, const char *path, const dae_dataset *like, bool replace) {
    const char *kind = kind_of(path);
    text parameters = {0};
    if (kind != NULL) {
        add_facts(&parameters, kind, like);
        if (replace)
            text_add(&parameters, "%soverwrite=yes", parameters.length > 0 ? ", " : "");
    }
    char *format = parameters.length > 0 ? text_of("%s(%s)", kind, parameters.bytes) : NULL;
    bool saved = worked(dae_dataset_save(data, path, format));
    text_free(&parameters);
    free(format);
    return saved;
}
