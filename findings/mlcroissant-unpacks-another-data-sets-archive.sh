#!/usr/bin/env bash
# mlcroissant gives the records of another data set, without a word. It keeps what it has unpacked by the archive's contentUrl
# alone: two data sets with the same relative address, such as shards/000000.tar, share one folder of the cache, and the second
# one's records are the first one's files, though each archive's sha256 is checked and right. The same holds for a data set
# whose archive has been replaced, such as one from which something was taken out.
# mlcroissant 1.1.1; CROISSANT_CACHE has to be another folder for each data set and each state of it.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip install --quiet mlcroissant==1.1.1
CROISSANT_CACHE="$place/cache" venv/bin/python - 2>/dev/null <<'PYTHON'
import hashlib
import io
import json
import tarfile
from importlib.metadata import version
from pathlib import Path

import mlcroissant

print("mlcroissant", version("mlcroissant"))
TERMS = "extract field fileObject fileProperty fileSet includes recordSet source containedIn".split()
CONTEXT = {
    "@language": "en", "@vocab": "https://schema.org/", "sc": "https://schema.org/", "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/", "conformsTo": "dct:conformsTo", "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    **{term: f"cr:{term}" for term in TERMS},
}


def made(name: str, said: bytes) -> mlcroissant.Dataset:
    folder = Path(name)
    folder.mkdir()
    with tarfile.open(folder / "000000.tar", "w") as tar:
        member = tarfile.TarInfo("a.txt")
        member.size = len(said)
        tar.addfile(member, io.BytesIO(said))
    content = {"fileSet": {"@id": "texts"}, "extract": {"fileProperty": "content"}}
    described = {
        "@context": CONTEXT, "@type": "sc:Dataset", "conformsTo": "http://mlcommons.org/croissant/1.1", "name": name,
        "distribution": [
            {
                "@type": "cr:FileObject", "@id": "archive", "contentUrl": "000000.tar", "encodingFormat": "application/x-tar",
                "sha256": hashlib.sha256((folder / "000000.tar").read_bytes()).hexdigest(),
            },
            {
                "@type": "cr:FileSet", "@id": "texts", "containedIn": {"@id": "archive"}, "encodingFormat": "text/plain",
                "includes": "*.txt",
            },
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet", "@id": "records",
                "field": [{"@type": "cr:Field", "@id": "records/content", "dataType": "sc:Text", "source": content}],
            }
        ],
    }
    (folder / "croissant.json").write_text(json.dumps(described))
    return mlcroissant.Dataset(folder / "croissant.json")


first = list(made("one", b"of the first").records("records"))
second = list(made("two", b"of the second").records("records"))
print("first: ", first)
print("second:", second)
assert first == [{"records/content": b"of the first"}]
assert second == first, "it gives the second one's own by now"
PYTHON
