# SPDX-License-Identifier: MIT
# The page-table part of arch/riscv: included by the CMakeLists.txt here.
target_sources(kernel PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/pagetable.c
  ${CMAKE_CURRENT_LIST_DIR}/pagetable_walk.c
  ${CMAKE_CURRENT_LIST_DIR}/pagetable_lend.c
  ${CMAKE_CURRENT_LIST_DIR}/tlb.c
  ${CMAKE_CURRENT_LIST_DIR}/usercopy.c
  ${CMAKE_CURRENT_LIST_DIR}/usercopy.S)
