/* mutate_api.c - changes programs of fuzz_api.c call by call: four bytes each are
 * put in, taken out, doubled, exchanged, or one of their values is changed. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
                               unsigned seed);

enum { CALL = 4 };

static uint32_t below(uint64_t *dice, size_t n)
{
    *dice = *dice * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*dice >> 33) % n);
}

/* A copy of the call at @from, or one that is drawn, to before @to. */
static size_t put_in(uint8_t *data, size_t size, size_t from, size_t to,
                     uint64_t *dice)
{
    uint8_t call[CALL];

    memcpy(call, data + from, CALL);
    if (below(dice, 3))
        for (size_t i = 0; i < CALL; i++)
            call[i] = (uint8_t)below(dice, i ? 256 : 32);
    memmove(data + to + CALL, data + to, size - to);
    memcpy(data + to, call, CALL);
    return size + CALL;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
                               unsigned seed)
{
    uint64_t dice = seed;
    size_t calls = size / CALL, from, to;
    uint8_t call[CALL];

    below(&dice, 2);
    if (calls < 2 || size + CALL > max || below(&dice, 6) == 0)
        return LLVMFuzzerMutate(data, size, max);
    from = CALL * below(&dice, calls);
    to = CALL * below(&dice, calls);
    switch (below(&dice, 4)) {
    case 0: return put_in(data, size, from, to, &dice);
    case 1:
        memmove(data + from, data + from + CALL, size - from - CALL);
        return size - CALL;
    case 2:
        memcpy(call, data + from, CALL);
        memmove(data + from, data + to, CALL);
        memcpy(data + to, call, CALL);
        return size;
    default:
        data[from + below(&dice, CALL)] = (uint8_t)below(&dice, 256);
        return size;
    }
}
