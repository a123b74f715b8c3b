// SPDX-License-Identifier: MIT
// Flags of clone(2); the low byte is the signal that tells the parent of the end. fork is clone(SIGCHLD).
#pragma once

enum { CSIGNAL = 0xff, CLONE_VM = 0x100, CLONE_FS = 0x200, CLONE_FILES = 0x400, CLONE_SIGHAND = 0x800,
       CLONE_VFORK = 0x4000, CLONE_PARENT = 0x8000, CLONE_THREAD = 0x10000, CLONE_SYSVSEM = 0x40000,
       CLONE_SETTLS = 0x80000, CLONE_PARENT_SETTID = 0x100000, CLONE_CHILD_CLEARTID = 0x200000,
       CLONE_DETACHED = 0x400000, CLONE_CHILD_SETTID = 0x1000000 };
