"""torchvision.datasets on the files that torchvision itself reads: items are PIL images and labels, transformed as the user says."""

from __future__ import annotations

import gzip
import hashlib
import importlib
import os
import pickle
import shutil
import tarfile
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from xml.etree import ElementTree

import mindspore
import numpy as np
from mindspore import Tensor
from PIL import Image

from .data_random import Generator, draw_integers, draw_normal
from .data_sets import Dataset
from .image_functional import to_pil_image

IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


class VisionDataset(Dataset[Any]):
    """A data set of images in a folder, with transforms of the image, the target, or both (torchvision.datasets.VisionDataset)."""

    def __init__(self, root: Any = None, transforms: Any = None, transform: Any = None, target_transform: Any = None) -> None:
        if transforms is not None and (transform is not None or target_transform is not None):
            raise ValueError("Only transforms or transform/target_transform can be passed as argument")
        self.root = os.path.expanduser(root) if isinstance(root, str) else root
        self.transform = transform
        self.target_transform = target_transform
        separate = transform is not None or target_transform is not None
        self.transforms = self._both if separate else transforms

    def _both(self, image: Any, target: Any) -> tuple[Any, Any]:
        """The image and the target, each transformed by its own transform."""
        image = image if self.transform is None else self.transform(image)
        return image, target if self.target_transform is None else self.target_transform(target)

    def _item(self, image: Any, target: Any) -> tuple[Any, Any]:
        return (image, target) if self.transforms is None else self.transforms(image, target)

    def __len__(self) -> int:
        raise NotImplementedError

    def extra_repr(self) -> str:
        """More for the text of the data set."""
        return ""

    def __repr__(self) -> str:
        lines = [f"Dataset {type(self).__name__}", f"    Number of datapoints: {len(self)}"]
        lines += [f"    Root location: {self.root}"] if self.root is not None else []
        lines += [f"    {line}" for line in self.extra_repr().splitlines()]
        return "\n".join(lines)


def download_file(urls: Iterable[str], path: Path, md5: str) -> None:
    """Fetch a file from the first of ``urls`` that has it, unless it is there; its content is checked."""
    if path.is_file() and hashlib.md5(path.read_bytes()).hexdigest() == md5:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    problems = []
    for url in urls:
        try:
            with urllib.request.urlopen(url) as answer, path.open("wb") as file:
                shutil.copyfileobj(answer, file)
        except OSError as problem:
            problems.append(f"{url}: {problem}")
            continue
        if hashlib.md5(path.read_bytes()).hexdigest() == md5:
            return
        problems.append(f"{url}: wrong checksum")
    raise RuntimeError(f"Error downloading {path.name}: {'; '.join(problems)}")


def read_idx(path: Path) -> np.ndarray[Any, Any]:
    """An array in the IDX format of MNIST, plain or compressed."""
    content = gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes()) if not path.is_file() else path.read_bytes()
    sizes = np.frombuffer(content, ">i4", content[3], 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * content[3]).reshape(sizes)


