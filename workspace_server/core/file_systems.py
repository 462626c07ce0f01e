"""Which kinds of file system a workspace may lie on.

The database shares memory between processes, and the owner's lock is the kernel's: both hold on one machine only.
"""

from typing import Literal

Standing = Literal["local", "shared", "network"]

NETWORK = frozenset(
    {
        *("afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs"),
        *("nfs", "nfs4", "ocfs2", "orangefs", "panfs", "smb2", "smb3", "smbfs"),
        *("fuse.ceph", "fuse.cephfs", "fuse.davfs2", "fuse.glusterfs", "fuse.gcsfuse", "fuse.juicefs", "fuse.moosefs"),
        *("fuse.rclone", "fuse.s3fs", "fuse.smbnetfs", "fuse.sshfs", "fuse.goofys", "fuse.blobfuse2"),
    }
)
"""Other machines may write there at the same time: refused."""
SHARED = frozenset({"9p", "drvfs", "virtiofs", "vboxsf", "prl_fs", "fuse.vmhgfs-fuse", "fuse.grpcfuse", "fakeowner"})
"""A host shares it with its virtual machine or container, whose kernel may not hear of its changes: warned of."""


def standing(kind: str | None) -> Standing:
    """Return how a file system of that type stands, as the kernel names it; an unknown type counts as local."""
    if kind in NETWORK:
        return "network"
    if kind in SHARED or (kind or "").startswith("fuse."):
        return "shared"
    return "local"
