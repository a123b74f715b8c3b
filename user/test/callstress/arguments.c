// SPDX-License-Identifier: MIT
// Arguments by their kinds, and what may not be asked for at all.
#include "pieces.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include "uapi/futex.h"
#include "uapi/signal.h"

// --- numbers ----------------------------------------------------------------------------------------------

// Of those that are or were of this test, or that are nobody's.
static uint64_t number_of(struct life *life, bool thread)
{
    const struct slot *slot = &shared->slots[below(life, SLOTS)];
    int pid = slot->pid;
    if (pid > 0 && below(life, 3))
        return (uint64_t)(thread ? slot->tid : pid);
    if (thread || below(life, 2))
        return thread || below(life, 2) ? (uint64_t)life->slot->tid : (uint64_t)life->slot->pid;
    return PICK(life, 0, -1ul, -1ul, 8191, 8192, 100000, INT32_MAX, (uint64_t)INT32_MIN, 1, -8000ul);
}

static uint64_t signal_number(struct life *life)
{
    if (below(life, 30))
        return PICK(life, 0, SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGSTOP, SIGTTIN);
    return CHANCE(life, 4) ? PICK(life, 65, 64, 1000, -1ul, 1ul << 32) : 1 + below(life, 40);
}

static uint64_t clone_flags(struct life *life)
{
    const unsigned thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
    uint64_t flags =
        PICK(life, SIGCHLD, SIGCHLD, SIGCHLD, thread, thread, CLONE_VM | CLONE_VFORK | SIGCHLD,
             CLONE_VM | SIGCHLD, CLONE_FILES | SIGCHLD, CLONE_FS, CLONE_VFORK | SIGCHLD, CLONE_VM | SIGKILL);
    if (CHANCE(life, 2))
        flags |= PICK(life, CLONE_PARENT_SETTID, CLONE_CHILD_CLEARTID, CLONE_CHILD_SETTID, CLONE_SETTLS);
    return CHANCE(life, 20) ? flags ^ 1u << below(life, 27) : flags;
}

static uint64_t small_number(struct life *life)
{
    return below(life, 12) ? below(life, 8) & below(life, 8) : bits(life);
}

static uint64_t open_flags(struct life *life)
{
    uint64_t flags =
        PICK(life, O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_CREAT, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_TRUNC,
             O_RDONLY | O_DIRECTORY, O_WRONLY | O_APPEND | O_CREAT, O_CREAT | O_EXCL | O_RDWR);
    flags |= CHANCE(life, 2) ? O_NONBLOCK : 0;
    return CHANCE(life, 8) ? flags ^ 1u << below(life, 24) : flags;
}

static uint64_t more_flags_of(struct life *life, enum kind kind)
{
    switch (kind) {
    case MODE:
        return PICK(life, 0644, 0755, 0, 0777, 07777, S_IFREG | 0600, S_IFCHR | 0666, S_IFIFO | 0600,
                    S_IFSOCK, S_IFBLK | 0600, S_IFDIR | 0700, S_IFLNK);
    case MOVE_FLAGS:
        return PICK(life, 0, 1, 1, 1, MREMAP_MAYMOVE | MREMAP_FIXED, MREMAP_FIXED, 4, 5);
    case PIPE_FLAGS:
        return PICK(life, 0, O_CLOEXEC, O_NONBLOCK, O_NONBLOCK, O_NONBLOCK | O_CLOEXEC, O_APPEND);
    case POLL_COUNT:
        return PICK(life, 0, 1, 3, 8, 8, 9, 2000, 1ul << 32, -1ul);
    case PROT:
        return PICK(life, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE, PROT_WRITE,
                    PROT_READ | PROT_EXEC, 7, 8);
    case RENAME_FLAGS:
        return PICK(life, 0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE, 3, 4);
    case SET_BYTES:
        return PICK(life, 8, 8, 8, 24, 24, 16, 0);
    case SYNC_FLAGS:
        return PICK(life, MS_SYNC, MS_ASYNC, MS_INVALIDATE, MS_SYNC | MS_INVALIDATE, MS_SYNC | MS_ASYNC, 0);
    case WAIT_FLAGS:
        return PICK(life, WNOHANG, WNOHANG, WNOHANG | __WALL, WNOHANG | __WALL, __WCLONE | WNOHANG, 0, __WALL,
                    4);
    case WHENCE:
        return PICK(life, 0, 0, 1, 2, 3, -1ul, 1);
    case ADVICE:
        return below(life, 24);
    default:
        return bits(life);
    }
}

