"""The dual encoder: one transformer that turns queries and passages into unit vectors.

Training calls it as a module; `inference.encode_texts` encodes many texts without gradients.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import normalizers
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.records import check_digests
from hybridbatch.encoding.batching import TokenIds
from hybridbatch.encoding.checkpoint_files import unloadable
from hybridbatch.encoding.declaration import Declaration, Pooling, read_declaration
from hybridbatch.encoding.head import Head
from hybridbatch.encoding.layout import write_layout
from hybridbatch.encoding.refusals import refuse_kind, refuse_unsupported

Precision = Literal["fp32", "bf16"]
# Texts that are tokenised at a time: enough for every processor, and little memory.
_TOKENIZED_TOGETHER = 8192
_NUMBER = re.compile(r"(?<=\.)\d+(?=\.)")  # of a layer, in the name of a weight
# Instruction sets that multiply bf16 matrices, by the names of torch.cpu.get_capabilities().
_BF16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")


def resolve_device(device: str) -> str:
    """`auto` is cuda if there is a GPU, else cpu; other names stay.

    Raises HybridBatchError for `cuda` without a GPU.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise HybridBatchError("device: cuda, but no GPU is visible; set `device:` to auto or cpu")
    return device


def resolve_precision(precision: str, device: str) -> Precision:
    """`auto` is bf16 if the device of this machine multiplies bf16 matrices, else fp32."""
    if precision == "fp32":
        return "fp32"
    if precision == "bf16":
        return "bf16"
    if precision != "auto":
        raise HybridBatchError(f"precision: {precision}; set it to auto, fp32 or bf16")
    if device.startswith("cuda"):
        # Emulated bf16 is slower than fp32.
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    capabilities = torch.cpu.get_capabilities()
    return "bf16" if any(capabilities.get(name) for name in _BF16_INSTRUCTIONS) else "fp32"


def pool_tokens(hidden: Tensor, attention_mask: Tensor | None, pooling: Pooling) -> Tensor:
    """One vector for each text, (texts, dim) float32, from the last hidden states.

    These are (texts, tokens, dim). `cls` takes the first token, `lasttoken` the last one, `mean`
    the mean over the tokens, `max` the greatest of each value. Tokens are those whose mask (texts,
    tokens) is not 0; no mask means that every token counts. Padding stands after the tokens.
    Pooling is in float32.
    """
    hidden = hidden.float()
    if pooling == "cls":
        return hidden[:, 0]
    if pooling == "lasttoken":
        if attention_mask is None:
            return hidden[:, -1]
        last = attention_mask.ne(0).sum(dim=1) - 1
        return hidden[torch.arange(len(hidden), device=hidden.device), last]
    if pooling == "max":
        if attention_mask is not None:
            hidden = hidden.masked_fill(attention_mask.eq(0).unsqueeze(-1), -torch.inf)
        return hidden.amax(dim=1)
    if attention_mask is None:
        return hidden.mean(dim=1)
    weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1)


