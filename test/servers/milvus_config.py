"""What does the milvus.yaml of one scratch server look like?

milvus_config.py TEMPLATE OUTPUT key.path=value...

The template comes with the wheel: `{{ name: default }}` are its holes.  `+key.path=value` adds a key it lacks.
"""
import re
import sys

template, output = sys.argv[1:3]
wanted, added = {}, set()
for pair in sys.argv[3:]:
    key, value = pair.split("=", 1)
    if key.startswith("+"):
        key = key[1:]
        added.add(key)
    wanted[key] = value

hole = re.compile(r"\{\{\s*\w+(?:\(\w+\))?(?::\s*([^}]*?))?\s*\}\}")
line_key = re.compile(r"^( *)([A-Za-z_]\w*):(.*)$")

lines, path = [], []
for line in open(template, encoding="utf-8").read().split("\n"):
    line = hole.sub(lambda m: m.group(1) or "", line)
    match = line_key.match(line)
    if match:
        indent, name, rest = len(match.group(1)), match.group(2), match.group(3)
        while path and path[-1][0] >= indent:
            path.pop()
        path.append((indent, name))
        dotted = ".".join(part for _, part in path)
        if dotted in wanted:
            line = "%s%s: %s" % (match.group(1), name, wanted.pop(dotted))
    lines.append(line)
    if match:
        # A key the template lacks goes right below its parent.
        for key in [k for k in wanted if k.rpartition(".")[0] == dotted and k in added]:
            lines.append("%s  %s: %s" % (match.group(1), key.rpartition(".")[2], wanted.pop(key)))

if wanted:
    sys.exit("not in the template: " + ", ".join(sorted(wanted)))
open(output, "w", encoding="utf-8").write("\n".join(lines))
