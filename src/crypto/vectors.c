/* vectors.c - for tests: reads the vectors of Project Wycheproof. */
#include "vectors.h"

/* ---- hex ---------------------------------------------------------------------- */

enum { ROOMS = 8, ROOM = 4096 };

struct hf_span hex(const char *text)
{
    static uint8_t rooms[ROOMS][ROOM];
    static unsigned turn;
    uint8_t *room = rooms[turn++ % ROOMS];
    size_t len;

    assert_true(hf_unhex(hf_span_text(text), room, ROOM, &len));
    return hf_span(room, len);
}

void assert_bytes(const uint8_t *got, size_t len, const char *expected_hex)
{
    struct hf_span expected = hex(expected_hex);

    assert_int_equal(len, expected.len);
    assert_memory_equal(got, expected.at, len);
}

/* ---- the provider --------------------------------------------------------------- */

static struct hf_crypto shared;

struct hf_crypto *opened(void)
{
    return &shared;
}

int open_crypto(void **state)
{
    struct hf_error error = { 0 };

    (void)state;
    if (hf_crypto_open(&shared, &hf_libcrypto, &error))
        return 0;
    printf("# %s: %s\n", hf_error_name(error.code), error.detail);
    return -1;
}

int close_crypto(void **state)
{
    (void)state;
    hf_crypto_close(&shared);
    return 0;
}

/* ---- JSON ------------------------------------------------------------------------- */

#ifdef HAVE_JANSSON
#include <jansson.h>

static struct hf_span kept[16]; /* what vector_bytes() gave out for this test */
static size_t keeping;

static const json_t *field_of(const struct vector *v, const char *field)
{
    const json_t *found = json_object_get(v->test, field);

    if (!found)
        found = json_object_get(v->group, field);
    if (!found) {
        const json_t *key = json_object_get(v->group, "publicKey");
        found = json_object_get(key, field);
    }
    return found;
}

bool vector_has(const struct vector *v, const char *field)
{
    return field_of(v, field) != NULL;
}

const char *vector_text(const struct vector *v, const char *field)
{
    const char *text = json_string_value(field_of(v, field));

    if (!text)
        fail_msg("test %d has no text \"%s\"", v->id, field);
    return text;
}

long vector_number(const struct vector *v, const char *field)
{
    const json_t *number = field_of(v, field);

    if (!json_is_integer(number))
        fail_msg("test %d has no number \"%s\"", v->id, field);
    return (long)json_integer_value(number);
}

bool vector_flag(const struct vector *v, const char *flag)
{
    const json_t *flags = json_object_get(v->test, "flags");

    for (size_t i = 0; i < json_array_size(flags); i++)
        if (!strcmp(json_string_value(json_array_get(flags, i)), flag))
            return true;
    return false;
}

/* Each in its own block of memory, so that a sanitizer sees one byte beyond. */
struct hf_span vector_bytes(const struct vector *v, const char *field)
{
    struct hf_span text = hf_span_text(vector_text(v, field));
    uint8_t *bytes = malloc(text.len / 2 + !text.len);
    size_t len = 0;

    assert_non_null(bytes);
    assert_true(keeping < HF_COUNT(kept));
    if (!hf_unhex(text, bytes, text.len / 2, &len))
        fail_msg("test %d: \"%s\" is not hex", v->id, field);
    kept[keeping++] = hf_span(bytes, len);
    return hf_span(bytes, len);
}

static void forget(void)
{
    while (keeping)
        free((void *)(uintptr_t)kept[--keeping].at);
}

static json_t *read_file(const char *name)
{
    char path[1024];
    json_error_t error;
    const char *shared_dir = getenv("HF_SHARED");

    snprintf(path, sizeof(path), "%s/vectors/wycheproof/%s",
             shared_dir ? shared_dir : "../shared", name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        printf("# SKIP: %s (needs ../shared)\n", name);
        return NULL;
    }
    json_t *root = json_loadf(file, 0, &error);
    fclose(file);
    if (!root)
        fail_msg("%s, line %d: %s", name, error.line, error.text);
    return root;
}

static enum verdict verdict_of(const json_t *test)
{
    const char *result = json_string_value(json_object_get(test, "result"));

    assert_non_null(result);
    return !strcmp(result, "valid")        ? VALID
           : !strcmp(result, "acceptable") ? ACCEPTABLE
                                           : INVALID;
}

size_t vectors_each(const char *name, vector_fn *each, void *ctx)
{
    json_t *root = read_file(name);
    size_t count = 0, g, t;
    json_t *group, *test;

    if (!root)
        skip();
    json_array_foreach(json_object_get(root, "testGroups"), g, group)
        json_array_foreach(json_object_get(group, "tests"), t, test)
    {
        const char *comment = json_string_value(
            json_object_get(test, "comment"));
        struct vector v = {
            group,
            test,
            comment ? comment : "",
            (int)json_integer_value(json_object_get(test, "tcId")),
            verdict_of(test),
        };
        each(ctx, &v);
        forget();
        count++;
    }
    assert_int_equal(
        count, json_integer_value(json_object_get(root, "numberOfTests")));
    json_decref(root);
    return count;
}

#else

struct hf_span vector_bytes(const struct vector *v, const char *field)
{
    (void)v, (void)field;
    return hf_span(NULL, 0);
}

bool vector_has(const struct vector *v, const char *field)
{
    (void)v, (void)field;
    return false;
}

const char *vector_text(const struct vector *v, const char *field)
{
    (void)v, (void)field;
    return "";
}

long vector_number(const struct vector *v, const char *field)
{
    (void)v, (void)field;
    return 0;
}

bool vector_flag(const struct vector *v, const char *flag)
{
    (void)v, (void)flag;
    return false;
}

size_t vectors_each(const char *name, vector_fn *each, void *ctx)
{
    (void)each, (void)ctx;
    printf("# SKIP: %s (apt install libjansson-dev)\n", name);
    skip();
    return 0;
}

#endif
