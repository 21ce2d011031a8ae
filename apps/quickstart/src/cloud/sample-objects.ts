/** What the sample cloud holds at each start. The play checks that the keys do not come out of the gate. */
export const region = 'eu-central-1';

export const buckets = { config: 'shop-config', old: 'shop-exports-2019' } as const;
export const object = 'shop.env';
export const keyId = 'AKIAIOSFODNN7EXAMPLE';
export const secretKey = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
export const objectText = `SHOP_REGION=${region}
AWS_ACCESS_KEY_ID=${keyId}
AWS_SECRET_ACCESS_KEY=${secretKey}
`;

export const table = 'orders';
export const orders = [
  { id: '1', item: 'lamp', note: 'for the hall' },
  { id: '2', item: 'chair', note: `gave us his key ${keyId} by mistake` },
  { id: '3', item: 'desk', note: 'by rail' },
] as const;
