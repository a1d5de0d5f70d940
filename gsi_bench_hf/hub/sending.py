"""Sending a plan: what is there already is left alone, the rest goes in commits of bounded size, and a second try goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gsi_bench_hf.hub.contents import check_contents
from gsi_bench_hf.hub.errors import AGAIN, HubError, hub_errors
from gsi_bench_hf.hub.plan import File, Plan, amount
from gsi_bench_hf.hub.there import MAIN, There, client, look

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_FILES_A_COMMIT = 50
_BYTES_A_COMMIT = 2_000_000_000
_LAST = ("README.md", "eval.yaml", "croissant.json")
"""What tells of the other files goes with the last of them."""


@dataclass(frozen=True)
class Pushed:
    """What was sent, or would be.

    Attributes:
        plan: what was asked for.
        there: the repository before.
        endpoint: of the Hub.
        changed: the files that were not there yet, or other ones.
        removed: paths that lay there and were removed.
        commit: the last commit; None where nothing was to be sent, or nothing was sent.
        pull_request: its address.
        sent: whether anything was sent at all; False of a dry run.
    """

    plan: Plan
    there: There
    endpoint: str
    changed: tuple[File, ...]
    removed: tuple[str, ...]
    commit: str | None = None
    pull_request: str | None = None
    sent: bool = False

    @property
    def url(self) -> str:
        """The repository's page."""
        return f"{self.endpoint}/{'' if self.plan.kind == 'model' else f'{self.plan.kind}s/'}{self.plan.repo_id}"

    def __str__(self) -> str:
        changed, width = {file.path for file in self.changed}, max((len(f.path) for f in self.plan.files), default=0)
        lines = [f"{self.plan.kind} {self.plan.repo_id} at {self.endpoint}: {self._repository()}"]
        for file in self.plan.files:
            state = "" if file.path in changed else "  there already"
            lines.append(f"  {file.path:<{width}}  {amount(file.size):>9}{state}")
        lines += [f"  {path:<{width}}  removed there" for path in self.removed]
        lines += [f"  note: {note}" for note in self.plan.notes]
        return "\n".join([*lines, self._summary()])

    def _repository(self) -> str:
        there, plan = self.there, self.plan
        if there.unknown:
            return f"{_visibility(plan.private is not False)} if it is new; the Hub was not asked ({there.unknown})"
        if not there.exists:
            return f"new, {_visibility(plan.private is not False)}"
        offered = self.pull_request or (_offered(plan, there) and "as a pull request")
        return f"{_visibility(bool(there.private))} as it is{f', {offered}' if offered else ''}"

    def _summary(self) -> str:
        size = amount(sum(file.size for file in self.changed))
        count, kept = len(self.changed), len(self.plan.files) - len(self.changed)
        what = f"{count} file{'s' * (count != 1)}, {size}"
        if not self.changed and not self.removed:
            return f"nothing to send: {'all ' * (kept > 1)}{kept} file{'s are' if kept != 1 else ' is'} there already"
        if not self.sent:
            return f"would send {what}; nothing was sent"
        return f"sent {what}: {self.pull_request or self.url}"


def send(plan: Plan, *, endpoint: str | None = None, dry_run: bool = False) -> Pushed:
    """Send a plan's files; those that are there already are not sent again.

    Args:
        plan: what goes where.
        endpoint: another Hub's address; None is HF_ENDPOINT, or https://huggingface.co.
        dry_run: whether only to say what would be sent. The Hub is asked what it has, where it can be.

    Returns:
        What was sent. `str` of it is the list for a person.

    Raises:
        HubError: a file holds a secret or a path of this machine, the Hub refuses or breaks off, or the repository is public and
            the plan says private. What has arrived stays, and the same call goes on from there.
    """
    check_contents(plan)
    api = client(endpoint)
    there = _there(api, plan, dry_run=dry_run)
    if there.exists and there.private is False and plan.private:
        raise HubError(
            f"{plan.kind} {plan.repo_id} is public, expected a private one; make it private in its settings on the Hub, or leave "
            "--private away"
        )
    changed = tuple(file for file in plan.files if not _is_there(file, there))
    kept = {file.path for file in plan.files}
    removed = tuple(
        path for path in there.files if path not in kept and path.startswith(tuple(f"{f}/" for f in plan.replaces))
    )
    planned = Pushed(plan, there, api.endpoint, changed, removed)
    return planned if dry_run else _send(api, planned)


def _there(api: HfApi, plan: Plan, *, dry_run: bool) -> There:
    try:
        there = look(api, plan.kind, plan.repo_id, pull_request=plan.pull_request, title=plan.title)
    except HubError as error:
        if not dry_run:
            raise
        return There(unknown=str(error).partition(": ")[2] or str(error))
    if plan.must_exist and not there.exists:
        raise HubError(
            f"there is no {plan.kind} {plan.repo_id} that the token may see; push it first, or check the name and `hf auth whoami`"
        )
    return there


def _send(api: HfApi, planned: Pushed) -> Pushed:
    plan, there = planned.plan, planned.there
    what = f"push {plan.kind} {plan.repo_id}"
    if not there.exists:
        with hub_errors(what):
            api.create_repo(
                plan.repo_id,
                repo_type=plan.kind,
                private=plan.private is not False,
                exist_ok=True,
                space_sdk=plan.sdk,
            )
    batches = _batches(planned.changed) or ([()] if planned.removed else [])
    branch, offered, done, info = there.branch, _offered(plan, there), 0, None
    for number, batch in enumerate(batches, start=1):
        last = number == len(batches)
        operations = _operations(batch, planned.removed if last else ())
        with hub_errors(what, again=f"{AGAIN} ({done} of {len(planned.changed)} files are there)"):
            info = api.create_commit(
                plan.repo_id,
                operations,
                commit_message=plan.title if len(batches) == 1 else f"{plan.title} ({number} of {len(batches)})",
                repo_type=plan.kind,
                revision=branch,
                create_pr=offered and branch == MAIN,
                parent_commit=plan.parent if number == 1 else None,
            )
        branch = info.pr_revision or branch
        done += len(batch)
    request = branch.removeprefix("refs/pr/") if offered and branch != MAIN else None
    return replace(
        planned,
        commit=info.oid if info else None,
        pull_request=f"{planned.url}/discussions/{request}" if request else None,
        sent=info is not None,
    )


def _operations(batch: Sequence[File], removed: Sequence[str]) -> list[Any]:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    added = [
        CommitOperationAdd(file.path, file.content if isinstance(file.content, bytes) else str(file.content))
        for file in batch
    ]
    return [*added, *(CommitOperationDelete(path) for path in removed)]


def _batches(files: Sequence[File]) -> list[tuple[File, ...]]:
    """Files in commits of bounded size; those that tell of the others in the last one."""
    ordered = sorted(files, key=lambda file: file.path in _LAST)
    batches: list[list[File]] = []
    room = 0
    for file in ordered:
        if not batches or len(batches[-1]) == _FILES_A_COMMIT or file.size > room:
            batches.append([])
            room = _BYTES_A_COMMIT
        batches[-1].append(file)
        room -= file.size
    return [tuple(batch) for batch in batches]


def _is_there(file: File, there: There) -> bool:
    blob = there.files.get(file.path)
    return blob is not None and blob.size == file.size and file.is_blob(blob.oid, large=blob.large)


def _offered(plan: Plan, there: There) -> bool:
    """Whether the change goes as a pull request."""
    return bool(plan.pull_request) or (plan.pull_request is None and there.exists and not there.ours)


def _visibility(private: bool) -> str:
    return "private" if private else "public"
