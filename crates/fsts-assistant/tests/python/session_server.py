"""The official session-era library as a server: `sse` or `streamable-http` on a free port of the loopback."""

import socket
import sys

import uvicorn
from mcp.server.fastmcp import FastMCP

server = FastMCP("session-era")


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@server.tool()
def fail() -> str:
    """Fails."""
    raise ValueError("여기까지")


app = server.sse_app() if sys.argv[1] == "sse" else server.streamable_http_app()
listener = socket.socket()
listener.bind(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0))
listener.listen()
path = "/sse" if sys.argv[1] == "sse" else "/mcp"
print(f"http://127.0.0.1:{listener.getsockname()[1]}{path}", flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])
