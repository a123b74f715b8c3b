#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""boot.py TEST [ARGUMENTS]: the tests that boot, other than the plain guest programs. Each function is one."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from harness import BUILD, HANG, PANIC, TOP, WALL, Dialogue, Failure, audited, check_ktap, kine, report

BANNER_END = re.compile(r"^Boot HART MEDELEG.*\n", re.MULTILINE)


def host(*command) -> str:
    """A program of this machine; its output, or the end of the test."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"{command}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


# ---- booting, and what comes out of it ----

def kernel_tests(harts: str) -> None:
    check_ktap(kine("--harts", harts, "--log", "--append", "test=kernel").expect_status(0))


def boots(harts: str) -> None:
    timing = ["--icount"] if int(harts) > 8 else []  # so many threads starve each other on a small host
    result = kine("--harts", harts, *timing, "-c", audited("echo booted > /dev/null")).expect_status(0)
    result.expect("exact" in result.out, "the audit says exact")


def exit_status() -> None:
    kine("-c", "exit 42").expect_status(42)
    lines = kine("-c", "seq 1 5 > l; tail -2 l; head -1 l; tail -n 1 l").expect_status(0)
    lines.expect(lines.out.split() == ["4", "5", "1", "5"], "head and tail take -LINES")
    result = kine("-c", "echo 'two  spaces'; nosuchcommand").expect_status(127)
    result.expect(result.out.startswith("two  spaces\n"), "the output of the command, from its first byte")


def long_command() -> None:
    """A command of the greatest length arrives whole, with its seed and deadline; one byte more is refused."""
    head, tail = "echo ", "; exit 7"
    given = "quiet mark=1 console=raw deadline=5 seed=3 cmd="
    word = "x" * (1023 - len(given) - len(head + tail) - 2 * (head + tail).count(" "))
    result = kine("--seed", "3", "--deadline", "5", "-c", head + word + tail).expect_status(7)
    result.expect(result.out == word + "\n", "the whole word")
    result = kine("--seed", "3", "--deadline", "5", "-c", head + word + "x" + tail).expect_status(1)
    result.expect(result.out == "" and result.err.count("\n") == 1 and " 1 bytes more" in result.err, "one line about it")


def exact_bytes() -> None:
    """--with and the raw console lose and add nothing: every byte value, and more than one page of them."""
    with tempfile.TemporaryDirectory() as folder:
        blob = pathlib.Path(folder, "blob")
        blob.write_bytes(bytes(range(256)) * 40 + b"no newline at the end")
        command = [sys.executable, TOP / "tools/run.py", "run", "--build", BUILD, "-c", "cat /tmp/x/blob",
                   "--with", f"{blob}:/tmp/x/"]
        came = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=True).stdout
        if came != blob.read_bytes():
            raise Failure(f"{len(came)} bytes came back, {blob.stat().st_size} went in, and they differ")


def names_of_files() -> None:
    """--with takes names with blanks and quotes, and a directory of the image as the place."""
    with tempfile.TemporaryDirectory() as folder:
        odd, plain = pathlib.Path(folder, 'a "b" c'), pathlib.Path(folder, "plain")
        for file in (odd, plain):
            file.write_text(file.name + "\n", encoding="ascii")
        result = kine("--with", odd, "--with", f"{odd}:/new dir/x y", "--with", f"{plain}:/tmp", "--with", f"{plain}:/etc/motd",
                      "-c", "cat '/a \"b\" c' '/new dir/x y' /tmp/plain /etc/motd").expect_status(0)
        result.expect(result.out.splitlines() == [odd.name, odd.name, "plain", "plain"], "all of them are there")
        manifest, new = pathlib.Path(folder, "manifest"), pathlib.Path(folder, "new.img")
        manifest.write_text(f"{odd}:/odd\n{plain}:/plain\n", encoding="ascii")
        host(sys.executable, TOP / "tools/image.py", new, "--mib", "4", "--manifest", manifest)
        if "odd" not in host("debugfs", "-R", "ls /", new).split():
            raise Failure("a manifest with such a name")


def refused_options() -> None:
    """What is told wrongly is refused in one line; and whoever reads may stop reading."""
    for wrong in (("--with", "/tmp"), ("--with", "/nosuch"), ("--disk", "/no/such/disk"), ("--build", "/nosuch"),
                  ("--icount", "--mem", "\N{SUPERSCRIPT TWO}M"), ("--swap", "1T")):
        result = kine(*wrong, "-c", "true").expect_status(1)
        result.expect(result.err.startswith("kine: ") and result.err.count("\n") == 1, f"one line about {wrong}")
    command = [sys.executable, TOP / "tools/run.py", "run", "--build", BUILD, "-c", "while echo y; do :; done"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as runner:
        if runner.stdout.readline() != "y\n":
            raise Failure("nothing to read")
        runner.stdout.close()
        if runner.stderr.read() or runner.wait() != 141:
            raise Failure("no quiet end when nobody reads")


def session() -> None:
    """Piped input: the lines are run, and its end leaves the machine."""
    typed = "echo one two | cat\ncd /tmp && pwd\nfor i in 1 2 3; do echo n$i; done > list; wc -l list\n"
    result = kine(keyboard=typed)
    for line in ("one two", "/tmp", "3 list"):
        result.expect(re.search(rf"^(kine\$ )*{line}\r?$", result.out, re.MULTILINE) is not None, f"a line {line!r}")
    result.expect_status(0)


def keyboard() -> None:
    """A terminal: erase, Ctrl-C ends the foreground command, Ctrl-D is end of file, poweroff leaves."""
    with Dialogue() as terminal:
        terminal.wait("$ ")
        terminal.type("echo wrogn\x7f\x7fng\n").wait("\nwrong\r\n").wait("$ ")
        for key in "\x03\x04":  # what cat says twice it has read: then it runs, and the key is for it
            terminal.type("cat\nline\n").wait("line\r\nline\r\n").type(key).wait("$ ")
        terminal.type("poweroff\n").ends(0)


def swap_unreadable() -> None:
    """QEMU fails the reads of one slot of the swap disk; a wrapper around it rewrites the drive that run.py makes."""
    drive = ("driver=raw,if=none,id=swap,file.driver=blkdebug,file.inject-error.0.event=none,"
             "file.inject-error.0.iotype=read,file.inject-error.0.sector=8000,file.inject-error.0.once=off,file.image.driver=file,file.image.filename=")
    with tempfile.TemporaryDirectory() as folder:
        wrapper = pathlib.Path(folder, "qemu-system-riscv64")
        wrapper.write_text("#!/bin/sh\nfor word; do shift; case $word in file=*/swap.img,*) word=${word#file=};"
                           f" word={drive}${{word%%,*}};; esac; set -- \"$@\" \"$word\"; done\n"
                           f"exec {shutil.which(wrapper.name)} \"$@\"\n", encoding="ascii")
        wrapper.chmod(0o755)
        os.environ["PATH"] = folder + os.pathsep + os.environ["PATH"]
        check_ktap(kine("--mem", "32M", "--swap", "64M", "-c", audited("/test/t_swap bad")).expect_status(0))


def disk_survives() -> None:
    """A session writes; then e2fsck finds nothing, and debugfs reads the same bytes."""
    has_mv = "/bin/mv\n" in pathlib.Path(BUILD, "image.manifest").read_text(encoding="utf-8")  # a course: may not
    move = "mv /root/note /root/a/" if has_mv else "ln /root/note /root/a/note; rm /root/note"
    with tempfile.TemporaryDirectory() as folder:
        disk, back = os.path.join(folder, "disk.img"), os.path.join(folder, "back")
        kine("--disk", disk, keyboard="mkdir -p /root/a/b; cp /bin/sh /root/a/b/sh; ln /root/a/b/sh /root/hard\n"
             "ln -s a/b/sh /root/soft; echo kept > /root/note; echo more >> /root/note; " + move + "\n"
             "cp /bin/ls /root/gone; rm /root/gone; rmdir /tmp/nothing; poweroff\n").expect_status(0)
        disk_is_clean(disk)
        for guest, expected in (("/root/a/note", b"kept\nmore\n"), ("/root/hard", None), ("/root/a/b/sh", None)):
            host("debugfs", "-R", f"dump {guest} {back}", disk)
            host("debugfs", "-R", f"dump /bin/sh {back}.sh", disk)
            if pathlib.Path(back).read_bytes() != (expected or pathlib.Path(back + ".sh").read_bytes()):
                raise Failure(f"{guest} on the disk is not what was written")
        if "a/b/sh" not in host("debugfs", "-R", "stat /root/soft", disk):
            raise Failure("the symbolic link is not on the disk")
        if "note" in host("debugfs", "-R", "ls /root", disk).split():
            raise Failure("the moved file is still at its old place")


def disk_is_clean(disk: str) -> None:
    """It says so, and e2fsck, which then would not look, looks all the same."""
    host("e2fsck", "-fn", disk)
    if not re.search(r"^Filesystem state: +clean$", host("dumpe2fs", "-h", disk), re.MULTILINE):
        raise Failure("the disk is not marked clean")


def busy_at_power_off() -> None:
    """An ordinary end of the machine, by init or by poweroff, while others write, and hold a file that has no name."""
    busy = ("sleep 1000 > /root/held & "
            "for i in 1 2 3 4; do while true; do mkdir /root/d$i; cp /bin/ls /root/d$i/f; rm /root/d$i/f; rmdir /root/d$i;"
            " done & done; sleep 1; rm /root/held")
    with tempfile.TemporaryDirectory() as folder:
        disk = os.path.join(folder, "disk.img")
        kine("--harts", "4", "--disk", disk, "-c", busy).expect_status(0)
        disk_is_clean(disk)
        kine("--harts", "4", "--disk", disk, keyboard=f"rm -rf /root/d1 /root/d2 /root/d3 /root/d4\n{busy}\npoweroff\n").expect_status(0)
        disk_is_clean(disk)


def mapped_bytes_survive() -> None:
    """What msync and fsync have promised is on the disk of a machine that never got to its power-off."""
    with tempfile.TemporaryDirectory() as folder:
        disk, back = os.path.join(folder, "disk.img"), os.path.join(folder, "back")
        with Dialogue("--disk", disk) as terminal:
            terminal.type("/test/t_msync\n").wait("1..2")
        host("debugfs", "-R", f"dump /root/mapped {back}", disk)
        expected = b"".join(letter * 4096 for letter in (b"a", b"B", b"c", b"d", b"e")) + 100 * b"f"
        if pathlib.Path(back).read_bytes() != expected:
            raise Failure("the file on the disk is not what was stored in the mapping")


def glibc_program() -> None:
    """An ordinary Linux program, foreign compiler, static glibc."""
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "hello")
        host("riscv64-linux-gnu-gcc", "-static", "-O2", "-o", program, TOP / "tests/boot/glibc_hello.c")
        for harts in ("1", "4"):
            result = kine("--harts", harts, "--with", program, "-c", audited("hello a b")).expect_status(0)
            result.expect("hello from glibc, 3 arguments, first" in result.out
                          and "child 7, file: child's 3.143\nmemory: parent's\n" in result.out, "what it prints")


def glibc_threads() -> None:
    """The same with glibc's threads; at the end the first thread goes and another ends the process."""
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "threads")
        host("riscv64-linux-gnu-gcc", "-static", "-pthread", "-O2", "-o", program, TOP / "tests/boot/glibc_threads.c")
        for harts in ("1", "4"):
            result = kine("--harts", harts, "--with", program, "-c", audited("threads")).expect_status(5)
            result.expect("all is well\n" in result.out, "what it prints")


