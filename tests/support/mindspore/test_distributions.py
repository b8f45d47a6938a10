"""Distributions agree with torch's: densities, moments, entropies and divergences by number and gradient, draws by shape, dtype and moments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore
import numpy as np
import pytest
import torch

from transpiler.support.mindspore import (
    distributions_base,
    distributions_composed,
    distributions_continuous,
    distributions_discrete,
    distributions_transforms,
)

MODULES = (distributions_composed, distributions_continuous, distributions_discrete, distributions_transforms)
T = torch.tensor
PAIR, POSITIVE, UNIT = T([0.3, -1.2]), T([0.7, 2.5]), T([0.2, 0.8])
SIMPLEX = T([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]])
FACTOR = T([[1.0, 0.0], [0.4, 0.8]])
#: name -> parameters, and values to ask the density of.
CASES: dict[str, tuple[str, dict[str, Any], torch.Tensor]] = {
    "Normal": ("Normal", {"loc": PAIR, "scale": POSITIVE}, T([[0.1, 0.4], [-2.0, 3.0]])),
    "Laplace": ("Laplace", {"loc": PAIR, "scale": POSITIVE}, T([[0.1, 0.4], [-2.0, 3.0]])),
    "Uniform": ("Uniform", {"low": PAIR, "high": POSITIVE}, T([[0.4, 0.4], [0.6, 2.0]])),
    "Exponential": ("Exponential", {"rate": POSITIVE}, T([[0.4, 0.4], [0.6, 2.0]])),
    "Cauchy": ("Cauchy", {"loc": PAIR, "scale": POSITIVE}, T([[0.1, 0.4], [-2.0, 3.0]])),
    "Gumbel": ("Gumbel", {"loc": PAIR, "scale": POSITIVE}, T([[0.1, 0.4], [-2.0, 3.0]])),
    "HalfNormal": ("HalfNormal", {"scale": POSITIVE}, T([[0.4, 0.4], [0.6, 2.0]])),
    "HalfCauchy": ("HalfCauchy", {"scale": POSITIVE}, T([[0.4, 0.4], [0.6, 2.0]])),
    "Gamma": ("Gamma", {"concentration": POSITIVE, "rate": T([1.5, 0.5])}, T([[0.4, 0.4], [0.6, 2.0]])),
    "Chi2": ("Chi2", {"df": T([3.0, 5.0])}, T([[0.4, 0.4], [0.6, 2.0]])),
    "Beta": ("Beta", {"concentration1": POSITIVE, "concentration0": T([1.5, 0.5])}, T([[0.4, 0.3], [0.6, 0.9]])),
    "Dirichlet": ("Dirichlet", {"concentration": T([[0.7, 2.5, 1.2], [3.0, 1.0, 0.4]])}, SIMPLEX),
    "StudentT": ("StudentT", {"df": T([3.0, 5.0]), "loc": PAIR, "scale": POSITIVE}, T([[0.1, 0.4], [-2.0, 3.0]])),
    "FisherSnedecor": ("FisherSnedecor", {"df1": T([3.0, 5.0]), "df2": T([7.0, 9.0])}, T([[0.4, 0.4], [0.6, 2.0]])),
    "InverseGamma": ("InverseGamma", {"concentration": T([3.0, 5.0]), "rate": POSITIVE}, T([[0.4, 0.4], [0.6, 2.0]])),
    "VonMises": ("VonMises", {"loc": PAIR, "concentration": POSITIVE}, T([[0.1, 0.4], [-2.0, 3.0]])),
    "Pareto": ("Pareto", {"scale": T([0.2, 0.3]), "alpha": T([3.0, 5.0])}, T([[0.4, 0.4], [0.6, 2.0]])),
    "Weibull": ("Weibull", {"scale": POSITIVE, "concentration": T([1.5, 2.0])}, T([[0.4, 0.4], [0.6, 2.0]])),
    "Kumaraswamy": ("Kumaraswamy", {"concentration1": T([1.5, 2.5]), "concentration0": T([1.2, 3.5])}, T([[0.4, 0.3], [0.6, 0.9]])),
    "ContinuousBernoulli": ("ContinuousBernoulli", {"probs": T([0.2, 0.5])}, T([[0.4, 0.3], [0.6, 0.9]])),
    "Bernoulli": ("Bernoulli", {"probs": UNIT}, T([[0.0, 1.0], [1.0, 0.0]])),
    "BernoulliLogits": ("Bernoulli", {"logits": PAIR}, T([[0.0, 1.0], [1.0, 0.0]])),
    "Geometric": ("Geometric", {"probs": UNIT}, T([[0.0, 1.0], [3.0, 2.0]])),
    "Binomial": ("Binomial", {"total_count": 5, "probs": UNIT}, T([[0.0, 1.0], [3.0, 5.0]])),
    "BinomialLogits": ("Binomial", {"total_count": T([5.0, 5.0]), "logits": PAIR}, T([[0.0, 1.0], [3.0, 5.0]])),
    "NegativeBinomial": ("NegativeBinomial", {"total_count": 5, "probs": T([0.3, 0.45])}, T([[0.0, 1.0], [3.0, 5.0]])),
    "Poisson": ("Poisson", {"rate": POSITIVE}, T([[0.0, 1.0], [3.0, 5.0]])),
    "Categorical": ("Categorical", {"probs": T([[2.0, 5.0, 3.0], [6.0, 1.0, 3.0]])}, T([[0, 1], [2, 0]])),
    "CategoricalLogits": ("Categorical", {"logits": T([[0.2, -0.5, 0.3], [0.6, 0.1, -0.3]])}, T([[0, 1], [2, 0]])),
    "OneHotCategorical": ("OneHotCategorical", {"probs": SIMPLEX}, T([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])),
    "StraightThrough": ("OneHotCategoricalStraightThrough", {"logits": T([[0.2, -0.5, 0.3]])}, T([[0.0, 1.0, 0.0]])),
    "Multinomial": ("Multinomial", {"total_count": 4, "probs": SIMPLEX}, T([[0.0, 3.0, 1.0], [2.0, 1.0, 1.0]])),
    "LogNormal": ("LogNormal", {"loc": PAIR, "scale": POSITIVE}, T([[0.4, 0.4], [0.6, 2.0]])),
    "LogisticNormal": ("LogisticNormal", {"loc": PAIR, "scale": POSITIVE}, T([0.2, 0.5, 0.3])),
    "RelaxedBernoulli": ("RelaxedBernoulli", {"temperature": T(0.7), "probs": UNIT}, T([[0.4, 0.3], [0.6, 0.9]])),
    "RelaxedOneHotCategorical": ("RelaxedOneHotCategorical", {"temperature": T(0.7), "logits": T([[0.2, -0.5, 0.3]])}, SIMPLEX),
    "MultivariateNormal": ("MultivariateNormal", {"loc": PAIR, "covariance_matrix": FACTOR @ FACTOR.T}, T([[0.1, 0.4], [-2.0, 3.0]])),
    "MultivariateNormalFactor": ("MultivariateNormal", {"loc": T([[0.3, -1.2], [0.0, 0.0]]), "scale_tril": FACTOR}, T([[0.1, 0.4]])),
    "MultivariateNormalPrecision": ("MultivariateNormal", {"loc": PAIR, "precision_matrix": FACTOR @ FACTOR.T}, T([[0.1, 0.4]])),
    "LowRank": ("LowRankMultivariateNormal", {"loc": PAIR, "cov_factor": T([[0.5], [0.2]]), "cov_diag": POSITIVE}, T([[0.1, 0.4]])),
}  # fmt: skip
PROPERTIES = (
    "mean",
    "variance",
    "stddev",
    "mode",
    "probs",
    "logits",
    "batch_shape",
    "event_shape",
    "covariance_matrix",
    "precision_matrix",
)


def own_class(name: str) -> Any:
    """The port of a class of torch.distributions."""
    return next(getattr(module, name) for module in MODULES if hasattr(module, name))


def own(value: Any) -> Any:
    """A tensor, or anything else, in MindSpore."""
    return mindspore.Tensor(value.detach().numpy().copy()) if isinstance(value, torch.Tensor) else value


def compare(actual: Any, expected: Any, what: str, rtol: float = 1e-4) -> None:
    """Equal shapes, dtypes and numbers."""
    if not isinstance(expected, torch.Tensor):
        assert tuple(actual) == tuple(expected), what
        return
    assert tuple(actual.shape) == tuple(expected.shape), what
    assert str(actual.dtype).lower() == str(expected.dtype).removeprefix("torch."), what
    np.testing.assert_allclose(actual.asnumpy(), expected.detach().numpy(), rtol=rtol, atol=2e-5, err_msg=what, equal_nan=True)


def compare_gradients(expected: Callable[..., Any], actual: Callable[..., Any], arguments: list[torch.Tensor], what: str) -> None:
    """Equal gradients of the sum with respect to the floating-point arguments."""
    leaves = [argument.clone().requires_grad_() for argument in arguments]
    total = expected(*leaves).sum()
    if not total.requires_grad:
        return
    wanted = torch.autograd.grad(total, leaves, allow_unused=True)
    found = mindspore.grad(lambda *given: actual(*given).sum(), tuple(range(len(leaves))))(*[own(leaf) for leaf in leaves])
    for want, got in zip(wanted, found if isinstance(found, tuple) else (found,), strict=True):
        expected_values = np.zeros(got.shape, np.float32) if want is None else want.numpy()
        np.testing.assert_allclose(got.asnumpy(), expected_values, rtol=1e-3, atol=1e-4, err_msg=what, equal_nan=True)


@pytest.mark.parametrize("case", CASES)
def test_numbers(case: str) -> None:
    name, parameters, value = CASES[case]
    names = list(parameters)
    original = getattr(torch.distributions, name)(**parameters)
    ported = own_class(name)(**{k: own(v) for k, v in parameters.items()})
    for attribute in PROPERTIES:
        if attribute in dir(type(original)) or attribute in vars(original):
            try:
                expected = getattr(original, attribute)
            except NotImplementedError:
                continue
            compare(getattr(ported, attribute), expected, attribute)
    compare(ported.log_prob(own(value)), original.log_prob(value), "log_prob")
    for method, argument in (("cdf", value), ("icdf", T([[0.1, 0.4], [0.6, 0.9]])), ("entropy", None), ("enumerate_support", None)):
        arguments = [] if argument is None else [argument]
        try:
            expected = getattr(original, method)(*arguments)
        except (NotImplementedError, RuntimeError):
            continue
        compare(getattr(ported, method)(*map(own, arguments)), expected, method, 1e-3 if method in ("icdf",) else 1e-4)
    tensors = {k: v for k, v in parameters.items() if isinstance(v, torch.Tensor) and v.is_floating_point()}

    def rebuilt(cls: Any, given: Any) -> Any:
        return cls(**{k: given[list(tensors).index(k)] if k in tensors else v for k, v in parameters.items()}, validate_args=False)

    assert names
    floats = [*tensors.values(), *([value] if value.is_floating_point() and original.has_rsample else [])]

    def torch_log_prob(*given: Any) -> Any:
        return rebuilt(getattr(torch.distributions, name), given).log_prob(given[len(tensors)] if len(given) > len(tensors) else value)

    def own_log_prob(*given: Any) -> Any:
        return rebuilt(own_class(name), given).log_prob(given[len(tensors)] if len(given) > len(tensors) else own(value))

    compare_gradients(torch_log_prob, own_log_prob, floats, "gradient of log_prob")


@pytest.mark.parametrize("case", CASES)
def test_draws(case: str) -> None:
    name, parameters, _ = CASES[case]
    original = getattr(torch.distributions, name)(**parameters)
    ported = own_class(name)(**{k: own(v) for k, v in parameters.items()})
    mindspore.set_seed(3)
    assert ported.has_rsample == original.has_rsample
    for shape in ((), (4,), (2, 3)):
        sample, expected = ported.sample(shape), original.sample(shape)
        assert tuple(sample.shape) == tuple(expected.shape)
        assert str(sample.dtype).lower() == str(expected.dtype).removeprefix("torch.")
        ported.log_prob(sample)  # draws lie in the support
    draws = (ported.rsample if ported.has_rsample else ported.sample)((20000,)).asnumpy()
    reference = original.sample((20000,)).numpy()
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        spread = np.quantile(reference, 0.9, axis=0) - np.quantile(reference, 0.1, axis=0) + 0.02
        distance = np.abs(np.quantile(draws, share, axis=0) - np.quantile(reference, share, axis=0))
        assert (distance <= 0.08 * spread + (1.0 if not original.has_rsample else 0.0)).all(), share
    if not original.has_rsample:
        np.testing.assert_allclose(draws.mean(0), reference.mean(0), rtol=0.1, atol=0.1)
    expanded, wanted = ported.expand((3, *ported.batch_shape)), original.expand((3, *original.batch_shape))
    assert tuple(expanded.sample().shape) == tuple(wanted.sample().shape)


def test_gradient_of_gamma_draws() -> None:
    a = np.array([0.05, 0.5, 1.0, 3.0, 20.0, 200.0, 3000.0])
    z = np.array([0.001, 0.3, 1.5, 2.0, 25.0, 190.0, 3050.0])
    wanted = torch._standard_gamma_grad(T(a), T(z)).numpy()
    np.testing.assert_allclose(distributions_continuous.gamma_slope(a, z), wanted, rtol=2e-3)


PAIRS: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    (name, dict(CASES[name][1]), name, other)
    for name, other in {
        "Normal": {"loc": T([0.0, 0.5]), "scale": T([1.0, 2.0])},
        "LogNormal": {"loc": T([0.0, 0.5]), "scale": T([1.0, 2.0])},
        "HalfNormal": {"scale": T([1.0, 2.0])},
        "Laplace": {"loc": T([0.0, 0.5]), "scale": T([1.0, 2.0])},
        "Uniform": {"low": T([-1.0, 0.0]), "high": T([1.0, 3.0])},
        "Exponential": {"rate": T([1.0, 2.0])},
        "Gamma": {"concentration": T([1.0, 2.0]), "rate": T([0.3, 2.0])},
        "Beta": {"concentration1": T([1.0, 2.0]), "concentration0": T([0.3, 2.0])},
        "Dirichlet": {"concentration": T([[1.0, 2.0, 0.5], [1.0, 1.0, 1.0]])},
        "Cauchy": {"loc": T([0.0, 0.5]), "scale": T([1.0, 2.0])},
        "Gumbel": {"loc": T([0.0, 0.5]), "scale": T([1.0, 2.0])},
        "MultivariateNormal": {"loc": T([0.0, 0.5]), "covariance_matrix": T([[2.0, 0.3], [0.3, 1.0]])},
        "Bernoulli": {"probs": T([0.5, 0.1])},
        "Binomial": {"total_count": 5, "probs": T([0.5, 0.1])},
        "Geometric": {"probs": T([0.5, 0.1])},
        "Poisson": {"rate": T([1.0, 2.0])},
        "Categorical": {"probs": T([[0.3, 0.3, 0.4], [0.1, 0.8, 0.1]])},
        "OneHotCategorical": {"probs": T([[0.3, 0.3, 0.4], [0.1, 0.8, 0.1]])},
    }.items()
] + [
    ("Normal", {"loc": PAIR, "scale": POSITIVE}, "Laplace", {"loc": T([0.0, 0.5]), "scale": T([1.0, 2.0])}),
    ("Uniform", {"low": PAIR, "high": POSITIVE}, "Normal", {"loc": T([0.0, 0.5]), "scale": T([1.0, 2.0])}),
    ("Exponential", {"rate": POSITIVE}, "Gamma", {"concentration": T([1.0, 2.0]), "rate": T([0.3, 2.0])}),
    ("Gamma", {"concentration": POSITIVE, "rate": T([1.5, 0.5])}, "Exponential", {"rate": T([1.0, 2.0])}),
    ("Bernoulli", {"probs": UNIT}, "Poisson", {"rate": T([1.0, 2.0])}),
]  # fmt: skip


@pytest.mark.parametrize(("left", "p", "right", "q"), PAIRS, ids=[f"{pair[0]}-{pair[2]}" for pair in PAIRS])
def test_divergence(left: str, p: dict[str, Any], right: str, q: dict[str, Any]) -> None:
    expected = torch.distributions.kl_divergence(getattr(torch.distributions, left)(**p), getattr(torch.distributions, right)(**q))
    first = own_class(left)(**{k: own(v) for k, v in p.items()})
    second = own_class(right)(**{k: own(v) for k, v in q.items()})
    compare(distributions_base.kl_divergence(first, second), expected, "kl", 1e-3)


def test_independent_and_mixture() -> None:
    loc, scale = torch.linspace(-1, 1, 12).reshape(2, 3, 2), torch.linspace(0.5, 1.5, 12).reshape(2, 3, 2)
    probs, value = T([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]]), torch.linspace(-1, 1, 4).reshape(2, 2)

    def made(library: Any, normal: Any, given: list[Any]) -> Any:
        return library("MixtureSameFamily")(library("Categorical")(given[0]), library("Independent")(normal(given[1], given[2]), 1))

    original = made(lambda name: getattr(torch.distributions, name), torch.distributions.Normal, [probs, loc, scale])
    ported = made(own_class, own_class("Normal"), [own(probs), own(loc), own(scale)])
    for attribute in ("mean", "variance", "batch_shape", "event_shape"):
        compare(getattr(ported, attribute), getattr(original, attribute), attribute)
    compare(ported.log_prob(own(value)), original.log_prob(value), "log_prob")
    assert tuple(ported.sample((5,)).shape) == tuple(original.sample((5,)).shape)

    def torch_log_prob(*given: Any) -> Any:
        return made(lambda name: getattr(torch.distributions, name), torch.distributions.Normal, list(given)).log_prob(value)

    compare_gradients(
        torch_log_prob, lambda *g: made(own_class, own_class("Normal"), list(g)).log_prob(own(value)), [probs, loc, scale], "g"
    )


TRANSFORMS: dict[str, tuple[tuple[Any, ...], torch.Tensor]] = {
    "ExpTransform": ((), PAIR), "SigmoidTransform": ((), PAIR), "SoftplusTransform": ((), PAIR), "TanhTransform": ((), PAIR),
    "AffineTransform": ((0.5, T([2.0, -0.3])), PAIR), "PowerTransform": ((T(2.0),), POSITIVE), "StickBreakingTransform": ((), PAIR),
    "ReshapeTransform": (((2,), (2, 1)), PAIR),
}  # fmt: skip


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transform(name: str) -> None:
    arguments, x = TRANSFORMS[name]
    original = getattr(torch.distributions, name)(*arguments)
    ported = own_class(name)(*map(own, arguments))
    y = original(x)
    compare(ported(own(x)), y, "forward")
    compare(ported.inv(own(y)), original.inv(y), "inverse")
    compare(ported.log_abs_det_jacobian(own(x), own(y)), original.log_abs_det_jacobian(x, y), "jacobian")
    assert tuple(ported.forward_shape((3, 2))) == tuple(original.forward_shape((3, 2)))


def test_squashed_normal() -> None:
    d, own_d = torch.distributions, distributions_composed
    transforms = [d.TanhTransform(cache_size=1), d.AffineTransform(0.5, 2.0)]
    original = d.Independent(d.TransformedDistribution(d.Normal(PAIR, POSITIVE), transforms), 1)
    own_transforms = [distributions_transforms.TanhTransform(cache_size=1), distributions_transforms.AffineTransform(0.5, 2.0)]
    base = own_d.TransformedDistribution(own_class("Normal")(own(PAIR), own(POSITIVE)), own_transforms)
    ported = own_d.Independent(base, 1)
    value = T([[0.1, 0.4], [-1.0, 2.0]])
    compare(ported.log_prob(own(value)), original.log_prob(value), "log_prob")
    assert ported.batch_shape == ()
    assert ported.event_shape == (2,)


def test_arguments_are_checked() -> None:
    with pytest.raises(ValueError, match="scale"):
        own_class("Normal")(0.0, -1.0)
    with pytest.raises(ValueError, match="support"):
        own_class("Exponential")(1.0).log_prob(own(T(-1.0)))
    own_class("Normal")(0.0, -1.0, validate_args=False)
