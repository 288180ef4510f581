"""The command: its address, its port, and how it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import finished_case as case
from finished_case import Printed
from hybridbatch.cli import main
from hybridbatch.serving.serve import open_port


def refusal(capfd: Printed, results: Path, *words: str) -> str:
    capfd.readouterr()
    assert main(["serve", "--results", str(results), *words]) == 2
    (line,) = [line for line in capfd.readouterr().err.splitlines() if "error: " in line]
    return line.partition("error: ")[2]


def test_it_answers_on_this_machine_until_it_is_stopped(results: Path) -> None:
    words = ["serve", "--results", str(results), "--run", case.TRAINED, "--port", "0"]
    with subprocess.Popen(
        [sys.executable, "-m", "hybridbatch", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
        with urllib.request.urlopen(f"{address}?q=new", timeout=60) as response:
            assert "ar:item-" in response.read().decode()
        process.send_signal(signal.SIGINT)
        rest, told = process.communicate(timeout=60)
    assert (process.returncode, rest) == (0, "")
    assert f"held-out: {case.TRAINED}, ready after" in told
    assert "Traceback" not in told and "error" not in told


def test_it_listens_on_this_machine_alone() -> None:
    with open_port(0) as listening:
        host, port = listening.getsockname()
        assert host == "127.0.0.1"
        with socket.create_connection((host, port), timeout=5):
            pass


def test_a_port_in_use_is_one_line(results: Path, capfd: Printed) -> None:
    with open_port(0) as listening:
        port = str(listening.getsockname()[1])
        line = refusal(capfd, results, "--run", case.TRAINED, "--port", port)
    assert line == f"--port: {port} is in use; choose another, or 0 for one that is free"


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_number_that_is_no_port(results: Path, capfd: Printed, port: str) -> None:
    line = refusal(capfd, results, "--run", case.TRAINED, "--port", port)
    assert line == f"--port: {port}; give a number from 0 to 65535"


def test_a_wrong_choice_is_one_line(results: Path, capfd: Printed) -> None:
    assert "did you mean `model.untrained`?" in refusal(capfd, results, "--run", "model.untraind")