def gdb_attaches() -> None:
    command = [sys.executable, str(TOP / "tools/run.py"), "debug", "--build", BUILD, "--harts", "1", "-c", "true"]
    script = ("set width 0\ntasks\nbreak vm_fault\ncontinue\nbacktrace\nwalk $sp\n"
              "delete\nbreak sys_exit_group\ncontinue\ntasks\nkill\n")
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    if not re.search(r"^(\(gdb\) )*#0 +.*vm_fault .*mm/fault\.c", done.stdout, re.MULTILINE):
        raise Failure(f"no backtrace from vm_fault\n{done.stdout}{done.stderr}")
    if not re.search(r"level 0: .* VRW--GAD .*->", done.stdout):
        raise Failure(f"no walk of the kernel stack's page\n{done.stdout}{done.stderr}")
    if not re.search(r"no process exists yet.*pid 1 init\n  tid 1 TASK_PARKED hart 0\n(    .*\n)+    sys_wait4  \S+exit\.c",
                     done.stdout, re.DOTALL):
        raise Failure(f"not told where init sleeps\n{done.stdout}{done.stderr}")


# ---- what cannot boot says so in one line and ends ----

def refuses(pattern: str, *options: str) -> None:
    result = kine("--log", "--append", "quiet", "--deadline", "30", *options)
    said = [line for line in BANNER_END.split(result.out)[-1].splitlines() if line.strip()]
    result.expect(result.status not in (0, HANG, WALL), "a failure of its own, no hang")
    result.expect(len(said) == 1 and re.search(pattern, said[0]) is not None, f"one line about {pattern!r}")


