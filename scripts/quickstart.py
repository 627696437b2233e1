"""See it work: protect a disk, write to it, pull the plug, fail over, compare. The command quickstart."""

import argparse
import hashlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from appliances import PORTS, ROOT, Failure, Pair, add_port_options, chosen_ports, run, say

MIB = 1 << 20
DISK_BYTES = 256 * MIB
FILES_BYTES = 120 * MIB
IN_STEP_SECONDS = 180
EXPORT_SECONDS = 20
STATES = {1: "in step, every write queued in order", 2: "catching up by changed blocks", 3: "consistency check"}
BAR_CELLS = 32
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


class Progress:
    """One line that is redrawn on a terminal, and printed now and then elsewhere."""

    QUIET_SECONDS = 2.0

    def __init__(self):
        self.terminal = sys.stdout.isatty()
        self.printed = 0.0
        self.open = False
        self.last = ""

    def show(self, label, part, text):
        part = min(1.0, max(0.0, part))
        filled = int(part * BAR_CELLS)
        line = f"  {label:<18} [{'#' * filled}{'.' * (BAR_CELLS - filled)}] {part * 100:5.1f}%  {text}"
        if self.terminal:
            print(f"\r{line:<118}", end="", flush=True)
            self.open = True
        elif time.monotonic() - self.printed > self.QUIET_SECONDS:
            print(line, flush=True)
            self.printed = time.monotonic()
        self.last = line

    def end(self):
        """Leaves the last line standing."""
        if self.open:
            print(flush=True)
            self.open = False
        elif not self.terminal and self.last:
            print(self.last, flush=True)
        self.last, self.printed = "", 0.0


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as source:
        while chunk := source.read(4 * MIB):
            digest.update(chunk)
    return digest.hexdigest()


def have(tool):
    return shutil.which(tool, path=PATH)


