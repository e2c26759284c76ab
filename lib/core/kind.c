#include "core/kind.h"
#include "core/memory.h"
#include "core/size.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = DAE_REASON_SIZE };

size_t dae_kind_parameter_count(const struct dae_kind *kind) {
    size_t count = 0;
    while (count < DAE_KIND_MAX_PARAMETERS && kind->parameters[count].name != NULL)
        count++;
    return count;
}

const struct dae_kind *dae_kind_find(const struct dae_category *category, const char *name) {
    for (size_t i = 0; category->kinds[i] != NULL; i++)
        if (strcmp(category->kinds[i]->name, name) == 0)
            return category->kinds[i];
    return NULL;
}

/* ---- Binding ------------------------------------------------------------------------------------ */

/* A tree is bound twice, first without `block`, to find what is wrong in it and how much room it needs. */
struct binder {
    const struct dae_category *category; /* of the whole text */
    char *block;
    size_t used;
};

static void *reserve(struct binder *binder, size_t count, size_t size) {
    void *memory = binder->block != NULL ? binder->block + binder->used : NULL;
    size_t bytes, unit = sizeof(struct dae_value);
    if (!dae_size_multiply(count, size, &bytes) ||
        !dae_size_multiply(dae_size_divide_up(bytes, unit), unit, &bytes) ||
        !dae_size_add(binder->used, bytes, &binder->used))
        binder->used = SIZE_MAX; /* which cannot be had */
    return memory;
}

static const char *copy_word(struct binder *binder, const char *word) {
    char *copy = word != NULL ? reserve(binder, 1, strlen(word) + 1) : NULL;
    return copy != NULL ? strcpy(copy, word) : NULL;
}

#define FAIL(binder, status, syntax, ...) \
    dae_fail_at(status, (binder)->category->text, (syntax)->position, __VA_ARGS__)

/* The word, if a value is nothing else; or NULL. */
static const char *bare_word(const struct dae_syntax *value) {
    const struct dae_syntax *step = value->type == DAE_SYNTAX_STEPS ? value->first : NULL;
    return step != NULL && step->next == NULL && step->first == NULL && step->label == NULL ? step->name
                                                                                            : NULL;
}

static void write_words(struct dae_text *text, const char *const *words) {
    size_t count = 0;
    while (words[count] != NULL)
        count++;
    for (size_t i = 0; i < count; i++)
        dae_text_add_item(text, i, count, words[i]);
}

/* Word number `index` of "same, valid" with its length, which is 0 where there are fewer. */
static const char *word_at(const char *words, size_t index, size_t *length) {
    for (; index > 0 && *words != '\0'; index--) {
        words += strcspn(words, ",");
        words += strspn(words, ", ");
    }
    *length = strcspn(words, ",");
    return words;
}

static void write_choice(struct dae_text *text, const char *words) {
    char copy[TEXT_SIZE];
    size_t count = 0, length;
    while (word_at(words, count, &length), length > 0)
        count++;
    for (size_t i = 0; i < count; i++) {
        const char *word = word_at(words, i, &length);
        snprintf(copy, sizeof copy, "%.*s", (int)length, word);
        dae_text_add_item(text, i, count, copy);
    }
}

/* Which of the words it is; false for none. */
static bool find_word(const char *words, const char *word, double *index) {
    size_t length;
    for (size_t i = 0;; i++) {
        const char *found = word_at(words, i, &length);
        if (length == 0)
            return false;
        *index = (double)i;
        if (length == strlen(word) && memcmp(found, word, length) == 0)
            return true;
    }
}

static void write_kinds(struct dae_text *text, const struct dae_category *category) {
    size_t count = 0;
    while (category->kinds[count] != NULL)
        count++;
    for (size_t i = 0; i < count; i++)
        dae_text_add_item(text, i, count, category->kinds[i]->name);
}

