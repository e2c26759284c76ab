/* Tables as text: what is a number, a name, a cell and a row, and what is refused, by line and column. */
#include "content.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N NAN

enum { MOST = 64 };

/* A table is read as rows of `width` values. */
static void reads_as(const char *text, const char *format, size_t count, size_t width,
                     const float *expected) {
    dae_dataset *dataset = NULL;
    float values[MOST];
    size_t found = 0, rank = 0, shape[DAE_MAX_RANK];
    heap_watch();
    ok(dae_dataset_parse(&dataset, text, strlen(text), format));
    ok(dae_dataset_get_count(dataset, &found));
    ok(dae_dataset_get_shape(dataset, 0, &rank, shape));
    ck_assert_msg(found == count && rank == 1 && shape[0] == width, "%zu rows of %zu values in: %s", found,
                  shape[0], text);
    ok(dae_dataset_read(dataset, 0, 0, count, values, NULL));
    for (size_t i = 0; i < count * width; i++)
        ck_assert_msg(same_or_nan(values[i], expected[i]), "value %zu is %.9g, not %.9g in: %s", i,
                      (double)values[i], (double)expected[i], text);
    dae_dataset_free(dataset);
    heap_unwatch();
}

#define READS_AS(text, format, count, width, ...) \
    reads_as(text, format, count, width, (const float[]){__VA_ARGS__})

static void is_refused(const char *text, const char *format, dae_status status, const char *word) {
    dae_dataset *const untouched = (dae_dataset *)&text, *dataset = untouched;
    const char *path = temp_path("broken.csv");
    write_file(path, text, strlen(text));
    heap_watch();
    fails(dae_dataset_parse(&dataset, text, strlen(text), format), status, word);
    fails(dae_dataset_open(&dataset, path, format), status, word);
    ck_assert_msg(message_has(path) || dae_last_error_position() > 0,
                  "the message does not name the file: %s", dae_last_error());
    ck_assert_ptr_eq(dataset, untouched);
    heap_unwatch();
}

START_TEST(separators_and_line_ends) {
    static const char *const texts[] = {
        "1,2\n3,4\n",
        "1,2\n3,4",
        "1;2\r\n3;4\r\n",
        "1\t2\r3\t4\r",
        "1 2\n3 4\n",
        " 1   2 \n3 4\n",
        "1\t 2\n 3 \t4\n",
        "\n\n1,2\n\n3,4\n\n",
        "1 , 2\n3 ,4 ",
        ("\xEF\xBB\xBF"
         "1,2\n3,4"),
        "# a\n1,2\n# b, c\n3,4\n#",
        "\"1\",\"2\"\n\"3\",4\n",
        "  # a\n1;2\n  \n3;4\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        READS_AS(texts[i], NULL, 2, 2, 1, 2, 3, 4);
        READS_AS(texts[i], "csv(header=no)", 2, 2, 1, 2, 3, 4);
    }
    READS_AS("1\n2\n3", NULL, 3, 1, 1, 2, 3);
    READS_AS("1,5;2\n3;4", "csv(decimal=comma)", 2, 2, 1.5f, 2, 3, 4);
    READS_AS("1,5 2\n3 4", "csv(decimal=comma)", 2, 2, 1.5f, 2, 3, 4);
    READS_AS("1,5\t2\n3\t4", "csv(decimal=comma)", 2, 2, 1.5f, 2, 3, 4);
    READS_AS("1,5\n2", "csv(decimal=comma)", 2, 1, 1.5f, 2);
    READS_AS("1,5\n2,6", NULL, 2, 2, 1, 5, 2, 6);
    READS_AS("1;2", NULL, 1, 2, 1, 2);
    READS_AS("1 2\n3 4\n", "csv(separator=blank)", 2, 2, 1, 2, 3, 4);
    READS_AS("1;2\n", "csv(separator=semicolon)", 1, 2, 1, 2);
    READS_AS("1\t\t2\n", "csv(separator=tab)", 1, 3, 1, N, 2);
    READS_AS("1,2\n", "csv(separator=comma)", 1, 2, 1, 2);
    READS_AS("\t\n1\t2\n", "csv(separator=tab)", 2, 2, N, N, 1, 2);
}
END_TEST

