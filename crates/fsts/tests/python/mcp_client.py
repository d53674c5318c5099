"""The official client library, of whichever line is installed: lists the tools, calls some, and prints what it saw.

    mcp_client.py http URL TOKEN CALLS        mcp_client.py stdio CALLS COMMAND ARGS...

CALLS is a JSON list of [name, arguments]. One JSON line comes out: the revision, the names, the results.
"""

import asyncio
import importlib.metadata
import json
import sys

MODERN = importlib.metadata.version("mcp").startswith("2.")


async def looked(list_tools, call_tool, revision):
    tools = (await list_tools()).tools
    results = []
    for name, arguments in json.loads(CALLS):
        try:
            result = await call_tool(name, arguments)
        except Exception as error:  # a refusal of the protocol is a result here
            results.append({"refused": str(error)})
            continue
        # Both lines keep the wire's names behind their own.
        results.append(result.model_dump(mode="json", by_alias=True))
    print(json.dumps({"revision": revision, "tools": [t.name for t in tools], "results": results}), flush=True)


async def modern():
    from mcp import Client, StdioServerParameters
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared._httpx_utils import create_mcp_http_client

    if sys.argv[1] == "http":
        http = create_mcp_http_client(headers={"Authorization": f"Bearer {sys.argv[3]}"})
        server = streamable_http_client(sys.argv[2], http_client=http)
    else:
        server = StdioServerParameters(command=sys.argv[3], args=sys.argv[4:], env=environment())
    async with Client(server) as client:
        await looked(client.list_tools, client.call_tool, client.protocol_version)


async def session_era():
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client
    from mcp.client.streamable_http import streamablehttp_client

    if sys.argv[1] == "http":
        streams = streamablehttp_client(sys.argv[2], headers={"Authorization": f"Bearer {sys.argv[3]}"})
    else:
        streams = stdio_client(StdioServerParameters(command=sys.argv[3], args=sys.argv[4:], env=environment()))
    async with streams as opened, ClientSession(opened[0], opened[1]) as session:
        started = await session.initialize()
        await looked(session.list_tools, session.call_tool, started.protocolVersion)


def environment():
    import os

    return dict(os.environ)


CALLS = sys.argv[4] if sys.argv[1] == "http" else sys.argv[2]
asyncio.run(modern() if MODERN else session_era())
