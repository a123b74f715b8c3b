#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boot Kine in QEMU: the engine of `./kine run` and `./kine debug`, and of every test that boots.

The verdict is QEMU's exit status, which the kernel chooses through the test finisher: the status of the
command, PANIC after a panic, HANG when the deadline (virtual time) passed. With -c the console carries the
firmware's banner, then a line with the record separator alone, then nothing but what the command prints."""
import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import counters
import image
import symbols

ROOT = pathlib.Path(__file__).resolve().parent.parent
PANIC, HANG, WALL = 101, 102, 103
MARK = re.compile(rb"\x1e\r?\n")
EPOCH = "2024-01-01T00:00:00"
SHIFTS = {"": 0, "K": 10, "M": 20, "G": 30}
BOOT_ARGUMENTS = 1023  # bytes that the kernel keeps: machine.boot_arguments
PLAIN = "".join(map(chr, range(ord("!"), ord("~") + 1))).replace("%", "")  # what cmd= takes as it is
RAM_DISK_MEMORY = 40 << 20  # QEMU puts its 16 MiB half of memory above the kernel, and the device tree behind


def presets() -> list:
    """What there is to configure and to boot."""
    listed = json.loads((ROOT / "CMakePresets.json").read_text(encoding="utf-8"))["configurePresets"]
    return [preset["name"] for preset in listed if not preset.get("hidden")]


def parse(arguments: list) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="kine", description="Boot Kine in QEMU.")
    parser.add_argument("verb", choices=("run", "debug"))
    parser.add_argument("-c", dest="command", metavar="CMD",
                        help="run CMD, print its output, exit with its status")
    parser.add_argument("--harts", type=int, default=4, metavar="N")
    parser.add_argument("--mem", default="128M", metavar="SIZE")
    parser.add_argument("--cpu", default="rv64", metavar="MODEL[,v=true...]", help="as QEMU's -cpu")
    parser.add_argument("--swap", metavar="SIZE", help="a second disk of this size (K, M or G) to swap to")
    parser.add_argument("--with", dest="files", action="append", default=[], metavar="FILE[:PATH]")
    parser.add_argument("--xv6", nargs="?", const="", metavar="FILE.c[,FILE.c...]",
                        help="a disk as xv6 has it, and on it these programs of a course")
    parser.add_argument("--icount", action="store_true", help="virtual time = executed instructions")
    parser.add_argument("--seed", type=int, metavar="N", help="repeatable interleaving number N")
    parser.add_argument("--append", action="append", default=[], metavar="ARGS", help="more boot arguments")
    parser.add_argument("--disk", metavar="IMG", help="use IMG (made when absent) and keep it")
    parser.add_argument("--no-disk", action="store_true", help="boot without any root file system")
    parser.add_argument("--log", action="store_true", help="no command: print the whole console, read no input")
    parser.add_argument("--deadline", type=int, metavar="S", help="a hang after S s of virtual time")
    parser.add_argument("--wall", type=int, default=3600, metavar="S", help="last resort, -c and --log only")
    parser.add_argument("--preset", default="debug", choices=presets())
    parser.add_argument("--build", type=pathlib.Path, metavar="DIR", help="boot what DIR holds as it is")
    options = parser.parse_args(arguments)
    options.batch = options.command is not None or options.log
    if options.seed is not None and (options.disk or not (options.batch or options.verb == "debug")):
        parser.error("--seed repeats only without --disk and without a keyboard: add -c CMD")
    if options.deadline is None:
        slow = options.icount or options.seed is not None  # a virtual second takes several real ones
        options.deadline = 0 if not options.batch else 60 if slow else 600
    return options


def build(preset: str) -> pathlib.Path:
    """Configure once, then bring kernel and images up to date; talk only when that fails."""
    folder = ROOT / "build" / preset
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        commands = [["cmake", "--build", "--preset", preset, "--target", "bootable"]]
        if not (folder / "build.ninja").exists():
            print(f"kine: building preset {preset} for the first time", file=sys.stderr)
            commands.insert(0, ["cmake", "--preset", preset])
        for command in commands:
            done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
            if done.returncode:
                sys.stderr.buffer.write(done.stdout)
                sys.exit(f"kine: {' '.join(command)} failed")
    return folder


