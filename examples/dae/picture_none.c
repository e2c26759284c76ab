/* In the place of picture.c in a build without cairo. */
#include "train.h"

const bool pictures_available = false;

bool draw_report(const char *path, const char *title, const history *h, const examples *e) {
    (void)path, (void)title, (void)h, (void)e;
    return false;
}