START_TEST(names_are_known_by_content) {
    READS_AS("time,load\n1,2\n", NULL, 1, 2, 1, 2);
    READS_AS("time\n1\n2\n", NULL, 2, 1, 1, 2);
    READS_AS("room temperature\n1\n2\n", NULL, 2, 1, 1, 2);
    READS_AS("a; b,c; d\n1,2\n", "csv(separator=comma, columns=[0])", 1, 1, 1);
    READS_AS("a; b\tc, d\n1,2\n", NULL, 1, 2, 1, 2);
    READS_AS(",load\n1,2\n", NULL, 1, 2, 1, 2);
    READS_AS("\"a,\n\"\"b\"\"\",c\n1,2\n", NULL, 1, 2, 1, 2);
    READS_AS("1,2\n3,4\n", "csv(header=yes)", 1, 2, 3, 4);
    READS_AS("2019,2020\n1,2\n", NULL, 2, 2, 2019, 2020, 1, 2);
    READS_AS("NA,nan\n1,2\n", NULL, 2, 2, N, N, 1, 2);
}
END_TEST

START_TEST(what_is_missing) {
    READS_AS("1,,3\n,NA,\n", NULL, 2, 3, 1, N, 3, N, N, N);
    READS_AS("NaN,nan,NAN\n-nan,N/A,#N/A\n#NA,<NA>,null\nNone,?,\"\"\n", NULL, 4, 3, N, N, N, N, N, N, N, N,
             N, N, N, N);
    READS_AS("#N/A,1\n#N/B,2\n3,4\n", NULL, 2, 2, N, 1, 3, 4);
    READS_AS("-200;1\n2,5;-200,0\n", "csv(decimal=comma, missing=-200)", 2, 2, N, 1, 2.5f, N);
    READS_AS(";;\n1;2;3", NULL, 2, 3, N, N, N, 1, 2, 3);
    READS_AS("inf,-inf,+inf\nInfinity,-INF,1e99", NULL, 2, 3, INFINITY, -INFINITY, INFINITY, INFINITY,
             -INFINITY, INFINITY);
}
END_TEST

START_TEST(columns_are_chosen) {
    static const char text[] = "date,load,wind speed,load2\n2020-01-01,1,2,3\n2020-01-02,4,5,6\n";
    READS_AS(text, "csv(columns=[1, 3])", 2, 2, 1, 3, 4, 6);
    READS_AS(text, "csv(columns=[3, load])", 2, 2, 3, 1, 6, 4);
    READS_AS(text, "csv(columns=load)", 2, 1, 1, 4);
    READS_AS(text, "csv(without=date)", 2, 3, 1, 2, 3, 4, 5, 6);
    READS_AS(text, "csv(without=[0, 2, 0])", 2, 2, 1, 3, 4, 6);
    is_refused(text, NULL, DAE_ERROR_FORMAT,
               "line 2, column 0 (date): found '2020-01-01', expected a number; to leave the column out: "
               "without=[0]");
    is_refused(text, "csv(columns=[4])", DAE_ERROR_ARGUMENT, "columns is 4, expected 0 to 3");
    is_refused(text, "csv(columns=[1, 1])", DAE_ERROR_ARGUMENT, "twice");
    is_refused(text, "csv(columns=[load, 1])", DAE_ERROR_ARGUMENT, "column 1 twice");
    is_refused(text, "csv(without=wind)", DAE_ERROR_ARGUMENT,
               "without is wind, expected a number from 0 to 3 or one of date, load, wind speed, load2");
    is_refused(text, "csv(without=[0, 1, 2, 3])", DAE_ERROR_ARGUMENT, "leaves no column of 4");
    is_refused(text, "csv(without=0, columns=1)", DAE_ERROR_ARGUMENT, "not both");
    is_refused("1,2\n", "csv(columns=a)", DAE_ERROR_ARGUMENT, "line 1 is not a header");
    is_refused("1,2\n", "csv(columns=1.5)", DAE_ERROR_ARGUMENT, "whole");
    is_refused("1,2\n", "csv(separator=comma, decimal=comma)", DAE_ERROR_ARGUMENT, "decimal comma");
}
END_TEST

