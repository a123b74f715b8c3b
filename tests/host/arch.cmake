# SPDX-License-Identifier: MIT
# The parts of arch/riscv that read input from outside.
kine_host_test(fdt tests/host/test_fdt.c arch/riscv/fdt.c arch/riscv/machine.c lib/format.c lib/lockrank.c lib/log.c
  lib/spinlock.c lib/wait.c tests/host/fake_sched.c)
