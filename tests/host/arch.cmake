# SPDX-License-Identifier: MIT
# The parts of arch/riscv that read input from outside.
set(below_fdt tests/host/fdt_blob.c arch/riscv/fdt.c lib/format.c lib/lockrank.c lib/log.c lib/spinlock.c lib/wait.c
  tests/host/fake_sched.c)
kine_host_test(fdt tests/host/test_fdt.c ${below_fdt})
kine_host_test(machine tests/host/test_machine.c tests/host/machine_world.c arch/riscv/machine.c ${below_fdt})