def root_in_memory(options: argparse.Namespace) -> bool:
    """Under -icount a disk does not repeat, and while the guest waits for it virtual time runs ahead."""
    return (options.icount or options.seed is not None) and not options.disk


def prepare_image(options: argparse.Namespace, folder: str) -> str:
    """The file system of this run: a copy of the built one (or the user's own) with the --with files in it."""
    name = "xv6.img" if options.xv6 is not None else "ram.img" if root_in_memory(options) else "disk.img"
    base = options.build / name
    target = options.disk or os.path.join(folder, "root.img")
    if not os.path.exists(target):
        image.call(["cp", "--sparse=always", "--reflink=auto", str(base), target])
    for item in options.files:
        host, colon, guest = item.rpartition(":")
        if not colon or not guest.startswith("/"):
            host, guest = item, ""
        if not guest:
            guest = "/bin/" if os.access(host, os.X_OK) else "/"
        image.add(target, host, guest + os.path.basename(host) if guest.endswith("/") else guest)
    for source in filter(None, (options.xv6 or "").split(",")):
        name = pathlib.Path(source).stem
        program = os.path.join(folder, name)
        if subprocess.run([ROOT / "tools/xv6-cc", source, "-o", program], check=False).returncode:
            raise image.ImageError(f"--xv6 {source}: not compiled")
        image.add(target, program, "/" + name)
    return target


def bytes_of(option: str, size: str, unit: str) -> int:
    """SIZE as the command line has it, in UNIT when it names none."""
    digits, unit = (size[:-1], size[-1:].upper()) if size[-1:].isalpha() else (size, unit)
    if not re.fullmatch("[0-9]+", digits) or unit not in SHIFTS:
        raise image.ImageError(f"{option} {size}: a number, and K, M or G")
    return int(digits) << SHIFTS[unit]


def prepare_swap(size: str, folder: str) -> str:
    """A disk with the header that mkswap of this machine writes."""
    target = os.path.join(folder, "swap.img")
    with open(target, "wb") as disk:
        disk.truncate(bytes_of("--swap", size, ""))
    done = subprocess.run(["mkswap", target], capture_output=True, text=True, check=False)
    if done.returncode:
        raise image.ImageError(f"mkswap: {done.stderr.strip()}")
    return target


def boot_arguments(options: argparse.Namespace, disks: list) -> str:
    """All words for the kernel; DISKS are those that say where the file systems lie. The command, which may be long, is
    the last, and a line that the kernel would cut is refused."""
    words = " ".join(options.append).split() + disks  # first: of two values for a name the kernel takes the first
    command = options.command
    if options.xv6 is not None:  # where a course's programs lie and run is /
        command = "PATH=/:/bin; " + ("exec sh" if command is None else command)
    if options.command is not None:
        words += ["quiet", "mark=1", "console=raw"]
    if options.deadline:
        words.append(f"deadline={options.deadline}")
    if options.seed is not None:
        words.append(f"seed={options.seed}")
    if command is not None:
        words.append("cmd=" + urllib.parse.quote(command, safe=PLAIN))
    line = " ".join(words)
    over = len(os.fsencode(line)) - BOOT_ARGUMENTS
    if over > 0:
        raise image.ImageError(f"-c and --append: {over} bytes more than the {BOOT_ARGUMENTS} for the kernel "
                               "(a blank in a command takes 3); a script comes in by --with")
    return line


