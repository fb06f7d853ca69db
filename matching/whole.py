"""Whole-number programs: the least aim over things that are taken or not."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matching.network import Ints

# Proved to the last unit: every aim is whole, so less than one is nothing. One thread: the same answer every time.
PARAMETERS = "output_flag=false\nmip_rel_gap=0\nmip_abs_gap=0.5\nthreads=1\nrandom_seed=0"


def solve_whole(aim: Ints, matrix: csr_array, most: Ints, *, seconds: float | None = None) -> NDArray[np.bool_] | None:
    """Take what makes `aim` least under `matrix @ taken <= most`, by HiGHS.

    Parameters
    ----------
    aim : int64[things]
        What each thing adds; below 2**40 in sum, where floating point still tells units apart.
    matrix : int64 csr_array[rows, things]
    most : int64[rows]
        Nothing taken at all must keep every row that any answer keeps, or there may be none.
    seconds : float, optional
        None: until it is proved.

    Returns
    -------
    bool[things] or None
        Proved least; None where time ran out.

    Raises
    ------
    ArithmeticError
        Where the solver ends without an answer, or with one that does not keep the rows.
    """
    if seconds is not None and seconds <= 0:
        return None
    from ortools.linear_solver.python import model_builder_helper as helper

    model: Any = helper.ModelBuilderHelper()
    things = len(aim)
    model.fill_model_from_sparse_data(
        np.zeros(things),
        np.ones(things),
        aim.astype(np.float64),
        np.full(len(most), -np.inf),
        most.astype(np.float64),
        matrix.astype(np.float64),
    )
    for thing in range(things):
        model.set_var_integrality(thing, True)
    solver = helper.ModelSolverHelper("highs")
    solver.enable_output(False)
    solver.set_solver_specific_parameters(PARAMETERS)
    if seconds is not None:
        solver.set_time_limit_in_seconds(seconds)
    solver.solve(model)
    if solver.status() != helper.SolveStatus.OPTIMAL:
        if seconds is not None:
            return None
        raise ArithmeticError(f"the program was not solved: {solver.status()}")
    taken = np.asarray(solver.variable_values()) > 0.5
    if np.any(matrix @ taken.astype(np.int64) > most):
        raise ArithmeticError("the solver's answer does not keep the rows")
    return taken