START_TEST(what_is_no_table) {
    is_refused("", "csv", DAE_ERROR_FORMAT, "line 1: the file ends");
    is_refused("\n# nothing\n", "csv", DAE_ERROR_FORMAT, "line 3: the file ends");
    is_refused("a,b\n", "csv", DAE_ERROR_FORMAT, "expected a row of values");
    is_refused("1,2\n3\n", "csv", DAE_ERROR_FORMAT, "line 2: found 1 cell, expected 2 as in line 1");
    is_refused("a,b\n\n1,2\n\"3\n\",4\n5,6,\n", "csv", DAE_ERROR_FORMAT,
               "line 6: found 3 cells, expected 2 as in line 1");
    is_refused("1,2\n\"3,4\n", "csv", DAE_ERROR_FORMAT, "line 2: the file ends within a quoted cell");
    is_refused("1,2\n\"3\"x,4\n", "csv", DAE_ERROR_FORMAT, "line 2: found text after a quoted cell");
    is_refused("1,2\n\"3\" x,4\n", "csv", DAE_ERROR_FORMAT, "line 2: found text after a quoted cell");
    is_refused("1 2\n\"3\"\"4\"5\n", "csv", DAE_ERROR_FORMAT, "line 2");
    is_refused("1;2\n3;4,5\n", "csv", DAE_ERROR_FORMAT,
               "found '4,5', expected a number; for a decimal comma");
    is_refused("x,1\ny,2\n", "csv", DAE_ERROR_FORMAT, "line 1, column 0: found 'x'");
    ck_assert(message_has("for a line of names: header=yes"));
    is_refused("a,b\n1,2\n3,0x10\n", "csv", DAE_ERROR_FORMAT, "line 3, column 1 (b): found '0x10'");
    is_refused("1,2\n3,1.2.3\n", "csv", DAE_ERROR_FORMAT, "found '1.2.3'");
    is_refused("1,2\n3,1e\n", "csv", DAE_ERROR_FORMAT, "found '1e'");
    is_refused("1,2\n3,1 2\n", "csv", DAE_ERROR_FORMAT, "found '1 2'");
    is_refused("1.5;2\n", "csv(decimal=comma)", DAE_ERROR_FORMAT, "found '1.5'");
    is_refused("\xFF\xFE"
               "1",
               "csv", DAE_ERROR_UNSUPPORTED, "UTF-16");
}
END_TEST

/* The same number as strtod() gives, rounded to float32, in any locale. */
static void numbers_are_read(void) {
    uint64_t state = 1;
    for (int round = 0; round < 20000; round++) {
        char text[400];
        int digits = 1 + round % 24;
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double number;
        memcpy(&number, &state, sizeof number);
        if (!isfinite(number))
            continue;
        if (round % 3 == 0)
            number = ldexp((double)(int64_t)state, -(int)(state % 90));
        snprintf(text, sizeof text, round % 5 == 0 && fabs(number) < 1e20 ? "%.*f" : "%.*e", digits, number);
        double expected = strtod(text, NULL);
        for (char *c = text; *c != '\0'; c++)
            if (*c == ',')
                *c = '.';
        READS_AS(text, "csv(header=no, separator=tab)", 1, 1, (float)expected);
    }
}

