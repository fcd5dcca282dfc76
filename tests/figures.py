"""Figures of a release build, as JSON: ./do build, then python3 tests/figures.py DIST_FOLDER FOLDER_WITH_EVTX.

Needs Xvfb for the window; what is missing is left out with the reason.
"""
import http.client, json, mmap, os, pathlib, resource, shutil, statistics, struct, subprocess, sys, tempfile, threading, time

dist, logs = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
home = tempfile.mkdtemp(prefix="aurora-figures-")
env = {**os.environ, "HOME": home, "AURORASOC_KEYRING": "false", "GDK_BACKEND": "x11", "NO_AT_BRIDGE": "1"}
for name in ("XDG_RUNTIME_DIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
    env.pop(name, None)
aurorasoc, ws, out = dist / "aurorasoc", f"{home}/ws", {}


def run(*args, **more):
    return subprocess.run([str(aurorasoc), *map(str, args)], env=env, capture_output=True, text=True, **more)


def cpu(*args):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    since = time.monotonic()
    run(*args)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round(time.monotonic() - since, 3), round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 3)


run("user", "add", "root", "--role", "admin", "--password-stdin", "--data-dir", ws, input="correct horse battery\n")
out["scan_wall_s"], out["scan_cpu_s"] = cpu("scan", logs)
out["first_import_wall_s"], out["first_import_cpu_s"] = cpu("import", logs, "--data-dir", ws)

server = subprocess.Popen([aurorasoc, "serve", "--listen", "127.0.0.1:0", "--data-dir", ws], env=env, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
host = server.stdout.readline().strip().removeprefix("Listening on http://")


def call(method, path, body=None, token=None, link=None):
    link = link or http.client.HTTPConnection(host)
    head = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    link.request(method, path, json.dumps(body) if body is not None else None, head)
    answer = link.getresponse()
    return json.loads(answer.read() or b"null")


token = call("POST", "/api/v1/auth/token", {"username": "root", "password": "correct horse battery"})["access_token"]
out["events"] = call("GET", "/api/v1/siem/stats", token=token)["events"]
for n in range(60):
    call("POST", "/api/v1/alerts", {"title": f"figure {n}", "severity": "low"}, token)
alert = call("GET", "/api/v1/alerts?limit=1", token=token)["items"][0]["alert_id"]

busy = threading.Event()
def imports():
    for _ in range(4):
        run("import", logs, "--data-dir", ws)
    busy.set()
work = threading.Thread(target=imports)
work.start()
link, times = http.client.HTTPConnection(host), []
while not busy.is_set():
    since = time.monotonic()
    call("PATCH", f"/api/v1/alerts/{alert}", {"tags": [str(len(times))]}, token, link)
    times.append(time.monotonic() - since)
work.join()
times.sort()
out["patch_during_import_ms"] = {"count": len(times), "p50": round(times[len(times) // 2] * 1e3, 2),
                                 "p99": round(times[len(times) * 99 // 100] * 1e3, 2)}

server.terminate()
server.wait()

# The kernel's bar B10 and lists of 100,000 alerts: benches of the crate aurorasoc, built by ./do bench.
benches = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "release/examples"
for name in ("http_rates", "alert_lists"):
    if (benches / name).exists():
        out[name] = json.loads(subprocess.run([str(benches / name)], env=env, capture_output=True, text=True, check=True).stdout)
    else:
        out[name] = "left out: cargo build --release -p aurorasoc --examples was not run"


class Display:
    """A display whose picture is a file (Xvfb -fbdir), so that the first frame is seen without asking the X server."""

    def __init__(self):
        read, write = os.pipe()
        self.server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "-fbdir", home,
                                        "-nolisten", "tcp"], pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        self.name = ":" + os.fdopen(read).readline().strip()
        file = open(f"{home}/Xvfb_screen0", "rb")
        self.picture = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        # XWDFileHeader (X11/XWDFile.h): its own size, then among others bytes a line and entries of the colour map.
        head = struct.unpack(">25I", self.picture[:100])
        self.start, self.line = head[0] + head[19] * 12, head[12]

    def colours(self):
        """How many colours every fifth line below the menu bar has; text alone brings dozens."""
        seen = set()
        for y in range(60, 780, 5):
            at = self.start + y * self.line
            seen.update(memoryview(self.picture[at:at + 1280 * 4]).cast("I"))
        return len(seen)


def window(display, workspace):
    """Starts the window and waits for a frame with something on the page; the process and the seconds it took."""
    since = time.monotonic()
    app = subprocess.Popen([dist / "aurorasoc-desktop", "--data-dir", workspace], env={**env, "DISPLAY": display.name},
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while display.colours() < 16:
        if app.poll() is not None or time.monotonic() - since > 60:
            sys.exit(f"the window never showed anything (exit code {app.poll()})")
        time.sleep(0.005)
    return app, time.monotonic() - since


def ended(app, display):
    app.terminate()
    app.wait()
    while display.colours() > 1:
        time.sleep(0.01)


if shutil.which("Xvfb"):
    display = Display()
    app, first = window(display, f"{home}/window")
    ended(app, display)
    times = []
    for _ in range(10):
        app, took = window(display, f"{home}/window")
        times.append(took)
        if len(times) < 10:
            ended(app, display)
    out["window_painted_ms"] = {"first_start": round(first * 1e3), "median_of_10": round(statistics.median(times) * 1e3),
                                "worst_of_10": round(max(times) * 1e3)}
    # Idle is what it needs once the page has been quiet for a while.
    time.sleep(10)
    try:
        rollup = pathlib.Path(f"/proc/{app.pid}/smaps_rollup").read_text()
        out["idle_pss_mb"] = next(int(l.split()[1]) // 1024 for l in rollup.splitlines() if l.startswith("Pss:"))
    except OSError as e:
        out["idle_pss_mb"] = f"left out: {e} (the app lets only root look)"
    ended(app, display)
    display.server.terminate()
else:
    out["window_painted_ms"] = out["idle_pss_mb"] = "left out: Xvfb is not installed"
print(json.dumps(out, indent=1))
shutil.rmtree(home, ignore_errors=True)
