/* names.c - names for numbers and numbers for names, as people write them. */
#include "handshake/handshake.h"

const char *hf_version_name(unsigned version)
{
    return hf_name_of(&hf_names_table[HF_NAMES_VERSION], version);
}

const char *hf_suite_name(unsigned suite)
{
    return hf_name_of(&hf_names_table[HF_NAMES_SUITE], suite);
}

const char *hf_group_name(unsigned group)
{
    return hf_name_of(&hf_names_table[HF_NAMES_GROUP], group);
}

const char *hf_scheme_name(unsigned scheme)
{
    return hf_name_of(&hf_names_table[HF_NAMES_SIGNATURE], scheme);
}

const char *hf_compression_name(unsigned algorithm)
{
    return hf_name_of(&hf_names_table[HF_NAMES_CERT_COMPRESSION], algorithm);
}

const char *hf_alert_name(unsigned alert)
{
    return hf_name_of(&hf_names_table[HF_NAMES_ALERT], alert);
}

const char *hf_message_name(unsigned message)
{
    if (message == HF_HELLO_RETRY_REQUEST)
        return "HelloRetryRequest";
    if (message == HF_CHANGE_CIPHER_SPEC)
        return "ChangeCipherSpec";
    return hf_name_of(&hf_names_table[HF_NAMES_HANDSHAKE], message);
}

/* Other names that people use. */
static const struct hf_name other_groups[] = {
    { 29, "curve25519" },     { 23, "P-256" }, { 23, "prime256v1" },
    { 24, "P-384" },          { 25, "P-521" }, { 4588, "mlkem768x25519" },
    { 4587, "p256mlkem768" },
};

/* 0x1301, or 0 if @name is no such number. */
static unsigned hex_number(const char *name)
{
    struct hf_span text = hf_span_text(name);
    uint8_t bytes[2];
    size_t len;

    if (text.len != 6 || name[0] != '0' || (name[1] | 0x20) != 'x' ||
        !hf_unhex(text, bytes, sizeof(bytes), &len) || len != 2)
        return 0;
    return hf_number(bytes, 2);
}

static unsigned by_name(enum hf_names_id table, const struct hf_name *others,
                        size_t count, const char *name)
{
    const struct hf_names *names = &hf_names_table[table];
    struct hf_span text = hf_span_text(name);

    if (!name)
        return 0;
    for (size_t i = 0; i < names->rows; i++)
        if (hf_equal_fold(text, hf_span_text(names->row[i].name)))
            return names->row[i].number;
    for (size_t i = 0; i < count; i++)
        if (hf_equal_fold(text, hf_span_text(others[i].name)))
            return others[i].number;
    return hex_number(name);
}

unsigned hf_suite_number(const char *name)
{
    const struct hf_suite *suite = name ? hf_suite_by_name(name) : NULL;

    return suite ? suite->number : by_name(HF_NAMES_SUITE, NULL, 0, name);
}

unsigned hf_group_number(const char *name)
{
    return by_name(HF_NAMES_GROUP, other_groups, HF_COUNT(other_groups), name);
}

unsigned hf_scheme_number(const char *name)
{
    return by_name(HF_NAMES_SIGNATURE, NULL, 0, name);
}

unsigned hf_compression_number(const char *name)
{
    return by_name(HF_NAMES_CERT_COMPRESSION, NULL, 0, name);
}
