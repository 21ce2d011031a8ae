"""Requests as botocore signs them, one JSON object a line: for the gateway's verifier. Nothing is sent."""

import base64
import io
import json
import random
import sys
from urllib.parse import urlsplit

import boto3
import botocore.auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials

KEY = sys.argv[1]
SECRET = sys.argv[2]
TOKEN = sys.argv[3]
REGION = "eu-central-1"

PARTS = ["a", "Z", "9", "-", ".", "_", "~", "/", "//", "..", "../", "./", " ", "+", "%", "%20", "=", "&", "?", "#", ":", "@",
         "!", "'", "(", ")", "*", ";", ",", "$", "|", "<", "é", "€", "😀", "\u200b"]
chance = random.Random(4)


def text(most=8):
    return "".join(chance.choice(PARTS) for _ in range(chance.randint(1, most)))


def emit(mode, method, url, headers, body):
    parts = urlsplit(url)
    found = [["host", parts.netloc]]
    for name, value in headers:
        value = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        found.append([name.lower(), value.strip()])
    if hasattr(body, "read"):
        body = body.read()
    elif body is None:
        body = b""
    elif isinstance(body, str):
        body = body.encode()
    # What a wire has of a URL: everything behind the host, cut at the first question mark.
    target = url.split("://", 1)[1]
    target = target[target.index("/"):] if "/" in target else "/"
    path, _, query = target.partition("?")
    print(json.dumps({"mode": mode, "method": method, "path": path, "query": query, "headers": found,
                      "body": base64.b64encode(body).decode()}))


class Captured(Exception):
    pass


def client(service, endpoint="https://127.0.0.1:9", **config):
    made = boto3.client(service, region_name=REGION, endpoint_url=endpoint, aws_access_key_id=KEY, aws_secret_access_key=SECRET,
                        aws_session_token=TOKEN, config=Config(retries={"max_attempts": 0}, **config))

    def before_send(request, **_):
        emit(service, request.method, request.url, request.headers.items(), request.body)
        raise Captured()

    made.meta.events.register("before-send", before_send)
    return made


def call(function, **parameters):
    try:
        function(**parameters)
    except Captured:
        pass


def s3_calls():
    path = {"s3": {"addressing_style": "path"}}
    for endpoint in ("https://127.0.0.1:9", "http://localhost:9000"):
        s3 = client("s3", endpoint, **path)
        for _ in range(25):
            key = text().lstrip("/") or "a"
            call(s3.get_object, Bucket="bucket", Key=key, VersionId=text(), ResponseContentType=text())
            call(s3.put_object, Bucket="bucket", Key=key, Body=text().encode() * 50, ContentType="text/plain; charset=utf-8",
                 Metadata={"a-b": " two   words ", "c": "x,y"})
            call(s3.list_objects_v2, Bucket="bucket", Prefix=text(), Delimiter="/", StartAfter=text())
            call(s3.copy_object, Bucket="bucket", Key=key, CopySource={"Bucket": "bucket", "Key": text()})
            call(s3.delete_objects, Bucket="bucket", Delete={"Objects": [{"Key": key}]})
        call(s3.put_object, Bucket="bucket", Key="streamed", Body=io.BytesIO(b"x" * 3_000_000))
        call(s3.upload_part, Bucket="bucket", Key="part", UploadId=text(), PartNumber=3, Body=io.BytesIO(b"y" * 100_000))
        for algorithm in ("CRC32", "SHA1", "SHA256"):
            call(s3.put_object, Bucket="bucket", Key="sum", Body=io.BytesIO(b"z" * 70_000), ChecksumAlgorithm=algorithm)
    hosted = client("s3", "https://localhost:9443", s3={"addressing_style": "virtual"})
    call(hosted.get_object, Bucket="bucket", Key="../a//b")


def presigned():
    s3 = client("s3", s3={"addressing_style": "path"}, signature_version="s3v4")
    for _ in range(25):
        key = text().lstrip("/") or "a"
        for name, parameters in (("get_object", {"ResponseContentDisposition": text()}), ("put_object", {"ContentType": "a/b"}),
                                 ("upload_part", {"UploadId": text(), "PartNumber": 1})):
            url = s3.generate_presigned_url(name, Params={"Bucket": "bucket", "Key": key, **parameters}, ExpiresIn=900)
            headers = [("content-type", "a/b")] if name == "put_object" else []
            emit("presigned s3", "GET" if name == "get_object" else "PUT", url, headers, b"")
    sts = client("sts")
    emit("presigned sts", "GET", sts.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET"), [], b"")


def other_calls():
    dynamodb, sqs, awslambda, iam, ec2 = (client(name) for name in ("dynamodb", "sqs", "lambda", "iam", "ec2"))
    cloudwatch, bedrock, gateway, logs = (client(name) for name in ("cloudwatch", "bedrock-runtime", "apigateway", "logs"))
    for _ in range(10):
        call(dynamodb.put_item, TableName="t", Item={"a": {"S": text()}})
        call(sqs.send_message, QueueUrl="https://127.0.0.1:9/123456789012/q", MessageBody=text())
        call(awslambda.invoke, FunctionName="arn:aws:lambda:eu-central-1:123456789012:function:f:live", Payload=text().encode())
        call(awslambda.list_tags, Resource="arn:aws:lambda:eu-central-1:123456789012:function:" + text())
        call(iam.create_policy, PolicyName="p", PolicyDocument=text())
        call(ec2.describe_instances, Filters=[{"Name": "tag:" + text(), "Values": [text(), text()]}])
        call(cloudwatch.get_metric_data, MetricDataQueries=[], StartTime=0, EndTime=1)
        call(bedrock.converse, modelId="arn:aws:bedrock:eu-central-1::foundation-model/a.b-v1:0/" + text(), messages=[])
        call(gateway.get_resource, restApiId=text().replace("/", "x").replace("..", "x"), resourceId="r", embed=[text(), text()])
        call(logs.filter_log_events, logGroupName="/aws/a", filterPattern=text())


def by_hand():
    """What no model produces: a key given twice, and more than one value of a header."""
    credentials = Credentials(KEY, SECRET, TOKEN)
    for query in ("a=2&a=1&a", "b&a=%20&A=1", "a=%2B&a=%252B", "=x", "a%3D=b"):
        request = AWSRequest(method="GET", url="https://127.0.0.1:9/x/y%20z/?" + query, headers={"X-Amz-Meta": "a  b"})
        botocore.auth.SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
        emit("by hand", "GET", request.url, request.headers.items(), b"")


s3_calls()
presigned()
other_calls()
by_hand()
