"""What a sentence-transformers folder declares: how its token states become vectors.

`modules.json` lists the modules that a text goes through. A folder without it is a plain Hugging
Face checkpoint and declares nothing. Only JSON is read here; `head` loads weights. What is declared
and not implemented is refused by name, because vectors without it would be other ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.given_files import read_json

Pooling = Literal["mean", "cls", "max", "lasttoken"]

MODULES = "modules.json"
PROMPTS = "config_sentence_transformers.json"
# The settings of the Transformer module; the first of these files that is there counts.
TRANSFORMER_SETTINGS = tuple(
    f"sentence_{kind}_config.json"
    for kind in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
)
SETTINGS, WEIGHTS = "config.json", "model.safetensors"
# Among the options of a stage: what counts if neither the config nor the folder sets an option.
UNDECLARED = "undeclared"
ACTIVATIONS = ("Identity", "Tanh", "ReLU", "GELU", "SiLU", "Sigmoid")

_KINDS = ("Transformer", "Pooling", "Dense", "Normalize")
# Before version 6, each kind of pooling had a key of its own.
_POOLING_KEYS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_VECTOR = "sentence_embedding"
_TOKENIZER, _NO_LIMIT = "tokenizer_config.json", 10**9
# Settings of the Transformer module that this project does not follow, and what is allowed there.
_LIBRARY_ARGUMENTS = tuple(
    f"{what}_{form}" for what in ("model", "config", "tokenizer", "processor")
    for form in ("args", "kwargs")
)  # fmt: skip
# Arguments that change no vector: weights are loaded in float32, padding is on the right.
_HARMLESS = frozenset(
    {"add_pooling_layer", "attn_implementation", "dtype", "torch_dtype", "padding_side"}
    | {"trust_remote_code"}  # never granted, and `auto_map` is refused
)


@dataclass(frozen=True)
class Dense:
    """A linear layer with an activation of `ACTIVATIONS`, in `folder` of the checkpoint."""

    folder: str
    inputs: int
    outputs: int
    bias: bool
    activation: str


@dataclass(frozen=True)
class Normalize:
    """Division by the length of the vector."""


Step = Dense | Normalize


@dataclass(frozen=True)
class Declaration:
    """The declaration of a folder.

    steps: what follows the pooling, without normalisation at the end, which every vector gets.
    query_prefix, passage_prefix: the declared prompts; empty where the folder has none.
    max_tokens: the length at which texts are cut; None if the folder does not say.
    lower_case: texts are put into lower case before they are tokenised.
    """

    pooling: Pooling
    steps: tuple[Step, ...] = ()
    query_prefix: str = ""
    passage_prefix: str = ""
    max_tokens: int | None = None
    lower_case: bool = False

    def settings(self) -> dict[str, Any]:
        """The declared values of the config's keys that a folder can declare, without unknowns."""
        values = {
            "pooling": self.pooling,
            "query_prefix": self.query_prefix,
            "passage_prefix": self.passage_prefix,
            "max_tokens": self.max_tokens,
        }
        return {key: value for key, value in values.items() if value is not None}


@dataclass(frozen=True)
class _Module:
    kind: str
    folder: str


def declared_names(folder: Path, *, origin: str) -> list[str]:
    """The files of the modules that `modules.json` lists; none for a plain checkpoint.

    Raises:
        HybridBatchError: as `read_declaration`, for `modules.json` alone.
    """
    if not (folder / MODULES).is_file():
        return []
    folders = [module.folder for module in _modules(folder, origin=origin) if module.folder]
    return [f"{inside}/{name}" for inside in folders for name in (SETTINGS, WEIGHTS)]


def read_declaration(folder: Path, *, origin: str = "") -> Declaration | None:
    """The declaration of a folder; None for a plain checkpoint.

    Args:
        folder: the checkpoint folder.
        origin: how messages name it, by default its path.

    Raises:
        HybridBatchError: a file is missing or not JSON, or declares what is not implemented; the
            message names the file and the remedy.
    """
    if not (folder / MODULES).is_file():
        return None
    origin = origin or str(folder)
    modules = _modules(folder, origin=origin)
    steps = tuple(
        _dense(folder, module.folder, origin=origin)
        if module.kind == "Dense"
        else _normalize(folder, module.folder, origin=origin)
        for module in modules[2:]
    )
    unit = bool(steps) and isinstance(steps[-1], Normalize)
    while steps and isinstance(steps[-1], Normalize):
        steps = steps[:-1]
    transformer = _transformer(folder, origin=origin)
    query, passage = _prompts(folder, unit=unit, origin=origin)
    return Declaration(
        pooling=_pooling(folder, modules[1].folder, origin=origin),
        steps=steps,
        query_prefix=query,
        passage_prefix=passage,
        max_tokens=transformer.get("max_seq_length") or _tokenizer_limit(folder, origin=origin),
        lower_case=bool(transformer.get("do_lower_case")),
    )


