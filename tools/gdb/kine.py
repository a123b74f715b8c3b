# SPDX-License-Identifier: MIT
"""gdb commands for Kine under QEMU, loaded by `./kine debug`. They read the machine, not the symbols.

walk VA      the sv39 walk for VA from this hart's satp: each PTE, where it lies, its bits and where it points"""
import gdb

FLAGS = "VRWXUGAD"


def physical_u64(address: int) -> int:
    """Eight bytes of physical memory, whatever is mapped: QEMU's stub can switch translation off."""
    gdb.execute("maintenance packet Qqemu.PhyMemMode:1", to_string=True)
    try:
        return int.from_bytes(gdb.selected_inferior().read_memory(address, 8), "little")
    finally:
        gdb.execute("maintenance packet Qqemu.PhyMemMode:0", to_string=True)


class Walk(gdb.Command):
    """walk VA: show the sv39 page-table walk for VA on this hart."""

    def __init__(self) -> None:
        super().__init__("walk", gdb.COMMAND_DATA)

    def invoke(self, argument: str, from_tty: bool) -> None:
        mask = (1 << 64) - 1
        va = int(gdb.parse_and_eval(argument).cast(gdb.lookup_type("unsigned long"))) & mask
        satp = int(gdb.parse_and_eval("(unsigned long)$satp")) & mask
        if satp >> 60 != 8:
            print(f"satp {satp:#x}: not sv39, nothing to walk")
            return
        table = (satp & ((1 << 44) - 1)) << 12
        print(f"va {va:#x} asid {satp >> 44 & 0xffff} root {table:#x}")
        for level in (2, 1, 0):
            slot = table + (va >> (12 + 9 * level) & 511) * 8
            pte = physical_u64(slot)
            bits = "".join(name if pte >> bit & 1 else "-" for bit, name in enumerate(FLAGS))
            table = (pte >> 10 & ((1 << 44) - 1)) << 12
            print(f"  level {level}: [{slot:#x}] = {pte:#018x} {bits} software {pte >> 8 & 3} -> {table:#x}")
            if not pte & 1 or pte & 0xe:
                break


Walk()
