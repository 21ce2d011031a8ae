export { DatabaseModule } from './database.module.js';
export { FreshSnapshot, type SnapshotOptions } from './fresh-snapshot.js';
export { type NotificationHandler, Notifications } from './notifications.js';
export { type Prepared, preparedRowOf, rowOf, rowsOf, type Sql } from './rows.js';
export { DatabaseServer, KeysPool, RecorderPool } from './tokens.js';
