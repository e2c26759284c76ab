/* Real file systems: a full one, a read-only one, and paths that are something else than a file. */
#define _GNU_SOURCE

#include "network.h"
#include "places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

static dae_model *model;

/* Before the first product, behind which BLAS may have threads: a process that has some gets no namespace. */
static void prepare_disks(void) {
    allow_mounts();
}

static void make_model(void) {
    model = trained_model();
}

static void free_model(void) {
    dae_model_free(model);
}

/* One of many buffers used in turn. */
static const char *in_folder(const char *folder, const char *name) {
    static char paths[64][4096 + 512];
    static size_t turn;
    char path[sizeof paths[0]], *kept = paths[turn++ % 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return strcpy(kept, path);
}

static void is_the_model(const char *path) {
    dae_model *loaded = NULL;
    ok(dae_model_load(&loaded, path));
    same_parameters(loaded, model);
    dae_model_free(loaded);
}

/* Both readers refuse it, the same way. */
static void refused_by_readers(const char *path, dae_status expected, const char *word) {
    int anything;
    dae_model *const no_model = (dae_model *)&anything, *loaded = no_model;
    dae_dataset *const no_dataset = (dae_dataset *)&anything, *dataset = no_dataset;
    size_t before = open_descriptors();
    fails(dae_model_load(&loaded, path), expected, word);
    ck_assert(message_has(path));
    fails(dae_dataset_open(&dataset, path, "idx"), expected, word);
    ck_assert(message_has(path));
    ck_assert(loaded == no_model && dataset == no_dataset);
    ck_assert_uint_eq(open_descriptors(), before);
}

static mode_t mode_of(const char *path) {
    struct stat info;
    ck_assert_int_eq(lstat(path, &info), 0);
    return info.st_mode;
}

/* ---- Full and read-only file systems ---------------------------------------------------------- */

/* A model of `size` KB, about. */
static dae_model *model_of(size_t size, uint64_t seed) {
    network net = autoencoder(64, size * 2, "relu", "linear");
    return network_model(&net, seed);
}

START_TEST(a_full_disk) {
    const char *folder = fresh_folder(), *path = in_folder(folder, "model");
    if (!mount_small(folder, "size=256k"))
        return;
    dae_model *old = model_of(140, 1), *new = model_of(140, 2), *small = model_of(20, 3), *loaded = NULL;
    ok(dae_model_save(old, path));
    fails(dae_model_save(new, path), DAE_ERROR_IO, strerror(ENOSPC)); /* no room for both */
    ck_assert(message_has(path));
    ck_assert_uint_eq(entries_of(folder), 1);
    ok(dae_model_load(&loaded, path));
    same_parameters(loaded, old);
    dae_model_free(loaded);
    ok(dae_model_save(small, path)); /* fits beside the old one */
    ok(dae_model_save(new, path));   /* and now there is room */
    ok(dae_model_load(&loaded, path));
    same_parameters(loaded, new);
    ck_assert_uint_eq(entries_of(folder), 1);
    dae_model_free(loaded);
    dae_model_free(old);
    dae_model_free(new);
    dae_model_free(small);
    unmount_small(folder);
}
END_TEST

START_TEST(no_inode_left) {
    const char *folder = fresh_folder(), *path = in_folder(folder, "model");
    if (!mount_small(folder, "size=256k,nr_inodes=2"))
        return; /* the folder itself is one */
    ok(dae_model_save(model, path));
    fails(dae_model_save(model, path), DAE_ERROR_IO, strerror(ENOSPC));
    is_the_model(path);
    unmount_small(folder);
}
END_TEST

START_TEST(a_read_only_file_system) {
    const char *folder = fresh_folder(), *path = in_folder(folder, "model");
    if (!mount_small(folder, "size=256k"))
        return;
    ok(dae_model_save(model, path));
    mount_read_only(folder);
    fails(dae_model_save(model, path), DAE_ERROR_IO, strerror(EROFS));
    ck_assert(message_has(path));
    fails(dae_model_save(model, in_folder(folder, "another")), DAE_ERROR_IO, strerror(EROFS));
    is_the_model(path);
    ck_assert_uint_eq(entries_of(folder), 1);
    unmount_small(folder);
}
END_TEST

/* A link from one file system into another: the new file must be written where it will stay. */
START_TEST(a_link_into_another_file_system) {
    const char *folder = fresh_folder(), *path = temp_path("link-across");
    if (!mount_small(folder, "size=256k"))
        return;
    ck_assert_int_eq(symlink(in_folder(folder, "model"), path), 0);
    ok(dae_model_save(model, path));
    ok(dae_model_save(model, path));
    ck_assert(S_ISLNK(mode_of(path)) && S_ISREG(mode_of(in_folder(folder, "model"))));
    ck_assert_uint_eq(entries_of(folder), 1);
    unlink(path);
    unmount_small(folder);
}
END_TEST

/* ---- Permissions ------------------------------------------------------------------------------ */

START_TEST(files_without_permission_to_read) {
    const char *folder = fresh_folder(), *path = in_folder(folder, "secret");
    write_file(path, "secret", 6);
    ck_assert_int_eq(chmod(path, 0000), 0);
    ck_assert_int_eq(chmod(folder, 0755), 0);
    ck_assert_int_eq(chmod(temp_path("."), 0755), 0);
    act_as_nobody();
    int anything;
    dae_model *loaded = (dae_model *)&anything;
    dae_dataset *dataset = (dae_dataset *)&anything;
    dae_status status[2];
    bool named[2];
    status[0] = dae_model_load(&loaded, path);
    named[0] = message_has(path) && message_has(strerror(EACCES));
    status[1] = dae_dataset_open(&dataset, path, "idx");
    named[1] = message_has(path) && message_has(strerror(EACCES));
    act_as_before();
    for (int i = 0; i < 2; i++)
        ck_assert_msg(status[i] == DAE_ERROR_IO && named[i], "%s", dae_status_name(status[i]));
}
END_TEST

/* Of two files of nobody, with write permission for their folder, the write-protected one is refused. */
START_TEST(write_protected_files_are_kept) {
    const char *folder = fresh_folder(), *path = in_folder(folder, "protected");
    ck_assert_int_eq(chmod(folder, 0777), 0);
    ck_assert_int_eq(chmod(temp_path("."), 0755), 0);
    write_file(path, "protected", 9);
    ck_assert_int_eq(chmod(path, 0444), 0);
    act_as_nobody();
    dae_status status = dae_model_save(model, path);
    bool named = message_has(path) && message_has(strerror(EACCES));
    dae_status other = dae_model_save(model, in_folder(folder, "other"));
    act_as_before();
    ck_assert_int_eq(status, DAE_ERROR_IO);
    ck_assert_int_eq(other, DAE_OK);
    ck_assert(named);
    ck_assert_uint_eq(entries_of(folder), 2);
    size_t size = 0;
    char *bytes = (char *)read_file(path, &size);
    ck_assert_str_eq(bytes, "protected");
    free(bytes);
}
END_TEST

/* A folder may be writable without being readable, so that it cannot be opened to be synced. */
START_TEST(a_folder_that_may_not_be_read) {
    const char *folder = fresh_folder(), *path = in_folder(folder, "model");
    ck_assert_int_eq(chmod(folder, 0333), 0);
    ck_assert_int_eq(chmod(temp_path("."), 0755), 0);
    act_as_nobody();
    dae_status status = dae_model_save(model, path);
    act_as_before();
    ck_assert_int_eq(chmod(folder, 0700), 0);
    ck_assert_int_eq(status, DAE_OK);
    is_the_model(path);
}
END_TEST

START_TEST(permissions_of_the_old_file_stay) {
    static const mode_t modes[] = {0600, 0640, 0644, 0664, 0666, 0755, 0777};
    const char *folder = fresh_folder(), *path = in_folder(folder, "model");
    mode_t mask = umask(077);
    ok(dae_model_save(model, path));
    ck_assert_uint_eq(mode_of(path) & 07777, 0600);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        ck_assert_int_eq(chmod(path, modes[i]), 0);
        ok(dae_model_save(model, path));
        ck_assert_msg((mode_of(path) & 07777) == modes[i], "0%o became 0%o", (unsigned)modes[i],
                      (unsigned)mode_of(path) & 07777);
    }
    umask(022);
    ok(dae_model_save(model, in_folder(folder, "new")));
    ck_assert_uint_eq(mode_of(in_folder(folder, "new")) & 07777, 0644);
    umask(mask);
}
END_TEST

