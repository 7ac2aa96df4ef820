"""Results as JUnit XML, which services that run tests understand."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from hocket.testing.report import FileReport
from hocket.testing.results import FAILED, Result

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(path: Path, reports: list[FileReport], time: float) -> None:
    """Write the results; raises OSError."""
    root = ElementTree.Element("testsuites", {"name": "hocket", "time": f"{time:.3f}", **totals(reports)})
    for report in reports:
        if report.results:
            root.append(suite(report))
    tree = ElementTree.ElementTree(root)
    ElementTree.indent(tree)
    tree.write(path, encoding="utf-8", xml_declaration=True)


def totals(reports: list[FileReport]) -> dict[str, str]:
    """Return the counts that a suite has as attributes."""
    results = [result for report in reports for result in report.results]
    failed = sum(result.status == FAILED for result in results)
    errors = sum(not result.passed for result in results) - failed
    return {"tests": str(len(results)), "failures": str(failed), "errors": str(errors), "skipped": "0"}


def suite(report: FileReport) -> ElementTree.Element:
    """Return the element of one file."""
    time = sum(result.seconds for result in report.results)
    attributes = {"name": clean(report.path), "time": f"{time:.3f}", **totals([report])}
    element = ElementTree.Element("testsuite", attributes)
    element.extend(case(report, result) for result in report.results)
    return element


def case(report: FileReport, result: Result) -> ElementTree.Element:
    """Return the element of one test."""
    place = {"file": clean(report.path), "line": str(max(result.line, 1))}
    names = {"classname": clean(report.path), "name": clean(result.name) or "(the file)"}
    element = ElementTree.Element("testcase", {**names, **place, "time": f"{result.seconds:.3f}"})
    if not result.passed:
        word = "failure" if result.status == FAILED else "error"
        why = ElementTree.SubElement(element, word, message=clean(result.message), type=result.kind or "Error")
        why.text = clean(result.text)
    if result.output:
        ElementTree.SubElement(element, "system-out").text = clean(result.output)
    return element


def clean(text: str) -> str:
    """Return `text` without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
