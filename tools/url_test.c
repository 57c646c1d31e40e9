/* url_test.c - URLs read, refused, joined and written. */
#include "client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void reads_as(const char *text, const char *whole, const char *authority)
{
    struct failure f = { 0 };
    struct url url;
    char out[URL_MAX + HOST_MAX];
    if (!url_read(text, &url, &f))
        fail_msg("%s: %s", text, f.detail);
    url_text(&url, out, sizeof out);
    assert_string_equal(out, whole);
    url_authority(&url, out, sizeof out);
    assert_string_equal(out, authority);
}

static void urls_are_read_and_written(void **state)
{
    (void)state;
    reads_as("https://Example.ORG", "https://example.org/", "example.org");
    reads_as("example.org/a?b=c#d", "https://example.org/a?b=c", "example.org");
    reads_as("https://h:443/x", "https://h/x", "h");
    reads_as("https://h:08443?q", "https://h:8443/?q", "h:8443");
    reads_as("https://[::1]:8443/", "https://[::1]:8443/", "[::1]:8443");
    reads_as("http://h", "http://h/", "h");
    reads_as("http://h:443", "http://h:443/", "h:443");
    reads_as("https://u:p@h/", "https://h/", "h");
    reads_as("https://u@v@h/@x", "https://h/@x", "h");
    reads_as("https://h/\xc3\xa4", "https://h/%C3%A4", "h");
    reads_as("https://a_b-c.d/", "https://a_b-c.d/", "a_b-c.d");
}

#ifdef HAVE_IDN2
static void names_become_what_stands_in_dns(void **state)
{
    (void)state;
    reads_as("https://b\xc3\xbc"
             "cher.example/",
             "https://xn--bcher-kva.example/", "xn--bcher-kva.example");
    reads_as("https://B\xc3\x9c"
             "CHER.example:8443/",
             "https://xn--bcher-kva.example:8443/",
             "xn--bcher-kva.example:8443");
    /* not yet composed; sharp s stays; a wide full stop is one */
    reads_as("https://bu\xcc\x88"
             "cher.example",
             "https://xn--bcher-kva.example/", "xn--bcher-kva.example");
    reads_as("https://fa\xc3\x9f.de/", "https://xn--fa-hia.de/",
             "xn--fa-hia.de");
    reads_as(
        "https://\xe4\xbe\x8b\xe5\xad\x90\xe3\x80\x82\xe4\xb8\xad\xe5\x9b\xbd/",
        "https://xn--fsqu00a.xn--fiqs8s/", "xn--fsqu00a.xn--fiqs8s");
}
#endif

static void every_bad_name_has_its_reason(void **state)
{
    static const struct {
        const char *name, *why;
    } rows[] = {
#ifdef HAVE_IDN2
        { "\xff.test", "not UTF-8" },
        { "a\xef\xbc\x8f.test", "can be in no host name" },
        { "\xcc\x88x.test", "begins or ends" },
        { "\xd7\x90z\xd7\x90.test", "directions" },
        { "\xc3\xa4\xc3\xa4\xc3\xa4\xc3"
          "\xa4"
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aaaaaaaaaaaaaaaaaaaaaaaaaa.test",
          "63" },
#else
        { "\xc3\xa4.test", "libidn2" },
#endif
    };
    char out[HOST_MAX];
    const char *why;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_false(name_to_ascii(rows[i].name, out, sizeof out, &why));
        assert_non_null(why);
        if (!strstr(why, rows[i].why))
            fail_msg("row %zu: %s", i, why);
    }
    assert_true(name_to_ascii("xn--bcher-kva.example", out, sizeof out, &why));
    assert_string_equal(out, "xn--bcher-kva.example");
    assert_false(name_to_ascii("abc", out, 3, &why));
    assert_null(why);
}

static void what_is_no_url_is_refused_with_a_reason(void **state)
{
    static const char *const bad[] = {
        "",
        "https://",
        "https:///x",
        "https://:443/",
        "https://h:x/",
        "https://h:-1/",
        "https://h:65536/",
        "https://h:0/",
        "https://h:123456789/",
        "https://[::1",
        "https://[::1]x/",
        "https://[1.2.3.4]/",
        "https://[fe80::1%25eth0]/",
        "https://h h/",
        "https://h/a b",
        "https://h/\n",
        "https://h/\x7f",
        "https://h\\@x/",
        "https://h%41/",
#ifndef HAVE_IDN2
        "https://\xc3\xa4.test/",
#endif
        "https://\xff.test/",              /* not UTF-8 */
        "https://a\xef\xbc\x8f.test/",     /* a wide slash */
        "https://a\xef\xbc\xa0z.test/",    /* a wide at-sign */
        "https://\xe2\x80\xae.test/",      /* right to left from here */
        "https://\xcc\x88x.test/",         /* begins with a combining mark */
        "https://\xd7\x90z\xd7\x90.test/", /* both directions */
        "https://a,b/",
        "verylongscheme://h/",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct failure f = { 0 };
        struct url url;
        if (url_read(bad[i], &url, &f))
            fail_msg("\"%s\" was taken", bad[i]);
        assert_string_equal(f.code, "url.bad");
        assert_true(f.detail[0]);
    }
}