/* ---- Paths that are no files ------------------------------------------------------------------ */

START_TEST(folders) {
    const char *folder = fresh_folder(), *inner = in_folder(folder, "inner");
    dae_model *loaded = NULL;
    dae_dataset *dataset = NULL;
    ck_assert_int_eq(mkdir(inner, 0700), 0);
    fails(dae_model_save(model, inner), DAE_ERROR_IO, "folder");
    ck_assert(message_has(inner));
    fails(dae_model_save(model, in_folder(inner, "")), DAE_ERROR_IO, "folder");
    fails(dae_model_save(model, in_folder(folder, "absent/model")), DAE_ERROR_IO, strerror(ENOENT));
    fails(dae_model_save(model, in_folder(folder, "absent/")), DAE_ERROR_IO, "absent");
    fails(dae_model_save(model, ""), DAE_ERROR_IO, strerror(ENOENT));
    write_file(in_folder(folder, "file"), "file", 4);
    fails(dae_model_save(model, in_folder(folder, "file/model")), DAE_ERROR_IO, strerror(ENOTDIR));
    ck_assert_uint_eq(entries_of(folder), 2);
    ck_assert_uint_eq(entries_of(inner), 0);
    fails(dae_model_load(&loaded, inner), DAE_ERROR_IO, "not a regular file");
    fails(dae_dataset_open(&dataset, inner, "idx"), DAE_ERROR_IO, "found no file, expected at least one");
    refused_by_readers(in_folder(folder, "absent/model"), DAE_ERROR_IO, strerror(ENOENT));
    refused_by_readers(in_folder(folder, "file/model"), DAE_ERROR_IO, strerror(ENOTDIR));
}
END_TEST