START_TEST(numbers_are_those_of_strtod) {
    char text[1100];
    READS_AS("1,+1,-1,1.,.5,5e-1,1E3,-0,007", NULL, 1, 9, 1, 1, -1, 1, 0.5f, 0.5f, 1000, -0.0f, 7);
    READS_AS("9007199254740993,18446744073709551615,123456789012345678901234567890", NULL, 1, 3,
             9007199254740993.0f, 18446744073709551615.0f, 123456789012345678901234567890.0f);
    READS_AS("16777217.00000001,1e-50,1e400", NULL, 1, 3, 16777218, 0, INFINITY);
    snprintf(text, sizeof text, "%.1074f", 0.1);
    READS_AS(text, NULL, 1, 1, 0.1f);
    numbers_are_read();
    if (use_comma_locale()) {
        READS_AS("1.5,2.25\n16777217.00000001,0.1", NULL, 2, 2, 1.5f, 2.25f, 16777218, 0.1f);
        READS_AS("1,5;16777217,00000001", "csv(decimal=comma)", 1, 2, 1.5f, 16777218);
        numbers_are_read();
        leave_comma_locale();
    }
}
END_TEST

/* ---- Broken --------------------------------------------------------------------------------------- */

static const char whole[] = "\xEF\xBB\xBF# made\r\ntime;\"load; \"\"x\"\"\"\r\n1;-2.5e3\r\n\r\nNA;\"4\"\r\n";

/* Reads what may be broken: a clean refusal, or a dataset; and no more memory than its cells could need. */
static bool is_read(const char *text, size_t size) {
    dae_dataset *const untouched = (dae_dataset *)&text, *dataset = untouched;
    float values[MOST];
    size_t count = 0, rank, shape[DAE_MAX_RANK];
    char *exact = malloc(size + 1); /* so that reading beyond it shows */
    ck_assert_ptr_nonnull(exact);
    memcpy(exact + 1, text, size);
    heap_watch();
    dae_status status = dae_dataset_parse(&dataset, exact + 1, size, "csv");
    ck_assert_uint_le(heap_largest(), 4096 + 40 * size);
    if (status == DAE_OK) {
        ok(dae_dataset_get_count(dataset, &count));
        ok(dae_dataset_get_shape(dataset, 0, &rank, shape));
        ck_assert_uint_le(count * shape[0], MOST);
        ok(dae_dataset_read(dataset, 0, 0, count, values, NULL));
        dae_dataset_free(dataset);
    } else {
        ck_assert(status == DAE_ERROR_FORMAT || status == DAE_ERROR_UNSUPPORTED);
        ck_assert_ptr_eq(dataset, untouched);
    }
    heap_unwatch();
    free(exact);
    return status == DAE_OK;
}

START_TEST(every_beginning_and_every_flipped_bit) {
    char text[sizeof whole];
    size_t read = 0;
    for (size_t size = 0; size < sizeof whole; size++)
        read += is_read(whole, size);
    ck_assert_uint_gt(read, 10);
    ck_assert_uint_lt(read, 40);
    read = 0;
    for (size_t bit = 0; bit < 8 * (sizeof whole - 1); bit++) {
        memcpy(text, whole, sizeof whole);
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        read += is_read(text, sizeof whole - 1);
    }
    ck_assert_uint_gt(read, 50);
    ck_assert_uint_lt(read, 8 * sizeof whole - 50);
}
END_TEST

START_TEST(memory_may_run_out) {
    ck_assert_uint_ge(content_bears_lack_of_memory(whole, sizeof whole - 1, "csv(columns=[1, time])"), 6);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("CSV");
    TCase *tables = add_case(suite, "tables");
    tcase_add_test(tables, separators_and_line_ends);
    tcase_add_test(tables, names_are_known_by_content);
    tcase_add_test(tables, what_is_missing);
    tcase_add_test(tables, columns_are_chosen);
    tcase_add_test(tables, what_is_no_table);
    tcase_add_test(tables, numbers_are_those_of_strtod);
    tcase_add_test(tables, every_beginning_and_every_flipped_bit);
    tcase_add_test(tables, memory_may_run_out);
    return suite_main(suite);
}
