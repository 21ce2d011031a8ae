"""A program that uses many services of AWS by boto3, as somebody would write it who has never heard of a gateway."""
import base64
import gzip
import json
import os
import sys
import time

import boto3
from botocore.exceptions import ClientError

canary = os.environ["CANARY"]
done = {}


def step(name):
    """Runs what it decorates at once; its answer, or the error's code, is the step's."""

    def decorate(body):
        try:
            done[name] = body()
        except ClientError as error:
            done[name] = error.response["Error"]["Code"]
        except Exception as error:  # what a test prints is worth more than a traceback of the first one
            done[name] = f"{type(error).__name__}: {error}"

    return decorate


def hidden(text):
    return canary not in (text if isinstance(text, str) else json.dumps(text, default=str))


@step("sts")
def _():
    return boto3.client("sts").get_caller_identity()["Account"]


@step("sts.assume_role")
def _():
    role = "arn:aws:iam::123456789012:role/x"
    return list(boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="session"))


@step("sts.get_session_token")
def _():
    return list(boto3.client("sts").get_session_token())


s3 = boto3.client("s3")


@step("s3 keys")
def _():
    s3.create_bucket(Bucket="boto", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="boto", Key="a/../b c+d", Body=b"dots stay")
    return [each["Key"] for each in s3.list_objects_v2(Bucket="boto")["Contents"]]


@step("s3 secret")
def _():
    s3.put_object(Bucket="boto", Key="secret.txt", Body=f"before {canary} after".encode())
    text = s3.get_object(Bucket="boto", Key="secret.txt")["Body"].read().decode()
    return hidden(text) and text.startswith("before ") and text.endswith(" after")


@step("s3 ranges")
def _():
    parts = [
        s3.get_object(Bucket="boto", Key="secret.txt", Range=f"bytes={at}-{at + 9}")["Body"].read().decode()
        for at in range(0, 33, 10)
    ]
    return hidden("".join(parts)) and [len(part) for part in parts]


@step("s3 gzip")
def _():
    s3.put_object(Bucket="boto", Key="z.gz", Body=gzip.compress(f"x {canary} y".encode()), ContentEncoding="gzip")
    packed = s3.get_object(Bucket="boto", Key="z.gz")
    raw = packed["Body"].read()
    text = (gzip.decompress(raw) if packed.get("ContentEncoding") == "gzip" else raw).decode()
    return hidden(text) and text.startswith("x ") and text.endswith(" y")


@step("s3 versions")
def _():
    s3.put_bucket_versioning(Bucket="boto", VersioningConfiguration={"Status": "Enabled"})
    one = s3.put_object(Bucket="boto", Key="v", Body=b"1")["VersionId"]
    s3.put_object(Bucket="boto", Key="v", Body=b"2")
    return s3.get_object(Bucket="boto", Key="v", VersionId=one)["Body"].read().decode()


@step("s3 links")
def _():
    """As boto3 presigns them by default here, which is by signature version 2."""
    import ssl
    from urllib.request import Request, urlopen

    trust = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
    where = {"Bucket": "boto", "Key": "link to+ü//x"}
    put = s3.generate_presigned_url("put_object", Params={**where, "ContentType": "text/x"})
    urlopen(Request(put, method="PUT", data=b"by link", headers={"Content-Type": "text/x"}), context=trust).close()
    with urlopen(s3.generate_presigned_url("get_object", Params=where), context=trust) as answer:
        return answer.read().decode()


@step("s3 bucket policy")
def _():
    s3.put_bucket_policy(Bucket="boto", Policy='{"Version":"2012-10-17","Statement":[]}')
    return s3.get_bucket_policy(Bucket="boto")["Policy"]


@step("s3 checksums")
def _():
    body = os.urandom(300_000)
    sums = ["CRC32", "SHA1", "SHA256"]
    told = [s3.put_object(Bucket="boto", Key="sum", Body=body, ChecksumAlgorithm=one) for one in sums]
    return [f"Checksum{one}" in answer for one, answer in zip(sums, told)]


