"""One line for each failure of the machine: file, cause and remedy.

A full disk comes as an OSError from Python, with an errno or without one from Arrow and polars, as
a RuntimeError from FAISS and torch, and as a plain Exception from the tokenizers: the table below
goes by the errno, the type and, for errors of libraries alone, the text.
"""

import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from hybridbatch.common.artifacts import file_in_writing
from hybridbatch.common.errors import HybridBatchError

# Errors of the project's own mistakes: their text is ignored.
_OURS = (AssertionError, LookupError, TypeError, AttributeError, NameError, NotImplementedError)
_AGAIN = "and run the same command again"


@dataclass(frozen=True)
class Cause:
    """One kind of failure, how to recognise it, and what to say.

    Args:
        line: cause and remedy, which follow the file's name.
        errnos: of an OSError.
        types: exceptions that mean nothing else.
        text: what libraries say that give neither.
        names_file: whether the file at hand has to do with it.
        hides: whether other errors, such as that a file cannot be read, may only be its effect.
    """

    line: str
    errnos: tuple[int, ...] = ()
    types: tuple[type[Exception], ...] = ()
    text: str = "(?!)"
    names_file: bool = True
    hides: bool = False

    def explains(self, error: BaseException) -> bool:
        """Whether this is what happened."""
        if isinstance(error, _OURS):
            return False
        if isinstance(error, OSError) and error.errno is not None:
            return error.errno in self.errnos
        return isinstance(error, self.types) or bool(re.search(self.text, str(error)))


CAUSES = (
    Cause(
        f"the disk is full; free some space {_AGAIN}",
        errnos=(errno.ENOSPC,),
        text=r"No space left on device|os error 28\b",
        hides=True,
    ),
    Cause(
        f"the disk quota is used up; free some of it {_AGAIN}",
        errnos=(errno.EDQUOT,),
        text=rf"Disk quota exceeded|os error {errno.EDQUOT}\b",
        hides=True,
    ),
    Cause(
        f"the file grew beyond what is allowed; raise `ulimit -f` {_AGAIN}",
        errnos=(errno.EFBIG,),
        text=r"File too large|os error 27\b",
        hides=True,
    ),
    Cause(
        f"the file system is read-only; make it writable, or work in another folder, {_AGAIN}",
        errnos=(errno.EROFS,),
        text=r"Read-only file system|os error 30\b",
    ),
    Cause(
        f"permission denied; give yourself the right {_AGAIN}",
        errnos=(errno.EACCES, errno.EPERM),
        text=r"Permission denied|os error 13\b",
    ),
    Cause(
        f"too many open files; raise `ulimit -n` {_AGAIN}",
        errnos=(errno.EMFILE, errno.ENFILE),
        text=r"Too many open files|os error 24\b",
        names_file=False,
        hides=True,
    ),
    Cause(
        "the GPU has too little free memory; set `training.chunk_tokens` or "
        f"`encoding.tokens_per_batch` lower, or free the GPU, {_AGAIN}",
        text=r"CUDA out of memory|CUDA error: out of memory|CUBLAS_STATUS_ALLOC_FAILED",
        names_file=False,
        hides=True,
    ),
    Cause(
        f"out of memory; raise the limit (`ulimit -v`, or the job's memory) or free some {_AGAIN}",
        errnos=(errno.ENOMEM,),
        types=(MemoryError,),
        text=r"DefaultCPUAllocator|[Cc]annot allocate memory|std::bad_alloc|alloc of size \d+ "
        r"failed|failed to map segment|os error 12\b",
        names_file=False,
        hides=True,
    ),
    Cause(
        f"no more threads or processes can be started; raise `ulimit -u` and `ulimit -v` {_AGAIN}",
        errnos=(errno.EAGAIN,),
        text=r"can't start new thread|pthread_create failed|Resource temporarily unavailable",
        names_file=False,
        hides=True,
    ),
    Cause(
        f"the disk reports an error; look at its health, restore the file {_AGAIN}",
        errnos=(errno.EIO, errno.ESTALE),
        text=r"Input/output error|os error 5\b",
    ),
    Cause(
        "no such file or folder; it was removed, or the path is wrong",
        errnos=(errno.ENOENT, errno.ENOTDIR),
    ),
    Cause(
        "a library is missing or broken; install the package again as the README says",
        types=(ImportError,),
        text=r"cannot open shared object file",
        names_file=False,
    ),
    Cause(
        "a process of the job was killed by the system, mostly for want of memory; give the job "
        f"more {_AGAIN}",
        text=r"Signal 9 \(SIGKILL\) received",
        names_file=False,
    ),
)


def explain(error: BaseException) -> str | None:
    """One line for a failure of the machine; None for what is the project's own.

    Of a HybridBatchError, which has its own line, only what that line hides: a model that does not
    load for want of memory.
    """
    bad_input = isinstance(error, HybridBatchError)
    for each in _chain(error):
        if isinstance(each, HybridBatchError):
            continue
        if isinstance(each, ImportError) and (each.name or "").startswith("hybridbatch"):
            return None
        for cause in CAUSES:
            if cause.explains(each) and (cause.hides or not bad_input):
                return _line(cause, each, error)
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those that led to it; not those that a mistake of the project came after."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        if current.__cause__ is not None:
            current = current.__cause__
        elif isinstance(current, (HybridBatchError, *_OURS)):
            current = None
        else:
            current = current.__context__


def _line(cause: Cause, found: BaseException, raised: BaseException) -> str:
    lines = str(found).strip().splitlines() or [type(found).__name__]
    telling = (line for line in lines if re.search(cause.text, line))
    detail = next(telling, lines[0]).strip()[:200]
    if isinstance(found, OSError) and found.errno is not None:
        detail = os.strerror(found.errno)
    file = _file(found, raised) if cause.names_file else None
    return f"{file}: {cause.line}" if file else f"{cause.line} ({detail})"


def _file(found: BaseException, raised: BaseException) -> str | None:
    """The file that was written, else the one that the error names."""
    writing = file_in_writing(found) or file_in_writing(raised)
    named = getattr(found, "filename", None)
    # A temporary file's name says less than that of the file which it was to become; a file that
    # was read while another one was written is the one at fault.
    if writing and (not isinstance(named, str) or ".part" in named):
        return writing
    return os.fspath(named) if isinstance(named, str) else None
