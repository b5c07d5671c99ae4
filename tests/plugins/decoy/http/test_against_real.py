"""The same requests to the real nginx and Apache of this machine and to ours: same bytes, but for the date."""

import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from plugins.decoy.http import HttpConfig
from tests.plugins.decoy.http.oddities import ODDITIES, get
from tests.plugins.decoy.http.serving import served

pytestmark = pytest.mark.client

REQUESTS = [
    b"GET /nope HTTP/1.1\r\nHost: web.example\r\n\r\n",
    b"GET /nope HTTP/1.1\r\nHost: web.example:81\r\nConnection: keep-alive\r\n\r\n",
    b"GET /nope HTTP/1.1\r\nHost: web.example\r\nConnection: close\r\n\r\n",
    b"GET /nope HTTP/1.0\r\n\r\n",
    b"GET /nope HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"HEAD /nope HTTP/1.1\r\nHost: web.example\r\n\r\n",
    b"POST /nope HTTP/1.1\r\nHost: web.example\r\nContent-Length: 3\r\n\r\nabc",
    b"GET / HTTP/1.1\r\nHost: web.example\r\n\r\n",
    b"GET /admin/ HTTP/1.1\r\nHost: web.example\r\n\r\n",
    b"GET /admin/x HTTP/1.1\r\nHost: web.example\r\nAuthorization: Basic YTpi\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"PUT /x HTTP/1.1\r\nHost: web.example\r\nContent-Length: 1\r\n\r\nx",
    b"DELETE /x HTTP/1.1\r\nHost: web.example\r\n\r\n",
    b"TRACE /nope HTTP/1.1\r\nHost: web.example\r\n\r\n",
    b"BREW /nope HTTP/1.1\r\nHost: web.example\r\n\r\n",
    b"GARBAGE\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: web.example\r\nContent-Length: x\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1337\r\n\r\n",
    b"GET / HTTP/2.0\r\nHost: web.example\r\n\r\n",
    b"GET /%zz HTTP/1.1\r\nHost: web.example\r\n\r\n",
    b"GET /%00 HTTP/1.1\r\nHost: web.example\r\n\r\n",
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: web.example\r\n\r\n",
    b"GET /nope/%2e%2e/%2e%2e/x HTTP/1.1\r\nHost: web.example\r\n\r\n",
    b"GET /nope/../x HTTP/1.1\r\nHost: web.example\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: web example\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: ..\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: WEB.example\r\n\r\n",
    b"GET http://web.example/ HTTP/1.1\r\nHost: other.example\r\n\r\n",
    b"GET /long HTTP/1.1\r\nHost: web.example\r\nA: " + b"b" * 9000 + b"\r\n\r\n",
    b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: web.example\r\n\r\n",
    b"POST /nope HTTP/1.1\r\nHost: web.example\r\nTransfer-Encoding: odd\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: web.example\r\n\r\n",
    *ODDITIES,
]
# Where ours differs, and why that is left; a line that no longer differs fails the test, so it is taken out again.
_UNFINISHED = "the real one refuses a header as soon as its line has come; ours looks at a head that is whole"
_LONG = "the real one waits for the end of a line that is too long already"
KNOWN = {
    ("nginx", b"GET / HTTP/1.1\r\nHost: a b\r\n"): _UNFINISHED,
    ("apache", b"A" * 9000): _LONG,
    ("apache", b"GET / HTTP/1.1\r\nA: " + b"b" * 9000): _LONG,
    ("apache", get(b"GET http:///nope HTTP/1.1")): "the real one names no host in the page",
    (
        "apache",
        get(b"CONNECT web.example:443 HTTP/1.1"),
    ): "here RedirectMatch takes it; without, the real one answers 405 as ours",
}

