// SPDX-License-Identifier: MIT
//
// Registers what proc/ shows under /proc.

#ifndef PROC_FILES_H
#define PROC_FILES_H

void proc_files_init(void);

#endif
