/* report.c - telling what was checked: to the watcher, as an event, and to the
 * tree of tried paths, as the first failure of a node.
 *
 * Nothing is put into words while nobody listens.
 */
#include "x509/inside.h"

void hf_cert_label(const struct hf_cert *cert, char *out, size_t cap)
{
    struct hf_san san;

    if (!hf_name_is_empty(cert->subject))
        hf_name_text(cert->subject, out, cap);
    else if (hf_cert_san(cert, 0, &san))
        hf_san_text(&san, out, cap);
    else
        hf_format(out, cap, "a certificate without a name");
}

/* The node that waits for what was found; the first failure stays. */
static struct hf_tried *node_of(const struct hf_check *c, int node)
{
    struct hf_tried *tried = c->code && c->v->tree && node >= 0
                                 ? &c->v->tree->at[node]
                                 : NULL;

    return tried && !tried->code ? tried : NULL;
}

static void write_node(struct hf_tried *tried, const struct hf_check *c,
                       const struct hf_words *words)
{
    tried->code = c->code;
    tried->event = c->event;
    hf_format(tried->detail, sizeof(tried->detail), "%s", words->verdict);
    hf_format(tried->fix, sizeof(tried->fix), "%s", words->instead);
}

void hf_check_note(const struct hf_check *c, int node)
{
    struct hf_tried *tried = node_of(c, node);
    struct hf_words words;

    if (!tried)
        return;
    hf_check_words(c, &words);
    write_node(tried, c, &words);
}

void hf_check_report(const struct hf_check *c, int node)
{
    struct hf_tried *tried = node_of(c, node);
    struct hf_error error = { .code = HF_OK };
    struct hf_words words;

    if (!c->v->watch && !tried)
        return;
    hf_check_words(c, &words);
    if (tried)
        write_node(tried, c, &words);
    if (!c->v->watch)
        return;
    if (c->code)
        hf_fail(&error, c->code, "%s: %s; %s", words.subject, words.verdict,
                words.instead);
    c->v->watch(c->v->watch_ctx,
                &(struct hf_event){ .kind = HF_EVENT_CHECK,
                                    .id = c->event,
                                    .ok = !c->code,
                                    .subject = words.subject,
                                    .inputs = words.inputs,
                                    .verdict = words.verdict,
                                    .instead = words.instead,
                                    .error = c->code ? &error : NULL });
}
