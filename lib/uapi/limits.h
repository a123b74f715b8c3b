// SPDX-License-Identifier: MIT
// Limits that are part of the interface.
#pragma once

#define NAME_MAX     255    // bytes of one path component
#define PATH_MAX     4096   // bytes of a path, with its end
#define PIPE_BUF     4096   // a write of so many bytes to a pipe is not torn apart
#define ARG_MAX      131072 // bytes of arguments and environment together
#define SYMLOOP_MAX  40     // symbolic links followed in one walk
