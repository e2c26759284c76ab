/* Folders, descriptors and mounts for the suites about faults. */
#ifndef DAE_TESTS_PLACES_H
#define DAE_TESTS_PLACES_H

#include "support.h"

/* A fresh empty folder of the test's own; its path stays valid until the next call. */
const char *fresh_folder(void);

/* Entries of a folder, without . and .. */
size_t entries_of(const char *folder);

/* Descriptors that this process has open. */
size_t open_descriptors(void);

/* Gives this process mounts of its own: as root, or as the root of a namespace where users may make one, which needs
 * a process of one thread. False, with errno, where that is not allowed. */
bool allow_mounts(void);

/* Mounts a tmpfs of `options` ("size=64k") on `folder`, seen by this process only. False, with the reason on
 * standard output, where that is not allowed. */
bool mount_small(const char *folder, const char *options);

/* Makes it read-only, and takes it away. */
void mount_read_only(const char *folder);
void unmount_small(const char *folder);

/* Root is told nothing by permissions: from here to act_as_before() root is nobody. */
void act_as_nobody(void);
void act_as_before(void);

#endif
