"""Programs over things that are taken or not: the least aim in whole numbers, and the linear bound with its prices."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from matching.network import Floats, Ints

INFEASIBLE = 2
"""What the solver says where nothing keeps the rows."""
ROUNDED_PRICE = 1e-7
"""By so much a price may be off."""
Rows = csr_array | csc_array


class NoAnswer(ArithmeticError):
    """Nothing that could be taken keeps the rows."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What is taken: bool[things], or None where none was found in time; and what no answer's aim is less than.

    `proved`: there is no better.
    """

    taken: NDArray[np.bool_] | None
    bound: float
    proved: bool


@dataclass(frozen=True, eq=False)
class Linear:
    """The linear bound of a program.

    Attributes
    ----------
    bound : float
        What no answer's aim can be less than, by arithmetic from the prices alone.
    prices : float64[rows]
        0 or more: what one more of a row is worth.
    excess : float64[things]
        How far above the bound an answer that takes the thing is at least; 0 or more.
    parts : float64[things]
        Which part of each thing is taken by what reaches the bound.
    """

    bound: float
    prices: Floats
    excess: Floats
    parts: Floats


def solve_whole(aim: Ints, matrix: Rows, most: Ints, *, seconds: float | None = None) -> Answer:
    """Take what makes `aim` least under `matrix @ taken <= most`, by HiGHS.

    Parameters
    ----------
    aim : int64[things]
        What each thing adds; below 2**40 in sum, where floating point still tells units apart.
    matrix : int64 csr_array or csc_array[rows, things]
    most : int64[rows]
    seconds : float, optional
        None: until it is proved.

    Returns
    -------
    Answer
        Proved, unless time ran out.

    Raises
    ------
    NoAnswer
        Where nothing keeps the rows.
    ArithmeticError
        Where the solver ends without an answer, or with one that does not keep the rows.
    """
    if seconds is not None and seconds <= 0:
        return Answer(None, -np.inf, False)
    if not len(aim):
        if np.any(most < 0):
            raise NoAnswer("nothing keeps the rows")
        return Answer(np.zeros(0, np.bool_), 0.0, True)
    from scipy.optimize import Bounds, LinearConstraint, milp

    found = milp(
        aim.astype(np.float64),
        integrality=np.ones(len(aim), np.uint8),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix.astype(np.float64), -np.inf, most.astype(np.float64)),
        options={
            "mip_rel_gap": 0,
            "presolve": False,  # what is asked here is small or nearly whole: it only takes time
            "time_limit": np.inf if seconds is None else seconds,
        },
    )
    if found.status == INFEASIBLE:
        raise NoAnswer("nothing keeps the rows")
    bound = -np.inf if found.mip_dual_bound is None else float(found.mip_dual_bound)
    if found.x is None:
        if seconds is not None:
            return Answer(None, bound, False)
        raise ArithmeticError(f"the program was not solved: {found.status}")
    taken = np.asarray(found.x) > 0.5
    if np.any(matrix @ taken.astype(np.int64) > most):
        raise ArithmeticError("the solver's answer does not keep the rows")
    return Answer(taken, bound, found.status == 0)


def solve_linear(
    aim: Ints | Floats, matrix: Rows, most: Ints | Floats, first: NDArray[np.bool_] | None = None
) -> Linear:
    """The bound where things may be taken in part, by GLOP; any prices give one, so that rounding cannot spoil it.

    Parameters
    ----------
    aim, matrix, most
        As for `solve_whole`.
    first : bool[things], optional
        With which things to begin: others are added as long as the prices say that they would lower the aim. Something
        among them must keep the rows.

    Returns
    -------
    Linear

    Raises
    ------
    NoAnswer
        Where nothing keeps the rows.
    ArithmeticError
        Where the solver ends without prices.
    """
    core = np.ones(len(aim), np.bool_) if first is None else first.copy()
    while True:
        prices, taken = _glop(aim[core], matrix[:, core], most)
        priced = aim + matrix.T @ prices
        lower = (priced < -ROUNDED_PRICE) & ~core
        if not lower.any():
            break
        core |= lower
    parts = np.zeros(len(aim))
    parts[core] = taken
    return Linear(float(np.minimum(0, priced).sum() - prices @ most), prices, np.maximum(0, priced), parts)


def _glop(aim: Ints | Floats, matrix: Rows, most: Ints | Floats) -> tuple[Floats, Floats]:
    """The price of each row, 0 or more, and which part is taken of each thing."""
    from ortools.linear_solver.python import model_builder_helper as helper

    model: Any = helper.ModelBuilderHelper()
    things = len(aim)
    model.fill_model_from_sparse_data(
        np.zeros(things),
        np.ones(things),
        aim.astype(np.float64),
        np.full(len(most), -np.inf),
        most.astype(np.float64),
        matrix.tocsr().astype(np.float64),
    )
    solver = helper.ModelSolverHelper("glop")
    solver.enable_output(False)
    solver.solve(model)
    if solver.status() == helper.SolveStatus.INFEASIBLE:
        raise NoAnswer("nothing keeps the rows")
    if solver.status() != helper.SolveStatus.OPTIMAL:
        raise ArithmeticError(f"the linear program was not solved: {solver.status()}")
    return np.maximum(0, -np.asarray(solver.dual_values())), np.asarray(solver.variable_values())
