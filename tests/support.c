#define _POSIX_C_SOURCE 200809L

#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef DAE_TEST_DATA_DIR
#define DAE_TEST_DATA_DIR "examples/data"
#endif

enum {
    PATH_BUFFERS = 8,
    PATH_SIZE = 4096,
    /* Room in front of each watched block for its header; keeps malloc()'s alignment. */
    HEAP_HEADER = 32,
    SECONDS_PER_TEST = 300
};

/* ---- Assertions ------------------------------------------------------------------------------- */

bool message_has(const char *word) {
    const char *message = dae_last_error();
    return message != NULL && message[0] != '\0' && strstr(message, word) != NULL;
}

/* Puts the code point together and asks for its range, so that it has little in common with what it tests. */
bool is_printable_utf8(const char *text) {
    static const uint32_t least[] = {0x20, 0xA0, 0x800, 0x10000};
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        int more = *c < 0x80 ? 0 : *c >> 5 == 6 ? 1 : *c >> 4 == 14 ? 2 : *c >> 3 == 30 ? 3 : -1;
        uint32_t code = more < 1 ? *c : *c & (0x3Fu >> more);
        for (int i = 0; i < more; i++) {
            if (*++c >> 6 != 2)
                return false;
            code = code << 6 | (*c & 0x3Fu);
        }
        if (more < 0 || code < least[more] || code == 0x7F || code > 0x10FFFF || (code >> 11) == 0x1B)
            return false;
    }
    return true;
}

bool same_or_nan(float a, float b) {
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

size_t first_difference(const float *a, const float *b, size_t count) {
    if (memcmp(a, b, count * sizeof *a) == 0)
        return count;
    for (size_t i = 0; i < count; i++)
        if (memcmp(&a[i], &b[i], sizeof(float)) != 0)
            return i;
    return count;
}

/* ---- Suites and files ------------------------------------------------------------------------- */

static char temp_folder[PATH_SIZE / 2];

/* Forked tests inherit the folder, so only the parent makes and removes it. */
static void make_temp_folder(void) {
    const char *base = getenv("TMPDIR");
    int length = snprintf(temp_folder, sizeof temp_folder, "%s/dae-tests-XXXXXX", base ? base : "/tmp");
    if (length < 0 || (size_t)length >= sizeof temp_folder || mkdtemp(temp_folder) == NULL) {
        fprintf(stderr, "cannot make a folder for the tests' files: %s\n", strerror(errno));
        exit(EXIT_FAILURE);
    }
}

static void remove_tree(const char *path) {
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char child[PATH_SIZE];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if ((size_t)snprintf(child, sizeof child, "%s/%s", path, entry->d_name) >= sizeof child)
            continue;
        if (unlink(child) != 0)
            remove_tree(child);
    }
    if (folder != NULL)
        closedir(folder);
    rmdir(path);
}

/* Where tests share a process, as under sanitizers, one must not see the threads that another has asked for. */
static void use_all_threads(void) {
    dae_set_num_threads(0);
}

TCase *add_case(Suite *suite, const char *name) {
    TCase *group = tcase_create(name);
    tcase_set_timeout(group, SECONDS_PER_TEST);
    suite_add_tcase(suite, group);
    tcase_add_checked_fixture(group, use_all_threads, NULL);
    return group;
}

int suite_main(Suite *suite) {
    make_temp_folder();
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    int run = srunner_ntests_run(runner);
    srunner_free(runner);
    remove_tree(temp_folder);
    return failed == 0 && run > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static const char *join(const char *folder, const char *name) {
    static char buffers[PATH_BUFFERS][PATH_SIZE];
    static size_t turn;
    char *buffer = buffers[turn++ % PATH_BUFFERS];
    ck_assert_uint_lt((size_t)snprintf(buffer, PATH_SIZE, "%s/%s", folder, name), PATH_SIZE);
    return buffer;
}

const char *temp_path(const char *name) {
    return join(temp_folder, name);
}

const char *data_path(const char *name) {
    const char *folder = getenv("DAE_TEST_DATA");
    return join(folder != NULL ? folder : DAE_TEST_DATA_DIR, name);
}

unsigned char *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "cannot open %s: %s", path, strerror(errno));
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    long length = ftell(file);
    ck_assert_int_ge(length, 0);
    rewind(file);
    unsigned char *bytes = malloc((size_t)length + 1);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(fread(bytes, 1, (size_t)length, file), (size_t)length);
    bytes[length] = '\0';
    fclose(file);
    *size = (size_t)length;
    return bytes;
}

