"""Figures of this machine, beside qemu-nbd and nbdkit on the same disk. No gates: they vary with the machine and with
what else runs on it; only figures of one run may be compared. The command bench."""

import argparse
import contextlib
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from appliances import ROOT, START_SECONDS, Failure, Pair, add_port_options, chosen_ports, run, say, wait_for
from quickstart import MIB, free_ports
from rest import Rest, RestError

DISK_BYTES = 1024 * MIB
STREAM_BYTES = 512 * MIB
SMALL_DISK_BYTES = 8 * MIB
MANY_DISKS = 100
IN_STEP_SECONDS = 300
STARTS = 3


def resident_mib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise Failure(f"process {pid} has no resident size")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fio(uri, depth, seconds):
    """Random 4 KiB writes; answers in microseconds and writes per second."""
    out = subprocess.run(
        ["fio", "--name=bench", "--ioengine=nbd", f"--uri={uri}", "--rw=randwrite", "--bs=4k", f"--iodepth={depth}",
         f"--size={DISK_BYTES}", "--time_based", f"--runtime={seconds}", "--randseed=1", "--output-format=json"],
        capture_output=True, text=True, check=False)
    if out.returncode != 0:
        raise Failure(f"fio failed against {uri}: {out.stdout[-500:]} {out.stderr[-500:]}")
    write = json.loads(out.stdout[out.stdout.index("{"):])["jobs"][0]["write"]
    percentile = write["clat_ns"]["percentile"]
    return percentile["50.000000"] / 1000, percentile["99.000000"] / 1000, write["iops"]


