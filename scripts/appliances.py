"""A production and a DR appliance in one folder: unpack, configure, start, pair, stop. The commands up and down."""

import argparse
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
from pathlib import Path

from rest import Rest, RestError

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = int(os.environ.get("VRG_START_TIMEOUT", "90"))
PAIR_SECONDS = int(os.environ.get("VRG_PAIR_TIMEOUT", "60"))
STOP_SECONDS = int(os.environ.get("VRG_STOP_TIMEOUT", "40"))
POLL_SECONDS = 0.1
LOG_TAIL_LINES = 40

# option, variable, default, meaning
PORTS = (
    ("http-port", "VRG_HTTP_PORT", 8080, "REST of production"),
    ("dr-http-port", "VRG_DR_HTTP_PORT", 8180, "REST of DR"),
    ("https-port", "VRG_HTTPS_PORT", 8443, "REST of production over TLS"),
    ("dr-https-port", "VRG_DR_HTTPS_PORT", 8543, "REST of DR over TLS"),
    ("nbd-port", "VRG_NBD_PORT", 10809, "NBD of production"),
    ("dr-nbd-port", "VRG_DR_NBD_PORT", 10909, "NBD of DR"),
    ("link-port", "VRG_LINK_PORT", 7000, "link of production"),
    ("dr-link-port", "VRG_DR_LINK_PORT", 7001, "link of DR"),
    ("agent-port", "VRG_AGENT_PORT", 7100, "writeagent, in the DR appliance"),
    ("production-agent-port", "VRG_PRODUCTION_AGENT_PORT", 7101, "writeagent in the production appliance"),
)


class Failure(Exception):
    """Something that the user has to know; printed without a stack trace."""


def say(text):
    print(text, flush=True)


def distribution():
    """The archive that the build made."""
    found = sorted((ROOT / "karaf-assembly" / "target").glob("vrg-*.tar.gz"))
    if len(found) != 1:
        raise Failure("there is no distribution in karaf-assembly/target: run ./vrg build")
    return found[0]


def write_private(path, text):
    """Writes a file that only its owner can read, all or nothing."""
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
    os.replace(temporary, path)


def wait_for(condition, seconds):
    deadline = time.monotonic() + seconds
    while True:
        if condition():
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)


