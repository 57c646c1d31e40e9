/* policy.c - policies.def as data: each row a struct hf_policy. */
#include "handshake/handshake.h"

static const struct hf_policy policies[] = {
#define LIST(...) ((const uint16_t[]){ __VA_ARGS__, 0 })
#define POLICY(name_, edition_, date_, min, max, suites_, groups_, shares_, \
               schemes_, rsa, purpose_)                                     \
    { .name = name_,                                                        \
      .pinned = name_ "-" edition_,                                         \
      .date = date_,                                                        \
      .purpose = purpose_,                                                  \
      .min_version = min,                                                   \
      .max_version = max,                                                   \
      .min_rsa_bits = rsa,                                                  \
      .suites = suites_,                                                    \
      .groups = groups_,                                                    \
      .shares = shares_,                                                    \
      .schemes = schemes_ },
#include "handshake/policies.def"
#undef POLICY
#undef LIST
};

const struct hf_policy *hf_policy_at(size_t index)
{
    return index < HF_COUNT(policies) ? &policies[index] : NULL;
}

static bool same(const char *a, const char *b)
{
    return hf_span_equal(hf_span_text(a), hf_span_text(b));
}

const struct hf_policy *hf_policy_find(const char *name)
{
    for (size_t i = 0; name && i < HF_COUNT(policies); i++)
        if (same(policies[i].name, name) || same(policies[i].pinned, name))
            return &policies[i];
    return NULL;
}
