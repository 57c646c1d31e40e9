/* tcp_test.c - addresses that refuse, that keep silent and that answer. */
#include "api/test.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A list of addresses as the resolver would give it. */
struct list {
    struct addrinfo *at[4];
    size_t count;
};

static void put(struct list *list, const char *address, const char *port)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_NUMERICHOST };
    struct addrinfo *a = NULL;

    assert_int_equal(getaddrinfo(address, port, &hints, &a), 0);
    assert_null(a->ai_next);
    if (list->count)
        list->at[list->count - 1]->ai_next = a;
    list->at[list->count++] = a;
}

static void drop(struct list *list)
{
    freeaddrinfo(list->at[0]);
}

static int family_of(int fd)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof(name);

    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
    return name.ss_family;
}

static void says(const struct hf_error *error, const char *text)
{
    if (!strstr(error->detail, text))
        fail_msg("\"%s\" is not in \"%s\"", text, error->detail);
}

static void a_closed_port_is_told_at_once(void **state)
{
    struct hf_error error;
    char port[16];
    int64_t begun = hf_io_now();
    int held = test_closed_port(port);

    (void)state;
    assert_int_equal(hf_tcp_connect("127.0.0.1", port, 5000, &error), -1);
    assert_int_equal(error.code, HF_E_CONNECT);
    assert_int_equal(error.system, ECONNREFUSED);
    says(&error, "127.0.0.1:");
    says(&error, port);
    says(&error, "Connection refused");
    says(&error, "is the server running");
    assert_in_range(hf_io_now() - begun, 0, 1000);
    close(held);
}

static void an_open_port_is_connected_to(void **state)
{
    struct hf_error error = { .code = HF_E_BUG };
    char port[16];
    int listener = test_listen("127.0.0.1", 4, port), fd;

    (void)state;
    fd = hf_tcp_connect("127.0.0.1", port, 5000, &error);
    assert_true(fd >= 0);
    assert_int_equal(error.code, HF_OK);
    assert_true(hf_io_blocks(fd));
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    close(listener);
}

static void a_name_with_one_dead_address_is_connected_to(void **state)
{
    struct hf_error error;
    char port[16];
    int listener = test_listen("127.0.0.1", 4, port), fd;

    (void)state;
    fd = hf_tcp_connect("localhost", port, 5000, &error);
    assert_true(fd >= 0);
    close(fd);
    close(listener);
}

static void localhost_needs_no_resolver(void **state)
{
    static const char *const here[] = { "localhost", "LocalHost", "localhost.",
                                        "a.localhost", "a.b.localhost." };
    static const char *const elsewhere[] = {
        "",          ".",        "ocalhost",   "alocalhost", "localhost.org",
        "127.0.0.1", "localhos", "localhost.."
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(here); i++)
        assert_true(hf_is_localhost(here[i]));
    for (size_t i = 0; i < HF_COUNT(elsewhere); i++)
        assert_false(hf_is_localhost(elsewhere[i]));
}

static void after_a_refusal_the_next_address_has_its_turn_at_once(void **state)
{
    struct hf_error error = { 0 };
    struct list list = { 0 };
    char closed[16], port[16];
    int64_t begun;
    int held = test_closed_port(closed);
    int listener = test_listen("127.0.0.1", 4, port), fd;

    (void)state;
    put(&list, "::1", closed); /* refused, or no IPv6 here */
    put(&list, "127.0.0.1", closed);
    put(&list, "127.0.0.1", port);
    begun = hf_io_now();
    fd = hf_tcp_race(list.at[0], begun + 5000, &error);
    assert_true(fd >= 0);
    assert_int_equal(family_of(fd), AF_INET);
    assert_in_range(hf_io_now() - begun, 0, 200);
    close(fd);
    close(held);
    drop(&list);
    close(listener);
}

