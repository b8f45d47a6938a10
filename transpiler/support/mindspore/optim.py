"""torch.optim's optimizers, updating MindSpore parameters from the gradients that each parameter holds as ``parameter.grad``.

They derive from ``mindspore.experimental.optim.Optimizer`` and may be called with a tuple of gradients like any of its classes. The update itself is
composed here: the experimental classes ignore ``amsgrad``, count one step for all parameters, treat a parameter that has no gradient as one whose
gradient is zero, and turn ``param_groups[0]['lr']`` into a parameter.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import mindspore
from mindspore import Parameter, Tensor, nn, ops
from mindspore.experimental import optim as experimental_optim

from .training import Leaves


class Optimizer(experimental_optim.Optimizer):
    """torch.optim.Optimizer: parameter groups with options of their own; a subclass defines ``update`` for one parameter, or all of ``step``."""

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        nn.Cell.__init__(self, auto_prefix=False)
        self.defaults = defaults
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        if isinstance(params, Tensor):
            raise TypeError("params argument given to the optimizer should be an iterable of Tensors or dicts")
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(dict(group))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters, group by group; two nets' parameters may bear the same names."""
        return tuple(p for group in self.param_groups for p in group["params"])

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds a group of parameters; options it does not name take the optimizer's defaults."""
        given = param_group["params"]
        listed = [given] if isinstance(given, Tensor) else list(given)
        param_group["params"] = [item[1] if isinstance(item, tuple) else item for item in listed]
        if any(isinstance(item, tuple) for item in listed):
            param_group["param_names"] = [item[0] for item in listed]
        for name, default in self.defaults.items():
            param_group.setdefault(name, default)
        known = {id(p) for group in self.param_groups for p in group["params"]}
        if any(id(p) in known for p in param_group["params"]):
            raise ValueError("some parameters appear in more than one parameter group")
        for parameter in param_group["params"]:
            Leaves.note(parameter)
            if getattr(parameter, "grad", None) is None:
                parameter.grad = None
        self.param_groups.append(param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the gradients, or sets them to zero."""
        Leaves.cleared(self.parameters)
        for parameter in self.parameters:
            if getattr(parameter, "grad", None) is not None:
                parameter.grad = None if set_to_none else ops.zeros_like(parameter.grad)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One update of every parameter that has a gradient; returns the closure's loss."""
        loss = closure() if closure is not None else None
        Leaves.before_step(self.parameters)
        with mindspore._no_grad():
            for group in self.param_groups:
                for parameter in group["params"]:
                    gradient = getattr(parameter, "grad", None)
                    if gradient is not None:
                        self.update(parameter, -gradient if group.get("maximize") else gradient, self.state[parameter], group)
        return loss

    def update(self, parameter: Parameter, gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """One update of one parameter; ``state`` is what the optimizer remembers of it."""
        raise NotImplementedError

    def construct(self, gradients: Iterable[Tensor]) -> bool:
        """One update with these gradients, in the order of ``parameters`` (mindspore.experimental.optim)."""
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient
        self.step()
        return True

    def state_dict(self) -> dict[str, Any]:
        """The state by the parameters' numbers, and the groups with numbers for parameters."""
        numbers = {id(parameter): number for number, parameter in enumerate(self.parameters)}
        state = {numbers[id(key)] if isinstance(key, Tensor) else key: value for key, value in self.state.items()}
        groups = [
            {**{name: value for name, value in group.items() if name != "params"}, "params": [numbers[id(p)] for p in group["params"]]}
            for group in self.param_groups
        ]
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes state and options from a ``state_dict`` of an optimizer with groups of the same sizes."""
        saved = state_dict["param_groups"]
        if [len(group["params"]) for group in saved] != [len(group["params"]) for group in self.param_groups]:
            raise ValueError("loaded state dict has a different number of parameter groups, or groups of other sizes")
        numbers = chain.from_iterable(group["params"] for group in saved)
        owner = dict(zip(numbers, self.parameters, strict=True))
        self.state = defaultdict(dict)
        for key, value in state_dict["state"].items():
            self.state[owner.get(key, key)] = dict(value) if isinstance(value, dict) else value
        for group, loaded in zip(self.param_groups, saved, strict=True):
            group.update({name: value for name, value in loaded.items() if name != "params"})

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for number, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {number}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join([*lines, ")"])


def _remembered(state: dict[str, Any], name: str, parameter: Tensor, start: float = 0) -> Tensor:
    """A running value of a parameter, ``start`` at first."""
    if name not in state:
        state[name] = ops.full_like(parameter, start)
    return state[name]


def _counted(state: dict[str, Any]) -> int:
    """The number of this update of a parameter."""
    state["step"] = state.get("step", 0) + 1
    return int(state["step"])


def _rate(group: dict[str, Any]) -> float:
    return float(group["lr"])


def _check(**values: float) -> None:
    """ValueError for an option that is negative."""
    for name, value in values.items():
        if float(value) < 0:
            raise ValueError(f"Invalid {name} value: {value}")


def _check_betas(betas: tuple[float, float]) -> None:
    for position, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {position}: {beta}")


def _decayed(parameter: Parameter, gradient: Tensor, group: dict[str, Any]) -> Tensor:
    """The gradient with L2 penalty; decoupled decay shrinks the parameter instead."""
    decay = group["weight_decay"]
    if decay == 0:
        return gradient
    if group.get("decoupled_weight_decay"):
        ops.assign(parameter, parameter * (1 - _rate(group) * decay))
        return gradient
    return gradient + decay * parameter


def _moments(parameter: Parameter, gradient: Tensor, state: dict[str, Any], beta1: float, beta2: float) -> tuple[Tensor, Tensor]:
    """Running means of the gradient and of its square (Kingma and Ba, 2015)."""
    mean, square = _remembered(state, "exp_avg", parameter), _remembered(state, "exp_avg_sq", parameter)
    state["exp_avg"] = mean + (gradient - mean) * (1 - beta1)
    state["exp_avg_sq"] = square * beta2 + gradient * gradient * (1 - beta2)
    return state["exp_avg"], state["exp_avg_sq"]


class SGD(Optimizer):
    """Stochastic gradient descent with momentum and Nesterov's momentum (torch.optim.SGD)."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        _check(learning_rate=lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
                "foreach": foreach,
                "differentiable": differentiable,
                "fused": fused,
            },
        )

    def update(self, parameter: Parameter, gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """p - lr (g + momentum * buffer)."""
        gradient = _decayed(parameter, gradient, group)
        momentum = group["momentum"]
        if momentum != 0:
            buffer = state.get("momentum_buffer")
            state["momentum_buffer"] = gradient if buffer is None else buffer * momentum + gradient * (1 - group["dampening"])
            gradient = gradient + state["momentum_buffer"] * momentum if group["nesterov"] else state["momentum_buffer"]
        ops.assign(parameter, parameter - gradient * _rate(group))


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015), with amsgrad and L2 or decoupled weight decay (torch.optim.Adam)."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        _check(learning_rate=lr, epsilon=eps, weight_decay=weight_decay)
        _check_betas(betas)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
                "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )

    def update(self, parameter: Parameter, gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """p - lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps)."""
        count = _counted(state)
        beta1, beta2 = group["betas"]
        mean, square = _moments(parameter, _decayed(parameter, gradient, group), state, float(beta1), float(beta2))
        if group["amsgrad"]:
            square = ops.maximum(_remembered(state, "max_exp_avg_sq", parameter), square)
            state["max_exp_avg_sq"] = square
        scale = ops.sqrt(square) / math.sqrt(1 - float(beta2) ** count) + group["eps"]
        ops.assign(parameter, parameter - mean / scale * (_rate(group) / (1 - float(beta1) ** count)))


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019; torch.optim.AdamW)."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )


