"""Several processes that train one model: how they start, find each other and exchange values."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from hybridbatch.common.errors import HybridBatchError

T = TypeVar("T")


@dataclass(frozen=True)
class Processes:
    """This process is number `rank` of `count`; `here` of them run on this machine.

    A single process exchanges nothing.
    """

    rank: int = 0
    count: int = 1
    here: int = 1

    @property
    def first(self) -> bool:
        """Whether this is process 0, the only one that writes."""
        return self.rank == 0

    def shares(self, texts: Sequence[T]) -> list[list[T]]:
        """One share of the texts for each process, dealt out in turn.

        If the texts are sorted by length, all shares have about the same number of tokens.
        """
        return [list(texts[rank :: self.count]) for rank in range(self.count)]

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum over the processes; all must give the same shapes."""
        if self.count == 1 or not tensors:
            return
        # One exchange of all tensors instead of hundreds of small ones.
        flat = torch.cat([each.detach().ravel() for each in tensors])
        dist.all_reduce(flat)
        for each, summed in zip(
            tensors, torch.split(flat, [t.numel() for t in tensors]), strict=True
        ):
            each.detach().copy_(summed.view_as(each))

    def gathered(self, value: T) -> list[T]:
        """The value of each process, in the order of their numbers; all wait for one another.

        The value must be serialisable as JSON: torch's exchange of objects would unpickle data.
        """
        if self.count == 1:
            return [value]
        device = "cuda" if dist.get_backend() == "nccl" else "cpu"
        text = torch.tensor(list(json.dumps(value).encode()), dtype=torch.uint8, device=device)
        sizes = torch.zeros(self.count, dtype=torch.int64, device=device)
        sizes[self.rank] = len(text)
        dist.all_reduce(sizes)
        padded = [text.new_zeros(int(sizes.max())) for _ in range(self.count)]
        own = torch.cat([text, text.new_zeros(len(padded[0]) - len(text))])
        dist.all_gather(padded, own)
        found = zip(padded, sizes.tolist(), strict=True)
        return [json.loads(bytes(each[:size].tolist())) for each, size in found]

    def check(self, problem: str | None) -> None:
        """Wait for all processes, then return if none of them has a problem.

        If a process stopped alone, the others would wait for it.

        Raises:
            HybridBatchError: a process has a problem; every process raises the first one.
        """
        for found in self.gathered(problem):
            if found is not None:
                raise HybridBatchError(found)


def launch(work: Callable[[Any], None], argument: Any, *, count: int) -> None:
    """Run `work(argument)` in `count` processes of this machine, which can call `joined`.

    Only the first one logs, to the files and the console of this process's log handlers.

    Raises:
        HybridBatchError: the first process found bad input.
    """
    # The server imports the modules once, and it has no thread and no GPU context when it forks.
    multiprocessing.set_forkserver_preload([work.__module__])
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        rdzv_backend="c10d",
        rdzv_endpoint="127.0.0.1:0",
        max_restarts=0,
        start_method="forkserver",
        local_addr="127.0.0.1",
        run_id="hybridbatch",
    )
    messages = elastic_launch(config, _guarded)(work, argument, _Logs.of_this_process())
    if messages[0] is not None:
        raise HybridBatchError(messages[0])


def _guarded(work: Callable[[Any], None], argument: Any, logs: _Logs) -> str | None:
    """Run `work` in a launched process; returns the message of a HybridBatchError, if any."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if int(os.environ["RANK"]) == 0:
        logs.take_up()
    try:
        work(argument)
    except HybridBatchError as error:
        return str(error)
    return None


def _end_with_parent() -> None:
    """End this process if its stage is killed, so that it does not continue to write."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


@dataclass(frozen=True)
class _Logs:
    """The root logger's handlers, for another process: a file or None, and a format, for each."""

    handlers: tuple[tuple[str | None, str | None], ...]

    @classmethod
    def of_this_process(cls) -> _Logs:
        return cls(
            tuple(
                (getattr(each, "baseFilename", None), getattr(each.formatter, "_fmt", None))
                for each in logging.getLogger().handlers
                if isinstance(each, logging.StreamHandler)
            )
        )

    def take_up(self) -> None:
        handlers = []
        for file, layout in self.handlers:
            handler = logging.StreamHandler() if file is None else logging.FileHandler(file)
            handler.setFormatter(logging.Formatter(layout))
            handlers.append(handler)
        logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)


def launched(environment: Mapping[str, str]) -> bool:
    """Whether a launcher such as torchrun started this process as one of several."""
    return int(environment.get("WORLD_SIZE", "1")) > 1


@contextmanager
def joined(device: str) -> Iterator[Processes]:
    """Join the processes that a launcher describes in the environment, if there are any.

    Gloo connects processes on CPUs, NCCL those on GPUs; each process uses one GPU.
    """
    if not launched(os.environ):
        yield Processes()
        return
    if device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if device == "cuda" else "gloo")
    try:
        count = dist.get_world_size()
        here = int(os.environ.get("LOCAL_WORLD_SIZE", count))
        yield Processes(dist.get_rank(), count, here)
    finally:
        dist.destroy_process_group()
