export * from './catalogue/index.js';
export * from './cbor.js';
export * from './describe/index.js';
export * from './event-stream.js';
export * from './sigv4/index.js';
export * from './types.js';
export * from './xml.js';
