/* policies.c - the compliance policies of BoringSSL, as the lists that they are:
 * what the texts behind them leave over of what we have. */
#include "shim.h"

struct policy {
    bool on;
    const uint16_t *suites, *groups, *schemes;
};

/* clang-format off */
/* NIST SP 800-52 revision 2. */
static const uint16_t fips_suites[] = { 0x1301, 0x1302, 0xc02b, 0xc02c, 0xc02f, 0xc030, 0 };
static const uint16_t fips_groups[] = { 23, 24, 0 };
static const uint16_t fips_schemes[] = { 0x0403, 0x0503, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0 };
/* WPA3, 192 bits. */
static const uint16_t wpa_suites[] = { 0x1302, 0xc02c, 0xc030, 0 };
static const uint16_t wpa_groups[] = { 24, 0 };
static const uint16_t wpa_schemes[] = { 0x0503, 0x0805, 0x0806, 0x0501, 0x0601, 0 };
/* The NSA's, first edition; of its groups we have P-384. */
static const uint16_t cnsa1_suites[] = { 0x1302, 0xc02c, 0xc030, 0x009d, 0 };
static const uint16_t cnsa1_schemes[] = { 0x0503, 0x0805, 0x0501, 0 };
/* AES, that of 256 bits first. */
static const uint16_t cnsa_suites[] = { 0x1302, 0x1301, 0xc02c, 0xc030, 0xc02b, 0xc02f, 0 };
/* clang-format on */

enum shim_status shim_follow(const struct shim_options *o,
                             struct hf_config *config)
{
    const struct policy rows[] = {
        { o->fips_202205, fips_suites, fips_groups, fips_schemes },
        { o->wpa_202304, wpa_suites, wpa_groups, wpa_schemes },
        { o->cnsa1_202603, cnsa1_suites, wpa_groups, cnsa1_schemes },
        { o->cnsa_202407, cnsa_suites, NULL, NULL },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct policy *p = &rows[i];

        if (p->on &&
            !(hf_config_set_suites(config, p->suites) &&
              (!p->groups || hf_config_set_groups(config, p->groups)) &&
              (!p->schemes ||
               (hf_config_set_signatures(config, p->schemes) &&
                hf_config_set_verify_signatures(config, p->schemes)))))
            return SHIM_FAILED;
    }
    return SHIM_OK;
}
