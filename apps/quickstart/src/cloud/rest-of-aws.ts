import { createServer, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';

export const account = '123456789000'; // the one that s3rver has

const isXml = 'text/xml';
const escaped = (value: string): string =>
  value.replace(/[^\w .,:-]/g, (character) => `&#${character.codePointAt(0)};`);

const identity = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::${account}:user/sallyport-agent</Arn><UserId>AIDASAMPLEOFQUICKSTART</UserId><Account>${account}</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>quickstart</RequestId></ResponseMetadata></GetCallerIdentityResponse>`;

const message = 'the sample cloud of the quickstart has S3, DynamoDB and sts:GetCallerIdentity, and nothing else';

const errorFor = ({ headers }: IncomingMessage): { readonly type: string; readonly body: string } =>
  /json/.test(headers['content-type'] ?? '')
    ? { type: 'application/x-amz-json-1.1', body: JSON.stringify({ __type: 'NotImplemented', message }) }
    : {
        type: isXml,
        body: `<ErrorResponse><Error><Type>Sender</Type><Code>NotImplemented</Code><Message>${escaped(message)}</Message></Error></ErrorResponse>`,
      };

/** Says whose the credential is, which clients ask first; every other call is told that there is no such service here. */
export const restOfAws = (): Server =>
  createServer((request, response) => {
    // Only the agent asks, and it bounds what it sends.
    void text(request)
      .then((body) => {
        if (new URLSearchParams(body).get('Action') === 'GetCallerIdentity')
          return response.writeHead(200, { 'content-type': isXml }).end(identity);
        const { type, body: error } = errorFor(request);
        return response.writeHead(400, { 'content-type': type }).end(error);
      })
      .catch(() => response.destroy());
  });
