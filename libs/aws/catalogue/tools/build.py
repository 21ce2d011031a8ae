"""Writes data/operations.jsonl.gz: what identifying a request needs of every operation of every AWS service.

    pip download botocore==1.43.107 --no-deps && unzip -q botocore-1.43.107-*.whl -d wheel
    BOTOCORE_DATA=wheel/botocore/data python3 libs/aws/catalogue/tools/build.py

Line 1 lists the services; each later line has the operations of one, in the same order, so that a service is parsed when
it is first asked for. ../decode.ts reads it and says what the short keys mean. The output depends on the models alone.
"""

import gzip
import json
import os

from endpoint_rules import every_service, static_parameters
from models import services

HERE = os.path.dirname(os.path.abspath(__file__))
OUTPUT = os.path.join(HERE, "..", "data", "operations.jsonl.gz")
PROTOCOLS = {"smithy-rpc-v2-cbor": "rpc-v2-cbor"}


# Paths that releases of 2022 to 2025 write (Debian's among them) and AWS still serves; newer models have others.
OLDER = {
    ("quicksight", "ListIAMPolicyAssignments"): {
        "u": "GET /accounts/{AwsAccountId}/namespaces/{Namespace}/iam-policy-assignments",
        "q": ["assignment-status:AssignmentStatus", "next-token:NextToken", "max-results:MaxResults"],
    },
    ("sesv2", "ListConfigurationSets"): {"u": "GET /v2/email/configuration-sets", "q": ["NextToken", "PageSize"]},
    ("sesv2", "ListContacts"): {
        "u": "GET /v2/email/contact-lists/{ContactListName}/contacts",
        "q": ["PageSize", "NextToken"],
        "b": 1,
    },
    ("sesv2", "ListEmailIdentities"): {"u": "GET /v2/email/identities", "q": ["NextToken", "PageSize"]},
    ("sesv2", "ListImportJobs"): {"u": "GET /v2/email/import-jobs", "q": ["NextToken", "PageSize"], "b": 1},
}

# Whose rules are looked at for the name that an operation is signed under.
ANYWHERE = "us-east-1"


def metadata_of(name, versions, model):
    """One entry of line 1; keys that say nothing are left out."""
    meta = model["metadata"]
    protocols = [PROTOCOLS.get(each, each) for each in meta.get("protocols") or [meta["protocol"]]]
    entry = {
        "name": name,
        "id": meta["serviceId"],
        "signing": meta.get("signingName") or meta["endpointPrefix"],
        "endpoint": meta["endpointPrefix"],
        "protocols": protocols,
        "target": meta.get("targetPrefix"),
        "json": meta.get("jsonVersion"),
        "versions": versions[:-1] + [meta["apiVersion"]] if versions[-1] != meta["apiVersion"] else versions,
        "queryCompatible": "awsQueryCompatible" in meta or None,
        "signature": meta["signatureVersion"],
        "namespace": (meta.get("xmlNamespace") or {}).get("uri") if isinstance(meta.get("xmlNamespace"), dict) else meta.get("xmlNamespace"),
        "h2": (meta.get("protocolSettings") or {}).get("h2"),
    }
    return {key: value for key, value in entry.items() if value is not None}


