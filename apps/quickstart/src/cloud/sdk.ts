/** The AWS SDK, loaded once and when it is needed: it takes half a second. Its advice on Node's version is not part of the play. */
const quiet = (): void => {
  Object.assign(process.env, { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' });
};

export const s3Sdk = () => {
  quiet();
  return import('@aws-sdk/client-s3');
};

export const dynamodbSdk = () => {
  quiet();
  return import('@aws-sdk/client-dynamodb');
};

export const stsSdk = () => {
  quiet();
  return import('@aws-sdk/client-sts');
};