START_TEST(pipes_sockets_and_devices) {
    const char *folder = fresh_folder(), *pipe = in_folder(folder, "pipe"),
               *path = in_folder(folder, "socket");
    ck_assert_int_eq(mkfifo(pipe, 0600), 0);
    refused_by_readers(pipe, DAE_ERROR_IO, "not a regular file");
    fails(dae_model_save(model, pipe), DAE_ERROR_IO, "not a regular file");
    ck_assert(S_ISFIFO(mode_of(pipe)));

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int bound = socket(AF_UNIX, SOCK_STREAM, 0);
    if (strlen(path) < sizeof address.sun_path) {
        strcpy(address.sun_path, path);
        ck_assert_int_eq(bind(bound, (struct sockaddr *)&address, sizeof address), 0);
        refused_by_readers(path, DAE_ERROR_IO, strerror(ENXIO));
        fails(dae_model_save(model, path), DAE_ERROR_IO, "not a regular file");
        ck_assert(S_ISSOCK(mode_of(path)));
    }
    close(bound);

    refused_by_readers("/dev/zero", DAE_ERROR_IO, "not a regular file");
    refused_by_readers("/dev/full", DAE_ERROR_IO, "not a regular file");
}
END_TEST

/* As root, rename() alone would put a file in the place of /dev/null. */
START_TEST(devices_are_not_replaced) {
    const char *folder = fresh_folder(), *device = in_folder(folder, "device");
    if (mknod(device, S_IFCHR | 0666, makedev(1, 3)) != 0) {
        printf("left out: no device can be made here: %s\n", strerror(errno));
        return;
    }
    ck_assert_int_eq(symlink("device", in_folder(folder, "link")), 0);
    fails(dae_model_save(model, device), DAE_ERROR_IO, "not a regular file");
    fails(dae_model_save(model, in_folder(folder, "link")), DAE_ERROR_IO, "not a regular file");
    ck_assert(S_ISCHR(mode_of(device)) && S_ISLNK(mode_of(in_folder(folder, "link"))));
    ck_assert_uint_eq(entries_of(folder), 2);
}
END_TEST

START_TEST(files_of_the_kernel_that_have_no_length) {
    refused_by_readers("/proc/self/status", DAE_ERROR_FORMAT, "");
}
END_TEST

START_TEST(empty_files) {
    const char *path = in_folder(fresh_folder(), "empty");
    write_file(path, "", 0);
    refused_by_readers(path, DAE_ERROR_FORMAT, "offset 0: the file ends");
    ok(dae_model_save(model, path));
    is_the_model(path);
}
END_TEST

/* ---- Links and names -------------------------------------------------------------------------- */

/* Saving to a link with this target leaves the link, and the model in `real`. */
static void saves_through(const char *folder, const char *target, const char *real) {
    const char *link = in_folder(folder, "link");
    ck_assert_int_eq(symlink(target, link), 0);
    for (int again = 0; again < 2; again++) {
        ok(dae_model_save(model, link));
        ck_assert_msg(S_ISLNK(mode_of(link)), "the link to %s is no link any more", target);
        ck_assert_msg(S_ISREG(mode_of(in_folder(folder, real))), "%s was not written", real);
        is_the_model(in_folder(folder, real));
    }
    unlink(link);
}

