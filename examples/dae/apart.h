/* Channels one by one: a model of one channel makes colour pictures and stereo clean, too. */
#ifndef DAE_APART_H
#define DAE_APART_H

#include "suit.h"

/* Whether samples have several channels, of which the model takes one. */
bool goes_apart(const denoiser *d, const dae_dataset *data);

/* What the model makes of each channel by itself, put together again, in memory. */
bool map_apart(dae_dataset **clean, denoiser *d, dae_dataset *data, const arguments *a);

#endif
