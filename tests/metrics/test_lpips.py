"""LPIPS' arithmetic and its loading. Its golden values are in tests/oracle."""

import hashlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
from file_server import serve

from gsi_bench_hf.metrics import lpips as module
from gsi_bench_hf.metrics.lpips import LpipsUnavailableError, choose_lpips, load_lpips, to_lpips_range

torch = pytest.importorskip("torch", reason="LPIPS needs torch")
SHAPES = ((0, 3, 64, 11), (3, 64, 192, 5), (6, 192, 384, 3), (8, 384, 256, 3), (10, 256, 256, 3))


@pytest.fixture(scope="module")
def trunk():
    draw = torch.Generator().manual_seed(0)
    return {
        f"features.{i}.{part}": torch.randn(shape, generator=draw) * 0.05
        for i, inputs, outputs, size in SHAPES
        for part, shape in (("weight", (outputs, inputs, size, size)), ("bias", (outputs,)))
    }


@pytest.fixture(scope="module")
def network(trunk):
    return load_lpips(trunk)


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    return tmp_path / "checkpoints" / "alexnet-owt-7be5be79.pth"


def image(seed=0, shape=(64, 80, 3)):
    return to_lpips_range(np.random.default_rng(seed).integers(0, 256, shape))


def test_property_zero_for_equal_images_and_symmetric(network):
    assert network(image(), image()) == 0.0
    assert network(image(0), image(1)) == pytest.approx(network(image(1), image(0)), rel=1e-5)
    assert network(image(0), image(1)) > 0.0


def test_property_more_noise_is_farther(network):
    noise = np.random.default_rng(5).normal(size=(64, 80, 3)).astype(np.float32)
    distances = [network(image(), image() + level * noise) for level in (0.02, 0.1, 0.5)]
    assert distances == sorted(distances)


def test_the_map_is_the_sum_of_the_layers_by_hand(trunk):
    # One head of ones on the first layer, the others zero: the map is the squared distance of unit-length activations there.
    from gsi_bench_hf.metrics.lpips import Lpips

    heads = [torch.ones(64)] + [torch.zeros(outputs) for _, _, outputs, _ in SHAPES[1:]]
    found = Lpips(trunk, heads).map(image(0), image(1))
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
    layers = []
    for seed in (0, 1):
        x = ((torch.from_numpy(image(seed)) - shift) / scale).permute(2, 0, 1)[None]
        y = torch.conv2d(x, trunk["features.0.weight"], trunk["features.0.bias"], stride=4, padding=2).clamp(min=0)
        layers.append(torch.nn.functional.normalize(y, dim=1))
    distance = (layers[0] - layers[1]).square().sum(dim=1, keepdim=True)
    expected = torch.nn.functional.interpolate(distance, (64, 80), mode="bilinear", align_corners=False)[0, 0]
    assert found == pytest.approx(expected.numpy(), abs=1e-5)


def test_the_source_is_looked_at_once_for_all_its_edits(trunk, monkeypatch):
    fresh, looks = load_lpips(trunk), []
    features = fresh.features
    monkeypatch.setattr(fresh, "features", lambda images: looks.append(len(images)) or features(images))
    first, again, other = fresh.map(image(0), image(1)), fresh.map(image(0), image(1)), fresh.map(image(2), image(1))
    assert looks == [1, 1, 1, 1, 1]
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


def test_the_backbone_may_be_a_safetensors_or_a_state_dict_file(trunk, network, tmp_path):
    from safetensors.torch import save_file

    save_file(trunk, tmp_path / "trunk.safetensors")
    torch.save(trunk, tmp_path / "trunk.pth")
    for name in ("trunk.safetensors", "trunk.pth"):
        assert load_lpips(tmp_path / name)(image(0), image(1)) == pytest.approx(network(image(0), image(1)), rel=1e-6)


def test_the_backbone_may_be_a_file_on_the_hub(trunk, network, tmp_path, monkeypatch):
    import huggingface_hub.constants
    from safetensors.torch import save_file

    save_file(trunk, tmp_path / "trunk.safetensors")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    name = "hf://someone/alexnet/weights/trunk.safetensors"
    with serve("someone/alexnet", {"weights/trunk.safetensors": tmp_path / "trunk.safetensors"}, kind="") as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        assert load_lpips(name)(image(0), image(1)) == pytest.approx(network(image(0), image(1)), rel=1e-6)
        assert "GET /someone/alexnet/resolve/main/weights/trunk.safetensors" in hub.requests
        with pytest.raises(LpipsUnavailableError, match=rf"{name}x can't be had from {hub.endpoint} \("):
            load_lpips(f"{name}x")
    for short in ("hf://alexnet", "hf://someone/alexnet", "hf://someone//x.safetensors"):
        with pytest.raises(LpipsUnavailableError, match="expected hf://owner/name/path/in/repo"):
            load_lpips(short)


