# SPDX-License-Identifier: BSD-2-Clause
"""Boots build/bootmem.img in QEMU and says how it went.

Every run has its own directory, firmware variables and stick, so runs may go on side by side. A run
ends when the machine switches off or resets, when its serial line shows an awaited text, or when its
time is up; only its own QEMU is ended. Software emulation is the default: a /dev/kvm that opens is
no proof that it works (ACCEL=kvm is the user's choice).
"""
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import warnings

import acpi_tables
import tpm

BUILD = pathlib.Path(__file__).resolve().parents[2] / "build"
OVMF = pathlib.Path(os.environ.get("OVMF", "/usr/share/OVMF"))
KEYS = pathlib.Path(os.environ.get("OVMF_KEYS", "/usr/share/ovmf"))
UBOOT = pathlib.Path(os.environ.get("UBOOT", "/usr/lib/u-boot"))
BEGIN = "-----BEGIN BOOTMEM REPORT-----"
END = "-----END BOOTMEM REPORT-----"
POLL_SECONDS = 0.1
MONITOR_SECONDS = 180
MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Machine:
    """What to boot. Memory is in MiB; app replaces the application on the stick; until ends the run when
    the serial line shows it, a text or a pattern; tseg is the SMM memory in MiB; direct gives the application to
    the firmware without a stick, and the configuration as load options; extra are more arguments for
    QEMU; monitor are commands for its monitor once until has been seen; firmware is "ovmf" or "u-boot"; entry
    are the states in which test/entry starts the application; files are more files for the stick, each a path in
    build/ and one on the stick, and then "signed", as the application with secure, and "spoiled", one bit changed; paused
    are commands for the monitor when the guest
    stops itself (pvpanic), after which it goes on; keep names files that such commands write; shell are lines for
    the UEFI shell, which then starts instead of the application and finds it as fs0:\\bootmem.efi; drive is what the
    stick is, a word of DRIVES; free is how many bytes are left on it, where that matters; fetch wants the files in
    \\bootmem and what fsck.fat says about the stick afterwards; spcr, if not null, are arguments of
    acpi_tables.spcr, and COM2's output is kept as "com2"; secure switches Secure Boot on and signs the application for
    it, with the keys that OVMF brings for tests; embedded are lines of a configuration that becomes part of the signed
    application, with @PATH for the SHA-256 of a file in build/; tpm gives the machine one, and keeps the registers that
    it has in the end; reset_at is text on the serial line at which the machine is reset,
    once, and until then counts from there; until_colour ends the run when eight pixels of it are side by side; keys
    are pressed once until has been seen, and
    a picture of the screen is taken before the first and after each."""
    arch: str
    memory: int
    config: tuple | bytes = ("after = poweroff",)  # lines, or the file
    app: str = ""
    machine: str = "q35"
    cpu: str = "max"
    serial: bool = True
    until: str | re.Pattern = ""
    tseg: int = 16
    direct: bool = False
    extra: tuple = ()
    seconds: int = 120
    monitor: tuple = ()
    firmware: str = "ovmf"
    entry: tuple = ()
    files: tuple = ()
    paused: tuple = ()
    keep: tuple = ()
    shell: tuple = ()
    drive: str = "sata"
    free: int = 0
    fetch: bool = False
    spcr: tuple = ()
    secure: bool = False
    embedded: tuple = ()
    tpm: bool = False
    reset_at: str = ""
    keys: tuple = ()
    screen: bool = False
    until_colour: int = -1

    @property
    def ovmf(self):
        """Code, variables, and whether the build needs SMM (the 32-bit one does)."""
        if self.secure:
            # the variables are the same for both builds
            code = {"x86_64": "OVMF_CODE_4M.secboot.fd", "i386": "OVMF32_CODE_4M.secboot.fd"}[self.arch]
            return OVMF / code, OVMF / "OVMF_VARS_4M.snakeoil.fd", "on"
        if self.arch == "i386":
            return OVMF / "OVMF32_CODE_4M.secboot.fd", OVMF / "OVMF32_VARS_4M.fd", "on"
        return OVMF / "OVMF_CODE_4M.fd", OVMF / "OVMF_VARS_4M.fd", "off"

    @property
    def u_boot(self):
        return UBOOT / {"x86_64": "qemu-x86_64", "i386": "qemu-x86"}[self.arch] / "u-boot.rom"


