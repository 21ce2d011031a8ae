// A program on the SDK for Go 2 that uses AWS as its documentation shows it; one line of JSON for each step, with how often
// it was tried where it failed. With the argument "held" it puts one object into a bucket that waits for a reviewer.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

var ctx = context.Background()

// Of the step that runs.
var tries int

func step(name string, body func() (any, error)) {
	tries = 0
	value, err := func() (value any, err error) {
		defer func() {
			if said := recover(); said != nil {
				err, _ = said.(error)
				if err == nil {
					err = fmt.Errorf("%v", said)
				}
			}
		}()
		return body()
	}()
	line := map[string]any{"step": name}
	if err != nil {
		var api smithy.APIError
		if errors.As(err, &api) {
			line["error"] = api.ErrorCode()
			if os.Getenv("VERBOSE") != "" {
				line["message"] = api.ErrorMessage()
			}
		} else {
			line["error"] = "none of the service"
			if os.Getenv("VERBOSE") != "" {
				line["message"] = err.Error()
			}
		}
		line["tries"] = tries
	} else {
		line["value"] = value
	}
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func sum(data []byte) string { h := sha256.Sum256(data); return hex.EncodeToString(h[:6]) }

// A reader that cannot seek, so that the SDK sends its checksum after it.
type stream struct{ io.Reader }

func main() {
	cfg := must(config.LoadDefaultConfig(ctx, config.WithAPIOptions([]func(*middleware.Stack) error{func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("count", func(c context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			tries++
			return next.HandleDeserialize(c, in)
		}), middleware.Before)
	}})))
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true; o.DisableLogOutputChecksumValidationSkipped = true })
	if len(os.Args) > 1 && os.Args[1] == "held" {
		step("held", func() (any, error) {
			data := bytes.NewReader(make([]byte, 3_000_000))
			_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("held"), Key: aws.String("go"), Body: data})
			return tries, err
		})
		return
	}
	b := aws.String("gosdk")
	get := func(key string) (string, error) {
		out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: &key})
		if err != nil {
			return "", err
		}
		data, err := io.ReadAll(out.Body)
		return string(data), err
	}
	step("s3 create", func() (any, error) {
		_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: b, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}})
		return nil, err
	})
	step("s3 create waiter", func() (any, error) {
		return nil, s3.NewBucketExistsWaiter(client).Wait(ctx, &s3.HeadBucketInput{Bucket: b}, 10*time.Second)
	})
	for _, key := range []string{"plain", "a b", "a+b", "a%20b", "ü ñ 日本", "a//b", "/lead", "x/../y", "./z", "dir/", "q'uo\"te", "a&b=c?d#e", "semi;colon", "tilde~x", "star*(x)!", "e\u0301", "pipe|^`{}[]<>\\", "tab\tx", "@:,$="} {
		step("s3 key "+key, func() (any, error) {
			if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: &key, Body: strings.NewReader("of " + key)}); err != nil {
				return nil, err
			}
			text, err := get(key)
			if err != nil {
				return nil, err
			}
			head, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: b, Key: &key})
			if err != nil {
				return nil, err
			}
			return []any{text, *head.ContentLength}, nil
		})
	}
	step("s3 list", func() (any, error) {
		var keys []string
		pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: b, MaxKeys: aws.Int32(4)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return keys, err
			}
			for _, o := range page.Contents {
				keys = append(keys, *o.Key)
			}
		}
		return keys, nil
	})
	step("s3 list v1 url", func() (any, error) {
		out, err := client.ListObjects(ctx, &s3.ListObjectsInput{Bucket: b, EncodingType: "url", Delimiter: aws.String("/"), Prefix: aws.String("a")})
		if err != nil {
			return nil, err
		}
		var keys []string
		for _, o := range out.Contents {
			keys = append(keys, *o.Key)
		}
		for _, o := range out.CommonPrefixes {
			keys = append(keys, *o.Prefix)
		}
		return keys, nil
	})
	for _, algorithm := range append(s3types.ChecksumAlgorithm("").Values(), "") {
		for _, how := range []string{"seek", "stream"} {
			for _, size := range []int{5, 300000, 3000000} {
				step(fmt.Sprintf("s3 checksum %s %s %d", algorithm, how, size), func() (any, error) {
					key := "sum"
					data := bytes.Repeat([]byte("0123456789"), size/10+1)[:size]
					input := &s3.PutObjectInput{Bucket: b, Key: &key, ChecksumAlgorithm: algorithm, Body: bytes.NewReader(data)}
					if how == "stream" {
						input.Body = stream{bytes.NewReader(data)}
						input.ContentLength = aws.Int64(int64(size))
					}
					put, err := client.PutObject(ctx, input)
					if err != nil {
						return nil, err
					}
					out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: &key, ChecksumMode: "ENABLED"})
					if err != nil {
						return nil, err
					}
					back, err := io.ReadAll(out.Body)
					if err != nil {
						return nil, err
					}
					var all []string
					for _, c := range []*string{put.ChecksumCRC32, put.ChecksumCRC32C, put.ChecksumCRC64NVME, put.ChecksumSHA1, put.ChecksumSHA256} {
						all = append(all, aws.ToString(c))
					}
					return []any{sum(back), *put.ETag, strings.Join(all, " ")}, nil
				})
			}
		}
	}
	step("s3 empty", func() (any, error) {
		key := "empty"
		if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: &key}); err != nil {
			return nil, err
		}
		return get(key)
	})
	step("s3 metadata", func() (any, error) {
		key := "meta"
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: &key, Body: strings.NewReader("m"), Metadata: map[string]string{"one": "a  b", "two": " x "}, ContentType: aws.String("text/plain; charset=utf-8"), CacheControl: aws.String("max-age=3"), ContentDisposition: aws.String(`attachment; filename="x y"`), ContentLanguage: aws.String("de"), StorageClass: "STANDARD_IA", Tagging: aws.String("a=b&c=d%20e"), Expires: aws.Time(time.Unix(2000000000, 0))})
		if err != nil {
			return nil, err
		}
		head, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: b, Key: &key})
		if err != nil {
			return nil, err
		}
		tags, err := client.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: b, Key: &key})
		if err != nil {
			return nil, err
		}
		return []any{head.Metadata, *head.ContentType, *head.CacheControl, *head.ContentDisposition, *head.ContentLanguage, head.StorageClass, len(tags.TagSet), aws.ToString(head.ExpiresString)}, nil
	})
	for _, r := range []string{"bytes=0-9", "bytes=10-", "bytes=-5", "bytes=3-3", "bytes=9999999-"} {
		step("s3 range "+r, func() (any, error) {
			key := "sum"
			out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: &key, Range: &r})
			if err != nil {
				return nil, err
			}
			data, err := io.ReadAll(out.Body)
			return []any{sum(data), len(data), aws.ToString(out.ContentRange)}, err
		})
	}
	step("s3 if-none-match *", func() (any, error) {
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: aws.String("meta"), IfNoneMatch: aws.String("*"), Body: strings.NewReader("n")})
		return nil, err
	})
	step("s3 get if-none-match", func() (any, error) {
		head := must(client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: b, Key: aws.String("meta")}))
		_, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: aws.String("meta"), IfNoneMatch: head.ETag})
		return nil, err
	})
	step("s3 get if-match wrong", func() (any, error) {
		_, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: aws.String("meta"), IfMatch: aws.String(`"abc"`)})
		return nil, err
	})
	step("s3 get if-modified-since", func() (any, error) {
		_, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: aws.String("meta"), IfModifiedSince: aws.Time(time.Now().Add(time.Second))})
		return nil, err
	})
	step("s3 missing", func() (any, error) { return get("missing") })
	step("s3 head missing", func() (any, error) {
		_, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: b, Key: aws.String("missing")})
		return nil, err
	})
	step("s3 no bucket", func() (any, error) {
		_, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("no-such-bucket-x")})
		return nil, err
	})
	for _, source := range []string{"gosdk/plain", "gosdk/a%20b", "gosdk/a%2Bb", "/gosdk/plain", "gosdk/%C3%BC%20%C3%B1%20%E6%97%A5%E6%9C%AC", "gosdk/a%2520b"} {
		step("s3 copy "+source, func() (any, error) {
			if _, err := client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: b, Key: aws.String("copied"), CopySource: &source}); err != nil {
				return nil, err
			}
			return get("copied")
		})
	}
	big := make([]byte, 26_000_000)
	for i := range big {
		big[i] = byte('a' + i%23)
	}
	step("s3 manager", func() (any, error) {
		if _, err := manager.NewUploader(client).Upload(ctx, &s3.PutObjectInput{Bucket: b, Key: aws.String("big"), Body: bytes.NewReader(big)}); err != nil {
			return nil, err
		}
		back := manager.NewWriteAtBuffer(nil)
		_, err := manager.NewDownloader(client).Download(ctx, back, &s3.GetObjectInput{Bucket: b, Key: aws.String("big")})
		return []any{bytes.Equal(back.Bytes(), big)}, err
	})
	step("s3 manager stream", func() (any, error) {
		if _, err := manager.NewUploader(client, func(u *manager.Uploader) { u.PartSize = 6 << 20 }).Upload(ctx, &s3.PutObjectInput{Bucket: b, Key: aws.String("big2"), Body: stream{bytes.NewReader(big)}, ChecksumAlgorithm: "SHA256"}); err != nil {
			return nil, err
		}
		out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: aws.String("big2")})
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(out.Body)
		return []any{bytes.Equal(data, big), *out.ETag}, err
	})
	step("s3 transfer manager", func() (any, error) {
		tm := transfermanager.New(client)
		if _, err := tm.UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: b, Key: aws.String("big3"), Body: bytes.NewReader(big)}); err != nil {
			return nil, err
		}
		out, err := tm.GetObject(ctx, &transfermanager.GetObjectInput{Bucket: b, Key: aws.String("big3")})
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(out.Body)
		return []any{bytes.Equal(data, big)}, err
	})
	step("s3 put big single", func() (any, error) {
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: aws.String("big4"), Body: bytes.NewReader(big)})
		return nil, err
	})
	step("s3 copy part", func() (any, error) {
		up, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: aws.String("parts")})
		if err != nil {
			return nil, err
		}
		part, err := client.UploadPartCopy(ctx, &s3.UploadPartCopyInput{Bucket: b, Key: aws.String("parts"), UploadId: up.UploadId, PartNumber: aws.Int32(1), CopySource: aws.String("gosdk/big"), CopySourceRange: aws.String("bytes=0-5999999")})
		if err != nil {
			return nil, err
		}
		part2, err := client.UploadPart(ctx, &s3.UploadPartInput{Bucket: b, Key: aws.String("parts"), UploadId: up.UploadId, PartNumber: aws.Int32(2), Body: strings.NewReader("end")})
		if err != nil {
			return nil, err
		}
		parts, err := client.ListParts(ctx, &s3.ListPartsInput{Bucket: b, Key: aws.String("parts"), UploadId: up.UploadId})
		if err != nil {
			return nil, err
		}
		_, err = client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: b, Key: aws.String("parts"), UploadId: up.UploadId, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: []s3types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.CopyPartResult.ETag}, {PartNumber: aws.Int32(2), ETag: part2.ETag}}}})
		return len(parts.Parts), err
	})
	step("s3 abort", func() (any, error) {
		up, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: aws.String("aborted")})
		if err != nil {
			return nil, err
		}
		list, err := client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: b})
		if err != nil {
			return nil, err
		}
		_, err = client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: b, Key: aws.String("aborted"), UploadId: up.UploadId})
		return len(list.Uploads), err
	})
	step("s3 attributes", func() (any, error) {
		out, err := client.GetObjectAttributes(ctx, &s3.GetObjectAttributesInput{Bucket: b, Key: aws.String("plain"), ObjectAttributes: s3types.ObjectAttributes("").Values()})
		if err != nil {
			return nil, err
		}
		return []any{*out.ObjectSize, *out.ETag}, nil
	})
	presign := s3.NewPresignClient(client)
	fetch := func(method, url string, headers http.Header, body io.Reader) (any, error) {
		request := must(http.NewRequest(method, url, body))
		for name, values := range headers {
			if name != "Host" {
				request.Header[name] = values
			}
		}
		if value := headers.Get("Content-Length"); value != "" {
			fmt.Sscan(value, &request.ContentLength)
		}
		answer, err := httpClient(cfg).Do(request)
		if err != nil {
			return nil, err
		}
		defer answer.Body.Close()
		data, err := io.ReadAll(answer.Body)
		if answer.StatusCode >= 300 && os.Getenv("VERBOSE") == "" {
			data = nil
		}
		return []any{answer.StatusCode, string(data)}, err
	}
	step("s3 presigned get", func() (any, error) {
		request := must(presign.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: aws.String("a+b"), ResponseContentType: aws.String("text/x y"), Range: aws.String("bytes=0-3")}))
		return fetch(request.Method, request.URL, request.SignedHeader, nil)
	})
	step("s3 presigned put", func() (any, error) {
		request := must(presign.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: aws.String("pre signed/ü"), Body: strings.NewReader("presigned")}))
		answer, err := fetch(request.Method, request.URL, request.SignedHeader, strings.NewReader("presigned"))
		if err != nil {
			return nil, err
		}
		text, err := get("pre signed/ü")
		return []any{answer, text}, err
	})
	step("s3 presigned put plain", func() (any, error) {
		request := must(presign.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: aws.String("pre2")}))
		answer, err := fetch(request.Method, request.URL, http.Header{"Content-Type": {"text/x"}}, strings.NewReader("presigned 2"))
		if err != nil {
			return nil, err
		}
		text, err := get("pre2")
		return []any{answer, text}, err
	})
	step("s3 presigned delete", func() (any, error) {
		request := must(presign.PresignDeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: aws.String("pre2")}))
		return fetch(request.Method, request.URL, request.SignedHeader, nil)
	})
	step("s3 presigned part", func() (any, error) {
		up := must(client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: aws.String("prepart")}))
		request := must(presign.PresignUploadPart(ctx, &s3.UploadPartInput{Bucket: b, Key: aws.String("prepart"), UploadId: up.UploadId, PartNumber: aws.Int32(1)}))
		return fetch(request.Method, request.URL, nil, strings.NewReader("part"))
	})
	step("s3 presigned expired", func() (any, error) {
		request := must(presign.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: aws.String("plain")}, s3.WithPresignExpires(time.Second)))
		if os.Getenv("SIDE") == "direct" {
			return []any{403, ""}, nil // an emulator does not look
		}
		time.Sleep(2100 * time.Millisecond)
		return fetch(request.Method, request.URL, request.SignedHeader, nil)
	})
	step("s3 versions", func() (any, error) {
		if _, err := client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: b, VersioningConfiguration: &s3types.VersioningConfiguration{Status: "Enabled"}}); err != nil {
			return nil, err
		}
		one := must(client.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: aws.String("v"), Body: strings.NewReader("1")}))
		must(client.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: aws.String("v"), Body: strings.NewReader("2")}))
		old := must(client.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: aws.String("v"), VersionId: one.VersionId}))
		data := must(io.ReadAll(old.Body))
		gone := must(client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: aws.String("v")}))
		list := must(client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: b, Prefix: aws.String("v")}))
		return []any{string(data), *gone.DeleteMarker, len(list.Versions), len(list.DeleteMarkers)}, nil
	})
	step("s3 bucket settings", func() (any, error) {
		must(client.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: b, Tagging: &s3types.Tagging{TagSet: []s3types.Tag{{Key: aws.String("k"), Value: aws.String("v & <w>")}}}}))
		tags := must(client.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: b}))
		must(client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: b, Policy: aws.String(`{"Version":"2012-10-17","Statement":[]}`)}))
		policy := must(client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: b}))
		must(client.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{Bucket: b, LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{Rules: []s3types.LifecycleRule{{ID: aws.String("x"), Status: "Enabled", Filter: &s3types.LifecycleRuleFilter{Prefix: aws.String("p")}, Expiration: &s3types.LifecycleExpiration{Days: aws.Int32(3)}}}}}))
		life := must(client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: b}))
		must(client.PutBucketCors(ctx, &s3.PutBucketCorsInput{Bucket: b, CORSConfiguration: &s3types.CORSConfiguration{CORSRules: []s3types.CORSRule{{AllowedMethods: []string{"GET"}, AllowedOrigins: []string{"*"}}}}}))
		must(client.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: b, ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{Rules: []s3types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: "AES256"}}}}}))
		loc := must(client.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: b}))
		buckets := must(client.ListBuckets(ctx, &s3.ListBucketsInput{}))
		return []any{*tags.TagSet[0].Value, *policy.Policy, len(life.Rules), loc.LocationConstraint, len(buckets.Buckets) > 0}, nil
	})
	step("s3 masked", func() (any, error) {
		secret := "AKIA" + "CANARYCANARYCANA"
		must(client.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: aws.String("secret.json"), Body: strings.NewReader(`{"id":1,"key":"` + secret + `","rest":"stays"}`)}))
		text, err := get("secret.json")
		if err != nil {
			return nil, err
		}
		var value map[string]any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			return text, err
		}
		delete(value, "key")
		return []any{value, len(text), strings.Contains(text, secret) == (os.Getenv("SIDE") == "direct")}, nil
	})
	step("s3 delete objects", func() (any, error) {
		var all []s3types.ObjectIdentifier
		pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: b})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, o := range page.Contents {
				all = append(all, s3types.ObjectIdentifier{Key: o.Key})
			}
		}
		out, err := client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: b, Delete: &s3types.Delete{Objects: all}})
		if err != nil {
			return nil, err
		}
		return []any{len(all), len(out.Deleted), len(out.Errors)}, nil
	})
	step("s3 delete bucket not empty", func() (any, error) {
		_, err := client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: b})
		return nil, err
	})
	step("denied s3 put", func() (any, error) {
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("forbidden"), Key: aws.String("x"), Body: strings.NewReader("x")})
		return nil, err
	})
	step("denied s3 put stream", func() (any, error) {
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("forbidden"), Key: aws.String("x"), Body: bytes.NewReader(big)})
		return nil, err
	})
	step("denied s3 head", func() (any, error) {
		_, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("forbidden"), Key: aws.String("x")})
		return nil, err
	})
	step("denied sts", func() (any, error) {
		_, err := sts.NewFromConfig(cfg).GetSessionToken(ctx, &sts.GetSessionTokenInput{})
		return nil, err
	})
	step("sts", func() (any, error) {
		out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return nil, err
		}
		return *out.Account, nil
	})

	ddb := dynamodb.NewFromConfig(cfg)
	t := aws.String("go-table")
	step("dynamodb create", func() (any, error) {
		_, err := ddb.CreateTable(ctx, &dynamodb.CreateTableInput{TableName: t, BillingMode: "PAY_PER_REQUEST", AttributeDefinitions: []dtypes.AttributeDefinition{{AttributeName: aws.String("p"), AttributeType: "S"}, {AttributeName: aws.String("s"), AttributeType: "N"}}, KeySchema: []dtypes.KeySchemaElement{{AttributeName: aws.String("p"), KeyType: "HASH"}, {AttributeName: aws.String("s"), KeyType: "RANGE"}}})
		if err != nil {
			return nil, err
		}
		return nil, dynamodb.NewTableExistsWaiter(ddb).Wait(ctx, &dynamodb.DescribeTableInput{TableName: t}, 10*time.Second)
	})
	str := func(s string) dtypes.AttributeValue { return &dtypes.AttributeValueMemberS{Value: s} }
	num := func(s string) dtypes.AttributeValue { return &dtypes.AttributeValueMemberN{Value: s} }
	step("dynamodb item", func() (any, error) {
		item := map[string]dtypes.AttributeValue{"p": str("a"), "s": num("1"), "b": &dtypes.AttributeValueMemberB{Value: []byte{0, 1, 255}}, "l": &dtypes.AttributeValueMemberL{Value: []dtypes.AttributeValue{str("x"), num("1.50")}}, "ss": &dtypes.AttributeValueMemberSS{Value: []string{"q", "r"}}, "null": &dtypes.AttributeValueMemberNULL{Value: true}, "bool": &dtypes.AttributeValueMemberBOOL{Value: true}, "secret": str("see AKIA" + "CANARYCANARYCANA here"), "uni": str("ü\u2028<>&")}
		if _, err := ddb.PutItem(ctx, &dynamodb.PutItemInput{TableName: t, Item: item}); err != nil {
			return nil, err
		}
		out, err := ddb.GetItem(ctx, &dynamodb.GetItemInput{TableName: t, Key: map[string]dtypes.AttributeValue{"p": str("a"), "s": num("1")}, ConsistentRead: aws.Bool(true)})
		if err != nil {
			return nil, err
		}
		hidden := !strings.Contains(out.Item["secret"].(*dtypes.AttributeValueMemberS).Value, "CANARY")
		delete(out.Item, "secret")
		return []any{out.Item, hidden == (os.Getenv("SIDE") != "direct")}, nil
	})
	step("dynamodb batch", func() (any, error) {
		var writes []dtypes.WriteRequest
		for i := 2; i < 22; i++ {
			writes = append(writes, dtypes.WriteRequest{PutRequest: &dtypes.PutRequest{Item: map[string]dtypes.AttributeValue{"p": str("a"), "s": num(fmt.Sprint(i)), "text": str(strings.Repeat("t", 3000))}}})
		}
		out, err := ddb.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]dtypes.WriteRequest{*t: writes}})
		if err != nil {
			return nil, err
		}
		got, err := ddb.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]dtypes.KeysAndAttributes{*t: {Keys: []map[string]dtypes.AttributeValue{{"p": str("a"), "s": num("2")}, {"p": str("a"), "s": num("3")}}}}})
		if err != nil {
			return nil, err
		}
		return []any{len(out.UnprocessedItems), len(got.Responses[*t])}, nil
	})
	step("dynamodb query", func() (any, error) {
		var numbers []string
		pages := dynamodb.NewQueryPaginator(ddb, &dynamodb.QueryInput{TableName: t, KeyConditionExpression: aws.String("p = :p and s > :s"), ExpressionAttributeValues: map[string]dtypes.AttributeValue{":p": str("a"), ":s": num("5")}, Limit: aws.Int32(5)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, item := range page.Items {
				numbers = append(numbers, item["s"].(*dtypes.AttributeValueMemberN).Value)
			}
		}
		return numbers, nil
	})
	step("dynamodb transact", func() (any, error) {
		_, err := ddb.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []dtypes.TransactWriteItem{
			{Put: &dtypes.Put{TableName: t, Item: map[string]dtypes.AttributeValue{"p": str("t"), "s": num("1")}}},
			{Update: &dtypes.Update{TableName: t, Key: map[string]dtypes.AttributeValue{"p": str("a"), "s": num("1")}, UpdateExpression: aws.String("SET n = :n"), ExpressionAttributeValues: map[string]dtypes.AttributeValue{":n": num("7")}}}}})
		if err != nil {
			return nil, err
		}
		out, err := ddb.TransactGetItems(ctx, &dynamodb.TransactGetItemsInput{TransactItems: []dtypes.TransactGetItem{{Get: &dtypes.Get{TableName: t, Key: map[string]dtypes.AttributeValue{"p": str("t"), "s": num("1")}}}}})
		if err != nil {
			return nil, err
		}
		return len(out.Responses), nil
	})
	step("dynamodb transact cancelled", func() (any, error) {
		_, err := ddb.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []dtypes.TransactWriteItem{{Put: &dtypes.Put{TableName: t, Item: map[string]dtypes.AttributeValue{"p": str("t"), "s": num("1")}, ConditionExpression: aws.String("attribute_not_exists(p)")}}}})
		var cancelled *dtypes.TransactionCanceledException
		if errors.As(err, &cancelled) {
			return []any{*cancelled.CancellationReasons[0].Code, tries}, nil
		}
		return nil, err
	})
	step("dynamodb condition", func() (any, error) {
		_, err := ddb.PutItem(ctx, &dynamodb.PutItemInput{TableName: t, Item: map[string]dtypes.AttributeValue{"p": str("t"), "s": num("1")}, ConditionExpression: aws.String("attribute_not_exists(p)")})
		return nil, err
	})
	step("dynamodb scan+partiql", func() (any, error) {
		out, err := ddb.Scan(ctx, &dynamodb.ScanInput{TableName: t, Select: "COUNT"})
		if err != nil {
			return nil, err
		}
		rows, err := ddb.ExecuteStatement(ctx, &dynamodb.ExecuteStatementInput{Statement: aws.String(`SELECT * FROM "go-table" WHERE p = 't'`)})
		if err != nil {
			return nil, err
		}
		return []any{out.Count, len(rows.Items)}, nil
	})
	step("dynamodb no table", func() (any, error) {
		_, err := ddb.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String("none")})
		return nil, err
	})

	q := sqs.NewFromConfig(cfg)
	step("sqs", func() (any, error) {
		made, err := q.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("goq")})
		if err != nil {
			return nil, err
		}
		must(q.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: made.QueueUrl, MessageBody: aws.String("one ü AKIA" + "CANARYCANARYCANA")}))
		got, err := q.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: made.QueueUrl, WaitTimeSeconds: 1, MaxNumberOfMessages: 10})
		if err != nil {
			return nil, err
		}
		_, err = q.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: made.QueueUrl, ReceiptHandle: got.Messages[0].ReceiptHandle})
		return []any{len(got.Messages), strings.Contains(*got.Messages[0].Body, "CANARY") == (os.Getenv("SIDE") == "direct")}, err
	})
	step("sqs batch", func() (any, error) {
		url := must(q.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("goq")})).QueueUrl
		_, err := q.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 3})
		return strings.HasSuffix(*url, "/goq"), err
	})
	step("sqs no queue", func() (any, error) {
		_, err := q.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("none")})
		return nil, err
	})
	step("sns", func() (any, error) {
		n := sns.NewFromConfig(cfg)
		topic, err := n.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("got")})
		if err != nil {
			return nil, err
		}
		out, err := n.Publish(ctx, &sns.PublishInput{TopicArn: topic.TopicArn, Message: aws.String("m & <x> ü")})
		if err != nil {
			return nil, err
		}
		return []any{*topic.TopicArn, out.MessageId != nil}, nil
	})
	step("iam", func() (any, error) {
		i := iam.NewFromConfig(cfg)
		if _, err := i.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("go-role"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[]}`)}); err != nil {
			return nil, err
		}
		role, err := i.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("go-role")})
		if err != nil {
			return nil, err
		}
		list, err := i.ListRoles(ctx, &iam.ListRolesInput{})
		if err != nil {
			return nil, err
		}
		return []any{*role.Role.Arn, *role.Role.AssumeRolePolicyDocument, len(list.Roles) > 0}, nil
	})
	step("iam missing", func() (any, error) {
		_, err := iam.NewFromConfig(cfg).GetUser(ctx, &iam.GetUserInput{UserName: aws.String("none")})
		return nil, err
	})
	step("iam denied", func() (any, error) {
		_, err := iam.NewFromConfig(cfg).CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("none")})
		return nil, err
	})
	step("lambda", func() (any, error) {
		l := lambda.NewFromConfig(cfg)
		list, err := l.ListFunctions(ctx, &lambda.ListFunctionsInput{})
		if err != nil {
			return nil, err
		}
		_, err = l.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("none"), Payload: []byte(`{"a":1}`)})
		return len(list.Functions), err
	})
	step("logs", func() (any, error) {
		l := cloudwatchlogs.NewFromConfig(cfg)
		if _, err := l.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("gog")}); err != nil {
			return nil, err
		}
		must(l.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("gog"), LogStreamName: aws.String("s")}))
		must(l.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("gog"), LogStreamName: aws.String("s"), LogEvents: []logtypes.InputLogEvent{{Message: aws.String("hello"), Timestamp: aws.Int64(time.Now().UnixMilli())}}}))
		out, err := l.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("gog"), LogStreamName: aws.String("s")})
		if err != nil {
			return nil, err
		}
		return *out.Events[0].Message, nil
	})
	step("ec2", func() (any, error) {
		e := ec2.NewFromConfig(cfg)
		images, err := e.DescribeImages(ctx, &ec2.DescribeImagesInput{Owners: []string{"amazon"}})
		if err != nil {
			return nil, err
		}
		run, err := e.RunInstances(ctx, &ec2.RunInstancesInput{ImageId: images.Images[0].ImageId, MinCount: aws.Int32(6), MaxCount: aws.Int32(6), InstanceType: "t3.micro", UserData: aws.String("IyEvYmluL3NoCg==")})
		if err != nil {
			return nil, err
		}
		var ids []string
		for _, i := range run.Instances {
			ids = append(ids, *i.InstanceId)
		}
		if err := ec2.NewInstanceRunningWaiter(e).Wait(ctx, &ec2.DescribeInstancesInput{InstanceIds: ids}, 30*time.Second); err != nil {
			return nil, err
		}
		count := 0
		pages := ec2.NewDescribeInstancesPaginator(e, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(5), Filters: []ec2types.Filter{{Name: aws.String("instance-state-name"), Values: []string{"running"}}}})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, r := range page.Reservations {
				count += len(r.Instances)
			}
		}
		return []any{len(images.Images), count}, nil
	})
	step("ec2 dry run", func() (any, error) {
		_, err := ec2.NewFromConfig(cfg).CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16"), DryRun: aws.Bool(true)})
		return nil, err
	})
	step("ec2 missing", func() (any, error) {
		_, err := ec2.NewFromConfig(cfg).DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{"i-0123456789abcdef0"}})
		return nil, err
	})
	step("ec2 many", func() (any, error) {
		e := ec2.NewFromConfig(cfg)
		done := make(chan error, 200)
		for i := 0; i < 200; i++ {
			go func() { _, err := e.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{}); done <- err }()
		}
		for i := 0; i < 200; i++ {
			if err := <-done; err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	step("secrets", func() (any, error) {
		m := secretsmanager.NewFromConfig(cfg)
		if _, err := m.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("gos"), SecretString: aws.String("very")}); err != nil {
			return nil, err
		}
		got, err := m.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("gos")})
		if err != nil {
			return nil, err
		}
		return (*got.SecretString == "very") == (os.Getenv("SIDE") == "direct"), nil
	})
	step("ssm", func() (any, error) {
		m := ssm.NewFromConfig(cfg)
		if _, err := m.PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("/go/p"), Value: aws.String("v"), Type: "String"}); err != nil {
			return nil, err
		}
		var names []string
		pages := ssm.NewGetParametersByPathPaginator(m, &ssm.GetParametersByPathInput{Path: aws.String("/go"), Recursive: aws.Bool(true)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, p := range page.Parameters {
				names = append(names, *p.Name, *p.Value)
			}
		}
		return names, nil
	})
	step("kms", func() (any, error) {
		k := kms.NewFromConfig(cfg)
		key, err := k.CreateKey(ctx, &kms.CreateKeyInput{})
		if err != nil {
			return nil, err
		}
		_, err = k.Encrypt(ctx, &kms.EncryptInput{KeyId: key.KeyMetadata.KeyId, Plaintext: []byte("x")})
		return nil, err
	})
	step("cloudformation", func() (any, error) {
		c := cloudformation.NewFromConfig(cfg)
		if _, err := c.CreateStack(ctx, &cloudformation.CreateStackInput{StackName: aws.String("gost"), TemplateBody: aws.String(`{"Resources":{"T":{"Type":"AWS::SNS::Topic"}}}`)}); err != nil {
			return nil, err
		}
		return nil, cloudformation.NewStackCreateCompleteWaiter(c).Wait(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("gost")}, 20*time.Second)
	})
}

func httpClient(cfg aws.Config) interface {
	Do(*http.Request) (*http.Response, error)
} {
	return cfg.HTTPClient.(interface {
		Do(*http.Request) (*http.Response, error)
	})
}
