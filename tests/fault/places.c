#define _GNU_SOURCE
#include "places.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOBODY = 65534 };

const char *fresh_folder(void) {
    static char folder[4096];
    static int serial;
    char name[64];
    snprintf(name, sizeof name, "folder-%ld-%d", (long)getpid(), serial++);
    snprintf(folder, sizeof folder, "%s", temp_path(name));
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    return folder;
}

size_t entries_of(const char *folder) {
    size_t count = 0;
    DIR *opened = opendir(folder);
    ck_assert_msg(opened != NULL, "cannot open %s: %s", folder, strerror(errno));
    for (struct dirent *entry; (entry = readdir(opened)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(opened);
    return count;
}

size_t open_descriptors(void) {
    return entries_of("/proc/self/fd");
}

static bool write_text(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    bool written = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);
    if (file >= 0)
        close(file);
    return written;
}

bool allow_mounts(void) {
    static bool own;
    if (own)
        return true;
    char users[64], groups[64];
    snprintf(users, sizeof users, "0 %u 1", (unsigned)geteuid());
    snprintf(groups, sizeof groups, "0 %u 1", (unsigned)getegid());
    if (geteuid() == 0)
        own = unshare(CLONE_NEWNS) == 0;
    else
        own = unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_text("/proc/self/setgroups", "deny") &&
              write_text("/proc/self/uid_map", users) && write_text("/proc/self/gid_map", groups);
    own = own && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    return own;
}

bool mount_small(const char *folder, const char *options) {
    if (allow_mounts() && mount("tmpfs", folder, "tmpfs", 0, options) == 0)
        return true;
    printf("left out: no file system can be mounted here: %s\n", strerror(errno));
    return false;
}

void mount_read_only(const char *folder) {
    ck_assert_msg(mount("tmpfs", folder, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0, "cannot remount %s: %s",
                  folder, strerror(errno));
}

void unmount_small(const char *folder) {
    ck_assert_msg(umount(folder) == 0, "cannot unmount %s: %s", folder, strerror(errno));
}

static bool was_root;

void act_as_nobody(void) {
    was_root = geteuid() == 0;
    if (was_root)
        ck_assert_int_eq(seteuid(NOBODY), 0);
}

void act_as_before(void) {
    if (was_root)
        ck_assert_int_eq(seteuid(0), 0);
}
