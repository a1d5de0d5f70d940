"""Pushing the five `evaluate` modules: each a Space that `evaluate.load("owner/name")` reads, with a form to try it."""

from __future__ import annotations

from collections.abc import Sequence

from gsi_bench_hf.hub.errors import HubError
from gsi_bench_hf.hub.plan import File, Plan
from gsi_bench_hf.hub.sending import Pushed, send
from gsi_bench_hf.registration_evaluate import MODULES, script
from gsi_bench_hf.registry import did_you_mean

PACKAGE = "gsi-bench-hf[sim]"
_REQUIREMENTS = "requirements.txt"
_SYSTEM = "libegl1\nlibgl1-mesa-dri\n"
"""Debian packages for rendering without a GPU."""
_APP = '''"""The form of this Space: it scores an image pair. Everything in it is gsi-bench-hf's."""

from gsi_bench_hf.metric_space import launch

if __name__ == "__main__":
    launch("{name}")
'''


def push_metrics(
    owner: str,
    *,
    names: Sequence[str] = MODULES,
    package: str = PACKAGE,
    private: bool | None = None,
    pull_request: bool | None = False,
    endpoint: str | None = None,
    dry_run: bool = False,
) -> list[Pushed]:
    """Send `evaluate` modules to Spaces `owner/<name>`.

    Args:
        owner: user or organisation.
        names: which modules.
        package: what a Space installs; another one where gsi-bench-hf comes from elsewhere than PyPI.
        private: as in `push_dataset`.
        pull_request: as in `push_dataset`.
        endpoint: as in `push_dataset`.
        dry_run: only say what would be sent.

    Raises:
        HubError: no such module, an owner that can't be one, or as in `send`.
    """
    plans = [metric_plan(owner, name, package=package, private=private, pull_request=pull_request) for name in names]
    return [send(plan, endpoint=endpoint, dry_run=dry_run) for plan in plans]


def metric_plan(
    owner: str,
    name: str,
    *,
    package: str = PACKAGE,
    private: bool | None = None,
    pull_request: bool | None = False,
) -> Plan:
    """What `push_metrics` sends of one module."""
    if name not in MODULES:
        raise HubError(f"the metric is {name!r}.{did_you_mean(name, MODULES)} Known: {', '.join(MODULES)}")
    if not owner or "/" in owner:
        raise HubError(f"the owner is {owner!r}, expected a user or an organisation: the Spaces become OWNER/{name} …")
    if not package.strip() or "\n" in package:
        raise HubError(f"the package is {package!r}, expected one line of requirements.txt, such as {PACKAGE}")
    folder = script(name).parent
    return Plan(
        kind="space",
        repo_id=f"{owner}/{name}",
        files=(
            File("README.md", folder / "README.md"),
            File("app.py", _APP.format(name=name).encode()),
            File(f"{name}.py", folder / f"{name}.py"),
            File("packages.txt", _SYSTEM.encode()),
            File(_REQUIREMENTS, _requirements((folder / _REQUIREMENTS).read_text(encoding="utf-8"), package)),
        ),
        title=f"The metric {name} of gsi-bench-hf",
        private=private,
        pull_request=pull_request,
        sdk="gradio",
    )


def _requirements(text: str, package: str) -> bytes:
    lines = [package if line.strip() == PACKAGE else line for line in text.splitlines()]
    return "".join(f"{line}\n" for line in lines).encode()
