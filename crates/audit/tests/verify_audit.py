#!/usr/bin/env python3
"""Verifies an exported audit log with its public key, sharing no code with the server.

usage: verify_audit.py DIRECTORY PUBLIC-KEY [CHECKPOINT ...]

Needs Python's standard library and `cryptography`. The directory is in the layout of C2SP tlog-tiles; further checkpoints are those that somebody
kept elsewhere. Where the directory has a cosigned checkpoint, the lines of the cosigners named in it are checked as far as `cryptography` knows their
kind, and it is said which were. Ends with 0 if nothing was changed, removed or put in, else with 1 and says what is wrong.
"""

import base64
import hashlib
import pathlib
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


try:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
except ImportError:  # before version 47
    MLDSA44PublicKey = None


class Fault(Exception):
    """What is wrong with the log."""


def leaf_hash(record):
    return hashlib.sha256(b"\x00" + record).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes):
    """The root of RFC 6962 section 2.1 over hashes of records, by a stack of complete subtrees."""
    stack = []
    for hash_ in hashes:
        stack.append((1, hash_))
        while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
            (size, right), (_, left) = stack.pop(), stack.pop()
            stack.append((size * 2, node_hash(left, right)))
    if not stack:
        return hashlib.sha256(b"").digest()
    _, root = stack.pop()
    while stack:
        root = node_hash(stack.pop()[1], root)
    return root


def parse_key(text):
    name, digits, key = text.strip().split("+", 2)
    octets = base64.b64decode(key, validate=True)
    identifier = hashlib.sha256(name.encode() + b"\n" + octets).digest()[:4]
    if octets[:1] != b"\x01" or identifier.hex() != digits:
        raise Fault("the public key does not fit its name")
    return name, identifier, Ed25519PublicKey.from_public_bytes(octets[1:])


def open_checkpoint(what, octets, key):
    """Size and root of a checkpoint that the key signed."""
    name, identifier, public = key
    text, separator, signatures = octets.partition(b"\n\n")
    text += b"\n"
    for line in signatures.split(b"\n") if separator else []:
        prefix, _, value = line.rpartition(b" ")
        if prefix != b"\xe2\x80\x94 " + name.encode():
            continue
        signature = base64.b64decode(value)
        if signature[:4] != identifier:
            continue
        try:
            public.verify(signature[4:], text)
        except InvalidSignature:
            continue
        origin, size, root, *_ = text.decode().split("\n")
        if origin != name or str(int(size)) != size:
            break
        return int(size), base64.b64decode(root, validate=True)
    raise Fault(f"{what} bears no valid signature of the key")


def short(octets):
    """A string behind its length in one octet."""
    return bytes([len(octets)]) + octets


def check_cosigners(directory, key, size, root):
    """What is to be said of the lines of cosigners, one for each."""
    if not (directory / "cosigned").exists():
        return []
    note = (directory / "cosigned").read_bytes()
    if open_checkpoint("the cosigned checkpoint", note, key) != (size, root):
        raise Fault("the cosigned checkpoint is another")
    text, _, lines = note.partition(b"\n\n")
    origin, said = text.split(b"\n")[0], []
    for line in (directory / "cosigners").read_text().split():
        name, digits, public = line.split("+", 2)
        octets = base64.b64decode(public, validate=True)
        identifier = hashlib.sha256(name.encode() + b"\n" + octets).digest()[:4]
        if identifier.hex() != digits:
            raise Fault(f"the public key of {name} does not fit its name")
        if octets[:1] != b"\x06":
            said.append(f"not checked: {name}, a kind of signature that `cryptography` does not know")
            continue
        if MLDSA44PublicKey is None:
            said.append(f"not checked: {name}, as this version of `cryptography` lacks ML-DSA")
            continue
        found = [it.rpartition(b" ") for it in lines.split(b"\n")]
        found = [base64.b64decode(value) for prefix, _, value in found if prefix == b"\xe2\x80\x94 " + name.encode()]
        found = [value for value in found if value[:4] == identifier]
        if not found:
            raise Fault(f"{name} has not cosigned the checkpoint")
        seconds, signature = found[0][4:12], found[0][12:]
        message = b"subtree/v1\n\0" + short(name.encode()) + seconds + short(origin)
        message += (0).to_bytes(8, "big") + size.to_bytes(8, "big") + root
        try:
            MLDSA44PublicKey.from_public_bytes(octets[1:]).verify(signature, message)
        except InvalidSignature:
            raise Fault(f"the cosignature of {name} does not hold") from None
        said.append(f"checked: {name}, ML-DSA-44")
    return said


def number_path(number, width):
    text = f"{number % 1000:03}"
    while number >= 1000:
        number //= 1000
        text = f"x{number % 1000:03}/{text}"
    return text if width == 256 else f"{text}.p/{width}"


def tiles(size):
    """Number and width of each tile over `size` hashes."""
    full, rest = divmod(size, 256)
    return [(number, 256) for number in range(full)] + ([(full, rest)] if rest else [])


def read_records(directory, size):
    records = []
    for number, width in tiles(size):
        path = directory / "tile" / "entries" / number_path(number, width)
        octets, found = path.read_bytes(), []
        while octets:
            length = int.from_bytes(octets[:2], "big")
            if len(octets) < 2 + length:
                raise Fault(f"{path} ends in the middle of a record")
            found.append(octets[2 : 2 + length])
            octets = octets[2 + length :]
        if len(found) != width:
            raise Fault(f"{path} has {len(found)} records instead of {width}")
        records += found
    return records


def check_tiles(directory, hashes):
    level = 0
    while hashes:
        for number, width in tiles(len(hashes)):
            path = directory / "tile" / str(level) / number_path(number, width)
            if path.read_bytes() != b"".join(hashes[number * 256 : number * 256 + width]):
                raise Fault(f"{path} is not the tile of the records below it")
        hashes = [root_of(hashes[start : start + 256]) for start in range(0, len(hashes) - 255, 256)]
        level += 1


def verify(directory, key_text, witnesses):
    key = parse_key(key_text)
    size, root = open_checkpoint("the checkpoint", (directory / "checkpoint").read_bytes(), key)
    hashes = [leaf_hash(record) for record in read_records(directory, size)]
    check_tiles(directory, hashes)
    if root_of(hashes) != root:
        raise Fault("the records are not those of the checkpoint")
    for path in witnesses:
        seen, seen_root = open_checkpoint(path, pathlib.Path(path).read_bytes(), key)
        if seen > size:
            raise Fault(f"{path} is over {seen} records, the log has {size}: records were cut off")
        if root_of(hashes[:seen]) != seen_root:
            raise Fault(f"the log does not go on from {path}: history was written anew")
    return size, check_cosigners(directory, key, size, root)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    try:
        size, cosigners = verify(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
    except (Fault, OSError, ValueError) as fault:
        print(f"NOT VERIFIED: {fault}", file=sys.stderr)
        sys.exit(1)
    print(f"verified: {size} records")
    for said in cosigners:
        print(said)


if __name__ == "__main__":
    main()
