"""A real S3 server over a folder, and a proxy before it that fails when told."""

from __future__ import annotations

import http.client
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from streams.broker.ports import free_port
from tests.waiting import eventually

ACCESS, SECRET = "tests", "tests-secret"
NEVER = 1 << 60


@contextmanager
def s3_server(folder: Path) -> Iterator[int]:
    """versitygw with a bucket called `lake`; gives its port."""
    (folder / "lake").mkdir(parents=True)
    port = free_port()
    command = ["versitygw", "--access", ACCESS, "--secret", SECRET, "--port", f"127.0.0.1:{port}", "--quiet"]
    process = subprocess.Popen([*command, "posix", str(folder)], stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: _answers(port))
        yield port
    finally:
        process.kill()
        process.wait()


def storage_at(port: int) -> dict[str, str]:
    return {
        "aws_access_key_id": ACCESS,
        "aws_secret_access_key": SECRET,
        "aws_region": "us-east-1",
        "aws_endpoint_url": f"http://127.0.0.1:{port}",
    }


class Proxy:
    """Passes requests on to the server, in a process of its own: libraries may hold the interpreter's lock.

    What changes the storage is counted, and all behind a number fails: `refused` without being done, or
    `unanswered` though it is done. Once the credentials are `revoked`, nothing is allowed at all.
    """

    def __init__(self, server: int) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "tests.lake.s3", str(self.port), str(server)]
        self._process = subprocess.Popen(command)
        eventually(lambda: _answers(self.port))

    def fail_behind(self, number: int, how: str) -> None:
        self._tell(f"/-/{number}/{how}")

    def mend(self) -> None:
        self._tell(f"/-/{NEVER}/refused")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _tell(self, path: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", path)
        assert connection.getresponse().status == 200
        connection.close()


@dataclass
class _Plan:
    server: int
    changes: int = 0
    last_good: int = NEVER
    how: str = "refused"


def _handler(plan: _Plan) -> type[BaseHTTPRequestHandler]:  # noqa: C901  # a class around its plan
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _whole(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def _chunks(self) -> bytes:
            """The body as it came, up to the empty line behind the last chunk and its trailers."""
            raw = b""
            size = 1
            while size:
                line = self.rfile.readline()
                size = int(line.split(b";")[0], 16)
                raw += line + (self.rfile.read(size + 2) if size else b"")
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                raw += line
            return raw + b"\r\n"

        def _say(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _pass(self) -> None:
            if self.path.startswith("/-/"):
                _, _, number, plan.how = self.path.split("/")
                plan.changes, plan.last_good = 0, int(number)
                self._say(200)
                return
            body = self._chunks() if "Transfer-Encoding" in self.headers else self._whole()
            fails = False
            if self.command in ("PUT", "POST", "DELETE"):
                plan.changes += 1
                fails = plan.changes > plan.last_good
            if fails and plan.how == "refused":
                self._say(503)
                return
            if plan.how == "revoked" and plan.changes >= plan.last_good:
                self._say(403)
                return
            server = http.client.HTTPConnection("127.0.0.1", plan.server, timeout=30)
            server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                server.putheader(name, value)
            server.endheaders(body)
            answer = server.getresponse()
            content = answer.read()
            server.close()
            if fails:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in (
                    "transfer-encoding",
                    "content-length",
                    "connection",
                    "date",
                    "server",
                ):
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
            self.send_header("Content-Length", length or "0")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass  # noqa: N815  # the library finds them by name

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _handler(_Plan(int(sys.argv[2])))).serve_forever()
