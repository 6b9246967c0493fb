"""`python -m benchmarks.role ARGUMENTS`: `treeex ARGUMENTS`, which tells where it listens, or that it runs, in a line.

`api` is served on a free port. A worker listens nowhere, so it says so at once.
"""

import os
import socket
import sys

from server.cli import app


def main() -> None:
    if sys.argv[1:] == ["api"]:
        listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        os.set_inheritable(listener.fileno(), True)
        print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        sys.argv += ["--fd", str(listener.detach())]
    else:
        print("listening on no port: http://none", flush=True)
    sys.argv[0] = "treeex"
    app.main()


if __name__ == "__main__":
    main()
