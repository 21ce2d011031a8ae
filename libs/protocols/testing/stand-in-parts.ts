import type { Parts } from '../aws/target/parts.js';

export const standIns: Parts = {
  needsBody: ({ method }, { signingName }) => ({ read: signingName === 's3' && method === 'PUT' ? 'stream' : 'whole' }),
  identify: ({ method, headers }, { signingName }) => {
    const target = headers.find(([name]) => name === 'x-amz-target')?.[1];
    const operation = target?.split('.')[1] ?? ({ PUT: 'PutObject', GET: 'GetObject', HEAD: 'HeadObject' } as Record<string, string>)[method] ?? '?';
    return {
      identified: true,
      service: signingName,
      operation,
      protocol: signingName === 's3' ? 'rest-xml' : 'json',
      input: {},
      candidates: [],
    };
  },
  endpointOf: (service, region) => ({ host: `${service}.${region}.amazonaws.com`, global: service === 'iam' }),
  sign: ({ query, headers }, { accessKeyId, secretAccessKey, sessionToken }, { payload }) => ({
    query,
    headers: [
      ...headers,
      ['x-amz-content-sha256', payload],
      ['x-amz-security-token', sessionToken ?? ''],
      ['authorization', `${accessKeyId} ${secretAccessKey.length}`],
    ],
  }),
  maskingOf: ({ headers }) => ({
    headers,
    response: async (head, body) => ({ head, body, result: { maskedFields: 0, maskedBy: [] } }),
  }),
};
