"""torch.optim.LBFGS: the quasi-Newton method that evaluates a closure several times in each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from mindspore import Tensor, ops
from numpy.typing import NDArray

from .optim import Optimizer


class LBFGS(Optimizer):
    """L-BFGS (Nocedal and Wright, chapter 7), with a fixed step or a line search for the strong Wolfe conditions (torch.optim.LBFGS)."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "max_iter": max_iter,
                "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
                "tolerance_grad": tolerance_grad,
                "tolerance_change": tolerance_change,
                "history_size": history_size,
                "line_search_fn": line_search_fn,
            },
        )
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Up to ``max_iter`` iterations; returns the loss of the first evaluation."""
        group, state = self.param_groups[0], self.state[self.parameters[0]]
        first = closure()
        loss, gradient = float(first), self._gradient()
        state["func_evals"] = state.get("func_evals", 0) + 1
        evaluations = 1
        if np.abs(gradient).max() <= group["tolerance_grad"]:
            return first
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] = state.get("n_iter", 0) + 1
            direction = self._direction(state, group, gradient)
            previous_loss = loss
            state["prev_flat_grad"], state["d"] = gradient, direction
            length = float(group["lr"])
            if state["n_iter"] == 1:
                length *= min(1.0, 1.0 / float(np.abs(gradient).sum()))
            slope = float(gradient @ direction)
            if slope > -group["tolerance_change"]:
                break
            loss, gradient, length, used = self._advance(closure, group, iteration, length, direction, loss, gradient, slope)
            state["t"] = length
            evaluations += used
            state["func_evals"] += used
            if evaluations >= group["max_eval"] or np.abs(gradient).max() <= group["tolerance_grad"]:
                break
            if np.abs(direction * length).max() <= group["tolerance_change"] or abs(loss - previous_loss) < group["tolerance_change"]:
                break
        return first

    def _direction(self, state: dict[str, Any], group: dict[str, Any], gradient: NDArray[Any]) -> NDArray[Any]:
        """Minus the inverse Hessian's approximation times the gradient, by the two-loop recursion."""
        if state["n_iter"] == 1:
            state["old_dirs"], state["old_stps"], state["H_diag"] = [], [], 1.0
            return -gradient
        change, step = gradient - state["prev_flat_grad"], state["d"] * np.asarray(state["t"], gradient.dtype)
        curvature = float(change @ step)
        if curvature > 1e-10:
            state["old_dirs"] = [*state["old_dirs"], change][-group["history_size"] :]
            state["old_stps"] = [*state["old_stps"], step][-group["history_size"] :]
            state["H_diag"] = curvature / float(change @ change)
        direction, weights = -gradient, []
        pairs = list(zip(state["old_dirs"], state["old_stps"], strict=True))
        for change, step in reversed(pairs):
            weights.append((step @ direction) / (change @ step))
            direction = direction - weights[-1] * change
        direction = direction * np.asarray(state["H_diag"], gradient.dtype)
        for (change, step), weight in zip(pairs, reversed(weights), strict=True):
            direction = direction + step * (weight - (change @ direction) / (change @ step))
        return direction

    def _advance(
        self,
        closure: Callable[[], Any],
        group: dict[str, Any],
        iteration: int,
        length: float,
        direction: NDArray[Any],
        loss: float,
        gradient: NDArray[Any],
        slope: float,
    ) -> tuple[float, NDArray[Any], float, int]:
        """Moves along the direction; the loss and gradient there, how far it went, and how often the closure ran."""
        start = self._values()
        if group["line_search_fn"] is not None:
            if group["line_search_fn"] != "strong_wolfe":
                raise RuntimeError("only 'strong_wolfe' is supported")

            def evaluate(at: float) -> tuple[float, NDArray[Any]]:
                self._place(start + at * direction)
                return float(closure()), self._gradient()

            loss, gradient, length, used = strong_wolfe(evaluate, length, direction, loss, gradient, slope)
            self._place(start + length * direction)
            return loss, gradient, length, used
        self._place(start + length * direction)
        if iteration == group["max_iter"]:
            return loss, gradient, length, 0
        return float(closure()), self._gradient(), length, 1

    def _values(self) -> NDArray[Any]:
        return np.concatenate([parameter.asnumpy().reshape(-1) for parameter in self.parameters])

    def _gradient(self) -> NDArray[Any]:
        parts = []
        for parameter in self.parameters:
            gradient = getattr(parameter, "grad", None)
            parts.append(np.zeros(parameter.size, parameter.asnumpy().dtype) if gradient is None else gradient.asnumpy().reshape(-1))
        return np.concatenate(parts)

    def _place(self, values: NDArray[Any]) -> None:
        position = 0
        for parameter in self.parameters:
            part = values[position : position + parameter.size].reshape(parameter.shape)
            ops.assign(parameter, Tensor(part.astype(parameter.asnumpy().dtype)))
            position += parameter.size


