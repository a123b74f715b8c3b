// SPDX-License-Identifier: MIT
// The status word of wait4: exit code in bits 8-15, or the number of the killing signal in bits 0-6.
#pragma once

#define WNOHANG    1
#define WUNTRACED  2
#define WCONTINUED 8
#define __WNOTHREAD 0x20000000
#define __WALL      0x40000000
#define __WCLONE    0x80000000u

#define WTERMSIG(status)    ((status)&0x7f)
#define WEXITSTATUS(status) (((status) >> 8) & 0xff)
#define WIFEXITED(status)   (WTERMSIG(status) == 0)
#define WIFSIGNALED(status) (WTERMSIG(status) != 0 && WTERMSIG(status) != 0x7f)
