"""The five `evaluate` modules go to Spaces, and are loaded from there."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
import yaml

from gsi_bench_hf import cli, metric_space
from gsi_bench_hf.hub import HubError, push_metrics
from gsi_bench_hf.registration_evaluate import MODULES, script

LOAD = """
import json, sys
sys.path.insert(0, sys.argv[2])
import tiny
import evaluate

rows = tiny.rows(4)
images = [row["target_image"] for row in rows[:3]] + [rows[3]["source_image"]]
metric = evaluate.load(sys.argv[1])
result = metric.compute(predictions=images, references=rows, **tiny.TOOLS)
print(json.dumps({"value": result["spatial_accuracy"], "from": type(metric).__module__}))
"""


def committed(hub, name):
    return {path: blob.data for path, blob in hub.repos["space", f"lab/{name}"].at("main").files.items()}


def test_each_module_becomes_a_space_with_a_form(hub):
    pushed = push_metrics("lab", endpoint=hub.endpoint)
    assert [one.url for one in pushed] == [f"{hub.endpoint}/spaces/lab/{name}" for name in MODULES]
    for name in MODULES:
        files = committed(hub, name)
        assert set(files) == {"README.md", "app.py", f"{name}.py", "requirements.txt", "packages.txt"}
        assert files[f"{name}.py"] == script(name).read_bytes()
        assert files["requirements.txt"] == b"gsi-bench-hf[sim]\n"
        assert hub.repos["space", f"lab/{name}"].private
        card = yaml.safe_load(files["README.md"].split(b"---")[1])
        assert (card["sdk"], card["app_file"]) == ("gradio", "app.py")
        assert len(card["short_description"]) <= 60
        assert card["description"].endswith(".")
        assert {"evaluate", "metric"} <= set(card["tags"])


def test_an_app_opens_the_form_of_its_own_metric(hub):
    push_metrics("lab", endpoint=hub.endpoint)
    for name in MODULES:
        (imported,) = [
            node for node in ast.parse(committed(hub, name)["app.py"]).body if isinstance(node, ast.ImportFrom)
        ]
        assert imported.module == metric_space.__name__
        assert all(hasattr(metric_space, alias.name) for alias in imported.names)
        called = []
        source = committed(hub, name)["app.py"].decode().replace("from gsi_bench_hf.metric_space import launch", "")
        exec(compile(source, "app.py", "exec"), {"__name__": "__main__", "launch": called.append})
        assert called == [name]


@pytest.mark.slow
def test_evaluate_loads_a_module_from_its_space(hub, elsewhere):
    push_metrics("lab", names=["gsi_spatial_accuracy"], private=False, endpoint=hub.endpoint)
    told = json.loads(
        elsewhere(LOAD, "lab/gsi_spatial_accuracy", str(Path(__file__).resolve().parents[1])).splitlines()[-1]
    )
    assert told["value"] == pytest.approx(75.0)
    assert told["from"].startswith("evaluate_modules.metrics.lab--gsi_spatial_accuracy.")
    assert any("/spaces/lab/gsi_spatial_accuracy/resolve/" in request for request in hub.requests)


def test_broken_off_and_begun_again_it_sends_what_is_missing(hub):
    hub.fail("POST /api/spaces/lab/gsi_edit_locality/commit/", 500)
    with pytest.raises(
        HubError, match=r"push space lab/gsi_edit_locality: the Hub failed \(500\); run the same command again"
    ):
        push_metrics("lab", endpoint=hub.endpoint)
    assert ("space", "lab/gsi_bench") not in hub.repos
    again = push_metrics("lab", endpoint=hub.endpoint)
    assert [one.sent for one in again] == [False, False, False, True, True]
    assert all(committed(hub, name) for name in MODULES)


def test_a_space_can_install_the_package_from_elsewhere(hub):
    package = "gsi-bench-hf[sim] @ git+https://git.example.org/gsi-bench-hf"
    push_metrics("lab", names=["gsi_bench"], package=package, endpoint=hub.endpoint)
    assert committed(hub, "gsi_bench")["requirements.txt"].decode() == f"{package}\n"


@pytest.mark.parametrize(
    ("owner", "options", "message"),
    [
        ("lab", {"names": ["gsi_spacial_accuracy"]}, "'gsi_spacial_accuracy'. Did you mean 'gsi_spatial_accuracy'"),
        ("lab/metrics", {}, "the owner is 'lab/metrics', expected a user or an organisation"),
        ("", {}, "the owner is ''"),
        ("lab", {"package": "a\nb"}, r"the package is 'a\\nb', expected one line"),
    ],
)
def test_what_can_not_be_is_said(hub, owner, options, message):
    with pytest.raises(HubError, match=message):
        push_metrics(owner, endpoint=hub.endpoint, **options)
    assert hub.requests == []


def test_the_command_says_what_would_go_where(hub, capsys):
    arguments = ["push", "metrics", "lab", "--only", "gsi_bench", "--endpoint", hub.endpoint]
    assert cli.main([*arguments, "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert f"space lab/gsi_bench at {hub.endpoint}: new, private" in shown
    for name in ("README.md", "app.py", "gsi_bench.py", "packages.txt", "requirements.txt"):
        assert f"\n  {name} " in shown
    assert "nothing was sent" in shown
    assert hub.repos == {}
    assert cli.main([*arguments, "--public"]) == 0
    assert not hub.repos["space", "lab/gsi_bench"].private
    assert hub.repos["space", "lab/gsi_bench"].settings.get("sdk") == "gradio"
