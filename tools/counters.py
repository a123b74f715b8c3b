# SPDX-License-Identifier: MIT
"""The counters of a coverage kernel (tests/instruments/coverage.cmake), taken from the memory of a machine that is off.

With KINE_COVERAGE=DIR in the environment every boot of such a kernel leaves a file in DIR, in the raw format of
LLVM 14 (version 8, InstrProfData.inc): what a native program's run-time library would have written at its end."""
import os
import pathlib
import struct

RAM_START = 0x80000000  # of QEMU's virt
MAGIC = int.from_bytes(b"\xfflprofr\x81", "big")


def sections(image: bytes) -> dict:
    """name: (address, physical address, bytes in the file) of each section of a 64-bit ELF file."""
    programs, headers = struct.unpack_from("<QQ", image, 32)
    program_count, _, count, names = struct.unpack_from("<HHHH", image, 56)
    loads = [struct.unpack_from("<4Q", image, programs + 56 * at + 8) for at in range(program_count)]
    table = [struct.unpack_from("<IIQQQQ", image, headers + 64 * at) for at in range(count)]
    found = {}
    for name, kind, _, address, offset, size in table:
        start = table[names][4] + name
        physical = next((pa + address - va for _, va, pa, held in loads if va <= address < va + held), None)
        found[image[start:image.index(b"\0", start)].decode()] = (
            address, physical, b"" if kind == 8 else image[offset:offset + size])  # 8: SHT_NOBITS
    return found


def memory(folder: str, size: str) -> list:
    """Options that keep the machine's memory in a file, where it can be read when QEMU has exited."""
    return ["-machine", "memory-backend=ram", "-object",
            f"memory-backend-file,id=ram,size={size},mem-path={os.path.join(folder, 'ram')},share=on"]


def deliver(folder: str, elf: pathlib.Path, directory: str) -> None:
    """Write the counters of the machine whose memory lies in FOLDER to a new file in DIRECTORY."""
    found = sections(elf.read_bytes())
    counters_at, physical, initial = found["__llvm_prf_cnts"]
    data_at, _, data = found["__llvm_prf_data"]
    names = found["__llvm_prf_names"]
    with open(os.path.join(folder, "ram"), "rb") as ram:
        ram.seek(physical - RAM_START)
        counters = ram.read(len(initial))
    header = (MAGIC, 8, 0, len(data) // 48, 0, len(counters) // 8, 0, len(names[2]),
              counters_at - data_at & (1 << 64) - 1, names[0], 1)
    target = pathlib.Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    (target / f"{os.path.basename(folder)}.profraw").write_bytes(
        struct.pack("<11Q", *header) + data + counters + names[2] + bytes(-len(names[2]) % 8))
