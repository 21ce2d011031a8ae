"""Makes up parameters for an operation from its model: what is required, or every member."""

import datetime

ACCOUNT = "123456789012"
NAMES = {
    "bucket": "my-bucket",
    "accountid": ACCOUNT,
    "queueurl": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/q",
    "contenttype": "application/json",
}
# Outposts are served elsewhere, under another signing name.
SKIPPED = {"OutpostId"}


def make(shape, every=False, name="", depth=0):
    """A value of the shape, or None where it cannot be made (too deep)."""
    if depth > 5:
        return None
    maker = MAKERS.get(shape.type_name)
    return maker(shape, every, name, depth) if maker else "x"


def structure(shape, every, _name, depth):
    members = shape.members
    if getattr(shape, "is_tagged_union", False) and members:
        chosen = [next(iter(members))]
    elif every and depth == 0:
        chosen = [name for name in members if name not in SKIPPED or name in shape.required_members]
    else:
        chosen = shape.required_members
    values = {name: make(members[name], every, name, depth + 1) for name in chosen}
    return {name: value for name, value in values.items() if value is not None}


def listed(shape, every, name, depth):
    value = make(shape.member, every, name, depth + 1)
    return [] if value is None else [value]


def mapped(shape, every, _name, depth):
    key = make(shape.key, every, "", depth + 1)
    value = make(shape.value, every, "", depth + 1)
    return {} if key is None or value is None else {key: value}


def string(shape, _every, name, _depth):
    if getattr(shape, "enum", None):
        return shape.enum[0]
    if name.lower() in NAMES:
        return NAMES[name.lower()]
    least = (shape.metadata or {}).get("min") or 1
    return ("abc-1" * (int(least) // 5 + 1))[: max(int(least), 5)]


def whole(shape, *_):
    return int((shape.metadata or {}).get("min") or 1)


MAKERS = {
    "structure": structure,
    "list": listed,
    "map": mapped,
    "string": string,
    "integer": whole,
    "long": whole,
    "float": lambda *_: 1.0,
    "double": lambda *_: 1.0,
    "boolean": lambda *_: True,
    "timestamp": lambda *_: datetime.datetime(2026, 1, 1),
    "blob": lambda *_: b"x",
}
