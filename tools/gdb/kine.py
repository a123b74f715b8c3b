# SPDX-License-Identifier: MIT
"""gdb commands for Kine under QEMU, loaded by `./kine debug`. They read the machine, not the symbols.

walk VA      the sv39 walk for VA from this hart's satp: each PTE, where it lies, its bits and where it points
tasks        every process and its threads; of one that is on no hart, the calls in which it sleeps or waits its turn"""
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


def elements(head: gdb.Value, kind: str, field: str) -> list:
    """What hangs on the list HEAD: structures KIND whose list_node is FIELD."""
    pointer = gdb.lookup_type(kind).pointer()
    offset = int(gdb.parse_and_eval(f"(unsigned long)&((({kind} *)0)->{field})"))
    node, found = head["next"], []
    while node != head.address:
        found.append(gdb.Value(int(node) - offset).cast(pointer).dereference())
        node = node["next"]
    return found


def print_calls(thread: gdb.Value) -> None:
    """The calls of a thread that is switched out. Frame pointers lead there: a frame's last two words are the
    address it returns to and the frame pointer of its caller; trap entry and a thread's beginning set it to 0."""
    unsigned_long = gdb.lookup_type("unsigned long").pointer()
    address, frame = int(thread["context"][0]), int(thread["context"][12])
    while address:
        call = gdb.find_pc_line(address - 1)  # a byte back is in the call
        function = gdb.execute(f"info symbol {address - 1:#x}", to_string=True).split()[0]
        print(f"    {function}  {call.symtab.filename if call.symtab else '?'}:{call.line}")
        if not frame:
            break
        words = gdb.Value(frame - 16).cast(unsigned_long)
        frame, address = int(words[0]), int(words[1])


def print_process(process: gdb.Value) -> None:
    what = " zombie" if process["zombie"] else " ending" if process["ending"] else ""
    print(f"pid {process['pid']} {process['name'].string()}{what}")
    for task in elements(process["threads"], "struct task", "thread_node"):
        state = str(task["state"])
        print(f"  tid {task['tid']} {state} hart {task['home']}")
        if state != "TASK_RUNNING":
            print_calls(task["thread"])
    for child in elements(process["children"], "struct process", "sibling"):
        print_process(child)


class Tasks(gdb.Command):
    """tasks: every process, its threads, and where those sleep that are on no hart."""

    def __init__(self) -> None:
        super().__init__("tasks", gdb.COMMAND_DATA)

    def invoke(self, argument: str, from_tty: bool) -> None:
        try:
            print_process(gdb.parse_and_eval("*init_process"))
        except gdb.MemoryError:
            print("no process exists yet")  # nor may the kernel be mapped


Walk()
Tasks()