void write_file(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    ck_assert_msg(file != NULL, "cannot write %s: %s", path, strerror(errno));
    ck_assert_uint_eq(size == 0 ? 0 : fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

bool file_exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0;
}

/* ---- Texts ------------------------------------------------------------------------------------ */

char *text_by_the_rules(text_fn write, const void *object) {
    enum { GUARD = 16 };
    size_t length = SIZE_MAX, again = SIZE_MAX;
    ok(write(object, NULL, 0, &length));
    ok(write(object, NULL, 0, NULL));
    ck_assert_uint_lt(length, 1 << 20);
    char *text = malloc(length + 1 + GUARD);
    ck_assert_ptr_nonnull(text);

    memset(text, '#', length + 1 + GUARD);
    for (size_t capacity = 1; capacity <= length; capacity++) {
        again = SIZE_MAX;
        fails(write(object, text, capacity, &again), DAE_ERROR_ARGUMENT, "capacity");
        ck_assert_uint_eq(again, length);
    }
    for (size_t i = 0; i < length + 1 + GUARD; i++)
        ck_assert_msg(text[i] == '#', "a buffer that is too small was written to at %zu", i);
    if (length > 0)
        fails(write(object, text, length, NULL), DAE_ERROR_ARGUMENT, "capacity");
    fails(write(object, NULL, length + 1, &again), DAE_ERROR_ARGUMENT, "buffer");

    ok(write(object, text, length + 1, &again));
    ck_assert_uint_eq(again, length);
    ck_assert_uint_eq(strlen(text), length);
    for (size_t i = length + 1; i < length + 1 + GUARD; i++)
        ck_assert_msg(text[i] == '#', "the text was written past its end");
    ok(write(object, text, length + 1 + GUARD, NULL));
    ck_assert_uint_eq(strlen(text), length);
    return text;
}

/* Few machines have a locale with a decimal comma installed, so the tests compile their own. */
bool use_comma_locale(void) {
    static const char source[] = "LC_NUMERIC\n"
                                 "decimal_point \"<U002C>\"\n"
                                 "thousands_sep \"<U002E>\"\n"
                                 "grouping 3;3\n"
                                 "END LC_NUMERIC\n";
    char command[3 * PATH_SIZE];
    write_file(temp_path("comma.src"), source, sizeof source - 1);
    snprintf(command, sizeof command, "localedef -c -i %s %s >/dev/null 2>&1", temp_path("comma.src"),
             temp_path("comma"));
    /* it warns, by its exit status too, of the categories that the source leaves out */
    if (system(command) == -1 || !file_exists(temp_path("comma/LC_NUMERIC")))
        return false;
    ck_assert_int_eq(setenv("LOCPATH", temp_folder, 1), 0);
    ck_assert_ptr_nonnull(setlocale(LC_NUMERIC, "comma"));
    char half[8];
    snprintf(half, sizeof half, "%.1f", 0.5);
    ck_assert_str_eq(half, "0,5");
    return true;
}

void leave_comma_locale(void) {
    setlocale(LC_NUMERIC, "C");
    unsetenv("LOCPATH");
}

/* ---- Noise ------------------------------------------------------------------------------------ */

dae_noise *repeated_noise(const char *steps, size_t times) {
    char text[8192];
    size_t length = 0;
    dae_noise *noise = NULL;
    text[0] = '\0';
    for (size_t i = 0; i < times; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", i > 0 ? " | " : "", steps);
        ck_assert_uint_lt(length, sizeof text);
    }
    ok(dae_noise_parse(&noise, text));
    return noise;
}

/* ---- Memory ----------------------------------------------------------------------------------- */

/* Stands in front of every watched block; `mark` shows that the block is ours and still live. */
typedef struct {
    size_t size;
    uint64_t mark;
} heap_header;

static const uint64_t heap_mark = UINT64_C(0x6461652d68656170);

static struct {
    pthread_mutex_t lock;
    size_t live, requests, largest, limit;
    /* Number of the request that fails, counted as `requests`; 0: none. */
    size_t fail_at;
    bool ever_after, foreign;
} heap = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *watched_allocate(size_t size, void *user) {
    pthread_mutex_lock(&heap.lock);
    heap.requests++;
    heap.largest = size > heap.largest ? size : heap.largest;
    bool failing = heap.fail_at != 0 &&
                   (heap.ever_after ? heap.requests >= heap.fail_at : heap.requests == heap.fail_at);
    bool refused = failing || size == 0 || size > heap.limit || size > SIZE_MAX - HEAP_HEADER;
    heap.foreign |= size == 0 || user != &heap;
    unsigned char *block = refused ? NULL : malloc(size + HEAP_HEADER);
    heap.live += block != NULL;
    pthread_mutex_unlock(&heap.lock);
    if (block == NULL)
        return NULL;
    heap_header header = {size, heap_mark};
    memcpy(block, &header, sizeof header);
    /* Nobody may count on fresh memory being zero. */
    memset(block + HEAP_HEADER, 0xA5, size);
    return block + HEAP_HEADER;
}

static void watched_release(void *memory, void *user) {
    heap_header header;
    bool ours = memory != NULL && user == &heap;
    unsigned char *block = ours ? (unsigned char *)memory - HEAP_HEADER : NULL;
    if (ours)
        memcpy(&header, block, sizeof header);
    ours = ours && header.mark == heap_mark;
    pthread_mutex_lock(&heap.lock);
    heap.foreign |= !ours;
    heap.live -= ours;
    pthread_mutex_unlock(&heap.lock);
    if (!ours)
        return;
    memset(block, 0x5A, header.size + HEAP_HEADER);
    free(block);
}

void heap_watch(void) {
    heap.live = heap.requests = heap.largest = heap.fail_at = 0;
    heap.limit = SIZE_MAX;
    heap.ever_after = heap.foreign = false;
    heap_resume();
}

void heap_resume(void) {
    ok(dae_set_allocator(watched_allocate, watched_release, &heap));
}

void heap_fail_at(size_t k, bool ever_after) {
    heap.fail_at = k == 0 ? 0 : heap.requests + k;
    heap.ever_after = ever_after;
}

void heap_limit(size_t size) {
    heap.limit = size;
}

size_t heap_live(void) {
    return heap.live;
}

size_t heap_requests(void) {
    return heap.requests;
}

size_t heap_largest(void) {
    return heap.largest;
}

void heap_unwatch(void) {
    ok(dae_set_allocator(NULL, NULL, NULL));
    ck_assert_msg(!heap.foreign, "the library asked for 0 bytes, or released what the tests did not give");
    ck_assert_msg(heap.live == 0, "%zu blocks were not released", heap.live);
}

/* Where DAE_SPARSE is set, some of the allocations do not fail, others each time. */
size_t every_allocation_fails(attempt_fn attempt, void *user) {
    enum { UNLIKELY_MANY = 100000, SPARSE = 5, REPEATED = 8 };
    static size_t times;
    size_t allocations = 0, step = getenv("DAE_SPARSE") != NULL ? SPARSE : 1;
    ok(attempt(user)); /* what is made once and kept does not count */
    for (int ever_after = 0; ever_after < 2; ever_after++) {
        heap_watch();
        for (size_t k = 1 + times++ % step;; k += step) {
            ck_assert_msg(k < UNLIKELY_MANY, "the attempt never gets through");
            size_t before = heap_requests();
            heap_fail_at(k, ever_after != 0);
            dae_status status = attempt(user);
            heap_fail_at(0, false);
            ck_assert_msg(heap_live() == 0, "%zu blocks leaked when allocation %zu failed", heap_live(), k);
            if (heap_requests() - before < k) {
                ok(status);
                allocations = heap_requests() - before;
                break;
            }
            ck_assert_msg(status == DAE_ERROR_MEMORY, "allocation %zu failed, the call gave %s: %s", k,
                          dae_status_name(status), dae_last_error());
            ck_assert_msg(message_has(""), "no message when allocation %zu failed", k);
            if (k % REPEATED == 0)
                ok(attempt(user));
            ck_assert_uint_eq(heap_live(), 0);
        }
        heap_unwatch();
    }
    return allocations;
}