def test_heads_may_be_a_file_too(trunk, network, tmp_path):
    heads = {f"lin{i}.model.1.weight": torch.ones(1, outputs, 1, 1) for i, (_, _, outputs, _) in enumerate(SHAPES)}
    torch.save(heads, tmp_path / "heads.pth")
    assert load_lpips(trunk, heads=tmp_path / "heads.pth")(image(0), image(1)) > network(image(0), image(1))


class Evil:
    def __reduce__(self):
        return exec, ("raise SystemExit('ran')",)


@pytest.mark.parametrize("name", ["trunk.safetensors", "trunk.pth"])
def test_a_file_that_holds_no_weights_is_named_and_nothing_of_it_runs(tmp_path, name):
    for content in (b"", b"<html>Sign in</html>", pickle.dumps({"features.0.weight": Evil()}, protocol=2)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(
            LpipsUnavailableError, match=rf"{name} can't be read \(.*expected safetensors, or a state dict"
        ):
            load_lpips(tmp_path / name)


def test_the_choice_names_what_another_process_builds_from(trunk, tmp_path, empty_cache):
    torch.save(trunk, tmp_path / "trunk.pth")
    file = str(tmp_path / "trunk.pth")
    for protocol in ("paper", "strict"):
        choice = choose_lpips(file, protocol)
        assert (choice.backbone, choice.reason) == (file, None)
        assert choice.network(image(0), image(0)) == 0.0
        assert choose_lpips(None, protocol).reason == "LPIPS was left out by choice: locality is by SSIM alone"
    choice = choose_lpips("auto", "strict")
    assert (choice.backbone, choice.network) == (None, None)
    assert choice.reason == (
        "locality is by SSIM alone, as LPIPS is not there: AlexNet's weights for LPIPS are not on this machine"
    )


def test_without_weights_a_clear_error(empty_cache):
    with pytest.raises(
        LpipsUnavailableError, match=r"not on this machine: put it at .*alexnet-owt-7be5be79.pth .*lpips=None"
    ):
        load_lpips(download=False)


def test_a_failed_download_is_a_clear_error(empty_cache, monkeypatch):
    monkeypatch.setattr(module, "WEIGHTS_URL", "http://127.0.0.1:9/alexnet-owt-7be5be79.pth")
    with pytest.raises(LpipsUnavailableError, match=r"can't be downloaded .*put it at"):
        load_lpips()
    assert not empty_cache.exists()


def test_damaged_weights_are_refused(empty_cache):
    empty_cache.parent.mkdir()
    empty_cache.write_bytes(b"half a file")
    with pytest.raises(LpipsUnavailableError, match=r"has SHA-256 .*expected 7be5be79…: the file is damaged"):
        load_lpips()


def test_weights_are_fetched_once_and_kept(empty_cache, trunk, tmp_path, monkeypatch):
    torch.save(trunk, tmp_path / "served.pth")
    url = (tmp_path / "served.pth").as_uri()
    content = (tmp_path / "served.pth").read_bytes()
    monkeypatch.setattr(module, "WEIGHTS_URL", url)
    monkeypatch.setattr(module, "_WEIGHTS_SHA256_PREFIX", hashlib.sha256(content).hexdigest()[:8])
    first = load_lpips()(image(0), image(1))
    (tmp_path / "served.pth").unlink()
    assert load_lpips()(image(0), image(1)) == pytest.approx(first, rel=1e-6)


@pytest.mark.parametrize(
    ("backbone", "message"),
    [("nowhere.safetensors", "backbone file nowhere.safetensors is not there"), ({}, "has no 'features.0.weight'")],
)
def test_a_backbone_that_is_none_is_refused(backbone, message):
    with pytest.raises(LpipsUnavailableError, match=message):
        load_lpips(backbone)


def test_missing_heads_are_refused(trunk, tmp_path):
    with pytest.raises(LpipsUnavailableError, match=r"heads file .* is not there"):
        load_lpips(trunk, heads=tmp_path / "alex.pth")


def test_images_of_a_wrong_shape_are_refused(network):
    with pytest.raises(ValueError, match=r"shape \(64, 80\), expected \(H, W, 3\)"):
        network.map(image()[..., 0], image()[..., 0])


def test_importing_the_metrics_imports_no_torch():
    code = "import sys, gsi_bench_hf.metrics.lpips, gsi_bench_hf.metrics.scoring; print('torch' in sys.modules, 'cv2' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False False"