static void write_expected(struct dae_text *text, const struct dae_parameter *p) {
    switch (p->type) {
    case DAE_TYPE_NUMBER:
        dae_text_add(text, "a number%s", p->of != NULL ? ", or one of " : "");
        break;
    case DAE_TYPE_COUNT:
        dae_text_add(text, "a whole number%s%s",
                     p->flags & DAE_ANY     ? " or any"
                     : p->flags & DAE_NAMED ? " or a name"
                                            : "",
                     p->words != NULL ? ", or " : "");
        if (p->words != NULL)
            write_choice(text, p->words);
        dae_text_add(text, "%s", p->of != NULL ? ", or one of " : "");
        break;
    case DAE_TYPE_FLAG:
        dae_text_add(text, "yes or no");
        return;
    case DAE_TYPE_WORD:
        write_choice(text, p->words);
        return;
    case DAE_TYPE_LABEL:
        dae_text_add(text, "a word");
        return;
    case DAE_TYPE_KIND:
        dae_text_add(text, "one of ");
        break;
    case DAE_TYPE_RECIPE:
        dae_text_add(text, "some of ");
        break;
    }
    if (p->of != NULL)
        write_kinds(text, p->of);
}

static dae_status mismatch(struct binder *binder, const struct dae_parameter *p,
                           const struct dae_syntax *value) {
    char found[TEXT_SIZE] = "", wanted[TEXT_SIZE] = "";
    dae_recipe_write(&(struct dae_text){found, sizeof found, 0}, value);
    write_expected(&(struct dae_text){wanted, sizeof wanted, 0}, p);
    return FAIL(binder, DAE_ERROR_FORMAT, value, "%s: found '%s', expected %s", p->name, found, wanted);
}

static dae_status bind_steps(struct binder *binder, const struct dae_category *category,
                             const struct dae_syntax *first, struct dae_value *out);

static dae_status bind_number(struct binder *binder, const struct dae_parameter *p,
                              const struct dae_syntax *value, struct dae_value *out) {
    char reason[TEXT_SIZE] = "";
    out->number = value->number;
    if (dae_parameter_allows(p, value->number))
        return DAE_OK;
    dae_parameter_refuse(&(struct dae_text){reason, sizeof reason, 0}, p, value->number);
    return FAIL(binder, DAE_ERROR_ARGUMENT, value, "%s", reason);
}

/* A number that is drawn, which stays within the bounds of the parameter. It is known when it is bound for
 * the second time. */
static dae_status bind_draw(struct binder *binder, const struct dae_parameter *p,
                            const struct dae_syntax *value, struct dae_value *out) {
    char reason[TEXT_SIZE] = "";
    double ends[2];
    out->number = (double)NAN;
    DAE_TRY(bind_steps(binder, p->of, value->first, out));
    if (out->steps == NULL)
        return DAE_OK;
    p->of->range(out->steps, &ends[0], &ends[1]);
    for (size_t i = 0; i < 2; i++) {
        double end = p->type == DAE_TYPE_COUNT ? floor(ends[i]) : ends[i];
        if (dae_parameter_allows(p, end))
            continue;
        dae_parameter_refuse(&(struct dae_text){reason, sizeof reason, 0}, p, ends[i]);
        return FAIL(binder, DAE_ERROR_ARGUMENT, value, "%s is drawn from %g to %g: %s", p->name, ends[0],
                    ends[1], reason);
    }
    return DAE_OK;
}

/* A value that is a word; false where it is not the right one. */
static bool bind_word(struct binder *binder, const struct dae_parameter *p, const char *word,
                      struct dae_value *out) {
    if (word == NULL)
        return false;
    bool any_word = p->type == DAE_TYPE_LABEL || p->flags & DAE_NAMED;
    if (any_word || (p->type == DAE_TYPE_COUNT && p->words != NULL))
        out->label = copy_word(binder, word);
    if (p->type == DAE_TYPE_FLAG || p->words != NULL)
        return find_word(p->type == DAE_TYPE_FLAG ? "no, yes" : p->words, word, &out->number);
    return any_word || (p->flags & DAE_ANY && strcmp(word, "any") == 0);
}

