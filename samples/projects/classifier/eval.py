"""python eval.py --checkpoint checkpoint.pth"""

import argparse

import torch

from dataset import get_loaders
from model import SmallCNN


def evaluate(model, loader, device):
    correct = 0
    total = 0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            predicted = model(images).argmax(dim=1)
            total += labels.size(0)
            correct += (predicted == labels).sum().item()
    return correct / total


def main():
    parser = argparse.ArgumentParser(description="Evaluate a checkpoint")
    parser.add_argument("--checkpoint", default="checkpoint.pth")
    parser.add_argument("--batch-size", type=int, default=32)
    args = parser.parse_args()

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    _, val_loader = get_loaders(args.batch_size)
    model = SmallCNN()
    checkpoint = torch.load(args.checkpoint, map_location=device)
    model.load_state_dict(checkpoint["model_state_dict"])
    model.to(device)
    model.eval()
    print(f"Accuracy: {100 * evaluate(model, val_loader, device):.2f}%")


if __name__ == "__main__":
    main()
