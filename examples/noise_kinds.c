/* Every kind of noise that the library has, on a digit and on a signal, as one picture: what docs/noise.md
 * shows. */
#include "digits.h"
#include "mnist/canvas.h"

#include <cairo.h>
#include <math.h>

enum { LENGTH = 240, STREETS = 50 };

/* What noise is applied to, and what mix(street, ...) mixes with. */
typedef struct scene {
    const float *clean;
    size_t rank, shape[2], size;
    dae_dataset *street;
} scene;

/* A slow swing with a beat on it, within [-1, 1.2]. */
static void make_signal(float signal[LENGTH]) {
    for (size_t t = 0; t < LENGTH; t++)
        signal[t] = 0.5f * sinf(0.045f * (float)t) + fmaxf(0, 0.9f - 0.3f * fabsf((float)(t % 48) - 24));
}

/* Recorded machines, made up: buzzing at some pitch, louder and softer. */
static dae_dataset *make_street(void) {
    float *recordings = make_array((size_t)STREETS * LENGTH);
    for (size_t i = 0; i < (size_t)STREETS * LENGTH; i++) {
        float t = (float)(i % LENGTH), pitch = 1.1f + 0.02f * (float)(i / LENGTH);
        recordings[i] = sinf(0.04f * t) * (sinf(pitch * t) + 0.5f * sinf(2.7f * pitch * t));
    }
    dae_dataset *street = NULL;
    check(dae_dataset_copy_array(&street, recordings, STREETS, 1, (const size_t[]){LENGTH}));
    free(recordings);
    return street;
}

/* The scene with noise, of the first sample that changes: some kinds leave some as they are. */
static float *with_noise(const scene *s, const char *text) {
    float *noisy = make_array(s->size);
    dae_noise *noise = NULL;
    check(dae_noise_parse(&noise, text));
    if (strstr(text, "street"))
        check(dae_noise_bind(noise, "street", s->street));
    for (uint64_t sample = 0; sample < 20; sample++) {
        memcpy(noisy, s->clean, s->size * sizeof *noisy);
        check(dae_noise_apply(noise, noisy, 1, s->rank, s->shape, 3, 0, sample));
        if (memcmp(noisy, s->clean, s->size * sizeof *noisy) != 0)
            break;
    }
    dae_noise_free(noise);
    return noisy;
}

/* ---- The picture -------------------------------------------------------------------------------------- */

static const double margin = 24, head = 76, pixel = 3.5, side = 28 * 3.5, gap = 12, plot = 290,
                    tile_height = 148;
static const double tile_width = 28 * 3.5 + 12 + 290 + 28;

static const color noisy_color = {0.80, 0.25, 0.16}, clean_color = {0.62, 0.66, 0.72},
                   frame_color = {0.88, 0.89, 0.91};

static void draw_digit(cairo_t *canvas, const float *values, double x, double y) {
    cairo_save(canvas);
    cairo_set_antialias(canvas, CAIRO_ANTIALIAS_NONE);
    for (size_t i = 0; i < DIGIT_SIZE; i++) {
        double gray = fmin(fmax((double)values[i], 0), 1);
        canvas_color(canvas, (color){gray, gray, gray});
        cairo_rectangle(canvas, x + pixel * (double)(i % DIGIT_SIDE), y + pixel * (double)(i / DIGIT_SIDE),
                        pixel, pixel);
        cairo_fill(canvas);
    }
    cairo_restore(canvas);
}

/* Values from -2 to 2 fit in; what is beyond is cut. */
static void draw_signal(cairo_t *canvas, const float *values, color c, double x, double y) {
    cairo_save(canvas);
    cairo_rectangle(canvas, x, y, plot, side);
    cairo_clip(canvas);
    canvas_color(canvas, c);
    cairo_set_line_width(canvas, 1.3);
    cairo_set_line_join(canvas, CAIRO_LINE_JOIN_ROUND);
    for (size_t t = 0; t < LENGTH; t++)
        cairo_line_to(canvas, x + plot * (double)t / (LENGTH - 1),
                      y + side / 2 - side / 4 * (double)values[t]);
    cairo_stroke(canvas);
    cairo_restore(canvas);
}