static dae_status bind_value(struct binder *binder, const struct dae_parameter *p,
                             const struct dae_syntax *value, struct dae_value *out) {
    bool number = value->type == DAE_SYNTAX_NUMBER && value->first == NULL;
    bool weighted = value->type == DAE_SYNTAX_NUMBER && value->first != NULL && p->flags & DAE_WEIGHTED;
    bool steps = weighted || value->type == DAE_SYNTAX_STEPS;
    *out = (struct dae_value){.count = 1};
    if (number && p->type <= DAE_TYPE_FLAG)
        return bind_number(binder, p, value, out);
    if (steps && p->of != NULL && (p->type == DAE_TYPE_RECIPE || value->first->next == NULL)) {
        if (p->type <= DAE_TYPE_COUNT)
            return dae_kind_find(p->of, value->first->name) != NULL ? bind_draw(binder, p, value, out)
                                                                    : mismatch(binder, p, value);
        out->number = weighted ? value->number : 1;
        return bind_steps(binder, p->of, value->first, out);
    }
    return bind_word(binder, p, bare_word(value), out) ? DAE_OK : mismatch(binder, p, value);
}

/* All values from `first` on, up to one with a name. */
static dae_status bind_items(struct binder *binder, const struct dae_parameter *p,
                             const struct dae_syntax *first, struct dae_value *out) {
    size_t count = 0;
    for (const struct dae_syntax *item = first; item != NULL && item->name == NULL; item = item->next)
        count++;
    struct dae_value *items = reserve(binder, count, sizeof *items);
    *out = (struct dae_value){.count = count, .items = items};
    for (size_t i = 0; i < count; i++, first = first->next) {
        struct dae_value item;
        DAE_TRY(bind_value(binder, p, first, &item));
        if (items != NULL)
            items[i] = item;
    }
    return DAE_OK;
}

static dae_status bind_argument(struct binder *binder, const struct dae_parameter *p,
                                const struct dae_syntax *argument, struct dae_value *out) {
    if (p->flags & DAE_MANY && argument->name == NULL)
        return bind_items(binder, p, argument, out);
    if (p->flags & (DAE_MANY | DAE_LIST) && argument->type == DAE_SYNTAX_LIST && argument->first != NULL)
        return bind_items(binder, p, argument->first, out);
    return bind_value(binder, p, argument, out);
}

static dae_status bind_default(struct binder *binder, const struct dae_parameter *p, struct dae_value *out) {
    struct dae_syntax step = {.type = DAE_SYNTAX_STEP, .name = p->fallback};
    struct dae_syntax value = {.type = DAE_SYNTAX_STEPS, .first = &step};
    double number;
    if (dae_text_read_number(p->fallback, strlen(p->fallback), &number) > 0)
        value = (struct dae_syntax){.type = DAE_SYNTAX_NUMBER, .number = number};
    return bind_value(binder, p, &value, out);
}

/* ---- Which parameter an argument is for --------------------------------------------------------- */

static dae_status no_such_parameter(struct binder *binder, const struct dae_kind *kind,
                                    const struct dae_syntax *argument) {
    const char *names[DAE_KIND_MAX_PARAMETERS + 1] = {NULL};
    char list[TEXT_SIZE] = "";
    for (size_t i = 0, count = 0; i < dae_kind_parameter_count(kind); i++)
        if (!(kind->parameters[i].flags & DAE_HIDDEN))
            names[count++] = kind->parameters[i].name;
    write_words(&(struct dae_text){list, sizeof list, 0}, names);
    return FAIL(binder, DAE_ERROR_FORMAT, argument, "%s has no parameter '%s', expected %s", kind->name,
                argument->name, names[0] != NULL ? list : "none");
}

static dae_status too_many_by_place(struct binder *binder, const struct dae_kind *kind, size_t places,
                                    const struct dae_syntax *argument) {
    for (size_t i = 0; i < dae_kind_parameter_count(kind); i++)
        if (!(kind->parameters[i].flags & (DAE_BY_PLACE | DAE_HIDDEN)))
            return FAIL(binder, DAE_ERROR_FORMAT, argument,
                        "%s takes %zu value%s without a name, expected one with its name, as in %s=",
                        kind->name, places, places == 1 ? "" : "s", kind->parameters[i].name);
    if (places == 0)
        return FAIL(binder, DAE_ERROR_FORMAT, argument, "%s has no parameters", kind->name);
    return FAIL(binder, DAE_ERROR_FORMAT, argument, "%s has no more than %zu parameter%s", kind->name, places,
                places == 1 ? "" : "s");
}

