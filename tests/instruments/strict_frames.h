// SPDX-License-Identifier: MIT
#pragma once

// The page is freed, and leaves the direct map of this hart; or comes back. => it belongs to the caller alone
void strict_withdraw(const void *page), strict_give_back(const void *page);
