"""mutmut, fitted to this code: which mutants there are, and how the tests of one are run.

mutmut leaves decorated functions alone, and looks for the tests anew for each mutant. Here guards and properties, whose
decorators only call what they decorate, are mutated too; the tests are collected once, and a fork runs those that reach
the mutant, its module's own first and then the cheapest, up to the first that fails. What decides nothing is left out.
"""

from __future__ import annotations

import bisect
import functools
import gc
import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any

import libcst as cst
import pytest
from _pytest.config import _prepareconfig
from mutmut.mutation import file_mutation, trampoline
from mutmut.mutation.mutators import mutation_operators, operator_string
from mutmut.runners import harness
from mutmut.state import state
from mutmut.utils.file_utils import change_cwd
from mutmut.workers import isolation

#: The decorators under which functions are mutated: each calls what it decorates, unchanged.
KEPT = {"guard", "property", "cached_property", "cache", "lru_cache"}
#: Tests of whole lives, in which most is decided.
LIVES = ("tests/test_machines_", "tests/test_rulebooks_", "tests/test_fees", "tests/test_agreement")
#: Which other tests speak of a module: parts of the names of their files.
KIN = {
    "books": {"fees", "machines_escrow"},
    "clocks": {"machines_milestone", "machines_arbitration"},
    "conditions": {"machines_milestone"},
    "pot": {"machines_escrow", "machines_dispute", "fees"},
    "rulecheck": {"test_rulebook.py"},
    "schema": {"test_rulebook.py"},
    "reactions": {f"machines_{name}" for name in ("escrow", "dispute", "conduct", "feedback", "obligation")},
}
#: At most so many seconds of tests a mutant, by the time that they took when they were watched.
MOST = 12.0
#: A traceback that nobody reads is not made; what mutmut leaves open in a fork is no failure.
QUIET = ("--tb=native", "-p", "no:unraisableexception", "-p", "no:threadexception")

_skips = file_mutation.MutationVisitor._skip_node_and_children
_arranged = file_mutation.function_trampoline_arrangement
_run_tests = harness.PytestRunner.run_tests
_submit = isolation.ForkRunner.submit


# -- which mutants there are -------------------------------------------------------------------------------------------


def is_words(node: cst.CSTNode) -> bool:
    """Whether it is a sentence: a text with a blank in it."""
    if isinstance(node, cst.SimpleString):
        return " " in node.value
    if isinstance(node, cst.FormattedString):
        return any(isinstance(part, cst.FormattedStringText) and " " in part.value for part in node.parts)
    return isinstance(node, cst.ConcatenatedString) and (is_words(node.left) or is_words(node.right))


def stays(call: cst.Call, argument: cst.Arg) -> bool:
    """Whether an argument decides nothing: a sentence, the `strict` of a zip (a check that never fires), a type."""
    return is_words(argument.value) or _is_strict(argument) or name_of(call.func) == "cast"


def _is_strict(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Arg) and node.keyword is not None and node.keyword.value == "strict"


def name_of(node: cst.CSTNode) -> str:
    """The name that it is, if it is one."""
    return node.value if isinstance(node, cst.Name) else ""


def other_text(node: cst.BaseString) -> Iterator[cst.BaseString]:
    """Another text, where it is no sentence: one, as its letters in another case are no other mistake."""
    if not is_words(node):
        yield from itertools.islice(operator_string(node), 1)


def other_arguments(operator: Any, node: cst.Call) -> Iterator[cst.Call]:
    """Other arguments, but for those that decide nothing."""
    staying = [argument.value for argument in node.args if stays(node, argument)]
    for made in operator(node):
        left = {id(argument.value) for argument in made.args}
        if all(id(value) in left for value in staying):
            yield made


def _fitted(operator: Any) -> Any:
    if operator is operator_string:
        return other_text
    return functools.partial(other_arguments, operator) if operator.__name__ == "operator_arg_removal" else operator


def _is_kept(function: cst.FunctionDef) -> bool:
    made = [one.decorator for one in function.decorators]
    return bool(made) and all(name_of(one.func if isinstance(one, cst.Call) else one) in KEPT for one in made)


def _skips_less(visitor: Any, node: cst.CSTNode) -> bool:
    """As mutmut skips, but for functions under the decorators that are `KEPT`."""
    if isinstance(node, cst.FunctionDef) and _is_kept(node):
        node = node.with_changes(decorators=())
    return _is_strict(node) or bool(_skips(visitor, node))