def cubic_minimum(x1: float, f1: float, g1: float, x2: float, f2: float, g2: float, bounds: tuple[float, float] | None = None) -> float:
    """Where the cubic through two points with these values and slopes is least, within bounds (Nocedal and Wright, 3.59)."""
    low, high = bounds if bounds is not None else (min(x1, x2), max(x1, x2))
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    square = d1**2 - g1 * g2
    if square < 0:
        return (low + high) / 2.0
    root = float(np.sqrt(square))
    if x1 <= x2:
        place = x2 - (x2 - x1) * ((g2 + root - d1) / (g2 - g1 + 2 * root))
    else:
        place = x1 - (x1 - x2) * ((g1 + root - d1) / (g1 - g2 + 2 * root))
    return min(max(place, low), high)


#: A point on the line: (how far, loss, gradient, slope).
Point = tuple[float, float, NDArray[Any], float]


def strong_wolfe(
    evaluate: Callable[[float], tuple[float, NDArray[Any]]],
    length: float,
    direction: NDArray[Any],
    loss: float,
    gradient: NDArray[Any],
    slope: float,
    c1: float = 1e-4,
    c2: float = 0.9,
    tolerance: float = 1e-9,
    limit: int = 25,
) -> tuple[float, NDArray[Any], float, int]:
    """A step that meets the strong Wolfe conditions: bracketing, then zooming (Nocedal and Wright, algorithms 3.5 and 3.6)."""

    def probe(at: float) -> Point:
        value, slopes = evaluate(at)
        return at, value, slopes, float(slopes @ direction)

    origin: Point = (0.0, loss, gradient, slope)
    scale = float(np.abs(direction).max())
    before, now, used = origin, probe(length), 1
    bracket: list[Point] = []
    found = False
    while used - 1 < limit:
        at, value, _, here = now
        if value > loss + c1 * at * slope or (used > 1 and value >= before[1]):
            bracket = [before, now]
            break
        if abs(here) <= -c2 * slope:
            bracket, found = [now], True
            break
        if here >= 0:
            bracket = [before, now]
            break
        low, high = at + 0.01 * (at - before[0]), at * 10
        at = cubic_minimum(before[0], before[1], before[3], now[0], value, here, (low, high))
        before, now = now, probe(at)
        used += 1
    if not bracket:
        bracket = [origin, now]
    rounds, stuck = used - 1, False
    while not found and rounds < limit:
        bracket.sort(key=lambda point: point[1])
        best, worst = bracket
        if abs(best[0] - worst[0]) * scale < tolerance:
            break
        at = cubic_minimum(bracket[0][0], best[1], best[3], worst[0], worst[1], worst[3])
        low, high = min(best[0], worst[0]), max(best[0], worst[0])
        margin = 0.1 * (high - low)
        if min(high - at, at - low) < margin:
            if stuck or at >= high or at <= low:
                at = high - margin if abs(at - high) < abs(at - low) else low + margin
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        point = probe(at)
        used += 1
        rounds += 1
        if point[1] > loss + c1 * at * slope or point[1] >= best[1]:
            bracket = [best, point]
        else:
            if abs(point[3]) <= -c2 * slope:
                bracket, found = [point], True
            elif point[3] * (worst[0] - best[0]) >= 0:
                bracket = [best, point]
            else:
                bracket = [worst, point]
    place = min(bracket, key=lambda point: point[1])
    return place[1], place[2], place[0], used
