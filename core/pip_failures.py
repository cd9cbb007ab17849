"""Why an installation with pip failed, in words: the usual causes, known by what pip prints."""

from __future__ import annotations

import re
from pathlib import Path

from .errors import EngineError

# (pattern in pip's output, what it means, what to do); the first that matches counts.
_PIP_CAUSES = (
    (r"No space left on device|Errno 28", "The disk is full.", "Free some space or choose another folder."),
    (
        r"407 |ProxyError|Cannot connect to proxy|Tunnel connection failed",
        "The proxy refused the connection.",
        "Set HTTPS_PROXY to http://user:password@host:port, or 'proxy' in pip's configuration file.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "The certificate of the package index is not trusted here.",
        "Behind a company's firewall set PIP_CERT to its certificate file.",
    ),
    (
        r"name resolution|not known|getaddrinfo|unreachable|NewConnectionError|refused|[Tt]imed out|Timeout",
        "The package index cannot be reached.",
        "Check the network; behind a proxy set HTTPS_PROXY. Then set up again.",
    ),
    (
        r"No matching distribution|Could not find a version",
        "A package has no version for this Python and system.",
        "Use a 64-bit Python from 3.10 to 3.13 with --python, or name another index with --torch-index.",
    ),
    (
        r"Permission denied|Errno 13|Access is denied",
        "The folder cannot be written.",
        "Choose another one; on Windows close the programs that use it.",
    ),
)


def pip_failure(lines: list[str], folder: Path) -> EngineError:
    """Return the error for a failed pip with the cause that its lines betray."""
    text = "\n".join(lines)
    for pattern, what, remedy in _PIP_CAUSES:
        if re.search(pattern, text):
            return EngineError(
                f"{what}\nEnd of pip's log:\n" + "\n".join(lines[-8:]), where=str(folder), remedy=remedy
            )
    return EngineError(
        "The packages could not be installed.\nEnd of pip's log:\n" + "\n".join(lines[-20:]),
        where=str(folder),
        remedy="Mend what the log says and set up again.",
    )
