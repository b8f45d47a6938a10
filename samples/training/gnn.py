"""A graph convolution network on edge lists: classify the nodes of two communities from a few labels."""
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.parameter import Parameter


def make_graph(nodes=24, seed=3):
    generator = torch.Generator().manual_seed(seed)
    labels = (torch.arange(nodes) >= nodes // 2).long()
    same = labels.unsqueeze(0) == labels.unsqueeze(1)
    chance = torch.where(same, torch.tensor(0.5), torch.tensor(0.08))
    links = torch.rand(nodes, nodes, generator=generator) < chance
    links = torch.triu(links, diagonal=1)
    edge_index = links.nonzero().t()
    edge_index = torch.cat([edge_index, edge_index.flip(0)], dim=1)
    features = torch.randn(nodes, 8, generator=generator)
    features[:, 0] += labels.float() * 0.5
    return features, edge_index, labels


def add_self_loops(edge_index, num_nodes):
    loops = torch.arange(num_nodes, dtype=torch.long, device=edge_index.device)
    return torch.cat([edge_index, torch.stack([loops, loops])], dim=1)


class GCNConv(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.weight = Parameter(torch.empty(in_channels, out_channels))
        self.bias = Parameter(torch.empty(out_channels))
        self.reset_parameters()

    def reset_parameters(self):
        stdv = 1. / math.sqrt(self.weight.size(1))
        self.weight.data.uniform_(-stdv, stdv)
        self.bias.data.zero_()

    def forward(self, x, edge_index):
        edge_index = add_self_loops(edge_index, x.size(0))
        row, col = edge_index
        deg = torch.zeros(x.size(0), dtype=x.dtype).scatter_add_(0, col, torch.ones_like(col, dtype=x.dtype))
        deg_inv_sqrt = deg.pow(-0.5)
        deg_inv_sqrt[deg_inv_sqrt == float('inf')] = 0
        norm = deg_inv_sqrt[row] * deg_inv_sqrt[col]
        x = x @ self.weight
        messages = norm.view(-1, 1) * x[row]
        out = torch.zeros_like(x).index_add(0, col, messages)
        return out + self.bias


class GCN(nn.Module):
    def __init__(self, nfeat, nhid, nclass):
        super().__init__()
        self.gc1 = GCNConv(nfeat, nhid)
        self.gc2 = GCNConv(nhid, nclass)

    def forward(self, x, edge_index):
        x = F.relu(self.gc1(x, edge_index))
        x = F.dropout(x, 0.5, training=self.training)
        x = self.gc2(x, edge_index)
        return F.log_softmax(x, dim=1)


def accuracy(output, labels):
    preds = output.max(1)[1].type_as(labels)
    correct = preds.eq(labels).double()
    return correct.sum() / len(labels)


def main():
    torch.manual_seed(0)
    features, edge_index, labels = make_graph()
    idx_train = torch.tensor([0, 1, 2, 12, 13, 14])
    idx_val = torch.tensor([i for i in range(24) if i not in (0, 1, 2, 12, 13, 14)])
    model = GCN(nfeat=features.shape[1], nhid=16, nclass=int(labels.max().item()) + 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
    for epoch in range(20):
        model.train()
        optimizer.zero_grad()
        output = model(features, edge_index)
        loss_train = F.nll_loss(output[idx_train], labels[idx_train])
        acc_train = accuracy(output[idx_train], labels[idx_train])
        loss_train.backward()
        optimizer.step()

        model.eval()
        with torch.no_grad():
            output = model(features, edge_index)
        loss_val = F.nll_loss(output[idx_val], labels[idx_val])
        acc_val = accuracy(output[idx_val], labels[idx_val])
        print('Epoch: {:04d}'.format(epoch + 1),
              'loss_train: {:.4f}'.format(loss_train.item()),
              'acc_train: {:.4f}'.format(acc_train.item()),
              'loss_val: {:.4f}'.format(loss_val.item()),
              'acc_val: {:.4f}'.format(acc_val.item()))


if __name__ == "__main__":
    main()
