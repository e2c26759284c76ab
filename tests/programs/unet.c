/* A U-Net with skips, by hand and ready made: what the ready one is made of; its encoder; and a run at another size than any
 * that the text names. */
#include "try.h"

static const char *const by_hand =
    "input(1, any, any)"
    " | conv2d(32, 3, activation=relu) | conv2d(32, 3, activation=relu) as e1 | max_pool(2)"
    " | conv2d(64, 3, activation=relu) | conv2d(64, 3, activation=relu) as e2 | max_pool(2)"
    " | conv2d(128, 3, activation=relu) as code"
    " | conv2d_transpose(64, 2, stride=2) | concatenate(e2) | conv2d(64, 3, activation=relu)"
    " | conv2d_transpose(32, 2, stride=2) | concatenate(e1) | conv2d(32, 3, activation=relu)"
    " | conv2d(1, 1)";

int main(void) {
    dae_model *model = NULL, *ready = NULL, *encoder = NULL, *decoder = NULL;
    dae_session *session = NULL;
    const size_t shape[] = {1, 28, 44}; /* both divide by 4 */
    static float image[28 * 44], clean[28 * 44];
    static char text[8192], ready_text[8192];

    TRY(dae_model_parse(&model, by_hand));
    TRY(dae_model_initialize(model, 1));
    TRY(dae_model_describe(model, text, sizeof text, NULL));
    puts(text);

    TRY(dae_model_parse(&ready, "input(1, any, any) | unet(channels=32, depth=2)"));
    TRY(dae_model_format(ready, ready_text, sizeof ready_text, NULL));
    puts(ready_text); /* the whole text, to be read and changed */
    TRY(dae_model_format(model, text, sizeof text, NULL));

    TRY(dae_model_slice(&encoder, model, "input", "code"));
    if (dae_model_slice(&decoder, model, "code", NULL) == DAE_OK) /* cannot: it reads e1 and e2 */
        return 1;
    puts(dae_last_error());

    TRY(dae_session_create_shaped(&session, model, 1, 3, shape));
    TRY(dae_session_run(session, image, 1, clean));

    dae_session_free(session);
    dae_model_free(decoder);
    dae_model_free(encoder);
    dae_model_free(ready);
    dae_model_free(model);
    return strcmp(text, ready_text) != 0;
}
