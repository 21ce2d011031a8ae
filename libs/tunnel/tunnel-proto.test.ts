import { fileURLToPath } from 'node:url';
import { FrameKind } from '@sallyport/engine';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { tunnelProto } from './tunnel-proto.js';

test('tunnel-proto.ts is generated from the present tunnel.proto', () => {
  const source = fileURLToPath(new URL('../../proto/sallyport/v1/tunnel.proto', import.meta.url));

  expect(JSON.parse(tunnelProto), 'run: node libs/tunnel/generate-proto.mjs').toEqual(
    protobuf.loadSync(source).toJSON(),
  );
});

test('the kinds of frame in the .proto are those of the engine', () => {
  const kinds = protobuf.Root.fromJSON(JSON.parse(tunnelProto) as protobuf.INamespace).lookupEnum(
    'sallyport.v1.FrameKind',
  );

  expect(kinds.values).toEqual({ FRAME_KIND_UNSPECIFIED: 0, ...FrameKind });
});
