/* A program that links libdae and does nothing with it: prints how many threads it has, and each shared library that it has
 * loaded. */
#define _GNU_SOURCE
#include <dae.h>

#include <dirent.h>
#include <link.h>
#include <stdio.h>

static int show(struct dl_phdr_info *info, size_t size, void *user) {
    (void)size;
    (void)user;
    if (info->dlpi_name[0] == '/')
        printf("%s\n", info->dlpi_name);
    return 0;
}

int main(void) {
    if (dae_version_number() == 0)
        return 1;
    int threads = 0;
    DIR *folder = opendir("/proc/self/task");
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
        threads += entry->d_name[0] != '.';
    printf("%d thread%s\n", threads, threads == 1 ? "" : "s");
    dl_iterate_phdr(show, NULL);
    return 0;
}
