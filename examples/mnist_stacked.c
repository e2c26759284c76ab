/* A stacked denoising autoencoder (Vincent et al., JMLR 2010) on the digits of MNIST: layers that are trained
 * one after another, each to undo noise in the clean codes of those below it, and then all of them together
 * to name the digit.
 *
 * --rate 0 trains the layers without noise, --pretrain 0 leaves them as they are drawn: what the noise and
 * the training layer by layer bring is the difference of the errors. */
#include <getopt.h>

#include "check.h"

enum { MOST_LAYERS = 6 };

struct options {
    const char *data;
    double units, rate;
    int layers, pretrain, epochs, seed;
};

static const char usage[] =
    "Usage: %s [OPTION]...\n"
    "Trains a stacked denoising autoencoder to name digits, and prints its error on the test digits.\n"
    "  --data FOLDER   the four files of MNIST, compressed or not; without it the few digits of the "
    "examples\n"
    "  --layers N      hidden layers, 1 to 6 (3)\n"
    "  --units N       of each (1000)\n"
    "  --rate R        share of the inputs that masking noise sets to 0 in the training of a layer (0.25)\n"
    "  --pretrain N    epochs of that training, for each layer (15)\n"
    "  --epochs N      epochs of the training of all layers (30)\n"
    "  --seed N        of everything that is drawn (1)\n"
    "  --help          this text\n";

static double number_of(const char *name, const char *text, double low, double high) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= low && value <= high)) {
        fprintf(stderr, "--%s is '%s', expected a number from %g to %g\n", name, text, low, high);
        exit(2);
    }
    return value;
}

