"""aiosmtpd, throwing away what it is sent."""

import asyncio
import sys

from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP


async def serve(port):
    loop = asyncio.get_running_loop()
    factory = lambda: SMTP(Sink(), hostname="mx.example.com", data_size_limit=None)
    server = await loop.create_server(factory, "127.0.0.1", port)
    await server.serve_forever()


asyncio.run(serve(int(sys.argv[1])))
