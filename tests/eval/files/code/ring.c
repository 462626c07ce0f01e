/* A ring of scans between the reader's interrupt and the sender: one writer, one reader, no locks. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define RING_SLOTS 512u /* a power of two; the busiest second of 2025 had 380 scans */
#define CODE_BYTES 32

typedef struct {
    char code[CODE_BYTES];
    uint32_t at_ms;
    uint8_t reader;
} scan_t;

typedef struct {
    scan_t slots[RING_SLOTS];
    atomic_uint head;
    atomic_uint tail;
    uint32_t dropped;
} ring_t;

enum ring_state { RING_EMPTY, RING_PARTLY, RING_FULL };

/* Makes a ring empty. Call it before the interrupt is enabled. */
void ring_init(ring_t *ring)
{
    memset(ring, 0, sizeof *ring);
}

/* Puts a scan into the ring; counts it as dropped and returns false when there is no room. */
bool ring_put(ring_t *ring, const scan_t *scan)
{
    unsigned head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    unsigned tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    if (head - tail == RING_SLOTS) {
        ring->dropped++;
        return false;
    }
    ring->slots[head % RING_SLOTS] = *scan;
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
    return true;
}

/* Takes the oldest scan. */
bool ring_take(ring_t *ring, scan_t *scan)
{
    unsigned tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    unsigned head = atomic_load_explicit(&ring->head, memory_order_acquire);
    if (head == tail) {
        return false;
    }
    *scan = ring->slots[tail % RING_SLOTS];
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return true;
}

enum ring_state ring_state(const ring_t *ring)
{
    unsigned used = ring->head - ring->tail;
    if (used == 0) {
        return RING_EMPTY;
    }
    return used == RING_SLOTS ? RING_FULL : RING_PARTLY;
}

/* Check digit of a 13-digit article number: weights 1 and 3 in turn. */
int check_digit(const char digits[12])
{
    int sum = 0;
    for (int i = 0; i < 12; i++) {
        sum += (digits[i] - '0') * (i % 2 ? 3 : 1);
    }
    return (10 - sum % 10) % 10;
}
