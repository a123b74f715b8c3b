// SPDX-License-Identifier: MIT
// The terminal: the kernel's struct termios and the ioctl numbers around it.
#pragma once

#include <stdint.h>

enum { NCCS = 19, VINTR = 0, VQUIT, VERASE, VKILL, VEOF, VTIME, VMIN, VSUSP = 10, VEOL, VWERASE = 14 };
enum { ICRNL = 0400 };                                 // c_iflag
enum { OPOST = 1, ONLCR = 4 };                         // c_oflag
enum { B38400 = 017, CS8 = 060, CREAD = 0200 };        // c_cflag
enum { ISIG = 1, ICANON = 2, ECHO = 010, ECHOE = 020, ECHOK = 040, ECHONL = 0100, NOFLSH = 0200,
       TOSTOP = 0400, ECHOCTL = 01000, ECHOKE = 04000, IEXTEN = 0100000 }; // c_lflag
enum { TCGETS = 0x5401, TCSETS, TCSETSW, TCSETSF, TCSBRK = 0x5409, TCFLSH = 0x540b, TIOCSCTTY = 0x540e,
       TIOCGPGRP, TIOCSPGRP, TIOCGWINSZ = 0x5413, TIOCSWINSZ, FIONREAD = 0x541b, TIOCGSID = 0x5429 };

struct termios {
    uint32_t c_iflag, c_oflag, c_cflag, c_lflag;
    uint8_t c_line, c_cc[NCCS];
};

struct winsize {
    uint16_t ws_row, ws_col, ws_xpixel, ws_ypixel;
};