class Appliance:
    """One appliance in its folder. All its state is there; this object may be made anew at any time."""

    def __init__(self, home, name, http_port, configuration, ports):
        self.home, self.name, self.http_port = home, name, http_port
        self.configuration, self.ports = configuration, ports
        self.pid_file = home / "vrg.pid"
        self.log = home / "data" / "log" / "vrg.log"
        self.console = home / "data" / "log" / "console.log"

    def pid(self):
        """The process id when this appliance runs; a stale file, or a number that went to another process, is none."""
        try:
            pid = int(self.pid_file.read_text())
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        # between fork and exec it is still bin/karaf, which names no -Dkaraf.base
        own = (f"-Dkaraf.base={self.home}".encode(), str(self.home / "bin" / "karaf").encode())
        return pid if any(argument in own for argument in arguments) else None

    def unpack(self, archive):
        """Brings the programs up to the given build; data/, volumes, deploy/ and further files in etc/ stay."""
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        mark = self.home / ".build"
        if mark.exists() and mark.read_text() == digest:
            return
        say(f"  {self.name}: {'upgrading' if mark.exists() else 'unpacking'} {self.home}")
        mark.unlink(missing_ok=True)
        for programs in ("bin", "lib", "system"):
            shutil.rmtree(self.home / programs, ignore_errors=True)
        self.home.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as tar:
            for member in tar:
                _, _, member.name = member.name.partition("/")
                if member.name:
                    tar.extract(member, self.home)
        mark.write_text(digest)

    def configure(self):
        for name, values in self.configuration.items():
            text = "# Written by ./vrg up at every start.\n"
            text += "".join(f"{key} = {value}\n" for key, value in values.items())
            target = self.home / "etc" / name
            if not target.exists() or target.read_text() != text:
                temporary = target.with_name(name + ".new")
                temporary.write_text(text)
                os.replace(temporary, target)

    def check_ports(self):
        for option, variable, port in self.ports:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    raise Failure(f"port {port} for {self.name} can't be had ({error.strerror}): choose another "
                                  f"with --{option} or {variable}") from error

    def start(self):
        (self.home / "data" / "log").mkdir(parents=True, exist_ok=True)
        # native libraries that a killed appliance unpacked
        shutil.rmtree(self.home / "data" / "tmp", ignore_errors=True)
        # exec: the process id of this child is the JVM's; a session of its own, so that it outlives the terminal
        environment = {**os.environ, "KARAF_EXEC": "exec"}
        with open(self.console, "ab") as out:
            child = subprocess.Popen([str(self.home / "bin" / "karaf"), "server"], cwd=self.home, stdin=subprocess.DEVNULL,
                                     stdout=out, stderr=out, env=environment, start_new_session=True)
        temporary = self.pid_file.with_name("vrg.pid.new")
        temporary.write_text(f"{child.pid}\n")
        os.replace(temporary, self.pid_file)
        return child

    def await_rest(self, rest, child):
        """Waits until REST answers, and login works."""
        def ready():
            if child is not None and child.poll() is not None or child is None and self.pid() is None:
                raise Failure(f"{self.name} ended while it started\n{self.tail()}")
            if not rest.answers():
                return False
            try:
                rest.login()
                return True
            except RestError as error:
                if error.status in (500, 503):
                    return False
                raise Failure(f"{self.name}: login failed: {error}\n{self.tail()}") from error
            except OSError:
                return False
        if not wait_for(ready, START_SECONDS):
            raise Failure(f"{self.name} does not answer at 127.0.0.1:{self.http_port} after {START_SECONDS} s\n"
                          + self.tail())

    def tail(self):
        lines = []
        for path in (self.console, self.log):
            if path.exists():
                text = path.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
                lines += [f"--- end of {path}"] + text
        return "\n".join(lines)

    def signal(self, number):
        pid = self.pid()
        if pid is not None:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
        return pid

    def gone(self):
        """Whether the process is gone; one that this very process started is reaped."""
        pid = self.pid()
        if pid is None:
            return True
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass
        return self.pid() is None

    def kill(self):
        self.signal(signal.SIGKILL)
        if not wait_for(self.gone, 10):
            raise Failure(f"{self.name} survives a kill -9")


