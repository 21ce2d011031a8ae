import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.*;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.lambda.LambdaClient;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.model.*;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.sns.SnsClient;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.transfer.s3.S3TransferManager;

/** A program on the SDK for Java 2 as its documentation shows it; one line for each step, with how often it was tried. */
public class AwsClients {
  static final AtomicInteger tries = new AtomicInteger();
  static final String secret = "AKIA" + "CANARYCANARYCANA";
  static final boolean direct = "direct".equals(System.getenv("SIDE"));

  static final class Counter implements ExecutionInterceptor {
    @Override
    public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
      tries.incrementAndGet();
    }
  }

  static <B extends AwsClientBuilder<B, C>, C> C client(B builder) {
    return builder.overrideConfiguration(o -> o.addExecutionInterceptor(new Counter())).build();
  }

  static void step(String name, Callable<Object> body) {
    tries.set(0);
    String said;
    try {
      said = String.valueOf(body.call());
    } catch (AwsServiceException error) {
      said = "error " + error.statusCode() + " " + error.awsErrorDetails().errorCode() + " tries " + tries.get()
          + (System.getenv("VERBOSE") == null ? "" : " " + error.awsErrorDetails().errorMessage());
    } catch (Exception error) {
      Throwable cause = error.getCause() instanceof AwsServiceException ? error.getCause() : error;
      said = "other " + cause.getClass().getSimpleName() + " tries " + tries.get()
          + (System.getenv("VERBOSE") == null ? "" : " " + cause.getMessage());
    }
    System.out.println(name + ": " + said);
  }

  static byte[] bytes(int size) {
    byte[] all = new byte[size];
    for (int i = 0; i < size; i++) all[i] = (byte) ('a' + i % 23);
    return all;
  }

  public static void main(String[] args) throws Exception {
    S3Client s3 = client(S3Client.builder().forcePathStyle(true));
    String b = "java-sdk";
    step("create", () -> s3.createBucket(r -> r.bucket(b).createBucketConfiguration(c -> c.locationConstraint("eu-west-1"))).location());
    step("waiter", () -> s3.waiter().waitUntilBucketExists(r -> r.bucket(b)).matched().response().isPresent());
    for (String key : List.of("plain", "a b", "a+b", "a%20b", "ü ñ 日本", "a//b", "/lead", "x/../y", "./z", "dir/", "q'uo\"te", "a&b=c?d#e", "semi;colon", "tilde~x", "star*(x)!", "pipe|^`{}[]<>\\", "tab\tx"))
      step("key " + key, () -> {
        s3.putObject(r -> r.bucket(b).key(key), RequestBody.fromString("of " + key));
        return s3.getObjectAsBytes(r -> r.bucket(b).key(key)).asUtf8String() + s3.headObject(r -> r.bucket(b).key(key)).contentLength();
      });
    step("list", () -> s3.listObjectsV2Paginator(r -> r.bucket(b).maxKeys(4)).contents().stream().map(S3Object::key).toList());
    for (ChecksumAlgorithm algorithm : List.of(ChecksumAlgorithm.CRC32, ChecksumAlgorithm.CRC32_C, ChecksumAlgorithm.CRC64_NVME, ChecksumAlgorithm.SHA1, ChecksumAlgorithm.SHA256))
      for (int size : List.of(5, 300_000, 3_000_000)) {
        byte[] data = bytes(size);
        step("checksum " + algorithm + " " + size, () -> {
          PutObjectResponse put = s3.putObject(r -> r.bucket(b).key("sum").checksumAlgorithm(algorithm), RequestBody.fromBytes(data));
          boolean same = Arrays.equals(s3.getObjectAsBytes(r -> r.bucket(b).key("sum").checksumMode("ENABLED")).asByteArray(), data);
          return same + " " + put.eTag() + " " + put.checksumCRC32() + put.checksumCRC32C() + put.checksumCRC64NVME() + put.checksumSHA1() + put.checksumSHA256();
        });
        step("checksum stream " + algorithm + " " + size, () -> {
          s3.putObject(r -> r.bucket(b).key("sum").checksumAlgorithm(algorithm), RequestBody.fromInputStream(new ByteArrayInputStream(data), size));
          return Arrays.equals(s3.getObjectAsBytes(r -> r.bucket(b).key("sum")).asByteArray(), data);
        });
      }
    S3Client signed = client(S3Client.builder().forcePathStyle(true).serviceConfiguration(S3Configuration.builder().chunkedEncodingEnabled(true).build()));
    step("chunked", () -> signed.putObject(r -> r.bucket(b).key("chunked"), RequestBody.fromBytes(bytes(500_000))).eTag());
    S3Client unchunked = client(S3Client.builder().forcePathStyle(true).serviceConfiguration(S3Configuration.builder().chunkedEncodingEnabled(false).build()));
    step("not chunked", () -> unchunked.putObject(r -> r.bucket(b).key("chunked"), RequestBody.fromBytes(bytes(500_000))).eTag());
    step("gzip encoding", () -> {
      s3.putObject(r -> r.bucket(b).key("enc").contentEncoding("gzip"), RequestBody.fromBytes(new byte[] {31, -117, 8, 0, 0, 0, 0, 0, 0, 3, 75, 4, 0, 67, -66, -73, -24, 1, 0, 0, 0}));
      return s3.headObject(r -> r.bucket(b).key("enc")).contentEncoding();
    });
    step("metadata", () -> {
      s3.putObject(r -> r.bucket(b).key("meta").metadata(Map.of("one", "a  b", "two", "x")).contentType("text/plain; charset=utf-8").cacheControl("max-age=3").contentDisposition("attachment; filename=\"x y\"").tagging("a=b&c=d%20e"), RequestBody.fromString("m"));
      HeadObjectResponse head = s3.headObject(r -> r.bucket(b).key("meta"));
      return head.metadata().get("one") + head.metadata().get("two") + head.contentType() + head.cacheControl() + head.contentDisposition() + s3.getObjectTagging(r -> r.bucket(b).key("meta")).tagSet().size();
    });
    for (String range : List.of("bytes=0-9", "bytes=10-", "bytes=-5", "bytes=9999999-"))
      step("range " + range, () -> s3.getObjectAsBytes(r -> r.bucket(b).key("sum").range(range)).asByteArray().length);
    step("if-none-match *", () -> s3.putObject(r -> r.bucket(b).key("meta").ifNoneMatch("*"), RequestBody.fromString("n")).eTag());
    step("get if-none-match", () -> s3.getObjectAsBytes(r -> r.bucket(b).key("meta").ifNoneMatch("\"6f8f57715090da2632453988d9a1501b\"")).asUtf8String());
    step("get if-match", () -> s3.getObjectAsBytes(r -> r.bucket(b).key("meta").ifMatch("\"x\"")).asUtf8String());
    step("missing", () -> s3.getObjectAsBytes(r -> r.bucket(b).key("missing")));
    step("head missing", () -> s3.headObject(r -> r.bucket(b).key("missing")));
    for (String key : List.of("plain", "a b", "a+b", "ü ñ 日本"))
      step("copy " + key, () -> {
        s3.copyObject(r -> r.sourceBucket(b).sourceKey(key).destinationBucket(b).destinationKey("copy of " + key));
        return s3.getObjectAsBytes(r -> r.bucket(b).key("copy of " + key)).asUtf8String();
      });
    byte[] big = bytes(26_000_000);
    step("multipart", () -> {
      String id = s3.createMultipartUpload(r -> r.bucket(b).key("big").checksumAlgorithm(ChecksumAlgorithm.CRC32)).uploadId();
      List<CompletedPart> parts = new ArrayList<>();
      for (int n = 1; n <= 3; n++) {
        int at = n;
        UploadPartResponse part = s3.uploadPart(r -> r.bucket(b).key("big").uploadId(id).partNumber(at).checksumAlgorithm(ChecksumAlgorithm.CRC32), RequestBody.fromBytes(Arrays.copyOfRange(big, (at - 1) * 9_000_000, Math.min(big.length, at * 9_000_000))));
        parts.add(CompletedPart.builder().partNumber(n).eTag(part.eTag()).checksumCRC32(part.checksumCRC32()).build());
      }
      s3.completeMultipartUpload(r -> r.bucket(b).key("big").uploadId(id).multipartUpload(m -> m.parts(parts)));
      return Arrays.equals(s3.getObjectAsBytes(r -> r.bucket(b).key("big")).asByteArray(), big) + " " + parts.get(0).checksumCRC32();
    });
    step("abandoned stream", () -> {
      ResponseInputStream<GetObjectResponse> in = s3.getObject(r -> r.bucket(b).key("big"));
      int first = in.read();
      in.abort();
      return first;
    });
    S3Presigner presigner = S3Presigner.builder().endpointOverride(URI.create(System.getenv("AWS_ENDPOINT_URL"))).serviceConfiguration(S3Configuration.builder().pathStyleAccessEnabled(true).build()).build();
    HttpClient http = HttpClient.newHttpClient();
    step("presigned get", () -> {
      URI uri = presigner.presignGetObject(p -> p.signatureDuration(Duration.ofMinutes(5)).getObjectRequest(r -> r.bucket(b).key("a+b").responseContentType("text/x y"))).url().toURI();
      HttpResponse<String> answer = http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
      return answer.statusCode() + answer.body();
    });
    step("presigned put", () -> {
      URI uri = presigner.presignPutObject(p -> p.signatureDuration(Duration.ofMinutes(5)).putObjectRequest(r -> r.bucket(b).key("pre signed/ü"))).url().toURI();
      int status = http.send(HttpRequest.newBuilder(uri).PUT(HttpRequest.BodyPublishers.ofString("presigned")).build(), HttpResponse.BodyHandlers.ofString()).statusCode();
      return status + s3.getObjectAsBytes(r -> r.bucket(b).key("pre signed/ü")).asUtf8String();
    });
    step("versions", () -> {
      s3.putBucketVersioning(r -> r.bucket(b).versioningConfiguration(v -> v.status("Enabled")));
      String one = s3.putObject(r -> r.bucket(b).key("v"), RequestBody.fromString("1")).versionId();
      s3.putObject(r -> r.bucket(b).key("v"), RequestBody.fromString("2"));
      s3.deleteObject(r -> r.bucket(b).key("v"));
      return s3.getObjectAsBytes(r -> r.bucket(b).key("v").versionId(one)).asUtf8String() + s3.listObjectVersions(r -> r.bucket(b).prefix("v")).versions().size();
    });
    step("attributes", () -> s3.getObjectAttributes(r -> r.bucket(b).key("plain").objectAttributes(ObjectAttributes.E_TAG, ObjectAttributes.OBJECT_SIZE)).objectSize());
    step("policy", () -> {
      s3.putBucketPolicy(r -> r.bucket(b).policy("{\"Version\":\"2012-10-17\",\"Statement\":[]}"));
      return s3.getBucketPolicy(r -> r.bucket(b)).policy();
    });
    step("masked", () -> {
      s3.putObject(r -> r.bucket(b).key("secret.json"), RequestBody.fromString("{\"key\":\"" + secret + "\",\"rest\":\"stays\"}"));
      String text = s3.getObjectAsBytes(r -> r.bucket(b).key("secret.json")).asUtf8String();
      return text.length() + " " + text.endsWith("\",\"rest\":\"stays\"}") + (text.contains(secret) == direct);
    });
    step("delete objects", () -> {
      List<ObjectIdentifier> all = s3.listObjectsV2(r -> r.bucket(b)).contents().stream().map(o -> ObjectIdentifier.builder().key(o.key()).build()).toList();
      DeleteObjectsResponse gone = s3.deleteObjects(r -> r.bucket(b).delete(d -> d.objects(all)));
      return all.size() + " " + gone.deleted().size() + " " + gone.errors();
    });
    S3AsyncClient async = client(S3AsyncClient.builder().forcePathStyle(true).multipartEnabled(true));
    step("transfer manager", () -> {
      Path file = Files.createTempFile("java-sdk", "x");
      Files.write(file, big);
      S3TransferManager manager = S3TransferManager.builder().s3Client(async).build();
      manager.uploadFile(u -> u.putObjectRequest(r -> r.bucket(b).key("tm")).source(file)).completionFuture().join();
      manager.downloadFile(d -> d.getObjectRequest(r -> r.bucket(b).key("tm")).destination(file)).completionFuture().join();
      boolean same = Arrays.equals(Files.readAllBytes(file), big);
      Files.delete(file);
      return same;
    });
    step("denied put", () -> s3.putObject(r -> r.bucket("forbidden").key("x"), RequestBody.fromString("x")).eTag());
    step("denied put large", () -> s3.putObject(r -> r.bucket("forbidden").key("x"), RequestBody.fromBytes(big)).eTag());
    step("denied sts", () -> client(StsClient.builder()).getSessionToken().credentials() != null);
    step("sts", () -> client(StsClient.builder()).getCallerIdentity().account());

    DynamoDbClient dynamo = client(DynamoDbClient.builder());
    step("dynamodb", () -> {
      dynamo.createTable(r -> r.tableName("java").billingMode(BillingMode.PAY_PER_REQUEST).attributeDefinitions(a -> a.attributeName("p").attributeType("S")).keySchema(k -> k.attributeName("p").keyType("HASH")));
      dynamo.waiter().waitUntilTableExists(r -> r.tableName("java"));
      dynamo.putItem(r -> r.tableName("java").item(Map.of("p", AttributeValue.fromS("a"), "n", AttributeValue.fromN("1.50"), "secret", AttributeValue.fromS("see " + secret))));
      Map<String, AttributeValue> item = dynamo.getItem(r -> r.tableName("java").key(Map.of("p", AttributeValue.fromS("a")))).item();
      return item.get("n").n() + (item.get("secret").s().contains(secret) == direct);
    });
    step("dynamodb batch", () -> {
      List<WriteRequest> writes = new ArrayList<>();
      for (int i = 0; i < 25; i++) {
        String id = "i" + i;
        writes.add(WriteRequest.builder().putRequest(p -> p.item(Map.of("p", AttributeValue.fromS(id)))).build());
      }
      return dynamo.batchWriteItem(r -> r.requestItems(Map.of("java", writes))).unprocessedItems().size();
    });
    step("dynamodb scan", () -> dynamo.scanPaginator(r -> r.tableName("java").limit(7)).items().stream().count());
    step("dynamodb transact", () -> dynamo.transactWriteItems(r -> r.transactItems(TransactWriteItem.builder().put(p -> p.tableName("java").item(Map.of("p", AttributeValue.fromS("t")))).build())).sdkHttpResponse().statusCode());
    step("dynamodb condition", () -> dynamo.putItem(r -> r.tableName("java").item(Map.of("p", AttributeValue.fromS("t"))).conditionExpression("attribute_not_exists(p)")));
    step("dynamodb missing", () -> dynamo.describeTable(r -> r.tableName("none")));
    SqsClient sqs = client(SqsClient.builder());
    step("sqs", () -> {
      String url = sqs.createQueue(r -> r.queueName("javaq")).queueUrl();
      sqs.sendMessage(r -> r.queueUrl(url).messageBody("one ü " + secret));
      String body = sqs.receiveMessage(r -> r.queueUrl(url)).messages().get(0).body();
      return body.startsWith("one ü ") + " " + (body.contains(secret) == direct);
    });
    step("sns", () -> {
      SnsClient sns = client(SnsClient.builder());
      String topic = sns.createTopic(r -> r.name("javat")).topicArn();
      return topic + (sns.publish(r -> r.topicArn(topic).message("m & <x> ü")).messageId() != null);
    });
    step("iam", () -> client(IamClient.builder()).listRoles().roles().isEmpty());
    step("iam missing", () -> client(IamClient.builder()).getUser(r -> r.userName("none")));
    step("iam denied", () -> client(IamClient.builder()).createAccessKey(r -> r.userName("none")));
    step("lambda", () -> client(LambdaClient.builder()).invoke(r -> r.functionName("none").payload(software.amazon.awssdk.core.SdkBytes.fromUtf8String("{}"))).statusCode());
    step("ec2", () -> {
      Ec2Client ec2 = client(Ec2Client.builder());
      String image = ec2.describeImages(r -> r.owners("amazon")).images().get(0).imageId();
      List<String> ids = ec2.runInstances(r -> r.imageId(image).minCount(6).maxCount(6)).instances().stream().map(i -> i.instanceId()).toList();
      ec2.waiter().waitUntilInstanceRunning(r -> r.instanceIds(ids));
      return ec2.describeInstancesPaginator(r -> r.maxResults(5)).reservations().stream().mapToInt(r -> r.instances().size()).sum() >= 6;
    });
    step("ec2 missing", () -> client(Ec2Client.builder()).describeInstances(r -> r.instanceIds("i-0123456789abcdef0")));
    step("secrets", () -> {
      SecretsManagerClient secrets = client(SecretsManagerClient.builder());
      secrets.createSecret(r -> r.name("javas").secretString("very"));
      return "very".equals(secrets.getSecretValue(r -> r.secretId("javas")).secretString()) == direct;
    });
    System.exit(0);
  }
}
