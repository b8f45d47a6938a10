"""Fine-tuning with a frozen backbone: mixed precision, an average of the weights, torch.compile, phases and hooks."""
import argparse
import copy
import time

import torch
import torch.nn as nn
from torch.amp import GradScaler, autocast
from torch.optim.swa_utils import SWALR, AveragedModel, update_bn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument('--epochs', type=int, default=2)
parser.add_argument('--batch-size', type=int, default=16)
parser.add_argument('--lr', type=float, default=0.05)
parser.add_argument('--ema-decay', type=float, default=0.9)
parser.add_argument('--swa-start', type=int, default=1)
parser.add_argument('--compile', action='store_true')
args = parser.parse_args()

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
use_amp = device.type == 'cuda'
torch.backends.cudnn.benchmark = True
torch.manual_seed(0)


class Backbone(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.stem = nn.Conv2d(1, width, 3, padding=1)
        self.bn = nn.BatchNorm2d(width)
        self.body = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x):
        x = torch.relu(self.bn(self.stem(x)))
        x = torch.relu(self.body(x))
        return x.mean(dim=(2, 3))


class Classifier(nn.Module):
    def __init__(self, num_classes=3):
        super().__init__()
        self.backbone = Backbone()
        self.fc = nn.Linear(8, num_classes)

    def forward(self, x):
        return self.fc(self.backbone(x))


class ModelEma:
    """A copy of the model whose weights follow the model's."""

    def __init__(self, model, decay):
        self.module = copy.deepcopy(model)
        self.module.eval()
        self.decay = decay
        for p in self.module.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        msd = model.state_dict()
        for k, ema_v in self.module.state_dict().items():
            if ema_v.dtype.is_floating_point:
                ema_v.copy_(ema_v * self.decay + (1.0 - self.decay) * msd[k].detach())
            else:
                ema_v.copy_(msd[k])


features = {}


def save_features(name):
    def hook(module, input, output):
        features[name] = output.detach()
    return hook


def train_model(model, dataloaders, criterion, optimizer, scheduler, swa_model, ema, num_epochs):
    since = time.time()
    scaler = GradScaler(device.type, enabled=use_amp)
    best_acc = 0.0
    best_weights = copy.deepcopy(model.state_dict())

    for epoch in range(num_epochs):
        print('Epoch {}/{}'.format(epoch, num_epochs - 1))

        # Each epoch has a training and validation phase
        for phase in ['train', 'val']:
            if phase == 'train':
                model.train()  # Set model to training mode
            else:
                model.eval()   # Set model to evaluate mode

            running_loss = 0.0
            running_corrects = 0

            # Iterate over data.
            for inputs, labels in dataloaders[phase]:
                inputs = inputs.to(device, non_blocking=True)
                labels = labels.to(device, non_blocking=True)

                # zero the parameter gradients
                optimizer.zero_grad(set_to_none=True)

                # forward
                # track history if only in train
                with torch.set_grad_enabled(phase == 'train'):
                    with autocast(device_type=device.type, enabled=use_amp):
                        outputs = model(inputs)
                        _, preds = torch.max(outputs, 1)
                        loss = criterion(outputs, labels)

                    # backward + optimize only if in training phase
                    if phase == 'train':
                        scaler.scale(loss).backward()
                        scaler.unscale_(optimizer)
                        nn.utils.clip_grad_norm_(model.parameters(), max_norm=5.0)
                        scaler.step(optimizer)
                        scaler.update()
                        ema.update(model)

                # statistics
                running_loss += loss.item() * inputs.size(0)
                running_corrects += torch.sum(preds == labels.data)
            if phase == 'train':
                if epoch >= args.swa_start:
                    swa_model.update_parameters(model)
                scheduler.step()

            epoch_loss = running_loss / len(dataloaders[phase].dataset)
            epoch_acc = running_corrects.double() / len(dataloaders[phase].dataset)
            print('{} Loss: {:.4f} Acc: {:.4f} feature {:.4f}'.format(
                phase, epoch_loss, epoch_acc, features['backbone'].abs().mean().item()))

            # deep copy the model
            if phase == 'val' and epoch_acc > best_acc:
                best_acc = epoch_acc
                best_weights = copy.deepcopy(model.state_dict())

    print('Training complete in {:.0f}s, best val Acc: {:4f}'.format(time.time() - since, best_acc))
    model.load_state_dict(best_weights)
    return model


def make_data(count):
    labels = torch.arange(count) % 3
    images = 0.5 * torch.randn(count, 1, 8, 8)
    for i in range(count):
        images[i, 0, 2 * int(labels[i]) + 1] += 1.0
    return TensorDataset(images, labels)


dataloaders = {
    'train': DataLoader(make_data(160), batch_size=args.batch_size, shuffle=True, drop_last=True),
    'val': DataLoader(make_data(32), batch_size=args.batch_size),
}

model = Classifier().to(device)
for param in model.backbone.stem.parameters():
    param.requires_grad = False
model.backbone.register_forward_hook(save_features('backbone'))

print('trainable', sum(p.numel() for p in model.parameters() if p.requires_grad))
if args.compile:
    model = torch.compile(model)

ema = ModelEma(model, args.ema_decay)
swa_model = AveragedModel(model)
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
optimizer = torch.optim.AdamW(filter(lambda p: p.requires_grad, model.parameters()), lr=args.lr, weight_decay=0.01)
scheduler = SWALR(optimizer, swa_lr=0.01, anneal_epochs=3)

model = train_model(model, dataloaders, criterion, optimizer, scheduler, swa_model, ema, args.epochs)
update_bn(dataloaders['train'], swa_model, device=device)
with torch.no_grad():
    swa_model.eval()
    images, labels = next(iter(dataloaders['val']))
    for name, net in [('model', model), ('ema', ema.module), ('swa', swa_model)]:
        print(name, (net(images).argmax(1) == labels).float().mean().item())
