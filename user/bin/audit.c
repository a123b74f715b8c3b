// SPDX-License-Identifier: MIT
// audit: has the kernel recount every reference of the machine and shows what it says. Succeeds if all counts
// are exact. The test harness runs it after every guest test.
#include <err.h>
#include <stdio.h>
#include <string.h>
#include "uapi/kine.h"

int main(void)
{
    char line[256];
    int exact = 0;
    FILE *in = fopen(KINE_AUDIT, "r");
    if (!in)
        err(2, KINE_AUDIT);
    while (fgets(line, sizeof line, in)) {
        fputs(line, stdout);
        exact = strcmp(line, "audit: exact\n") == 0;
    }
    return ferror(in) ? 2 : !exact;
}