class Adagrad(Optimizer):
    """Adagrad (Duchi et al., 2011; torch.optim.Adagrad)."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        _check(learning_rate=lr, lr_decay=lr_decay, weight_decay=weight_decay, epsilon=eps)
        _check(initial_accumulator_value=initial_accumulator_value)
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "eps": eps,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "fused": fused,
            },
        )
        for group in self.param_groups:
            for parameter in group["params"]:
                start = ops.full_like(parameter, group["initial_accumulator_value"])
                self.state[parameter] = {"step": 0, "sum": start}

    def share_memory(self) -> None:
        """Nothing to do in one process."""

    def update(self, parameter: Parameter, gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """p - lr_t g / (sqrt(sum of squares) + eps)."""
        count = _counted(state)
        gradient = _decayed(parameter, gradient, group)
        rate = _rate(group) / (1 + (count - 1) * group["lr_decay"])
        # Of a group that was added later there is no sum yet.
        state["sum"] = _remembered(state, "sum", parameter, self.defaults["initial_accumulator_value"]) + gradient * gradient
        ops.assign(parameter, parameter - gradient / (ops.sqrt(state["sum"]) + group["eps"]) * rate)


class Adadelta(Optimizer):
    """Adadelta (Zeiler, 2012; torch.optim.Adadelta)."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        _check(learning_rate=lr, epsilon=eps, weight_decay=weight_decay)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        super().__init__(
            params,
            {
                "lr": lr,
                "rho": rho,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                "capturable": capturable,
                "foreach": foreach,
                "differentiable": differentiable,
            },
        )

    def update(self, parameter: Parameter, gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """p - lr d, where d is the gradient over its running size times the running size of d."""
        _counted(state)
        gradient = _decayed(parameter, gradient, group)
        rho, eps = group["rho"], group["eps"]
        square = _remembered(state, "square_avg", parameter) * rho + gradient * gradient * (1 - rho)
        size = _remembered(state, "acc_delta", parameter)
        delta = ops.sqrt(size + eps) / ops.sqrt(square + eps) * gradient
        state["square_avg"] = square
        state["acc_delta"] = size * rho + delta * delta * (1 - rho)
        ops.assign(parameter, parameter - delta * _rate(group))


class Adamax(Optimizer):
    """Adamax (Kingma and Ba, 2015; torch.optim.Adamax)."""

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        _check(learning_rate=lr, epsilon=eps, weight_decay=weight_decay)
        _check_betas(betas)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def update(self, parameter: Parameter, gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """p - lr / (1 - b1^t) m / u with u the decaying maximum of |g|."""
        count = _counted(state)
        beta1, beta2 = group["betas"]
        gradient = _decayed(parameter, gradient, group)
        mean = _remembered(state, "exp_avg", parameter)
        state["exp_avg"] = mean + (gradient - mean) * (1 - beta1)
        state["exp_inf"] = ops.maximum(_remembered(state, "exp_inf", parameter) * beta2, ops.abs(gradient) + group["eps"])
        ops.assign(parameter, parameter - state["exp_avg"] / state["exp_inf"] * (_rate(group) / (1 - beta1**count)))


class NAdam(Optimizer):
    """Adam with Nesterov's momentum (Dozat, 2016; torch.optim.NAdam)."""

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        _check(learning_rate=lr, epsilon=eps, weight_decay=weight_decay, momentum_decay=momentum_decay)
        _check_betas(betas)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum_decay": momentum_decay,
                "decoupled_weight_decay": decoupled_weight_decay,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
            },
        )

    def update(self, parameter: Parameter, gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """The step along the gradient, then along the mean, each with its share of the momentum schedule."""
        count = _counted(state)
        (beta1, beta2), rate, decay = group["betas"], _rate(group), group["momentum_decay"]
        gradient = _decayed(parameter, gradient, group)
        mean, square = _moments(parameter, gradient, state, beta1, beta2)
        now, after = (beta1 * (1 - 0.5 * 0.96 ** (t * decay)) for t in (count, count + 1))
        product = state.get("mu_product", 1.0) * now
        state["mu_product"] = product
        scale = ops.sqrt(square / (1 - beta2**count)) + group["eps"]
        step = gradient / scale * (rate * (1 - now) / (1 - product)) + mean / scale * (rate * after / (1 - product * after))
        ops.assign(parameter, parameter - step)


class RAdam(Optimizer):
    """Rectified Adam (Liu et al., 2020; torch.optim.RAdam)."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        _check(learning_rate=lr, epsilon=eps, weight_decay=weight_decay)
        _check_betas(betas)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "decoupled_weight_decay": decoupled_weight_decay,
                "differentiable": differentiable,
            },
        )

    def update(self, parameter: Parameter, gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Adam's step with a rectified size, or the mean alone while the variance is not yet tractable."""
        count = _counted(state)
        beta1, beta2 = group["betas"]
        mean, square = _moments(parameter, _decayed(parameter, gradient, group), state, beta1, beta2)
        step = mean * (_rate(group) / (1 - beta1**count))
        limit = 2 / (1 - beta2) - 1
        length = limit - 2 * count * beta2**count / (1 - beta2**count)
        if length > 5.0:
            factor = math.sqrt((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length))
            step = step * (factor * math.sqrt(1 - beta2**count)) / (ops.sqrt(square) + group["eps"])
        ops.assign(parameter, parameter - step)


class RMSprop(Optimizer):
    """RMSprop, plain or centered, with momentum (torch.optim.RMSprop)."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        _check(learning_rate=lr, epsilon=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "alpha": alpha,
                "eps": eps,
                "centered": centered,
                "weight_decay": weight_decay,
                "capturable": capturable,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
            },
        )

    def update(self, parameter: Parameter, gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """p - lr g / (sqrt(v) + eps), v less the squared mean where centered."""
        _counted(state)
        gradient = _decayed(parameter, gradient, group)
        alpha, momentum = group["alpha"], group["momentum"]
        square = _remembered(state, "square_avg", parameter) * alpha + gradient * gradient * (1 - alpha)
        state["square_avg"] = square
        if group["centered"]:
            mean = _remembered(state, "grad_avg", parameter)
            state["grad_avg"] = mean + (gradient - mean) * (1 - alpha)
            square = square - state["grad_avg"] * state["grad_avg"]
        step = gradient / (ops.sqrt(square) + group["eps"])
        if momentum > 0:
            step = _remembered(state, "momentum_buffer", parameter) * momentum + step
            state["momentum_buffer"] = step
        ops.assign(parameter, parameter - step * _rate(group))


class Rprop(Optimizer):
    """Resilient propagation (Riedmiller and Braun, 1993; torch.optim.Rprop)."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        _check(learning_rate=lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        super().__init__(
            params,
            {
                "lr": lr,
                "etas": etas,
                "step_sizes": step_sizes,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def update(self, parameter: Parameter, gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """A step against the sign of each element; its size grows while the sign stays and shrinks where it turned."""
        _counted(state)
        (shrink, grow), (least, most) = group["etas"], group["step_sizes"]
        turn = ops.sign(gradient * _remembered(state, "prev", parameter))
        one = ops.ones_like(gradient)
        factor = ops.where(turn > 0, one * grow, ops.where(turn < 0, one * shrink, one))
        state["step_size"] = ops.clamp(_remembered(state, "step_size", gradient, _rate(group)) * factor, least, most)
        state["prev"] = ops.where(turn < 0, ops.zeros_like(gradient), gradient)
        ops.assign(parameter, parameter - ops.sign(state["prev"]) * state["step_size"])


class ASGD(Optimizer):
    """Averaged stochastic gradient descent (Polyak and Juditsky, 1992; torch.optim.ASGD)."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        _check(learning_rate=lr, weight_decay=weight_decay)
        super().__init__(
            params,
            {
                "lr": lr,
                "lambd": lambd,
                "alpha": alpha,
                "t0": t0,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def update(self, parameter: Parameter, gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """A decaying step, and in ``state['ax']`` the mean of the parameters after ``t0`` steps."""
        count = _counted(state)
        gradient = _decayed(parameter, gradient, group)
        rate, decay = state.get("eta", _rate(group)), group["lambd"]
        ops.assign(parameter, parameter * (1 - decay * rate) - gradient * rate)
        share, mean = state.get("mu", 1.0), _remembered(state, "ax", parameter)
        state["ax"] = parameter * 1 if share == 1 else mean + (parameter - mean) * share
        state["eta"] = _rate(group) / (1 + decay * _rate(group) * count) ** group["alpha"]
        state["mu"] = 1 / max(1, count - group["t0"])