/* Which parameter an argument is for; those without a name go to the `places`th that takes such. */
static dae_status find_parameter(struct binder *binder, const struct dae_kind *kind, size_t places,
                                 const struct dae_syntax *argument, size_t *index) {
    size_t count = dae_kind_parameter_count(kind), place = 0;
    for (*index = 0; *index < count; ++*index) {
        const struct dae_parameter *p = &kind->parameters[*index];
        if (argument->name != NULL ? strcmp(p->name, argument->name) == 0
                                   : p->flags & DAE_BY_PLACE && place++ == places)
            return DAE_OK;
    }
    return argument->name != NULL ? no_such_parameter(binder, kind, argument)
                                  : too_many_by_place(binder, kind, place, argument);
}

static dae_status bind_arguments(struct binder *binder, const struct dae_kind *kind,
                                 const struct dae_syntax *argument, struct dae_value *values) {
    bool named = false;
    for (size_t places = 0; argument != NULL; places++, argument = argument->next) {
        size_t i;
        if (named && argument->name == NULL)
            return FAIL(binder, DAE_ERROR_FORMAT, argument,
                        "found a value without a name after one with a name, expected its name");
        named = argument->name != NULL;
        DAE_TRY(find_parameter(binder, kind, places, argument, &i));
        if (values[i].count > 0)
            return FAIL(binder, DAE_ERROR_FORMAT, argument, "%s of %s is given twice",
                        kind->parameters[i].name, kind->name);
        DAE_TRY(bind_argument(binder, &kind->parameters[i], argument, &values[i]));
        if (kind->parameters[i].flags & DAE_MANY && !named)
            while (argument->next != NULL && argument->next->name == NULL)
                argument = argument->next;
    }
    return DAE_OK;
}

static bool is_given(const struct dae_kind *kind, const struct dae_value *values, const char *name) {
    for (size_t i = 0; i < dae_kind_parameter_count(kind); i++)
        if (strcmp(kind->parameters[i].name, name) == 0)
            return values[i].count > 0;
    return false;
}

/* What was not given: defaults, and what must not be missing. */
static dae_status complete(struct binder *binder, const struct dae_syntax *step, const struct dae_kind *kind,
                           struct dae_value *values) {
    for (size_t i = 0; i < dae_kind_parameter_count(kind); i++) {
        const struct dae_parameter *p = &kind->parameters[i];
        bool given = values[i].count > 0;
        if (p->other != NULL && given == is_given(kind, values, p->other))
            return FAIL(binder, DAE_ERROR_FORMAT, step, "%s needs %s or %s%s", kind->name, p->name, p->other,
                        given ? ", and not both" : "");
        if (!given && p->fallback != NULL)
            DAE_TRY(bind_default(binder, p, &values[i]));
        else if (!given && p->other == NULL && !(p->flags & (DAE_OPTIONAL | DAE_HIDDEN)))
            return FAIL(binder, DAE_ERROR_FORMAT, step, "%s needs %s", kind->name, p->name);
    }
    return DAE_OK;
}

/* What was expected of values that don't suit each other, whatever is drawn: of each combination of the ends
 * of draws; or NULL. */