def qemu(options: argparse.Namespace, folder: str) -> list:
    command = ["qemu-system-riscv64", "-M", "virt", "-bios", "default", "-cpu", options.cpu,
               "-m", options.mem, "-smp", str(options.harts), "-no-reboot", "-kernel", str(options.build / "kine.elf"),
               "-global", "virtio-mmio.force-legacy=false"]
    if options.counters:
        command += counters.memory(folder, options.mem)
    if options.icount or options.seed is not None:
        command += ["-icount", "shift=0,sleep=off", "-rtc", f"base={EPOCH},clock=vm",
                    "-seed", str(options.seed or 0)]
    disks = []
    if not options.no_disk:
        root = prepare_image(options, folder)
        if root_in_memory(options):
            swap_bytes = bytes_of("--swap", options.swap, "") if options.swap else 0
            least = RAM_DISK_MEMORY + 2 * swap_bytes  # for what lies above half of memory
            if bytes_of("--mem", options.mem, "M") < least:
                raise image.ImageError("--icount and --seed keep the file system in memory: "
                                       f"--mem {-(-least >> 20)}M at least")
            if options.swap:  # a disk does not repeat: behind the root in the same piece of memory
                disks = [f"ram0={os.path.getsize(root)}", "swap=ram1"]
                swap = pathlib.Path(prepare_swap(options.swap, folder))
                with open(root, "ab") as both:
                    both.write(swap.read_bytes())
            command += ["-initrd", root]
        else:
            cache = "" if options.disk else ",cache=unsafe"
            command += ["-drive", f"file={root},if=none,format=raw,id=root{cache}",
                        "-device", "virtio-blk-device,drive=root"]
    if options.swap and not root_in_memory(options):
        disks = ["swap=vdb"]
        command += ["-drive", f"file={prepare_swap(options.swap, folder)},if=none,format=raw,id=swap,cache=unsafe",
                    "-device", "virtio-blk-device,drive=swap"]
    return command + ["-append", boot_arguments(options, disks)]


def die_with_parent() -> None:
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: no QEMU outlives a killed runner


SILENT = ["-display", "none", "-monitor", "none", "-serial", "stdio"]


def where_is_everybody(path: str, elf: pathlib.Path) -> str:
    """Every hart's pc, asked over QMP: what is left when the kernel could not report its own hang."""
    with socket.socket(socket.AF_UNIX) as qmp:
        qmp.settimeout(10)
        qmp.connect(path)
        replies = qmp.makefile("rw", encoding="utf-8")
        replies.readline()
        text = ""
        registers = {"command-line": "info registers -a"}
        for request in ({"execute": "qmp_capabilities"},
                        {"execute": "human-monitor-command", "arguments": registers}):
            replies.write(json.dumps(request) + "\n")
            replies.flush()
            while True:
                reply = json.loads(replies.readline())
                if "event" not in reply:
                    break
            text = str(reply.get("return", reply))
    table = symbols.functions(str(elf))
    found = re.findall(r"CPU#(\d+).*?\bpc +([0-9a-f]+).*? x1/ra +([0-9a-f]+)", text, re.DOTALL)
    return "\n".join(f"  hart {hart}: pc {pc} {symbols.describe(table, int(pc, 16))},"
                     f" ra {ra} {symbols.describe(table, int(ra, 16))}" for hart, pc, ra in found) or text


def name_lines(console: str, elf: pathlib.Path) -> None:
    """File and line of every place the kernel has printed as `by ADDRESS function+0xNN`, in that order, once each.

    An address is where a call returns to: a byte back is in the call."""
    places = dict(re.findall(r" by ([0-9a-f]{16}) (\S+\+0x[0-9a-f]+)", console))
    if not places:
        return
    done = subprocess.run(["llvm-symbolizer", "--output-style=JSON", f"--obj={elf}",
                           *(hex(int(pc, 16) - 1) for pc in places)], capture_output=True, text=True, check=False)
    for place, found in zip(places.values(), json.loads(done.stdout or "[]")):
        calls = [f"{os.path.relpath(call['FileName'], ROOT)}:{call['Line'] or call['StartLine']}"
                 for call in found["Symbol"] if call["FileName"]]
        print(f"  {place}  {' inlined at '.join(calls)}", file=sys.stderr)


