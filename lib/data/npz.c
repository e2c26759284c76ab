/* One array of an NPZ file, as numpy.savez() writes it, a zip archive whose members are NPY files: read and
 * written. */
#include "core/memory.h"
#include "core/text.h"
#include "data/destination.h"
#include "data/source.h"
#include "data/zip.h"

#include <stdio.h>
#include <string.h>

enum { ARRAY, COMPRESSED }; /* the parameters; the second of writing alone */

enum { SUFFIX = 4, NAMES = 300 }; /* bytes of ".npy", and of all names in messages */

/* The array that is wanted. */
struct search {
    struct dae_zip zip;
    const struct dae_value *wanted; /* its name or number; not given: the only one */
    struct dae_zip_member found;
    size_t arrays; /* seen so far */
    bool has_found;
    struct dae_text names; /* of them */
};

static bool is_array(const struct dae_zip_member *member) {
    return member->name_length > SUFFIX &&
           memcmp(member->name + member->name_length - SUFFIX, ".npy", SUFFIX) == 0;
}

static bool is_wanted(const struct search *search, const struct dae_zip_member *member) {
    const struct dae_value *wanted = search->wanted;
    size_t length = member->name_length - SUFFIX;
    if (wanted->label != NULL)
        return strlen(wanted->label) == length && memcmp(wanted->label, member->name, length) == 0;
    return (wanted->count > 0 ? wanted->number : 0) == (double)search->arrays;
}

static dae_status look_at(struct search *search) {
    struct dae_zip_member member;
    DAE_TRY(dae_zip_next(&search->zip, &member));
    if (!is_array(&member))
        return DAE_OK;
    if (is_wanted(search, &member)) {
        search->found = member;
        search->has_found = true;
    }
    dae_text_add(&search->names, "%s%.*s", search->arrays++ > 0 ? ", " : "",
                 (int)(member.name_length - SUFFIX), member.name);
    return DAE_OK;
}

static dae_status find(struct search *search) {
    const struct dae_value *wanted = search->wanted;
    const char *name = search->zip.name, *more = "";
    while (search->zip.left > 0)
        DAE_TRY(look_at(search));
    if (search->names.length >= search->names.capacity)
        more = "...";
    if (search->arrays == 0)
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: the archive holds no array, expected a member with a name that ends in .npy",
                        name);
    if (search->arrays > 1 && wanted->count == 0)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "%s: found %zu arrays, expected one of them, as npz(array=NAME): %s%s", name,
                        search->arrays, search->names.data, more);
    if (search->has_found)
        return DAE_OK;
    if (wanted->label != NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: array is %s, expected one of %s%s", name, wanted->label,
                        search->names.data, more);
    return dae_fail(DAE_ERROR_ARGUMENT, "%s: array is %.0f, expected 0 to %zu: %s%s", name, wanted->number,
                    search->arrays - 1, search->names.data, more);
}

/* Opens the NPY file that a member is. */
static dae_status open_member(dae_dataset **out, struct dae_zip *zip, const struct dae_zip_member *member,
                              struct dae_facts *facts) {
    struct dae_content content = {.name = zip->name, .size = member->size, .facts = facts};
    DAE_TRY(dae_zip_read(&content.bytes, zip, member));
    return dae_source_open_content(out, &dae_source_npy, &content);
}

/* Opens the member that was found; what is wrong with it is said with the name of the array. */
static dae_status open_found(dae_dataset **out, struct search *search, struct dae_facts *facts) {
    int length = (int)(search->found.name_length - SUFFIX);
    size_t room = strlen(search->zip.name) + (size_t)length + sizeof ", array ";
    char *name = dae_allocate_raw(room, 1);
    if (name == NULL)
        return DAE_ERROR_MEMORY;
    snprintf(name, room, "%s, array %.*s", search->zip.name, length, search->found.name);
    search->zip.name = name;
    dae_status status = open_member(out, &search->zip, &search->found, facts);
    dae_release(name);
    return status;
}

static dae_status open_npz(dae_dataset **out, const struct dae_content *content) {
    char names[NAMES + 1] = "";
    struct search search = {.wanted = &content->values[ARRAY], .names = {names, sizeof names, 0}};
    dae_status status = dae_zip_open(&search.zip, content->name, content->bytes, content->size);
    if (status == DAE_OK)
        status = find(&search);
    if (status == DAE_OK)
        status = open_found(out, &search, content->facts);
    dae_release(content->bytes);
    return status;
}

static bool knows(const unsigned char *start, size_t count) {
    return count >= 4 && (memcmp(start, "PK\3\4", 4) == 0 || memcmp(start, "PK\5\6", 4) == 0);
}

const struct dae_source_kind dae_source_npz = {
    {
        .name = "npz",
        .what = "an array of NPZ, as numpy.savez() writes it; the first dimension counts samples",
        .example = "npz(array=signals)",
        .parameters = {{"array", "its name, or its number from 0; may be left out where there is only one",
                        DAE_TYPE_COUNT, DAE_NAMED | DAE_OPTIONAL, 0, DAE_MOST_SIZE}},
    },
    .knows = knows,
    .open = open_npz,
};

/* ---- Writing ------------------------------------------------------------------------------------- */

static dae_status write_npz(const struct dae_saving *saving) {
    enum { MOST_HEADER = 512 };
    char member[DAE_RECIPE_MAX_WORD + SUFFIX + 1];
    const struct dae_value *values = saving->values;
    struct dae_saving array = *saving;
    struct dae_zip_output zip;
    uint64_t most = MOST_HEADER + (uint64_t)saving->count * dae_saving_shape(saving).size * sizeof(float);
    snprintf(member, sizeof member, "%s.npy", values[ARRAY].label);
    dae_status status = dae_zip_begin(&zip, saving->sink, member, most, values[COMPRESSED].number == 1);
    array.sink = &zip.content;
    if (status == DAE_OK)
        status = dae_destination_npy.write(&array);
    if (status == DAE_OK)
        status = dae_zip_finish(&zip);
    dae_zip_close(&zip);
    return status;
}

static const char *const endings[] = {".npz", NULL};

const struct dae_destination_kind dae_destination_npz = {
    {
        .name = "npz",
        .what = "NPZ with one array of float32, as numpy.load() reads it; the first dimension counts samples",
        .example = "npz(array=signals, compressed=yes)",
        .parameters = {{"array", "its name", DAE_TYPE_LABEL, .fallback = "arr_0"},
                       {"compressed", "whether it is deflated, which takes time and zlib", DAE_TYPE_FLAG, 0,
                        0, 1, "no"},
                       DAE_DESTINATION_OVERWRITE},
    },
    .endings = endings,
    .write = write_npz,
};