static void draw_tile(cairo_t *canvas, const char *text, const scene *digit, const scene *signal, double x,
                      double y) {
    float *noisy_digit = with_noise(digit, text), *noisy_signal = with_noise(signal, text);
    double left = x + side + gap, top = y + 24;
    canvas_color(canvas, ink);
    canvas_font(canvas, 15, true);
    canvas_font(canvas, fmin(15, 15 * (side + gap + plot) / canvas_text_width(canvas, text)), true);
    canvas_text(canvas, text, x, y + 14, ALIGN_LEFT);
    draw_digit(canvas, noisy_digit, x, top);
    canvas_color(canvas, frame_color);
    cairo_set_line_width(canvas, 1);
    cairo_rectangle(canvas, left, top, plot, side);
    cairo_stroke(canvas);
    draw_signal(canvas, signal->clean, clean_color, left, top);
    if (memcmp(noisy_signal, signal->clean, LENGTH * sizeof *noisy_signal) != 0)
        draw_signal(canvas, noisy_signal, noisy_color, left, top);
    free(noisy_digit);
    free(noisy_signal);
}

static size_t count_kinds(void) {
    const char *name = NULL;
    size_t count = 0;
    while (check(dae_kind_list("noise", NULL, count, &name)), name != NULL)
        count++;
    return count;
}

/* `none` comes first: the digit and the signal as they are. */
static const char *example_of(size_t place) {
    static const char *first = "none";
    const char *name = NULL, *example = NULL;
    for (size_t i = 0; place > 0; i++) {
        check(dae_kind_list("noise", NULL, i, &name));
        place -= strcmp(name, first) != 0;
    }
    check(dae_kind_get_text("noise", name != NULL ? name : first, NULL, "example", &example));
    return example;
}

static bool draw(const char *path, const scene *digit, const scene *signal) {
    enum { COLUMNS = 2 };
    size_t count = count_kinds(), rows = (count + COLUMNS - 1) / COLUMNS;
    cairo_t *canvas = canvas_open(2 * margin + COLUMNS * tile_width - 28,
                                  head + (double)rows * tile_height + 8, 1.5, path);
    if (canvas == NULL)
        return false;
    canvas_color(canvas, ink);
    canvas_font(canvas, 22, true);
    canvas_text(canvas, "Kinds of noise", margin, 36, ALIGN_LEFT);
    canvas_color(canvas, faded);
    canvas_font(canvas, 14, false);
    canvas_text(canvas,
                "a digit, its rows as channels, and a signal of 240 values: gray as "
                "it was, red with noise",
                margin, 58, ALIGN_LEFT);
    for (size_t i = 0; i < count; i++)
        draw_tile(canvas, example_of(i), digit, signal, margin + (double)(i % COLUMNS) * tile_width,
                  head + (double)(i / COLUMNS) * tile_height);
    return canvas_write(canvas, path);
}

int main(int argc, char **argv) {
    const char *path = path_argument(
        argc, argv, "noise-kinds.png",
        "Draws every kind of noise on a digit and on a signal, into the PNG file PATH.");
    float image[DIGIT_SIZE], signal[LENGTH];
    dae_dataset *digits = NULL, *street = make_street();
    check(dae_dataset_open(&digits, BUNDLED_DATA "/t10k-images-idx3-ubyte.gz", NULL));
    check(dae_dataset_read(digits, 0, 0, 1, image, NULL));
    make_signal(signal);
    bool drawn = draw(path, &(scene){image, 2, {DIGIT_SIDE, DIGIT_SIDE}, DIGIT_SIZE, digits},
                      &(scene){signal, 1, {LENGTH}, LENGTH, street});
    dae_dataset_free(digits);
    dae_dataset_free(street);
    return finish(drawn ? EXIT_SUCCESS : EXIT_FAILURE);
}
