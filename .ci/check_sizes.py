"""Measures the house's limits: functions of 80 lines, nearly all within 40; files of 500 lines, nearly all within 300."""

import ast
import sys
from pathlib import Path

MAX_FUNCTION, GOOD_FUNCTION = 80, 40
MAX_FILE, GOOD_FILE = 500, 300
NEARLY_ALL = 0.95
ROOTS = ("gsi_bench_hf", "metrics", "dataset_scripts", "benchmarks", "tests")


def main() -> int:
    """Print what is too long; return 1 when something is."""
    files: dict[str, int] = {}
    functions: dict[str, int] = {}
    for path in sorted(p for root in ROOTS for p in Path(root).rglob("*.py")):
        text = path.read_text()
        files[str(path)] = text.count("\n")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                functions[f"{path}:{node.lineno} {node.name}"] = _body_lines(node)
    ok = _report("functions", functions, GOOD_FUNCTION, MAX_FUNCTION)
    return 0 if _report("files", files, GOOD_FILE, MAX_FILE) and ok else 1


def _body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring: documentation is not what makes a function long."""
    first = node.body[0]
    documented = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - docstring


def _report(what: str, sizes: dict[str, int], good: int, limit: int) -> bool:
    too_long = {name: lines for name, lines in sizes.items() if lines > limit}
    share = sum(lines <= good for lines in sizes.values()) / max(1, len(sizes))
    print(f"{what}: {len(sizes)}, {share:.1%} within {good} lines, longest {max(sizes.values(), default=0)}")
    for name, lines in sorted(too_long.items()):
        print(f"  {name}: {lines} lines, limit {limit}", file=sys.stderr)
    if share < NEARLY_ALL:
        for name, lines in sorted(sizes.items()):
            if lines > good:
                print(f"  {name}: {lines} lines; fewer than {NEARLY_ALL:.0%} are within {good}", file=sys.stderr)
    return not too_long and share >= NEARLY_ALL


if __name__ == "__main__":
    sys.exit(main())