@dataclasses.dataclass
class Run:
    """How it went: end is a QMP shutdown reason ("guest-shutdown", "guest-reset"), "until", "timeout"
    or "exit N" when QEMU ended by itself."""
    machine: Machine
    end: str
    serial: str
    seconds: float
    answers: dict = dataclasses.field(default_factory=dict)
    kept: dict = dataclasses.field(default_factory=dict)
    files: dict = dataclasses.field(default_factory=dict)
    fsck: str = ""
    screens: list = dataclasses.field(default_factory=list)
    registers: dict = dataclasses.field(default_factory=dict)

    @property
    def lines(self):
        return self.serial.replace("\r", "").split("\n")

    def document(self):
        """The JSON document's text; there must be exactly one, between lines of their own."""
        lines = self.lines
        assert lines.count(BEGIN) == 1, "one BEGIN line"
        assert lines.count(END) == 1, "one END line"
        return "\n".join(lines[lines.index(BEGIN) + 1:lines.index(END)])

    def report(self):
        return json.loads(self.document(), parse_constant=lambda word: 1 / 0)

    def text(self):
        """The lines of the text report."""
        lines = self.lines
        starts = [i for i, line in enumerate(lines) if line.startswith("bootmem " + self.machine.arch)]
        assert len(starts) == 1, "one title line"
        return lines[starts[0]:lines.index(BEGIN)]


# What the stick is to the machine; -drive if=none,id=stick comes before.
DRIVES = {
    "usb": ("-device", "qemu-xhci", "-device", "usb-storage,drive=stick"),
    "ehci": ("-device", "usb-ehci", "-device", "usb-storage,drive=stick"),
    "nvme": ("-device", "nvme,drive=stick,serial=stick"),
    "virtio": ("-device", "virtio-blk-pci,drive=stick"),
    "read-only": ("-device", "virtio-blk-pci,drive=stick"),
    "ahci": ("-device", "ahci,id=ahci", "-device", "ide-hd,drive=stick,bus=ahci.0"),
}


def mtools(*command, check=True):
    environment = dict(os.environ, MTOOLS_SKIP_CHECK="1")
    subprocess.run(command, check=check, env=environment, stdin=subprocess.DEVNULL,
                   stderr=None if check else subprocess.DEVNULL)


def put_file(image, source, path):
    for parent in reversed(pathlib.PurePosixPath(path).parents[:-1]):
        mtools("mmd", "-D", "s", "-i", image, f"::{parent}", check=False)  # fails where it is already
    mtools("mcopy", "-o", "-i", image, source, f"::{path}")


def fill_stick(image, directory, free):
    """One file takes all but so many bytes."""
    listing = subprocess.run(["mdir", "-i", image, "::/"], capture_output=True, text=True, check=True).stdout
    left = int(re.search(r"([\d ]+) bytes free", listing)[1].replace(" ", ""))
    with open(directory / "filler", "wb") as file:
        file.truncate(left - free)
    put_file(image, directory / "filler", "/filler")


def snakeoil(directory):
    """The key that OVMF's snakeoil variables accept, without its passphrase, and its certificate."""
    key = directory / "key"
    if not key.exists():
        subprocess.run(["openssl", "rsa", "-in", KEYS / "PkKek-1-snakeoil.key", "-passin", "pass:snakeoil", "-out", key],
                       check=True, capture_output=True)
    return key, KEYS / "PkKek-1-snakeoil.pem"


def sha256_of(path):
    return hashlib.sha256((BUILD / path).read_bytes()).hexdigest()


def signed_application(machine, directory):
    config, signed = "", directory / "signed.efi"
    if machine.embedded:
        config = directory / "embedded.conf"
        config.write_text(re.sub(r"@(\S+)", lambda m: sha256_of(m[1]), "\n".join(machine.embedded)) + "\n")
    subprocess.run([BUILD.parent / "tools/sign.sh", *snakeoil(directory), config,
                    BUILD / machine.arch / "bootmem.efi", signed], check=True)
    return signed


def prepare_file(source, how, directory):
    """The file, or a copy that is signed, spoiled, or both."""
    path = BUILD / source
    if "signed" in how:
        key, certificate = snakeoil(directory)
        subprocess.run(["sbsign", "--key", key, "--cert", certificate, "--output", directory / "file", path],
                       check=True, capture_output=True)
        path = directory / "file"
    if "spoiled" in how:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path = directory / "file"
        path.write_bytes(data)
    return path


