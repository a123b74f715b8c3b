// SPDX-License-Identifier: MIT
//
// The fault table, all cells: every kind, all rights, every leaf class, every access, exclusive or not.
// What is expected is written down here a second time, as words, from the specification.

#include "mm/decide.h"
#include "tests/host/check.h"

// One word a row; columns: absent R W X | read-only R W X | writable R W X | swapped out R W X.
//   z zero  s share  c copy  - spurious  w copy-on-write  u upgrade  r read from swap  d deny
static const struct {
    enum vm_kind kind;
    const char *cells;
} expected[] = {
    {VM_ANON, "zzz" "-w-" "---" "rrr"},
    {VM_STACK, "zzz" "-w-" "---" "rrr"},
    {VM_FILE_PRIVATE, "scs" "-w-" "---" "rrr"},
    {VM_SHARED, "sss" "-u-" "---" "rrr"},
};

static enum vm_action meaning(char cell, bool exclusive)
{
    switch (cell) {
    case 'z':
        return ACT_ZERO;
    case 's':
        return ACT_SHARE;
    case 'c':
        return ACT_COPY;
    case '-':
        return ACT_SPURIOUS;
    case 'u':
        return ACT_UPGRADE;
    case 'r':
        return ACT_SWAP;
    case 'w':
        return exclusive ? ACT_CLAIM : ACT_COPY;
    default:
        return ACT_DENY;
    }
}

static void every_cell(void)
{
    static const unsigned needs[VM_ACCESSES] = {PT_R, PT_W, PT_X}; // in the order of enum vm_access
    unsigned cells = 0;
    CHECK(sizeof(expected) / sizeof(expected[0]) == VM_KINDS);
    for (unsigned row = 0; row < VM_KINDS; row++)
        for (unsigned prot = 0; prot < 8; prot++)
            for (unsigned class = 0; class < PT_CLASSES; class++)
                for (unsigned access = 0; access < VM_ACCESSES; access++)
                    for (unsigned exclusive = 0; exclusive < 2; exclusive++, cells++) {
                        enum vm_action want = meaning(expected[row].cells[class * 3 + access], exclusive);
                        if (!(prot & needs[access]))
                            want = ACT_DENY;
                        CHECK(vm_decide(expected[row].kind, prot, class, access, exclusive) == want);
                    }
    CHECK(cells == VM_KINDS * 8 * PT_CLASSES * VM_ACCESSES * 2);
}

int main(void)
{
    TEST(every_cell);
}
