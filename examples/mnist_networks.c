/* Networks of several forms learn to take noise off the same images: which of them is worth its time? Prints
 * what each gains, and draws what they make of the same test images, one row for each. */
#include <getopt.h>
#include <math.h>
#include <stdbool.h>

#include "check.h"
#include "mnist/images.h"
#include "mnist/pictures.h"

enum { MOST_NETWORKS = 6 };

struct network {
    const char *name, *text;
};

static const struct network usual[] = {
    {"dense", "input(784) | dense(512, activation=leaky_relu) | dense(784, activation=sigmoid)"},
    {"conv",
     "input(1, 28, 28) | conv2d(32, 3, activation=relu) | max_pool(2) | conv2d(32, 3, activation=relu)"
     " | max_pool(2) | conv2d_transpose(32, 3, stride=2, activation=relu)"
     " | conv2d_transpose(32, 3, stride=2, activation=relu) | conv2d(1, 3, activation=sigmoid)"},
    {"U-Net",
     "input(1, 28, 28) | conv2d(16, 3, activation=relu) | conv2d(16, 3, activation=relu) as e1 | max_pool(2)"
     " | conv2d(32, 3, activation=relu) | conv2d(32, 3, activation=relu) as e2 | max_pool(2)"
     " | conv2d(32, 3, activation=relu) | upsample(2) | add(e2) | conv2d(32, 3, activation=relu)"
     " | conv2d(16, 3, activation=relu) | upsample(2) | add(e1) | conv2d(16, 3, activation=relu)"
     " | conv2d(1, 3, activation=sigmoid)"},
};
enum { USUAL_NETWORKS = sizeof usual / sizeof *usual };

struct options {
    const char *data, *noise, *objective, *optimizer, *picture;
    struct network networks[MOST_NETWORKS];
    size_t network_count, epochs, batch, threads, seed;
};

static const char usage[] =
    "Usage: %s [OPTION]...\n"
    "Trains networks to take noise off images, one after another, and compares what they make of the test "
    "images.\n"
    "  --data FOLDER      the files of MNIST or Fashion-MNIST; without it the few digits of the examples\n"
    "  --network TEXT     a network, such as 'input(784) | dense(512, activation=sigmoid) | dense(784)'; may "
    "be given\n"
    "                     up to 6 times; without it a dense one, one of convolutions and a U-Net\n"
    "  --noise TEXT       (gaussian(mean=0, stddev=0.5) | clip(0, 1)), drawn anew in every epoch\n"
    "  --objective TEXT   what training makes small (bce)\n"
    "  --optimizer TEXT   (adam(1e-3) | cosine(epochs=N)), with the N of --epochs\n"
    "  --epochs N         (5)\n"
    "  --batch N          images of a step (128)\n"
    "  --threads N        the result is the same with any number (that of the processors)\n"
    "  --seed N           of everything that is drawn (1)\n"
    "  --picture FILE     where the picture goes (networks.png)\n"
    "  --help             this text\n";

static size_t number_of(const char *name, const char *text) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= 1 && value <= 1e9 && value == floor(value))) {
        fprintf(stderr, "--%s is '%s', expected a whole number from 1 to 1e9\n", name, text);
        exit(2);
    }
    return (size_t)value;
}

static void add_network(struct options *o, const char *text) {
    static const char *const names[MOST_NETWORKS] = {"network 1", "network 2", "network 3",
                                                     "network 4", "network 5", "network 6"};
    if (o->network_count == MOST_NETWORKS) {
        fprintf(stderr, "--network is given more than %d times\n", MOST_NETWORKS);
        exit(2);
    }
    o->networks[o->network_count] = (struct network){names[o->network_count], text};
    o->network_count++;
}

static void read_option(struct options *o, int c, char **argv) {
    switch (c) {
    case 'd':
        o->data = optarg;
        break;
    case 'w':
        add_network(o, optarg);
        break;
    case 'n':
        o->noise = optarg;
        break;
    case 'l':
        o->objective = optarg;
        break;
    case 'o':
        o->optimizer = optarg;
        break;
    case 'e':
        o->epochs = number_of("epochs", optarg);
        break;
    case 'b':
        o->batch = number_of("batch", optarg);
        break;
    case 't':
        o->threads = number_of("threads", optarg);
        break;
    case 's':
        o->seed = number_of("seed", optarg);
        break;
    case 'p':
        o->picture = optarg;
        break;
    case 'h':
        printf(usage, argv[0]);
        exit(finish(EXIT_SUCCESS));
    default:
        exit(2); /* getopt has said why */
    }
}