def prepare_stick(machine, directory):
    stick = directory / "stick.img"
    subprocess.run(["cp", "--sparse=always", BUILD / "bootmem.img", stick], check=True)
    image = f"{stick}@@1M"
    text = machine.config if isinstance(machine.config, bytes) else ("\n".join(machine.config) + "\n").encode()
    (directory / "bootmem.conf").write_bytes(text)
    put_file(image, directory / "bootmem.conf", "/bootmem.conf")
    first = machine.app
    if machine.entry:
        first = f"test/{machine.arch}/entry.efi"
        second = machine.app or f"{machine.arch}/bootmem.efi"
        (directory / "entry.txt").write_text(" ".join(machine.entry) + "\n")
        put_file(image, directory / "entry.txt", "/entry.txt")
        put_file(image, BUILD / second, "/bootmem.efi")
    name = {"x86_64": "BOOTX64.EFI", "i386": "BOOTIA32.EFI"}[machine.arch]
    if machine.secure:
        put_file(image, signed_application(machine, directory), f"/EFI/BOOT/{name}")
    if first:
        put_file(image, BUILD / first, f"/EFI/BOOT/{name}")
    if machine.shell:
        mtools("mren", "-i", image, f"::/EFI/BOOT/{name}", "::/bootmem.efi")
        (directory / "startup.nsh").write_bytes("".join(f"{line}\r\n" for line in machine.shell).encode())
        put_file(image, directory / "startup.nsh", "/startup.nsh")
    for source, path, *how in machine.files:
        put_file(image, prepare_file(source, how, directory), path)
    if machine.free:
        fill_stick(image, directory, machine.free)
    return stick


def boot_source(machine, directory):
    if machine.direct:
        words = " ".join(line.replace(" ", "") for line in machine.config)
        return ["-kernel", BUILD / machine.arch / "bootmem.efi", "-append", words]
    drive = f"format=raw,file={prepare_stick(machine, directory)}"
    if machine.drive == "sata":
        return ["-drive", drive]
    read_only = ",readonly=on" if machine.drive == "read-only" else ""
    return ["-drive", f"if=none,id=stick,{drive}{read_only}", *DRIVES[machine.drive]]


def board(machine, directory):
    if machine.firmware == "u-boot":
        return ["-machine", machine.machine, "-bios", machine.u_boot]
    code, variables, smm = machine.ovmf
    shutil.copy(variables, directory / "vars.fd")
    return ["-machine", machine.machine + (f",smm={smm}" if machine.machine == "q35" else ""),
            "-global", f"driver=cfi.pflash01,property=secure,value={smm}",
            "-drive", f"if=pflash,unit=0,readonly=on,format=raw,file={code}",
            "-drive", f"if=pflash,unit=1,format=raw,file={directory}/vars.fd",
            "-global", f"mch.extended-tseg-mbytes={machine.tseg}"]


def second_port(machine, directory):
    """COM2, and a table that says what the firmware's console is."""
    if not machine.spcr:
        return []
    (directory / "spcr").write_bytes(acpi_tables.spcr(*machine.spcr))
    return ["-serial", f"file:{directory}/com2", "-acpitable", f"file={directory}/spcr"]


def command_line(machine, directory):
    serial = f"file:{directory}/serial" if machine.serial else "none"
    return ["qemu-system-x86_64", *board(machine, directory), "-accel", os.environ.get("ACCEL", "tcg"),
            "-cpu", machine.cpu, "-m", str(machine.memory), "-display", "none", "-nic", "none",
            "-no-reboot", "-serial", serial, "-monitor", "none", "-qmp", "stdio", *machine.extra] + \
        second_port(machine, directory) + boot_source(machine, directory)


def read_serial(directory):
    path = directory / "serial"
    return path.read_bytes().decode("ascii", errors="replace") if path.exists() else ""


def shutdown_reason(events, status):
    """-no-reboot makes a reset look like a power-off to the outside; QMP tells them apart."""
    for line in events.splitlines():
        event = json.loads(line)
        if event.get("event") == "SHUTDOWN":
            return event["data"]["reason"]
    return f"exit {status}"


def qmp(qemu, **command):
    qemu.stdin.write(json.dumps(command).encode() + b"\n")
    qemu.stdin.flush()


def answers_in(events, commands):
    """Text by monitor command, of those that were answered."""
    answers = {}
    for line in events.read_text().splitlines(keepends=True):
        if line.endswith("\n") and (answer := json.loads(line)).get("id") in commands:
            answers[answer["id"]] = answer["return"].replace("\r", "")
    return answers


def ask_monitor(commands, qemu, events):
    """What QEMU says about the machine as it stands now."""
    deadline = time.monotonic() + MONITOR_SECONDS
    for command in commands:
        qmp(qemu, execute="human-monitor-command", arguments={"command-line": command}, id=command)
    while len(answers := answers_in(events, commands)) < len(commands):
        if qemu.poll() is not None or time.monotonic() > deadline:
            break
        time.sleep(POLL_SECONDS)
    return answers


def take_picture(qemu, directory, number):
    """A PPM file; the name is the command's identity, so each is taken once."""
    name = f"screen{number}.ppm"
    ask_monitor((f"screendump {name}",), qemu, directory / "qmp")
    return (directory / name).read_bytes()


def has_colour(machine, picture):
    """The page that the machine waits for, among those that turn by themselves."""
    return machine.until_colour < 0 or 8 * machine.until_colour.to_bytes(3, "big") in picture


