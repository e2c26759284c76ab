/* Datasets saved as NPZ, CSV and raw values: the bytes, what comes back, what is refused, and memory that
 * runs out. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dae_dataset *made(const float *values, size_t count, size_t rank, const size_t *shape) {
    dae_dataset *dataset = NULL;
    ok(dae_dataset_copy_array(&dataset, values, count, rank, shape));
    return dataset;
}

static dae_dataset *parsed(const char *text, const char *format) {
    dae_dataset *dataset = NULL;
    ok(dae_dataset_parse(&dataset, text, strlen(text), format));
    return dataset;
}

static const float numbers[] = {1,        -0.5f, 0.1f,  1e-45f, 3.4028235e38f, 16777216,
                                1 / 3.0f, 0,     -0.0f, NAN,    INFINITY,      -INFINITY};

/* The file that is written, as text. */
static void writes(dae_dataset *dataset, const char *name, const char *format, const char *expected) {
    const char *path = temp_path(name);
    size_t size = 0;
    ok(dae_dataset_save(dataset, path, format));
    unsigned char *bytes = read_file(path, &size);
    ck_assert_uint_eq(size, strlen(expected));
    ck_assert_str_eq((const char *)bytes, expected);
    free(bytes);
}

static void comes_back(const char *name, const char *format, const float *expected, size_t count) {
    dae_dataset *dataset = NULL;
    float values[64];
    size_t samples = 0;
    ok(dae_dataset_open(&dataset, temp_path(name), format));
    ok(dae_dataset_get_count(dataset, &samples));
    ok(dae_dataset_read(dataset, 0, 0, samples, values, NULL));
    for (size_t i = 0; i < count; i++)
        ck_assert(same_or_nan(values[i], expected[i]));
    dae_dataset_free(dataset);
}

START_TEST(tables_are_written_in_the_fewest_digits) {
    dae_dataset *dataset = made(numbers, 3, 1, (const size_t[]){4}),
                *row = made(numbers, 2, 3, (const size_t[]){1, 1, 2});
    writes(dataset, "a.csv", NULL,
           "1,-0.5,0.1,1e-45\n3.4028235e+38,16777216,0.33333334,0\n-0,NaN,inf,-inf\n");
    comes_back("a.csv", NULL, numbers, 12);
    writes(dataset, "b.csv", "csv(separator=semicolon, decimal=comma)",
           "1;-0,5;0,1;1e-45\n3,4028235e+38;16777216;0,33333334;0\n-0;NaN;inf;-inf\n");
    comes_back("b.csv", "csv(decimal=comma)", numbers, 12);
    writes(row, "c.csv", "csv(separator=tab)", "1\t-0.5\n0.1\t1e-45\n");
    comes_back("c.csv", NULL, numbers, 4);
    writes(row, "d.csv", "csv(separator=blank)", "1 -0.5\n0.1 1e-45\n");
    comes_back("d.csv", NULL, numbers, 4);
    dae_dataset_free(row);
    dae_dataset_free(dataset);
}
END_TEST

/* As often as there are many: rows that fill the buffer, and samples that are written in parts. */
START_TEST(long_tables) {
    enum { MANY = 1 << 21 };
    float *values = malloc(MANY * sizeof *values), *back = malloc(MANY * sizeof *back);
    for (size_t i = 0; i < MANY; i++)
        values[i] = (float)(i % 10007) * 0.125f;
    for (size_t width = 1; width <= MANY; width *= 1 << 7) {
        dae_dataset *dataset = made(values, MANY / width, 1, &width), *again = NULL;
        size_t count = 0, rank = 0, shape[DAE_MAX_RANK];
        ok(dae_dataset_save(dataset, temp_path("long.csv"), "csv(overwrite=yes)"));
        ok(dae_dataset_open(&again, temp_path("long.csv"), "csv(separator=comma)"));
        ok(dae_dataset_get_count(again, &count));
        ok(dae_dataset_get_shape(again, 0, &rank, shape));
        ck_assert(count == MANY / width && rank == 1 && shape[0] == width);
        ok(dae_dataset_read(again, 0, 0, count, back, NULL));
        same_floats(back, values, MANY);
        dae_dataset_free(again);
        dae_dataset_free(dataset);
    }
    free(back);
    free(values);
}
END_TEST

