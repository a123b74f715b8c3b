// SPDX-License-Identifier: MIT
//
// The loops that touch user memory: the only code that runs with sstatus.SUM set. Called by mm/uaccess.c alone
// (arch/uaccess.h). A page fault in here goes to vm_fault() as one of user code would; when that cannot help,
// the trap code continues at the loop's fixup, which it finds in the section uaccess_fixups (usercopy.c).
//
// Every loop moves its registers on only when all its accesses have succeeded. So after a fault in the middle
// of a 64-byte turn, a0-a2 still describe the whole turn, and the fixup does it again byte by byte: the byte
// loop faults exactly where the page ends, and its own fixup returns what is left. A first byte copied twice
// does no harm.

#define SSTATUS 0x100 // csr number: old assemblers know no other name for it everywhere
#define SUM     0x40000

// One turn of a loop between the two labels may fault; then go on at \target.
.macro fixup from, to, target
    .pushsection uaccess_fixups, "a"
    .dword \from, \to, \target
    .popsection
.endm

    .text

// size_t arch_copy_from_user(void *destination, uint64_t source, size_t bytes)
// size_t arch_copy_to_user(uint64_t destination, const void *source, size_t bytes)
// One loop for both: which side is the user's does not matter to it. A fault on a kernel address never gets
// to the fixup, because the trap code asks for user addresses only.
    .global arch_copy_from_user, arch_copy_to_user
    .type arch_copy_from_user, @function
    .type arch_copy_to_user, @function
    .balign 4
arch_copy_from_user:
arch_copy_to_user:
    li   t6, SUM
    csrs SSTATUS, t6
    xor  t0, a0, a1 // words need both addresses aligned at the same time
    andi t0, t0, 7
    bnez t0, .Lcopy_bytes
    li   t4, 64
    li   t5, 8
.Lcopy_align: // bytes until a0, and so a1, is a multiple of 8
    andi t0, a0, 7
    beqz t0, .Lcopy_blocks
    beqz a2, .Lcopy_done
    lb   t0, 0(a1)
    sb   t0, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    addi a2, a2, -1
    j    .Lcopy_align
.Lcopy_blocks: // 64 bytes: all loads before the stores, for harts that execute in order
    bltu a2, t4, .Lcopy_words
    ld   t0, 0(a1)
    ld   t1, 8(a1)
    ld   t2, 16(a1)
    ld   t3, 24(a1)
    ld   a3, 32(a1)
    ld   a4, 40(a1)
    ld   a5, 48(a1)
    ld   a6, 56(a1)
    sd   t0, 0(a0)
    sd   t1, 8(a0)
    sd   t2, 16(a0)
    sd   t3, 24(a0)
    sd   a3, 32(a0)
    sd   a4, 40(a0)
    sd   a5, 48(a0)
    sd   a6, 56(a0)
    addi a0, a0, 64
    addi a1, a1, 64
    addi a2, a2, -64
    j    .Lcopy_blocks
.Lcopy_words:
    bltu a2, t5, .Lcopy_bytes
    ld   t0, 0(a1)
    sd   t0, 0(a0)
    addi a0, a0, 8
    addi a1, a1, 8
    addi a2, a2, -8
    j    .Lcopy_words
.Lcopy_bytes: // the rest; everything, when the alignments differ
    beqz a2, .Lcopy_done
    lb   t0, 0(a1)
    sb   t0, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    addi a2, a2, -1
    j    .Lcopy_bytes
.Lcopy_done:
    csrc SSTATUS, t6
    mv   a0, a2
    ret
    fixup .Lcopy_align, .Lcopy_blocks, .Lcopy_done
    fixup .Lcopy_blocks, .Lcopy_bytes, .Lcopy_bytes
    fixup .Lcopy_bytes, .Lcopy_done, .Lcopy_done

// size_t arch_clear_user(uint64_t destination, size_t bytes)
    .global arch_clear_user
    .type arch_clear_user, @function
    .balign 4
arch_clear_user:
    li   t6, SUM
    csrs SSTATUS, t6
    li   t4, 64
.Lclear_align: // bytes until a0 is a multiple of 8
    andi t0, a0, 7
    beqz t0, .Lclear_blocks
    beqz a1, .Lclear_done
    sb   zero, 0(a0)
    addi a0, a0, 1
    addi a1, a1, -1
    j    .Lclear_align
.Lclear_blocks:
    bltu a1, t4, .Lclear_bytes
    sd   zero, 0(a0)
    sd   zero, 8(a0)
    sd   zero, 16(a0)
    sd   zero, 24(a0)
    sd   zero, 32(a0)
    sd   zero, 40(a0)
    sd   zero, 48(a0)
    sd   zero, 56(a0)
    addi a0, a0, 64
    addi a1, a1, -64
    j    .Lclear_blocks
.Lclear_bytes:
    beqz a1, .Lclear_done
    sb   zero, 0(a0)
    addi a0, a0, 1
    addi a1, a1, -1
    j    .Lclear_bytes
.Lclear_done:
    csrc SSTATUS, t6
    mv   a0, a1
    ret
    fixup .Lclear_align, .Lclear_blocks, .Lclear_done
    fixup .Lclear_blocks, .Lclear_bytes, .Lclear_bytes
    fixup .Lclear_bytes, .Lclear_done, .Lclear_done

// int64_t arch_strncpy_from_user(char *destination, uint64_t source, size_t most)
    .global arch_strncpy_from_user
    .type arch_strncpy_from_user, @function
    .balign 4
arch_strncpy_from_user:
    li   t6, SUM
    csrs SSTATUS, t6
    mv   a3, a0
    add  a2, a2, a0 // a2 = end of the destination
.Lstring:
    beq  a0, a2, .Lstring_done
    lb   t0, 0(a1)
    sb   t0, 0(a0)
    beqz t0, .Lstring_done
    addi a0, a0, 1
    addi a1, a1, 1
    j    .Lstring
.Lstring_done:
    csrc SSTATUS, t6
    sub  a0, a0, a3
    ret
.Lstring_fault:
    csrc SSTATUS, t6
    li   a0, -1
    ret
    fixup .Lstring, .Lstring_done, .Lstring_fault
