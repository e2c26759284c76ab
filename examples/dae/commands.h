/* What the commands do; each returns a status of main(). */
#ifndef DAE_COMMANDS_H
#define DAE_COMMANDS_H

#include "options.h"

int command_train(arguments *a);
int command_denoise(arguments *a);
int command_evaluate(arguments *a);
int command_noise(arguments *a);
int command_info(arguments *a);
int command_kinds(arguments *a);

#endif