START_TEST(names_of_columns_come_along) {
    dae_dataset *table = parsed("time;\"a \"\"b\"\", c\";\"#d;e\"\n1;2;3\n4;5;6\n7;8;9\n",
                                "csv(separator=semicolon)");
    dae_dataset *some = NULL, *chosen = parsed("a,b,c\n1,x,3\n", "csv(columns=[c, a])"),
                *plain = parsed("1,2\n", NULL);
    char text[64] = "";
    ok(dae_dataset_get_fact(table, DAE_ALL_SAMPLES, "columns", text, sizeof text, NULL));
    ck_assert_str_eq(text, "time,\"a \"\"b\"\", c\",\"#d;e\"");
    ok(dae_dataset_view(&some, table, "part(0.5, 1) | clip(0, 8)", 1));
    writes(some, "e.csv", NULL, "time,\"a \"\"b\"\", c\",\"#d;e\"\n7,8,8\n");
    writes(some, "f.csv", "csv(separator=semicolon)", "time;\"a \"\"b\"\", c\";\"#d;e\"\n7;8;8\n");
    writes(some, "g.csv", "csv(separator=tab, header=no)", "7\t8\t8\n");
    writes(chosen, "h.csv", NULL, "c,a\n3,1\n");
    writes(plain, "i.csv", NULL, "1,2\n");
    ok(dae_dataset_get_fact(plain, 0, "columns", text, sizeof text, NULL));
    ck_assert_str_eq(text, "");
    dae_dataset_free(some);
    ok(dae_dataset_view(&some, table, "series", 1)); /* one row of nine values, which have no names */
    fails(dae_dataset_save(some, temp_path("j.csv"), NULL), DAE_ERROR_SHAPE, "npy keeps shapes");
    dae_dataset_free(some);
    dae_dataset_free(plain);
    dae_dataset_free(chosen);
    dae_dataset_free(table);
}
END_TEST