static struct options read_options(int argc, char **argv) {
    static const struct option known[] = {
        {"data", required_argument, NULL, 'd'},
        {"layers", required_argument, NULL, 'l'},
        {"units", required_argument, NULL, 'u'},
        {"rate", required_argument, NULL, 'r'},
        {"pretrain", required_argument, NULL, 'p'},
        {"epochs", required_argument, NULL, 'e'},
        {"seed", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct options o = {BUNDLED_DATA, 1000, 0.25, 3, 15, 30, 1};
    for (int c; (c = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
        switch (c) {
        case 'd':
            o.data = optarg;
            break;
        case 'l':
            o.layers = (int)number_of("layers", optarg, 1, MOST_LAYERS);
            break;
        case 'u':
            o.units = (int)number_of("units", optarg, 1, 10000);
            break;
        case 'r':
            o.rate = number_of("rate", optarg, 0, 1);
            break;
        case 'p':
            o.pretrain = (int)number_of("pretrain", optarg, 0, 1000);
            break;
        case 'e':
            o.epochs = (int)number_of("epochs", optarg, 1, 1000);
            break;
        case 's':
            o.seed = (int)number_of("seed", optarg, 0, 1e9);
            break;
        case 'h':
            printf(usage, argv[0]);
            exit(finish(EXIT_SUCCESS));
        default:
            exit(2); /* getopt has said why */
        }
    }
    if (optind < argc) {
        fprintf(stderr, "%s: found the argument '%s', expected options only, see --help\n", argv[0],
                argv[optind]);
        exit(2);
    }
    return o;
}

/* A file of MNIST, compressed or not. */
static dae_dataset *open_file(const struct options *o, const char *name, const char *format) {
    char path[4096];
    dae_dataset *data = NULL;
    snprintf(path, sizeof path, "%s/%s.gz", o->data, name);
    if (dae_dataset_open(&data, path, format) != DAE_OK) {
        snprintf(path, sizeof path, "%s/%s", o->data, name);
        check(dae_dataset_open(&data, path, format));
    }
    return data;
}

/* Digits, and the numbers that they are: targets that cross_entropy takes. */
static dae_dataset *labelled_digits(const struct options *o, const char *images, const char *labels) {
    dae_dataset *x = open_file(o, images, NULL), *t = open_file(o, labels, "idx(scaled=no)"), *pair = NULL;
    check(dae_dataset_pair(&pair, x, t));
    dae_dataset_free(x);
    dae_dataset_free(t);
    return pair;
}

static int32_t show(const dae_progress *p, void *what) {
    if (p->event == DAE_PROGRESS_EPOCH) {
        printf("%s, epoch %2d of %d: loss %.5f, %.0f s\n", (const char *)what, (int)p->epoch, (int)p->epochs,
               p->loss, p->epoch_seconds);
        fflush(stdout);
    }
    return 0;
}

static void train(dae_model *model, dae_dataset *data, const char *optimizer, const char *objective,
                  int epochs, int seed, char *what) {
    dae_optimizer *rule = NULL;
    dae_trainer *trainer = NULL;
    check(dae_optimizer_parse(&rule, optimizer));
    check(dae_trainer_create(&trainer, model, rule, objective));
    check(dae_trainer_set_batch_size(trainer, 128));
    check(dae_trainer_set_seed(trainer, (uint64_t)seed));
    check(dae_trainer_set_progress(trainer, show, what));
    check(dae_trainer_fit(trainer, data, (size_t)epochs));
    dae_trainer_free(trainer);
    dae_optimizer_free(rule);
}

/* Trains layer `k`, from 1, to give back the codes from codes with noise, with its weights used both ways. */
static dae_model *pretrain(const struct options *o, dae_dataset *codes, int k, double inputs) {
    dae_dataset *masked = NULL;
    dae_noise *noise = NULL;
    dae_model *model = NULL;
    char text[256], what[64];
    const double values[] = {inputs, o->units, k, k};
    check(dae_recipe_fill(
        text, sizeof text, NULL,
        "input(?) | dense(?, activation=sigmoid) as h? | dense(tied=h?, activation=sigmoid)", values, 4));
    check(dae_model_parse(&model, text));
    check(dae_model_initialize(model, (uint64_t)(o->seed * 10 + k)));
    check(dae_recipe_fill(text, sizeof text, NULL, "masking(?)", &o->rate, 1));
    check(dae_noise_parse(&noise, text));
    check(dae_dataset_corrupt(&masked, codes, noise, DAE_NOISE_FRESH, (uint64_t)(o->seed * 10 + k)));
    snprintf(what, sizeof what, "layer %d", k);
    train(model, masked, "adam(1e-3)", "bce", o->pretrain, o->seed, what);
    dae_noise_free(noise);
    dae_dataset_free(masked);
    return model;
}

/* What the trained layer makes of clean codes, kept in memory. */
static dae_dataset *encode(dae_model *model, dae_dataset *codes, int k) {
    dae_model *encoder = NULL;
    dae_dataset *next = NULL, *kept = NULL;
    char code[16];
    snprintf(code, sizeof code, "h%d", k);
    check(dae_model_slice(&encoder, model, "input", code));
    check(dae_model_map(&next, encoder, codes, NULL));
    check(dae_dataset_view(&kept, next, "cache", 0));
    dae_dataset_free(next);
    dae_model_free(encoder);
    return kept;
}

/* All layers and a softmax over the ten digits. */
static dae_model *new_stack(const struct options *o) {
    dae_model *stack = NULL;
    char text[128];
    check(dae_model_create(&stack, 1, (const size_t[]){784}));
    for (int k = 1; k <= o->layers; k++) {
        const double values[] = {o->units, k};
        check(dae_recipe_fill(text, sizeof text, NULL, "dense(?, activation=sigmoid) as h?", values, 2));
        check(dae_model_extend(stack, text));
    }
    check(dae_model_extend(stack, "dense(10) | softmax as class"));
    check(dae_model_initialize(stack, (uint64_t)o->seed));
    return stack;
}

/* Trains layer after layer, and gives their weights to the stack. */
static void pretrain_stack(const struct options *o, dae_model *stack) {
    dae_dataset *codes = open_file(o, "train-images-idx3-ubyte", NULL);
    for (int k = 1; k <= o->layers && o->pretrain > 0; k++) {
        dae_model *layer = pretrain(o, codes, k, k == 1 ? 784 : o->units);
        check(dae_model_copy_parameters(stack, layer, NULL)); /* hK.weight and hK.bias */
        dae_dataset *next = k < o->layers ? encode(layer, codes, k) : NULL;
        dae_dataset_free(codes);
        codes = next;
        dae_model_free(layer);
    }
    dae_dataset_free(codes);
}

int main(int argc, char **argv) {
    struct options o = read_options(argc, argv);
    dae_dataset *digits = labelled_digits(&o, "train-images-idx3-ubyte", "train-labels-idx1-ubyte");
    dae_dataset *test = labelled_digits(&o, "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte");
    dae_model *stack = new_stack(&o);
    char optimizer[64];
    const double epochs = o.epochs;
    double error;
    pretrain_stack(&o, stack);
    check(dae_recipe_fill(optimizer, sizeof optimizer, NULL, "adam(1e-3) | cosine(epochs=?)", &epochs, 1));
    train(stack, digits, optimizer, "cross_entropy", o.epochs, o.seed, (char[]){"all layers"});
    check(dae_model_measure(stack, test, "error_rate", &error, 1));
    printf("test error %.2f %%\n", 100 * error);
    dae_model_free(stack);
    dae_dataset_free(digits);
    dae_dataset_free(test);
    return finish(EXIT_SUCCESS);
}
