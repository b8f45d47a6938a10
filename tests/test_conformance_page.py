"""Does a run over one project leave the other sections of the conformance page as they are?"""

from __future__ import annotations

import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[1] / "scripts"


def test_a_section_is_replaced_in_its_place(tmp_path: Path) -> None:
    sys.path.insert(0, str(SCRIPTS))
    try:
        import conformance
    finally:
        sys.path.remove(str(SCRIPTS))
    page = tmp_path / "conformance.md"
    names = {project.name: project for project in conformance.PROJECTS}
    for name, target, seconds in (("timm", "mindspore", 1), ("torchvision", "keras", 2), ("torchvision", "mindspore", 3)):
        rows = [conformance.Row("net", True, 1e-7, 1e-6, seconds)]
        conformance.write_section(page, [*conformance.section(names[name], target, rows), "", "Uses of torch left in the model files: 0."])
    before = page.read_text().split("\n## ")
    assert [part.partition(":")[0] for part in before[1:]] == ["torchvision, mindspore", "torchvision, keras", "timm, mindspore"]
    rows = [conformance.Row("net", True, 1e-7, 1e-6, 9, compiles="source", exports="recorded", reason="of a kind")]
    conformance.write_section(page, conformance.section(names["torchvision"], "keras", rows))
    after = page.read_text().split("\n## ")
    assert [after[0], after[1], after[3]] == [before[0], before[1], before[3]]
    assert "| net | 1.0e-07 | 1.0e-06 | same | 9 | source | recorded | of a kind |" in after[2]
    assert "left in the model files" not in after[2]