static const char *check_draws(const struct dae_step *step) {
    struct dae_value values[DAE_KIND_MAX_PARAMETERS];
    size_t count = dae_kind_parameter_count(step->kind), drawn = 0, at[DAE_KIND_MAX_PARAMETERS];
    double ends[DAE_KIND_MAX_PARAMETERS][2];
    const char *expected = NULL;
    memcpy(values, step->values, count * sizeof *values);
    for (size_t i = 0; i < count; i++)
        if (dae_value_is_drawn(&step->kind->parameters[i], &values[i])) {
            step->kind->parameters[i].of->range(values[i].steps, &ends[drawn][0], &ends[drawn][1]);
            at[drawn++] = i;
        }
    for (size_t which = 0; which < (size_t)1 << drawn && expected == NULL; which++) {
        for (size_t i = 0; i < drawn; i++)
            values[at[i]].number = ends[i][which >> i & 1];
        expected = step->kind->check != NULL ? step->kind->check(values) : NULL;
    }
    return expected;
}

static dae_status check_step(struct binder *binder, const struct dae_syntax *syntax,
                             const struct dae_step *step) {
    const char *expected = check_draws(step);
    char clash[TEXT_SIZE] = "";
    if (expected == NULL)
        return DAE_OK;
    dae_step_write_clash(&(struct dae_text){clash, sizeof clash, 0}, step, expected);
    return FAIL(binder, DAE_ERROR_ARGUMENT, syntax, "%s: %s", step->kind->name, clash);
}

static dae_status bind_step(struct binder *binder, const struct dae_category *category,
                            const struct dae_syntax *syntax, struct dae_step *out) {
    const struct dae_kind *kind = dae_kind_find(category, syntax->name);
    struct dae_value values[DAE_KIND_MAX_PARAMETERS] = {{0}};
    if (kind == NULL) {
        char names[TEXT_SIZE] = "";
        write_kinds(&(struct dae_text){names, sizeof names, 0}, category);
        return FAIL(binder, DAE_ERROR_FORMAT, syntax, "found '%s', expected %s", syntax->name, names);
    }
    if (syntax->label != NULL && !category->has_labels)
        return FAIL(binder, DAE_ERROR_FORMAT, syntax, "found 'as %s', expected no label here", syntax->label);
    DAE_TRY(bind_arguments(binder, kind, syntax->first, values));
    DAE_TRY(complete(binder, syntax, kind, values));
    size_t size = dae_kind_parameter_count(kind) * sizeof *values;
    struct dae_value *kept = reserve(binder, 1, size);
    *out = (struct dae_step){kind, copy_word(binder, syntax->label), syntax->position, kept};
    if (binder->block == NULL)
        return DAE_OK;
    memcpy(kept, values, size);
    return check_step(binder, syntax, out);
}

static dae_status bind_steps(struct binder *binder, const struct dae_category *category,
                             const struct dae_syntax *first, struct dae_value *out) {
    out->count = 0;
    for (const struct dae_syntax *syntax = first; syntax != NULL; syntax = syntax->next)
        out->count++;
    struct dae_step *steps = reserve(binder, out->count, sizeof *steps);
    out->steps = steps;
    for (size_t i = 0; i < out->count; i++, first = first->next) {
        struct dae_step step;
        DAE_TRY(bind_step(binder, i > 0 && category->then != NULL ? category->then : category, first, &step));
        if (steps != NULL)
            steps[i] = step;
    }
    return DAE_OK;
}

static dae_status bind_recipe(struct binder *binder, const struct dae_syntax *syntax) {
    struct dae_value all = {0};
    binder->used = 0;
    struct dae_recipe *recipe = reserve(binder, 1, sizeof *recipe);
    DAE_TRY(bind_steps(binder, binder->category, syntax->first, &all));
    if (recipe != NULL)
        *recipe = (struct dae_recipe){all.count, all.steps};
    return DAE_OK;
}

static dae_status bind_twice(struct dae_recipe **out, struct binder *binder,
                             const struct dae_syntax *syntax) {
    DAE_TRY(bind_recipe(binder, syntax));
    binder->block = dae_allocate(1, binder->used);
    if (binder->block == NULL)
        return DAE_ERROR_MEMORY;
    dae_status status = bind_recipe(binder, syntax);
    if (status == DAE_OK)
        *out = (struct dae_recipe *)(void *)binder->block;
    else
        dae_release(binder->block);
    return status;
}

