// SPDX-License-Identifier: MIT
//
// Registers what proc/ shows under /proc.
#pragma once

void proc_files_init(void);