START_TEST(links_stay_and_what_they_lead_to_is_replaced) {
    const char *folder = fresh_folder(), *inner = in_folder(folder, "inner");
    ck_assert_int_eq(mkdir(inner, 0700), 0);
    write_file(in_folder(inner, "old"), "an old file", 11);
    saves_through(folder, "inner/old", "inner/old");
    write_file(in_folder(inner, "old"), "an old file", 11);
    saves_through(folder, in_folder(inner, "old"), "inner/old"); /* absolute */
    saves_through(folder, "inner/new", "inner/new");             /* nothing is there yet */
    /* a link to a link, each relative to its own folder */
    write_file(in_folder(inner, "old"), "an old file", 11);
    ck_assert_int_eq(symlink("../inner/old", in_folder(inner, "second")), 0);
    saves_through(folder, "inner/second", "inner/old");
    ck_assert(S_ISLNK(mode_of(in_folder(inner, "second"))));
    ck_assert_uint_eq(entries_of(folder), 1);
    ck_assert_uint_eq(entries_of(inner), 3);
}
END_TEST

START_TEST(links_that_lead_nowhere) {
    const char *folder = fresh_folder();
    ck_assert_int_eq(symlink("b", in_folder(folder, "a")), 0);
    ck_assert_int_eq(symlink("a", in_folder(folder, "b")), 0);
    fails(dae_model_save(model, in_folder(folder, "a")), DAE_ERROR_IO, strerror(ELOOP));
    refused_by_readers(in_folder(folder, "a"), DAE_ERROR_IO, strerror(ELOOP));
    ck_assert_int_eq(symlink("absent/model", in_folder(folder, "c")), 0);
    fails(dae_model_save(model, in_folder(folder, "c")), DAE_ERROR_IO, strerror(ENOENT));
    ck_assert_uint_eq(entries_of(folder), 3);
}
END_TEST

/* Long names leave no room for a suffix; the reason still stands behind a long path. */
START_TEST(long_names) {
    char name[256], path[4000], longer[6000];
    const char *folder = fresh_folder();
    memset(name, 'n', 255);
    name[255] = '\0';
    ok(dae_model_save(model, in_folder(folder, name)));
    is_the_model(in_folder(folder, name));
    ck_assert_uint_eq(entries_of(folder), 1);
    snprintf(path, sizeof path, "%s", folder);
    while (strlen(path) + sizeof name < sizeof path - 1)
        strcat(strcat(path, "/"), name);
    fails(dae_model_save(model, path), DAE_ERROR_IO, strerror(ENOTDIR));
    ck_assert(message_has(name));
    memset(longer, 'n', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    fails(dae_model_save(model, longer), DAE_ERROR_IO, strerror(ENAMETOOLONG));
    ck_assert(message_has(name));
}
END_TEST

START_TEST(the_current_folder) {
    const char *folder = fresh_folder();
    char before[4096];
    ck_assert_ptr_nonnull(getcwd(before, sizeof before));
    ck_assert_int_eq(chdir(folder), 0);
    dae_status status[2] = {dae_model_save(model, "model"), dae_model_save(model, "./model")};
    ck_assert_int_eq(chdir(before), 0);
    ck_assert(status[0] == DAE_OK && status[1] == DAE_OK);
    is_the_model(in_folder(folder, "model"));
    ck_assert_uint_eq(entries_of(folder), 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("places");
    TCase *permissions = add_case(suite, "permissions");
    tcase_add_checked_fixture(permissions, make_model, free_model);
    tcase_add_test(permissions, files_without_permission_to_read);
    tcase_add_test(permissions, write_protected_files_are_kept);
    tcase_add_test(permissions, a_folder_that_may_not_be_read);
    tcase_add_test(permissions, permissions_of_the_old_file_stay);
    TCase *others = add_case(suite, "no files");
    tcase_add_checked_fixture(others, make_model, free_model);
    tcase_add_test(others, folders);
    tcase_add_test(others, pipes_sockets_and_devices);
    tcase_add_test(others, devices_are_not_replaced);
    tcase_add_test(others, files_of_the_kernel_that_have_no_length);
    tcase_add_test(others, empty_files);
    TCase *names = add_case(suite, "links and names");
    tcase_add_checked_fixture(names, make_model, free_model);
    tcase_add_test(names, links_stay_and_what_they_lead_to_is_replaced);
    tcase_add_test(names, links_that_lead_nowhere);
    tcase_add_test(names, long_names);
    tcase_add_test(names, the_current_folder);
    /* last: where tests share a process, it may be the root of a namespace from here on */
    TCase *disks = add_case(suite, "file systems");
    tcase_add_checked_fixture(disks, prepare_disks, NULL);
    tcase_add_checked_fixture(disks, make_model, free_model);
    tcase_add_test(disks, a_full_disk);
    tcase_add_test(disks, no_inode_left);
    tcase_add_test(disks, a_read_only_file_system);
    tcase_add_test(disks, a_link_into_another_file_system);
    return suite_main(suite);
}
