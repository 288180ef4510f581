"""`hybridbatch export --onnx`: a graph with the vectors of the model, or one line."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import tiny
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.encoding.inference import encode_texts
from hybridbatch.publication import onnx_graph
from hybridbatch.publication.export import export
from hybridbatch.publication.publish import _settle_tokenizer
from sentence_models import TEXTS, write_labse

RUN = "m.r.hybrid.s1"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A published model of LaBSE's shape: first token, Dense with tanh, lower case by no one."""
    folder = tmp_path / "results" / "checkpoints" / RUN
    folder.parent.mkdir(parents=True)
    write_labse(tmp_path / "labse")
    shutil.copytree(tmp_path / "labse", folder)
    _settle_tokenizer(folder / "tokenizer_config.json", max_tokens=24)
    (folder / "README.md").write_text("# card\n", encoding="utf-8")
    return tmp_path / "results"


@pytest.mark.skipif(
    any(not onnx_graph.find_spec(name) for name in onnx_graph.PACKAGES), reason="no onnx here"
)
def test_the_graph_has_the_model_s_vectors_and_the_card_s_lines_run_it(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = tmp_path / "exported"
    export(RUN, dest, results=results, onnx=True)
    card = (dest / "README.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```python\n(import onnxruntime.*?)```", card, re.S)
    monkeypatch.chdir(dest)
    found: dict[str, np.ndarray] = {}
    exec(lines.replace('["..."]', repr(TEXTS)), found)
    ours = DualEncoder.load(dest, pooling="cls", device="cpu")
    expected = encode_texts(
        ours, TEXTS, prefix="", max_tokens=24, tokens_per_batch=128, precision="fp32"
    )
    np.testing.assert_allclose(found["vectors"], expected, rtol=0, atol=1e-5)
    assert re.search(
        r"On 5 texts its vectors differ\nfrom those of this model by at most \de-0\d", card
    )
    # Other vectors are not handed on.
    other = DualEncoder.load(tiny.write_model(tmp_path / "other"), pooling="cls", device="cpu")
    declared = onnx_graph.usable_declaration(dest)
    assert declared is not None
    tokens = ours.tokenize(TEXTS, prefix="", max_tokens=24)
    with pytest.raises(HybridBatchError, match="the vectors of the graph differ by"):
        other.head = ours.head
        onnx_graph._compare(other, tokens[:5], dest / "onnx" / "model.onnx", declared)


def test_without_the_packages_one_line_says_what_to_install(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_graph, "find_spec", lambda name: None)
    words = r"--onnx: onnx, onnxscript, onnxruntime not installed; run `make setup EXTRAS=onnx`"
    with pytest.raises(HybridBatchError, match=words):
        export(RUN, tmp_path / "exported", results=results, onnx=True)
    assert not (tmp_path / "exported").exists()