def make_image(folder):
    """A disk with real data: an ext4 file system with files, where mke2fs is there; else bytes that mean nothing."""
    image = folder / "new-disk.raw"
    if have("mke2fs"):
        files = folder / "files"
        files.mkdir()
        (files / "welcome.txt").write_text("This file was written at production and read at the DR site.\n")
        size = 0
        # files of all kinds: jars (which compress badly) and sources (which compress well)
        for kind in ("karaf-assembly/target/assembly/system", "bundles", "docs"):
            for source in sorted((ROOT / kind).rglob("*")):
                if source.is_file() and "target/classes" not in str(source) and size < FILES_BYTES:
                    target = files / source.relative_to(ROOT)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, target)
                    size += source.stat().st_size
        subprocess.run([have("mke2fs"), "-q", "-F", "-t", "ext4", "-d", str(files), str(image), f"{DISK_BYTES // 1024}k"],
                       check=True, stdout=subprocess.DEVNULL)
        return image, f"an ext4 file system with {size // MIB} MiB of files"
    with open(image, "wb") as out:
        for _ in range(FILES_BYTES // MIB):
            out.write(os.urandom(MIB))
        out.truncate(DISK_BYTES)
    return image, f"{FILES_BYTES // MIB} MiB of random bytes (there is no mke2fs here to make a file system)"


class Quickstart:
    def __init__(self, pair):
        self.pair = pair
        self.progress = Progress()
        self.vm, self.volume = str(uuid.uuid4()), str(uuid.uuid4())
        self.source = pair.production.home / "volumes" / f"{self.volume}.raw"
        self.standby = pair.dr.home / "datastore" / "quickstart" / f"{self.volume}.raw"
        self.production = self.dr = None
        self.figures = {}
        self.received = 0

    def step(self, number, text):
        say(f"\n[{number}/6] {text}")

    def run(self):
        self.step(1, "Two appliances on this machine: one at the production site, one at the DR site")
        self.pair.up()
        say(self.pair.describe())
        self.production = self.pair.rest(self.pair.production)
        self.dr = self.pair.rest(self.pair.dr)

        self.step(2, f"A {DISK_BYTES // MIB} MiB disk at production, and its protection: one call at each side")
        self.protect()

        self.step(3, "The guest writes through NBD; every write goes to the DR site, in order")
        what = self.write()

        self.step(4, "The plug is pulled: kill -9 of the production appliance")
        pid = self.pair.production.pid()
        self.pair.production.kill()
        say(f"  process {pid} is gone")

        self.step(5, "Failover: the DR side writes all that it received to the standby disk and lets go of it")
        began = time.monotonic()
        state = self.dr.post(f"/vmstrategy/{self.vm}", {"delFlag": 1}).get("drStatus")
        self.figures["failover"] = time.monotonic() - began
        say(f"  POST /vmstrategy/{self.vm}: drStatus {state} ({STATES.get(state, 'unknown')}), "
            f"{self.figures['failover']:.1f} s")

        self.step(6, "The comparison: what production had, and what the DR site has")
        return self.compare(what, state)

    def protect(self):
        with open(self.source, "wb") as disk:
            disk.truncate(DISK_BYTES)
        self.standby.parent.mkdir(exist_ok=True)
        volumes = [{"volUuid": self.volume, "volumeUrl": f"quickstart/{self.volume}.raw", "volType": "LOCALPOME",
                    "seqNum": 1}]
        common = {"vmUuid": self.vm, "vmName": "quickstart"}
        self.dr.post("/vmstrategy", {**common, "agentIp": "127.0.0.1", "agentPort": self.pair.ports["agent-port"],
                                     "volList": volumes})
        self.production.post("/vmstrategy", {**common, "encryptOption": 1, "compressOption": 1,
                                             "volList": [{"volUuid": self.volume, "seqNum": 1}]})
        began = time.monotonic()
        self.await_state("consistency check")
        self.figures["check"] = time.monotonic() - began
        self.figures["check_wire"] = self.report(self.dr)["progress"]["wireBytes"]
        say(f"  checked in {self.figures['check']:.1f} s with {self.figures['check_wire']:,} bytes of data sent: "
            "equal blocks cost a hash, not a copy")

    def report(self, rest):
        return rest.get(f"/ext/vms/{self.vm}")

    def await_state(self, label):
        """Until both sides are in state 1, with a bar of the resync."""
        deadline = time.monotonic() + IN_STEP_SECONDS
        while True:
            here, there = self.report(self.production), self.report(self.dr)
            done, total = here["progress"]["resyncDoneBytes"], here["progress"]["resyncTotalBytes"]
            if here["state"] == 1 and there["state"] == 1:
                self.progress.show(label, 1.0, STATES[1])
                self.progress.end()
                return
            self.progress.show(label, done / total if total else 0.0, here["detail"])
            if time.monotonic() > deadline:
                self.progress.end()
                raise Failure(f"not in step after {IN_STEP_SECONDS} s\n  production: {here}\n  dr: {there}\n"
                              f"{self.pair.production.tail()}\n{self.pair.dr.tail()}")
            time.sleep(0.1)

    def write(self):
        uri = f"nbd://127.0.0.1:{self.pair.ports['nbd-port']}/{self.volume}"
        with tempfile.TemporaryDirectory(dir=self.pair.folder, prefix="image.") as folder:
            image, what = make_image(Path(folder))
            say(f"  {what}, written to {uri}")
            before = self.report(self.production)["progress"]
            self.received = self.report(self.dr)["progress"]["wireBytes"]
            began = time.monotonic()
            with open(Path(folder) / "nbdcopy.log", "w+") as log:
                copy = subprocess.Popen([have("nbdcopy") or "nbdcopy", "--flush", str(image), uri],
                                        stdout=log, stderr=log)
                self.follow(copy, before, began)
                if copy.returncode != 0:
                    log.seek(0)
                    raise Failure(f"nbdcopy failed: {log.read()}")
        return what

    def follow(self, copy, before, began):
        """Bars of the queue while the copy runs and until the DR side has everything."""
        written_at = None
        deadline = began + IN_STEP_SECONDS
        while True:
            running = copy.poll() is None
            now = time.monotonic()
            if not running and written_at is None:
                written_at = now
            report = self.report(self.production)
            figures = report["progress"]
            standby = self.report(self.dr)["progress"]
            captured = figures["capturedBytes"] - before["capturedBytes"]
            newest = max(1, figures["lastSequence"] - before["lastSequence"])
            queued = figures["lastSequence"] - figures["durableSequence"]
            age = standby["checkpointAgeMillis"]
            rate = captured / MIB / max(0.001, (written_at or now) - began)
            behind = f"DR {'-' if age < 0 else format(age / 1000, '.1f') + ' s'} behind"
            if report["state"] == 1:
                self.progress.show("queue to DR", (newest - queued) / newest,
                                   f"{captured // MIB} MiB written, {rate:.0f} MiB/s, {queued} records queued, {behind}")
            else:
                total = figures["resyncTotalBytes"]
                self.progress.show("catching up", figures["resyncDoneBytes"] / total if total else 0.0,
                                   f"{captured // MIB} MiB written, {rate:.0f} MiB/s, {report['detail']}, {behind}")
            done = not running and copy.returncode == 0
            if done and queued == 0 and report["state"] == 1 and self.report(self.dr)["state"] == 1:
                break
            if not running and copy.returncode != 0:
                self.progress.end()
                return
            if now > deadline:
                copy.kill()
                copy.wait()
                self.progress.end()
                raise Failure(f"the queue is not empty after {IN_STEP_SECONDS} s: {report}\n"
                              f"{self.pair.production.tail()}\n{self.pair.dr.tail()}")
            time.sleep(0.1)
        self.progress.end()
        ended = time.monotonic()
        # the DR side's figure has the blocks that were copied while catching up as well
        wire = self.report(self.dr)["progress"]["wireBytes"] - self.received
        self.figures.update(written=captured, seconds=ended - began, wire=wire, lag=ended - (written_at or ended))
        say(f"  all of it is safe at the DR site {self.figures['lag']:.1f} s after the last write; {captured / MIB:.0f} MiB "
            f"of writes took {wire / MIB:.0f} MiB on the wire")

    def compare(self, what, state):
        sums = {"production": sha256(self.source), "dr": sha256(self.standby)}
        say(f"  SHA-256 {sums['production']}  {self.source}")
        say(f"  SHA-256 {sums['dr']}  {self.standby}")
        checks = [("the production disk and the DR disk are equal, byte for byte", sums["production"] == sums["dr"]),
                  ("the VM was in the state in which order is kept (1)", state == 1)]
        if have("e2fsck") and "ext4" in what:
            checked = subprocess.run([have("e2fsck"), "-fn", str(self.standby)], capture_output=True, text=True)
            checks.append(("the DR disk's file system is clean (e2fsck)", checked.returncode == 0))
        held = all(good for _, good in checks)
        figures = self.figures
        say("\nSummary")
        say(f"  The production site wrote {figures['written'] / MIB:.0f} MiB to a protected disk and was lost without "
            "warning.")
        say(f"  {figures['lag']:.1f} s after the last write everything had been safe at the DR site, over an encrypted, "
            f"compressed link ({figures['wire'] / MIB:.0f} MiB).")
        say(f"  The DR site took over in {figures['failover']:.1f} s.")
        for text, good in checks:
            say(f"  {'yes' if good else 'NO '}  {text}")
        return held

    def resume(self):
        """After the show: production back, the VM protected again."""
        say("\nProduction is started again, and the VM protected again")
        self.pair.up()
        volumes = [{"volUuid": self.volume, "volumeUrl": f"quickstart/{self.volume}.raw", "volType": "LOCALPOME",
                    "seqNum": 1}]
        self.dr.post("/vmstrategy", {"vmUuid": self.vm, "vmName": "quickstart", "agentIp": "127.0.0.1",
                                     "agentPort": self.pair.ports["agent-port"], "volList": volumes})
        self.await_state("consistency check")
        say(f"""
Both stay up:
{self.pair.describe()}
  the disk: nbd://127.0.0.1:{self.pair.ports['nbd-port']}/{self.volume}, VM {self.vm}
  stop them with   ./vrg down {self.pair.folder}""")


def free_ports(chosen):
    """For a run that cleans up: where a default port is taken, another; what was asked for stays."""
    for option, variable, default, _ in PORTS:
        if chosen.get(option) or os.environ.get(variable):
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", default))
                continue
            except OSError:
                pass
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            chosen[option] = str(probe.getsockname()[1])
            say(f"port {default} is taken, {chosen[option]} instead (--{option})")
    return chosen


def once(options):
    base = ROOT / ".vrg"
    base.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="once.", dir=base))
    pair, held = None, False
    try:
        pair = Pair(folder, free_ports(chosen_ports(options)))
        held = Quickstart(pair).run()
    finally:
        if pair is not None:
            pair.down()
        if held:
            pair.remove()
        else:
            say(f"left for a look: {folder}")
    say("\nAll of it held." if held else "\nIt did not hold.")
    return 0 if held else 1


def stay(options):
    pair = Pair(options.dir or ROOT / ".vrg" / "quickstart", chosen_ports(options))
    quickstart = Quickstart(pair)
    held = quickstart.run()
    if held:
        quickstart.resume()
    return 0 if held else 1


def main():
    parser = argparse.ArgumentParser(prog="vrg quickstart")
    parser.add_argument("--once", action="store_true", help="clean up afterwards; exit 0 only if all of it held")
    parser.add_argument("--dir", help="where the appliances live without --once; .vrg/quickstart if not given")
    add_port_options(parser)
    options = parser.parse_args()

    def action():
        try:
            return once(options) if options.once else stay(options)
        except (OSError, http.client.HTTPException, KeyError) as error:
            raise Failure(f"{type(error).__name__}: {error}") from error
    return run(action)


if __name__ == "__main__":
    sys.exit(main())