NGINX = """
daemon off; pid {home}/pid; error_log {home}/err.log; events {{}}
http {{ access_log off; client_body_temp_path {home}/b; proxy_temp_path {home}/p; fastcgi_temp_path {home}/f;
uwsgi_temp_path {home}/u; scgi_temp_path {home}/s; keepalive_timeout 65;
server {{ listen 127.0.0.1:{port}; root {home}/www;
location = / {{ return 302 /login; }}
location /admin/ {{ auth_basic "{realm}"; auth_basic_user_file {home}/users; }} }} }}
"""
APACHE = """
ServerRoot {home}
ServerName {hostname}
PidFile {home}/pid
ErrorLog {home}/err.log
Listen 127.0.0.1:{port}
{modules}
TypesConfig /dev/null
DocumentRoot {home}/www
ServerTokens OS
ServerSignature On
TraceEnable Off
RedirectMatch 302 ^/$ /login
<Directory {home}/www>
Require all granted
</Directory>
<Location /admin/>
AuthType Basic
AuthName "{realm}"
AuthUserFile {home}/users
Require valid-user
</Location>
"""
MODULES = [
    "mpm_event",
    "authz_core",
    "authn_core",
    "authn_file",
    "authz_user",
    "auth_basic",
    "dir",
    "mime",
    "alias",
]  # what Debian enables that matters here


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail(f"the real server did not start: {process.args!r}")


def versioned(program: str) -> str:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run([program, "-v"], capture_output=True, text=True, check=True)
    found = re.search(r"(?:nginx|Apache)/([0-9.]+)", done.stdout + done.stderr)
    assert found is not None
    return found[1]


@pytest.fixture(params=["nginx", "apache"])
def real(request):
    """Start the real server; yield its name, its port, and our configuration and packages to match."""
    kind = request.param
    version = versioned("nginx" if kind == "nginx" else "apache2")
    # Not tmp_path: the servers' workers run as www-data and must be able to walk there.
    tmp_path = Path(tempfile.mkdtemp(prefix="real-http-"))
    (tmp_path / "www" / "admin").mkdir(parents=True)
    (tmp_path / "users").touch()
    tmp_path.chmod(0o755)
    port = free_port()

    def start(realm: str, hostname: str) -> subprocess.Popen[bytes]:
        values = {"home": tmp_path, "port": port, "realm": realm, "hostname": hostname}
        conf = tmp_path / "conf"
        if kind == "nginx":
            conf.write_text(NGINX.format(**values))
            command = ["nginx", "-c", str(conf)]
        else:
            modules = "\n".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so" for m in MODULES)
            conf.write_text(APACHE.format(modules=modules, **values))
            command = ["apache2", "-X", "-f", str(conf)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(port, process)
        processes.append(process)
        return process

    processes: list[subprocess.Popen[bytes]] = []
    yield kind, version, port, start
    for process in processes:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
    shutil.rmtree(tmp_path)


def ask_real(port: int, data: bytes) -> bytes:
    """Send, half-close, and read to the end, which every answer here leads to."""
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := client.recv(65536):
            received += chunk
    return received


def normal(answer: bytes, port: int) -> bytes:
    answer = re.sub(rb"\r\nDate: [^\r]*", b"\r\nDate: -", answer)
    # Apache lists what it allows in another order with every start.
    answer = re.sub(rb"\r\nAllow: ([^\r]*)", lambda m: b"\r\nAllow: " + b",".join(sorted(m[1].split(b","))), answer)
    answer = answer.replace(f"http://web.example:{port}/".encode(), b"http://web.example/")
    answer = answer.replace(f"http://127.0.0.1:{port}/".encode(), b"http://192.0.2.10/")
    # Apache keeps the methods in a hash: their order differs from one start to the next.
    answer = re.sub(rb"Allow: ([A-Z,]+)", lambda m: b"Allow: " + b",".join(sorted(m[1].split(b","))), answer)
    shown = f"Port {port}".encode()
    padded = answer.replace(shown, b"Port 80")
    difference = len(shown) - len(b"Port 80")
    if padded != answer:
        padded = re.sub(rb"Content-Length: (\d+)", lambda m: b"Content-Length: %d" % (int(m[1]) - difference), padded)
    return padded


def test_the_answers_are_those_of_the_real_server(real):
    kind, version, port, start = real
    packages = {"nginx": f"{version}-9"} if kind == "nginx" else {"apache2": f"{version}-1"}
    unequal = []
    ours = served(HttpConfig(server=kind), packages=packages)
    realm = ours.ask(b"GET /admin/ HTTP/1.0\r\n\r\n").split(b'realm="')[1].split(b'"')[0].decode()
    start(realm, ours.deps.persona.hostname)
    for data in REQUESTS:
        theirs = normal(ask_real(port, data), port)
        mine = normal(ours.ask(data), port)
        if (theirs != mine) != ((kind, data) in KNOWN):
            unequal.append((data, theirs, mine))

    assert not unequal, "\n\n".join(f"{a!r}\nREAL {b!r}\nOURS {c!r}" for a, b, c in unequal)
