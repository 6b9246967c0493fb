"""`treeex doctor`: tests every connection, setting and token, and says what is wrong and how to mend it."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from server.cli.faults import Exit
from server.cli.output import Json, write_json

if TYPE_CHECKING:
    from server.services.doctor import Finding


def doctor(as_json: Json = False) -> None:
    """Test everything that has to be right. Ends with status 1 when something is not."""
    from server.cli.running import complete

    findings = complete(_examine(aloud=not as_json))
    well = all(finding.ok for finding in findings)
    if as_json:
        write_json({"ok": well, "findings": [asdict(finding) for finding in findings]})
    else:
        print("everything is well" if well else "something is not well: see the lines with FAIL")
    if not well:
        raise typer.Exit(Exit.FAILED)


async def _examine(*, aloud: bool) -> "list[Finding]":
    from server.bootstrap import examine
    from server.cli.running import settings

    findings = []
    async for finding in examine(settings()):
        findings.append(finding)
        if aloud:
            print(_line(finding), flush=True)
    return findings


def _line(finding: "Finding") -> str:
    if finding.ok:
        return f"ok    {finding.name}: {finding.detail}"
    mend = f"; {finding.mend}" if finding.mend else ""
    return f"FAIL  {finding.name}: {finding.detail}{mend}"
