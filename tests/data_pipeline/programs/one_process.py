"""A script written for several processes and devices, in one."""

import os

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.nn.parallel import DistributedDataParallel as DDP
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler


def is_main():
    return not dist.is_available() or not dist.is_initialized() or dist.get_rank() == 0


def reduce_mean(x: torch.Tensor):
    if not dist.is_initialized():
        return x
    x = x.clone()
    dist.all_reduce(x, op=dist.ReduceOp.SUM)
    return x / dist.get_world_size()


def main():
    os.environ.setdefault("MASTER_ADDR", "localhost")
    os.environ.setdefault("MASTER_PORT", "29653")
    before = is_main(), dist.is_initialized()
    dist.init_process_group("gloo", rank=int(os.environ.get("RANK", 0)), world_size=int(os.environ.get("WORLD_SIZE", 1)))
    data = TensorDataset(torch.arange(10.0).reshape(5, 2), torch.arange(5))
    sampler = DistributedSampler(data, shuffle=True, seed=3)
    loader = DataLoader(data, batch_size=2, sampler=sampler)
    order = []
    for epoch in range(2):
        sampler.set_epoch(epoch)
        for x, target in loader:
            order.append(target)
    net = torch.nn.Linear(2, 1)
    model = DDP(net) if torch.cuda.device_count() > 1 else net
    mean = reduce_mean(torch.tensor([2.0, 4.0]))
    dist.barrier()
    gathered = [torch.zeros(2) for _ in range(dist.get_world_size())]
    dist.all_gather(gathered, mean)
    if dist.get_rank() == 0:
        names = sorted(model.state_dict())
    dist.destroy_process_group()
    return before, order, mean, gathered, names, dist.is_initialized()


y = main(), mp.cpu_count() > 0