static uint64_t flags_of(struct life *life, enum kind kind)
{
    if (CHANCE(life, 20))
        return bits(life) >> below(life, 64);
    switch (kind) {
    case CLOCK_FLAGS:
        return PICK(life, 0, 0, TIMER_ABSTIME, 2);
    case CALL_CLOCK:
        return below(life, 12);
    case COMMAND:
        return PICK(life, F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, 5, 1031);
    case FCNTL_ARGUMENT:
        return PICK(life, 0, 1, 3, 30, 50, O_NONBLOCK, O_NONBLOCK, O_APPEND | O_NONBLOCK, -1ul, 2000);
    case ICACHE_FLAGS:
        return PICK(life, 0, 1, 1, 2);
    case IOCTL:
        return PICK(life, TCGETS, TCSETS, TCSETSW, TCSETSF, TCSBRK, TIOCSCTTY, TIOCGPGRP, TIOCSPGRP,
                    TIOCGWINSZ, TIOCSWINSZ, FIONREAD, FIONREAD, TIOCGSID, TCFLSH);
    case FUTEX_OPERATION:
        return PICK(life, FUTEX_WAIT, FUTEX_WAIT, FUTEX_WAKE, FUTEX_REQUEUE, FUTEX_CMP_REQUEUE,
                    FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET, FUTEX_WAKE_OP, 6) |
               PICK(life, 0, FUTEX_PRIVATE_FLAG, FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME);
    case IOVEC_COUNT:
        return PICK(life, 0, 1, 2, 4, 8, 8, 40, 1024, 1025, -1ul, 1ul << 32);
    case LINK_FLAGS:
        return PICK(life, 0, 0, 0, 0, AT_SYMLINK_NOFOLLOW, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH);
    case MEMFD_FLAGS:
        return PICK(life, 0, 0, MFD_CLOEXEC, MFD_ALLOW_SEALING, 8);
    default:
        return more_flags_of(life, kind);
    }
}

// What lies in memory: names and structures.
static uint64_t in_memory(struct life *life, enum kind kind)
{
    switch (kind) {
    case ARGV:
        return strings(life);
    case EXEC_PATH:
        return exec_path(life);
    case HEAD:
        return robust_head(life);
    case IOVEC:
        return vector(life);
    case LIMIT:
        return limit(life);
    case PATH:
        return path(life);
    case POLLFD:
        return poll_set(life);
    case SEE_PATH:
        return see_path(life);
    case SIGACTION:
        return action(life);
    case TIME:
        return timeout(life);
    case TIMES:
        return CHANCE(life, 4) ? 0 : timeout(life);
    default:
        return flags_of(life, kind);
    }
}

static uint64_t argument(struct life *life, enum kind kind)
{
    switch (kind) {
    case ADDRESS:
        return address(life);
    case ANY:
        return bits(life);
    case BREAK:
        return CHANCE(life, 4) ? hostile(life)
                               : (uint64_t)raw(SYS_brk, 0, 0, 0, 0, 0, 0) + (below(life, 64) - 24ul) * 1000;
    case BYTES:
        return byte_count(life);
    case CLONE_FLAGS:
        return clone_flags(life);
    case DEVICE:
        return PICK(life, 1 << 8 | 3, 1 << 8 | 5, 240 << 8, 0, 0xff03, 1 << 8 | 9);
    case DIRFD:
        return below(life, 6) ? (uint64_t)AT_FDCWD : descriptor_of(life, 5, 2);
    case DIRECTORY:
        return descriptor_of(life, 5, 2);
    case FILE_FD:
        return descriptor_of(life, 3, 2);
    case FD:
        return descriptor(life);
    case IOCTL_ARGUMENT:
        return CHANCE(life, 3) ? in(life, life->scratch, 64) : out(life);
    case IN:
        return CHANCE(life, 4) ? in(life, life->scratch, 64) : out(life);
    case LENGTH:
        return length(life);
    case MAGIC:
        return PICK(life, LINUX_REBOOT_MAGIC1, 0, LINUX_REBOOT_MAGIC1 | ~0ul << 32);
    case MAP_FLAGS:
        return map_flags(life);
    case NOT_MAGIC:
        return PICK(life, 0, 1, -1ul, LINUX_REBOOT_MAGIC1);
    case OFFSET:
        return offset(life);
    case OPEN_FLAGS:
        return open_flags(life);
    case OUT:
        return out(life);
    case CHILD:
        return below(life, 3) ? -1ul : number_of(life, false);
    case PID:
        return below(life, 3) ? number_of(life, false) : below(life, 2) ? 0 : (uint64_t)life->slot->pid;
    case SIGNAL:
        return signal_number(life);
    case SMALL:
        return small_number(life);
    case STACK:
        return CHANCE(life, 40) ? hostile(life) : 0; // 0: life.c knows one
    case STATUS:
        return bits(life);
    case TID:
        return number_of(life, true);
    case WORD:
        return CHANCE(life, 12) ? out(life) : WORDS + below(life, 4) * 4 + (CHANCE(life, 30) ? 1 : 0);
    default:
        return in_memory(life, kind);
    }
}

bool invent(struct life *life, const struct call *call, uint64_t arguments[6])
{
    memset(arguments, 0, 6 * sizeof *arguments);
    for (unsigned i = 0; i < call->count; i++)
        arguments[i] = argument(life, call->kinds[i]);
    switch (call->number) {
    case SYS_openat:
        arguments[1] = open_path(life, &arguments[2]);
        return true;
    case SYS_kill: // everybody: only to ask
        if ((int)arguments[0] == -1)
            arguments[1] = 0;
        return true;
    case SYS_mmap: // a descriptor where one is needed, mostly
        if (CHANCE(life, 3))
            arguments[0] = 0;
        arguments[5] = below(life, 10) ? arguments[5] & ~0xffful : arguments[5];
        return true;
    case SYS_swapon: // not the disks
        return !CHANCE(life, 2);
    default:
        return true;
    }
}