def no_disk() -> None:
    refuses("root", "--no-disk")


def no_init() -> None:
    refuses("/no/such/init", "--append", "quiet init=/no/such/init")


def init_is_not_killed() -> None:
    """No signal ends init, not even one that it earns itself: it writes to a broken pipe, and turns the machine off."""
    result = kine("--log", "--append", "init=/test/t_signal", "--deadline", "30").expect_status(0)
    result.expect("ok 1 - init lives on: Broken pipe" in result.out, "a line of init's")


def broken_superblock() -> None:
    """No magic number; a block size of 2^40; no inodes in a group; more blocks than the disk has."""
    good = pathlib.Path(BUILD, "disk.img").read_bytes()
    for offset, value in ((56, b"\0\0"), (24, b"\x1e\0\0\0"), (40, b"\0\0\0\0"), (4, b"\xff\xff\xff\x7f")):
        with tempfile.NamedTemporaryFile(suffix=".img") as disk:
            disk.write(good)
            disk.seek(1024 + offset)
            disk.write(value)
            disk.flush()
            refuses("ext2|root|superblock", "--disk", disk.name)


def little_memory() -> None:
    refuses("memory", "--mem", "5M")


def no_room_for_ram_disk() -> None:
    result = kine("--icount", "--mem", "39M", "-c", "true").expect_status(1)
    result.expect(result.err == "kine: --icount and --seed keep the file system in memory: --mem 40M at least\n",
                  "one line about --mem")
    kine("--icount", "--mem", "40M", "-c", "true").expect_status(0)
    result = kine("--seed", "1", "--mem", "63M", "--swap", "12M", "-c", "true").expect_status(1)
    result.expect("--mem 64M at least" in result.err, "swap lies there as well")