def _modules(folder: Path, *, origin: str) -> list[_Module]:
    found = read_json(folder, MODULES, origin=origin, kind=list)
    modules = []
    for entry in found:
        name = str(entry.get("type", "")) if isinstance(entry, dict) else ""
        package, _, kind = name.rpartition(".")
        if kind not in _KINDS or package.partition(".")[0] != "sentence_transformers":
            raise HybridBatchError(
                f"{origin}: {MODULES}: the module {name or entry!r} is not supported, only "
                f"{', '.join(_KINDS)} of sentence-transformers; name another model"
            )
        path = PurePosixPath(str(entry.get("path") or ""))
        if path.is_absolute() or ".." in path.parts:
            raise HybridBatchError(
                f"{origin}: {MODULES}: the path {str(path)!r} leads out of the folder; correct it"
            )
        modules.append(_Module(kind, "" if path == PurePosixPath() else str(path)))
    names = [str(entry.get("name")) for entry in found]
    if len(set(names)) < len(names):
        raise HybridBatchError(
            f"{origin}: {MODULES}: two modules have one name, of which sentence-transformers keeps "
            f"one; restore the file from where it came from"
        )
    kinds = [module.kind for module in modules]
    if kinds[:2] != ["Transformer", "Pooling"] or not set(kinds[2:]) <= {"Dense", "Normalize"}:
        raise HybridBatchError(
            f"{origin}: {MODULES}: the modules {', '.join(kinds) or 'are missing'}; only "
            f"Transformer, Pooling, and then Dense and Normalize are supported; name another model"
        )
    for module in modules[1:]:
        if module.folder == "" and module.kind != "Normalize":
            raise HybridBatchError(
                f"{origin}: {MODULES}: the {module.kind} has no path; restore the file from where "
                f"it came from"
            )
    if modules[0].folder:
        raise HybridBatchError(
            f"{origin}: {MODULES}: the Transformer lies in {modules[0].folder}; load the model "
            f"with sentence-transformers and save it again, which puts it at the top"
        )
    return modules


def _pooling(folder: Path, inside: str, *, origin: str) -> Pooling:
    name = f"{inside}/{SETTINGS}"
    values = read_json(folder, name, origin=origin)
    given = values.get("pooling_mode")
    if given is None:
        # sentence-transformers takes the mean where nothing is said.
        given = [mode for key, mode in _POOLING_KEYS.items() if values.get(key)] or ["mean"]
    modes = given if isinstance(given, list) else [given]
    if len(modes) != 1 or modes[0] not in get_args(Pooling):
        raise HybridBatchError(
            f"{origin}: {name}: the pooling {' and '.join(map(str, modes)) or '[]'} is not "
            f"supported, only one of {', '.join(get_args(Pooling))}; name another model"
        )
    if values.get("include_prompt", True) is not True:
        raise HybridBatchError(
            f"{origin}: {name}: include_prompt: false, which leaves the prompt out of the pooling, "
            f"is not supported; name another model"
        )
    pooling: Pooling = modes[0]  # type: ignore[assignment]  # checked above
    return pooling


def _dense(folder: Path, inside: str, *, origin: str) -> Dense:
    name = f"{inside}/{SETTINGS}"
    values = read_json(folder, name, origin=origin)
    _check_names(values, origin=f"{origin}: {name}")
    if values.get("use_residual"):
        raise HybridBatchError(
            f"{origin}: {name}: use_residual is not supported; name another model"
        )
    activation = str(values.get("activation_function", "torch.nn.Tanh"))
    kind = activation.rpartition(".")[2]
    if not activation.startswith("torch.nn.") or kind not in ACTIVATIONS:
        raise HybridBatchError(
            f"{origin}: {name}: activation_function {activation} is not supported, only "
            f"{', '.join(ACTIVATIONS)} of torch.nn; name another model"
        )
    if not (folder / inside / WEIGHTS).is_file():
        raise HybridBatchError(
            f"{origin}: {inside}: no {WEIGHTS}; pickles such as pytorch_model.bin are not read: "
            f"load the model with sentence-transformers and save it with `save_pretrained`"
        )
    sizes = [values.get(key) for key in ("in_features", "out_features")]
    if not all(type(size) is int and size > 0 for size in sizes):
        raise HybridBatchError(
            f"{origin}: {name}: in_features and out_features must be numbers above 0; correct them"
        )
    return Dense(inside, sizes[0], sizes[1], bool(values.get("bias", True)), kind)  # type: ignore[arg-type]


def _normalize(folder: Path, inside: str, *, origin: str) -> Normalize:
    name = f"{inside}/{SETTINGS}"
    if (folder / name).is_file():  # older versions write none
        _check_names(read_json(folder, name, origin=origin), origin=f"{origin}: {name}")
    return Normalize()


