// SPDX-License-Identifier: MIT
// The auxiliary vector: pairs (type, value) that execve puts on the new stack above the environment.
#pragma once

enum { AT_NULL, AT_PHDR = 3, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS, AT_ENTRY, AT_UID = 11, AT_EUID,
       AT_GID, AT_EGID, AT_HWCAP = 16, AT_CLKTCK, AT_SECURE = 23, AT_RANDOM = 25, AT_EXECFN = 31 };

// AT_HWCAP on riscv: one bit per single-letter extension, 'A' is bit 0.
#define HWCAP_EXTENSION(letter) (1UL << ((letter) - 'A'))
