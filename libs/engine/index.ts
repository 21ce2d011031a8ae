export * from './channel.js';
export * from './engine.js';
export * from './exchange.js';
export * from './model-traffic.js';
export * from './protocol.js';
