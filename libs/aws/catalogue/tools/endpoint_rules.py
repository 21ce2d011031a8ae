"""Evaluates botocore's endpoint rules: the host and the signature of a group of operations in one region."""

import collections
import json
import os
import sys

from models import data_directory, model_file, read_json, services

# The wheel that the models are from evaluates its own rules.
sys.path.insert(0, os.path.dirname(os.path.dirname(data_directory())))
import botocore  # noqa: E402
from botocore.endpoint_provider import EndpointProvider  # noqa: E402
from botocore.exceptions import EndpointProviderError  # noqa: E402

Endpoint = collections.namedtuple("Endpoint", "host signing_name signing_region")
VARIANTS = [(False, False), (True, False), (False, True), (True, True)]  # FIPS, dual-stack
ACCOUNT = "123456789012"
# A bucket of a name of its own is not served by S3 Express, nor by Object Lambda: no operation's rules look at these then.
BUCKET_ONLY = ("UseS3ExpressControlEndpoint", "DisableAccessPoints", "DisableS3ExpressSessionAuth")


def partitions():
    return read_json(os.path.join(data_directory(), "partitions.json"))["partitions"]


def regions_of(partition):
    """Without the names that stand for a whole partition (`aws-global`)."""
    return sorted(region for region in partition["regions"] if not region.endswith("-global"))


def context_names(operation, shapes):
    shape = shapes[operation["input"]["shape"]] if "input" in operation else {}
    return {member["contextParam"]["name"] for member in shape.get("members", {}).values() if "contextParam" in member}


def static_parameters(operation, shapes):
    """What the operation itself tells the rules, as a key of its group."""
    found = {name: each["value"] for name, each in operation.get("staticContextParams", {}).items()}
    if "Bucket" in context_names(operation, shapes):
        for name in BUCKET_ONLY:
            found.pop(name, None)
    if found.get("RequiresAccountId"):
        found["AccountId"] = ACCOUNT
    return json.dumps(found, sort_keys=True)


class Rules:
    """The rules of one service."""

    def __init__(self, name, version, metadata):
        path = model_file(os.path.join(data_directory(), name, version), "endpoint-rule-set-1")
        rules = read_json(path)
        self.known = set(rules["parameters"])
        self.provider = EndpointProvider(rules, {"partitions": partitions(), "version": "1.1"})
        self.signing_name = metadata.get("signingName") or metadata["endpointPrefix"]

    def resolve(self, static, region, fips, dual_stack):
        """None where the rules have no endpoint, or one that is not signed by SigV4."""
        parameters = {"Region": region, "UseFIPS": fips, "UseDualStack": dual_stack, **json.loads(static)}
        try:
            found = self.provider.resolve_endpoint(**{key: value for key, value in parameters.items() if key in self.known})
        except EndpointProviderError:
            return None
        schemes = found.properties.get("authSchemes") or [{"name": "sigv4"}]
        scheme = next((each for each in schemes if each["name"] == "sigv4"), None)
        if scheme is None:
            return None
        assert found.url.startswith("https://") and "/" not in found.url[8:].rstrip("/"), found.url
        host = found.url[8:].rstrip("/").replace(ACCOUNT + ".", "{AccountId}.")
        return Endpoint(host, scheme.get("signingName", self.signing_name), scheme.get("signingRegion", region))


def groups(model):
    """Static parameters → the operations that have them, the largest group first."""
    found = collections.defaultdict(list)
    for name, operation in sorted(model["operations"].items()):
        found[static_parameters(operation, model["shapes"])].append(name)
    return sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))


def every_service():
    """(name, model, rules) of each service."""
    for name, versions, model in services():
        yield name, model, Rules(name, versions[-1], model["metadata"])