class Operation:
    """One operation of a model, as a line of the data file has it."""

    def __init__(self, service, name, operation, model, rules):
        self.service = service
        self.name = name
        self.operation = operation
        self.shapes = model["shapes"]
        self.protocols = model["metadata"].get("protocols") or [model["metadata"]["protocol"]]
        self.rules = rules

    def entry(self):
        entry = {
            "u": self.uri(),
            "l": self.labels() or None,
            "q": self.located("querystring") or None,
            "h": (self.located("header") + self.located("headers")) or None,
            "p": self.payload("input"),
            "b": self.has_body() or None,
            "x": self.clashes() or None,
            "o": self.output(),
            "a": self.auth(),
            "s": self.signing_name(),
            "e": (self.operation.get("endpoint") or {}).get("hostPrefix"),
            "c": self.checksum(),
            "z": 1 if "requestcompression" in self.operation else None,
            "w": self.wrapper(),
            "d": 1 if self.operation.get("deprecated") else None,
            "y": OLDER.get((self.service, self.name)),
            "r": 1 if self.operation.get("readonly") else None,
        }
        return {key: value for key, value in entry.items() if value is not None}

    def uri(self):
        http = self.operation["http"]
        whole = f"{http['method']} {http['requestUri']}"
        return None if whole == "POST /" else whole

    def shape(self, direction):
        reference = self.operation.get(direction)
        return self.shapes[reference["shape"]] if reference else {"members": {}}

    def members(self):
        shape = self.shape("input")
        required = set(shape.get("required", ()))
        for name, member in shape.get("members", {}).items():
            yield name, member, name in required, self.shapes[member["shape"]]

    def labels(self):
        """Label of the path → member, where the two differ."""
        pairs = {m.get("locationName", name): name for name, m, _, _ in self.members() if m.get("location") == "uri"}
        return {label: name for label, name in pairs.items() if label != name}

    def located(self, location):
        """`wire:Member:flags`; flags: r required, l list, m map, p prefix of many headers."""
        found = []
        for name, member, required, shape in self.members():
            if member.get("location") != location:
                continue
            wire = member.get("locationName", name)
            if location != "querystring":
                wire = wire.lower()
            flags = "r" if required else ""
            flags += {"list": "l", "map": "m"}.get(shape["type"], "") if location != "headers" else "p"
            assert ":" not in wire + name
            found.append(f"{wire}:{name}:{flags}".rstrip(":") if wire != name or flags else wire)
        return found

    def payload(self, direction):
        """`Member:type:flags`; flags: s streams, e an event stream."""
        shape = self.shape(direction)
        name = shape.get("payload")
        if not name:
            return None
        member = shape["members"][name]
        target = self.shapes[member["shape"]]
        flags = "s" if target.get("streaming") or member.get("streaming") else ""
        flags += "e" if target.get("eventstream") else ""
        return f"{name}:{target['type']}:{flags}".rstrip(":")

    def has_body(self):
        """Whether members of the input travel in the body (of a REST operation; the others always have one)."""
        rest = any(each.startswith("rest") for each in self.protocols)
        return 1 if rest and any("location" not in member for _, member, _, _ in self.members()) else None

    def clashes(self):
        """Key of the body → member, where another member of that name travels outside the body."""
        located = {name for name, member, _, _ in self.members() if "location" in member}
        keys = {member.get("locationName", name): name for name, member, _, _ in self.members() if "location" not in member}
        return {key: name for key, name in keys.items() if key != name and key in located}

    def output(self):
        payload = self.payload("output")
        if payload:
            return payload
        shape = self.shape("output")
        for name, member in shape.get("members", {}).items():
            if self.shapes[member["shape"]].get("eventstream"):
                return f"{name}:structure:e"
        return None

    def auth(self):
        """`none` where the operation is called without a signature, `unsigned-body` where the body is not in it."""
        if self.operation.get("authtype") == "none" or "smithy.api#noAuth" in self.operation.get("auth", ()):
            return "none"
        if self.operation.get("authtype") == "v4-unsigned-body" or self.operation.get("unsignedPayload"):
            return "unsigned-body"
        return None

    def signing_name(self):
        """Where the rules have another than the service's."""
        found = self.rules.resolve(static_parameters(self.operation, self.shapes), ANYWHERE, False, False)
        return found.signing_name if found and found.signing_name != self.rules.signing_name else None

    def checksum(self):
        """`[algorithm member, required]` of the request; 1 where an MD5 or better is required and no member chooses it."""
        trait = self.operation.get("httpChecksum") or {}
        if "requestAlgorithmMember" in trait:
            return [trait["requestAlgorithmMember"], 1 if trait.get("requestChecksumRequired") else 0]
        return 1 if self.operation.get("httpChecksumRequired") else None

    def wrapper(self):
        """The element around a query result, where it is not `<Operation>Result`; empty where there is none."""
        if "query" not in self.protocols:
            return None
        found = (self.operation.get("output") or {}).get("resultWrapper", "")
        return None if found == self.name + "Result" else found


def lines():
    index, rest = [], []
    versions_of = {name: versions for name, versions, _ in services()}
    for name, model, rules in every_service():
        operations = {
            key: Operation(name, key, value, model, rules).entry() for key, value in sorted(model["operations"].items())
        }
        also = sorted({entry["s"] for entry in operations.values() if "s" in entry})
        index.append(metadata_of(name, versions_of[name], model) | ({"also": also} if also else {}))
        rest.append(operations)
    return [index, *rest]


def main():
    text = "\n".join(json.dumps(line, separators=(",", ":"), ensure_ascii=True) for line in lines())
    with open(OUTPUT, "wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=9, mtime=0) as packed:
        packed.write(text.encode("ascii"))
    print(f"{text.count(chr(10))} services, {len(text)} bytes, {os.path.getsize(OUTPUT)} packed")


if __name__ == "__main__":
    main()
