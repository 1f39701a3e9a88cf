# SPDX-License-Identifier: BSD-3-Clause
"""The JSON of the verbs, and what became of those that gave none."""
import json
import pathlib


class Results:
    def __init__(self, files, verbs):
        self.verbs = verbs
        self.found = {}
        self.outcomes = {}
        for file in files:
            try:
                data = json.loads(pathlib.Path(file).read_text(encoding="utf-8"))
            except ValueError as why:
                raise ValueError(f"{file}: {why}") from why
            bench = data.get("bench", pathlib.Path(file).stem)
            if bench == "all":
                self.outcomes = {v["verb"]: v for v in data["verbs"]}
            elif bench in self.found:
                raise ValueError(f"{file}: there is another file of '{bench}' already")
            else:
                self.found[bench] = data

    def get(self, bench):
        return self.found.get(bench)

    def rows(self, bench, **want):
        """Those that have these members; a value may be a set of them."""
        rows = (self.get(bench) or {}).get("rows", [])
        return [r for r in rows if all(r.get(k) in v if isinstance(v, (set, tuple)) else r.get(k) == v
                                       for k, v in want.items())]

    def all_verbs(self):
        return self.verbs + [b for b in self.found if b not in self.verbs]

    def failed(self, bench):
        """The reason, or None."""
        outcome = self.outcomes.get(bench)
        if outcome is None or outcome["outcome"] == "ok":
            return None
        return f"{outcome['outcome']}: {outcome['why']}"

    def missing(self, bench):
        return self.failed(bench) or f"not measured: `perf/run.sh {bench}`"


def pairs(rows, keys, contender="ovnet"):
    """Of each case the contenders' rows by name, where that one is among them."""
    cases = {}
    for row in rows:
        cases.setdefault(tuple(row.get(k) for k in keys), {})[row["contender"]] = row
    return {case: by for case, by in cases.items() if contender in by}
