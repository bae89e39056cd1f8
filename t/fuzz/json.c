/*
 * What the strict check accepts, cJSON reads in the same way: with as many
 * members, no name twice, and nothing lost when it is written and read again.
 * What the writer writes, the check accepts and cJSON reads.
 */

#include <cjson/cJSON.h>
#include <math.h>

#include "fuzz.h"
#include "kanda_json.h"
#include "kanda_text.h"


/* Infinite numbers are written as null. */
static int
is_finite(const cJSON *item)
{
    const cJSON  *child;

    if (cJSON_IsNumber(item) && !isfinite(item->valuedouble)) {
        return 0;
    }

    cJSON_ArrayForEach(child, item) {
        if (!is_finite(child)) {
            return 0;
        }
    }

    return 1;
}


static int
depth_of(const cJSON *item)
{
    int           d, most;
    const cJSON  *child;

    if (!cJSON_IsObject(item) && !cJSON_IsArray(item)) {
        return 0;
    }

    most = 0;

    cJSON_ArrayForEach(child, item) {
        d = depth_of(child);
        most = d > most ? d : most;
    }

    return most + 1;
}


static void
names_differ(const cJSON *item)
{
    const cJSON  *a, *b;

    cJSON_ArrayForEach(a, item) {

        if (cJSON_IsObject(item)) {
            for (b = a->next; b != NULL; b = b->next) {
                must(strcmp(a->string, b->string) != 0);
            }
        }

        names_differ(a);
    }

    must(!cJSON_IsObject(item)
         || cJSON_GetArraySize(item) <= KANDA_JSON_MEMBERS);
}


static void
accepted(const char *text, size_t size)
{
    char   *again;
    cJSON  *tree, *copy;

    tree = cJSON_ParseWithLength(text, size);
    must(cJSON_IsObject(tree));
    must(depth_of(tree) <= KANDA_JSON_DEPTH);
    names_differ(tree);

    again = cJSON_PrintUnformatted(tree);
    must(again != NULL);
    must(kanda_json_check(again, strlen(again)) == KANDA_JSON_OK);

    if (is_finite(tree)) {
        copy = cJSON_Parse(again);
        must(cJSON_Compare(tree, copy, 1));
        cJSON_Delete(copy);
    }

    cJSON_free(again);
    cJSON_Delete(tree);
}


/* A byte more or less makes it another thing. */
static void
neighbours(const char *text, size_t size)
{
    char    *more;
    size_t   last;

    last = size;
    while (text[last - 1] != '}') {
        last--;
    }

    more = malloc(size + 2);
    if (more == NULL) {
        exit(1);
    }

    memcpy(more, text, size);
    memcpy(more + size, " }", 2);
    must(kanda_json_check(more, size + 1) == KANDA_JSON_OK);
    must(kanda_json_check(more, size + 2) == KANDA_JSON_TRAILING);
    must(kanda_json_check(more, last - 1) != KANDA_JSON_OK);
    free(more);
}


static void
written(const char *text, size_t size)
{
    char               *buf;
    cJSON              *tree, *item;
    size_t              cap;
    kanda_json_out_t    out;

    if (kanda_utf8_length(text, size) < 0 || memchr(text, '\0', size)) {
        return;
    }

    cap = 6 * size + 16;
    buf = malloc(cap);
    if (buf == NULL) {
        exit(1);
    }

    kanda_json_init(&out, buf, cap);
    kanda_json_open(&out, NULL, '{');
    kanda_json_str(&out, "x", text, size);
    kanda_json_close(&out, '}');

    must(kanda_json_length(&out) > 0);
    must(kanda_json_check(buf, kanda_json_length(&out)) == KANDA_JSON_OK);

    tree = cJSON_ParseWithLength(buf, kanda_json_length(&out));
    item = cJSON_GetObjectItemCaseSensitive(tree, "x");
    must(cJSON_IsString(item) && strlen(item->valuestring) == size
         && memcmp(item->valuestring, text, size) == 0);

    cJSON_Delete(tree);
    free(buf);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                *text;
    kanda_json_check_t   check;

    text = fuzz_exact(data, size);
    check = kanda_json_check(text, size);

    must(kanda_json_reason(check) != NULL);

    if (check == KANDA_JSON_OK) {
        accepted(text, size);
        neighbours(text, size);
    }

    if (size > 0) {
        written(text, size);
    }

    free(text);

    return 0;
}
