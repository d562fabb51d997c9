# SPDX-License-Identifier: BSD-2-Clause
"""Secure Boot: what starts with it and what does not, and what the TPM gets to know (docs/secure-boot.md)."""
import hashlib
import os
import subprocess

import tpm
from machines import ARCHES, MACHINES, REFUSED
from qemu import BUILD, Machine, mtools, sha256_of
from test_linux import on

RETURNED = "Nothing was changed; returning to the firmware."
UNNAMED = "is not in the signed image's configuration"
STARTED = "HELLO: done"
LOCKED = "secureboot: Secure boot enabled"
WORDS = "console=ttyS0 panic=-1"


def hello(arch):
    return f"kernels/{arch}/hello.elf"


def secure(arch, config, embedded=(), **rest):
    return Machine(arch, 512, config, secure=True, embedded=embedded, **rest)


SECURE = {}
for each in ARCHES:
    PATH = f"/kernels/{each}/hello.elf"
    ON_STICK, NAMED = f"kernel = {PATH}", f"sha256 = @{hello(each)}"
    SECURE |= {
        f"{each}-secure-named": secure(each, (ON_STICK,), (NAMED,), until=STARTED, tpm=True),
        f"{each}-secure-embedded": secure(
            each, ("kernel = /none", "cmdline = nonsense", "sha256 = 00", "pae = off", "serial = 0xb2", "numa = off"),
            (NAMED, ON_STICK, "cmdline = poweroff"), tpm=True),
        f"{each}-secure-no-kernel": secure(each, ("after = poweroff",)),
        f"{each}-secure-unnamed": secure(each, (ON_STICK,), until=REFUSED),
        f"{each}-secure-spoiled": secure(each, (ON_STICK,), (NAMED,), until=REFUSED,
                                         files=((hello(each), PATH, "spoiled"),), tpm=True),
        f"{each}-secure-initrd": secure(
            each, (ON_STICK, "initrd = /i"), (NAMED, f"sha256 = @{each}/bootmem.efi"), until=STARTED, tpm=True,
            files=((f"{each}/bootmem.efi", "/i"),)),
        f"{each}-secure-wrong-initrd": secure(
            each, (ON_STICK, "initrd = /i"), (NAMED, f"sha256 = @{each}/bootmem.efi"), until=REFUSED,
            files=((f"{each}/bootmem.efi", "/i", "spoiled"),)),
        f"{each}-secure-cmdline": secure(each, (ON_STICK, "cmdline = poweroff"), (NAMED,), until=REFUSED),
        f"{each}-insecure-tpm": Machine(each, 512, (ON_STICK, "cmdline = poweroff"), tpm=True),
        f"{each}-insecure-words": Machine(each, 512, (ON_STICK,), tpm=True,
                                          shell=("fs0:\\bootmem.efi numa=off cmdline=poweroff",)),
    }
    LINUX = ("kernel = /vmlinuz", "initrd = /initrd", f"cmdline = {WORDS}", "after = poweroff")
    NAMES_INITRD = (f"sha256 = @oracle/initrd-{each}",)

    def linux(kernel_how, initrd_how=(), embedded=(), arch=each, **rest):
        return secure(arch, LINUX, embedded, seconds=400, files=(
            (f"oracle/vmlinuz-{arch}", "/vmlinuz", *kernel_how), (f"oracle/initrd-{arch}", "/initrd", *initrd_how)), **rest)

    SECURE |= {
        f"{each}-secure-linux": linux(("signed",), tpm=True, keep=("file",)),
        f"{each}-secure-linux-pinned": linux(("signed",), (), NAMES_INITRD, until=LOCKED),
        f"{each}-secure-linux-other-key": linux((), until=REFUSED),
        f"{each}-secure-linux-spoiled": linux(("signed", "spoiled"), until=REFUSED),
        f"{each}-secure-linux-wrong-initrd": linux(("signed",), ("spoiled",), NAMES_INITRD, until=REFUSED),
    }
MACHINES |= SECURE


def some(*names):
    return on(*[f"{arch}-{name}" for arch in ARCHES for name in names])


def refused(run, *words):
    """The sentence, the way back, and a firmware that goes on."""
    assert run.end == "until" and RETURNED in run.serial
    assert "Leaving the firmware" not in run.serial and "did not take" not in run.serial
    for text in words:
        assert text in run.serial


# --- the application ------------------------------------------------------------------------------------


@some("secure-no-kernel")
def test_signed_application_starts(run):
    assert run.end == "guest-shutdown" and run.report()["stage"] == "booted"


@some("secure-embedded")
def test_signed_configuration_wins(run):
    """Nothing that could harm comes from the stick, each line of it is named, and what can't harm is taken."""
    assert run.end == "guest-shutdown" and STARTED in run.serial
    for number, key in enumerate(("kernel", "cmdline", "sha256", "pae", "serial"), 1):
        assert f"bootmem.conf:{number}: {key} ignored: only the configuration in the signed image may say this" in run.lines
    kernel = f"/kernels/{run.machine.arch}/hello.elf"
    assert run.report()["input"]["options"] == f'kernel="{kernel}" cmdline="poweroff" numa=off'


