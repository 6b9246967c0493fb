"""`python -m benchmarks.references.sender --graph URL --messages N --in-flight M`: a bare aiohttp loop posts texts.

Each body is as the product sends it; what comes back is read and thrown away. Prints one JSON object: the seconds that
it took, and the CPU seconds of this process.
"""

import argparse
import asyncio
import json
import time

import uvloop
from aiohttp import ClientSession, TCPConnector

TOKEN = "EAAbench0001"  # noqa: S105 - of nobody


def texts(count: int) -> list[dict[str, object]]:
    return [
        {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": f"+1555{place:07}",
            "type": "text",
            "text": {"body": f"Your order {place} is on its way", "preview_url": False},
            "biz_opaque_callback_data": f"t1.{place:032x}.1.0123456789abcdef",
        }
        for place in range(count)
    ]


async def send(graph: str, messages: int, in_flight: int) -> dict[str, float]:
    waiting = iter(texts(messages))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with ClientSession(connector=TCPConnector(limit=in_flight)) as session:

        async def lane(number: int) -> None:
            url = f"{graph}/v26.0/{100 + number % 10}/messages"
            for body in waiting:
                async with session.post(url, json=body, headers=headers) as answer:
                    await answer.json()

        began, used = time.perf_counter(), time.process_time()
        await asyncio.gather(*(lane(number) for number in range(in_flight)))
        return {"seconds": time.perf_counter() - began, "cpu_s": time.process_time() - used}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--graph", required=True)
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--in-flight", type=int, required=True)
    given = parser.parse_args()
    print(json.dumps(uvloop.run(send(given.graph, given.messages, given.in_flight))), flush=True)


if __name__ == "__main__":
    main()
