"""The backbone files of a server: the one that it is to use, and that of heads which are not upgraded to it yet."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rfhydra.errors import Incompatible
from rfhydra.hydra.backbone_file import SHIPPED_PATH, backbone_id_in, load_backbone
from rfhydra.hydra.runtimes import Runtime
from rfhydra.hydra.torch_backbone import TorchBackbone, best_device
from rfhydra.store.workspace import Workspace


@dataclass(frozen=True)
class BackboneFile:
    """A backbone file. ``backbone_id`` is its id at the start of the server, ``runtime`` what it is to run on."""

    path: Path
    backbone_id: str
    runtime: Runtime

    @classmethod
    def of(cls, path: Path, runtime: Runtime) -> Self:
        """
        Raises:
            NotFound: no such file.
        """
        return cls(path.absolute(), backbone_id_in(path), runtime)

    def load(self) -> TorchBackbone:
        """
        Raises:
            NotFound: the file is gone.
            Incompatible: not a backbone file of this version, not the same as at the start, or its golden vector fails.
            MissingExtra: the runtime is not installed.
        """
        backbone = load_backbone(self.path, best_device(), self.runtime)
        if backbone.backbone_id != self.backbone_id:
            raise Incompatible(
                f"the backbone file has changed since the server started: it has {backbone.backbone_id} in place of"
                f" {self.backbone_id}; restart the server"
            )
        return backbone


@dataclass(frozen=True)
class BackboneFiles:
    """The backbone that upgrades lead to, and the former one, None where the server has none."""

    new: BackboneFile
    former: BackboneFile | None

    @classmethod
    def of(cls, new: Path | None, former: Path | None, runtime: Runtime) -> Self:
        """From two paths; ``new`` None is the one that ships.

        Raises:
            NotFound: no such file.
        """
        other = None if former is None else BackboneFile.of(former, runtime)
        return cls(BackboneFile.of(new or SHIPPED_PATH, runtime), other)

    def initial(self, workspace: Workspace) -> BackboneFile:
        """The file to start with: the former one while the workspace uses that and no upgrade has led to the new one.

        The upgrades count as well, because a rollback of one signal makes its backbone the workspace's.
        """
        last = workspace.upgrades.last()
        is_upgraded = last is not None and last[0] == self.new.backbone_id
        if self.former is None or is_upgraded or workspace.backbone_id != self.former.backbone_id:
            return self.new
        return self.former

    def find(self, backbone_id: str) -> BackboneFile:
        """The file of a backbone.

        Raises:
            Incompatible: the server has neither file.
        """
        file = self._files().get(backbone_id)
        if file is None:
            raise Incompatible(f"this server has no file of backbone {backbone_id}: start it with --from FILE")
        return file

    def path_of(self, backbone_id: str) -> Path | None:
        """The path of a backbone, None if the server has neither file."""
        file = self._files().get(backbone_id)
        return None if file is None else file.path

    def _files(self) -> dict[str, BackboneFile]:
        return {file.backbone_id: file for file in (self.new, self.former) if file is not None}
