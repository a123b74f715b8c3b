# SPDX-License-Identifier: MIT
# The page-table part of arch/riscv on the fake machine. Each program runs twice: as the kernel is built by
# default, and strict (leaves start with A=D=0) with the hardware acting between any two atomic accesses.
set(pagetable_sources arch/riscv/pagetable.c arch/riscv/pagetable_walk.c arch/riscv/pagetable_lend.c
  arch/riscv/pagetable_mega.c arch/riscv/pagetable_move.c arch/riscv/tlb.c mm/frame.c lib/format.c lib/lockrank.c lib/log.c lib/spinlock.c lib/wait.c
  tests/host/fake_frames.c tests/host/fake_machine.c
  tests/host/fake_sched.c)
kine_host_objects(pagetable-plain ${pagetable_sources})
kine_host_objects(pagetable-strict ${pagetable_sources})
target_compile_definitions(pagetable-strict PUBLIC KINE_OPTION_STRICT=1)
target_include_directories(pagetable-strict BEFORE PUBLIC ${top}/tests/host/fake_steps)
foreach(kind plain strict)
  target_compile_definitions(pagetable-${kind} PUBLIC KINE_OPTION_MEGAPAGE=1)
  target_link_options(pagetable-${kind} PUBLIC -Wl,--wrap=frame_put,--wrap=frame_free,--wrap=frame_alloc)
endforeach()
foreach(name pagetable pagetable_tables pagetable_random tlb)
  kine_host_test(${name} tests/host/test_${name}.c)
  target_link_libraries(host-${name} PRIVATE pagetable-plain)
  kine_host_test(${name}_strict tests/host/test_${name}.c)
  target_link_libraries(host-${name}_strict PRIVATE pagetable-strict)
endforeach()

# The memory order of tlb.c: threads, and another sanitizer. On some hosts ThreadSanitizer cannot start.
kine_host_test(tlb_threads tests/host/test_tlb_threads.c arch/riscv/tlb.c INCLUDE tests/host/fake_threads)
target_compile_options(host-tlb_threads PRIVATE -fno-sanitize=all -fsanitize=thread)
target_link_options(host-tlb_threads PRIVATE -fno-sanitize=all -fsanitize=thread)
set_tests_properties(host.tlb_threads PROPERTIES SKIP_REGULAR_EXPRESSION "ThreadSanitizer: unexpected memory mapping")
kine_host_test(frame_threads tests/host/test_frame_threads.c INCLUDE tests/host/fake_threads)
