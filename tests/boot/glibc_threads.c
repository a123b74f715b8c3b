// SPDX-License-Identifier: MIT
//
// Compiled by a foreign compiler against glibc: threads as a library makes them. Mutex, condition, barrier,
// semaphore, read-write lock, once, robust mutex, thread-local variables, 64 threads, detached ones,
// posix_spawn.

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 64, ROUNDS = 500, ITEMS = 2000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, robust;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER, not_full = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static sem_t semaphore;
static __thread long own = 1;
static long counter, initialised, arrived[THREADS], queue[8], queued, produced, consumed;

static void check(int good, const char *what)
{
    if (!good) {
        printf("%s: %s\n", what, strerror(errno));
        exit(1);
    }
}

static void initialise(void)
{
    initialised++;
}

static void *count(void *index)
{
    pthread_once(&once, initialise);
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
        own += (long)index;
    }
    char *heap = malloc(1000 + (long)index);
    memset(heap, 1, 1000);
    free(heap);
    return (void *)own;
}

static void many(void)
{
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
        check(!pthread_create(&threads[i], NULL, count, (void *)i), "create");
    for (long i = 0; i < THREADS; i++) {
        void *result;
        check(!pthread_join(threads[i], &result) && (long)result == 1 + i * ROUNDS, "join");
    }
    check(counter == THREADS * ROUNDS && initialised == 1 && own == 1, "64 threads");
}

// Nobody passes the barrier before all have come, time and again.
static void *meet(void *index)
{
    for (long round = 1; round <= 20; round++) {
        arrived[(long)index] = round;
        pthread_barrier_wait(&barrier);
        for (int i = 0; i < 8; i++)
            check(arrived[i] >= round, "barrier");
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

static void *produce(void *unused)
{
    for (;;) {
        pthread_mutex_lock(&mutex);
        while (queued == 8 && produced < ITEMS)
            pthread_cond_wait(&not_full, &mutex);
        if (produced == ITEMS)
            break;
        queue[queued++] = ++produced;
        pthread_cond_signal(&not_empty);
        pthread_mutex_unlock(&mutex);
    }
    pthread_cond_broadcast(&not_full);
    pthread_cond_broadcast(&not_empty);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void *consume(void *sum)
{
    pthread_mutex_lock(&mutex);
    for (;;) {
        while (!queued && consumed < ITEMS)
            pthread_cond_wait(&not_empty, &mutex);
        if (consumed == ITEMS)
            break;
        *(long *)sum += queue[--queued];
        if (++consumed == ITEMS)
            pthread_cond_broadcast(&not_empty);
        pthread_cond_signal(&not_full);
    }
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void conditions(void)
{
    pthread_t threads[8];
    long sums[4] = {0};
    pthread_barrier_init(&barrier, NULL, 8);
    for (long i = 0; i < 8; i++)
        check(!pthread_create(&threads[i], NULL, meet, (void *)i), "create");
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 8; i++)
        check(!pthread_create(&threads[i], NULL, i < 4 ? produce : consume, &sums[i % 4]), "create");
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    check(sums[0] + sums[1] + sums[2] + sums[3] == (long)ITEMS * (ITEMS + 1) / 2, "every item once");

    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 2000000;
    soon.tv_sec += soon.tv_nsec / 1000000000;
    soon.tv_nsec %= 1000000000;
    pthread_mutex_lock(&mutex);
    check(pthread_cond_timedwait(&not_full, &mutex, &soon) == ETIMEDOUT, "timedwait");
    check(pthread_mutex_timedlock(&mutex, &soon) == ETIMEDOUT, "timedlock");
    pthread_mutex_unlock(&mutex);
}

static void *read_and_post(void *unused)
{
    for (int i = 0; i < 50; i++) {
        pthread_rwlock_rdlock(&rwlock);
        check(queue[0] == queue[1], "read lock");
        pthread_rwlock_unlock(&rwlock);
        pthread_rwlock_wrlock(&rwlock);
        queue[0]++;
        sched_yield();
        queue[1]++;
        pthread_rwlock_unlock(&rwlock);
    }
    sem_post(&semaphore);
    return NULL;
}

static void *die_with_mutex(void *unused)
{
    pthread_mutex_lock(&robust);
    sem_post(&semaphore);
    return NULL;
}

static void detached_and_robust(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sem_init(&semaphore, 0, 0);
    queue[0] = queue[1] = 0;
    for (int i = 0; i < 16; i++)
        check(!pthread_create(&thread, &attributes, read_and_post, NULL), "create detached");
    for (int i = 0; i < 16; i++)
        sem_wait(&semaphore);
    check(queue[0] == 16 * 50, "write lock");

    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &kind);
    check(!pthread_create(&thread, NULL, die_with_mutex, NULL), "create");
    sem_wait(&semaphore);
    check(pthread_mutex_lock(&robust) == EOWNERDEAD && !pthread_mutex_consistent(&robust), "robust");
    pthread_mutex_unlock(&robust);
    pthread_join(thread, NULL);
}

static void *leave(void *unused)
{
    sem_wait(&semaphore);
    printf("all is well\n");
    exit(5);
}

int main(void)
{
    many();
    conditions();
    detached_and_robust();
    pid_t pid;
    int status;
    char *arguments[] = {"sh", "-c", "exit 9", NULL}, *environment[] = {NULL};
    check(!posix_spawn(&pid, "/bin/sh", NULL, NULL, arguments, environment) &&
              waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 9,
          "posix_spawn");
    check(posix_spawn(&pid, "/no/such/program", NULL, NULL, arguments, environment) == ENOENT,
          "posix_spawn of nothing");
    pthread_t thread;
    check(!pthread_create(&thread, NULL, leave, NULL), "create");
    sem_post(&semaphore);
    pthread_exit(NULL); // the first thread goes, another ends the process
}