def swap_behind_ram_disk() -> None:
    swaps = kine("--seed", "1", "--mem", "64M", "--swap", "12M", "-c", "cat /proc/swaps").expect_status(0)
    swaps.expect("ram1" in swaps.out, "swaps to ram1")


def ram_disk_is_cut() -> None:
    """ram0=BYTES of any value: the root is what is left of it, or cannot be mounted."""
    for value in ("18446744073709551615", "18446744073709551616", "-1", "x", ""):
        kine("--icount", "--append", f"ram0={value} swap=ram1", "-c", "true").expect_status(0)
    for value in ("0", "1", "511", "513", "100000"):
        result = kine("--icount", "--log", "--append", f"quiet ram0={value}", "--deadline", "30")
        result.expect(result.status not in (0, PANIC, HANG, WALL), "a failure of its own")
        result.expect("no root file system on ram0" in result.out, "a line about the root")


def no_floating_point() -> None:
    refuses("floating point", "--cpu", "rv64,f=false,d=false")


def hang_is_reported() -> None:
    """Nothing runs, virtual time passes, and the report names every hart; also while the harts are busy."""
    for command in ("sleep 1000", "while true; do true; done"):
        result = kine("--icount", "--harts", "2", "--deadline", "3", "-c", command).expect_status(HANG)
        for hart in ("hart 0", "hart 1"):
            result.expect(re.search(hart + r" .*thread: pid \d+, tid \d+ \((idle|sh|sleep)\)", result.out) is not None,
                          f"a report of {hart} and its thread")
        result.expect("a hang" in result.err, "the word hang")


def stands_still() -> None:
    """A machine that the host has stopped for a while has not hung: its harts are busy again right away."""
    with Dialogue() as terminal:
        terminal.wait("$ ").type("for i in 1 2 3 4; do while true; do true; done & done\n").wait("$ ")
        for _ in range(3):
            terminal.stand_still(11)
            terminal.type("echo al''ive\n").wait("alive")
        terminal.type("poweroff\n").ends(0)


