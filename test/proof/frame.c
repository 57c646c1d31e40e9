/* frame.c - record framing: whatever comes, a record lies inside the bytes. */
#include "proof.h"

#include "record/frame.c"

void hf_wire_version_words(char out[HF_VERSION_WORDS], unsigned version)
{
    (void)version;
    out[0] = '\0';
}

void prove_frame(void)
{
    struct hf_span bytes = any_bytes(65536);
    unsigned version = nondet_word();
    bool sealed = nondet_bool();
    struct hf_error error = { .code = HF_OK };
    struct hf_frame f;
    enum hf_frame_result result;

    ASSUME(version == 0 || version == 0x0303 || version == 0x0304);
    result = hf_frame_next(&f, (uint8_t *)bytes.at, bytes.len, version, sealed,
                           &error);
    if (result == HF_FRAME_WHOLE) {
        /* Early data is sealed before the server has keys. */
        bool long_one = sealed ||
                        (version == 0x0304 && f.type == HF_CONTENT_DATA);

        PROVE(f.body == bytes.at + HF_HEADER_LEN);
        PROVE(f.len <= bytes.len - HF_HEADER_LEN);
        PROVE(f.len <= HF_PLAINTEXT_MAX + (long_one ? HF_EXPANSION_MAX : 0));
        PROVE(f.type >= HF_CONTENT_CCS && f.type <= HF_CONTENT_DATA);
    }
    /* A reason, and only for what is bad. */
    PROVE((result == HF_FRAME_BAD) == (error.code != HF_OK));
    PROVE(bytes.len >= HF_HEADER_LEN || result == HF_FRAME_PART);
}
