"""Numbers drawn from a generator with a seed are torch's own."""

import torch

generator = torch.Generator(device="cpu").manual_seed(42)
first = torch.randn(3, 4, generator=generator), torch.randn((2, 9), generator=generator), torch.randn(5, generator=generator)
second = torch.rand(2, 3, generator=generator), torch.rand((4,), generator=generator)
state = generator.get_state()
third = torch.randint(0, 10, (6,), generator=generator), torch.randint(2**28, (3,), generator=generator), torch.randint(-5, 2**27, (4,), generator=generator)
generator.set_state(state)
again = torch.randint(0, 10, (6,), generator=generator)
order = torch.randperm(9, generator=generator)
y = first, second, third, again, order, generator.initial_seed()
