#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ext2 images: mke2fs fills one from a staging directory, debugfs adds and fixes up single files.

The same input gives the same bytes: fixed UUID, hash seed and times, everything owned by root.
Used by the build (a manifest of HOST:GUEST lines) and, as a module, by run.py (--with)."""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

IDENTITY = "6b696e65-0000-4000-8000-000000000001"
TIME = "1700000000"
FEATURES = "^resize_inode,^dir_index,^ext_attr"
DIRECTORIES = ("bin", "test", "etc", "dev", "proc", "tmp", "root")
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nguest:x:1000:1000:guest:/tmp:/bin/sh\n",
    "etc/group": "root:x:0:\nguest:x:1000:\n",
    "etc/motd": "Kine. Type ls /bin for what there is, poweroff to leave.\n",
}


class ImageError(Exception):
    """What mke2fs or debugfs said, in its own words."""


def call(command: list, **more) -> str:
    env = dict(os.environ, E2FSPROGS_FAKE_TIME=TIME, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False, **more)
    # debugfs reports failure only by talking; a line of it names its version.
    said = [line for line in done.stderr.splitlines() if not line.startswith(("debugfs ", "mke2fs "))]
    if done.returncode or said:
        said = [line.removeprefix(f"{command[0]}: ") for line in said]
        raise ImageError(f"{command[0]}: " + ("; ".join(said) or f"exit status {done.returncode}"))
    return done.stdout


def quoted(name: str) -> str:
    """One word of a debugfs command."""
    if "\n" in name:
        raise ImageError(f"{name!r}: debugfs takes no name of two lines")
    return '"' + name.replace('"', '""') + '"'


def debugfs(image: str, commands: list) -> str:
    return call(["debugfs", "-w", "-f", "-", image], input="\n".join(commands) + "\n")


def create(image: str, mib: int, files: list, block_size: int = 4096, inodes: int = 0) -> None:
    """A new image of MIB MiB holding FILES, pairs (host path, guest path); INODES 0: as many as mke2fs likes."""
    with tempfile.TemporaryDirectory() as staging:
        root = pathlib.Path(staging)
        for name in DIRECTORIES:
            (root / name).mkdir()
        for name, text in FILES.items():
            (root / name).write_text(text, encoding="ascii")
        for host, guest in files:
            target = root / guest.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(host, target)
            if target.open("rb").read(4) == b"\x7fELF":
                subprocess.run(["llvm-strip", "--strip-debug", str(target)], check=True)
        pathlib.Path(image).unlink(missing_ok=True)
        call(["mke2fs", "-q", "-F", "-t", "ext2", "-b", str(block_size), "-I", "128", "-m", "0",
              *(["-N", str(inodes)] if inodes else []),
              "-O", FEATURES, "-U", IDENTITY, "-E", f"hash_seed={IDENTITY},root_owner=0:0", "-d", staging, image, f"{mib}M"])
        paths = ["/"] + sorted("/" + str(path.relative_to(root)) for path in root.rglob("*"))
        fields = ["uid 0", "gid 0"] + [f"{when}time @{TIME}" for when in "acm"]
        debugfs(image, [f"sif {quoted(path)} {field}" for path in paths for field in fields] + ["sif /tmp mode 041777"])


def add(image: str, host: str, guest: str) -> None:
    """Copy the host file HOST to GUEST, or into the directory GUEST, keeping its permission bits; make the directories
    it needs."""
    source = pathlib.Path(host)
    if not source.is_file():
        raise ImageError(f"{host}: not a file")
    there = kind(image, guest)
    if there == "directory":
        guest = os.path.join(guest, source.name)
        there = kind(image, guest)
    folder, name = os.path.split(guest)
    commands, path = [], ""
    for part in folder.strip("/").split("/"):
        path += "/" + part
        if part and not kind(image, path):
            commands.append(f"mkdir {quoted(path)}")
    if there:
        commands.append(f"rm {quoted(guest)}")
    mode = 0o100000 | (source.stat().st_mode & 0o777)
    name = quoted(name)
    commands += [f"cd {quoted(folder)}", f"write {quoted(str(source.resolve()))} {name}", f"sif {name} mode 0{mode:o}",
                 f"sif {name} uid 0", f"sif {name} gid 0"]
    debugfs(image, commands)


def kind(image: str, path: str) -> str:
    """What lies there: directory, regular ...; nothing when nothing does."""
    try:
        found = re.search(r"Type: (\w+)", call(["debugfs", "-R", f"stat {quoted(path)}", image]))
    except ImageError:
        return ""
    return found[1] if found else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image")
    parser.add_argument("--mib", type=int, default=64)
    parser.add_argument("--block-size", type=int, default=4096, choices=(1024, 2048, 4096))
    parser.add_argument("--inodes", type=int, default=0)
    parser.add_argument("--manifest", help="file of HOST:GUEST lines")
    options = parser.parse_args()
    lines = pathlib.Path(options.manifest).read_text(encoding="utf-8").splitlines() if options.manifest else []
    try:
        files = [line.rsplit(":", 1) for line in lines]
        create(options.image, options.mib, files, options.block_size, options.inodes)
    except (ImageError, OSError) as error:
        print(f"image.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