/* How a table was written is known in the words with which it is written again. */
START_TEST(the_form_of_a_table_is_known) {
    static const struct {
        const char *text, *format, *separator, *decimal;
    } cases[] = {
        {"a,b\n1,2\n", NULL, "comma", "point"},
        {"a;b\n1,5;2\n", "csv(decimal=comma)", "semicolon", "comma"},
        {"1.5\t2\n", NULL, "tab", "point"},
        {"1  2\n", NULL, "blank", "point"},
        {"one\n1\n", NULL, "semicolon", "point"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dae_dataset *table = parsed(cases[i].text, cases[i].format);
        char separator[16], decimal[16], format[80], name[16];
        ok(dae_dataset_get_fact(table, DAE_ALL_SAMPLES, "separator", separator, sizeof separator, NULL));
        ok(dae_dataset_get_fact(table, 0, "decimal", decimal, sizeof decimal, NULL));
        ck_assert_str_eq(separator, cases[i].separator);
        ck_assert_str_eq(decimal, cases[i].decimal);
        snprintf(format, sizeof format, "csv(separator=%s, decimal=%s)", separator, decimal);
        snprintf(name, sizeof name, "form%zu.csv", i);
        if (strcmp(separator, "blank") != 0) /* of which there were two */
            writes(table, name, format, cases[i].text);
        dae_dataset_free(table);
    }
}
END_TEST

START_TEST(arrays_of_npz) {
    dae_dataset *dataset = made(numbers, 2, 2, (const size_t[]){3, 2});
    size_t size = 0;
    ok(dae_dataset_save(dataset, temp_path("a.npz"), NULL));
    comes_back("a.npz", "npz(array=arr_0)", numbers, 12);
    ok(dae_dataset_save(dataset, temp_path("b.npz"), "npz(array=x)"));
    comes_back("b.npz", "npz(array=x)", numbers, 12);
    unsigned char *once = read_file(temp_path("b.npz"), &size);
    ok(dae_dataset_save(dataset, temp_path("b.npz"), "npz(array=x, overwrite=yes)"));
    unsigned char *again = read_file(temp_path("b.npz"), &size);
    ck_assert_mem_eq(once, again, size); /* on any day */
#ifdef DAE_TEST_ZLIB
    ok(dae_dataset_save(dataset, temp_path("c.npz"), "npz(compressed=yes)"));
    comes_back("c.npz", NULL, numbers, 12);
#else
    fails(dae_dataset_save(dataset, temp_path("c.npz"), "npz(compressed=yes)"), DAE_ERROR_UNSUPPORTED,
          "zlib");
    ck_assert(!file_exists(temp_path("c.npz")));
#endif
    free(again);
    free(once);
    dae_dataset_free(dataset);
}
END_TEST

START_TEST(raw_values) {
    dae_dataset *dataset = made(numbers, 2, 2, (const size_t[]){3, 2});
    size_t size = 0;
    ok(dae_dataset_save(dataset, temp_path("a.raw"), NULL));
    unsigned char *bytes = read_file(temp_path("a.raw"), &size);
    ck_assert_uint_eq(size, sizeof numbers);
    ck_assert_mem_eq(bytes, numbers, size);
    free(bytes);
    dae_dataset_free(dataset);
}
END_TEST

START_TEST(what_is_refused) {
    dae_dataset *pictures = made(numbers, 2, 2, (const size_t[]){3, 2});
    fails(dae_dataset_save(pictures, temp_path("k.csv"), NULL), DAE_ERROR_SHAPE, "samples have shape 3 x 2");
    fails(dae_dataset_save(pictures, temp_path("k.csv"), "csv(decimal=comma)"), DAE_ERROR_ARGUMENT,
          "decimal comma");
    fails(dae_dataset_save(pictures, temp_path("k.raw"), "raw(type=f4)"), DAE_ERROR_FORMAT,
          "no parameter 'type'");
    ck_assert(!file_exists(temp_path("k.csv")));
    dae_dataset_free(pictures);
}
END_TEST

static dae_status save_everything(void *user) {
    static const char table[] = "a,b\n1,2\n3,4\n";
    dae_dataset *dataset = user;
    dae_status status = dae_dataset_parse(&dataset, table, sizeof table - 1, "csv");
    if (status != DAE_OK)
        return status;
    status = dae_dataset_save(dataset, temp_path("m.csv"), "csv(overwrite=yes)");
    if (status == DAE_OK)
        status = dae_dataset_save(dataset, temp_path("m.npz"), "npz(overwrite=yes)");
#ifdef DAE_TEST_ZLIB
    if (status == DAE_OK)
        status = dae_dataset_save(dataset, temp_path("m.npz"), "npz(compressed=yes, overwrite=yes)");
#endif
    dae_dataset_free(dataset);
    return status;
}

START_TEST(memory_may_run_out) {
    int anything;
    ck_assert_uint_ge(every_allocation_fails(save_everything, &anything), 15);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tables saved");
    TCase *tables = add_case(suite, "tables");
    tcase_add_test(tables, tables_are_written_in_the_fewest_digits);
    tcase_add_test(tables, long_tables);
    tcase_add_test(tables, names_of_columns_come_along);
    tcase_add_test(tables, the_form_of_a_table_is_known);
    tcase_add_test(tables, arrays_of_npz);
    tcase_add_test(tables, raw_values);
    tcase_add_test(tables, what_is_refused);
    tcase_add_test(tables, memory_may_run_out);
    return suite_main(suite);
}