class MNIST(VisionDataset):
    """Handwritten digits (torchvision.datasets.MNIST)."""

    mirrors: Sequence[str] = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/")
    resources: Sequence[tuple[str, str]] = (
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    )
    classes: ClassVar[list[str]] = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine",
    ]  # fmt: skip

    def __init__(self, root: Any, train: bool = True, transform: Any = None, target_transform: Any = None, download: bool = False) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        if not self._check_exists():
            raise RuntimeError("Dataset not found. You can use download=True to download it")
        kind = "train" if train else "t10k"
        self.data = Tensor(read_idx(Path(self.raw_folder, f"{kind}-images-idx3-ubyte")))
        self.targets = Tensor(read_idx(Path(self.raw_folder, f"{kind}-labels-idx1-ubyte")).astype(np.int64))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self._item(Image.fromarray(self.data[index].asnumpy()), int(self.targets[index].asnumpy()))

    def __len__(self) -> int:
        return len(self.data)

    @property
    def raw_folder(self) -> str:
        """Where the files lie."""
        return os.path.join(self.root, type(self).__name__, "raw")

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The number of each class."""
        return {name: number for number, name in enumerate(self.classes)}

    def _check_exists(self) -> bool:
        names = [os.path.join(self.raw_folder, name.removesuffix(".gz")) for name, _ in self.resources]
        return all(os.path.isfile(name) or os.path.isfile(f"{name}.gz") for name in names)

    def download(self) -> None:
        """Fetch the files that are missing."""
        if self._check_exists():
            return
        for name, md5 in self.resources:
            download_file([mirror + name for mirror in self.mirrors], Path(self.raw_folder, name), md5)

    def extra_repr(self) -> str:
        """Which part it is."""
        return f"Split: {'Train' if self.train is True else 'Test'}"


class FashionMNIST(MNIST):
    """Articles of clothing (torchvision.datasets.FashionMNIST)."""

    mirrors = ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",)
    resources = (
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    )
    classes: ClassVar[list[str]] = [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ]


class KMNIST(MNIST):
    """Handwritten Japanese characters (torchvision.datasets.KMNIST)."""

    mirrors = ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",)
    resources = (
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
    )
    classes: ClassVar[list[str]] = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]


class CIFAR10(VisionDataset):
    """Small photographs of ten kinds of objects (torchvision.datasets.CIFAR10)."""

    base_folder = "cifar-10-batches-py"
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    filename = "cifar-10-python.tar.gz"
    tgz_md5 = "c58f30108f718f92721af3b95e74349a"
    train_list: Sequence[str] = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5")
    test_list: Sequence[str] = ("test_batch",)
    meta: ClassVar[Mapping[str, str]] = {"filename": "batches.meta", "key": "label_names"}

    def __init__(self, root: Any, train: bool = True, transform: Any = None, target_transform: Any = None, download: bool = False) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        folder = Path(self.root, self.base_folder)
        if download and not (folder / self.meta["filename"]).is_file():
            self.download()
        if not (folder / self.meta["filename"]).is_file():
            raise RuntimeError("Dataset not found or corrupted. You can use download=True to download it")
        images, self.targets = [], []
        for name in self.train_list if train else self.test_list:
            entry = pickle.loads((folder / name).read_bytes(), encoding="latin1")
            images.append(entry["data"])
            self.targets.extend(entry["labels"] if "labels" in entry else entry["fine_labels"])
        self.data = np.vstack(images).reshape(-1, 3, 32, 32).transpose((0, 2, 3, 1))
        meta = pickle.loads((folder / self.meta["filename"]).read_bytes(), encoding="latin1")
        self.classes = meta[self.meta["key"]]
        self.class_to_idx = {name: number for number, name in enumerate(self.classes)}

    def download(self) -> None:
        """Fetch and unpack the archive."""
        archive = Path(self.root, self.filename)
        download_file([self.url], archive, self.tgz_md5)
        with tarfile.open(archive) as file:
            file.extractall(self.root, filter="data")

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self._item(Image.fromarray(self.data[index]), self.targets[index])

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """Which part it is."""
        return f"Split: {'Train' if self.train is True else 'Test'}"


class CIFAR100(CIFAR10):
    """Small photographs of a hundred kinds of objects (torchvision.datasets.CIFAR100)."""

    base_folder = "cifar-100-python"
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    filename = "cifar-100-python.tar.gz"
    tgz_md5 = "eb9058c3a382ffc7106e4002c42a8d85"
    train_list = ("train",)
    test_list = ("test",)
    meta: ClassVar[Mapping[str, str]] = {"filename": "meta", "key": "fine_label_names"}


class FakeData(VisionDataset):
    """Random images that depend on their index alone (torchvision.datasets.FakeData)."""

    def __init__(
        self, size: int = 1000, image_size: tuple[int, int, int] = (3, 224, 224), num_classes: int = 10, transform: Any = None,
        target_transform: Any = None, random_offset: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(transform=transform, target_transform=target_transform)
        self.size = size
        self.num_classes = num_classes
        self.image_size = image_size
        self.random_offset = random_offset

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if index >= len(self):
            raise IndexError(f"{type(self).__name__} index out of range")
        generator = Generator().manual_seed(index + self.random_offset)
        values = draw_normal(generator, int(np.prod(self.image_size))).reshape(self.image_size)
        label = Tensor(draw_integers(generator, 0, self.num_classes, 1)[0], mindspore.int64)
        image, target = self._item(to_pil_image(Tensor((values * np.float32(255)).astype(np.int32).astype(np.uint8))), label)
        return image, target.item()

    def __len__(self) -> int:
        return self.size


def pil_loader(path: Any) -> Image.Image:
    """The image in a file, in RGB."""
    with open(path, "rb") as file:
        return Image.open(file).convert("RGB")


def find_class_folders(directory: Any) -> tuple[list[str], dict[str, int]]:
    """The folders in a folder, and their numbers."""
    classes = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    if not classes:
        raise FileNotFoundError(f"Couldn't find any class folder in {directory}.")
    return classes, {name: number for number, name in enumerate(classes)}


class DatasetFolder(VisionDataset):
    """Files in a folder for each class (torchvision.datasets.DatasetFolder)."""

    def __init__(
        self, root: Any, loader: Callable[[str], Any], extensions: Any = None, transform: Any = None, target_transform: Any = None,
        is_valid_file: Callable[[str], bool] | None = None, allow_empty: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        classes, class_to_idx = self.find_classes(self.root)
        self.samples = self.make_dataset(self.root, class_to_idx, extensions, is_valid_file, allow_empty)
        self.loader = loader
        self.extensions = extensions
        self.classes = classes
        self.class_to_idx = class_to_idx
        self.targets = [target for _, target in self.samples]

    @staticmethod
    def make_dataset(
        directory: Any, class_to_idx: Mapping[str, int], extensions: Any = None, is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> list[tuple[str, int]]:  # fmt: skip
        """Path and class of every file that has one of the endings, or that ``is_valid_file`` accepts."""
        if (extensions is None) == (is_valid_file is None):
            raise ValueError("Both extensions and is_valid_file cannot be None or not None at the same time")
        endings = (extensions,) if isinstance(extensions, str) else tuple(extensions or ())
        accepts = is_valid_file or (lambda path: path.lower().endswith(endings))
        found = []
        for name in sorted(class_to_idx):
            for folder, _, files in sorted(os.walk(os.path.join(directory, name), followlinks=True)):
                paths = [os.path.join(folder, file) for file in sorted(files)]
                found += [(path, class_to_idx[name]) for path in paths if accepts(path)]
        empty = set(class_to_idx.values()) - {number for _, number in found}
        if empty and not allow_empty:
            names = ", ".join(sorted(name for name, number in class_to_idx.items() if number in empty))
            raise FileNotFoundError(f"Found no valid file for the classes {names}.")
        return found

    def find_classes(self, directory: Any) -> tuple[list[str], dict[str, int]]:
        """The names of the classes, and their numbers."""
        return find_class_folders(directory)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, target = self.samples[index]
        return self._item(self.loader(path), target)

    def __len__(self) -> int:
        return len(self.samples)


class ImageFolder(DatasetFolder):
    """Images in a folder for each class (torchvision.datasets.ImageFolder)."""

    def __init__(
        self, root: Any, transform: Any = None, target_transform: Any = None, loader: Callable[[str], Any] = pil_loader,
        is_valid_file: Callable[[str], bool] | None = None, allow_empty: bool = False,
    ) -> None:  # fmt: skip
        endings = IMAGE_ENDINGS if is_valid_file is None else None
        super().__init__(root, loader, endings, transform, target_transform, is_valid_file, allow_empty)
        self.imgs = self.samples


class VOCSegmentation(VisionDataset):
    """Pascal VOC's images and class maps, already downloaded (torchvision.datasets.VOCSegmentation)."""

    _lists, _folder, _ending = "Segmentation", "SegmentationClass", ".png"

    def __init__(
        self, root: Any, year: str = "2012", image_set: str = "train", download: bool = False, transform: Any = None,
        target_transform: Any = None, transforms: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(root, transforms, transform, target_transform)
        self.year = year
        self.image_set = image_set
        base = Path(self.root, "TrainVal" if year == "2011" else "", "VOCdevkit", f"VOC{year}")
        if not base.is_dir():
            raise RuntimeError(f"Dataset not found: download Pascal VOC {year} and unpack it in {self.root}")
        names = (base / "ImageSets" / self._lists / f"{image_set}.txt").read_text().split()
        self.images = [str(base / "JPEGImages" / f"{name}.jpg") for name in names]
        self.targets = [str(base / self._folder / f"{name}{self._ending}") for name in names]

    def __len__(self) -> int:
        return len(self.images)

    @property
    def masks(self) -> list[str]:
        """The files of the class maps."""
        return self.targets

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self._item(Image.open(self.images[index]).convert("RGB"), self._target(self.targets[index]))

    def _target(self, path: str) -> Any:
        return Image.open(path)


class VOCDetection(VOCSegmentation):
    """Pascal VOC's images and annotations, already downloaded (torchvision.datasets.VOCDetection)."""

    _lists, _folder, _ending = "Main", "Annotations", ".xml"

    @property
    def annotations(self) -> list[str]:
        """The files of the annotations."""
        return self.targets

    def _target(self, path: str) -> Any:
        return self.parse_voc_xml(ElementTree.parse(path).getroot())

    @classmethod
    def parse_voc_xml(cls, node: Any) -> dict[str, Any]:
        """An element as a dictionary: text, or children by name."""
        children = [cls.parse_voc_xml(child) for child in node]
        if not children:
            return {node.tag: node.text.strip()} if node.text else {}
        merged: dict[str, Any] = {}
        for child in children:
            for name, value in child.items():
                merged.setdefault(name, []).append(value)
        if node.tag == "annotation":
            merged["object"] = [merged.get("object", [])]
        return {node.tag: {name: values[0] if len(values) == 1 else values for name, values in merged.items()}}


class CocoDetection(VisionDataset):
    """COCO's images and annotations, read by pycocotools (torchvision.datasets.CocoDetection)."""

    def __init__(self, root: Any, annFile: str, transform: Any = None, target_transform: Any = None, transforms: Any = None) -> None:
        super().__init__(root, transforms, transform, target_transform)
        self.coco = importlib.import_module("pycocotools.coco").COCO(annFile)
        self.ids = sorted(self.coco.imgs)

    def _load_image(self, id: int) -> Image.Image:
        return Image.open(os.path.join(self.root, self.coco.loadImgs(id)[0]["file_name"])).convert("RGB")

    def _load_target(self, id: int) -> Any:
        return self.coco.loadAnns(self.coco.getAnnIds(id))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self._item(self._load_image(self.ids[index]), self._load_target(self.ids[index]))

    def __len__(self) -> int:
        return len(self.ids)


class CocoCaptions(CocoDetection):
    """COCO's images and captions (torchvision.datasets.CocoCaptions)."""

    def _load_target(self, id: int) -> list[str]:
        return [annotation["caption"] for annotation in super()._load_target(id)]
