// SPDX-License-Identifier: MIT
// hexdump [FILE]: offset, sixteen bytes in hex, and the same as text. Rows equal to the one before are one
// "*".
#include <ctype.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    unsigned char row[16], last[16];
    FILE *in = argc > 1 ? fopen(argv[1], "r") : stdin;
    size_t got, offset = 0;
    bool skipping = false;
    if (!in)
        err(1, "%s", argv[1]);
    for (; (got = fread(row, 1, 16, in)) > 0; offset += got) {
        bool same = offset && got == 16 && memcmp(row, last, 16) == 0;
        if (same && !skipping)
            puts("*");
        skipping = same;
        memcpy(last, row, 16);
        if (same)
            continue;
        printf("%08zx ", offset);
        for (size_t i = 0; i < 16; i++)
            printf(i < got ? "%s%02x" : "%s  ", i == 8 ? "  " : " ", row[i]);
        printf("  |");
        for (size_t i = 0; i < got; i++)
            putchar(isprint(row[i]) ? row[i] : '.');
        puts("|");
    }
    printf("%08zx\n", offset);
    return finish(failed_to_read(in, argc > 1 ? argv[1] : "standard input"), 1);
}
