// SPDX-License-Identifier: MIT
//
// The count of a frame with threads that take and give up references all at once: none is lost. The inline parts
// of mm/frame.h are what is tested; nothing else of the kernel is linked.

#include <pthread.h> // first: lib/uapi stands in for some of its types

#include "mm/frame.h"
#include "tests/host/check.h"

enum { THREADS = 4, ROUNDS = 2000000 };
static pthread_barrier_t together; // or the first is done before the last has begun
static struct frame frame = {.refs = 1};
struct frame_span frame_span;

void frame_count_is_odd(struct frame *, uint32_t before)
{
    printf("a count that was %u\n", before);
    abort();
}

void frame_put(struct frame *put)
{
    CHECK(!frame_drop(put)); // ours is there all the time
}

static void *take_and_give(void *unused)
{
    pthread_barrier_wait(&together);
    for (unsigned i = 0; i < ROUNDS; i++) {
        frame_get(&frame);
        struct frame *held = &frame;
        frame_let_go(&held);
    }
    return unused;
}

static void no_reference_is_lost(void)
{
    pthread_t threads[THREADS];
    CHECK(pthread_barrier_init(&together, NULL, THREADS) == 0);
    for (unsigned i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, take_and_give, NULL) == 0);
    for (unsigned i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(atomic_load(&frame.refs) == 1);
    CHECK(frame_drop(&frame)); // and the last one is known as that
}

int main(void)
{
    TEST(no_reference_is_lost);
}
