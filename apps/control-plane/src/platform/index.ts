export * from './authorization/index.js';
export { ClientKeys } from './client-keys.js';
export { type Address, Configuration, isLoopback, parseConfiguration } from './config.js';
export * from './database/index.js';
export * from './http/index.js';
export { Log } from './logging/log.js';
export { MasterKey } from './master-key.js';
export { Metrics } from './metrics.js';
export { Clock, Ids, Random } from './providers.js';
