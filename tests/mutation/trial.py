"""Run tests in a child process, with or without a mutant, and say what they did.

A child may use a bounded time of the processor, not of the clock, so that a busy machine kills no
mutant. Examples of hypothesis are the same ones each time, and none is kept.
"""

import gc
import json
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import _lru_cache_wrapper, partial
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any, TextIO

import hypothesis
import pytest

from tests.mutation.mutants import ROOT, Function, Mutant

MEMORY_BYTES = 2 * 2**30
CPU_S, CPU_TIMES = 3, 5  # a run may use three seconds, and five times what it used without a mutant
PATIENT_S = 900  # of the clock, for a run that sleeps

hypothesis.settings.register_profile(
    "mutation",
    database=None,
    deadline=None,
    derandomize=True,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)


def prepare() -> None:
    """Load in this process what every child needs, but nothing of `monitor`."""
    hypothesis.settings.load_profile("mutation")
    for name in ("bs4", "lxml.html", "pydantic", "_pytest.assertion.rewrite"):
        import_module(name)


@dataclass(slots=True)
class Baseline:
    """The tests without a mutant: seconds of the processor, and the functions each one enters."""

    seconds: dict[str, float] = field(default_factory=dict)
    entered_by: dict[Function, set[str]] = field(default_factory=lambda: defaultdict(set))
    entered_while_imported: set[Function] = field(default_factory=set)

    def tests_of(self, function: Function) -> list[str]:
        """Return the tests that may see a change of a function, the quickest first."""
        every = function in self.entered_while_imported
        chosen = self.seconds if every else self.entered_by.get(function, set())
        return sorted(chosen, key=lambda test: (self.seconds[test], test))


