// SPDX-License-Identifier: MIT
//
// The real-time clock: read once at boot (see lib/clock.h).

#ifndef DEV_RTC_H
#define DEV_RTC_H

void rtc_init(void); // without a clock the date is 1970

#endif