static void ipv6_is_taken_where_ipv4_is_refused(void **state)
{
    struct hf_error error = { 0 };
    struct list list = { 0 };
    char closed[16], port[16];
    int listener = test_listen("::1", 4, port), held, fd;

    (void)state;
    if (listener < 0) {
        print_message("# SKIP: IPv6 (cannot be had: no ::1 here)\n");
        skip();
    }
    held = test_closed_port(closed);
    put(&list, "127.0.0.1", closed);
    put(&list, "::1", port);
    fd = hf_tcp_race(list.at[0], hf_io_now() + 5000, &error);
    assert_true(fd >= 0);
    assert_int_equal(family_of(fd), AF_INET6);
    close(fd);
    close(held);
    drop(&list);
    close(listener);
}

static void an_address_that_keeps_silent_is_overtaken(void **state)
{
    struct hf_error error = { 0 };
    struct list list = { 0 };
    struct test_silent silent;
    char port[16];
    int64_t begun, took;
    int listener = test_listen("127.0.0.1", 4, port), fd;

    (void)state;
    test_silent_open(&silent, "127.0.0.1");
    put(&list, "127.0.0.1", silent.port);
    put(&list, "127.0.0.1", port);
    begun = hf_io_now();
    fd = hf_tcp_race(list.at[0], begun + 5000, &error);
    took = hf_io_now() - begun;
    assert_true(fd >= 0);
    assert_in_range(took, 200, 2000); /* the stagger of 250 ms */
    close(fd);
    drop(&list);
    test_silent_close(&silent);
    close(listener);
}

static void families_are_tried_in_turn(void **state)
{
    struct hf_error error = { 0 };
    struct list list = { 0 };
    struct test_silent silent;
    char port[16];
    int64_t begun, took;
    int listener = test_listen("::1", 4, port), fd;

    (void)state;
    if (listener < 0) {
        print_message("# SKIP: IPv6 (cannot be had: no ::1 here)\n");
        skip();
    }
    test_silent_open(&silent, "127.0.0.1");
    for (int i = 0; i < 3; i++)
        put(&list, "127.0.0.1", silent.port);
    put(&list, "::1", port);
    begun = hf_io_now();
    fd = hf_tcp_race(list.at[0], begun + 5000, &error);
    took = hf_io_now() - begun;
    assert_true(fd >= 0);
    assert_in_range(took, 200, 700); /* second; as the last: 750 ms */
    close(fd);
    drop(&list);
    test_silent_close(&silent);
    close(listener);
}

static void silence_ends_at_the_deadline(void **state)
{
    struct hf_error error;
    struct test_silent silent;
    int64_t begun, took;

    (void)state;
    test_silent_open(&silent, "127.0.0.1");
    begun = hf_io_now();
    assert_int_equal(hf_tcp_connect("127.0.0.1", silent.port, 150, &error), -1);
    took = hf_io_now() - begun;
    assert_int_equal(error.code, HF_E_TIMEOUT);
    says(&error, silent.port);
    says(&error, "no answer");
    assert_in_range(took, 140, 1500);
    test_silent_close(&silent);
}

/* Whatever a resolver comes up with: what is no address of the Internet is said
 * by its number, and the next one has its turn. */
static void an_address_of_no_known_family_is_passed_over(void **state)
{
    enum { NOBODY = 250 };
    struct sockaddr_storage name = { .ss_family = NOBODY };
    struct addrinfo odd = { .ai_family = NOBODY,
                            .ai_socktype = SOCK_STREAM,
                            .ai_addr = (struct sockaddr *)&name,
                            .ai_addrlen = sizeof(name) };
    struct hf_error error = { 0 };
    struct list list = { 0 };
    char port[16];
    int listener = test_listen("127.0.0.1", 4, port), fd;

    (void)state;
    assert_int_equal(hf_tcp_race(&odd, hf_io_now() + 5000, &error), -1);
    assert_int_equal(error.code, HF_E_CONNECT);
    assert_int_equal(error.system, EAFNOSUPPORT);
    says(&error, "an address of family 250: Address family not supported");
    put(&list, "127.0.0.1", port);
    odd.ai_next = list.at[0];
    error = (struct hf_error){ 0 };
    fd = hf_tcp_race(&odd, hf_io_now() + 5000, &error);
    assert_true(fd >= 0);
    assert_int_equal(error.code, HF_OK);
    close(fd);
    drop(&list);
    close(listener);
}

