// SPDX-License-Identifier: MIT
//
// The loops that touch user memory: the only code that runs with sstatus.SUM set. Called by mm/uaccess.c
// alone (arch/uaccess.h). A page fault in here goes to vm_fault() as one of user code would; when that cannot
// help, the trap code continues at a fixup, which it finds in the section uaccess_fixups (usercopy.c).
//
// The count that is returned is exact: pointers and count move on only when all accesses of a turn have
// succeeded, so after a fault in the middle of a 64-byte turn they still describe it whole. Its fixup goes on
// byte by byte, up to the byte that faults, and the fixup of the byte turn returns what is left. That some
// bytes are copied twice does no harm.

#define SSTATUS 0x100 // the CSR by number
#define SUM     0x40000
#define EFAULT  14 // uapi/errno.h

// A fault at an instruction in [\from, \to) continues at \target.
.macro fixup from, to, target
    .pushsection uaccess_fixups, "a"
    .dword \from, \to, \target
    .popsection
.endm

.macro function name
    .global \name
    .type \name, @function
\name:
.endm

    .text
    .balign 4
// size_t arch_copy_from_user(void *destination, uint64_t source, size_t bytes)
// size_t arch_copy_to_user(uint64_t destination, const void *source, size_t bytes)
// One loop for both: it does not matter to it which side is the user's. (A fault at a kernel address never
// gets to the fixup: the trap code looks for one only when a user address faulted.)
function arch_copy_from_user
function arch_copy_to_user
    li   t6, SUM
    csrs SSTATUS, t6
    li   t4, 64
    li   t5, 8
    xor  t3, a0, a1 // never both aligned: bytes all the way
    andi t3, t3, 7
.Lcopy:
    or   t0, a0, a1
    andi t0, t0, 7
    bnez t0, .Lcopy_byte
    bgeu a2, t4, .Lcopy_block
    bgeu a2, t5, .Lcopy_word
.Lcopy_byte:
    beqz a2, .Lcopy_done
    lb   t0, 0(a1)
    sb   t0, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    addi a2, a2, -1
    bnez t3, .Lcopy_byte
    j    .Lcopy
.Lcopy_word:
    ld   t0, 0(a1)
    sd   t0, 0(a0)
    addi a0, a0, 8
    addi a1, a1, 8
    addi a2, a2, -8
    j    .Lcopy
.Lcopy_block: // loads before stores, for harts that execute in order
    ld   t0, 0(a1);  ld   t1, 8(a1);  ld   t2, 16(a1); ld   a3, 24(a1)
    ld   a4, 32(a1); ld   a5, 40(a1); ld   a6, 48(a1); ld   a7, 56(a1)
    sd   t0, 0(a0);  sd   t1, 8(a0);  sd   t2, 16(a0); sd   a3, 24(a0)
    sd   a4, 32(a0); sd   a5, 40(a0); sd   a6, 48(a0); sd   a7, 56(a0)
    addi a0, a0, 64
    addi a1, a1, 64
    addi a2, a2, -64
    j    .Lcopy
.Lcopy_done:
    csrc SSTATUS, t6
    mv   a0, a2
    ret
    fixup .Lcopy_byte, .Lcopy_word, .Lcopy_done
    fixup .Lcopy_word, .Lcopy_done, .Lcopy_byte

// size_t arch_clear_user(uint64_t destination, size_t bytes)
function arch_clear_user
    li   t6, SUM
    csrs SSTATUS, t6
    li   t4, 64
.Lclear:
    andi t0, a0, 7
    bnez t0, .Lclear_byte
    bgeu a1, t4, .Lclear_block
.Lclear_byte:
    beqz a1, .Lclear_done
    sb   zero, 0(a0)
    addi a0, a0, 1
    addi a1, a1, -1
    j    .Lclear
.Lclear_block:
    .irp offset, 0, 8, 16, 24, 32, 40, 48, 56
    sd   zero, \offset(a0)
    .endr
    addi a0, a0, 64
    addi a1, a1, -64
    j    .Lclear
.Lclear_done:
    csrc SSTATUS, t6
    mv   a0, a1
    ret
    fixup .Lclear_byte, .Lclear_block, .Lclear_done
    fixup .Lclear_block, .Lclear_done, .Lclear_byte

// int64_t arch_strncpy_from_user(char *destination, uint64_t source, size_t most)
function arch_strncpy_from_user
    li   t6, SUM
    csrs SSTATUS, t6
    mv   a3, a0
    add  a2, a0, a2 // end of the destination
.Lstring:
    beq  a0, a2, .Lstring_end
    lb   t0, 0(a1)
    sb   t0, 0(a0)
    beqz t0, .Lstring_end
    addi a0, a0, 1
    addi a1, a1, 1
    j    .Lstring
.Lstring_end:
    csrc SSTATUS, t6
    sub  a0, a0, a3
    ret
.Lstring_fault:
    csrc SSTATUS, t6
    li   a0, -1
    ret
    fixup .Lstring, .Lstring_end, .Lstring_fault

// int arch_load_user_word(uint64_t source, uint32_t *value)
function arch_load_user_word
    li   t6, SUM
    csrs SSTATUS, t6
.Lload:
    lw   t0, 0(a0)
.Lword_done:
    csrc SSTATUS, t6
    sw   t0, 0(a1)
    li   a0, 0
    ret
.Lword_fault:
    csrc SSTATUS, t6
    li   a0, -EFAULT
    ret

// int arch_exchange_user_word(uint64_t address, uint32_t *found, uint32_t value)
// A store that faults, as the first write to a shared page does, loses the reservation and tries again.
function arch_exchange_user_word
    lw   t1, 0(a1)
    li   t6, SUM
    csrs SSTATUS, t6
.Lexchange:
    lr.w.aqrl t0, (a0)
    bne  t0, t1, .Lword_done
    sc.w.rl t2, a2, (a0)
    bnez t2, .Lexchange
    j    .Lword_done
.Lexchange_end:
    fixup .Lload, .Lword_done, .Lword_fault
    fixup .Lexchange, .Lexchange_end, .Lword_fault
