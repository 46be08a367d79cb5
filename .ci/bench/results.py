"""What was measured, and how it is told."""

import statistics
import sys


class Results:
    """Samples by case, contender and quantity, and goals over their medians."""

    def __init__(self, out):
        self.out = out
        self.cases = []

    def case(self, title, note=""):
        self.cases.append(Case(title, note))
        return self.cases[-1]

    def show(self, case):
        text = case.text()
        print(text, flush=True)
        if self.out:
            with open(self.out, "a", encoding="utf-8") as f:
                f.write(text + "\n")

    def summary(self):
        rows = [goal for case in self.cases for goal in case.goals]
        case = Case("goals", "")
        case.goals = rows
        self.show(case)
        return rows


class Case:
    def __init__(self, title, note):
        self.title, self.note = title, note
        self.samples = {}  # contender -> quantity -> values
        self.goals = []
        self.errors = []

    def add(self, contender, **values):
        mine = self.samples.setdefault(contender, {})
        for name, value in values.items():
            mine.setdefault(name, []).append(value)

    def fail(self, contender, error):
        self.errors.append(f"{contender}: {error}")
        print(f"# {self.title}: {contender}: {error}", file=sys.stderr, flush=True)

    def median(self, contender, quantity):
        values = self.samples.get(contender, {}).get(quantity)
        return statistics.median(values) if values else None

    def best(self, names, quantity):
        """The smallest median of several contenders."""
        found = [m for m in (self.median(n, quantity) for n in names) if m is not None]
        return min(found) if found else None

    def goal(self, number, what, value, limit, most=True):
        """A ratio, and whether it is at most, or at least, its limit."""
        if value is None:
            self.goals.append((number, what, "not measured", "", ""))
            return
        met = value <= limit if most else value >= limit
        self.goals.append((number, what, f"{value:.2f}", ("≤ " if most else "≥ ") + f"{limit:g}", "met" if met else "MISSED"))

    def text(self):
        lines = [f"\n## {self.title}\n"]
        if self.note:
            lines += [self.note, ""]
        quantities = list(dict.fromkeys(q for mine in self.samples.values() for q in mine))
        if self.samples:
            rows = [[c] + [spread(mine.get(q)) for q in quantities] for c, mine in self.samples.items()]
            lines += table([""] + [q.replace("_", " ") for q in quantities], rows)
        lines += [f"FAILED {e}" for e in self.errors]
        if self.goals:
            lines += [""] + table(["goal", "ratio", "measured", "wanted", ""], [[str(x) for x in g] for g in self.goals])
        return "\n".join(lines)


def ratio(a, b):
    return a / b if a is not None and b else None


def spread(values):
    """Median, and in brackets least…most and how many."""
    if not values:
        return "–"
    median = statistics.median(values)
    if len(values) == 1:
        return f"{number(median)} (1)"
    return f"{number(median)} ({number(min(values))}…{number(max(values))}, {len(values)})"


def number(x):
    if x == 0 or abs(x) >= 100:
        return f"{x:.0f}"
    return f"{x:.3g}"


def table(head, rows):
    widths = [max(len(r[i]) for r in [head, *rows]) for i in range(len(head))]
    line = lambda r: "| " + " | ".join(c.ljust(w) for c, w in zip(r, widths)) + " |"  # noqa: E731
    return [line(head), "|" + "|".join("-" * (w + 2) for w in widths) + "|", *map(line, rows)]
