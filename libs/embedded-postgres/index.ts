export { type EmbeddedPostgresCode, EmbeddedPostgresError } from './errors.js';
export { freePort, portIsFree } from './port.js';
export { type PostgresOptions, type PostgresServer, startPostgres } from './server.js';