def _arranged_bare(function: cst.FunctionDef, mutants: Iterable[Any], class_name: str | None) -> Any:
    """As mutmut arranges; the copies of a function under `KEPT` decorators are bare."""
    declared, (chooser, *copies), assigned, names = _arranged(function, mutants, class_name)
    if _is_kept(function):
        copies = [copy.with_changes(decorators=()) for copy in copies]
    return declared, [chooser, *copies], assigned, names


# -- how the tests of one are run --------------------------------------------------------------------------------------


class Collected:
    """The tests, collected once."""

    def __init__(self, arguments: list[str]) -> None:
        self.failed = False
        self.config = _prepareconfig(arguments, [self])
        self.config._do_configure()
        self.config.pluginmanager.unregister(name="terminalreporter")
        session = pytest.Session.from_config(self.config)
        self.config.hook.pytest_sessionstart(session=session)
        self.config.hook.pytest_collection(session=session)
        self.items = {item.nodeid: item for item in session.items}
        caches = [one for one in gc.get_objects() if isinstance(one, functools._lru_cache_wrapper)]
        self.caches = [one for one in caches if one.__module__.startswith("escrowkit")]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Asked by pytest after each step of a test."""
        self.failed = self.failed or report.failed

    def passes(self, tests: Iterable[str]) -> bool:
        """Whether these pass, asked of the code and of no cache, up to the first that does not."""
        for cache in self.caches:
            cache.cache_clear()
        items = [self.items[name] for name in tests if name in self.items]
        for item, following in zip(items, [*items[1:], None], strict=True):
            self.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                return False
        return True


def kin(mutant: str) -> set[str]:
    """Parts of the names of the files of tests that speak of its module."""
    parts = set(mutant.split(".")[1:-1]) - {"machines"}
    return parts.union(*(KIN.get(part, ()) for part in parts))


def nearest(mutant: str, tests: Iterable[str]) -> list[str]:
    """The tests of the module's own file first, then those of whole lives, then the cheapest: most mutants die soon."""
    own, took = kin(mutant), state().duration_by_test

    def order(test: str) -> tuple[int, float]:
        file = test.partition("::")[0]
        rank = 0 if any(name in file for name in own) else 1 if file.startswith(LIVES) else 2
        return rank, took[test]

    return sorted(tests, key=order)


def _collect(runner: Any) -> None:
    with change_cwd("mutants"):
        chosen = [*runner._pytest_add_cli_args, *runner._pytest_add_cli_args_test_selection]
        runner.collected = Collected([*QUIET, *chosen])


def _run(runner: Any, *, mutant_name: str | None, tests: Iterable[str]) -> int:
    if not tests:
        return int(_run_tests(runner, mutant_name=mutant_name, tests=tests))
    with change_cwd("mutants"):
        return 0 if runner.collected.passes(nearest(mutant_name or "", tests)) else 1


def few(mutant: str, tests: Iterable[str]) -> tuple[list[str], float]:
    """The first tests, as many as `MOST` seconds allow, and how long they take."""
    took = state().duration_by_test
    ordered = nearest(mutant, tests)
    sums = list(itertools.accumulate(took[test] for test in ordered))
    number = max(1, bisect.bisect_left(sums, MOST))
    return ordered[:number], sum(sums[number - 1 : number])


def _try(runner: Any, mutant_name: str, tests: list[str], cpu_time_limit: int, estimated_time: float) -> None:
    chosen, estimated = few(mutant_name, tests)
    _submit(runner, mutant_name, chosen, math.ceil(estimated) + 10, estimated)


def _try_none(runner: Any, tests: Iterable[str]) -> int:
    """The same without a mutant, in a fork like that of one: whatever fails there kills nothing."""
    _submit(runner, "none.none__mutmut_0", list(tests), 600, 600)
    return int(runner.wait_for_result().exit_code)


def fit() -> None:
    """Put all of this into mutmut."""
    there: Any = file_mutation
    there.mutation_operators = [(kind, _fitted(operator)) for kind, operator in mutation_operators]
    there.MutationVisitor._skip_node_and_children = _skips_less
    there.function_trampoline_arrangement = _arranged_bare
    chooser: Any = trampoline
    chooser.get_mutant_under_test = lambda: chooser._mutant_under_test or ""
    runner: Any = harness.PytestRunner
    runner.prepare_main_test_run, runner.run_tests = _collect, _run
    forks: Any = isolation.ForkRunner
    forks.submit, forks.run_clean_tests = _try, _try_none
