// SPDX-License-Identifier: MIT
// primes: the primes up to 35 by a sieve of processes. Each keeps the first number that it is sent, which is
// prime, and sends on to the next process what that does not divide.
#include "kernel/types.h"
#include "user/user.h"

#define LAST 35

// Does not return.
static void sieve(int in)
{
    int prime, number, ends[2];
    if (read(in, &prime, sizeof prime) != sizeof prime)
        exit(0);
    printf("prime %d\n", prime);
    if (pipe(ends) < 0)
        exit(1);
    int pid = fork();
    if (pid < 0)
        exit(1);
    if (pid == 0) {
        close(in);
        close(ends[1]);
        sieve(ends[0]);
    }
    close(ends[0]);
    while (read(in, &number, sizeof number) == sizeof number)
        if (number % prime)
            write(ends[1], &number, sizeof number);
    close(ends[1]);
    int status = 1;
    wait(&status);
    exit(status);
}

int main(void)
{
    int ends[2];
    if (pipe(ends) < 0)
        exit(1);
    for (int number = 2; number <= LAST; number++)
        write(ends[1], &number, sizeof number);
    close(ends[1]);
    sieve(ends[0]);
}
