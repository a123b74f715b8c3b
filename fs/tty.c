// SPDX-License-Identifier: MIT
//
// The console as a terminal: input is edited a line at a time, echoed, and turned into signals; output gets
// its carriage returns. Bytes arrive in the interrupt handler (receive), the rest comes through file_ops.
//
//   ring:   read_at ... complete lines ... ready_at ... the line being typed ... write_at
//
// One spin lock guards the ring and the settings; it is not held over copies to user space nor while a
// signal is sent, which takes locks of lower rank.

#include "arch/machine.h"
#include "dev/character.h"
#include "fs/context.h"
#include "fs/pseudo.h"
#include "uapi/fcntl.h"
#include "uapi/signal.h"
#include "uapi/termios.h"
#include "uapi/uio.h"

#define RING_BYTES  4096
#define CHUNK_BYTES 256
#define END_MARK    0x100 // in the ring: Ctrl-D was typed here

static struct spinlock lock = SPINLOCK_INIT(RANK_TTY); // T
static uint16_t ring[RING_BYTES];                      // T
static uint32_t read_at, ready_at, write_at;           // T  counts; the slot is the remainder
static int foreground;                                 // T  process group
static struct winsize window = {.ws_row = 24, .ws_col = 80}; // T
static struct termios settings = {                     // T
    .c_iflag = ICRNL, .c_oflag = OPOST | ONLCR, .c_cflag = B38400 | CS8 | CREAD,
    .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    .c_cc = {[VINTR] = 3, [VQUIT] = 28, [VERASE] = 127, [VKILL] = 21, [VEOF] = 4, [VMIN] = 1, [VSUSP] = 26}};
static struct wait_queue readers = WAIT_QUEUE_INIT(readers);

static void output(const char *bytes, size_t count)
{
    char cooked[2 * CHUNK_BYTES];
    size_t length = 0;
    bool add_returns = (settings.c_oflag & (OPOST | ONLCR)) == (OPOST | ONLCR);
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '\n' && add_returns)
            cooked[length++] = '\r';
        cooked[length++] = bytes[i];
    }
    console_device->write(cooked, length);
}

// --- input: in the interrupt handler, under the lock -------------------------------------------------------

static bool is_control(uint16_t c)
{
    return (c < ' ' || c == 127) && c != '\n' && c != '\t';
}

static void echo(uint16_t c)
{
    char text[2] = {'^', (char)(c ^ 0x40)};
    if (is_control(c) && settings.c_lflag & ECHOCTL)
        output(text, 2);
    else
        output((char[]){(char)c}, 1);
}

// The last slot is kept for the end of the line, without which a full line could never be read.
static void push(uint16_t c)
{
    bool ends = c == '\n' || c == END_MARK || !(settings.c_lflag & ICANON);
    if (write_at - read_at >= RING_BYTES - (ends ? 0 : 1))
        return;
    ring[write_at++ % RING_BYTES] = c;
    if (c != END_MARK && settings.c_lflag & ECHO)
        echo(c);
    if (ends)
        ready_at = write_at;
}

// Takes back `most` characters of the line being typed.
static void erase(uint32_t most)
{
    for (; most && write_at != ready_at; most--) {
        uint16_t c = ring[--write_at % RING_BYTES];
        if (settings.c_lflag & ECHO)
            output("\b \b\b \b", is_control(c) && settings.c_lflag & ECHOCTL ? 6 : 3);
    }
}

// One byte from the keyboard. => returns the signal it means, or 0
static int input(uint16_t c)
{
    const uint8_t *special = settings.c_cc;
    bool canonical = settings.c_lflag & ICANON;
    if (c == '\r' && settings.c_iflag & ICRNL)
        c = '\n';
    if (settings.c_lflag & ISIG && (c == special[VINTR] || c == special[VQUIT])) {
        read_at = ready_at = write_at;
        if (settings.c_lflag & ECHO)
            echo(c);
        return c == special[VINTR] ? SIGINT : SIGQUIT;
    }
    if (canonical && c == special[VERASE])
        erase(1);
    else if (canonical && c == special[VKILL])
        erase(RING_BYTES);
    else
        push(canonical && c == special[VEOF] ? END_MARK : c);
    return 0;
}

static void receive(char byte)
{
    spin_lock(&lock);
    int number = input((uint8_t)byte), group = foreground;
    bool readable = read_at != ready_at;
    spin_unlock(&lock);
    if (number)
        signal_process_group(group, number);
    if (readable) {
        wake_all(&readers);
        poll_notify();
    }
}

// --- system calls ------------------------------------------------------------------------------------------

static bool is_readable(void)
{
    spin_lock(&lock);
    bool result = read_at != ready_at;
    spin_unlock(&lock);
    return result;
}

