"""Writes data/endpoints.json.gz: the host and the signature of every operation in every region of every partition.

    BOTOCORE_DATA=wheel/botocore/data python3 libs/aws/catalogue/tools/build_endpoints.py     (a minute; see build.py)

Each group of operations has templates: one for all regions of a variant where they agree, then the exceptions, by
partition and by region. In a template {r} is the region, {s} the partition's suffix and {d} that of dual-stack hosts.
"""

import collections
import gzip
import json
import os

from endpoint_rules import VARIANTS, botocore, every_service, groups, partitions, regions_of

HERE = os.path.dirname(os.path.abspath(__file__))
OUTPUT = os.path.join(HERE, "..", "data", "endpoints.json.gz")
NONE = ""


def template(endpoint, region, partition, signing_name):
    """`host`, or `host|signing name|signing region` where these are not the service's own and the region."""
    if endpoint is None:
        return NONE
    outputs = partition["outputs"]
    host = endpoint.host
    if host.endswith("." + outputs["dualStackDnsSuffix"]):
        host = host[: -len(outputs["dualStackDnsSuffix"])] + "{d}"
    elif host.endswith("." + outputs["dnsSuffix"]):
        host = host[: -len(outputs["dnsSuffix"])] + "{s}"
    labels = ["{r}" if label == region else label for label in host.split(".")]
    name = "" if endpoint.signing_name == signing_name else endpoint.signing_name
    signed_in = "" if endpoint.signing_region == region else endpoint.signing_region
    return "|".join([".".join(labels), name, signed_in]).rstrip("|")


def commonest(values):
    return collections.Counter(values).most_common(1)[0][0]


def variant_of(rules, static, variant):
    """[template of most, {partition: template of most there}, {region: template}]; shorter where the rest is empty."""
    found = {
        partition["id"]: {
            region: template(rules.resolve(static, region, *variant), region, partition, rules.signing_name)
            for region in regions_of(partition)
        }
        for partition in partitions()
    }
    per_partition = {name: commonest(each.values()) for name, each in found.items()}
    most = commonest(value for each in found.values() for value in each.values())
    exceptions = {name: value for name, value in per_partition.items() if value != most}
    single = {
        region: value
        for name, each in found.items()
        for region, value in each.items()
        if value != per_partition[name]
    }
    entry = [most, exceptions, single]
    while not entry[-1] and len(entry) > 1:
        entry.pop()
    return entry


def service_entry(model, rules):
    entry = []
    for at, (static, names) in enumerate(groups(model)):
        variants = [variant_of(rules, static, variant) for variant in VARIANTS]
        entry.append({"v": variants} if at == 0 else {"v": variants, "o": names})
    return entry


def main():
    table = {
        "botocore": botocore.__version__,
        "partitions": {
            each["id"]: {
                "suffix": each["outputs"]["dnsSuffix"],
                "dualStackSuffix": each["outputs"]["dualStackDnsSuffix"],
                "regions": regions_of(each),
            }
            for each in partitions()
        },
        "services": {name: service_entry(model, rules) for name, model, rules in every_service()},
    }
    text = json.dumps(table, separators=(",", ":"), sort_keys=True)
    with open(OUTPUT, "wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=9, mtime=0) as packed:
        packed.write(text.encode("ascii"))
    print(f"{len(table['services'])} services, {len(text)} bytes, {os.path.getsize(OUTPUT)} packed")


if __name__ == "__main__":
    main()
