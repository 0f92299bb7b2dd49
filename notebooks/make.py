"""Write and run the notebooks: each is a list of texts and cells here, run as it is by `make test-docs`.

    python notebooks/make.py [--run]

Notebooks as JSON are hard to review, so their source is this file. `--run` executes every cell in order in one process,
which is what a reader does; needs no Jupyter.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Texts begin with "# "; everything else is a cell of code.
NOTEBOOKS: dict[str, list[str]] = {
    "first-run.ipynb": [
        "# # A first run\nTrain on handwritten digits, look at the verdict, draw new digits. About a minute.",
        'import ganscope\n\nrun = ganscope.train("digits", epochs=20, snapshots=8, run="first", quiet=True)\nrun',
        "# The verdict compares with real digits that the training never saw.",
        "run.verdict",
        'line = run.evals()[-1]\nfor name in ("frechet", "precision", "recall", "memorisation"):\n'
        '    one = line.metrics[name]\n    print(f"{name:<14} {one.value:8.3f}   floor {one.floor:8.3f}")',
        "# New digits from the best snapshot, and a walk between latents.",
        'generator = ganscope.load_generator("first")\nimages = generator.sample(20, seed=1)\n'
        "walk = generator.walk(stops=2, steps=4)\nimages.shape, walk.shape",
        "import matplotlib.pyplot as plt\nimport numpy as np\n\n"
        'plt.imshow(np.hstack(images[:10, 0]), cmap="gray")\nplt.axis("off")\nplt.show()',
        "# The whole page, inside the notebook (needs Jupyter): `run.page()`.",
    ],
    "export.ipynb": [
        "# # Take the generator with you\nTrain shortly, export to ONNX, sample with onnxruntime alone.",
        'import ganscope\nfrom ganscope.cli import main\n\nrun = ganscope.train("digits", epochs=5, snapshots=4, run="short", map="none", quiet=True)\n'
        'main(["export", "short", "--onnx", "digits.onnx"])',
        "# From here on no line needs ganscope or PyTorch.",
        "import numpy as np\nimport onnxruntime\n\nsession = onnxruntime.InferenceSession(\"digits.onnx\")\n"
        "z = np.random.default_rng(0).standard_normal((16, 100))\n"
        "classes = np.eye(10)[np.arange(16) % 10]  # one-hot, each in turn\n"
        "z = np.concatenate([z, classes], axis=1).astype(np.float32)\n"
        '(images,) = session.run(None, {"latents": z})\nimages.shape, images.dtype',
        "import matplotlib.pyplot as plt\n\n"
        'plt.imshow(np.hstack(images[:8, 0]), cmap="gray")\nplt.axis("off")\nplt.show()',
    ],
}  # fmt: skip


def notebook(cells: list[str]) -> str:
    """The JSON of a notebook without outputs."""
    made = []
    for number, text in enumerate(cells):
        lines = text.removeprefix("# ") if text.startswith("# ") else text
        kind = {"cell_type": "markdown"} if text.startswith("# ") else {
            "cell_type": "code", "execution_count": None, "outputs": []
        }  # fmt: skip
        made.append({**kind, "id": f"cell-{number}", "metadata": {}, "source": lines.splitlines(keepends=True)})
    about = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return json.dumps({"cells": made, "metadata": about, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"


def execute(cells: list[str]) -> None:
    """Run the cells of code in order, in an empty folder."""
    import matplotlib

    matplotlib.use("Agg")
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            scope: dict[str, object] = {}
            for text in cells:
                if not text.startswith("# "):
                    with contextlib.redirect_stdout(io.StringIO()):
                        exec(compile(text, "<cell>", "exec"), scope)
        finally:
            os.chdir(here)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", action="store_true")
    arguments = parser.parse_args()
    for name, cells in NOTEBOOKS.items():
        path, text = HERE / name, notebook(cells)
        if not arguments.run:
            path.write_text(text, encoding="utf-8")
        elif path.read_text(encoding="utf-8") != text:
            sys.exit(f"{name} is not what make.py writes: run python notebooks/make.py")
        else:
            execute(cells)
        print(name, flush=True)


if __name__ == "__main__":
    main()