// Moves what is ready to `bytes`, not beyond the end of a line. => returns how many, -EAGAIN when nothing is
// ready; *ended: a line or what there was ends here
static int64_t take(char *bytes, size_t most, bool *ended)
{
    size_t count = 0;
    spin_lock(&lock);
    bool any = read_at != ready_at;
    while (count < most && read_at != ready_at && !*ended) {
        uint16_t c = ring[read_at++ % RING_BYTES];
        *ended = settings.c_lflag & ICANON && (c == '\n' || c == END_MARK);
        if (c != END_MARK)
            bytes[count++] = (char)c;
    }
    *ended |= read_at == ready_at;
    spin_unlock(&lock);
    return any ? (int64_t)count : -EAGAIN;
}

static int64_t tty_read(struct file *file, user_ptr_t buffer, size_t bytes, uint64_t *)
{
    char chunk[CHUNK_BYTES];
    size_t done = 0;
    bool ended = false;
    bool timed = !(settings.c_lflag & ICANON) && settings.c_cc[VMIN] == 0; // termios(3): MIN == 0
    uint64_t deadline = timed ? clock_ns() + settings.c_cc[VTIME] * 100000000ull : 0;
    while (done < bytes && !ended) {
        int64_t count = take(chunk, bytes - done < sizeof(chunk) ? bytes - done : sizeof(chunk), &ended);
        if (count == -EAGAIN && !done && !(file->flags & O_NONBLOCK)) {
            int error = wait_event_interruptible(&readers, is_readable(), deadline);
            if (error)
                return error == -ETIMEDOUT ? 0 : error;
            ended = false; // another reader may be faster: look again
            continue;
        }
        if (count < 0 || copy_to_user(user_offset(buffer, done), chunk, (size_t)count))
            return done ? (int64_t)done : count < 0 ? count : -EFAULT;
        done += (size_t)count;
    }
    return (int64_t)done;
}

static int64_t tty_write(struct file *, user_ptr_t buffer, size_t bytes, uint64_t *)
{
    char chunk[CHUNK_BYTES];
    size_t done = 0;
    while (done < bytes) {
        size_t count = bytes - done < sizeof(chunk) ? bytes - done : sizeof(chunk);
        if (copy_from_user(chunk, user_offset(buffer, done), count))
            return done ? (int64_t)done : -EFAULT;
        output(chunk, count);
        done += count;
    }
    return (int64_t)done;
}

// From user memory: all of it, or nothing has changed.
static int set(void *field, size_t bytes, uint64_t argument)
{
    char fresh[sizeof(struct termios)];
    int error = copy_from_user(fresh, user_ptr(argument), bytes);
    if (error)
        return error;
    spin_lock(&lock);
    memcpy(field, fresh, bytes);
    spin_unlock(&lock);
    return 0;
}

static int set_settings(uint64_t argument, bool flush)
{
    int error = set(&settings, sizeof(settings), argument);
    if (error)
        return error;
    spin_lock(&lock);
    if (flush)
        read_at = ready_at = write_at;
    if (!(settings.c_lflag & ICANON))
        ready_at = write_at; // no lines: all of it can be read
    spin_unlock(&lock);
    wake_all(&readers);
    poll_notify();
    return 0;
}

static int tty_ioctl(struct file *, uint64_t request, uint64_t argument)
{
    int waiting = (int)(ready_at - read_at);
    switch (request) {
    case TCGETS:
        return copy_to_user(user_ptr(argument), &settings, sizeof(settings));
    case TCSETS:
    case TCSETSW: // output is never waiting
    case TCSETSF:
        return set_settings(argument, request == TCSETSF);
    case TIOCGWINSZ:
        return copy_to_user(user_ptr(argument), &window, sizeof(window));
    case TIOCSWINSZ:
        return set(&window, sizeof(window), argument);
    case TIOCGPGRP:
        return copy_to_user(user_ptr(argument), &foreground, sizeof(foreground));
    case TIOCSPGRP:
        return set(&foreground, sizeof(foreground), argument);
    case FIONREAD:
        return copy_to_user(user_ptr(argument), &waiting, sizeof(waiting));
    case TIOCSCTTY: // it is everybody's
    case TCSBRK:
        return 0;
    default:
        return -ENOTTY;
    }
}

static unsigned tty_poll(struct file *)
{
    return POLLOUT | (is_readable() ? POLLIN : 0);
}

static const struct file_ops tty_ops = {
    .read = tty_read, .write = tty_write, .ioctl = tty_ioctl, .poll = tty_poll};

void tty_init(void)
{
    char value[8];
    if (!console_device)
        return;
    if (boot_argument("console", value, sizeof(value)) && !strcmp(value, "raw")) {
        settings.c_oflag &= ~(uint32_t)ONLCR;
        settings.c_lflag &= ~(uint32_t)ECHO;
    }
    dev_register("console", 0600, 5 << 8 | 1, &tty_ops);
    dev_register("tty", 0666, 5 << 8, &tty_ops);
    console_device->set_receiver(receive);
}
