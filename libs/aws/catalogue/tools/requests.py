"""Prints one signed request a line for the operations of every service, made by botocore's own clients; sends nothing.

    python3 requests.py [--every] [--endpoint URL] [--region NAME] [--shard 0/2] [service ...]

Each has the members that are required; with --every, operations with optional members in the query string or in headers
come a second time with all of them. Wants botocore on the path and no network.
"""

import argparse
import base64
import json
import logging
import re
import sys
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from parameters import make

SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/aws4_request")


class Captured(Exception):
    def __init__(self, request):
        super().__init__()
        self.request = request


def capture(request, **_):
    raise Captured(request)


def text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def body_of(request):
    body = request.body
    if hasattr(body, "read"):
        body = body.read()
    return body.encode() if isinstance(body, str) else body or b""


def line_of(client, operation, request):
    # urlsplit strips nothing of the path; the URL is as it goes over the wire.
    url = urlsplit(request.url, allow_fragments=False)
    headers = [[name.lower(), text(value)] for name, value in request.headers.items()]
    scope = SCOPE.search(dict(headers).get("authorization", ""))
    return {
        "service": client.meta.service_model.service_name,
        "operation": operation,
        "method": request.method,
        "host": url.netloc,
        "path": url.path or "/",
        "query": url.query,
        "headers": headers,
        "body": base64.b64encode(body_of(request)).decode(),
        "region": scope and scope.group(1),
        "signingName": scope and scope.group(2),
    }


def client_of(session, service, endpoint, region):
    config = Config(
        inject_host_prefix=not endpoint,
        retries={"max_attempts": 0},
        parameter_validation=False,
        s3={"addressing_style": "path" if endpoint else "virtual", "us_east_1_regional_endpoint": "regional"},
    )
    client = session.create_client(
        service,
        region_name=region,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="example-secret",
        endpoint_url=endpoint,
        config=config,
    )
    client.meta.events.register_first("before-send.*.*", capture)
    return client


def has_optional_outside(shape):
    """Whether members that are not required travel in the query string or in headers."""
    places = ("querystring", "header", "headers")
    return any(
        member.serialization.get("location") in places and name not in shape.required_members
        for name, member in shape.members.items()
    )


def emit(client, service, every):
    model = client.meta.service_model
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        emit_one(client, service, name, make(shape) if shape else {})
        if every and shape and has_optional_outside(shape):
            emit_one(client, service, name, make(shape, True))


def emit_one(client, service, name, parameters):
    try:
        client._make_api_call(name, parameters)
    except Captured as captured:
        print(json.dumps(line_of(client, name, captured.request)))
    except Exception as error:  # what botocore itself refuses is reported, not sent
        print(json.dumps({"service": service, "operation": name, "error": repr(error)[:200]}))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", action="store_true")
    parser.add_argument("--endpoint")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--shard", default="0/1")
    parser.add_argument("services", nargs="*")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    session = botocore.session.get_session()
    shard, shards = map(int, options.shard.split("/"))
    for service in (options.services or session.get_available_services())[shard::shards]:
        try:
            client = client_of(session, service, options.endpoint, options.region)
        except Exception as error:
            print(json.dumps({"service": service, "operation": "*", "error": repr(error)[:200]}))
            continue
        emit(client, service, options.every)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
