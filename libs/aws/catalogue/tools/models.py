"""Reads botocore's service models: the newest API version of each service."""

import gzip
import json
import os


def data_directory():
    """The `botocore/data` of an unpacked wheel (see build.py), else of the botocore that is installed."""
    path = os.environ.get("BOTOCORE_DATA")
    if path:
        return path
    import botocore

    return os.path.join(os.path.dirname(botocore.__file__), "data")


def read_json(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as file:
        return json.load(file)


def model_file(directory, name):
    """The path of `name.json` or `name.json.gz`, where there is one."""
    for ending in (".json.gz", ".json"):
        path = os.path.join(directory, name + ending)
        if os.path.exists(path):
            return path
    return None


def versions_of(service):
    directory = os.path.join(data_directory(), service)
    found = [version for version in os.listdir(directory) if model_file(os.path.join(directory, version), "service-2")]
    return sorted(found)


def services():
    """(name, API versions, the newest version's model) of each service, by name."""
    root = data_directory()
    for service in sorted(os.listdir(root)):
        if not os.path.isdir(os.path.join(root, service)):
            continue
        versions = versions_of(service)
        if versions:
            newest = os.path.join(root, service, versions[-1])
            yield service, versions, read_json(model_file(newest, "service-2"))
