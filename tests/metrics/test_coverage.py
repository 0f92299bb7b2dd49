"""Precision, recall, density and coverage against loops from the papers, the `prdc` package, and planted failures."""

from __future__ import annotations

import numpy as np
import pytest

from ganscope.metrics.coverage import Balls, share_stderr, support


def measure(real: np.ndarray, fake: np.ndarray, k: int = 3, density_k: int = 5) -> dict[str, float]:
    found = support(Balls.fit(real, k, density_k), Balls.fit(fake, k, density_k), density_k=density_k)
    return {name: getattr(found, name)[0] for name in ("precision", "recall", "density", "coverage")}


def modes(counts: tuple[int, ...], seed: int) -> np.ndarray:
    """Clouds of so many points around well separated centres."""
    source = np.random.default_rng(seed)
    return np.concatenate([source.normal(size=(count, 4)) + 30 * mode for mode, count in enumerate(counts)])


def slow_support(real: np.ndarray, fake: np.ndarray, k: int) -> dict[str, float]:
    """Kynkäänniemi et al. 2019, equations 1 to 3; Naeem et al. 2020, section 3.2: one k for all four."""

    def radius(points: np.ndarray, i: int) -> float:
        others = sorted(np.linalg.norm(points[i] - p) for j, p in enumerate(points) if j != i)
        return float(others[k - 1])

    real_radii = [radius(real, i) for i in range(len(real))]
    fake_radii = [radius(fake, i) for i in range(len(fake))]
    gap = [[float(np.linalg.norm(r - f)) for f in fake] for r in real]
    n, m = len(real), len(fake)
    return {
        "precision": sum(any(gap[i][j] <= real_radii[i] for i in range(n)) for j in range(m)) / m,
        "recall": sum(any(gap[i][j] <= fake_radii[j] for j in range(m)) for i in range(n)) / n,
        "density": sum(gap[i][j] <= real_radii[i] for i in range(n) for j in range(m)) / (k * m),
        "coverage": sum(any(gap[i][j] <= real_radii[i] for j in range(m)) for i in range(n)) / n,
    }


def test_the_four_shares_equal_the_slow_reference() -> None:
    source = np.random.default_rng(0)
    real, fake = source.normal(size=(60, 3)), 0.8 * source.normal(size=(50, 3)) + 0.3
    expected = slow_support(real, fake, 4)
    assert measure(real, fake, 4, 4) == pytest.approx(expected, abs=1e-12)


def test_the_four_shares_equal_prdc_exactly(capsys: pytest.CaptureFixture[str]) -> None:
    from prdc import compute_prdc

    source = np.random.default_rng(1)
    real, fake = source.normal(size=(300, 8)), 0.9 * source.normal(size=(250, 8)) + 0.1
    theirs = compute_prdc(real, fake, nearest_k=5)
    assert measure(real, fake, 5, 5) == pytest.approx({name: float(value) for name, value in theirs.items()}, abs=1e-12)


def test_blocks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    real, fake = modes((90, 60), 0), modes((50, 70), 1)
    whole = measure(real, fake)
    monkeypatch.setattr("ganscope.metrics.pairs.BLOCK_ENTRIES", 1000)
    assert measure(real, fake) == whole


def test_a_dropped_mode_lowers_recall_and_coverage_by_its_share_and_leaves_precision() -> None:
    real = modes((250, 250, 250, 250), 0)
    whole = measure(real, modes((250, 250, 250, 250), 1))
    dropped = measure(real, modes((334, 333, 333, 0), 2))
    assert dropped["precision"] == pytest.approx(whole["precision"], abs=0.05)
    assert dropped["recall"] == pytest.approx(0.75 * whole["recall"], abs=0.05)
    assert dropped["coverage"] == pytest.approx(0.75, abs=0.05)


def test_noise_lowers_precision_by_its_share_and_leaves_coverage() -> None:
    source = np.random.default_rng(3)
    real = modes((500, 500), 0)
    noise = 1000 + 100 * source.normal(size=(400, 4))
    clean = measure(real, modes((500, 500), 1))
    noisy = measure(real, np.concatenate([modes((500, 500), 1), noise]))
    assert noisy["precision"] == pytest.approx(clean["precision"] * 1000 / 1400, abs=0.01)
    assert noisy["density"] == pytest.approx(clean["density"] * 1000 / 1400, abs=0.01)
    assert noisy["coverage"] == clean["coverage"]


def test_equal_sets_reach_the_values_known_from_theory() -> None:
    real, fake = modes((1000,), 0), modes((1000,), 1)
    found = measure(real, fake)
    assert found["density"] == pytest.approx(1.0, abs=0.08)  # Naeem et al. 2020, lemma 1
    # Lemma 2: 1 − Π_{i<k} (M − i) / (N + M − 1 − i), about 1 − 2^−k for equal sizes
    assert found["coverage"] == pytest.approx(1 - 0.5**5, abs=0.02)
    assert found["precision"] > 0.85
    assert found["recall"] > 0.85


def test_a_collapse_to_one_image_has_no_recall() -> None:
    real = modes((300,), 0)
    found = measure(real, np.repeat(real[:1] + 0.1, 100, axis=0))
    assert found["recall"] == 0.0
    assert found["coverage"] < 0.05


def test_errors_of_the_shares_are_of_the_size_of_their_spread() -> None:
    real = Balls.fit(modes((300,), 0))
    found = [support(real, Balls.fit(modes((300,), seed))) for seed in range(1, 41)]
    for name in ("precision", "recall", "density", "coverage"):
        spread = np.std([getattr(each, name)[0] for each in found])
        error = np.mean([getattr(each, name)[1] for each in found])
        assert 0.6 < error / spread < 1.7, name


def test_a_share_of_none_or_all_still_has_an_error() -> None:
    assert share_stderr(0.0, 100) == pytest.approx(share_stderr(1.0, 100))
    assert 0 < share_stderr(0.0, 100) < 0.02
    assert share_stderr(0.5, 10_000) == pytest.approx(0.005, rel=1e-3)
