# SPDX-License-Identifier: BSD-2-Clause
"""A TPM 2.0 for a machine (swtpm), whose registers are read when the machine is gone.

QEMU ends the emulator's state with the machine, so it does not talk to swtpm itself but to us: control commands are
passed on, except those that hand over the data channel and that end the TPM; TPM commands are passed on as they are.
The registers at the end are asked from swtpm itself, with TPM2_PCR_Read (TPM 2.0 Library, part 3, 22.4).
"""
import contextlib
import hashlib
import socket
import struct
import subprocess
import threading
import time

CMD_SHUTDOWN = 3  # swtpm_ioctls(3)
OK = struct.pack(">I", 0)
SHA256 = 0x0B
PCR_READ = 0x17E
SECONDS = 30


def read_exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def read_message(sock):
    """A TPM command or response: tag, size of all, code, the rest."""
    head = read_exactly(sock, 10)
    return head + read_exactly(sock, struct.unpack_from(">I", head, 2)[0] - len(head))


def connect(path):
    """As soon as swtpm listens there."""
    deadline = time.monotonic() + SECONDS
    while True:
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(str(path))
            return sock
        except OSError:
            sock.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def extended(*digests):
    """What a register holds after these were extended into it, from its state at reset."""
    value = bytes(32)
    for digest in digests:
        value = hashlib.sha256(value + digest).digest()
    return value


class Tpm:
    def __init__(self, directory):
        self.path = directory / "tpm"
        control, data = directory / "swtpm-control", directory / "swtpm-data"
        state = directory / "tpm-state"
        state.mkdir()
        self.swtpm = subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}",
                                       "--ctrl", f"type=unixio,path={control}",
                                       "--server", f"type=unixio,path={data}"], stdin=subprocess.DEVNULL)
        self.control, self.data = connect(control), connect(data)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(1)
        self.busy = threading.Lock()
        threading.Thread(target=self.serve_control, daemon=True).start()

    def serve_control(self):
        with contextlib.suppress(OSError, EOFError):
            qemu, _ = self.listener.accept()
            while True:
                command, fds, _, _ = socket.recv_fds(qemu, 4096, 1)
                if not command:
                    return
                if fds:
                    threading.Thread(target=self.serve_data, args=(socket.socket(fileno=fds[0]),),
                                     daemon=True).start()
                    qemu.sendall(OK)
                elif struct.unpack_from(">I", command)[0] == CMD_SHUTDOWN:
                    qemu.sendall(OK)
                else:
                    self.control.sendall(command)
                    qemu.sendall(self.control.recv(4096))

    def serve_data(self, qemu):
        with contextlib.suppress(OSError, EOFError):
            while True:
                command = read_message(qemu)
                with self.busy:
                    self.data.sendall(command)
                    response = read_message(self.data)
                qemu.sendall(response)

    def register(self, number):
        """The register's value in the SHA-256 bank."""
        select = bytearray(3)
        select[number // 8] = 1 << number % 8
        body = struct.pack(">IHB", 1, SHA256, len(select)) + select
        with self.busy:
            self.data.sendall(struct.pack(">HII", 0x8001, 10 + len(body), PCR_READ) + body)
            response = read_message(self.data)
        _, _, code, _, banks = struct.unpack_from(">HIIII", response)
        assert (code, banks) == (0, 1), response.hex()
        digests, size = struct.unpack_from(">IH", response, 18 + 6)
        assert (digests, size) == (1, 32), response.hex()
        return response[-32:]

    def close(self):
        self.swtpm.kill()
        self.swtpm.wait()
        for sock in (self.control, self.data, self.listener):
            sock.close()


@contextlib.contextmanager
def attached(wanted, directory):
    """A running TPM, or none."""
    if not wanted:
        yield None
        return
    tpm = Tpm(directory)
    try:
        yield tpm
    finally:
        tpm.close()


def arguments(tpm):
    if tpm is None:
        return []
    return ["-chardev", f"socket,id=tpm,path={tpm.path}", "-tpmdev", "emulator,id=tpm,chardev=tpm",
            "-device", "tpm-tis,tpmdev=tpm"]
