// SPDX-License-Identifier: MIT
//
// Calls into the firmware (RISC-V SBI specification 1.0). Any context; none of them sleeps.
#pragma once

#include "arch/types.h"

extern bool sbi_has_timer, sbi_has_harts; // TIME; HSM and IPI: other harts can be started and reached
void sbi_probe(void);                     // sets them; one clear line for each extension that is missing

void sbi_put_text(const char *text, size_t bytes); // legacy console: a log sink for the first lines
void sbi_set_timer(uint64_t time_ticks);
void sbi_send_ipi(uint64_t hart_id);
int64_t sbi_hart_start(uint64_t hart_id, paddr_t entry); // 0 or an SBI error
void sbi_shutdown(bool failed); // returns when it cannot
