"""One line for each failure of the machine: file, cause and remedy.

Libraries report the same failure in different ways. A full disk is an OSError in Python; one with
or without an errno in Arrow and polars; a RuntimeError in FAISS and torch; a plain Exception in the
tokenizers. The table below goes by the errno, the type and, for errors of libraries only, the text.
"""

import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from hybridbatch.common.artifacts import file_in_writing
from hybridbatch.common.errors import HybridBatchError

# Types of errors that show a defect of the project: their text is ignored.
_OURS = (AssertionError, LookupError, TypeError, AttributeError, NameError, NotImplementedError)
_AGAIN = "and run the same command again"


@dataclass(frozen=True)
class Cause:
    """One kind of failure, how to recognise it, and what to say.

    Args:
        line: cause and remedy, which follow the file's name.
        errnos: of an OSError.
        types: exceptions that always have this cause.
        text: a pattern of the message, for libraries that give neither.
        names_file: whether the line names the file that was read or written.
        hides: whether it may be the cause of other errors, such as a file that cannot be read.
    """

    line: str
    errnos: tuple[int, ...] = ()
    types: tuple[type[Exception], ...] = ()
    text: str = "(?!)"
    names_file: bool = True
    hides: bool = False

    def explains(self, error: BaseException) -> bool:
        """Whether this is the cause of an error."""
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
        f"the file grew beyond the allowed size; raise `ulimit -f` {_AGAIN}",
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
        f"permission denied; change the permissions {_AGAIN}",
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
        f"the disk reports an error; check its health, restore the file {_AGAIN}",
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
        "a process of the job was killed by the system, usually out of memory; give the job more "
        f"memory {_AGAIN}",
        text=r"Signal 9 \(SIGKILL\) received",
        names_file=False,
    ),
)


def explain(error: BaseException) -> str | None:
    """One line for a failure of the machine; None for a defect of the project.

    A HybridBatchError has a line of its own. It is replaced only if a cause that `hides` led to it:
    for example, a model does not load because memory is used up.
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
    """The error and those that led to it; before an error of the project, only its `__cause__`."""
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
    """The file that was being written, else the one that the error names."""
    writing = file_in_writing(found) or file_in_writing(raised)
    named = getattr(found, "filename", None)
    # The final name says more than the name of a temporary file. If another file was being read
    # meanwhile, that file is at fault.
    if writing and (not isinstance(named, str) or ".part" in named):
        return writing
    return os.fspath(named) if isinstance(named, str) else None