class _Recorder:
    """A plugin of pytest: which functions of some files are entered by which test."""

    def __init__(self, files: Collection[str]) -> None:
        self._files = files
        self._entered: set[Function] = set()
        self._remembering: list[_lru_cache_wrapper[object]] = []
        self._before = 0.0
        self.result: dict[str, Any] = {"failed": [], "tests": {}}

    def start(self) -> None:
        threading.settrace(self._enter)
        sys.settrace(self._enter)

    def _enter(self, frame: FrameType, event: str, argument: object) -> None:
        del event, argument
        code = frame.f_code
        if code.co_filename in self._files:
            self._entered.add((code.co_filename, code.co_firstlineno))

    def pytest_collection_finish(self) -> None:
        self.result["imported"] = sorted(self._entered)
        self._remembering = [
            each for each in gc.get_objects()
            if isinstance(each, _lru_cache_wrapper) and each.__module__.startswith("monitor.")
        ]  # fmt: skip

    def pytest_runtest_logstart(self) -> None:
        for each in self._remembering:  # what another test had remembered would not be entered
            each.cache_clear()
        self._entered = set()
        self._before = time.process_time()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.result["tests"][nodeid] = [time.process_time() - self._before, sorted(self._entered)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        _note_failure(self.result, report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        _note_failure(self.result, report)


class _Chooser:
    """A plugin of pytest: run these tests, in this order, and note the first that fails."""

    def __init__(self, tests: Mapping[str, float], chosen: list[str]) -> None:
        self._known = tests
        self._rank = {test: number for number, test in enumerate(chosen)}
        self.result: dict[str, Any] = {"failed": []}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep tests without a name in the baseline too: the mutant has given them another one."""
        kept = [i for i in items if i.nodeid in self._rank or i.nodeid not in self._known]
        items[:] = sorted(kept, key=lambda item: self._rank.get(item.nodeid, -1))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        _note_failure(self.result, report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        _note_failure(self.result, report)


def _note_failure(result: dict[str, Any], report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.failed:
        result["failed"].append(report.nodeid or "collection")


class _Finder(PathFinder):
    """Imports one module from the mutant's code."""

    def __init__(self, mutant: Mutant) -> None:
        parts = mutant.path.relative_to(ROOT).with_suffix("").parts
        self.name = ".".join(parts).removesuffix(".__init__")
        self._loader = _Loader(self.name, str(mutant.path))
        self._loader.code = mutant.code

    def find_spec(  # type: ignore[override] # the base's is a class method
        self, fullname: str, path: object = None, target: object = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname != self.name:
            return None
        return spec_from_file_location(fullname, self._loader.path, loader=self._loader)

    def was_used(self) -> bool:
        module = sys.modules.get(self.name)
        return module is not None and module.__loader__ is self._loader


class _Loader(SourceFileLoader):
    code: CodeType

    def get_code(self, fullname: str) -> CodeType:
        assert fullname == self.name
        return self.code


def baseline(files: Collection[Path], tests: list[str]) -> Baseline:
    """Run tests without a mutant; RuntimeError when one fails."""
    recorder = _Recorder({str(path) for path in files})

    def run() -> dict[str, Any]:
        recorder.start()
        code = pytest.main([*_OPTIONS, *tests], plugins=[recorder])
        sys.settrace(None)
        return recorder.result | {"code": int(code)}

    result = _in_a_child(run, cpu_s=PATIENT_S)
    if result is None or result["code"] != 0:
        raise RuntimeError(f"the tests fail without a mutant: {result}")
    found = Baseline()
    found.entered_while_imported = {(file, line) for file, line in result["imported"]}
    for test, (seconds, functions) in result["tests"].items():
        found.seconds[test] = seconds
        for file, line in functions:
            found.entered_by[file, line].add(test)
    return found


def tried(
    mutants: list[Mutant], before: Baseline, tests: list[str]
) -> Iterator[tuple[Mutant, str | None]]:
    """Yield each mutant with the test that sees it, and None for one that survives.

    A function that a module enters while it is imported is changed before that, in a process that
    imports everything again; any other is changed in its place, once all was imported.
    """
    early = [m for m in mutants if m.function in before.entered_while_imported]
    late = [m for m in mutants if m.function not in before.entered_while_imported]
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with os.fdopen(writing, "w") as pipe:
            server = _Server(late, before, pipe)
            code = pytest.main([*_OPTIONS, "-s", "--no-header", *tests], plugins=[server])
        os._exit(int(code))
    os.close(writing)
    with os.fdopen(reading) as lines:
        for line in lines:
            number, by = json.loads(line)
            yield late[number], by
    if os.waitpid(child, 0)[1] != 0:
        raise RuntimeError("the mutants could not be tried")
    for mutant in early:
        yield mutant, _killed_by(mutant, before)


class _Server:
    """A plugin of pytest: once all tests are collected, try mutants, each in a child."""

    def __init__(self, mutants: list[Mutant], before: Baseline, pipe: TextIO) -> None:
        self._mutants = mutants
        self._before = before
        self._pipe = pipe
        self._result: dict[str, Any] = {"failed": []}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        gc.freeze()
        for number, mutant in enumerate(self._mutants):
            chosen = self._before.tests_of(mutant.function)
            by = _judged(mutant, chosen, self._before, partial(self._run, items, chosen))
            self._pipe.write(json.dumps([number, by]) + "\n")
            self._pipe.flush()
        return True

    def _run(
        self, items: Mapping[str, pytest.Item], chosen: list[str], mutant: Mutant | None
    ) -> dict[str, Any]:
        if mutant is not None:
            _change_in_place(mutant)
        for test in chosen:
            item = items[test]
            item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
            if self._result["failed"]:
                break
        return self._result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        _note_failure(self._result, report)


def _change_in_place(mutant: Mutant) -> None:
    """Give the functions of a module, nested ones too, the code of the mutant."""
    codes = {(code.co_qualname, code.co_firstlineno): code for code in _within(mutant.code)}
    changed = False
    gc.unfreeze()
    for function in gc.get_objects():
        if isinstance(function, FunctionType) and function.__code__.co_filename == str(mutant.path):
            old = function.__code__
            if not old.co_name.startswith("<"):  # lambdas of modules have no mutants
                function.__code__ = codes[old.co_qualname, old.co_firstlineno]
                changed |= old.co_firstlineno == mutant.function_line
    if not changed and not _is_nested(mutant):
        raise RuntimeError(f"no function to change: {mutant}")


def _within(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _within(constant)


def _is_nested(mutant: Mutant) -> bool:
    """Return whether a function makes that of the mutant each time it runs."""
    names = [c.co_qualname for c in _within(mutant.code)
             if c.co_firstlineno == mutant.function_line]  # fmt: skip
    return any("<locals>" in name for name in names)


def _killed_by(mutant: Mutant, before: Baseline) -> str | None:
    """Try a mutant in a child that imports its module, and all others, for the first time."""
    chosen = before.tests_of(mutant.function)
    files = sorted({test.partition("::")[0] for test in chosen})
    chooser = _Chooser(before.seconds, chosen)

    def run(changed: Mutant | None) -> dict[str, Any]:
        finder = _Finder(mutant)
        if changed is not None:
            sys.meta_path.insert(0, finder)
        code = pytest.main([*_OPTIONS, "-x", *files], plugins=[chooser])
        if not chooser.result["failed"] and (code != 0 or not finder.was_used()):
            raise RuntimeError(f"the tests could not be run: {code}")
        return chooser.result

    return _judged(mutant, chosen, before, run)


def _judged(
    mutant: Mutant,
    chosen: list[str],
    before: Baseline,
    run: Callable[[Mutant | None], dict[str, Any]],
) -> str | None:
    """Return the test that sees a mutant; RuntimeError when nothing can be concluded."""
    if not chosen:
        return None
    cpu_s = CPU_S + CPU_TIMES * sum(before.seconds[test] for test in chosen)
    result = _in_a_child(lambda: run(mutant), cpu_s)
    if result is None:
        if _in_a_child(lambda: run(None), cpu_s) is None:
            raise RuntimeError(f"these tests do not end without a mutant either: {chosen}")
        return "it does not end"
    if "fault" in result:
        raise RuntimeError(f"{mutant}: {result['fault']}")
    return str(result["failed"][0]) if result["failed"] else None


# hypothesis is imported before the tests, by all children at once; nothing asserts in it.
_QUIET = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
_OPTIONS = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "timeout=0", *_QUIET)


def _in_a_child(run: Callable[[], dict[str, Any]], cpu_s: float) -> dict[str, Any] | None:
    """Return what a function gives in a child; None for one that goes beyond its time."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        _bound(cpu_s)
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        try:
            answer = run()
        except BaseException:  # noqa: BLE001 -- the parent says what happened
            answer = {"code": -1, "failed": [], "fault": traceback.format_exc()}
        with os.fdopen(writing, "w") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(writing)
    alarm = threading.Timer(PATIENT_S, os.killpg, (child, signal.SIGKILL))
    alarm.start()
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    alarm.cancel()
    _, status = os.waitpid(child, 0)
    return json.loads(text) if os.waitstatus_to_exitcode(status) == 0 else None


def _bound(cpu_s: float) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_s) + 1, int(cpu_s) + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
