/* Prints the words of all kinds that the library lists, as a dictionary for libFuzzer; words.dict has all others. In a
 * build for fuzzing every program is a fuzzer, and this one has done its work before it would begin. */
#include <dae.h>
#include <stdio.h>
#include <stdlib.h>

static const char *name_of(const char *category, const char *kind, size_t index) {
    const char *name = NULL;
    if (dae_kind_list(category, kind, index, &name) != DAE_OK) {
        fprintf(stderr, "words: %s\n", dae_last_error());
        exit(1);
    }
    return name;
}

static void print_words(void) {
    const char *category, *kind, *parameter;
    for (size_t i = 0; (category = name_of(NULL, NULL, i)) != NULL; i++)
        for (size_t j = 0; (kind = name_of(category, NULL, j)) != NULL; j++) {
            printf("\"%s\"\n\"%s(\"\n", kind, kind);
            for (size_t k = 0; (parameter = name_of(category, kind, k)) != NULL; k++)
                printf("\"%s=\"\n", parameter);
        }
}

#ifdef DAE_WITH_FUZZER

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    print_words();
    fflush(stdout);
    _Exit(0);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    (void)data, (void)size;
    return 0;
}

#else

int main(void) {
    print_words();
    return 0;
}

#endif
