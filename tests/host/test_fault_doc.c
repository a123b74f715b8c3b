// SPDX-License-Identifier: MIT
//
// The table of docs/FAULT.md, printed from mm/decide.c. Run with the document's path it compares: the document must
// hold these very lines. Run without, it prints them, to be put there.
//
// usage: host-fault-doc [docs/FAULT.md]

#include "mm/decide.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[4096];

static void add(const char *word)
{
    strcat(text, word);
}

static const char *const kind_names[VM_KINDS] = {"anon", "stack", "file", "shared"};
static const char *const action_names[ACT_ACTIONS] = {
    [ACT_DENY] = "deny", [ACT_SPURIOUS] = "spurious", [ACT_ZERO] = "zero",       [ACT_SHARE] = "share",
    [ACT_COPY] = "copy", [ACT_CLAIM] = "claim",       [ACT_UPGRADE] = "upgrade", [ACT_SWAP] = "swap",
};

// What one cell does; where it depends on whether the frame is ours alone, both.
static void add_cell(enum vm_kind kind, enum pt_class class, enum vm_access access)
{
    unsigned all = PT_R | PT_W | PT_X;
    enum vm_action shared = vm_decide(kind, all, class, access, false);
    enum vm_action alone = vm_decide(kind, all, class, access, class == PT_READONLY);
    add(" ");
    if (alone != shared) {
        add(action_names[alone]);
        add(" or ");
    }
    add(action_names[shared]);
    add(" |");
}

static void make_table(void)
{
    static const struct {
        enum pt_class class;
        const char *name;
    } classes[] = {{PT_ABSENT, "absent"}, {PT_READONLY, "read-only"}, {PT_WRITABLE, "writable"}, {PT_SWAPPED, "swapped out"}};
    static const char *const accesses[] = {"R", "W", "X"};
    add("| region |");
    for (unsigned c = 0; c < PT_CLASSES; c++)
        for (unsigned a = 0; a < VM_ACCESSES; a++) {
            add(" ");
            add(classes[c].name);
            add(" ");
            add(accesses[a]);
            add(" |");
        }
    add("\n|---|");
    for (unsigned i = 0; i < PT_CLASSES * VM_ACCESSES; i++)
        add("---|");
    add("\n");
    for (unsigned kind = 0; kind < VM_KINDS; kind++) {
        add("| ");
        add(kind_names[kind]);
        add(" |");
        for (unsigned c = 0; c < PT_CLASSES; c++)
            for (unsigned a = 0; a < VM_ACCESSES; a++)
                add_cell((enum vm_kind)kind, classes[c].class, (enum vm_access)a);
        add("\n");
    }
}

int main(int count, char **arguments)
{
    static char document[65536];
    make_table();
    if (count < 2) {
        fputs(text, stdout);
        return 0;
    }
    FILE *file = fopen(arguments[1], "r");
    size_t bytes = file ? fread(document, 1, sizeof(document) - 1, file) : 0;
    if (file)
        fclose(file);
    if (bytes && strstr(document, text)) {
        printf("ok - %s has the table that mm/decide.c makes\n", arguments[1]);
        return 0;
    }
    printf("not ok - %s is stale; the table is now\n%s", arguments[1], text);
    return 1;
}
