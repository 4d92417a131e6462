#!/usr/bin/env python3
"""Holds what `distill lint --output-format sarif` wrote to the OASIS schema and to what GitHub code scanning asks for.

    python check_sarif.py sarif-schema-2.1.0.json FILE.sarif..

The schema is sarif-2.1/schema/sarif-schema-2.1.0.json of https://github.com/oasis-tcs/sarif-spec (errata 01).
"""

from __future__ import annotations

import argparse
import json
import sys
from urllib.parse import unquote, urlsplit

from jsonschema import Draft4Validator, FormatChecker

from parity_common import Report, print_versions

# https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support
MOST_RUNS, MOST_RESULTS, MOST_TAGS, MOST_TEXT = 20, 25_000, 20, 1024


def check_run(report: Report, name: str, run: dict) -> None:
    driver, results = run["tool"]["driver"], run["results"]
    rules = driver["rules"]
    report.check(len(results) <= MOST_RESULTS, f"{name}: {len(results)} results, at most {MOST_RESULTS}")
    long = [r["id"] for r in rules if len(r["properties"]["tags"]) > MOST_TAGS]
    report.check(not long, f"{name}: at most {MOST_TAGS} tags {long[:5]}")
    long = [r["id"] for r in rules for k in ("shortDescription", "fullDescription") if len(r[k]["text"]) > MOST_TEXT]
    report.check(not long, f"{name}: descriptions within {MOST_TEXT} characters {long[:5]}")
    ids = [rule["id"] for rule in rules]
    report.check(len(set(ids)) == len(ids), f"{name}: {len(ids)} rules, each once")
    wrong = [r["ruleId"] for r in results if ids[r["ruleIndex"]] != r["ruleId"]]
    report.check(not wrong, f"{name}: rule indices lead to their rules {wrong[:5]}")
    prints = [r["partialFingerprints"]["primaryLocationLineHash"] for r in results]
    report.check(len(set(prints)) == len(prints), f"{name}: {len(prints)} fingerprints, each once")
    places = [location["physicalLocation"] for r in results for location in r["locations"]]
    report.check(len(places) == len(results), f"{name}: one place per result")
    report.check(all(p["region"]["startLine"] >= 1 for p in places), f"{name}: lines count from 1")
    bad = [p for p in places if not plain(p["artifactLocation"], run["originalUriBaseIds"])]
    report.check(not bad, f"{name}: paths are encoded and begin at a known root {bad[:2]}")


def plain(artifact: dict, roots: dict) -> bool:
    """Whether a URI is encoded, and relative exactly when it may be."""
    uri, root = artifact["uri"], artifact.get("uriBaseId")
    parts = unquote(urlsplit(uri).path).split("/")
    relative = not urlsplit(uri).scheme and not uri.startswith("/")
    return uri.isascii() and " " not in uri and "." not in parts and (root in roots and relative if root else True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("schema")
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    print_versions("jsonschema")
    with open(args.schema, encoding="utf-8") as file:
        schema = json.load(file)
    Draft4Validator.check_schema(schema)
    validator = Draft4Validator(schema, format_checker=FormatChecker())
    report = Report()
    for name in args.files:
        with open(name, encoding="utf-8") as file:
            log = json.load(file)
        errors = [f"{error.json_path}: {error.message[:160]}" for error in validator.iter_errors(log)]
        if report.check(not errors, f"{name}: valid {errors[:5]}"):
            report.check(len(log["runs"]) <= MOST_RUNS, f"{name}: {len(log['runs'])} runs, at most {MOST_RUNS}")
            for run in log["runs"]:
                check_run(report, name, run)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
