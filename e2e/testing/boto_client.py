"""A program that uses many services of AWS by boto3, as somebody would write it who has never heard of a gateway."""
import gzip
import json
import os
import sys

import boto3
from botocore.exceptions import ClientError

canary = os.environ["CANARY"]
done = []


def step(name, value=None):
    done.append(name if value is None else f"{name}: {value}")


def refused(name, call):
    try:
        call()
        step(name, "ALLOWED")
    except ClientError as error:
        step(name, error.response["Error"]["Code"])


sts = boto3.client("sts")
step("sts", sts.get_caller_identity()["Account"])
refused("sts.assume_role", lambda: sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/x", RoleSessionName="x"))
refused("sts.get_session_token", sts.get_session_token)

s3 = boto3.client("s3")
s3.create_bucket(Bucket="boto", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
s3.put_object(Bucket="boto", Key="a/../b c+d", Body=b"dots stay")
step("s3 keys", [each["Key"] for each in s3.list_objects_v2(Bucket="boto")["Contents"]])
s3.put_object(Bucket="boto", Key="secret.txt", Body=f"before {canary} after".encode())
text = s3.get_object(Bucket="boto", Key="secret.txt")["Body"].read().decode()
step("s3 secret hidden", canary not in text and text.startswith("before ") and text.endswith(" after"))
half = "".join(
    s3.get_object(Bucket="boto", Key="secret.txt", Range=f"bytes={at}-{at + 9}")["Body"].read().decode()
    for at in range(0, 40, 10)
)
step("s3 ranges hide it too", canary not in half)
s3.put_object(Bucket="boto", Key="z.gz", Body=gzip.compress(f"x {canary} y".encode()), ContentEncoding="gzip")
packed = s3.get_object(Bucket="boto", Key="z.gz")
raw = packed["Body"].read()
step("s3 gzip", canary.encode() not in (gzip.decompress(raw) if packed.get("ContentEncoding") == "gzip" else raw))
s3.put_bucket_versioning(Bucket="boto", VersioningConfiguration={"Status": "Enabled"})
one = s3.put_object(Bucket="boto", Key="v", Body=b"1")["VersionId"]
s3.put_object(Bucket="boto", Key="v", Body=b"2")
step("s3 versions", s3.get_object(Bucket="boto", Key="v", VersionId=one)["Body"].read().decode())
step("s3 batch delete", len(s3.delete_objects(Bucket="boto", Delete={"Objects": [{"Key": "v"}, {"Key": "z.gz"}]})["Deleted"]))

dynamo = boto3.resource("dynamodb")
table = dynamo.create_table(
    TableName="orders",
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    BillingMode="PAY_PER_REQUEST",
)
table.put_item(Item={"id": "1", "note": f"key {canary}", "n": 3})
step("dynamodb", canary not in json.dumps(table.get_item(Key={"id": "1"})["Item"], default=str))

iam = boto3.client("iam")
iam.create_user(UserName="ci")
refused("iam.create_access_key", lambda: iam.create_access_key(UserName="ci"))
step("iam", iam.get_user(UserName="ci")["User"]["UserName"])

secrets = boto3.client("secretsmanager")
secrets.create_secret(Name="db", SecretString=json.dumps({"password": canary}))
value = secrets.get_secret_value(SecretId="db")["SecretString"]
step("secretsmanager", canary not in value)

ssm = boto3.client("ssm")
ssm.put_parameter(Name="p", Value=canary, Type="SecureString")
step("ssm", canary not in ssm.get_parameter(Name="p", WithDecryption=True)["Parameter"]["Value"])

kms = boto3.client("kms")
key = kms.create_key()["KeyMetadata"]["KeyId"]
blob = kms.encrypt(KeyId=key, Plaintext=canary.encode())["CiphertextBlob"]
step("kms", canary.encode() not in kms.decrypt(CiphertextBlob=blob)["Plaintext"])

sqs = boto3.client("sqs")
queue = sqs.create_queue(QueueName="q")["QueueUrl"]
sqs.send_message(QueueUrl=queue, MessageBody=f"token {canary}")
step("sqs", canary not in sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"])

sns = boto3.client("sns")
topic = sns.create_topic(Name="t")["TopicArn"]
step("sns", len(sns.publish(TopicArn=topic, Message="m")["MessageId"]) > 0)

ec2 = boto3.client("ec2")
image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, UserData=f"#!/bin/sh\nexport X={canary}")["Instances"][0]["InstanceId"]
data = ec2.describe_instance_attribute(InstanceId=instance, Attribute="userData")["UserData"].get("Value", "")
import base64
step("ec2 user data", canary not in data and canary.encode() not in base64.b64decode(data + "==", validate=False))

logs = boto3.client("logs")
logs.create_log_group(logGroupName="g")
logs.create_log_stream(logGroupName="g", logStreamName="s")
import time
logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[{"timestamp": int(time.time() * 1000), "message": f"k {canary}"}])
step("logs", canary not in logs.get_log_events(logGroupName="g", logStreamName="s")["events"][0]["message"])

watch = boto3.client("cloudwatch")
watch.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 1.0}])
step("cloudwatch", len(watch.list_metrics(Namespace="n")["Metrics"]))

step("ecr", boto3.client("ecr").create_repository(repositoryName="r")["repository"]["repositoryName"])
refused("ecr.get_authorization_token", boto3.client("ecr").get_authorization_token)
step("ecs", boto3.client("ecs").create_cluster(clusterName="c")["cluster"]["clusterName"])
step("rds", len(boto3.client("rds").describe_db_instances()["DBInstances"]))
step("lambda", len(boto3.client("lambda").list_functions()["Functions"]))
stack = boto3.client("cloudformation")
stack.create_stack(StackName="st", TemplateBody=json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}))
step("cloudformation", stack.describe_stacks(StackName="st")["Stacks"][0]["StackName"])

json.dump(done, sys.stdout)