def take_screens(machine, qemu, directory):
    """A picture is good when the next one is the same, and another than before the key."""
    number, screens, deadline = 0, [], time.monotonic() + MONITOR_SECONDS
    for key in (None, *machine.keys):
        if key:
            ask_monitor((f"sendkey {key}",), qemu, directory / "qmp")
        before, last = screens[-1] if screens else None, None
        while time.monotonic() < deadline:
            picture = take_picture(qemu, directory, number)
            number += 1
            if picture == last and picture != before and has_colour(machine, picture):
                break
            last = picture
            time.sleep(2 * POLL_SECONDS)
        screens.append(picture)
    return screens


def shows_colour(machine, qemu, directory):
    time.sleep(10 * POLL_SECONDS)
    return has_colour(machine, take_picture(qemu, directory, f"-{time.monotonic()}"))


def answer_pause(machine, qemu, events):
    """True once the guest has stopped itself, was looked at and goes on."""
    if '"event": "STOP"' not in events.read_text():
        return False
    ask_monitor(machine.paused, qemu, events)
    qmp(qemu, execute="cont")
    return True


def shows(wanted, text):
    return wanted.search(text) is not None if isinstance(wanted, re.Pattern) else wanted in text


def wait_for_end(machine, qemu, directory):
    deadline = time.monotonic() + machine.seconds
    to_pause = bool(machine.paused)
    to_reset, before = machine.reset_at, 0
    while qemu.poll() is None:
        if to_pause:
            to_pause = not answer_pause(machine, qemu, directory / "qmp")
        serial = read_serial(directory)
        if to_reset and to_reset in serial:
            time.sleep(POLL_SECONDS)  # the last words are out, the crumb may still be on its way to memory
            qmp(qemu, execute="system_reset")
            to_reset, before = "", len(serial)
        if not to_reset and machine.until and shows(machine.until, serial[before:]):
            return "until"
        if machine.until_colour >= 0 and shows_colour(machine, qemu, directory):
            return "until"
        if time.monotonic() > deadline:
            return "timeout"
        time.sleep(POLL_SECONDS)
    return ""


def fetch_files(stick, directory):
    """What the start has written to the stick: contents by name, and the checker's verdict, empty when it is clean."""
    (directory / "fetched").mkdir()
    mtools("mcopy", "-s", "-i", f"{stick}@@1M", "::/bootmem", directory / "fetched", check=False)
    files = {path.name: path.read_bytes() for path in (directory / "fetched").glob("bootmem/*")}
    subprocess.run(["dd", f"if={stick}", f"of={directory}/part", "bs=1M", "skip=1", "conv=sparse", "status=none"],
                   check=True)
    done = subprocess.run(["/sbin/fsck.fat", "-n", directory / "part"], capture_output=True, text=True)
    return files, done.stdout if done.returncode else ""


def boot(machine):
    """QEMU's translator aborted once in some thousand machines, on an assertion of its own and in U-Boot, before it
    started us. A machine that ends like that is started once more; any other abort is a failure."""
    run = boot_once(machine)
    if run.end.startswith("exit -6") and "translator_access: Assertion" in run.end:
        warnings.warn(f"a machine ({machine.arch}) is started again: {run.end}")
        run = boot_once(machine)
    return run


def boot_once(machine):
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bootmem-vm-") as name:
        directory = pathlib.Path(name)
        answers, screens, registers = {}, [], {}
        with open(directory / "qmp", "w+") as events, tpm.attached(machine.tpm, directory) as chip:
            command = command_line(machine, directory) + tpm.arguments(chip)
            qemu = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=events,
                                    stderr=subprocess.PIPE, cwd=directory)
            try:
                qmp(qemu, execute="qmp_capabilities")
                end = wait_for_end(machine, qemu, directory)
                if end == "until":
                    answers = ask_monitor(machine.monitor, qemu, directory / "qmp")
                    if machine.screen:
                        screens = take_screens(machine, qemu, directory)
            finally:
                if qemu.poll() is None:
                    qemu.kill()
                errors = qemu.stderr.read().decode(errors="replace")
                qemu.wait()
            if chip:
                registers = {number: chip.register(number) for number in range(16)}
            events.seek(0)
            end = end or shutdown_reason(events.read(), qemu.returncode)
        if end.startswith("exit"):
            end += ": " + errors
        kept = {name: (directory / name).read_bytes() for name in machine.keep
                if (directory / name).exists()}
        files, fsck = fetch_files(directory / "stick.img", directory) if machine.fetch else ({}, "")
        return Run(machine, end, read_serial(directory), time.monotonic() - start, answers, kept, files, fsck,
                   screens, registers)