def test_make_sign(tmp_path):
    """Both applications and the stick, with a key of one's own, the configuration inside."""
    def make(*words):
        environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        return subprocess.run(["make", "-s", "sign", *words], cwd=BUILD.parent, env=environment, capture_output=True, text=True)

    key, certificate, config = (tmp_path / name for name in ("key", "certificate", "config"))
    config.write_bytes(b"cmdline = quiet\n")
    subprocess.run(["openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test/",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    assert make(f"KEY={key}").returncode != 0
    assert make(f"KEY={key}", f"CERT={certificate}", f"CONFIG={tmp_path}/none").returncode != 0
    made = make(f"KEY={key}", f"CERT={certificate}", f"CONFIG={config}")
    assert made.returncode == 0, made.stderr
    for arch, name in (("x86_64", "BOOTX64.EFI"), ("i386", "BOOTIA32.EFI")):
        application = BUILD / "signed" / arch / "bootmem.efi"
        subprocess.run(["sbverify", "--cert", certificate, application], check=True, capture_output=True)
        mtools("mcopy", "-o", "-i", f"{BUILD}/signed/bootmem.img@@1M", f"::/EFI/BOOT/{name}", tmp_path / "stick")
        assert (tmp_path / "stick").read_bytes() == application.read_bytes()
        assert config.read_bytes() in application.read_bytes()


# --- kernels and initrds --------------------------------------------------------------------------------


@some("secure-named", "secure-initrd")
def test_named_files_start(run):
    assert run.end == "until" and STARTED in run.serial


@some("secure-unnamed", "secure-spoiled")
def test_other_files_do_not_start(run):
    arch = run.machine.arch
    refused(run, f"handoff: /kernels/{arch}/hello.elf is refused, as Secure Boot is on: it is no PE image", UNNAMED)
    assert (f"sha256 = {sha256_of(hello(arch))}" in run.serial) == (not run.machine.embedded)


@some("secure-wrong-initrd", "secure-linux-wrong-initrd")
def test_other_initrds_do_not_start(run):
    refused(run, "is refused, as Secure Boot is on", run.machine.files[-1][1], UNNAMED)


@some("secure-cmdline")
def test_named_kernel_does_not_take_a_cmdline_from_the_stick(run):
    refused(run, "handoff: cmdline is refused, as Secure Boot is on")


@some("secure-linux")
def test_signed_kernel_starts(run):
    """To the end of its user space: with no hash named, initrd and command line may be the stick's. Linux knows."""
    assert run.end == "guest-shutdown"
    for text in (LOCKED, f"Kernel command line: {WORDS}", "=== end"):
        assert text in run.serial


@some("secure-linux-pinned")
def test_signed_kernel_starts_with_the_named_initrd(run):
    assert run.end == "until"


@some("secure-linux-other-key", "secure-linux-spoiled")
def test_other_signatures_do_not_start(run):
    refused(run, "handoff: /vmlinuz is refused, as Secure Boot is on: it has no signature that the firmware accepts",
            UNNAMED)


# --- the TPM --------------------------------------------------------------------------------------------


def digest(data):
    return hashlib.sha256(data).digest()


def load_options(run):
    """What follows the application's name in the shell."""
    return run.machine.shell[0].split(" ", 1)[1] if run.machine.shell else ""


def said(run, key):
    """The option's value where it is trusted, else on the stick."""
    words = [word.replace("=", " = ") for word in load_options(run).split()]
    for lines in (run.machine.embedded, words, run.machine.config):
        values = [line.split(" = ", 1)[1] for line in lines if line.startswith(key + " = ")]
        if values:
            return values[-1]
    return ""


def contents(run, path):
    """Of the file that is on the stick under this name."""
    if "file" in run.kept and path == run.machine.files[0][1]:
        return run.kept["file"]
    return (BUILD / next((source for source, to, *_ in run.machine.files if to == path), path[1:])).read_bytes()


@some("secure-named", "secure-embedded", "secure-initrd", "secure-linux", "insecure-tpm", "insecure-words")
def test_what_is_used_is_measured(run):
    """The TPM's own registers against what hashlib makes of the files; with Secure Boot and without."""
    texts = ["\n".join(run.machine.config) + "\n", load_options(run), said(run, "cmdline")]
    files = [said(run, "kernel"), said(run, "initrd")]
    assert run.registers[8] == tpm.extended(*[digest(text.encode()) for text in texts if text])
    assert run.registers[9] == tpm.extended(*[digest(contents(run, path)) for path in files if path])


@some("secure-spoiled")
def test_what_is_refused_is_not_measured(run):
    assert run.registers[8] != bytes(32) and run.registers[9] == bytes(32)
