/* lab_test.c - does `handfast lab` notice?  An experiment is run, one bit of
 * what the ends have told or sent is turned over, and the steps that compute
 * it all again must find it, say so and fail. */
#include "lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

typedef bool step_fn(struct lab *lab);

static step_fn *const own[LAB_KINDS] = { lab_ecdhe, lab_rsa };
static step_fn *const after[] = { lab_master,   lab_key_block, lab_ccs,
                                  lab_finished, lab_data,      lab_close };

/* ---- what can be spoilt --------------------------------------------------------- */

static uint8_t *message_of(struct lab_end *end, unsigned type)
{
    for (size_t i = 0; i < end->messages; i++)
        if (end->message[i].type == type)
            return end->heard + (end->message[i].bytes.at - end->heard);
    return NULL;
}

static uint8_t *last_of(struct lab_end *end, unsigned type)
{
    struct hf_span record, found = { NULL, 0 };

    for (unsigned i = 0; (record = lab_record(end, type, i)).at; i++)
        found = record;
    return found.at ? end->stream + (found.at + found.len - 1 - end->stream)
                    : NULL;
}

static uint8_t *clients_master(struct lab *lab)
{
    return lab->client.master;
}
static uint8_t *servers_master(struct lab *lab)
{
    return lab->server.master + LAB_MASTER - 1;
}
static uint8_t *clients_premaster(struct lab *lab)
{
    return lab->client.premaster + 2;
}
static uint8_t *servers_premaster(struct lab *lab)
{
    return lab->server.premaster + lab->server.premaster_len - 1;
}
static uint8_t *private_number(struct lab *lab)
{
    return lab->server.private_number + 5;
}
static uint8_t *a_heard_message(struct lab *lab)
{
    return lab->server.heard + lab->server.heard_len - 1;
}
static uint8_t *server_random(struct lab *lab)
{
    return message_of(&lab->client, 2) + 6;
}
static uint8_t *signature(struct lab *lab)
{
    uint8_t *m = message_of(&lab->client, 12);

    return m + 3 + hf_number(m + 1, 3); /* its last byte */
}
static uint8_t *encrypted(struct lab *lab)
{
    return message_of(&lab->client, 16) + 100;
}
static uint8_t *finished_record(struct lab *lab)
{
    return last_of(&lab->client, HF_CONTENT_HANDSHAKE);
}
static uint8_t *data_record(struct lab *lab)
{
    return last_of(&lab->client, HF_CONTENT_DATA);
}
static uint8_t *data_header(struct lab *lab)
{
    struct hf_span record = lab_record(&lab->client, HF_CONTENT_DATA, 0);

    return lab->client.stream + (record.at - lab->client.stream) + 2;
}
static uint8_t *servers_alert(struct lab *lab)
{
    return last_of(&lab->server, HF_CONTENT_ALERT);
}
static uint8_t *received(struct lab *lab)
{
    return lab->server.data;
}
static uint8_t *premasters_version(struct lab *lab)
{
    return lab->client.premaster + 1;
}

/* ---- the experiment -------------------------------------------------------------- */

static bool steps(struct lab *lab)
{
    bool good = lab_hellos(lab) && lab_certificate(lab) && own[lab->kind](lab);

    for (size_t i = 0; good && i < HF_COUNT(after); i++)
        good = after[i](lab);
    return good;
}

/* What the steps print goes to @out instead of among the test's lines. */
static int told(struct lab *lab, char *out, size_t cap)
{
    FILE *file = tmpfile();
    int stdout_fd = dup(STDOUT_FILENO), code;
    size_t n;

    assert_non_null(file);
    fflush(stdout);
    assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
    lab_begin(lab);
    (void)steps(lab);
    code = lab_end(lab);
    fflush(stdout);
    assert_true(dup2(stdout_fd, STDOUT_FILENO) >= 0);
    close(stdout_fd);
    rewind(file);
    n = fread(out, 1, cap - 1, file);
    out[n] = '\0';
    fclose(file);
    return code;
}

/* The exit code with the bit turned over that @where points at. */
static int spoilt(enum lab_kind kind, uint8_t *(*where)(struct lab *lab),
                  char *out, size_t cap)
{
    struct tool tool = { .title = "handfast lab", .width = 80 };
    struct lab *lab = calloc(1, sizeof(*lab));
    int code;

    assert_non_null(lab);
    lab->tool = &tool;
    lab->kind = kind;
    lab->order.key = kind == LAB_RSA ? "rsa2048" : "p256";
    assert_true(lab_run(lab));
    if (where) {
        assert_non_null(where(lab));
        *where(lab) ^= 1;
    }
    code = told(lab, out, cap);
    assert_int_equal(code == HF_EXIT_GOOD, !lab->faults && !lab->failure.code);
    lab_wipe(lab);
    free(lab);
    return code;
}

static char text[64 * 1024];

static void what_is_sound_is_found_sound(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < LAB_KINDS; kind++) {
        assert_int_equal(spoilt((enum lab_kind)kind, NULL, text, sizeof(text)),
                         0);
        assert_null(strstr(text, "NOT"));
    }
}

static void one_bit_is_noticed(void **state)
{
    static const struct {
        const char *what;
        enum lab_kind kind;
        uint8_t *(*where)(struct lab *lab);
    } all[] = {
        { "the client's master secret", LAB_ECDHE, clients_master },
        { "the server's master secret", LAB_ECDHE, servers_master },
        { "the client's Z", LAB_ECDHE, clients_premaster },
        { "the server's Z", LAB_ECDHE, servers_premaster },
        { "the private number", LAB_ECDHE, private_number },
        { "a message of one end", LAB_ECDHE, a_heard_message },
        { "a random", LAB_ECDHE, server_random },
        { "the signature", LAB_ECDHE, signature },
        { "a sealed Finished", LAB_ECDHE, finished_record },
        { "a sealed record", LAB_ECDHE, data_record },
        { "a record's header", LAB_ECDHE, data_header },
        { "close_notify", LAB_ECDHE, servers_alert },
        { "what was received", LAB_ECDHE, received },
        { "the encrypted premaster secret", LAB_RSA, encrypted },
        { "what the server decrypted", LAB_RSA, servers_premaster },
        { "the premaster's version", LAB_RSA, premasters_version },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(all); i++) {
        int code = spoilt(all[i].kind, all[i].where, text, sizeof(text));

        if (code != HF_EXIT_INTERNAL)
            fail_msg("%s: exit %d", all[i].what, code);
        if (!strstr(text, "NOT the same; the ends have:") &&
            !strstr(text, "NOT SO: "))
            fail_msg("%s: nothing is said", all[i].what);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sound_is_found_sound),
        cmocka_unit_test(one_bit_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