@contextlib.contextmanager
def server(command, port):
    """A server for comparison, ended by its process id."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        def listens():
            if child.poll() is not None:
                raise Failure(f"{command[0]} ended: {child.stderr.read().decode()}")
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0
        if not wait_for(listens, 10):
            raise Failure(f"{command[0]} does not listen")
        yield
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(10)


class Bench:
    def __init__(self, pair, seconds):
        self.pair, self.seconds = pair, seconds
        self.uri = f"nbd://127.0.0.1:{pair.ports['nbd-port']}"
        self.fell = 0

    def run(self):
        self.pair.up()
        self.production, self.dr = self.pair.rest(self.pair.production), self.pair.rest(self.pair.dr)
        self.memory()
        self.latency()
        self.stream()
        self.start()

    def disk(self, size):
        volume = str(uuid.uuid4())
        with open(self.pair.production.home / "volumes" / f"{volume}.raw", "wb") as disk:
            disk.truncate(size)
        return volume

    def protect(self, volume, encrypt=1, compress=1):
        vm = str(uuid.uuid4())
        self.dr.post("/vmstrategy", {
            "vmUuid": vm, "agentIp": "127.0.0.1", "agentPort": self.pair.ports["agent-port"],
            "volList": [{"volUuid": volume, "volumeUrl": f"{volume}.raw", "volType": "LOCALPOME", "seqNum": 1}]})
        self.production.post("/vmstrategy", {
            "vmUuid": vm, "encryptOption": encrypt, "compressOption": compress,
            "volList": [{"volUuid": volume, "seqNum": 1}]})
        return vm

    def drop(self, vm, volume):
        self.production.post(f"/vmstrategy/{vm}", {"delFlag": 2})
        self.dr.post(f"/vmstrategy/{vm}", {"delFlag": 2})
        (self.pair.production.home / "volumes" / f"{volume}.raw").unlink()
        (self.pair.dr.home / "datastore" / f"{volume}.raw").unlink(missing_ok=True)

    def in_step(self, vm):
        """Whether both sides are in state 1 and all that production has recorded stands on the DR volume."""
        here, there = self.production.get(f"/ext/vms/{vm}"), self.dr.get(f"/ext/vms/{vm}")
        self.fell += here["state"] != 1
        last = here["progress"]["lastSequence"]
        return (here["state"] == 1 and there["state"] == 1 and there["progress"]["appliedSequence"] == last
                and here["progress"]["durableSequence"] == last)

    def await_in_step(self, vm):
        if not wait_for(lambda: self.in_step(vm), IN_STEP_SECONDS):
            raise Failure(f"VM {vm} is not in step after {IN_STEP_SECONDS} s: {self.production.get('/ext/vms/' + vm)}")

    def memory(self):
        say("\nResident memory, MiB                       production         dr")
        kept = []
        for count in (1, MANY_DISKS):
            while len(kept) < count:
                volume = self.disk(SMALL_DISK_BYTES)
                kept.append((self.protect(volume), volume))
            for vm, _ in kept:
                self.await_in_step(vm)
            here, there = (resident_mib(appliance.pid()) for appliance in self.pair.both)
            say(f"  {count:>3} protected disk{'s' if count > 1 else ' '}                     {here:>10.0f} {there:>10.0f}")
        for vm, volume in kept:
            self.drop(vm, volume)

    def latency(self):
        say("\nRandom writes of 4 KiB            QD1 p50 us   QD1 p99 us   QD1 /s   QD16 /s")
        folder = self.pair.production.home / "volumes"

        def row(label, uri):
            p50, p99, single = fio(uri, 1, self.seconds)
            _, _, many = fio(uri, 16, self.seconds)
            say(f"  {label:<30} {p50:>12.0f} {p99:>12.0f} {single:>8.0f} {many:>9.0f}")
        volume = self.disk(DISK_BYTES)
        vm = self.protect(volume)
        self.await_in_step(vm)
        before = self.fell
        row("VRG, protected", f"{self.uri}/{volume}")
        self.await_in_step(vm)
        if self.fell > before:
            say("  (the VM fell to state 2 meanwhile: it is not free of gaps, but the writes were answered)")
        self.drop(vm, volume)
        volume = self.disk(DISK_BYTES)
        wait_for(lambda: subprocess.run(["nbdinfo", "--size", f"{self.uri}/{volume}"], capture_output=True,
                                        check=False).returncode == 0, 20)
        row("VRG, not protected", f"{self.uri}/{volume}")
        (folder / f"{volume}.raw").unlink()
        other = folder / "other.img"
        for label, command in (
                ("qemu-nbd, raw file", ["qemu-nbd", "-f", "raw", "-t", "-b", "127.0.0.1", "--cache=writeback"]),
                ("nbdkit file", ["nbdkit", "-f", "-i", "127.0.0.1"])):
            port = free_port()
            with open(other, "wb") as disk:
                disk.truncate(DISK_BYTES)
            tail = ["file", str(other)] if command[0] == "nbdkit" else [str(other)]
            with server(command + ["-p", str(port)] + tail, port):
                row(label, f"nbd://127.0.0.1:{port}/")
        other.unlink()

    def stream(self):
        say(f"\n{STREAM_BYTES // MIB} MiB in writes of 1 MiB, half of it compressible       MB/s until applied at DR")
        image = self.pair.folder / "stream.img"
        with open(image, "wb") as out:
            for number in range(STREAM_BYTES // MIB):
                out.write(os.urandom(MIB // 2))
                out.write((b"record %08d " % number) * (MIB // 2 // 16))
        for encrypt, compress in ((0, 0), (0, 1), (1, 0), (1, 1)):
            volume = self.disk(STREAM_BYTES)
            vm = self.protect(volume, encrypt, compress)
            self.await_in_step(vm)
            before = self.fell
            began = time.monotonic()
            self.copy(image, f"{self.uri}/{volume}")
            self.await_in_step(vm)
            rate = STREAM_BYTES / 1e6 / (time.monotonic() - began)
            note = "   (fell to state 2 on the way)" if self.fell > before else ""
            say(f"  encryption {'on ' if encrypt else 'off'}  compression {'on ' if compress else 'off'}"
                f"                   {rate:>10.0f}{note}")
            self.drop(vm, volume)
        say(f"  nbdcopy to qemu-nbd with TLS, flushed           {self.qemu_tls(image):>10.0f}")
        image.unlink()

    @staticmethod
    def copy(image, uri):
        subprocess.run(["nbdcopy", "--flush", "--request-size=1048576", str(image), uri], check=True,
                       stdout=subprocess.DEVNULL)

    def qemu_tls(self, image):
        keys = self.pair.folder / "psk"
        keys.mkdir()
        (keys / "keys.psk").write_text(f"bench:{secrets.token_hex(32)}\n")
        target, port = self.pair.folder / "tls.img", free_port()
        with open(target, "wb") as disk:
            disk.truncate(STREAM_BYTES)
        command = ["qemu-nbd", "-f", "raw", "-t", "-b", "127.0.0.1", "-p", str(port), "--cache=writeback",
                   "--object", f"tls-creds-psk,id=tls0,endpoint=server,dir={keys}", "--tls-creds", "tls0", str(target)]
        with server(command, port):
            began = time.monotonic()
            self.copy(image, f"nbds://bench@127.0.0.1:{port}/?tls-psk-file={keys}/keys.psk")
            taken = time.monotonic() - began
        target.unlink()
        return STREAM_BYTES / 1e6 / taken

    def start(self):
        say("\nFrom the start of the process to the first answer over REST")
        appliance, taken = self.pair.production, []
        for _ in range(STARTS):
            appliance.signal(signal.SIGTERM)
            if not wait_for(appliance.gone, 40):
                raise Failure("production does not stop")
            began = time.monotonic()
            appliance.start()
            rest = Rest(appliance.http_port, self.pair.password())
            if not wait_for(rest.answers, START_SECONDS):
                raise Failure(f"production does not answer\n{appliance.tail()}")
            taken.append(time.monotonic() - began)
        say(f"  {statistics.median(taken):.1f} s, median of {STARTS}")


def main():
    parser = argparse.ArgumentParser(prog="vrg bench")
    parser.add_argument("--seconds", type=int, default=8, help="length of each run of fio; 8 if not given")
    add_port_options(parser)
    options = parser.parse_args()

    def action():
        base = ROOT / ".vrg"
        base.mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="bench.", dir=base))
        pair = None
        try:
            pair = Pair(folder, free_ports(chosen_ports(options)))
            Bench(pair, options.seconds).run()
            return 0
        except (OSError, http.client.HTTPException, KeyError, subprocess.CalledProcessError, RestError) as error:
            raise Failure(f"{type(error).__name__}: {error}") from error
        finally:
            if pair is None:
                shutil.rmtree(folder)
            else:
                pair.down()
                pair.remove()
    return run(action)


if __name__ == "__main__":
    sys.exit(main())
