// SPDX-License-Identifier: MIT
// Time: sleeping, the clock, the calendar (UTC only; the Gregorian rules from 1970 on).
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

unsigned sleep(unsigned seconds)
{
    struct timespec time = {seconds, 0};
    return nanosleep(&time, &time) < 0 ? time.tv_sec : 0;
}

int usleep(unsigned microseconds)
{
    struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};
    return nanosleep(&time, NULL);
}

time_t time(time_t *to)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (to)
        *to = now.tv_sec;
    return now.tv_sec;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

struct tm *gmtime(const time_t *seconds)
{
    static const int days_of[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    static struct tm tm;
    long days = *seconds > 0 ? *seconds / 86400 : 0, rest = *seconds > 0 ? *seconds % 86400 : 0;
    tm = (struct tm){.tm_hour = rest / 3600, .tm_min = rest / 60 % 60, .tm_sec = rest % 60, .tm_year = 70};
    tm.tm_wday = (days + 4) % 7; // the first of January 1970 was a Thursday
    for (; days >= 365 + is_leap(1900 + tm.tm_year); tm.tm_year++)
        days -= 365 + is_leap(1900 + tm.tm_year);
    tm.tm_yday = days;
    for (int length; days >= (length = days_of[tm.tm_mon] + (tm.tm_mon == 1 && is_leap(1900 + tm.tm_year)));
         tm.tm_mon++)
        days -= length;
    tm.tm_mday = days + 1;
    return &tm;
}

size_t strftime(char *to, size_t size, const char *format, const struct tm *tm)
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char part[16];
    size_t used = 0;
    for (; *format; format++) {
        snprintf(part, sizeof part, "%c", *format);
        if (*format == '%' && format[1]) {
            char letter = *++format;
            const char *name = letter == 'a' ? days + 3 * tm->tm_wday : months + 3 * tm->tm_mon;
            int value = letter == 'm'   ? tm->tm_mon + 1
                        : letter == 'd' ? tm->tm_mday
                        : letter == 'H' ? tm->tm_hour
                        : letter == 'M' ? tm->tm_min
                        : letter == 'S' ? tm->tm_sec
                                        : -1;
            if (letter == 'Y')
                snprintf(part, sizeof part, "%d", 1900 + tm->tm_year);
            else if (letter == 'a' || letter == 'b')
                snprintf(part, sizeof part, "%.3s", name);
            else if (letter == '%')
                snprintf(part, sizeof part, "%%");
            else if (value >= 0)
                snprintf(part, sizeof part, "%02d", value);
            else // none of ours: it stays as it is
                snprintf(part, sizeof part, "%%%c", letter);
        }
        if (used + strlen(part) >= size)
            return 0;
        strcpy(to + used, part);
        used += strlen(part);
    }
    return used;
}