class Pair:
    """Both appliances of one folder."""

    def __init__(self, folder, chosen=None):
        self.folder = Path(folder).resolve()
        self.settings_file = self.folder / "ports.json"
        remembered = {}
        if self.settings_file.exists():
            remembered = json.loads(self.settings_file.read_text())
        self.ports, asked = {}, chosen or {}
        for option, variable, default, _ in PORTS:
            given = asked.get(option) or os.environ.get(variable)
            self.ports[option] = parse_port(option, given) if given else remembered.get(option, default)
        if len(set(self.ports.values())) != len(self.ports):
            raise Failure(f"two of the ports are the same: {self.ports}")
        self.changed = bool(remembered) and remembered != self.ports
        self.password_file = self.folder / "admin-password"
        self.secret_file = self.folder / "pairing-secret"
        # in memory: what is written with every write of a guest must not wait for a disk
        self.live = Path("/dev/shm") / f"vrg-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]}"
        self.production = self._appliance("production", "", "production-agent-port")
        self.dr = self._appliance("dr", "dr-", "agent-port")
        self.both = (self.production, self.dr)

    def _appliance(self, name, prefix, agent):
        home, port = self.folder / name, self.ports
        loopback = {"address": "127.0.0.1"}
        configuration = {
            "org.ops4j.pax.web.cfg": {
                "org.ops4j.pax.web.listening.addresses": "127.0.0.1",
                "org.osgi.service.http.enabled": "true",
                "org.osgi.service.http.port": port[prefix + "http-port"],
                "org.osgi.service.http.secure.enabled": "false",
                "org.ops4j.pax.web.server.maxThreads": 32,
                "org.ops4j.pax.web.server.minThreads": 4,
                "org.ops4j.pax.web.server.showStacks": "false",
            },
            "org.openvrg.https.cfg": {
                **loopback, "port": port[prefix + "https-port"], "directory": "${karaf.data}/https"},
            "org.openvrg.nbd.cfg": {
                **loopback, "port": port[prefix + "nbd-port"], "tls": "off", "max-connections": 256},
            "org.openvrg.link.cfg": {
                **loopback, "port": port[prefix + "link-port"], "advertised-address": "127.0.0.1",
                "pairing-secret-file": self.secret_file},
            # Both sites share one disk here, whose syncs can hold a write up for longer than a gateway's own would.
            "org.openvrg.replication.cfg": {
                "directory": "${karaf.data}/replication", "live-directory": self.live,
                "ingest.max-latency": os.environ.get("VRG_INGEST_MAX_LATENCY", "500")},
            "org.openvrg.writeagent.cfg": {
                **loopback, "port": port[agent], "directory": "${karaf.data}/writeagent",
                "pairing-secret-file": self.secret_file},
            "org.openvrg.control.cfg": {
                "database": "${karaf.data}/control/vrg.db", "admin-password-file": self.password_file},
            # POST /modmngnet never changes a loopback; REST listens on nothing else here anyway
            "org.openvrg.network.cfg": {
                "directory": "${karaf.data}/network",
                **{f"{network}-interface": os.environ.get(f"VRG_{network.upper()}_INTERFACE", "lo")
                   for network in ("management", "host", "peer")}},
            "org.openvrg.platform.inline.cfg": {"volumes": home / "volumes"},
            "org.openvrg.storage.localpome-default.cfg": {
                "dsUrn": "", "root": home / "datastore", "create-missing": "true"},
        }
        used = [(option, variable, port[option]) for option, variable, _, _ in PORTS
                if option in (prefix + "http-port", prefix + "https-port", prefix + "nbd-port", prefix + "link-port",
                              agent)]
        return Appliance(home, name, port[prefix + "http-port"], configuration, used)

    def password(self):
        return self.password_file.read_text().strip()

    def rest(self, appliance):
        return Rest(appliance.http_port, self.password())

    def remove(self):
        """Removes all that the appliances, which do not run any more, leave behind."""
        shutil.rmtree(self.folder)
        shutil.rmtree(self.live, ignore_errors=True)

    def up(self):
        """Starts what does not run and returns once both answer and are paired."""
        archive = distribution()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.live.mkdir(mode=0o700, exist_ok=True)
        running = [appliance for appliance in self.both if appliance.pid() is not None]
        if running and self.changed:
            raise Failure(f"{running[0].name} runs in {self.folder} with other ports: ./vrg down {self.folder} first")
        self._secrets()
        self.settings_file.write_text(json.dumps(self.ports, indent=2) + "\n")
        children = {}
        for appliance in self.both:
            if appliance in running:
                say(f"  {appliance.name}: runs already, pid {appliance.pid()}")
                continue
            appliance.check_ports()
            appliance.unpack(archive)
            for folder in ("volumes", "datastore"):
                (appliance.home / folder).mkdir(exist_ok=True)
            appliance.configure()
            children[appliance.name] = appliance.start()
            say(f"  {appliance.name}: starting, pid {children[appliance.name].pid}")
        rests = {}
        for appliance in self.both:
            rests[appliance.name] = self.rest(appliance)
            appliance.await_rest(rests[appliance.name], children.get(appliance.name))
        self._pair(rests["production"], rests["dr"])

    def _secrets(self):
        wanted = os.environ.get("VRG_ADMIN_PASSWORD")
        if not self.password_file.exists():
            write_private(self.password_file, wanted or secrets.token_urlsafe(18))
        elif wanted and wanted != self.password():
            say(f"  note: the user admin keeps the password in {self.password_file}; VRG_ADMIN_PASSWORD only counts "
                "when the appliances are made")
        if not self.secret_file.exists():
            write_private(self.secret_file, secrets.token_hex(32) + "\n")

    def _pair(self, production, dr):
        for here, port in ((production, "dr-link-port"), (dr, "link-port")):
            # naming the present peer again changes nothing
            here.post("/vrgmap", {"dstIp": "127.0.0.1", "dstPort": self.ports[port]})
        seen = {}

        def paired():
            for name, rest in (("production", production), ("dr", dr)):
                seen[name] = rest.get("/vrgmap").get("status")
            return all(status == 1 for status in seen.values())
        if not wait_for(paired, PAIR_SECONDS):
            raise Failure(f"the two are not paired after {PAIR_SECONDS} s: GET /vrgmap tells status {seen} "
                          f"(1 is paired)\n{self.production.tail()}\n{self.dr.tail()}")

    def down(self):
        """Stops both cleanly; what does not end in time is killed. False when one had to be."""
        clean = True
        stopping = [(appliance, appliance.signal(signal.SIGTERM)) for appliance in self.both]
        for appliance, pid in stopping:
            if pid is None:
                say(f"  {appliance.name}: does not run")
            elif wait_for(appliance.gone, STOP_SECONDS):
                say(f"  {appliance.name}: stopped, pid {pid}")
            else:
                say(f"  {appliance.name}: did not stop within {STOP_SECONDS} s, killed, pid {pid}")
                appliance.kill()
                clean = False
            appliance.pid_file.unlink(missing_ok=True)
        return clean

    def describe(self):
        port = self.ports
        return (f"  production  REST http://127.0.0.1:{port['http-port']}/vrgservice   "
                f"NBD nbd://127.0.0.1:{port['nbd-port']}   link 127.0.0.1:{port['link-port']}\n"
                f"              over TLS https://127.0.0.1:{port['https-port']}/vrgservice\n"
                f"  dr          REST http://127.0.0.1:{port['dr-http-port']}/vrgservice   "
                f"writeagent 127.0.0.1:{port['agent-port']}   link 127.0.0.1:{port['dr-link-port']}\n"
                f"              over TLS https://127.0.0.1:{port['dr-https-port']}/vrgservice\n"
                f"  user admin, password in {self.password_file}\n"
                f"  production volumes: {self.production.home / 'volumes'}/<volUuid>.raw\n"
                f"  DR volumes:         {self.dr.home / 'datastore'}")


