"""Debian's Postfix in a temporary folder, on loopback alone, delivering to maildirs.

It must be started by root, as Postfix is.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from monitor.demo.certificates import IssuedCertificate
from tests.support.service import free_port

PROGRAM = Path("/usr/sbin/postfix")
READERS, RETURNS = "exemple.test", "association.test"

_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relais.test
mydestination =
alias_maps =
local_recipient_maps =
recipient_delimiter = +
virtual_mailbox_domains = {readers}, {returns}
virtual_mailbox_base = {folder}/boxes
virtual_mailbox_maps = texthash:{folder}/boxes.map
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
smtpd_relay_restrictions = reject_unauth_destination
smtpd_reject_unlisted_recipient = no
default_transport = error:5.1.1 nothing leaves this machine
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = {folder}/chain.pem
"""
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
virtual unix - n n - - virtual
error unix - - n - - error
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, kw_only=True)
class Postfix:
    folder: Path
    port: int

    def mails(self, box: str) -> list[bytes]:
        """Return what a mailbox has, the oldest first."""
        files = sorted(
            (self.folder / "boxes" / box / "new").glob("*"), key=lambda f: f.stat().st_mtime
        )
        return [file.read_bytes() for file in sorted(files, key=lambda f: f.stat().st_mtime)]

    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""


def missing() -> str:
    """Return why Postfix cannot be run here; "" when it can."""
    if not PROGRAM.exists():
        return "no Postfix here (scripts/packages ci)"
    return "" if os.geteuid() == 0 else "only root can start Postfix"


@contextmanager
def running_postfix(certificate: IssuedCertificate, *boxes: str) -> Iterator[Postfix]:
    """Run it with these mailboxes of readers, and one for what is returned to `alertes`."""
    folder = Path(tempfile.mkdtemp(prefix="vigie-postfix-"))
    folder.chmod(0o755)  # its processes are not ours
    owner = pwd.getpwnam("postfix")
    port = free_port()
    try:
        for name in ("spool", "data", "boxes", "conf"):
            (folder / name).mkdir()
        for name in ("data", "boxes"):
            os.chown(folder / name, owner.pw_uid, owner.pw_gid)
        lines = [f"{box}@{READERS} {box}/" for box in boxes] + [f"alertes@{RETURNS} alertes/"]
        (folder / "boxes.map").write_text("\n".join(lines) + "\n")
        (folder / "chain.pem").write_bytes(
            certificate.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + certificate.certificate.public_bytes(Encoding.PEM)
        )
        values = {"folder": folder, "readers": READERS, "returns": RETURNS, "port": port}
        values |= {"uid": owner.pw_uid, "gid": owner.pw_gid}
        (folder / "conf" / "main.cf").write_text(_MAIN.format(**values))
        (folder / "conf" / "master.cf").write_text(_MASTER.format(**values))
        _postfix(folder, "start")
        try:
            yield Postfix(folder=folder, port=port)
        finally:
            _postfix(folder, "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _postfix(folder: Path, action: str) -> None:
    done = subprocess.run(
        [PROGRAM, "-c", folder / "conf", action], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
