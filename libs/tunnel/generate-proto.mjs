// Writes tunnel-proto.ts from proto/sallyport/v1/tunnel.proto, so that what is built needs no file beside its code.
// Run it after each change of the .proto; tunnel-proto.test.ts fails when it was forgotten.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const source = fileURLToPath(new URL('../../proto/sallyport/v1/tunnel.proto', import.meta.url));
const json = protobuf.loadSync(source).toJSON();
const text = `// Generated from proto/sallyport/v1/tunnel.proto by generate-proto.mjs. Do not edit.
/** The file in protobufjs's JSON form. */
export const tunnelProto: string =
  '${JSON.stringify(json)}';
`;
writeFileSync(fileURLToPath(new URL('./tunnel-proto.ts', import.meta.url)), text);
