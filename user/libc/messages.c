// SPDX-License-Identifier: MIT
// What errors and signals are called, and how a program complains: strerror, strsignal, perror, err, warn.
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// clang-format off
static const char *const errors[] = {
    [0] = "Success", [EPERM] = "Operation not permitted", [ENOENT] = "No such file or directory",
    [ESRCH] = "No such process", [EINTR] = "Interrupted system call", [EIO] = "Input/output error",
    [ENXIO] = "No such device or address", [E2BIG] = "Argument list too long",
    [ENOEXEC] = "Exec format error", [EBADF] = "Bad file descriptor", [ECHILD] = "No child processes",
    [EAGAIN] = "Resource temporarily unavailable", [ENOMEM] = "Cannot allocate memory",
    [EACCES] = "Permission denied", [EFAULT] = "Bad address", [EBUSY] = "Device or resource busy",
    [EEXIST] = "File exists", [EXDEV] = "Invalid cross-device link", [ENODEV] = "No such device",
    [ENOTDIR] = "Not a directory", [EISDIR] = "Is a directory", [EINVAL] = "Invalid argument",
    [ENFILE] = "Too many open files in system", [EMFILE] = "Too many open files",
    [ENOTTY] = "Inappropriate ioctl for device", [ETXTBSY] = "Text file busy", [EFBIG] = "File too large",
    [ENOSPC] = "No space left on device", [ESPIPE] = "Illegal seek", [EROFS] = "Read-only file system",
    [EMLINK] = "Too many links", [EPIPE] = "Broken pipe", [ERANGE] = "Numerical result out of range",
    [ENAMETOOLONG] = "File name too long", [ENOSYS] = "Function not implemented",
    [ENOTEMPTY] = "Directory not empty", [ELOOP] = "Too many levels of symbolic links",
    [EOVERFLOW] = "Value too large for defined data type", [EOPNOTSUPP] = "Operation not supported",
};

static const char *const signals[] = {
    [SIGHUP] = "Hangup", [SIGINT] = "Interrupt", [SIGQUIT] = "Quit", [SIGILL] = "Illegal instruction",
    [SIGTRAP] = "Trace/breakpoint trap", [SIGABRT] = "Aborted", [SIGBUS] = "Bus error",
    [SIGFPE] = "Floating point exception", [SIGKILL] = "Killed", [SIGUSR1] = "User defined signal 1",
    [SIGSEGV] = "Segmentation fault", [SIGUSR2] = "User defined signal 2", [SIGPIPE] = "Broken pipe",
    [SIGALRM] = "Alarm clock", [SIGTERM] = "Terminated",
};
// clang-format on

static char *name_of(const char *const table[], int entries, int number, const char *what)
{
    static char unnamed[32];
    if (number >= 0 && number < entries && table[number])
        return (char *)table[number];
    snprintf(unnamed, sizeof unnamed, "Unknown %s %d", what, number);
    return unnamed;
}

char *strerror(int number)
{
    return name_of(errors, sizeof errors / sizeof *errors, number, "error");
}

char *strsignal(int number)
{
    return name_of(signals, sizeof signals / sizeof *signals, number, "signal");
}

const char *getprogname(void)
{
    extern const char *program_path;
    const char *slash = program_path ? strrchr(program_path, '/') : NULL;
    return slash ? slash + 1 : program_path ? program_path : "?";
}

static void complain(const char *format, va_list arguments, int error)
{
    char text[512];
    vsnprintf(text, sizeof text, format, arguments);
    fprintf(stderr, error ? "%s: %s: %s\n" : "%s: %s\n", getprogname(), text, strerror(error));
}

void perror(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
}

int finish(int status, int trouble)
{
    fflush(stdout);
    if (!ferror(stdout))
        return status;
    errno = stdout->error;
    warn("standard output");
    return trouble;
}

int failed_to_read(FILE *in, const char *name)
{
    if (!ferror(in))
        return 0;
    errno = in->error;
    warn("%s", name);
    return 1;
}

#define DEFINE_COMPLAINT(name, parameters, error, after)                                                     \
    void name parameters                                                                                     \
    {                                                                                                        \
        int why = error;                                                                                     \
        va_list arguments;                                                                                   \
        va_start(arguments, format);                                                                         \
        complain(format, arguments, why);                                                                    \
        va_end(arguments);                                                                                   \
        after;                                                                                               \
    }

DEFINE_COMPLAINT(err, (int status, const char *format, ...), errno, exit(status))
DEFINE_COMPLAINT(errx, (int status, const char *format, ...), 0, exit(status))
DEFINE_COMPLAINT(warn, (const char *format, ...), errno, (void)0)
DEFINE_COMPLAINT(warnx, (const char *format, ...), 0, (void)0)
