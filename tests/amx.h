/* AMX on processors that have none: its instructions - those for bfloat16 - are carried out when the processor refuses them.
 * That shows that a program uses them as Intel's manual says, and nothing about speed. */
#ifndef DAE_TESTS_AMX_H
#define DAE_TESTS_AMX_H

#include <stdbool.h>
#include <stddef.h>

/* From here on, in all threads; false where there is no such emulation, or no need of it. */
bool amx_start(void);

/* Ends it, and tells how many instructions there were. */
size_t amx_stop(void);

#endif