static struct options read_options(int argc, char **argv) {
    static const struct option known[] = {
        {"data", required_argument, NULL, 'd'},
        {"network", required_argument, NULL, 'w'},
        {"noise", required_argument, NULL, 'n'},
        {"objective", required_argument, NULL, 'l'},
        {"optimizer", required_argument, NULL, 'o'},
        {"epochs", required_argument, NULL, 'e'},
        {"batch", required_argument, NULL, 'b'},
        {"threads", required_argument, NULL, 't'},
        {"seed", required_argument, NULL, 's'},
        {"picture", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct options o = {.data = BUNDLED_DATA,
                        .noise = "gaussian(mean=0, stddev=0.5) | clip(0, 1)",
                        .objective = "bce",
                        .picture = "networks.png",
                        .epochs = 5,
                        .batch = 128,
                        .seed = 1};
    for (int c; (c = getopt_long(argc, argv, "h", known, NULL)) != -1;)
        read_option(&o, c, argv);
    if (optind < argc) {
        fprintf(stderr, "%s: found the argument '%s', expected options only, see --help\n", argv[0],
                argv[optind]);
        exit(2);
    }
    for (; o.network_count == 0 || (o.networks[0].text == usual[0].text && o.network_count < USUAL_NETWORKS);
         o.network_count++)
        o.networks[o.network_count] = usual[o.network_count];
    return o;
}

static int32_t show(const dae_progress *p, void *user) {
    double *seconds = user;
    if (p->event == DAE_PROGRESS_EPOCH) {
        *seconds += p->epoch_seconds;
        fprintf(stderr, "  epoch %d of %d: loss %.5f, %.1f s\n", (int)p->epoch, (int)p->epochs, p->loss,
                p->epoch_seconds);
    }
    return 0;
}

static dae_dataset *with_noise(const struct options *o, dae_dataset *clean, int32_t mode, uint64_t seed) {
    dae_noise *noise = NULL;
    dae_dataset *noisy = NULL;
    check(dae_noise_parse(&noise, o->noise));
    check(dae_dataset_corrupt(&noisy, clean, noise, mode, seed));
    dae_noise_free(noise);
    return noisy;
}

static dae_model *train(const struct options *o, const struct network *network, dae_dataset *noisy,
                        double *seconds) {
    dae_model *model = NULL;
    dae_optimizer *optimizer = NULL;
    dae_trainer *trainer = NULL;
    char text[64];
    const double epochs = (double)o->epochs;
    check(dae_recipe_fill(text, sizeof text, NULL, "adam(1e-3) | cosine(epochs=?)", &epochs, 1));
    check(dae_model_parse(&model, network->text));
    check(dae_model_initialize(model, o->seed));
    check(dae_optimizer_parse(&optimizer, o->optimizer != NULL ? o->optimizer : text));
    check(dae_trainer_create(&trainer, model, optimizer, o->objective));
    check(dae_trainer_set_batch_size(trainer, o->batch));
    check(dae_trainer_set_seed(trainer, o->seed));
    check(dae_trainer_set_progress(trainer, show, seconds));
    check(dae_trainer_fit(trainer, noisy, o->epochs));
    dae_trainer_free(trainer);
    dae_optimizer_free(optimizer);
    return model;
}

/* A line of figures, and what the library finds wrong with the network. */
static void tell(const char *name, dae_model *model, dae_dataset *test, double seconds) {
    dae_report *report = NULL;
    double mse, psnr, input_psnr;
    size_t parameters, findings;
    const char *text;
    check(dae_model_evaluate(&report, model, test));
    check(dae_report_get(report, "mse", &mse));
    check(dae_report_get(report, "psnr", &psnr));
    check(dae_report_get(report, "input_psnr", &input_psnr));
    check(dae_model_get_parameter_count(model, &parameters));
    printf("%-13s %9zu parameters %6.0f s   MSE %.5f   PSNR %.2f dB (noisy: %.2f dB)\n", name, parameters,
           seconds, mse, psnr, input_psnr);
    check(dae_report_get_finding_count(report, &findings));
    for (size_t i = 0; i < findings; i++) {
        check(dae_report_get_finding(report, i, NULL, &text));
        printf("  %s\n", text);
    }
    fflush(stdout);
    dae_report_free(report);
}

/* The shown images with noise, what the network makes of them, or clean, as an array. */
static float *shown_images(const images *opened, dae_dataset *data, dae_model *model) {
    size_t size = opened->height * opened->width;
    float *values = make_array(opened->shown_count * size);
    dae_session *session = NULL;
    if (model != NULL)
        check(dae_session_create(&session, model, 1));
    for (size_t i = 0; i < opened->shown_count; i++) {
        float *image = values + i * size, *given = make_array(size);
        check(dae_dataset_read(data, 0, opened->shown[i], 1, given, NULL));
        if (session != NULL)
            check(dae_session_run(session, given, 1, image));
        else
            memcpy(image, given, size * sizeof *image);
        free(given);
    }
    dae_session_free(session);
    return values;
}

int main(int argc, char **argv) {
    struct options o = read_options(argc, argv);
    images opened;
    grid_row rows[MOST_NETWORKS + 2];
    size_t row_count = 0;
    bool drawn = true;
    if (!images_open(&opened, o.data))
        return EXIT_FAILURE;
    check(dae_set_num_threads(o.threads));
    dae_dataset *noisy = with_noise(&o, opened.train, DAE_NOISE_FRESH, o.seed);
    dae_dataset *test = with_noise(&o, opened.test, DAE_NOISE_ONCE, o.seed + 1);
    rows[row_count++] = (grid_row){"noisy", shown_images(&opened, test, NULL)};
    for (size_t i = 0; i < o.network_count; i++) {
        fprintf(stderr, "%s\n", o.networks[i].name);
        double seconds = 0;
        dae_model *model = train(&o, &o.networks[i], noisy, &seconds);
        tell(o.networks[i].name, model, test, seconds);
        rows[row_count++] = (grid_row){o.networks[i].name, shown_images(&opened, test, model)};
        dae_model_free(model);
    }
    rows[row_count++] = (grid_row){"clean", shown_images(&opened, opened.test, NULL)};
    if (pictures_available)
        drawn = draw_digit_grid(o.picture,
                                "Test images: noisy, denoised, clean, with the mean PSNR of each row",
                                o.noise, rows, row_count, opened.shown_count, opened.height, opened.width);
    if (pictures_available && drawn)
        printf("%s shows what they make of the same images\n", o.picture);
    for (size_t i = 0; i < row_count; i++)
        free((void *)(uintptr_t)rows[i].values);
    dae_dataset_free(noisy);
    dae_dataset_free(test);
    images_close(&opened);
    return drawn ? finish(EXIT_SUCCESS) : EXIT_FAILURE;
}