class DualEncoder(nn.Module):
    """A Hugging Face encoder and its tokenizer, shared by queries and passages.

    `declared` is what the folder of the model declares, None for a plain checkpoint; `head` holds
    the layers that follow the pooling, and is None if there are none.
    """

    model: Any  # its config and save_pretrained are more than nn.Module has

    def __init__(
        self,
        model: nn.Module,
        tokenizer: Any,
        *,
        pooling: Pooling,
        declared: Declaration | None = None,
        head: Head | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.tokenizer = tokenizer
        self.pooling = pooling
        self.declared = declared
        self.head = head
        # Set if the tokenizer has ids beyond the table of word embeddings.
        self.rows: int | None = None
        # A decoder would keep the keys and values of every layer for the next token.
        takes_cache = "use_cache" in inspect.signature(model.forward).parameters
        self._options = {"use_cache": False} if takes_cache else {}

    @classmethod
    def load(cls, folder: Path, *, pooling: Pooling, device: str, origin: str = "") -> DualEncoder:
        """Load a checkpoint folder (config, safetensors, fast tokenizer) in float32.

        The layers that a sentence-transformers folder declares are loaded with it; `pooling` is
        used whatever the folder declares. Nothing is downloaded and no code of the checkpoint runs.
        `device` is a torch device; `origin` names a folder that the user gave. Raises
        HybridBatchError if the folder lacks a file or weights of the model, holds a damaged file,
        declares what is not supported, or differs from its record.
        """
        shown = origin or str(folder)
        if not (folder / "config.json").is_file():
            raise HybridBatchError(
                f"{shown}: no config.json; name a Hugging Face checkpoint folder"
            )
        check_digests(folder)
        refuse_unsupported(folder, origin=shown)
        declared = read_declaration(folder, origin=shown)
        options = {"local_files_only": True, "trust_remote_code": False}
        try:
            model, report = AutoModel.from_pretrained(
                folder,
                use_safetensors=True,
                dtype=torch.float32,
                output_loading_info=True,
                **options,
            )
            tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True, **options)
        except (ImportError, MemoryError):
            raise
        except Exception as error:  # the tokenizers raise nothing more specific
            raise unloadable(folder, error, origin=origin) from error
        refuse_kind(model.config, origin=shown)
        if model.main_input_name != "input_ids":
            raise HybridBatchError(
                f"{shown}: config.json: a {model.config.model_type} takes {model.main_input_name} "
                f"and not the ids of tokens; name a model for text"
            )
        if not tokenizer.is_fast:
            raise HybridBatchError(
                f"{shown}: {type(tokenizer).__name__}: no fast tokenizer; add its tokenizer.json"
            )
        _settle_missing_weights(model, report["missing_keys"], origin=shown)
        _refuse_other_layers(model, report["unexpected_keys"], origin=shown)
        head = None
        if declared is not None:
            if declared.lower_case:
                _lower_case(tokenizer)
            if declared.steps:
                width = int(model.config.hidden_size)
                head = Head.load(folder, declared.steps, inputs=width, origin=shown)
        encoder = cls(model, tokenizer, pooling=pooling, declared=declared, head=head)
        rows = table_rows(model)
        if rows is not None and max(tokenizer.get_vocab().values(), default=0) >= rows:
            encoder.rows = rows
        return encoder.to(device).eval()

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = next(self.model.parameters()).device
        return device

    @property
    def dim(self) -> int:
        """Length of an embedding."""
        dense = self.head.dense if self.head is not None else ()
        return dense[-1].outputs if dense else int(self.model.config.hidden_size)

    @property
    def pad_id(self) -> int:
        """Token id of padding; 0 for a tokenizer without one, as the mask hides it anyway."""
        return int(self.tokenizer.pad_token_id or 0)

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Unit vectors (texts, dim) float32 of token ids (texts, tokens) int64.

        `attention_mask` has the shape of the ids, 1 for a token and 0 for padding; None means no
        padding.
        """
        return self.pool(self.states(input_ids, attention_mask), attention_mask)

    def states(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """The last hidden states (texts, tokens, hidden); arguments as in `forward`."""
        output = self.model(input_ids=input_ids, attention_mask=attention_mask, **self._options)
        states: Tensor = output.last_hidden_state
        return states

    def pool(self, hidden: Tensor, attention_mask: Tensor | None) -> Tensor:
        """Unit vectors (texts, dim) float32 from the last hidden states (texts, tokens, hidden).

        The vectors of `pool_tokens` pass through the layers of the head, if there is one.
        """
        pooled = pool_tokens(hidden, attention_mask, self.pooling)
        if self.head is not None:
            pooled = self.head(pooled)
        return F.normalize(pooled, dim=-1)

    def tokenize(self, texts: Sequence[str], *, prefix: str, max_tokens: int) -> list[TokenIds]:
        """Token ids (tokens,) int32 of each text after the prefix, cut at `max_tokens`, unpadded.

        The ids include the special tokens, which count towards `max_tokens`.

        Raises HybridBatchError if the prefix and the special tokens fill `max_tokens`, or a text
        holds a token that the model has no embedding for.
        """
        self._check_room(prefix, max_tokens)
        token_ids: list[TokenIds] = []
        for start in range(0, len(texts), _TOKENIZED_TOGETHER):
            batch = self.tokenizer(
                [prefix + text for text in texts[start : start + _TOKENIZED_TOGETHER]],
                truncation=True,
                max_length=max_tokens,
                padding=False,
                return_attention_mask=False,
                return_token_type_ids=False,
            )
            token_ids += [np.array(ids, dtype=np.int32) for ids in batch["input_ids"]]
        if self.rows is not None:
            self._check_rows(texts, token_ids, self.rows)
        return token_ids

    def _check_rows(self, texts: Sequence[str], token_ids: Sequence[TokenIds], rows: int) -> None:
        """Refuse a text that spells out a special token which the model cannot take."""
        for text, ids in zip(texts, token_ids, strict=True):
            if len(ids) and ids.max() >= rows:
                token = self.tokenizer.convert_ids_to_tokens(int(ids.max()))
                raise HybridBatchError(
                    f"the text {text[:60]!r} holds {token!r}, a token of the tokenizer without a "
                    f"row in the model's table of word embeddings; remove it from the text"
                )

    def _check_room(self, prefix: str, max_tokens: int) -> None:
        """Refuse to cut all texts to the same tokens."""
        # A last space may become one token with the first word of a text.
        kept = prefix.rstrip() if self.tokenizer.truncation_side == "right" else ""
        taken = len(self.tokenizer(kept, truncation=False, verbose=False)["input_ids"])
        if taken >= max_tokens:
            raise HybridBatchError(
                f"max_tokens: {max_tokens} leaves no room for a text: the prefix {prefix!r} and the"
                f" model's special tokens take {taken}; raise max_tokens or shorten the prefix"
            )

    def save(self, folder: Path, *, query_prefix: str = "", passage_prefix: str = "") -> None:
        """Write the checkpoint (config, safetensors, tokenizer) into an existing, empty folder.

        An encoder from a folder that declares how to use it also writes a declaration, with its
        pooling, its layers and these prefixes.
        """
        # Tokenising leaves its last truncation in the tokenizer; it does not belong to the model.
        self.tokenizer.backend_tokenizer.no_truncation()
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        if self.declared is None:
            return
        declared = replace(
            self.declared,
            pooling=self.pooling,
            query_prefix=query_prefix,
            passage_prefix=passage_prefix,
        )
        folders = write_layout(folder, declared, width=int(self.model.config.hidden_size))
        if self.head is not None:
            self.head.save(folders)


def table_rows(model: Any) -> int | None:
    """The rows of the table of word embeddings; None for a model without one."""
    try:
        return len(model.get_input_embeddings().weight)
    except (NotImplementedError, AttributeError):
        return None


def _refuse_other_layers(model: nn.Module, unused: Sequence[str], *, origin: str) -> None:
    """Refuse weights of layers that the config leaves out; heads of other tasks are passed over."""
    kinds = {_NUMBER.sub("N", name) for name, _ in model.named_parameters()}
    extra = sorted(name for name in unused if _NUMBER.sub("N", name) in kinds)
    if extra:
        raise HybridBatchError(
            f"{origin}: config.json: leaves out {len(extra)} weights of layers that are there, the "
            f"first is {extra[0]}; restore the config that belongs to the weights"
        )


def _lower_case(tokenizer: Any) -> None:
    """Put texts into lower case before the tokenizer's own normalisation, once."""
    backend = tokenizer.backend_tokenizer
    own: Any = backend.normalizer
    several = isinstance(own, normalizers.Sequence)
    parts = list(own) if several else [own] if own else []
    if not any(isinstance(part, normalizers.Lowercase) for part in parts):
        backend.normalizer = normalizers.Sequence([normalizers.Lowercase(), *parts])


def _settle_missing_weights(model: nn.Module, missing: Sequence[str], *, origin: str) -> None:
    """Zero a missing pooler, which no pooling here uses; refuse other missing weights.

    transformers fills missing weights with random numbers.
    """
    lost = sorted(name for name in missing if not name.startswith("pooler."))
    if lost:
        raise HybridBatchError(
            f"{origin}: {len(lost)} weights are missing, the first is {lost[0]};"
            " the checkpoint is damaged or of another architecture than its config says"
        )
    with torch.no_grad():
        for name in missing:
            model.get_parameter(name).zero_()
