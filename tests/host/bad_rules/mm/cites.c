// SPDX-License-Identifier: MIT
// As docs/LENDING.md, rules 7
// and 8 say. Rule 7.
