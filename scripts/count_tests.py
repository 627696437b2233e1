"""Sums the test reports of the build. Every module with tests must have run some; the last line is the sum."""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ("surefire-reports", "failsafe-reports")
NO_MODULES = {"target", ".git", ".vrg", "node_modules", "archetype-resources"}


def modules():
    """Folders with a pom.xml, top down."""
    found, queue = [], [ROOT]
    while queue:
        folder = queue.pop(0)
        if (folder / "pom.xml").exists():
            found.append(folder)
            queue += sorted(child for child in folder.iterdir() if child.is_dir() and child.name not in NO_MODULES)
    return found


def count(module):
    passed = failed = skipped = 0
    for reports in REPORTS:
        for report in sorted((module / "target" / reports).glob("TEST-*.xml")):
            suite = ElementTree.parse(report).getroot()
            bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            left_out = int(suite.get("skipped", 0))
            passed += int(suite.get("tests", 0)) - bad - left_out
            failed += bad
            skipped += left_out
    return passed, failed, skipped


def main():
    build_code = int(sys.argv[1])
    total_passed = total_failed = total_skipped = 0
    empty = []
    for module in modules():
        has_tests = any((module / "src" / "test").rglob("*Test.java"))
        passed, failed, skipped = count(module)
        if has_tests and passed + failed == 0:
            empty.append(str(module.relative_to(ROOT)))
        if passed + failed + skipped:
            left_out = f", {skipped} skipped" if skipped else ""
            print(f"  {str(module.relative_to(ROOT)):<42} {passed:>6} passed, {failed} failed{left_out}")
        total_passed += passed
        total_failed += failed
        total_skipped += skipped
    if empty:
        print("these have tests, but none ran: " + ", ".join(empty))
    if total_skipped:
        print(f"{total_skipped} were skipped, which counts as a failure: a missing part is installed, not passed over")
    if build_code:
        print(f"the build ended with code {build_code}, see above")
    print(f"{total_passed} passed, {total_failed} failed")
    return 1 if build_code or total_failed or total_skipped or empty or not total_passed else 0


if __name__ == "__main__":
    sys.exit(main())