# ---- copy-on-write from user space, the audit, seeds ----

def cowtest(harts: str, fork: str) -> None:
    result = kine("--harts", harts, "--append", f"fork={fork}", "-c", audited("cowtest")).expect_status(0)
    said = re.findall(r"^(\w+): ok", result.out, re.MULTILINE)
    result.expect(said == ["simple", "simple", "three", "three", "three", "file"], "six times ok")


def cowtest_copy(harts: str) -> None:
    """Eager copies of two thirds of memory do not fit: refused with ENOMEM, and the books stay exact."""
    result = kine("--harts", harts, "--append", "fork=copy", "-c", audited("cowtest"))
    result.expect(result.status not in (0, 99, PANIC, HANG, WALL), "a clean failure")
    result.expect(re.search(r"simple: .*(ENOMEM|memory)", result.out) is not None, "ENOMEM from simple")


def audited_command(command: str, harts: str, fork: str) -> None:
    kine("--harts", harts, "--append", f"fork={fork}", "-c", audited(command)).expect_status(0)


def audit_finds_leak() -> None:
    kine("-c", "audit").expect_status(0)
    result = kine("--append", "leak=1", "-c", "audit")
    result.expect(result.status not in (0, PANIC, HANG, WALL) and "mismatch" in result.out, "a leak is found")


def soak_seed(seed: str) -> None:
    """Every second seed lends all leaf tables, also those that are nearly empty, as most are in so small programs."""
    kine("--harts", "4", "--seed", seed, "--append", f"lend_least={int(seed) % 2 * 64}", "-c",
         audited("/test/soak")).expect_status(0)


def storm_seed(seed: str) -> None:
    check_ktap(kine("--harts", "4", "--seed", seed, "-c", audited(f"/test/t_storm {seed}")).expect_status(0))


def threads_seed(program: str, seed: str) -> None:
    check_ktap(kine("--harts", "4", "--seed", seed, "--append", "lend_least=0", "-c",
                    audited(f"/test/{program} {seed}")).expect_status(0))


def storms_seeds(harts: str, first: str, last: str = None) -> None:
    """Short storms, one after the other, up to the first that fails. Every second lends all, every third swaps."""
    for seed in range(int(first), int(last or first) + 1):
        swap = seed % 3 == 0
        check_ktap(kine("--harts", harts, "--seed", seed, "--mem", "64M", *(["--swap", "12M"] if swap else []),
                        "--append", f"lend_least={seed % 2 * 64}", "-c",
                        audited(f"/test/storms {seed} {'swap' if swap else ''}".strip())).expect_status(0))


def callstress_seeds(harts: str, first: str, last: str = None) -> None:
    """Every system call with random arguments; each kind of fork in turn."""
    for seed in range(int(first), int(last or first) + 1):
        fork = ("lend", "cow", "copy")[seed % 3]
        check_ktap(kine("--harts", harts, "--seed", seed, "--mem", "64M", "--append", f"fork={fork} lend_least=0", "-c",
                        audited(f"/test/callstress {seed}")).expect_status(0))


def callstress_disk() -> None:
    """The same on a disk, and e2fsck finds nothing afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        disk = os.path.join(folder, "disk.img")
        check_ktap(kine("--disk", disk, "--mem", "64M", "-c", audited("/test/callstress 77 600")).expect_status(0))
        disk_is_clean(disk)


def mapstress_seed(seed: str) -> None:
    kine("--harts", "4", "--seed", seed, "-c", audited(f"/test/mapstress {seed} 300")).expect_status(0)


def seed_repeats() -> None:
    """The kernel's own trace: the same bytes for the same seed, other bytes for another."""
    first, again, other = (kine("--harts", "4", "--seed", seed, "--append", "trace=1", "-c", "/test/soak")
                           for seed in ("1", "1", "2"))
    first.expect(first.status == 0 and len(first.out) > 1000, "a trace to compare")
    first.expect(first.out == again.out, "the same seed, the same trace")
    first.expect(first.out != other.out, "another seed, another trace")


if __name__ == "__main__":
    sys.exit(report(" ".join(sys.argv[1:]), globals()[sys.argv[1]], *sys.argv[2:]))