def parse_port(option, text):
    try:
        port = int(text)
    except ValueError:
        port = 0
    if not 1 <= port <= 65535:
        raise Failure(f"--{option}: a port is 1..65535, not {text}")
    return port


def add_port_options(parser):
    for option, variable, default, meaning in PORTS:
        parser.add_argument("--" + option, metavar="PORT", help=f"{meaning}, or {variable}; {default} if not given")


def chosen_ports(options):
    return {option: getattr(options, option.replace("-", "_")) for option, _, _, _ in PORTS}


def run(action):
    """Runs a command; a Failure is one message and exit code 1."""
    try:
        return action()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except (Failure, RestError) as failure:
        print(f"vrg: {failure}", file=sys.stderr)
        return 1


def main():
    parser = argparse.ArgumentParser(prog="vrg")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start a production and a DR appliance under DIR, paired")
    down = commands.add_parser("down", help="stop both")
    for command in (up, down):
        command.add_argument("folder", metavar="DIR")
    add_port_options(up)
    options = parser.parse_args()

    def action():
        if options.command == "up":
            pair = Pair(options.folder, chosen_ports(options))
            pair.up()
            say("both answer and are paired:")
            say(pair.describe())
            return 0
        return 0 if Pair(options.folder).down() else 1
    return run(action)


if __name__ == "__main__":
    sys.exit(main())
