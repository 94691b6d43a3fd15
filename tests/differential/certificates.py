"""Certificates for servers of scenarios, made by `openssl` in a folder of this run: an authority that the servers under
comparison trust, another that nobody knows, and what both have signed."""

import atexit
import functools
import os
import shutil
import subprocess
import tempfile

AUTHORITIES = ("known", "unknown")
HERE = "DNS:localhost,IP:127.0.0.1"


@functools.cache
def folder():
    """Where they are. Made at the first call; gone at the end of the process."""
    if not shutil.which("openssl"):
        raise SystemExit("the `openssl` program is missing, and scenarios of https need certificates")
    path = tempfile.mkdtemp(prefix="differential-certificates-")
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    for name in AUTHORITIES:
        _authority(path, name)
    for name, signer, names, days in (
        ("here", "known", HERE, 30), ("elsewhere", "known", "DNS:elsewhere.test", 30),
        ("stranger", "unknown", HERE, 30), ("old", "known", HERE, -1),
    ):
        _signed(path, name, signer, names, days)
    return path


def trusted():
    """The file of the authority that the servers under comparison trust."""
    return os.path.join(folder(), "known.pem")


def of_server(name):
    """The files of a server's certificate and key."""
    return os.path.join(folder(), f"{name}.pem"), os.path.join(folder(), f"{name}.key")


def _authority(path, name):
    _openssl(path, "req", "-x509", *_new_key(name), "-days", "30", "-out", f"{name}.pem", "-subj", f"/CN={name}",
             "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")


def _signed(path, name, signer, names, days):
    _openssl(path, "req", *_new_key(name), "-out", f"{name}.csr", "-subj", f"/CN={name}")
    with open(os.path.join(path, f"{name}.ext"), "w") as file:
        file.write(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
    _openssl(path, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{signer}.pem", "-CAkey", f"{signer}.key", "-CAcreateserial",
             "-days", str(days), "-extfile", f"{name}.ext", "-out", f"{name}.pem")


def _new_key(name):
    return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key"


def _openssl(path, *arguments):
    subprocess.run(["openssl", *arguments], cwd=path, check=True, capture_output=True)