static void a_path_that_does_not_fit_is_refused(void **state)
{
    static char text[URL_MAX + 64];
    struct failure f = { 0 };
    struct url url;
    (void)state;
    memset(text, 'a', sizeof text - 1);
    memcpy(text, "https://h/", 10);
    assert_false(url_read(text, &url, &f));
    assert_string_equal(f.code, "url.bad");
    /* three bytes for one */
    memset(text + 10, 0xc3, URL_MAX / 3 + 1);
    text[10 + URL_MAX / 3 + 1] = 0;
    memset(&f, 0, sizeof f);
    assert_false(url_read(text, &url, &f));
}

/* RFC 3986 5.4, as far as it is about what we follow. */
static void references_are_joined_as_the_rfc_lists(void **state)
{
    static const char *const pairs[][2] = {
        { "g", "https://a/b/c/g" },
        { "./g", "https://a/b/c/g" },
        { "g/", "https://a/b/c/g/" },
        { "/g", "https://a/g" },
        { "//g", "https://g/" },
        { "?y", "https://a/b/c/d?y" },
        { "g?y", "https://a/b/c/g?y" },
        { "g#s", "https://a/b/c/g" },
        { ".", "https://a/b/c/" },
        { "./", "https://a/b/c/" },
        { "..", "https://a/b/" },
        { "../", "https://a/b/" },
        { "../g", "https://a/b/g" },
        { "../..", "https://a/" },
        { "../../g", "https://a/g" },
        { "../../../g", "https://a/g" },
        { "/./g", "https://a/g" },
        { "/../g", "https://a/g" },
        { "g.", "https://a/b/c/g." },
        { "..g", "https://a/b/c/..g" },
        { "./g/.", "https://a/b/c/g/" },
        { "g/../h", "https://a/b/c/h" },
        { "g?y/../x", "https://a/b/c/g?y/../x" },
        { "https://x:1/y", "https://x:1/y" },
        { "http://x/", "http://x/" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct failure f = { 0 };
        struct url base, out;
        char text[URL_MAX + HOST_MAX];
        assert_true(url_read("https://a/b/c/d?q", &base, &f));
        if (!url_join(&base, pairs[i][0], &out, &f))
            fail_msg("%s: %s", pairs[i][0], f.detail);
        url_text(&out, text, sizeof text);
        assert_string_equal(text, pairs[i][1]);
    }
}

static void a_reference_to_another_kind_of_resource_is_refused(void **state)
{
    static const char *const others[] = { "mailto:a@b", "javascript:alert(1)",
                                          "file:/etc/passwd" };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct failure f = { 0 };
        struct url base, out;
        assert_true(url_read("https://a/", &base, &f));
        assert_false(url_join(&base, others[i], &out, &f));
        assert_string_equal(f.code, "url.scheme");
    }
}

static void hosts_and_ports_are_split(void **state)
{
    static const struct {
        const char *text, *host, *port;
    } good[] = {
        { "h", "h", "" },
        { "h:1", "h", "1" },
        { "H.test:443", "h.test", "443" },
        { "[::1]:2", "::1", "2" },
        { "[::1]", "::1", "" },
        { "::1", "::1", "" },
        { "1.2.3.4:5", "1.2.3.4", "5" },
        { "h:", "h", "" },
    };
    static const char *const bad[] = { "h:x",     "h:1:2", "[::1",
                                       "h:99999", "h:0",   ":0" };
    char host[64], port[8];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(
            host_port_read(good[i].text, host, sizeof host, port, sizeof port));
        assert_string_equal(host, good[i].host);
        assert_string_equal(port, good[i].port);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(
            host_port_read(bad[i], host, sizeof host, port, sizeof port));
}

static void who_listens_may_take_any_port(void **state)
{
    static const struct {
        const char *text, *host, *port;
    } good[] = {
        { "h:0", "h", "0" },     { "[::1]:0", "::1", "0" },
        { ":0", "", "0" },       { "127.0.0.1:0", "127.0.0.1", "0" },
        { "::0", "::0", "" }, /* an address */
        { "h:443", "h", "443" }, { "h", "h", "" },
    };
    static const char *const bad[] = { "h:1:0", "h:00", "[::1:0", "h:x" };
    char host[64], port[8];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(host_any_port_read(good[i].text, host, sizeof host, port,
                                       sizeof port));
        assert_string_equal(host, good[i].host);
        assert_string_equal(port, good[i].port);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(
            host_any_port_read(bad[i], host, sizeof host, port, sizeof port));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_read_and_written),
        cmocka_unit_test(every_bad_name_has_its_reason),
#ifdef HAVE_IDN2
        cmocka_unit_test(names_become_what_stands_in_dns),
#endif
        cmocka_unit_test(what_is_no_url_is_refused_with_a_reason),
        cmocka_unit_test(a_path_that_does_not_fit_is_refused),
        cmocka_unit_test(references_are_joined_as_the_rfc_lists),
        cmocka_unit_test(a_reference_to_another_kind_of_resource_is_refused),
        cmocka_unit_test(hosts_and_ports_are_split),
        cmocka_unit_test(who_listens_may_take_any_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