dae_status dae_recipe_bind(struct dae_recipe **out, const struct dae_category *category, const char *text) {
    struct dae_syntax *syntax = NULL;
    struct binder binder = {.category = category};
    DAE_TRY(dae_recipe_read(&syntax, category->text, text));
    dae_status status = bind_twice(out, &binder, syntax);
    dae_release(syntax);
    return status;
}

dae_status dae_recipe_bind_one(struct dae_recipe **out, const struct dae_category *category,
                               const char *text) {
    struct dae_recipe *recipe = NULL;
    DAE_TRY(dae_recipe_bind(&recipe, category, text));
    if (recipe->count == 1) {
        *out = recipe;
        return DAE_OK;
    }
    size_t position = recipe->count > 0 ? recipe->steps[1].position : strlen(text);
    bool empty = recipe->count == 0;
    dae_release(recipe);
    return dae_fail_at(DAE_ERROR_FORMAT, category->text, position, "found %s, expected one step",
                       empty ? "the end of the text" : "another step");
}

/* ---- Writing ------------------------------------------------------------------------------------ */

void dae_steps_write(struct dae_text *text, const struct dae_step *steps, size_t count) {
    for (size_t i = 0; i < count; i++) {
        dae_text_add(text, "%s", i > 0 ? " | " : "");
        dae_step_write(text, &steps[i]);
    }
}

static void write_word(struct dae_text *text, const char *words, size_t index) {
    size_t length;
    const char *word = word_at(words, index, &length);
    dae_text_add(text, "%.*s", (int)length, word);
}

static void write_single(struct dae_text *text, const struct dae_parameter *p,
                         const struct dae_value *value) {
    if (p->flags & DAE_WEIGHTED) {
        dae_text_add_number(text, value->number);
        dae_text_add(text, ": ");
    }
    if (value->steps != NULL)
        dae_steps_write(text, value->steps, value->count);
    else if (value->label != NULL)
        dae_text_add(text, "%s", value->label);
    else if (p->type == DAE_TYPE_WORD)
        write_word(text, p->words, (size_t)value->number);
    else if (p->type == DAE_TYPE_FLAG && !(p->flags & DAE_DIGIT))
        dae_text_add(text, "%s", value->number == 1 ? "yes" : "no");
    else if (p->flags & DAE_ANY && value->number == 0)
        dae_text_add(text, "any");
    else
        dae_text_add_number(text, value->number);
}

void dae_value_write(struct dae_text *text, const struct dae_parameter *p, const struct dae_value *value) {
    if (value->items == NULL) {
        write_single(text, p, value);
        return;
    }
    dae_text_add(text, "%s", p->flags & DAE_MANY ? "" : "[");
    for (size_t i = 0; i < value->count; i++) {
        dae_text_add(text, "%s", i > 0 ? ", " : "");
        write_single(text, p, &value->items[i]);
    }
    dae_text_add(text, "%s", p->flags & DAE_MANY ? "" : "]");
}

static bool is_written(const struct dae_parameter *p, const struct dae_value *value) {
    char written[TEXT_SIZE] = "";
    if (value->count == 0 || p->flags & DAE_HIDDEN)
        return false;
    if (!(p->flags & DAE_LATER) || p->fallback == NULL)
        return true;
    dae_value_write(&(struct dae_text){written, sizeof written, 0}, p, value);
    return strcmp(written, p->fallback) != 0;
}

void dae_step_write(struct dae_text *text, const struct dae_step *step) {
    const char *before = "(";
    dae_text_add(text, "%s", step->kind->name);
    for (size_t i = 0; i < dae_kind_parameter_count(step->kind); i++) {
        const struct dae_parameter *p = &step->kind->parameters[i];
        if (!is_written(p, &step->values[i]))
            continue;
        dae_text_add(text, "%s", before);
        if (!(p->flags & (DAE_MANY | DAE_PLACED)))
            dae_text_add(text, "%s=", p->name);
        dae_value_write(text, p, &step->values[i]);
        before = ", ";
    }
    dae_text_add(text, "%s", before[0] == ',' ? ")" : "");
    if (step->label != NULL)
        dae_text_add(text, " as %s", step->label);
}
