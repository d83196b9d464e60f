"""How do the Milvus binaries get out of the wheel?  milvus_unpack.py TARGET"""
import lzma
import os
import shutil
import sys

import milvus

target = sys.argv[1]
data = os.path.join(os.path.dirname(milvus.__file__), "data")
work = target + ".new"
shutil.rmtree(work, ignore_errors=True)
os.makedirs(os.path.join(work, "bin"))
for name in sorted(os.listdir(os.path.join(data, "bin"))):
    base, ext = os.path.splitext(name)
    if ext != ".lzma":
        continue
    out = os.path.join(work, "bin", base)
    with lzma.open(os.path.join(data, "bin", name)) as src, open(out, "wb") as dst:
        shutil.copyfileobj(src, dst, 1 << 20)
    os.chmod(out, 0o755)
for name in ("config.yaml.template", "glog.conf"):
    shutil.copy(os.path.join(data, name), work)
os.rename(work, target)