def _check_names(values: Mapping[str, Any], *, origin: str) -> None:
    for key in ("module_input_name", "module_output_name"):
        if values.get(key) not in (None, _VECTOR):
            raise HybridBatchError(
                f"{origin}: {key} {values[key]} is not supported, only {_VECTOR}; name another "
                f"model"
            )


def _transformer(folder: Path, *, origin: str) -> Mapping[str, Any]:
    """The checked settings of the Transformer module; empty if the folder has none."""
    name = next((name for name in TRANSFORMER_SETTINGS if (folder / name).is_file()), None)
    if name is None:
        return {}
    values: Mapping[str, Any] = read_json(folder, name, origin=origin)
    for key, allowed in _allowed(values).items():
        if values.get(key) is not None and not allowed:
            raise HybridBatchError(
                f"{origin}: {name}: {key}: {values[key]} is not supported; name another model"
            )
    limit = values.get("max_seq_length")
    if limit is not None and (type(limit) is not int or limit < 1):
        raise HybridBatchError(
            f"{origin}: {name}: max_seq_length: {limit} is not a number above 0; correct it"
        )
    return values


def _tokenizer_limit(folder: Path, *, origin: str) -> int | None:
    """The limit in the tokenizer's settings, where version 6 writes it; None if there is none."""
    if not (folder / _TOKENIZER).is_file():
        return None
    limit = read_json(folder, _TOKENIZER, origin=origin).get("model_max_length")
    if isinstance(limit, bool) or not isinstance(limit, int | float | None):
        raise HybridBatchError(
            f"{origin}: {_TOKENIZER}: model_max_length: {limit!r} is not a number; correct it"
        )
    # transformers writes 1e30 for a tokenizer without a limit.
    return int(limit) if isinstance(limit, int | float) and 0 < limit < _NO_LIMIT else None


def _allowed(values: Mapping[str, Any]) -> dict[str, bool]:
    """Whether the value of each setting, if it is there, is one that this project follows."""
    # With `message`, sentence-transformers would put texts into the template of a chat.
    text = {"text": {"method": "forward", "method_output_name": "last_hidden_state"}}
    return {
        "transformer_task": values.get("transformer_task") == "feature-extraction",
        "modality_config": values.get("modality_config") == text,
        "module_output_name": values.get("module_output_name") == "token_embeddings",
        **{key: not values.get(key) for key in ("processing_kwargs", "query_expansion")},
        **dict.fromkeys(("query_length", "document_length", "tokenizer_name_or_path"), False),
        **{key: set(values.get(key) or ()) <= _HARMLESS for key in _LIBRARY_ARGUMENTS},
    }


def _prompts(folder: Path, *, unit: bool, origin: str) -> tuple[str, str]:
    """The prompts of queries and passages.

    `unit`: the folder itself makes unit vectors, so that its dot product is the cosine.
    """
    if not (folder / PROMPTS).is_file():
        return "", ""
    values = read_json(folder, PROMPTS, origin=origin)
    if (kind := values.get("model_type", "SentenceTransformer")) != "SentenceTransformer":
        raise HybridBatchError(
            f"{origin}: {PROMPTS}: a {kind} is not supported, only a SentenceTransformer; name "
            f"another model"
        )
    similarity = values.get("similarity_fn_name") or "cosine"
    if similarity != "cosine" and not (similarity == "dot" and unit):
        raise HybridBatchError(
            f"{origin}: {PROMPTS}: similarity_fn_name {similarity} is not supported: vectors are "
            f"compared by their cosine; set it to cosine in a copy of the folder to accept that"
        )
    if values.get("truncate_dim") is not None:
        raise HybridBatchError(
            f"{origin}: {PROMPTS}: truncate_dim is not supported; name another model"
        )
    prompts = values.get("prompts") or {}
    if not isinstance(prompts, dict):
        raise HybridBatchError(f"{origin}: {PROMPTS}: prompts is not a mapping; correct it")
    for key, prompt in prompts.items():
        if not isinstance(prompt, str | None):
            raise HybridBatchError(
                f"{origin}: {PROMPTS}: the prompt {key} is {prompt!r} and not a text; correct it"
            )
    name = values.get("default_prompt_name")
    if name is not None and (not isinstance(name, str) or name not in prompts):
        raise HybridBatchError(
            f"{origin}: {PROMPTS}: default_prompt_name {name!r} is none of the prompts; correct it"
        )
    default = prompts[name] if name is not None else None
    return (
        _prompt(prompts, ("query",), default),
        _prompt(prompts, ("document", "passage", "corpus"), default),
    )


def _prompt(prompts: Mapping[str, Any], names: Sequence[str], default: Any) -> str:
    found = [prompts[name] for name in names if prompts.get(name) is not None]
    return str(found[0] if found else default or "")