static void a_deadline_may_be_over_before_the_first_address(void **state)
{
    struct hf_error error = { 0 };
    struct list list = { 0 };
    char port[16];
    int listener = test_listen("127.0.0.1", 4, port);

    (void)state;
    put(&list, "127.0.0.1", port);
    assert_int_equal(hf_tcp_race(list.at[0], hf_io_now() - 1, &error), -1);
    assert_int_equal(error.code, HF_E_TIMEOUT);
    says(&error, "the time was over when the name had been looked up");
    drop(&list);
    close(listener);
}

static void what_has_no_address_is_told(void **state)
{
    struct hf_error error;

    (void)state;
    assert_int_equal(hf_tcp_connect("not a name", "1", 1000, &error), -1);
    assert_int_equal(error.code, HF_E_RESOLVE);
    says(&error, "\"not a name\"");
    assert_int_equal(
        hf_tcp_connect("127.0.0.1", "no-such-service", 1000, &error), -1);
    assert_int_equal(error.code, HF_E_RESOLVE);
    says(&error, "no-such-service");
    assert_int_equal(hf_tcp_connect(NULL, "1", 1000, &error), -1);
    assert_int_equal(error.code, HF_E_MISUSE);
    assert_int_equal(hf_tcp_connect("127.0.0.1", "", 1000, &error), -1);
    assert_int_equal(error.code, HF_E_MISUSE);
}

/* getaddrinfo() would take the lower 16 bits: 65979 for 443. */
static void a_port_is_not_another_one(void **state)
{
    static const char *const wrong[] = { "65536", "70000", "4294967739",
                                         "0",     "00000", "-1",
                                         "+443",  " 443",  "99999999999x",
                                         "443 ",  "1.",    "\x80" };
    char port[16], longer[32];
    struct hf_error error;
    int listener = test_listen("127.0.0.1", 1, port), fd;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(wrong); i++) {
        assert_int_equal(hf_tcp_connect("127.0.0.1", wrong[i], 1000, &error),
                         -1);
        assert_int_equal(error.code, HF_E_RESOLVE);
        says(&error, "give a number or a service name");
    }
    /* what is there, 65536 higher, and with zeroes in front */
    hf_format(longer, sizeof(longer), "%z",
              (size_t)strtoul(port, NULL, 10) + 65536);
    assert_int_equal(hf_tcp_connect("127.0.0.1", longer, 1000, &error), -1);
    assert_int_equal(error.code, HF_E_RESOLVE);
    hf_format(longer, sizeof(longer), "000%s", port);
    fd = hf_tcp_connect("127.0.0.1", longer, 1000, &error);
    assert_true(fd >= 0);
    close(fd);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_closed_port_is_told_at_once),
        cmocka_unit_test(an_open_port_is_connected_to),
        cmocka_unit_test(a_name_with_one_dead_address_is_connected_to),
        cmocka_unit_test(localhost_needs_no_resolver),
        cmocka_unit_test(after_a_refusal_the_next_address_has_its_turn_at_once),
        cmocka_unit_test(ipv6_is_taken_where_ipv4_is_refused),
        cmocka_unit_test(an_address_that_keeps_silent_is_overtaken),
        cmocka_unit_test(families_are_tried_in_turn),
        cmocka_unit_test(an_address_of_no_known_family_is_passed_over),
        cmocka_unit_test(a_deadline_may_be_over_before_the_first_address),
        cmocka_unit_test(silence_ends_at_the_deadline),
        cmocka_unit_test(what_has_no_address_is_told),
        cmocka_unit_test(a_port_is_not_another_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