@step("s3 batch delete")
def _():
    return len(s3.delete_objects(Bucket="boto", Delete={"Objects": [{"Key": "v"}, {"Key": "z.gz"}]})["Deleted"])


@step("s3 multipart")
def _():
    from boto3.s3.transfer import TransferConfig
    from io import BytesIO

    body = os.urandom(1024) * 12_000
    config = TransferConfig(multipart_threshold=5_000_000, multipart_chunksize=5_000_000)
    s3.upload_fileobj(BytesIO(body), "boto", "big", Config=config)
    back = BytesIO()
    s3.download_fileobj("boto", "big", back, Config=config)
    return back.getvalue() == body


@step("dynamodb")
def _():
    table = boto3.resource("dynamodb").create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table.put_item(Item={"id": "1", "note": f"key {canary}", "n": 3, "plain": "stays"})
    item = table.get_item(Key={"id": "1"})["Item"]
    return hidden(item) and [item["plain"], int(item["n"])]


iam = boto3.client("iam")


@step("iam")
def _():
    iam.create_user(UserName="ci")
    return iam.get_user(UserName="ci")["User"]["UserName"]


@step("iam.create_access_key")
def _():
    return list(iam.create_access_key(UserName="ci"))


@step("secretsmanager")
def _():
    secrets = boto3.client("secretsmanager")
    secrets.create_secret(Name="db", SecretString=json.dumps({"password": canary}))
    return hidden(secrets.get_secret_value(SecretId="db")["SecretString"])


@step("ssm")
def _():
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="p", Value=canary, Type="SecureString")
    return hidden(ssm.get_parameter(Name="p", WithDecryption=True)["Parameter"]["Value"])


@step("kms")
def _():
    kms = boto3.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"opaque words that no detector knows")["CiphertextBlob"]
    return b"opaque words" not in kms.decrypt(CiphertextBlob=blob)["Plaintext"]


@step("sqs")
def _():
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody=f"token {canary}")
    return hidden(sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"])


@step("sns")
def _():
    sns = boto3.client("sns")
    return len(sns.publish(TopicArn=sns.create_topic(Name="t")["TopicArn"], Message="m")["MessageId"]) > 0


@step("ec2 user data")
def _():
    ec2 = boto3.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    data = f"#!/bin/sh\nexport X={canary}"
    instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, UserData=data)["Instances"][0]["InstanceId"]
    value = ec2.describe_instance_attribute(InstanceId=instance, Attribute="userData")["UserData"].get("Value", "")
    return base64.b64encode(data.encode()).decode()[:40] not in value and hidden(value)


@step("logs")
def _():
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    event = {"timestamp": int(time.time() * 1000), "message": f"k {canary}"}
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[event])
    return hidden(logs.get_log_events(logGroupName="g", logStreamName="s")["events"][0]["message"])


@step("cloudwatch")
def _():
    watch = boto3.client("cloudwatch")
    watch.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 1.0}])
    return len(watch.list_metrics(Namespace="n")["Metrics"])


@step("ecr")
def _():
    return boto3.client("ecr").create_repository(repositoryName="repo")["repository"]["repositoryName"]


@step("ecr.get_authorization_token")
def _():
    return list(boto3.client("ecr").get_authorization_token())


@step("ecs")
def _():
    return boto3.client("ecs").create_cluster(clusterName="c")["cluster"]["clusterName"]


@step("rds")
def _():
    return len(boto3.client("rds").describe_db_instances()["DBInstances"])


@step("lambda")
def _():
    return len(boto3.client("lambda").list_functions()["Functions"])


@step("cloudformation")
def _():
    stack = boto3.client("cloudformation")
    stack.create_stack(StackName="st", TemplateBody=json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}))
    return stack.describe_stacks(StackName="st")["Stacks"][0]["StackName"]


json.dump(done, sys.stdout)