def relay(machine: subprocess.Popen, options: argparse.Namespace, qmp: str) -> tuple:
    """Pass the console on from the mark; (mark seen, last 64 KiB, out of wall time)."""
    marked, kept, deadline = options.log, b"", time.monotonic() + options.wall
    while True:
        ready, _, _ = select.select([machine.stdout], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            print("\nkine: out of wall time; the harts are at", file=sys.stderr)
            with contextlib.suppress(OSError):
                print(where_is_everybody(qmp, options.build / "kine.elf"), file=sys.stderr)
            machine.kill()
            return marked, kept, True
        data = os.read(machine.stdout.fileno(), 65536)
        if not data:
            return marked, kept, False
        if not marked:
            kept += data
            mark = MARK.search(kept)
            if not mark:
                continue
            marked, data, kept = True, kept[mark.end():], b""
        kept = (kept + data)[-65536:]
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def run_batch(options: argparse.Namespace, folder: str) -> int:
    qmp = os.path.join(folder, "qmp")
    command = qemu(options, folder) + SILENT + ["-qmp", f"unix:{qmp},server=on,wait=off"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          preexec_fn=die_with_parent) as machine:
        try:
            marked, kept, late = relay(machine, options, qmp)
            status = WALL if late else machine.wait()
        finally:
            machine.kill()
    if not marked:
        sys.stderr.buffer.write(kept)
        print(f"\nkine: the kernel did not reach init (status {status})", file=sys.stderr)
        name_lines(kept.decode(errors="replace"), options.build / "kine.elf")
        return status or 1
    if status == PANIC and b"panic" in kept:
        print("kine: kernel panic", file=sys.stderr)
    if status == HANG and b"deadline" in kept:
        print(f"kine: a hang: {options.deadline} s of virtual time passed", file=sys.stderr)
    if status in (PANIC, HANG):
        name_lines(kept.decode(errors="replace"), options.build / "kine.elf")
    return status


def run_interactive(options: argparse.Namespace, folder: str) -> int:
    """A terminal goes straight to QEMU; piped input is passed on, and after its end the machine goes off."""
    command = qemu(options, folder)
    if sys.stdin.isatty():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return subprocess.run(command + ["-nographic"], check=False).returncode
    with subprocess.Popen(command + SILENT, stdin=subprocess.PIPE, preexec_fn=die_with_parent) as machine:
        def feed() -> None:
            with contextlib.suppress(BrokenPipeError):
                machine.stdin.write(b"\x7f")  # firmware throws a byte that it finds away; nobody minds this one
                machine.stdin.flush()
                while data := os.read(sys.stdin.fileno(), 4096):
                    machine.stdin.write(data)
                    machine.stdin.flush()
                machine.stdin.write(b"\x04poweroff\n")  # end of file for whoever reads, then for the shell
                machine.stdin.flush()
        threading.Thread(target=feed, daemon=True).start()
        try:
            return machine.wait()
        finally:
            machine.kill()


def run_debug(options: argparse.Namespace, folder: str) -> int:
    """QEMU halted, its console on this terminal, gdb in front."""
    gdb = os.path.join(folder, "gdb")
    command = qemu(options, folder) + SILENT + ["-S", "-gdb", f"unix:{gdb},server=on,wait=off"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True,
                          preexec_fn=die_with_parent) as machine:
        try:
            while not os.path.exists(gdb) and machine.poll() is None:
                time.sleep(0.02)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            return subprocess.run(["gdb-multiarch", "-q", str(options.build / "kine.elf"),
                                   "-ex", f"source {ROOT}/tools/gdb/kine.py", "-ex", f"target remote {gdb}"],
                                  check=False).returncode
        finally:
            machine.kill()


def main() -> int:
    options = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if options.build and not (options.build / "kine.elf").is_file():
        sys.exit(f"kine: --build {options.build}: there is no kine.elf")
    options.build = options.build or build(options.preset)
    options.counters = os.environ.get("KINE_COVERAGE")
    mode = run_debug if options.verb == "debug" else run_batch if options.batch else run_interactive
    try:
        with tempfile.TemporaryDirectory(prefix="kine-") as folder:
            try:
                return mode(options, folder)
            finally:
                if options.counters and os.path.exists(os.path.join(folder, "ram")):
                    counters.deliver(folder, options.build / "kine.elf", options.counters)
    except BrokenPipeError:  # whoever read has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except (image.ImageError, OSError) as error:
        print(f"kine: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
