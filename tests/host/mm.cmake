# SPDX-License-Identifier: MIT
# mm/ on the host: alone where that is possible, else on the fake machine with the real page tables.
set(mm_sources mm/advise.c mm/audit.c mm/decide.c mm/fault.c mm/fork.c mm/frame.c mm/map.c mm/object.c mm/reclaim.c
  mm/reclaim_spaces.c mm/region.c mm/remap.c mm/reverse.c mm/slab.c mm/space.c mm/swap.c mm/policy/cow.c mm/policy/mega.c mm/policy/share.c
  mm/policy/spurious.c mm/policy/stack.c mm/policy/swap.c mm/policy/upgrade.c mm/policy/zero.c)
set(mm_below arch/riscv/pagetable.c arch/riscv/pagetable_walk.c arch/riscv/pagetable_lend.c arch/riscv/pagetable_mega.c arch/riscv/pagetable_move.c
  arch/riscv/pagetable_reclaim.c arch/riscv/tlb.c
  lib/format.c lib/lockrank.c lib/log.c lib/radix.c lib/rbtree.c lib/rounds.c lib/sleeplock.c lib/spinlock.c lib/wait.c
  tests/host/fake_frames.c tests/host/fake_machine.c tests/host/fake_sched.c tests/host/fake_mm.c)
set(mm_wraps -Wl,--wrap=frame_put,--wrap=frame_free,--wrap=frame_alloc,--wrap=slab_alloc)

foreach(size small large) # of the machine
  kine_host_objects(mm-${size} ${mm_sources} ${mm_below})
  target_compile_definitions(mm-${size} PUBLIC KINE_OPTION_SWAP=1 KINE_OPTION_MEGAPAGE=1)
endforeach()
target_compile_definitions(mm-large PUBLIC HELD_MOST=32768 FAKE_RAM_FRAMES=4096)

function(kine_mm_test name size)
  kine_host_test(mm-${name} tests/host/test_${name}.c ${ARGN})
  target_link_libraries(host-mm-${name} PRIVATE mm-${size})
  target_link_options(host-mm-${name} PRIVATE ${mm_wraps})
endfunction()

kine_host_test(mm-decide tests/host/test_decide.c mm/decide.c)
kine_host_test(fault-doc tests/host/test_fault_doc.c mm/decide.c ARGUMENTS ${top}/docs/FAULT.md)
add_test(NAME host.fault-doc-stale COMMAND host-fault-doc ${top}/docs/MAP.md) # a document without the table
set_tests_properties(host.fault-doc-stale PROPERTIES LABELS host WILL_FAIL ON)
kine_host_test(mm-frame tests/host/test_frame.c mm/frame.c lib/format.c lib/lockrank.c lib/log.c lib/spinlock.c lib/wait.c
  tests/host/fake_sched.c INCLUDE tests/host/fake)
kine_mm_test(slab small)
kine_mm_test(region small)
kine_mm_test(object small)
kine_mm_test(fault small)
kine_mm_test(mega large)
kine_mm_test(fault_random small tests/host/mm_oracle.c)
kine_mm_test(space small)
kine_mm_test(shared small)
kine_mm_test(around small)
kine_mm_test(remap small)
kine_mm_test(swap small)
kine_mm_test(swap_random small)
kine_mm_test(swap_reach small)
kine_mm_test(swapon small fs/swap.c dev/block.c)
